"""The log from end to end: what is acknowledged is in the tree, signed, and provable."""

from __future__ import annotations

import base64
import json
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from consent import ledger, notices, sites
from consent.db import db
from consent.ledger import Ledger, proofs
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head, Tile
from consent.ledger.signer import promised
from consent.ledger.tree import Tree
from consent.records import RecordFilter
from consent.records.rows import Row
from consent.sites import Site
from consent.tlog import checkpoint, merkle, note, proof, tiles
from consent.waiting import DEPLOYMENT, Waiting
from tests.acts import BY, SECRET, choice_body, make_site, post_choice
from tests.conftest import Clock

SITE = "example.com"
MINE = {"Authorization": f"Visitor {SECRET}"}


def ledger_of(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def tick(app: Flask, clock: Clock) -> int:
    with app.app_context():
        return ledger_of(app).tick(clock.advance(seconds=1)).added


def choose(client: FlaskClient, digest: str, clock: Clock, count: int = 1) -> list[dict[str, Any]]:
    """So many refusals; the answers."""
    answers = []
    for _ in range(count):
        reply = post_choice(client, SITE, choice_body(digest, clock()))
        assert reply.status_code == 201, reply.text
        answers.append(reply.get_json())
    return answers


def head(app: Flask, site: str) -> Head:
    with app.app_context():
        return db.session.scalars(select(Head).where(Head.site == site)).one()


def verifiers(client: FlaskClient, site: str = "") -> list[note.Verifier]:
    lines = client.get(f"/log/{site}/vkeys" if site else "/log/vkeys").text.splitlines()
    return [note.parse_vkey(line) for line in lines]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}


@pytest.fixture
def digest(app: Flask, clock: Clock) -> str:
    return make_site(app, clock(), publish_log=True).digest


