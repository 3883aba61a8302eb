"""A flipped bit in a head or a tile is never signed: no checkpoint contradicts an earlier one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, delete, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, StatementError

from consent import sites
from consent.db import Base, db
from consent.ledger import Ledger, Signer
from consent.ledger.rows import Head, Tile, unpack
from consent.notices import Notice
from consent.tlog import checkpoint, merkle, note
from consent.tlog.merkle import Wrong
from tests.conftest import Clock
from tests.faults.conftest import SITE, choose
from tests.faults.sizes import size
from tests.faults.vandal import Vandal, insider

TREE = {"size", "root", "body"}
TABLES = ("log_head", "log_tile")
TOUCHED = ("waiting", "log_tile", "log_head", "record")  # in the order in which they are emptied


class Before:
    """The log before the flip: everything a tick touches, to be put back, and the true trees."""

    def __init__(self, connection: Connection, signer: Signer) -> None:
        self.rows = {name: _all(connection, Base.metadata.tables[name]) for name in TOUCHED}
        self.state = signer._folder / "state.db"
        self.memory = self.state.read_bytes()
        self.leaves: dict[str, list[bytes]] = {}
        self.notes = {head["origin"]: head["note"] for head in self.rows["log_head"]}
        for head in self.rows["log_head"]:
            self.leaves[head["origin"]] = leaves(head["id"])
        connection.rollback()

    def put_back(self, connection: Connection) -> None:
        connection.rollback()
        for name in TOUCHED:
            table = Base.metadata.tables[name]
            connection.execute(delete(table))
            if self.rows[name]:
                connection.execute(insert(table), self.rows[name])
        connection.commit()
        self.state.write_bytes(self.memory)


def _all(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table))]


def leaves(log_id: int) -> list[bytes]:
    bodies = db.session.scalars(
        select(Tile.body).where(Tile.log_id == log_id, Tile.level == 0).order_by(Tile.number)
    )
    return [merkle.leaf_hash(item.entry()) for body in bodies for item in unpack(body)]


def contradictions(signer: Signer, before: Before, clock: Clock) -> list[str]:
    """Notes in the table that a key of ours signed and whose tree does not continue the true one
    by what was integrated since."""
    found = []
    for head in db.session.scalars(select(Head)):
        try:
            text, _ = note.open_note(head.note, signer.verifiers(head.origin, clock()))
            signed = checkpoint.parse(text)
            here = leaves(head.id)
        except (Wrong, ValueError, OverflowError):
            continue  # not signed by us, or not readable: it proves nothing to anybody
        if head.note == before.notes.get(signed.origin):
            continue
        true = before.leaves.get(signed.origin, [])
        grown = [*true, *here[len(true) : signed.size]]
        if signed.size < len(true) or merkle.root_of(grown[: signed.size]) != signed.root:
            found.append(f"{signed.origin} with {signed.size} entries")
    db.session.rollback()
    return found


def signed_after_flips(
    app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger, count: int
) -> list[str]:
    ledger.tick(clock.advance(seconds=1))
    digest = db.session.scalars(
        select(Notice.digest).where(Notice.site_id == sites.get(SITE).id).order_by(Notice.id.desc())
    ).first()
    assert digest
    choose(client, SITE, digest, clock)
    wrong: list[str] = []
    with insider() as connection:
        before = Before(connection, ledger.signer)
        vandal = Vandal(connection, 2, TABLES)
        done = 0
        while done < count:
            edit = vandal.edit()
            after = edit.after
            if (
                after is None
                or edit.copied
                or all(after[n] == edit.before[n] for n in TREE & after.keys())
            ):
                continue
            try:
                edit.make(connection)
            except (DBAPIError, StatementError):
                connection.rollback()
                continue
            done += 1
            ledger.alarms.clear()
            for _ in range(2):
                try:
                    ledger.tick(clock.advance(seconds=1))
                except Exception:  # as Ledger.run does: nothing was signed, the next tick tries
                    db.session.remove()
            wrong += [f"{edit}: {one}" for one in contradictions(ledger.signer, before, clock)]
            before.put_back(connection)
    return wrong


def test_no_flipped_bit_gets_a_signature(
    filled: Flask, client: FlaskClient, clock: Clock, ledger: Ledger
) -> None:
    wrong = signed_after_flips(filled, client, clock, ledger, size("flips"))
    assert not wrong, "\n".join(wrong)


def test_twin_a_signer_without_a_memory_signs_flipped_bits(
    filled: Flask,
    client: FlaskClient,
    clock: Clock,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Signer, "_remember", lambda *seen: seen[-1])
    monkeypatch.setattr(Signer, "last", lambda *_: (0, merkle.EMPTY))
    assert signed_after_flips(filled, client, clock, ledger, size("flips"))
