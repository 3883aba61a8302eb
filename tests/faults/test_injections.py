"""300 payloads of SQL at every place of every route that takes a text: they reach the database as
values, and never as words of a statement. Every place also gets what ends a line, and a NUL.

How long an answer takes is not measured: what stands in no statement cannot make one wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask, request
from sqlalchemy import inspect, text

from consent.db import db
from tests.attacker import Attacker, let_in
from tests.conftest import Clock
from tests.faults.sizes import FAULTS, size
from tests.injections import HOSTILE, NUMBERS, PAYLOADS, Spot, Watch, watched
from tests.routes import state

# What a GET may write: that somebody read, was here, or used a key.
NOTES = {
    "trail",
    "waiting",
    "session",
    "api_key",
    "admin_token",
    "site",
    "place",
    "page",
    "regime",
    "field_key",
}


@pytest.fixture
def attacker(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Attacker:
    app = make_app(RATE_KEY="0", RATE_SITE="0", RATE_CLIENT="0")
    return let_in(app, clock(), monkeypatch)


def chosen(number: int, count: int) -> list[str]:
    """`count` of the payloads; one place's follow those of the place before, so all have a turn."""
    return [PAYLOADS[(number * count + n) % len(PAYLOADS)] for n in range(count)]


def harm(watch: Watch, spot: Spot, payload: str) -> list[str]:
    """What came of a request that should not have."""
    reply = spot.send(payload)
    found = [*watch.wrong, *watch.laid_open]
    if reply.status_code >= 500:
        found.append(reply.status)
    if spot.method == "GET" and watch.written - NOTES:
        found.append(f"it wrote {watch.written - NOTES}")
    for one in (watch.wrong, watch.laid_open, watch.written):
        one.clear()
    return [f"{spot} {payload!r}: {one}" for one in found]


def test_A10_no_payload_at_any_place_is_ever_part_of_a_statement(attacker: Attacker) -> None:
    assert len(set(PAYLOADS)) == 300
    app, count = attacker.app, size("payloads") if FAULTS > 1 else 1
    found, sent = [], 0
    spots = list(dict.fromkeys(attacker.spots()))
    kinds = Counter(spot.kind for spot in spots)
    before, tables = state(app, GROWS), made_of(app)
    with watched() as watch:
        for number, spot in enumerate(spots):
            for payload in (*chosen(number, count), *HOSTILE):
                found += harm(watch, spot, payload)
                sent += 1
    assert found == []
    assert made_of(app) == tables and state(app, GROWS) == before
    print(f"{sent} requests, {dict(kinds)}, {watch.statements} statements, {watch.bound} bound")
    assert len({spot.endpoint for spot in spots}) > 250 and len(spots) > 1_000
    assert watch.bound > len(spots) * count / 8  # many payloads came as far as the database


@pytest.mark.postgresql_only
def test_numbers_that_no_table_has_are_refused_or_not_found(attacker: Attacker) -> None:
    """What SQL injection tools try next: too large, too small, no number at all."""
    found, sent = [], 0
    with watched() as watch:
        for spot in attacker.numbers():
            for value in NUMBERS if spot.kind == "path" else NUMBERS[1:]:
                found += harm(watch, spot, value)
                sent += 1
    assert found == [] and sent > 900


@pytest.mark.sqlite_only
def test_a_statement_made_of_text_is_found_by_what_watches(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    """The broken twin: the same payloads against a route that writes its own SQL."""
    app = make_app()

    @app.get("/broken")
    def broken() -> str:
        wanted = request.args["q"]
        return str(db.session.execute(text(f"SELECT id FROM site WHERE key = '{wanted}'")).all())

    harmed = 0
    for payload in PAYLOADS:
        with watched() as watch:
            reply = app.test_client().get("/broken", query_string={"q": payload})
        harmed += bool(watch.wrong or watch.laid_open or reply.status_code >= 500)
    assert harmed == len(PAYLOADS)


GROWS = ("record",)


def made_of(app: Flask) -> list[str]:
    """The tables and columns that there are."""
    with app.app_context():
        known = inspect(db.engine)
        return [f"{t}.{c['name']}" for t in known.get_table_names() for c in known.get_columns(t)]
