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
from consent import notices, sites
from consent.db import db
from consent.records import writer
from consent.records.rows import SUPERSEDED, Row
from tests.acts import choice_body, make_site, post_choice, rows
from tests.conftest import Clock
from tests.faults.crowd import Crowd
from tests.faults.sizes import size
from tests.faults.test_ends import ends, told_to_stop
from tests.faults.test_kills import kills
from tests.server import Server

EACH = 200
VISITORS = 4


@pytest.fixture
def two(make_server: Callable[..., Server]) -> Server:
    server = make_server(WORKERS="2")
    assert len(answering(server)) == 2
    return server


@pytest.mark.slow
def test_no_choice_that_one_of_two_acknowledged_is_lost_when_both_are_killed(two: Server) -> None:
    kills(two, size("kills"))


@pytest.mark.slow
def test_two_that_are_told_to_stop_answer_what_they_have_taken_in_hand(two: Server) -> None:
    told_to_stop(two, size("stops"))


@pytest.mark.slow
def test_where_one_of_two_dies_the_server_ends_and_nothing_is_lost(two: Server) -> None:
    def end(crowd: Crowd, _: Path) -> None:
        assert two.process is not None
        one, _other = answering(two)
        os.kill(one, signal.SIGKILL)
        assert two.process.wait(60) != 0
        crowd.end()
        two.start()

    ends(two, 1, end)


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
def test_twin_two_that_try_but_once_refuse_some(
    app: Flask, clock: Clock, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "TRIES", 1)
    with pytest.raises(AssertionError, match="503"):
        stored_at_once(app, clock, make_app)


def test_a_notice_that_one_has_just_shown_is_not_superseded_for_the_other(
    app: Flask, clock: Clock, make_app: Callable[..., Flask]
) -> None:
    """It read the site a moment before the notice was published."""
    make_site(app, clock())
    other = make_app().test_client()
    assert other.get("/v1/example.com/consent.js").status_code == 200
    with app.app_context():
        notice = notices.publish(sites.get("example.com"), "test", clock())
        digest = notice.digest
    reply = post_choice(other, "example.com", choice_body(digest, clock()))
    assert (reply.status_code, "ask_again" in reply.get_json()) == (201, False)
    assert [row.flags & SUPERSEDED for row in rows()] == [0]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}
