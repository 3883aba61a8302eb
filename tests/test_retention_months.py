"""Months that are wholly due go in stretches of the key, and what is left behind is what batches
leave behind: counts, the log's entry, nothing beside the records and nothing in runs."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select

from consent import retention, sites
from consent.db import db, from_micros, micros
from consent.ledger import Ledger
from consent.records import runs, visitors
from consent.records.rows import ERASED, TEST, Place, Row
from consent.records.suspicion import Flag
from consent.retention import due, job
from consent.rollup import Cell, Kind
from consent.waiting import CONSENT, Waiting
from tests.acts import choice_body, make_site, post_choice, rows
from tests.conftest import Clock
from tests.test_core_retention import counts, entries, kept

SITE = "example.com"
START = datetime(2026, 3, 5, tzinfo=UTC)
HOUR = 3_600_000_000


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def crowd(
    app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger, action: str
) -> dict[str, int]:
    """Some eleven hundred records of March to June, of ninety days: erased ones and flagged ones,
    of every kind and of two countries. Returns how many there are that were not erased, by day."""
    clock.now = START
    digest = make_site(app, clock(), retention=kept(90, action=action)).digest
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    ledger.tick(clock.advance(seconds=1))
    one, drawn = rows()[0], random.Random(7)
    place = Place(country="PL", subdivision="", source="database", database="x")
    db.session.add(place)
    db.session.flush()
    shared = {column.name: getattr(one, column.name) for column in Row.__table__.columns}
    made, seq, days = [], one.seq, {from_micros(one.seq).strftime("%Y-%m-%d"): 1}
    for number in range(1100):
        seq += drawn.randrange(1, 4 * HOUR)
        own: dict[str, Any] = {
            "seq": seq,
            "id": seq.to_bytes(16),
            "visitor": bytes([number % 50] * 16),
        }
        own |= {"action": drawn.randrange(3), "categories": drawn.choice([0, 20, 40])}
        own |= {"place_id": drawn.choice([one.place_id, place.id])}
        own |= {"flags": ERASED, "visitor": None} if number % 40 == 7 else {}
        made.append({**shared, **own})
        if own.get("flags") != ERASED:
            day = from_micros(seq).strftime("%Y-%m-%d")
            days[day] = days.get(day, 0) + 1
    db.session.execute(insert(Row), made)
    said = [line for line in made if line["flags"] != ERASED]
    flagged = [{"site_id": 1, "seq": line["seq"], "reasons": 1} for line in said[::9]]
    db.session.execute(insert(Flag), flagged)
    db.session.commit()
    while runs.step(1, from_micros(seq) + timedelta(minutes=2), 64):
        pass
    return days


def left() -> tuple[Any, ...]:
    """All that a run leaves behind."""
    db.session.rollback()
    gone = select(Cell.span, Cell.refused).where(Cell.kind == int(Kind.GONE))
    return (
        [row.seq for row in rows()],
        sorted(counts()),
        sorted(tuple(line) for line in db.session.execute(gone)),
        sorted(db.session.scalars(select(Flag.seq))),
    )


@pytest.mark.parametrize("action", ["delete", "aggregate"])
def test_stretches_leave_behind_what_batches_do(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    ledger: Ledger,
    action: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = crowd(app, client, clock, ledger, action)
    at = datetime(2026, 8, 20, tzinfo=UTC)
    end = micros(at - timedelta(days=90))
    assert due.whole(sites.get(SITE), at) == micros(datetime(2026, 5, 1, tzinfo=UTC))
    here = [column.name for column in Row.__table__.columns]
    before = [{name: getattr(row, name) for name in here} for row in rows()]
    flags = [
        {"site_id": 1, "seq": seq, "reasons": 1} for seq in db.session.scalars(select(Flag.seq))
    ]
    wanted = sum(n for day, n in days.items() if day < "2026-05-22")

    monkeypatch.setattr(job, "STRETCH", 150)
    assert retention.run(ledger, at, overruled=True).taken == {SITE: wanted}
    in_stretches = left()
    assert in_stretches[0] and min(in_stretches[0]) >= end
    ledger.tick(at)
    [entry] = entries("purge")
    assert (entry["n"], entry["u"]) == (wanted, "2026-05-21")

    for table in (Row, Flag, Cell, retention.DailyCount):
        db.session.execute(table.__table__.delete())
    db.session.execute(insert(Row), before)
    db.session.execute(insert(Flag), flags)
    db.session.commit()
    monkeypatch.setattr(due, "whole", lambda *_: 0)
    assert retention.run(ledger, at, overruled=True).taken == {SITE: wanted}
    assert left() == in_stretches


def test_runs_of_visitors_go_with_their_month(
    app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger
) -> None:
    crowd(app, client, clock, ledger, "delete")
    at = datetime(2026, 8, 20, tzinfo=UTC)
    retention.run(ledger, at, overruled=True)
    while runs.step(1, at, 64):
        pass
    oldest = rows()[0].seq
    months = db.session.scalars(select(func.min(visitors.Run.low))).one()
    assert months >= visitors.month(oldest) or months == oldest
    there = {row.seq for row in rows()}
    runs_of = db.session.execute(
        select(visitors.Run.low, visitors.Block.body).join(
            visitors.Block, visitors.Block.run_id == visitors.Run.id
        )
    )
    for low, body in runs_of:
        for one in visitors.entries(body):
            assert visitors.month(low) + int.from_bytes(one[visitors.CODE :]) in there
    code = bytes([3] * 16)
    assert visitors.seqs(1, code) == [row.seq for row in rows() if row.visitor == code]


def test_a_run_cut_short_between_stretches_is_told_whole_by_the_next(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = crowd(app, client, clock, ledger, "aggregate")
    at = datetime(2026, 8, 20, tzinfo=UTC)
    wanted = sum(n for day, n in days.items() if day < "2026-05-22")
    monkeypatch.setattr(job, "STRETCH", 100)
    count, whole = iter(range(100)), job._count_daily

    def ends(*told: Any) -> None:
        if next(count) == 3:
            raise KeyboardInterrupt
        whole(*told)

    monkeypatch.setattr(job, "_count_daily", ends)
    with pytest.raises(KeyboardInterrupt):
        retention.run(ledger, at, overruled=True)
    db.session.remove()
    assert len(rows()) == 1101 - 300
    monkeypatch.setattr(job, "_count_daily", whole)
    assert retention.run(ledger, at, overruled=True).taken == {SITE: wanted}
    assert sum(line[-1] for line in counts()) == wanted
    ledger.tick(at)
    assert [one["n"] for one in entries("purge")] == [wanted]


def test_what_waits_for_the_log_and_tests_are_left(
    app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger
) -> None:
    crowd(app, client, clock, ledger, "delete")
    of, at = rows(), datetime(2026, 8, 20, tzinfo=UTC)
    late, test = of[300].seq, of[20]
    test.flags = TEST
    db.session.add(Waiting(site=SITE, seq=late, kind=CONSENT, body=bytes(32)))
    db.session.commit()
    tests_seq = test.seq
    retention.run(ledger, at, overruled=True)
    there = [row.seq for row in rows()]
    assert there[:2] == [tests_seq, late]
    assert there[2] >= micros(at - timedelta(days=90))


def test_nothing_goes_in_stretches_that_one_promise_keeps(
    app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger
) -> None:
    """A month counts as over for the choice that lasts longest in it."""
    clock.now = START
    until = kept(90, anchor="withdrawal")
    make_site(app, clock(), retention=until, choice_lifetime=kept(1, "year"))
    site, at = sites.get(SITE), datetime(2027, 7, 20, tzinfo=UTC)
    kept_for = timedelta(days=90) + timedelta(days=365)
    assert due.whole(site, at) == visitors.month(micros(at - kept_for))
    assert due.whole(site, START) < micros(START) - 400 * 24 * HOUR
