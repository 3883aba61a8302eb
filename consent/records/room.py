"""How many may wait while the database is stuck: few, so that threads are left for everybody else.

While batches end, whoever comes may wait for the next. When one takes longer than SLOW_S, no more
than these wait for it; the others are told to come back. No site has more than half of the room,
and withdrawals have room of their own.
"""

from __future__ import annotations

import threading
from collections import Counter

SLOW_S = 1.0
CHOICES = (24, 12)  # in all, and for one site
WITHDRAWALS = (40, 24)  # the same with choices, beyond which not even a withdrawal waits


class Room:
    """Counts who waits: choices for themselves, and everybody for withdrawals, so that nobody who
    waits for a choice has to leave because a withdrawal came."""

    def __init__(self) -> None:
        self._choices: Counter[int] = Counter()  # by site
        self._all: Counter[int] = Counter()
        self._door = threading.Lock()

    def __len__(self) -> int:
        with self._door:
            return self._all.total()

    def enter(self, site_id: int, withdrawal: bool) -> None:
        with self._door:
            for waiting in self._counts(withdrawal):
                waiting[site_id] += 1

    def leave(self, site_id: int, withdrawal: bool) -> None:
        with self._door:
            self._out(site_id, withdrawal)

    def crowded(self, site_id: int, withdrawal: bool) -> bool:
        """Whether one of those who wait for that site is too many; then there is one less."""
        with self._door:
            over = self._more(site_id, withdrawal, 0)
            if over:
                self._out(site_id, withdrawal)
        return over

    def full(self, site_id: int, withdrawal: bool) -> bool:
        """Whether one more for that site would be too many."""
        with self._door:
            return self._more(site_id, withdrawal, 1)

    def _more(self, site_id: int, withdrawal: bool, extra: int) -> bool:
        most, share = WITHDRAWALS if withdrawal else CHOICES
        waiting = self._all if withdrawal else self._choices
        return waiting.get(site_id, 0) + extra > share or waiting.total() + extra > most

    def _counts(self, withdrawal: bool) -> tuple[Counter[int], ...]:
        return (self._all,) if withdrawal else (self._all, self._choices)

    def _out(self, site_id: int, withdrawal: bool) -> None:
        for waiting in self._counts(withdrawal):
            waiting[site_id] -= 1
            if not waiting[site_id]:
                del waiting[site_id]
