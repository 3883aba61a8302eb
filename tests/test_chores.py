"""What a server does again and again: one failure stops nothing, and more work needs no pause."""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from consent.chores import repeat

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_chore_that_fails_is_logged_by_name_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop, told = threading.Event(), []

    def broken(at: datetime) -> None:
        raise RuntimeError("the database is away")

    def sound(at: datetime) -> None:
        told.append(at)
        if len(told) == 3:
            stop.set()

    with caplog.at_level(logging.ERROR):
        repeat(nullcontext, lambda: AT, stop, 0.01, broken, sound)
    assert told == [AT] * 3
    assert [line.getMessage() for line in caplog.records] == ["broken failed"] * 3


def test_a_chore_with_more_to_do_is_called_again_at_once() -> None:
    """An hour lies between two calls, and a hundred of them are done within the first."""
    stop, left = threading.Event(), 100
    first = threading.Event()

    def work(at: datetime) -> bool:
        nonlocal left
        left -= 1
        if not left:
            stop.set()
        return left > 0

    class Hour(threading.Event):
        """Waits for nothing the first time, so that the test need not."""

        def wait(self, timeout: float | None = None) -> bool:
            if not first.is_set():
                first.set()
                return False
            assert timeout == 0.0 or stop.is_set()
            return stop.is_set()

    repeat(nullcontext, lambda: AT, Hour(), 3600.0, work)
    assert left == 0
