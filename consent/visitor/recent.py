"""What was used lately, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, at most `limit` of weight; the least lately used go first. For many threads.

    A weight is in bytes, as whoever puts a value in estimates it. What is heavier than the limit is
    not kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.weight = 0
        self._held: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Value, weight: int) -> None:
        with self._lock:
            self._drop(key)
            self._held[key] = (value, weight)
            self.weight += weight
            while self.weight > self.limit:
                self._drop(next(iter(self._held)))

    def forget(self, key: Hashable) -> None:
        with self._lock:
            self._drop(key)

    def __len__(self) -> int:
        return len(self._held)

    def _drop(self, key: Hashable) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self.weight -= found[1]
