"""Visitors who choose without a pause at a real server, and remember what they were told."""

from __future__ import annotations

import json
import random
import threading
import time
from http.client import HTTPException
from typing import Any

from bench.processes import family, resident
from tests.acts import refusal
from tests.server import Reply, Server

SITE = "voipstudio.pl"
PATIENCE = 120.0
VISITORS = 8
REPEATS = 0.1


def post(server: Server, body: dict[str, Any]) -> Reply:
    return server.post(
        f"/v1/{SITE}/consents",
        json.dumps(body).encode(),
        Origin=server.url,
        Content_Type="text/plain",
    )


def worker(server: Server) -> int:
    """The process that answers: the largest of those that the first one made."""
    assert server.process
    return max(family(server.process.pid)[1:], key=resident)


def memory(server: Server) -> float:
    """MiB of the process that answers."""
    return resident(worker(server)) / 2**20


def grown(load: Load, by: int) -> None:
    """Wait until so many more choices were acknowledged."""
    wanted, end = len(load.answered) + by, time.monotonic() + PATIENCE
    while len(load.answered) < wanted:
        assert time.monotonic() < end, f"{len(load.answered)} choices, {wanted} wanted"
        time.sleep(0.05)


class Load:
    """Eight visitors; one choice in ten is sent twice. `answered` is what they were promised,
    `unknown` what got no whole answer, `unequal` the repeats that were answered otherwise."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.notice = server.get(f"/v1/{SITE}/notice").json()
        self.answered: list[tuple[dict[str, Any], bytes]] = []
        self.unknown: list[dict[str, Any]] = []
        self.unequal: list[tuple[dict[str, Any], Reply]] = []
        self.notes: set[str] = set()
        self.stopped = threading.Event()
        jobs = [self._choose] * VISITORS + [self._follow]
        self.threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self.threads:
            thread.start()

    def _choose(self) -> None:
        while not self.stopped.is_set():
            body = refusal(self.notice, self.server.url + "/demo/")
            try:
                reply = post(self.server, body)
            except (OSError, HTTPException):
                self.unknown.append(body)
                return
            if reply.status != 201:
                continue
            self.answered.append((body, reply.body))
            if random.random() < REPEATS:
                try:
                    again = post(self.server, body)
                except (OSError, HTTPException):
                    return
                if (again.status, again.body) != (200, reply.body) and again.status < 500:
                    self.unequal.append((body, again))

    def _follow(self) -> None:
        """Somebody who keeps every checkpoint that is published."""
        while not self.stopped.is_set():
            for path in ("/log/checkpoint", f"/log/{SITE}/checkpoint"):
                try:
                    reply = self.server.get(path)
                except (OSError, HTTPException):
                    return
                if reply.status == 200:
                    self.notes.add(reply.text)
            time.sleep(0.1)

    def end(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)
