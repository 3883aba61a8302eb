"""What a server does again and again beside answering: the log, scans, pictures, messages."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

_LOG = logging.getLogger(__name__)
Context = Callable[[], AbstractContextManager[object]]
Clock = Callable[[], datetime]
Work = Callable[[datetime], object]


def start(name: str, stop: threading.Event, run: Callable[..., None], *args: Any) -> None:
    """A thread beside those that answer; the end of the process waits for what it is at."""
    thread = threading.Thread(target=run, args=args, name=name, daemon=True)
    thread.start()
    atexit.register(_end, stop, thread)


def _end(stop: threading.Event, work: threading.Thread) -> None:
    stop.set()
    work.join(10)


def repeat(
    context: Context, clock: Clock, stop: threading.Event, every: float, *works: Work
) -> None:
    """Call each work with the time, in a context of its own, every so many seconds until `stop`.

    Whatever happens to a single call, the others go on. A work that returns True has more to do,
    and is called again without a pause.
    """
    pause = every
    while not stop.wait(pause):
        pause = every
        for work in works:
            if attempt(context, clock, work) is True:
                pause = 0.0


def attempt(context: Context, clock: Clock, work: Work) -> object:
    """What one work says when it is called with the time; None where it failed, which is logged:
    the database may be away, and what waits goes on waiting."""
    try:
        with context():
            return work(clock())
    except Exception:
        _LOG.exception("%s failed", getattr(work, "__name__", type(work).__name__))
        return None
