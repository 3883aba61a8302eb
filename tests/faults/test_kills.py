"""kill -9 of the whole server at random moments under load: no acknowledged choice is lost."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app import create_app
from consent import config, rollup, sites
from consent.db import db
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from consent.records.rows import Row, uuid_text
from consent.sites import Site
from consent.tlog import note, proof
from tests.acts import SECRET
from tests.faults.chain import one_chain
from tests.faults.crowd import checkpoints
from tests.faults.load import SITE, Load, grown, post
from tests.faults.sizes import size
from tests.prepare import ROOT
from tests.server import Server

PATIENCE = 60.0  # what a 201 promises: proven within a minute
LEAST = 11  # choices that are acknowledged before each kill
FSCK_EACH = 20  # kills between two whole checks; the last kill is always followed by one

Answered = list[tuple[dict[str, Any], bytes]]


def kills(server: Server, count: int) -> None:
    """The oracle: so many kills, and after each one everything is there, once, and provable."""
    known: Answered = []
    notes: set[str] = set()
    for number in range(count):
        load = Load(server)
        grown(load, LEAST)
        time.sleep(random.uniform(0, 0.75))
        server.kill()
        load.end()
        if number % FSCK_EACH == FSCK_EACH - 1:
            check(server, known + load.answered, notes | load.notes)
        server.start()
        lost = [body["id"] for body, first in load.answered if not held(server, body, first)]
        assert not lost, f"{len(lost)} of {len(load.answered)} acknowledged choices are lost"
        assert not load.unequal, load.unequal[:3]
        for body in load.unknown:
            reply = post(server, body)
            assert reply.status in (200, 201), reply.text
            load.answered.append((body, reply.body))
        proven(server, load.answered)
        known += load.answered
        notes |= load.notes | checkpoints(server)
        print(f"{number + 1} kills, {len(known)} choices acknowledged, {len(notes)} checkpoints")
    server.kill()
    assert len(known) >= LEAST * count
    check(server, known, notes)


def held(server: Server, body: dict[str, Any], first: bytes) -> bool:
    again = post(server, body)
    return (again.status, again.body) == (200, first)


def proven(server: Server, answered: Answered) -> None:
    """Each acknowledged choice has a receipt that a stranger can verify, within a minute."""
    site_keys, top_keys = keys(server, f"/log/{SITE}"), keys(server, "/log")
    end = time.monotonic() + PATIENCE
    for body, first in answered:
        path = json.loads(first)["receipt"]
        while not (told := receipt(server, path))["proof"]:
            assert time.monotonic() < end, f"{body['id']} is not proven after {PATIENCE} s"
            time.sleep(0.1)
        found, entry = told["proof"], json.loads(told["proof"]["entry"])
        assert entry["c"] == json.loads(first)["commitment"]
        under = proof.verify(
            proof.parse(found["proof"]), found["entry"].encode(), site_keys, site_keys[0].name
        )
        chain = found["chain"]
        named = json.loads(chain["entry"])
        assert (named["n"], named["h"]) == (under.size, under.root.hex())
        proof.verify(
            proof.parse(chain["proof"]), chain["entry"].encode(), top_keys, top_keys[0].name
        )


def receipt(server: Server, path: str) -> Any:
    reply = server.get(path, Authorization=f"Visitor {SECRET}")
    assert reply.status == 200, reply.text
    return reply.json()


def keys(server: Server, log: str) -> list[note.Verifier]:
    return [note.parse_vkey(line) for line in server.get(f"{log}/vkeys").text.splitlines()]


def check(server: Server, known: Answered, notes: set[str]) -> None:
    """What is stored, without the server: each choice once, fsck silent, one chain of heads."""
    app = create_app(config.load({**server.environ, "LEDGER": "0"}))
    ledger: Ledger = app.extensions["crumbtrail"].ledger
    now = datetime.now(UTC)
    with app.app_context():
        try:
            stored = Counter(
                uuid_text(number)
                for number in db.session.scalars(
                    select(Row.id).join(Site, Site.id == Row.site_id).where(Site.key == SITE)
                )
            )
            ids = Counter(body["id"] for body, _ in known)
            assert not ids - stored, "an acknowledged choice is not stored"
            assert max(stored.values()) == 1, "a choice is stored twice"
            assert list(fsck(ledger.signer, now)) == []
            assert len(notes) >= 2
            one_chain(notes, ledger.signer, now)
            assert rollup.rebuild(sites.get(SITE)).wrong == [], "counted is not what is stored"
        finally:
            db.session.remove()
            db.engine.dispose()


@pytest.mark.slow
def test_no_acknowledged_choice_is_lost_when_the_server_is_killed(
    make_server: Callable[..., Server],
) -> None:
    kills(make_server(), size("kills"))


@pytest.mark.slow
def test_twin_a_server_that_answers_before_it_writes_loses_choices(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(PYTHONPATH=str(ROOT / "tests/faults/hasty"))
    with pytest.raises(AssertionError, match="acknowledged choices are lost"):
        kills(server, 3)
