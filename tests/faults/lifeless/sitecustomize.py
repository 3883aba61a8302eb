"""A server whose writer dies or hangs in the middle of a batch, or that leaves when a batch is
stored and not yet answered, once the test says so.

`lifeless` in its folder says which; with UNWATCHED nobody looks after the writer.
Python imports a module of this name before anything else; the test names this folder.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, os.getcwd())

from consent.records import pulse, writer

MARK = Path(os.environ["HOME"]) / "lifeless"


def store(self: writer.Writer, connection: Any, batch: list[Any]) -> None:
    if how() == "dies":
        raise SystemExit
    if how() == "hangs":
        threading.Event().wait()
    at_once(self, connection, batch)


def outcome(self: writer.Writer, job: Any) -> Any:
    if how() == "leaves":
        os._exit(0)
    return in_time(self, job)


def how() -> str:
    return MARK.read_text("utf-8") if MARK.exists() else ""


at_once, in_time = writer.Writer._store, writer.Writer.outcome
writer.Writer.outcome = outcome  # type: ignore[method-assign]
writer.Writer._store = store  # type: ignore[method-assign]
pulse.LATE_S, pulse.LOST_S = 0.5, 5.0  # no test waits as long as an operator may
if "UNWATCHED" in os.environ:
    pulse.lost = pulse.late = lambda *_: False
