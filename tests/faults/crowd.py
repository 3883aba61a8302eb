"""Visitors who choose without a pause at several servers of one site, and repeat at another."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from typing import Any

from tests.acts import refusal
from tests.faults.load import SITE
from tests.server import Reply, Server

VISITORS = 6
PATIENCE = 90.0
REPEATS = 0.3


class Crowd:
    """`answered` is what was acknowledged, `refused` what was answered otherwise, `unknown` what
    got no whole answer, `unequal` the repeats that were answered otherwise."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.origin = servers[0].environ.get("BASE_URL", servers[0].url)
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

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _choose(self) -> None:
        while not self._over.is_set():
            body, server = refusal(self.notice, self.origin + "/demo/"), random.choice(self.servers)
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


def more(crowd: Crowd, count: int, what: str, *, refusing: bool = True) -> None:
    """Wait until so many further choices were acknowledged; with `refusing` off, for none that is
    refused."""
    before, end = len(crowd.answered), time.monotonic() + PATIENCE
    while len(crowd.answered) < before + count:
        assert refusing or not crowd.refused, f"choices were refused {what}: {crowd.refused[:1]}"
        assert time.monotonic() < end, f"nothing is acknowledged {what}: {crowd.refused[-1:]}"
        time.sleep(0.05)


def checkpoints(server: Server, under: str = "") -> set[str]:
    """What the deployment's log, `under` that address, and the site's have signed last, as soon as
    both have."""
    end, found = time.monotonic() + PATIENCE, []
    while len(found) < 2:
        assert time.monotonic() < end, "nothing is signed"
        found = [server.get(f"{log}/checkpoint") for log in (f"{under}/log", f"/log/{SITE}")]
        found = [reply for reply in found if reply.status == 200]
    return {reply.text for reply in found}


def repeated_alike(crowd: Crowd) -> None:
    """What got no answer is sent again, and then every repeat gets the first answer."""
    for body in crowd.unknown:
        reply = crowd.post(crowd.servers[0], body)
        assert reply.status in (200, 201), reply.text
        crowd.answered.append((body, reply.body))
    assert not crowd.unequal, f"{crowd.unequal[0].status} {crowd.unequal[0].text}"
    with ThreadPoolExecutor(8) as many:
        for again, first in many.map(partial(_repeated, crowd), crowd.answered):
            assert (again.status, again.body) == (200, first), f"{again.status} {again.text}"


def _repeated(crowd: Crowd, one: tuple[dict[str, Any], bytes]) -> tuple[Reply, bytes]:
    body, first = one
    return crowd.post(random.choice(crowd.servers), body), first
