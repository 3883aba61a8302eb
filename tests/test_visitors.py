"""The index of visitors: whatever was built, merged, erased or cut short, a visitor's records are
all found, and nothing of a visitor stays who was erased."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select

from consent import records, retention, sites
from consent.db import db, from_micros, micros
from consent.ledger import Ledger, erase, purging
from consent.records import runs, visitors
from consent.records.rows import TEST, Row
from consent.records.visitors import LIVE, Block, Run
from tests.acts import SECRET, choice_body, make_site, post_choice, rows
from tests.conftest import Clock

SITE = "example.com"
SIZE = 128
CROWD = [bytes([n]) * 16 for n in range(1, 40)]
TWINS = [bytes(5) + bytes([n]) * 11 for n in (1, 2)]  # alike in what an entry has of a code


@pytest.fixture
def one(app: Flask, client: FlaskClient, clock: Clock) -> Row:
    """A record as the writer stores it, long before the others."""
    clock.now = datetime(2026, 3, 1, tzinfo=UTC)
    digest = make_site(app, clock(), retention={"value": 36, "unit": "month"}).digest
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    return rows()[0]


def fill(one: Row, start: datetime, count: int, seed: int, **more: Any) -> list[tuple[bytes, int]]:
    """Copies of a record, some minutes apart, each of one of the crowd; (visitor, seq) of each."""
    drawn = random.Random(seed)
    shared = {column.name: getattr(one, column.name) for column in Row.__table__.columns}
    made, seq = [], micros(start)
    for _ in range(count):
        seq += drawn.randrange(1, 2 * 7_200_000_000 // 8)
        code = drawn.choice([*CROWD, *TWINS, CROWD[0], CROWD[0]])
        own = {"seq": seq, "id": seq.to_bytes(16), "visitor": code, **more}
        made.append({**shared, **own})
    db.session.execute(insert(Row), made)
    db.session.commit()
    return [(line["visitor"], line["seq"]) for line in made]


def held() -> dict[bytes, list[int]]:
    """The truth: what the rows say."""
    found: dict[bytes, list[int]] = {code: [] for code in (*CROWD, *TWINS)}
    for row in rows():
        if row.visitor in found:
            found[row.visitor].append(row.seq)
    return found


def read() -> dict[bytes, list[int]]:
    db.session.rollback()
    return {code: visitors.seqs(1, code) for code in (*CROWD, *TWINS)}


def indexed() -> list[bytes]:
    """Every entry of a live run."""
    live = select(Block.body).join(Run, Run.id == Block.run_id).where(Run.state == LIVE)
    return sorted(one for body in db.session.scalars(live) for one in visitors.entries(body))


def step(at: datetime) -> bool:
    """The next one, short however long the tail is."""
    return runs.step(1, at, SIZE, SIZE)


def build(at: datetime) -> None:
    while step(at):
        pass


def test_all_records_of_a_visitor_are_found_at_every_step(app: Flask, one: Row) -> None:
    after = datetime(2026, 3, 2, tzinfo=UTC)
    for seed in range(3):
        made = fill(one, after, 1200, seed)
        after = from_micros(made[-1][1])
        truth, number = held(), 0
        while step(after + timedelta(minutes=2)):
            number += 1
            if number % 7 == 0:
                assert read() == truth
        assert read() == truth
    kept = list(db.session.scalars(select(Run).order_by(Run.low)))
    assert {run.state for run in kept} == {LIVE}
    edge = db.session.scalars(select(visitors.Edge.edge)).one()
    over = [run.low for run in kept if run.low < visitors.month(edge)]
    assert len(over) == len({visitors.month(low) for low in over}) == 1  # a month that is over
    assert max(run.level for run in kept) > 1
    tail = select(func.count()).where(
        Row.seq > db.session.scalars(select(visitors.Edge.edge)).one()
    )
    assert (db.session.scalar(tail) or 0) < SIZE
    assert len(indexed()) == len(set(indexed())) > 3000
    longest = db.session.scalar(select(func.max(func.length(Block.body)))) or 0
    assert longest == visitors.BLOCK * visitors.ENTRY < 2000


def test_the_small_runs_that_were_merged_go_in_one_step(app: Flask, one: Row) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 1300, 9)
    retired, most = 0, 0
    while step(from_micros(made[-1][1]) + timedelta(minutes=2)):
        before = retired
        over = select(func.count()).where(Run.state == visitors.RETIRED)
        retired = db.session.scalar(over) or 0
        assert not (before and retired)
        most = max(most, retired)
    assert most >= runs.FAN and read() == held()


def test_a_long_tail_is_taken_in_few_long_runs(app: Flask, one: Row) -> None:
    last, levels = micros(datetime(2026, 3, 2, tzinfo=UTC)), list[list[int]]()
    for seed, count in enumerate((130, 1100, *[130] * 7)):  # all of one month
        last = fill(one, from_micros(last), count, seed)[-1][1]
        while runs.step(1, from_micros(last) + timedelta(minutes=2), SIZE, SIZE * runs.FAN):
            assert read() == held()
        levels.append(list(db.session.scalars(select(Run.level).order_by(Run.low))))
    assert levels[:3] == [[0], [0, 1], [0, 1, 0]]
    assert levels[-1] == [2]  # eight short ones became one, and the long one between them with it
    assert len(indexed()) == len(set(indexed())) > 1900


def test_pages_of_a_visitor_are_the_same_from_either_end(
    app: Flask, one: Row, clock: Clock
) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 1500, 1)
    build(from_micros(made[-1][1]) + timedelta(minutes=2))
    site, mine = sites.get(SITE), held()[CROWD[0]]
    wanted = records.RecordFilter(visitor=CROWD[0].hex(), from_=from_micros(mine[3]))
    back, forth, cursor = [], [], None
    while True:
        page, cursor = records.find(site, wanted, cursor, 7)
        forth += [row.seq for row in page]
        if cursor is None:
            break
    assert forth == mine[3:]
    while True:
        found = records.look(site, wanted, cursor, 7, newest=True)
        back += [row.seq for row in found.rows]
        if (cursor := found.after) is None:
            break
    assert back == mine[:2:-1]
    assert [row.seq for row in records.all_of(site, CROWD[0])] == mine
    middle = records.all_of(site, CROWD[0])[9]
    before, after = records.neighbours(site, middle)
    assert before and after and (before.seq, after.seq) == (mine[8], mine[10])


def stages(at: datetime) -> Iterator[None]:
    """Stop in every kind of state on the way: making, retired, all live."""
    seen: set[tuple[int, ...]] = set()
    while step(at):
        states = tuple(sorted(set(db.session.scalars(select(Run.state)))))
        if states not in seen:
            seen.add(states)
            yield
    yield
    assert len(seen) >= 3, seen


def test_of_an_erased_visitor_nothing_stays_in_any_run(
    app: Flask, one: Row, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 2600, 2)
    at, site = from_micros(made[-1][1]) + timedelta(minutes=2), sites.get(SITE)
    signer = app.extensions["crumbtrail"].ledger.signer
    gone = iter(CROWD)
    for _ in stages(at):
        code = next(gone)
        erase(signer, site, records.all_of(site, code), "test", at, again=True)
        assert visitors.seqs(1, code) == [] and traces(code) == []
        assert read() == held()
    build(at)
    assert read() == held()

    monkeypatch.setattr(visitors, "strike", lambda *_: None)  # the broken twin
    code = next(gone)
    erase(signer, site, records.all_of(site, code), "test", at, again=True)
    assert visitors.seqs(1, code) == [] and traces(code) != []


def traces(code: bytes) -> list[bytes]:
    """Keys and entries, of any run, that begin as the code does."""
    blocks = db.session.execute(select(Block.first, Block.body)).all()
    found = [one for first, body in blocks for one in (first, *visitors.entries(body))]
    return [one for one in found if one.startswith(code[: visitors.CODE])]


def test_of_a_purged_record_nothing_stays_in_any_run(app: Flask, one: Row, clock: Clock) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 1200, 3)
    build(from_micros(made[-1][1]) + timedelta(minutes=2))
    assert traces(CROWD[5]) != []
    site, mine = sites.get(SITE), held()[CROWD[5]]
    for part in (mine[:3], mine[3:]):
        purging.take(site, part, wipe=part is mine)
        db.session.commit()
    edge = db.session.scalars(select(visitors.Edge.edge)).one()
    assert mine[0] < edge and traces(CROWD[5]) == [] and read() == held()


@contextmanager
def cut_short() -> Iterator[None]:
    """The process ends before it commits."""
    whole = type(db.session()).commit

    def never(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(db.session()), "commit", never)
        yield
    assert type(db.session()).commit is whole


def test_a_step_that_is_cut_short_changes_nothing(app: Flask, one: Row) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 2000, 4)
    at, truth = from_micros(made[-1][1]) + timedelta(minutes=2), held()
    more, steps = True, 0
    while more:
        with cut_short(), pytest.raises(KeyboardInterrupt):
            step(at)
            raise KeyboardInterrupt  # there was nothing to do
        db.session.remove()
        assert steps % 9 or read() == truth
        more, steps = step(at), steps + 1
    assert read() == truth and len(indexed()) == len(set(indexed()))


def test_two_that_build_at_once_build_one_index(
    app: Flask, one: Row, make_app: Callable[..., Flask]
) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 2000, 5)
    at, truth = from_micros(made[-1][1]) + timedelta(minutes=2), held()
    other = make_app()

    def work(whose: Flask) -> None:
        with whose.app_context():
            build(at)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (app, other)))
    assert read() == truth
    assert len(indexed()) == len(set(indexed())) > 1800


def test_what_may_still_be_overtaken_stays_in_the_tail(app: Flask, one: Row) -> None:
    """A process whose clock is half a minute behind stores between records that are there."""
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 600, 6)
    last = made[-1][1]
    build(from_micros(last))
    edge = db.session.scalars(select(visitors.Edge.edge)).one()
    assert edge <= last - runs.LATE_US
    fill(one, from_micros(last - 30_000_000 - 2 * 7_200_000_000 // 8), 1, 7)
    assert read() == held()


def test_a_clock_that_went_back_hides_no_record(app: Flask, one: Row) -> None:
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 2000, 8)
    ahead = from_micros(made[-1][1]) + timedelta(minutes=2)
    indexing = records.Indexing(SIZE, SIZE)
    while indexing(ahead):
        pass
    right = ahead - timedelta(days=40)
    indexing(right)
    late = fill(one, right, 300, 9)  # stored where runs were built already
    assert late[0][1] < made[-1][1]
    assert read() == held()
    while indexing(ahead + timedelta(days=60)):
        pass
    assert read() == held()
    assert len(indexed()) == len(set(indexed())) > 2000


def test_without_looking_at_the_clock_they_would_be_hidden(app: Flask, one: Row) -> None:
    """The broken twin of the one above."""
    made = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 2000, 8)
    ahead = from_micros(made[-1][1]) + timedelta(minutes=2)
    build(ahead)
    fill(one, ahead - timedelta(days=40), 300, 9)
    assert read() != held()


def test_records_of_test_origins_are_in_no_run_and_are_found(app: Flask, one: Row) -> None:
    test = fill(one, datetime(2026, 3, 2, tzinfo=UTC), 40, 10, flags=TEST, visitor=b"t" * 16)
    made = fill(one, from_micros(test[-1][1]), 1000, 11)
    build(from_micros(made[-1][1]) + timedelta(minutes=2))
    assert visitors.seqs(1, b"t" * 16) == [seq for _, seq in test]
    assert traces(b"t" * 16) == []
    if db.engine.dialect.name == "sqlite":
        told = visitors._tests(1, b"t" * 16).compile(db.engine)
        plan = db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {told}", tuple(told.params[name] for name in told.positiontup)
        )
        assert "record_of_testers" in plan.one()[-1]
    assert records.all_of(sites.get(SITE), b"t" * 16) == []


def test_the_chore_leaves_a_small_site_alone_and_comes_back_to_a_large_one(
    app: Flask, one: Row
) -> None:
    at, indexing = datetime(2026, 3, 2, tzinfo=UTC), records.Indexing(SIZE, SIZE)
    assert not indexing(at)
    assert db.session.scalar(select(func.count()).select_from(visitors.Edge)) == 0
    made = fill(one, at, 1000, 12)
    at = from_micros(made[-1][1]) + timedelta(minutes=2)
    while indexing(at):
        pass
    assert len(indexed()) > 800 and read() == held()


def test_a_withdrawal_ends_what_stands_in_runs(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    until = {"value": 90, "unit": "day", "anchor": "withdrawal"}
    digest = make_site(app, clock(), retention=until).digest
    yes = {"action": "accept_all", "categories": {"statistics": True, "marketing": True}}
    ledger: Ledger = app.extensions["crumbtrail"].ledger
    for secret in (SECRET, "s" * 22):
        body = choice_body(digest, clock(), visitor=secret, **yes)
        assert post_choice(client, SITE, body).status_code == 201
    for _ in range(3):
        clock.advance(minutes=5)
        body = choice_body(digest, clock(), visitor="t" * 22, **yes)
        assert post_choice(client, SITE, body).status_code == 201
    while runs.step(1, clock(), 2):
        pass
    assert len(indexed()) == 4
    clock.advance(days=1)
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    ledger.tick(clock.advance(seconds=1))
    ended = rows()[0].seq, rows()[-1].seq
    site, at = sites.get(SITE), clock() + timedelta(days=91)
    assert retention.run(ledger, at, dry=True).taken == {SITE: 2}
    assert retention.coming(site, clock()).count == 2
    assert retention.run(ledger, at, overruled=True).taken == {SITE: 2}
    assert not {row.seq for row in rows()} & set(ended) and len(rows()) == 4
