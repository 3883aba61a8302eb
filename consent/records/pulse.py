"""Whether the writer still writes: its thread can die of what nobody foresaw, or hang.

What a database does to a batch passes: its locks and time-outs are bounded, and readers are served
from memory meanwhile. A thread that has died, or that hangs in code of ours, does not come back.
Then the process ends, to be started again: what was answered is on disk, the rest is repeated.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

_LOG = logging.getLogger(__name__)
LATE_S = 3.0  # of a batch: choices are not stored, and `/readyz` says so
LOST_S = 7.0  # of a batch that hangs in code of ours
OURS = "consent."
OTHERS = ("sqlalchemy.", "psycopg.", "psycopg_", "consent.turns")  # in which others are waited for
FAILED = 70  # the exit code: EX_SOFTWARE of sysexits.h


def late(thread: threading.Thread, began: float | None) -> bool:
    """Whether the thread, whose batch under way began then (monotonic seconds), stores nothing."""
    return not thread.is_alive() or _lasts(began, LATE_S)


def lost(thread: threading.Thread, began: float | None) -> bool:
    """Whether it will never store anything again."""
    return not thread.is_alive() or (_lasts(began, LOST_S) and _in_ours(thread))


def watch(lost: Callable[[], bool]) -> Callable[[datetime], None]:
    """A chore that ends this process where the writer is lost."""

    def look(_at: datetime) -> None:
        if lost():
            _LOG.critical("Choices cannot be stored any more: this process ends.")
            logging.shutdown()
            os._exit(FAILED)  # whoever waits for that thread would wait for ever

    return look


def _lasts(began: float | None, seconds: float) -> bool:
    return began is not None and time.monotonic() - began >= seconds


def _in_ours(thread: threading.Thread) -> bool:
    """Whether it waits in our code, and neither for the database nor for another process."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith((OURS, *OTHERS)):
            return not name.startswith(OTHERS)
        frame = frame.f_back
    return False
