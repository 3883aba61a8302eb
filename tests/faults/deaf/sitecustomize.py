"""A server that dies once, when it has committed a batch and before the stream hears of it.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, os.getcwd())

from consent.ingest import stream

DIED = Path(os.environ["HOME"]) / "died"


def done(self: stream.Stream, messages: list[stream.Message]) -> None:
    if messages and not DIED.exists():
        DIED.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    at_once(self, messages)


at_once = stream.Stream.done
stream.Stream.done = done  # type: ignore[method-assign,assignment]