def test_a_receipt_proves_the_record_under_the_sites_head_and_that_under_the_deployments(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    made = choose(client, digest, clock, 3)
    path = made[1]["receipt"]
    assert client.get(path, headers=MINE).get_json()["proof"] is None
    assert tick(app, clock) >= 4
    receipt = client.get(path, headers=MINE).get_json()
    proven, log = receipt["proof"], receipt["record"]["log"]
    found = proof.parse(proven["proof"])
    assert json.loads(proven["entry"])["c"] == log["commitment"] == made[1]["commitment"]
    assert found.index == log["index"]
    keys = verifiers(client, SITE)
    under = proof.verify(found, proven["entry"].encode(), keys, keys[0].name)
    chain = proven["chain"]
    named = json.loads(chain["entry"])
    assert (named["n"], named["h"]) == (under.size, under.root.hex())
    above = verifiers(client)
    proof.verify(proof.parse(chain["proof"]), chain["entry"].encode(), above, above[0].name)
    with pytest.raises(merkle.Wrong):
        proof.verify(found, proven["entry"].encode() + b" ", keys, keys[0].name)


def test_the_promise_of_a_choice_is_signed_by_the_key_of_its_log_and_never_changes(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    body = choice_body(digest, clock())
    answer = post_choice(client, SITE, body).get_json()
    with app.app_context():
        ledger_of(app).signer.rotate(clock.advance(hours=1))
    assert post_choice(client, SITE, body).get_json() == answer
    newer, older = verifiers(client, SITE)
    said = promised(older.name, answer["commitment"], answer["received_at"], older.id)
    Ed25519PublicKey.from_public_bytes(older.public).verify(
        base64.b64decode(answer["promise"]), said
    )
    fresh = choose(client, digest, clock)[0]
    said = promised(newer.name, fresh["commitment"], fresh["received_at"], newer.id)
    Ed25519PublicKey.from_public_bytes(newer.public).verify(
        base64.b64decode(fresh["promise"]), said
    )


def test_a_test_record_is_promised_nothing_and_stays_outside_the_log(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    tick(app, clock)
    body = choice_body(digest, clock(), page="http://localhost/")
    reply = post_choice(client, SITE, body, Origin="http://localhost").get_json()
    assert reply["test"] and reply["promise"] is None
    assert tick(app, clock) == 0


def test_what_is_served_rebuilds_the_tree_and_every_head_continues_the_one_before(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    """Some 600 entries over several ticks: entries, tiles and partial tiles as a stranger sees
    them, against a naive tree; each checkpoint consistent with the last."""
    heads: list[checkpoint.Checkpoint] = []
    keys = verifiers(client, SITE)
    for count in (1, 200, 255, 60, 3, 90):
        choose(client, digest, clock, count)
        assert tick(app, clock) >= count
        text, _ = note.open_note(client.get(f"/log/{SITE}/checkpoint").text, keys)
        heads.append(checkpoint.parse(text))
    last = heads[-1]
    entries: list[bytes] = []
    hashes: list[bytes] = []
    for number in range(-(-last.size // 256)):
        width = tiles.partial_width(last.size, 0, number)
        bundle = client.get(f"/log/{SITE}/{tiles.path('entries', number, width)}")
        entries += tiles.unpack_entries(bundle.data)
        tile = client.get(f"/log/{SITE}/{tiles.path(0, number, width)}").data
        hashes += [tile[at : at + 32] for at in range(0, len(tile), 32)]
    assert [merkle.leaf_hash(entry) for entry in entries] == hashes
    assert merkle.root_of(hashes) == last.root and len(entries) == last.size > 600
    width = tiles.partial_width(last.size, 1, 0)
    upper = client.get(f"/log/{SITE}/{tiles.path(1, 0, width)}").data
    assert upper[:32] == merkle.root_of(hashes[:256])
    for before in heads:
        assert merkle.root_of(hashes[: before.size]) == before.root
    kinds = {json.loads(entry)["k"] for entry in entries}
    assert kinds == {"consent", "notice", "admin", "regimes", "build", "inventory", "key"}
    assert client.get(f"/log/{SITE}/{tiles.path(0, 9)}").status_code == 404
    assert client.get(f"/log/{SITE}/tile/0/0").status_code == 404
    with app.app_context():
        assert list(fsck(ledger_of(app).signer, clock())) == []


def test_nothing_waits_and_nothing_is_counted_twice_after_many_ticks(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    made = [choose(client, digest, clock)[0] for _ in range(5) if tick(app, clock) >= 0]
    tick(app, clock)
    assert tick(app, clock) == 0
    with app.app_context():
        assert db.session.scalar(select(Waiting.id)) is None
        found, _ = ledger.page_of(sites.get(SITE), RecordFilter(), None, 100)
    assert [record["log"]["commitment"] for record in found] == [one["commitment"] for one in made]
    places = [record["log"]["index"] for record in found]
    assert places == sorted(set(places))


def test_a_record_changed_before_it_is_logged_gets_no_proof_and_is_named(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    choose(client, digest, clock, 2)
    with app.app_context():
        row = db.session.scalars(select(Row).order_by(Row.seq)).first()
        assert row is not None
        row.layer = 2
        db.session.commit()
    tick(app, clock)
    assert "changed" in ledger_of(app).alarms
    with app.app_context():
        assert len(list(db.session.scalars(select(Waiting)))) == 1
        said = list(fsck(ledger_of(app).signer, clock()))
    assert len(said) == 1 and "not what was acknowledged" in said[0]


def test_a_restored_backup_is_refused_and_takes_no_choice_until_a_person_acts(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    choose(client, digest, clock, 2)
    tick(app, clock)
    old = {name: getattr(head(app, name), "size") for name in (SITE, DEPLOYMENT)}  # noqa: B009
    choose(client, digest, clock, 2)
    tick(app, clock)
    with app.app_context():
        for name, size in old.items():
            there = update(Head).where(Head.site == name)
            db.session.execute(there.values(size=size, signed=size))
        db.session.commit()
    tick(app, clock)
    assert "older database" in (ledger_of(app).stopped or "")
    reply = post_choice(client, SITE, choice_body(digest, clock()))
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "60")
    assert client.get(f"/v1/{SITE}/consent.js").status_code == 200


def test_the_first_signature_ever_of_another_ledger_is_no_alarm(
    app: Flask, client: FlaskClient, clock: Clock, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(client, digest, clock)
    ours = ledger_of(app)
    remembered, asked = ours.signer.last, list[str]()

    def last(origin: str) -> tuple[int, bytes] | None:
        """Another ledger makes its whole first tick right after ours has asked."""
        asked.append(origin)
        found = remembered(origin)
        if len(asked) == 1:
            assert found is None
            ours.tick(clock.advance(seconds=1))
        return found

    monkeypatch.setattr(ours.signer, "last", last)
    with app.app_context():
        ours.look(clock())
    assert head(app, DEPLOYMENT).signed > 0
    assert len(asked) == 2 and ours.stopped is None


def test_a_memory_that_is_gone_stops_the_log(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    choose(client, digest, clock)
    tick(app, clock)
    with ledger_of(app).signer._state() as state:
        state.execute("DELETE FROM head")
    tick(app, clock)
    assert "is missing" in (ledger_of(app).stopped or "")


def test_another_tree_of_the_same_size_is_not_signed(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    choose(client, digest, clock)
    tick(app, clock)
    now = head(app, SITE).note
    with app.app_context():
        db.session.execute(update(Head).where(Head.site == SITE).values(root=b"\1" * 32, signed=0))
        db.session.commit()
    tick(app, clock)
    assert ledger_of(app).stopped
    assert head(app, SITE).note == now


def test_a_damaged_bundle_is_no_empty_one_however_often_it_is_asked_for(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    choose(client, digest, clock)
    tick(app, clock)
    with app.app_context():
        db.session.execute(update(Tile).where(Tile.level == 0).values(body=b"\0"))
        damaged = Tree(db.session(), head(app, SITE).id)
        for _ in range(2):
            with pytest.raises(merkle.Wrong):
                damaged.items(0)


def test_the_servers_log_says_once_why_the_log_is_stopped(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    digest: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    choose(client, digest, clock)
    tick(app, clock)

    def end(root: bytes) -> None:
        with app.app_context():
            now = update(Head).where(Head.site == SITE).values(root=root, signed=0)
            db.session.execute(now)
            db.session.commit()

    def said() -> int:
        return caplog.text.count("the log is stopped")

    right = head(app, SITE).root
    for times, root in ((1, b"\1" * 32), (1, right), (2, b"\1" * 32)):
        end(root)
        for _ in range(3):
            tick(app, clock)
        assert bool(ledger_of(app).stopped) == (root != right)
        assert said() == times


def test_no_proof_is_handed_out_that_does_not_hold(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    """Forty bytes of what is stored of a tree, each changed: each answer proves the record, or says
    that nothing can be proven. The twin that does not look hands out what proves nothing."""
    made = choose(client, digest, clock, 2)
    tick(app, clock)
    path, keys = made[0]["receipt"], verifiers(client, SITE)
    with app.app_context():
        log = select(Head.id).where(Head.site == SITE).scalar_subquery()
        [body] = db.session.scalars(select(Tile.body).where(Tile.log_id == log, Tile.level == 0))

    def asked(stored: bytes) -> int:
        """503, or 200 for a proof that holds (or is not there yet); raises Wrong for others."""
        with app.app_context():
            values = update(Tile).where(Tile.log_id == log, Tile.level == 0).values(body=stored)
            db.session.execute(values, execution_options={"synchronize_session": False})
            db.session.commit()
        answer = client.get(path, headers=MINE)
        proven = answer.get_json().get("proof") if answer.status_code == 200 else None
        if proven:
            entry = proven["entry"].encode()
            proof.verify(proof.parse(proven["proof"]), entry, keys, keys[0].name)
        return answer.status_code

    def flipped(at: int) -> bytes:
        return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]

    places = range(0, len(body), len(body) // 40 or 1)
    assert asked(body) == 200
    said = Counter(asked(flipped(at)) for at in places)
    assert said[503] > len(places) // 2 and said.keys() <= {200, 503}, said
    with pytest.MonkeyPatch.context() as twin:
        blind = SimpleNamespace(leaf_hash=merkle.leaf_hash, verify_inclusion=lambda *_: None)
        twin.setattr(proofs, "merkle", blind)
        wrong = 0
        for at in places:
            try:
                asked(flipped(at))
            except merkle.Wrong:
                wrong += 1
    assert wrong > 0


def test_a_notice_and_an_act_of_the_owner_are_entries(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    tick(app, clock)
    size = head(app, SITE).size
    with app.app_context():
        site: Site = sites.get(SITE)
        sites.change(site, BY, clock(), name="Another name")
        fresh = notices.publish(site, BY, clock()).digest
    assert tick(app, clock) == 3
    bundle = client.get(f"/log/{SITE}/{tiles.path('entries', 0, size + 3)}").data
    entries = [json.loads(entry) for entry in tiles.unpack_entries(bundle)[size:]]
    assert [entry["k"] for entry in entries] == ["admin", "notice", "admin"]
    assert entries[1]["h"] == fresh


def test_a_log_that_is_not_published_is_for_the_holders_of_a_key(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    made = make_site(app, clock())
    choose(client, made.digest, clock)
    tick(app, clock)
    assert client.get(f"/log/{SITE}/checkpoint").status_code == 401
    assert client.get("/log/checkpoint").status_code == 200


def test_a_receipt_from_beyond_the_head_stops_the_log_even_where_the_signer_was_rolled_back(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    """Database and signer go back together; one receipt that a visitor kept tells."""
    choose(client, digest, clock)
    tick(app, clock)
    held = client.get(f"/log/{SITE}/checkpoint").text
    agreed = client.post("/log/check", data=held).get_json()
    assert agreed["agrees"] and ledger_of(app).stopped is None
    strange = held.replace("/log/", "/log2/", 1)
    assert client.post("/log/check", data=strange).status_code == 404
    other = held.replace(held.split("\n")[2][:4], "AAAA", 1)
    assert client.post("/log/check", data=other).status_code == 422
    receipt = choose(client, digest, clock)[0]["receipt"]
    tick(app, clock)
    beyond = client.get(receipt, headers=MINE).get_json()["proof"]["proof"]
    size = agreed["size"]
    with app.app_context():
        there = update(Head).where(Head.site == SITE)
        db.session.execute(there.values(size=size, signed=size, note=held))
        db.session.commit()
    assert client.post("/log/check", data=beyond).get_json()["agrees"] is False
    tick(app, clock)
    assert "Somebody holds a checkpoint" in (ledger_of(app).stopped or "")
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 503
