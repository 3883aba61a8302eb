"""The twin of a careful keeper: the stream hears of a batch before it is committed, and then the
keeper stands still, once, until the test kills the server: by then who sent it has been answered.

Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, os.getcwd())

from consent.ingest import keeper
from consent.ingest.stream import Message

DIED = Path(os.environ["HOME"]) / "died"


def keep(self: keeper.Keeper, messages: Sequence[Message]) -> None:
    if messages and not DIED.exists():
        self._stream.done(messages)
        DIED.touch()
        threading.Event().wait()
    carefully(self, messages)


carefully = keeper.Keeper._keep
keeper.Keeper._keep = keep  # type: ignore[method-assign]
