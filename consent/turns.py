"""Locks on files between the processes of one machine; they end with the process that has them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine


@contextmanager
def turn(engine: Engine) -> Iterator[None]:
    """One process after the other writes to SQLite; on PostgreSQL nobody waits here.

    SQLite asks again for its lock after pauses that grow to a tenth of a second; whoever waits for
    a file is woken at once, and who has had its turn comes after those that wait. It is a courtesy
    of those that write all the time: where the files cannot be had nothing is wrong, only late.
    """
    with ExitStack() as had:
        if engine.dialect.name == "sqlite":
            with suppress(OSError), _locked(f"{engine.url.database}-next"):
                had.enter_context(_locked(f"{engine.url.database}-turn"))
        yield


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Until it ends. Raises OSError."""
    with open(name, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Sole:
    """Whether this process is the one of those that share `file`. Another is once it has ended;
    on a file system without locks, all are."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab")

    def __call__(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return not isinstance(error, BlockingIOError)
        return True

    def close(self) -> None:
        self._file.close()
