"""What was answered 201 is there, whatever happens to the process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.acts import choice_body
from tests.server import Server

SITE = "voipstudio.pl"


class Load:
    """Eight visitors who choose without a pause; `answered` is what they were promised."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.notice = server.get(f"/v1/{SITE}/notice").json()
        self.answered: list[tuple[dict[str, Any], bytes]] = []
        self.unknown: list[dict[str, Any]] = []
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._choose, daemon=True) for _ in range(8)]
        for thread in self.threads:
            thread.start()

    def _choose(self) -> None:
        while not self.stopped.is_set():
            body = self.body()
            try:
                reply = post(self.server, body)
            except (OSError, HTTPException):
                self.unknown.append(body)
                return
            if reply.status == 201:
                self.answered.append((body, reply.body))

    def body(self) -> dict[str, Any]:
        return choice_body(
            self.notice["notice"],
            datetime.now(UTC),
            categories=dict.fromkeys(self.notice["categories"], False),
            language=self.notice["lang"],
            page=self.server.url + "/demo/",
        )

    def end(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)


def post(server: Server, body: dict[str, Any]) -> Any:
    return server.post(
        f"/v1/{SITE}/consents",
        json.dumps(body).encode(),
        Origin=server.url,
        Content_Type="text/plain",
    )


@pytest.mark.slow
def test_what_was_answered_before_a_kill_is_there_after_it(
    make_server: Callable[..., Server],
) -> None:
    server = make_server()
    for pause in (0.9, 0.4):
        load = Load(server)
        time.sleep(pause)
        server.kill()
        load.end()
        server.start()
        assert len(load.answered) > 10
        for body, promised in load.answered:
            again = post(server, body)
            assert (again.status, again.body) == (200, promised)
        for body in load.unknown:
            assert post(server, body).status in (200, 201)


def test_a_stopped_server_writes_what_it_has_taken(make_server: Callable[..., Server]) -> None:
    server = make_server()
    load = Load(server)
    time.sleep(0.5)
    code = server.stop()
    load.end()
    assert code == 0
    server.start()
    assert load.answered
    assert [post(server, body).status for body, _ in load.answered] == [200] * len(load.answered)


@pytest.mark.sqlite_only
def test_a_commit_of_the_writer_is_synced(app: Flask) -> None:
    with app.extensions["crumbtrail"].engine().connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert found == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
