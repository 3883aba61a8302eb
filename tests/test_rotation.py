"""Keys come and go: no reader is ever left with a checkpoint that no listed key verifies."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent.ledger import Ledger, Signer
from consent.ledger.fsck import fsck
from consent.ledger.signer import OLDER_MAX, OVERLAP
from consent.signing import verify_ml_dsa_44
from consent.tlog import checkpoint, note, tiles
from consent.tlog.note import ED25519, Verifier
from tests.acts import choice_body, make_site, post_choice
from tests.conftest import START, Clock

SITE = "example.com"
ROTATIONS = 50


class Crash(BaseException):
    """The process dies here."""


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}


@pytest.fixture
def digest(app: Flask, clock: Clock) -> str:
    return make_site(app, clock(), publish_log=True).digest


def ledger_of(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def listed(client: FlaskClient, log: str) -> list[Verifier]:
    lines = client.get(f"/log{log}/vkeys").text.splitlines()
    return [note.parse_vkey(line) for line in lines]


def entries(client: FlaskClient, log: str) -> list[dict[str, Any]]:
    """Every entry of a log, as a stranger reads it."""
    text, _ = note.open_note(client.get(f"/log{log}/checkpoint").text, listed(client, log))
    size = checkpoint.parse(text).size
    found: list[bytes] = []
    for number in range(-(-size // 256)):
        path = tiles.path("entries", number, tiles.partial_width(size, 0, number))
        found += tiles.unpack_entries(client.get(f"/log{log}/{path}").data)
    return [json.loads(entry) for entry in found]


def dying(where: str, chance: random.Random) -> Callable[..., Any]:
    """`os.<where>` of a machine on which the process may die before or after the call."""
    real = getattr(os, where)

    def call(*values: Any, **named: Any) -> Any:
        fate = chance.random()
        if fate < 0.2:
            raise Crash
        done = real(*values, **named)
        if fate > 0.8:
            raise Crash
        return done

    return call


def test_fifty_rotations_with_crashes_leave_every_served_checkpoint_verifiable(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    digest: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(20261121)
    served: set[tuple[str, str]] = set()
    ledger, rotated, crashes = ledger_of(app), 0, 0

    def act(do: Callable[[], object]) -> bool:
        """Do it on a machine that may die between any two steps; whether it came to its end."""
        real_sign = ledger.signer.sign

        def sign(*values: Any) -> list[str]:
            done = real_sign(*values)
            if chance.random() < 0.2:
                raise Crash  # signed and remembered, and not published
            return done

        with monkeypatch.context() as patch:
            for where in ("replace", "fsync"):
                patch.setattr(os, where, dying(where, chance))
            patch.setattr(ledger.signer, "sign", sign)
            try:
                with app.app_context():
                    do()
            except Crash:
                return False
        return True

    while rotated < ROTATIONS:
        before = len(listed(client, f"/{SITE}"))
        at = clock.advance(days=chance.randint(1, 20))
        reply = post_choice(client, SITE, choice_body(digest, at))
        assert reply.status_code == 201
        crashes += not act(lambda at=at: ledger.signer.rotate(at))
        crashes += not act(lambda: ledger.tick(clock.advance(seconds=1)))
        with app.app_context():
            ledger.tick(clock.advance(seconds=1))  # the machine is up again
        assert ledger.stopped is None
        rotated += len(listed(client, f"/{SITE}")) - before
        for log in ("", f"/{SITE}"):
            text = client.get(f"/log{log}/checkpoint").text
            note.open_note(text, listed(client, log), verify_ml_dsa_44)
            served.add((log, text))
    for log, text in served:  # and none of them was ever lost from the list
        assert {line.id for line in note.parse(text)[1]} <= {key.id for key in listed(client, log)}
    assert crashes > 10 and len(served) > ROTATIONS
    with app.app_context():
        assert list(fsck(ledger.signer, clock())) == []
    told = [entry["h"] for entry in entries(client, "") if entry["k"] == "key"]
    keys = [key.public for key in listed(client, f"/{SITE}")]
    made = [hashlib.sha256(b"".join(keys[n:])).hexdigest() for n in range(len(keys))]
    assert told == made[::-1]


def test_the_old_key_signs_beside_the_new_one_for_thirty_days(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    def signers() -> list[Verifier]:
        post_choice(client, SITE, choice_body(digest, clock()))
        with app.app_context():
            ledger_of(app).tick(clock.advance(seconds=1))
        keys = listed(client, f"/{SITE}")
        return note.open_note(client.get(f"/log/{SITE}/checkpoint").text, keys)[1]

    old = signers()
    with app.app_context():
        ledger_of(app).signer.rotate(clock.advance(hours=1))
    [new, *_] = listed(client, f"/{SITE}")
    assert signers() == [new, *old]
    clock.advance(seconds=(OVERLAP - timedelta(minutes=1)).total_seconds())
    assert signers() == [new, *old]
    clock.advance(minutes=1)
    assert signers() == [new]
    assert listed(client, f"/{SITE}") == [new, *old]


def test_a_new_key_is_an_entry_at_once_and_is_signed_by_the_old_one(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    with app.app_context():
        ledger_of(app).tick(clock.advance(seconds=1))
        before = entries(client, "")
        ledger_of(app).signer.rotate(clock.advance(seconds=1))
        ledger_of(app).tick(clock.advance(seconds=1))
        ledger_of(app).tick(clock.advance(seconds=1))
    after = entries(client, "")
    assert [entry["k"] for entry in after[len(before) :]] == ["key"]
    old = [key for key in listed(client, "") if key.kind == ED25519][1]
    note.open_note(client.get("/log/checkpoint").text, [old])
    post_choice(client, SITE, choice_body(digest, clock()))
    with app.app_context():
        ledger_of(app).tick(clock.advance(seconds=1))
    assert [entry["k"] for entry in entries(client, f"/{SITE}")][-2:] == ["key", "consent"]


def test_many_rotations_in_a_month_leave_room_for_other_signatures(tmp_path: Path) -> None:
    signer, at = Signer(tmp_path), START
    signer.keys(at)
    for _ in range(12):
        at += timedelta(hours=1)
        signer.rotate(at)
    assert len(signer.keys(at)) == 1 + OLDER_MAX
    assert len(signer.verifiers("example.com/log", at)) == 13


def test_a_rotation_before_anything_was_signed_makes_the_first_key(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "signer")
    first = signer.rotate(START)
    assert signer.keys(START) == [first]
    second = signer.rotate(START + timedelta(seconds=1))
    assert signer.keys(START + timedelta(seconds=1)) == [second, first]


def test_two_who_rotate_at_once_lose_no_key(tmp_path: Path) -> None:
    one, other = Signer(tmp_path), Signer(tmp_path)
    one.keys(START)
    for hour in range(1, 21):
        (one if hour % 2 else other).rotate(START + timedelta(hours=hour))
    assert one.verifiers("o", START) == other.verifiers("o", START)
    assert len(one.verifiers("o", START)) == 21
