"""Two processes that answer behind one port: what one of them took is there, whatever ends."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from bench.processes import family
from consent.db import db
from consent.records import writer
from consent.records.rows import Row
from tests.acts import choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.faults.crowd import Crowd, more
from tests.faults.sizes import size
from tests.faults.test_ends import told_to_stop
from tests.faults.test_kills import kills
from tests.server import Server

TWO = {"WORKERS": "2"}
EACH = 200
VISITORS = 4


@pytest.mark.slow
def test_no_choice_that_one_of_two_acknowledged_is_lost_when_both_are_killed(
    make_server: Callable[..., Server],
) -> None:
    kills(make_server(**TWO), size("kills"))


@pytest.mark.slow
def test_two_that_are_told_to_stop_answer_what_they_have_taken_in_hand(
    make_server: Callable[..., Server],
) -> None:
    told_to_stop(make_server(**TWO), size("stops"))


@pytest.mark.slow
def test_where_one_of_two_dies_the_server_ends(make_server: Callable[..., Server]) -> None:
    server = make_server(**TWO)
    assert server.process is not None
    crowd = Crowd([server])
    more(crowd, 20, "at first")
    one, _ = answering(server)
    os.kill(one, signal.SIGKILL)
    assert server.process.wait(60) != 0
    crowd.end()
    server.start()
    assert len(answering(server)) == 2


def answering(server: Server) -> list[int]:
    """The pids of those that answer, without Python's own tracker of resources."""
    assert server.process is not None
    made = family(server.process.pid)[1:]
    return [pid for pid in made if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def stored_at_once(app: Flask, clock: Clock, make_app: Callable[..., Flask]) -> None:
    """The oracle: two whose clocks stand at one microsecond, of which no two records of a site may
    have the same, refuse nobody."""
    digest = make_site(app, clock()).digest
    answers = Counter[int]()

    def choose(one: Flask) -> None:
        client = one.test_client()
        for _ in range(EACH):
            reply = post_choice(client, "example.com", choice_body(digest, clock()))
            answers[reply.status_code] += 1

    two = [app, make_app(RATE_CLIENT="0", RATE_SITE="0")]
    threads = [threading.Thread(target=choose, args=(one,)) for one in two for _ in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {201: len(threads) * EACH}
    assert len(set(db.session.scalars(select(Row.seq)))) == len(threads) * EACH


def test_two_that_store_at_once_refuse_nobody(
    app: Flask, clock: Clock, make_app: Callable[..., Flask]
) -> None:
    stored_at_once(app, clock, make_app)


@pytest.mark.postgresql_only
def test_twin_two_that_keep_to_no_lane_refuse_some(
    app: Flask, clock: Clock, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LANES", 1)
    with pytest.raises(AssertionError, match="503"):
        stored_at_once(app, clock, make_app)


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}
