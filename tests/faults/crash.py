"""A process that dies between two steps: before any statement or commit, of the database or of the
signer's memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from consent.db import open_sqlite
from consent.ledger import signer


class Crash(BaseException):
    """Nobody catches it, as nobody catches a kill."""


class Steps:
    """Counts the steps of what runs, and dies before number `at` (1 is the first; 0 never)."""

    def __init__(self) -> None:
        self.at = 0
        self.taken: list[str] = []

    def step(self, name: str) -> None:
        self.taken.append(name)
        if len(self.taken) == self.at:
            raise Crash(name)

    def begin(self, at: int) -> None:
        self.at, self.taken = at, []

    def end(self) -> None:
        self.at = 0


class _Memory:
    """A connection to the signer's memory whose every statement is a step, and so is what comes
    after its commit."""

    def __init__(self, steps: Steps, real: Any) -> None:
        self.steps, self.real = steps, real

    def execute(self, statement: str, *values: Any) -> Any:
        self.steps.step(f"signer: {statement[:30]}")
        done = self.real.execute(statement, *values)
        if statement == "COMMIT":
            self.steps.step("signer: remembered")
        return done

    def executemany(self, *values: Any) -> Any:
        return self.real.executemany(*values)

    def close(self) -> None:
        self.real.close()


@contextmanager
def watched(engine: Engine) -> Iterator[Steps]:
    """Steps of everything done on `engine` and in any signer's memory."""
    steps = Steps()

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        steps.step(text[:60])

    def commit(_connection: Any) -> None:
        steps.step("commit")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signer, "open_sqlite", lambda file: _Memory(steps, open_sqlite(file)))
        yield steps
    event.remove(engine, "before_cursor_execute", statement)
    event.remove(engine, "commit", commit)
