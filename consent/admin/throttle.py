"""How often somebody may try to sign in."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from consent.errors import Busy


class Throttle:
    """At most `limit` tries per `window` under each name; kept in memory, told the time."""

    def __init__(
        self, limit: int = 10, window: timedelta = timedelta(minutes=5), most_names: int = 50_000
    ) -> None:
        self.limit = limit
        self.window = window
        self.most_names = most_names
        self._tries: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def spend(self, names: list[str], at: datetime) -> None:
        """Count one try under every name, or refuse with the seconds to wait and count none."""
        with self._lock:
            queues = [self._recent(name, at) for name in names]
            waits = [q[0] + self.window - at for q in queues if len(q) >= self.limit]
            if waits:
                seconds = max(1, -int(-max(waits).total_seconds() // 1))
                message = "Too many attempts. Wait a few minutes, then try again."
                raise Busy("slow_down", message, status=429, retry_after=seconds)
            for queue in queues:
                queue.append(at)

    def forget(self, name: str) -> None:
        """Start again from nothing under `name`: its owner has just proved to be there."""
        with self._lock:
            self._tries.pop(name, None)

    def _recent(self, name: str, at: datetime) -> deque[datetime]:
        if name not in self._tries and len(self._tries) >= self.most_names:
            self._sweep(at)
        queue = self._tries.setdefault(name, deque(maxlen=self.limit))
        while queue and queue[0] <= at - self.window:
            queue.popleft()
        return queue

    def _sweep(self, at: datetime) -> None:
        fresh = {k: q for k, q in self._tries.items() if q and q[-1] > at - self.window}
        while len(fresh) >= self.most_names:
            fresh.pop(next(iter(fresh)))
        self._tries = fresh
