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
WITHDRAWALS = (40, 24)  # the same, beyond which not even a withdrawal waits


class Room:
    """Counts who waits, by site."""

    def __init__(self) -> None:
        self._waiting: Counter[int] = Counter()
        self._door = threading.Lock()

    def __len__(self) -> int:
        with self._door:
            return self._waiting.total()

    def enter(self, site_id: int) -> None:
        with self._door:
            self._waiting[site_id] += 1

    def leave(self, site_id: int) -> None:
        with self._door:
            self._out(site_id)

    def crowded(self, site_id: int, withdrawal: bool) -> bool:
        """Whether one of those who wait for that site is too many; then there is one less."""
        most, share = WITHDRAWALS if withdrawal else CHOICES
        with self._door:
            over = self._waiting[site_id] > share or self._waiting.total() > most
            if over:
                self._out(site_id)
        return over

    def full(self, site_id: int, withdrawal: bool) -> bool:
        """Whether one more for that site would be too many."""
        most, share = WITHDRAWALS if withdrawal else CHOICES
        with self._door:
            return self._waiting.get(site_id, 0) >= share or self._waiting.total() >= most

    def _out(self, site_id: int) -> None:
        self._waiting[site_id] -= 1
        if not self._waiting[site_id]:
            del self._waiting[site_id]
