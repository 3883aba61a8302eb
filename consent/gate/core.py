"""The gate of one application, whatever it speaks: its feed, its place, and its decisions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from .answer import Desk, Place
from .feed import EVERY_S, Feed

PATIENCE_S = 2.0
Source = Mapping[str, Any] | str | os.PathLike[str] | None


class Core:
    """`desk()` decides under the newest rules; it is made again only when they change."""

    def __init__(
        self,
        site: str,
        server: str,
        *,
        rules: Source = None,
        insert: bool = True,
        public: str | None = None,
        every: float = EVERY_S,
        keep: str | os.PathLike[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.feed = Feed(rules, server.rstrip("/"), site, every, keep)
        self.feed.begin(PATIENCE_S)
        self.place = Place(site, (server if public is None else public).rstrip("/"), insert)
        self.clock = clock
        self._desk = Desk(self.place, self.feed.now())

    def desk(self) -> Desk:
        rules = self.feed.now()
        if self._desk.rules is not rules:
            self._desk = Desk(self.place, rules)
        return self._desk
