"""Visitors who choose without a pause at several servers of one site, and repeat at another."""

from __future__ import annotations

import json
import random
import threading
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from tests.acts import choice_body
from tests.faults.load import SITE
from tests.server import Reply, Server

VISITORS = 6
REPEATS = 0.3


class Crowd:
    """`answered` is what was acknowledged, `refused` what was answered otherwise, `unknown` what
    got no whole answer, `unequal` the repeats that were answered otherwise."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.origin = servers[0].environ["BASE_URL"]
        self.notice = servers[0].get(f"/v1/{SITE}/notice").json()
        self.answered: list[tuple[dict[str, Any], bytes]] = []
        self.refused: list[Reply] = []
        self.unknown: list[dict[str, Any]] = []
        self.unequal: list[Reply] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._choose, daemon=True) for _ in range(VISITORS)
        ]
        for thread in self._threads:
            thread.start()

    def post(self, server: Server, body: dict[str, Any]) -> Reply:
        words = {"Origin": self.origin, "Content_Type": "text/plain"}
        return server.post(f"/v1/{SITE}/consents", json.dumps(body).encode(), **words)

    def body(self) -> dict[str, Any]:
        return choice_body(
            self.notice["notice"],
            datetime.now(UTC),
            categories=dict.fromkeys(self.notice["categories"], False),
            language=self.notice["lang"],
            page=self.origin + "/demo/",
        )

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _choose(self) -> None:
        while not self._over.is_set():
            body, server = self.body(), random.choice(self.servers)
            try:
                reply = self.post(server, body)
            except (OSError, HTTPException):
                self.unknown.append(body)
                self._over.wait(0.1)
                continue
            if reply.status != 201:
                self.refused.append(reply)
                self._over.wait(0.1)
                continue
            self.answered.append((body, reply.body))
            if random.random() < REPEATS:
                self._repeat(body, reply.body)

    def _repeat(self, body: dict[str, Any], first: bytes) -> None:
        try:
            again = self.post(random.choice(self.servers), body)
        except (OSError, HTTPException):
            return
        if (again.status, again.body) != (200, first):
            (self.unequal if again.status < 500 else self.refused).append(again)
