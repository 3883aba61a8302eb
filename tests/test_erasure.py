"""Erasure: what a record said is gone everywhere, and the log stays whole and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from consent import ledger, sites
from consent.db import db
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head, Tile
from consent.records.rows import ERASED, Row
from consent.tlog import proof, tiles
from consent.waiting import DEPLOYMENT, Waiting
from tests.acts import SECRET, choice_body, code_of, make_site, post_choice
from tests.conftest import Clock

SITE = "example.com"
MINE = {"Authorization": f"Visitor {SECRET}"}
PAGE = "https://example.com/a-page-nobody-else-saw"


@pytest.fixture
def digest(app: Flask, clock: Clock) -> str:
    return make_site(app, clock(), publish_log=True).digest


def ledger_of(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def tick(app: Flask, clock: Clock) -> None:
    with app.app_context():
        ledger_of(app).tick(clock.advance(seconds=1))


def erase_all(app: Flask, clock: Clock) -> list[int]:
    with app.app_context():
        rows = list(db.session.scalars(select(Row).order_by(Row.seq)))
        return ledger.erase(ledger_of(app).signer, sites.get(SITE), rows, "test", clock())


def test_an_erased_record_is_gone_from_tables_and_files_and_the_log_says_so(
    app: Flask, client: FlaskClient, clock: Clock, digest: str, tmp_path: Path
) -> None:
    body = choice_body(digest, clock(), page=PAGE)
    made = post_choice(client, SITE, body).get_json()
    other = post_choice(client, SITE, choice_body(digest, clock(), visitor="x" * 22)).get_json()
    tick(app, clock)
    with app.app_context():
        salt, visitor = db.session.execute(select(Row.salt, Row.visitor).limit(1)).one()
    with app.app_context():
        row = db.session.scalars(select(Row).order_by(Row.seq)).first()
        assert row is not None
        place = ledger.erase(ledger_of(app).signer, sites.get(SITE), [row], "test", clock())
    tick(app, clock)
    late = post_choice(client, SITE, body)
    assert (late.status_code, code_of(late)) == (410, "erased")
    assert late.get_json()["error"]["index"] == place[0]
    assert client.get(made["receipt"], headers=MINE).status_code == 410
    kept = client.get(other["receipt"], headers={"Authorization": f"Visitor {'x' * 22}"}).get_json()
    name = client.get(f"/log/{SITE}/vkeys").text.split("+")[0]
    with app.app_context():
        keys = ledger_of(app).signer.verifiers(name, clock())
        proven = proof.parse(kept["proof"]["proof"])
        proof.verify(proven, kept["proof"]["entry"].encode(), keys, name)
        size = db.session.scalars(select(Head.size).where(Head.site == SITE)).one()
        assert list(fsck(ledger_of(app).signer, clock())) == []
    bundle = client.get(f"/log/{SITE}/{tiles.path('entries', 0, size)}").data
    entries = [json.loads(entry) for entry in tiles.unpack_entries(bundle)]
    assert [one["r"] for one in entries if one["k"] == "erase"] == place
    assert entries[place[0]]["c"] == made["commitment"]
    if db_file := _sqlite_file(app):
        files = b"".join(file.read_bytes() for file in db_file.parent.glob(db_file.name + "*"))
        assert salt not in files and visitor not in files


def test_a_record_on_its_way_into_the_log_is_erased_a_moment_later(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    post_choice(client, SITE, choice_body(digest, clock()))
    with pytest.raises(Exception, match="on its way into the log"):
        erase_all(app, clock)
    tick(app, clock)
    assert len(erase_all(app, clock)) == 1


def test_what_a_restored_database_brings_back_is_erased_again_before_it_serves(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    post_choice(client, SITE, choice_body(digest, clock()))
    tick(app, clock)
    with app.app_context():
        row = db.session.scalars(select(Row)).one()
        before = {c.name: getattr(row, c.name) for c in Row.__table__.columns}
    erase_all(app, clock)
    with app.app_context():
        db.session.execute(delete(Row))
        db.session.add(Row(**before))
        db.session.commit()
        assert ledger.replay(ledger_of(app).signer, clock()) == 1
        row = db.session.scalars(select(Row)).one()
        assert row.flags & ERASED and row.salt is None and row.visitor is None
        assert ledger.replay(ledger_of(app).signer, clock()) == 0


def test_after_a_roll_back_the_log_goes_on_under_a_new_name_and_says_what_was_lost(
    app: Flask, client: FlaskClient, clock: Clock, digest: str
) -> None:
    first = post_choice(client, SITE, choice_body(digest, clock())).get_json()
    tick(app, clock)
    with app.app_context():
        heads = [_values(head) for head in db.session.scalars(select(Head))]
        stored = [_values(tile) for tile in db.session.scalars(select(Tile))]
    post_choice(client, SITE, choice_body(digest, clock()))
    tick(app, clock)
    with app.app_context():
        last = {head.site: (head.origin, head.size) for head in db.session.scalars(select(Head))}
        db.session.execute(delete(Waiting))
        db.session.execute(delete(Tile))
        db.session.execute(delete(Head))
        newest = db.session.scalars(select(Row).order_by(Row.seq.desc())).first()
        db.session.delete(newest)
        db.session.commit()
        db.session.add_all([Head(**one) for one in heads])
        db.session.flush()
        db.session.add_all([Tile(**one) for one in stored])
        db.session.commit()
    tick(app, clock)
    assert ledger_of(app).stopped
    with app.app_context():
        said = ledger.recover(ledger_of(app).signer, "test", clock())
    assert len(said) == 2
    tick(app, clock)
    assert ledger_of(app).stopped is None
    origin, size = last[SITE]
    bundle = client.get(f"/log/{SITE}/checkpoint").text
    assert bundle.startswith(f"{origin}~2\n")
    with app.app_context():
        head = db.session.scalars(select(Head).where(Head.site == SITE)).one()
        entries = client.get(f"/log/{SITE}/{tiles.path('entries', 0, head.size)}").data
        assert db.session.scalar(select(Head.origin).where(Head.site == DEPLOYMENT)) is not None
        assert list(fsck(ledger_of(app).signer, clock())) == []
    told = [json.loads(entry) for entry in tiles.unpack_entries(entries)]
    shard = next(one for one in told if one["k"] == "shard")
    assert (shard["o"], shard["n"]) == (origin, size)
    receipt = client.get(first["receipt"], headers=MINE).get_json()
    assert receipt["proof"]["proof"].split("\n\n")[1].startswith(f"{origin}~2\n")


def _values(row: object) -> dict[str, object]:
    return {c.name: getattr(row, c.name) for c in type(row).__table__.columns}  # type: ignore[attr-defined]


def _sqlite_file(app: Flask) -> Path | None:
    url: str = app.config["SQLALCHEMY_DATABASE_URI"]
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None
