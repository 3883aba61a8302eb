"""A tick that dies between any two of its steps is taken up again by the next ledger: every entry
once, and one chain of heads."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from consent.db import db
from consent.ledger import Ledger, Signer
from consent.ledger.fsck import fsck
from consent.ledger.integrate import _wanted
from consent.ledger.rows import Head
from consent.waiting import Waiting
from tests.acts import make_site
from tests.conftest import Clock
from tests.faults.chain import one_chain
from tests.faults.conftest import OTHER, SITE, choose
from tests.faults.crash import Crash, watched
from tests.faults.sizes import FAULTS


def again(app: Flask, before: Ledger) -> Ledger:
    """The ledger of a process that starts: nothing but the folder and the database is left."""
    return Ledger(Signer(before.signer._folder), before.base, before.told)


def crashes(app: Flask, client: FlaskClient, clock: Clock, stride: int = 1) -> int:
    """The oracle: die before step 1, 2, 3 … of a tick that has something to do for two sites, until
    a tick gets through; how many steps there were."""
    known: Ledger = app.extensions["crumbtrail"].ledger
    digests = {site: make_site(app, clock(), site).digest for site in (SITE, OTHER)}
    assert known.tick(clock.advance(seconds=1)).added
    notes: set[str] = set()
    number, done = 0, False
    with watched(db.engine) as steps:
        while not done:
            number += stride
            for site, told in digests.items():
                choose(client, site, told, clock)
            steps.begin(number)
            try:
                known.tick(clock.advance(seconds=1))
                done = True
            except Crash:
                db.session.remove()
                db.engine.dispose()  # a dead process keeps no connection
            steps.end()
            seen = published()
            known = again(app, known)
            known.tick(clock.advance(seconds=1))
            assert not known.alarms, (number, steps.taken, known.alarms)
            assert waiting() == 0, (number, steps.taken)
            said = list(fsck(known.signer, clock()))
            assert not said, (number, steps.taken, said)
            seen |= published()
            one_chain(seen - notes, known.signer, clock())
            notes |= seen
    one_chain(notes, known.signer, clock())
    return number


def published() -> set[str]:
    found = {head.note for head in db.session.scalars(select(Head)) if head.note}
    db.session.rollback()
    return found


def waiting() -> int:
    found = db.session.scalar(select(func.count()).select_from(Waiting)) or 0
    db.session.rollback()
    return found


def test_a_tick_may_die_before_any_of_its_steps(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    assert crashes(app, client, clock, stride=1 if FAULTS > 1 else 5) > 20


def test_twin_a_tick_of_several_transactions_doubles_entries(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads and tiles are committed before what was taken is struck off."""
    move = Ledger._move

    def hasty(self: Ledger, *values: Any) -> None:
        move(self, *values)
        db.session.commit()

    monkeypatch.setattr(Ledger, "_move", hasty)
    with pytest.raises(AssertionError):
        crashes(app, client, clock, stride=4)


def test_twin_a_signature_before_the_commit_stops_the_log(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is signed and then lost can never be signed again."""
    take = Ledger._take

    def eager(self: Ledger, *values: Any) -> None:
        take(self, *values)
        for head in db.session.scalars(select(Head).where(Head.signed < Head.size)):
            db.session.refresh(head)
            self.signer.sign([_wanted(head.id, head)], clock())

    monkeypatch.setattr(Ledger, "_take", eager)
    with pytest.raises(AssertionError):
        crashes(app, client, clock, stride=4)
