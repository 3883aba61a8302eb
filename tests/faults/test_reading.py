"""What auditors read at length: leaves that tell nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import leaf, users
from consent.tlog import tiles
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.faults.sizes import size

SITE = "example.com"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0", "RATE_KEY": "0"}


@pytest.fixture
def header(app: Flask, clock: Clock) -> dict[str, str]:
    make_site(app, clock(), publish_log=True)
    key = users.create_key("A", [SITE], clock() + timedelta(days=30), BY, clock())
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.sqlite_only
def test_K06_no_leaf_tells_a_word_of_its_record_even_to_who_knows_the_record(
    app: Flask, client: FlaskClient, clock: Clock, header: dict[str, str]
) -> None:
    """The dictionary is the strongest there is: every record itself, without its salt. The twin:
    with its salt each is found."""
    digest = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    for _ in range(size("leaves")):
        body = choice_body(digest, clock.advance(seconds=1))
        assert post_choice(client, SITE, body).status_code == 201
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    leaves = list(entries(client, size_of(client)))
    said = client.get(f"/v1/audit/{SITE}/export?format=ndjson", headers=header).text
    records = [json.loads(line) for line in said.splitlines()]
    logged = {json.loads(entry).get("c") for entry in leaves}
    everything = b"\n".join(leaves).decode()
    assert len(records) == size("leaves") and len(leaves) > len(records)
    found = []
    for record in records:
        salt = bytes.fromhex(record["log"]["salt"])
        assert leaf.commitment(record, salt) in logged
        guesses = (
            bytes(16),
            bytes.fromhex(record["id"].replace("-", "")),
            salt[::-1],
            b"\xff" * 16,
        )
        found += [g for g in guesses if leaf.commitment(record, g) in logged]
        found += [word for word in words(record) if word in everything]
    assert found == []


def words(record: dict[str, Any]) -> list[str]:
    """What is personal in a record, or could lead to somebody."""
    return [record["id"], record["visitor"], record["page"], record["log"]["salt"]]


def size_of(client: FlaskClient) -> int:
    return int(client.get(f"/log/{SITE}/checkpoint").text.split("\n")[1])


def entries(client: FlaskClient, whole: int) -> Iterator[bytes]:
    """Every entry of the site's published log."""
    for start in range(0, whole, 256):
        width = min(256, whole - start)
        bundle = client.get(f"/log/{SITE}/{tiles.path('entries', start // 256, width)}")
        yield from tiles.unpack_entries(bundle.data)
