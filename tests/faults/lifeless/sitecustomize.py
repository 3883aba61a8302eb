"""A server whose writer dies or hangs in the middle of a batch once the test says so.

`lifeless` in its folder says which of them; with UNWATCHED nobody looks after the writer.
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

HERE = Path(os.environ["HOME"])


def store(self: writer.Writer, connection: Any, batch: list[Any]) -> None:
    how = HERE / "lifeless"
    if how.exists():
        if how.read_text("utf-8") == "dies":
            raise SystemExit
        threading.Event().wait()
    at_once(self, connection, batch)


at_once = writer.Writer._store
writer.Writer._store = store  # type: ignore[method-assign]
pulse.LATE_S, pulse.LOST_S = 0.5, 3.0  # no test waits as long as an operator may
if "UNWATCHED" in os.environ:
    pulse.lost = pulse.late = lambda *_: False
