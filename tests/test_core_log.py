"""Core rows about versions that stay and evidence that cannot be forged (S0-2, S1-32)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent import notices, sites, trail
from consent.db import db, rfc3339
from consent.records.rows import Row
from tests.acts import BY, choice_body, code_of, make_site, post_choice
from tests.conftest import Clock
from tests.evidence import SETTINGS, SITE, choose, fetch, judge, key_of, tick, unzip, zipped


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


def test_S0_2_a_published_version_stays_byte_for_byte_and_old_choices_still_name_it(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Version 2 is published: version 1 is still there, an old choice says version 1, the trail
    has one entry for the publishing, and the log names both."""
    first = make_site(app, clock())
    made = choose(client, first.digest, clock)
    before = len(_published())
    with app.app_context():
        site = sites.get(SITE)
        sites.change(site, BY, clock(), name="Modified at our own discretion")
        second = notices.publish(site, BY, clock.advance(days=1))
        assert (second.version, second.digest != first.digest) == (2, True)
    assert len(_published()) == before + 1
    tick(app, clock)
    key = key_of(clock)
    old = client.get(f"/v1/audit/{SITE}/notices/{first.digest}", headers=key).data
    assert old == first.body and hashlib.sha256(old).hexdigest() == first.digest
    record = client.get(f"/v1/audit/{SITE}/records/{made['id']}", headers=key).get_json()
    assert record["notice"] == first.digest
    entries = unzip(fetch(client, key, format="bundle"))
    said = b"".join(body for name, body in entries.items() if name.startswith("log/"))
    assert first.digest.encode() in said and second.digest.encode() in said


def test_S1_32_time_and_place_are_the_servers_and_a_changed_row_is_named(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, capsys: Any
) -> None:
    """What the browser says of its time is kept as a claim; a place it sends is refused; one row
    changed in the database makes the verifier fail and name the record."""
    digest = make_site(app, clock()).digest
    false = choice_body(digest, clock(), country="US")
    refused = post_choice(client, SITE, false)
    assert (refused.status_code, code_of(refused)) == (422, "field_unknown")
    long_ago = rfc3339(clock() - timedelta(days=400))
    made = choose(client, digest, clock, at=long_ago)
    other = choose(client, digest, clock)
    tick(app, clock)
    clock.advance(minutes=5)
    key = key_of(clock)
    record = client.get(f"/v1/audit/{SITE}/records/{made['id']}", headers=key).get_json()
    assert record["claimed_at"] == long_ago
    assert record["received_at"] == made["received_at"] > long_ago
    assert record["place"]["source"] in ("database", "none")
    good = zipped(tmp_path / "good.zip", unzip(fetch(client, key, format="bundle")))
    memory = ("--memory", tmp_path / "memory.json")
    assert judge(capsys, good, *memory)[0] == 0
    with app.app_context():
        row = db.session.scalars(select(Row).order_by(Row.seq)).first()
        assert row is not None
        row.categories ^= 3
        db.session.commit()
    bad = zipped(tmp_path / "bad.zip", unzip(fetch(client, key, format="bundle")))
    code, said = judge(capsys, bad, *memory)
    assert code == 1
    assert made["id"] in said and other["id"] not in said


def _published() -> list[str]:
    return [one.verb for one in trail.entries(SITE) if one.verb == "notice.publish"]
