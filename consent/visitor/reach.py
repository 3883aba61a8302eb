"""Whether the database is worth asking.

After it has failed, nobody asks it for AWAY_S, then one does: requests that can be answered from
memory are, the others are told to come back at once, and none waits for a connection in vain.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from threading import Lock

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..db import db
from ..errors import Busy
from ..parts import parts
from ..records.writer import busy

_LOG = logging.getLogger(__name__)
AWAY_S = 2.0
AWAY = (OperationalError, InterfaceError, PoolTimeout)
READING, WRITING = "reading", "writing"
# Set where nothing may be waited for: on the loop that answers everybody.
AT_ONCE: ContextVar[bool] = ContextVar("at_once", default=False)


class Unheld(Exception):
    """Memory does not hold what is asked for, and the database may not be asked here."""


class Reach:
    """One way of asking the database, as the last who asked found it."""

    def __init__(self, way: str, clock: Callable[[], datetime]) -> None:
        self._way = way
        self._clock = clock
        self._lock = Lock()
        self._failed_at: float | None = None
        self._trying = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around whatever asks. Raises Busy `busy` where it is not worth it, Unheld where nobody
        may wait; what the database raises inside goes on, and the session is rolled back."""
        tries = self._tries()
        try:
            yield
        except AWAY as error:
            db.session.rollback()
            self._fails(error)
            raise
        except Exception:  # a refusal: the database has answered
            self._answers()
            raise
        else:
            self._answers()
        finally:
            if tries:
                self._trying = False

    def _tries(self) -> bool:
        """Whether this is the one that looks if the database is back; the others go on without."""
        with self._lock:
            if self._failed_at is None:
                if AT_ONCE.get():
                    raise Unheld
                return False
            since = self._clock().timestamp() - self._failed_at
            if self._trying or 0 <= since < AWAY_S:
                raise busy()
            if AT_ONCE.get():
                raise Unheld
            self._trying = True
            return True

    def _fails(self, error: Exception) -> None:
        with self._lock:
            first, self._failed_at = self._failed_at is None, self._clock().timestamp()
        if first:
            name = type(getattr(error, "orig", None) or error).__name__
            _LOG.warning("the database fails at %s (%s): memory serves", self._way, name)

    def _answers(self) -> None:
        with self._lock:
            again, self._failed_at = self._failed_at is not None, None
        if again:
            _LOG.warning("the database answers at %s again", self._way)


def reach(way: str) -> Reach:
    """READING or WRITING, of this app: a file that is locked can be read."""
    known = parts()
    found: Reach | None = known.memory.get(f"reach {way}")
    return found or known.memory.setdefault(f"reach {way}", Reach(way, known.clock))


UNREACHED = (*AWAY, Busy)
