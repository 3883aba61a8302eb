"""Whatever somebody changes in the database behind our back, fsck names it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, StatementError

from consent.db import Base, db
from consent.ledger import Ledger, artefacts
from consent.ledger import fsck as checking
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head, Tile, unpack
from consent.waiting import CONSENT, Waiting
from tests.conftest import Clock
from tests.faults.sizes import size
from tests.faults.vandal import NAMED, Vandal, insider


def unnoticed(ledger: Ledger, clock: Clock, count: int, seed: int) -> list[str]:
    """Make and undo so many edits; those that fsck did not name."""
    missed: list[str] = []
    done = 0
    with insider() as connection:
        vandal = Vandal(connection, seed)
        while done < count:
            edit = vandal.edit()
            try:
                edit.make(connection)
            except (DBAPIError, StatementError):  # the database itself refuses the value
                connection.rollback()
                continue
            done += 1
            said = list(fsck(ledger.signer, clock()))
            if not any(word in line for line in said for word in NAMED[edit.table.name]):
                missed.append(f"{edit}: {said}")
            edit.undo(connection)
    assert list(fsck(ledger.signer, clock())) == []
    return missed


def test_every_edit_of_a_row_that_the_log_vouches_for_is_named(
    filled: Flask, ledger: Ledger, clock: Clock
) -> None:
    missed = unnoticed(ledger, clock, size("edits"), seed=1)
    assert not missed, "\n".join(missed)


def test_twin_a_check_that_believes_the_rows_of_records_misses_edits(
    filled: Flask, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without making each commitment again from its row, the tree alone notices no row."""
    monkeypatch.setattr(checking, "remade", believed)
    monkeypatch.setattr(artefacts, "remade", believed)
    assert unnoticed(ledger, clock, size("edits"), seed=1)


def believed(site: str, seqs: list[int]) -> dict[int, Any]:
    """What the log says the rows are, with no look at their columns."""
    known: dict[int, str] = {}
    head = db.session.scalar(select(Head).where(Head.site == site))
    for tile in db.session.scalars(
        select(Tile).where(Tile.log_id == (head.id if head else -1), Tile.level == 0)
    ):
        known |= {i.seq: i.body.hex() for i in unpack(tile.body) if i.kind == CONSENT}
    for line in db.session.scalars(select(Waiting).where(Waiting.kind == CONSENT)):
        known[line.seq] = line.body.hex()
    record = Base.metadata.tables["record"]
    there = db.session.execute(select(record.c.seq).where(record.c.seq.in_(seqs))).scalars()

    class Nothing:
        flags = 0

    return {seq: (Nothing(), known.get(seq, ""), "") for seq in there}
