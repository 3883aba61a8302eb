"""The counts that statistics are read from: always what the records say, whatever happens."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from consent import ledger, notices, records, retention, rollup, sites
from consent.db import db
from consent.records.job import Job
from consent.records.rows import ERASED, TEST
from consent.rollup import Cell, Kind
from tests.acts import BY, choice_body, make_site, post_choice, rows, uuid7
from tests.conftest import Clock

SITE = "example.com"
PLACES = ("PL", "FR", "DE", "US")
Told = dict[tuple[int, int, str], list[int]]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"CDN_COUNTRY_HEADER": "X-Country", "TRUSTED_PROXIES": "127.0.0.0/8"}


def cells() -> Told:
    """Every count as it stands, of days and months; lines of zeros are as good as none."""
    db.session.rollback()
    columns = (Cell.span, Cell.kind, Cell.value, Cell.granted, Cell.partly, Cell.refused)
    found = db.session.execute(select(*columns))
    return {(span, kind, value): list(n) for span, kind, value, *n in found}


def of(kind: Kind, span: int = 20261121) -> dict[str, int]:
    return {value: sum(n) for (at, k, value), n in cells().items() if (at, k) == (span, kind)}


def choose(client: FlaskClient, digest: str, clock: Clock, /, **changes: Any) -> dict[str, Any]:
    country = changes.pop("country", "PL")
    body = choice_body(digest, clock(), **changes)
    assert post_choice(client, SITE, body, X_Country=country).status_code in (200, 201)
    return body


def test_one_choice_is_counted_by_everything_that_is_told_of_it(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    shown = (clock() - timedelta(milliseconds=4200)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    saved = {
        "action": "save",
        "categories": {"statistics": True, "marketing": False},
        "device": "phone",
        "shown_at": shown,
        "signals": {"gpc": True, "dnt": False},
    }
    choose(client, notice.digest, clock, **saved)
    there = cells()
    partly = [0, 1, 0]
    wanted = {
        (Kind.TOTAL, ""): partly,
        (Kind.HOUR, "10"): partly,
        (Kind.ACTION, "save"): partly,
        (Kind.CATEGORY, "statistics"): [1, 0, 0],
        (Kind.CATEGORY, "marketing"): [0, 0, 1],
        (Kind.COUNTRY, "PL"): partly,
        (Kind.LANGUAGE, "en"): partly,
        (Kind.DEVICE, "phone"): partly,
        (Kind.LAYER, "1"): partly,
        (Kind.REGIME, rows_regime()): partly,
        (Kind.NOTICE, str(notice.id)): partly,
        (Kind.FIRST, str(notice.id)): partly,
        (Kind.BROWSER, "other"): partly,
        (Kind.WAIT, "00004000"): partly,
        (Kind.FIRST_WAIT, f"00004000{notice.id}"): partly,
        (Kind.SIGNAL, "gpc"): partly,
    }
    assert there == {
        (span, int(kind), value): n
        for span in (20261121, 202611)
        for (kind, value), n in wanted.items()
    }


def rows_regime() -> str:
    row = rows()[-1]
    return records.Names([row]).rules[row.rule_id].regime


def test_a_repeat_and_a_test_record_count_nothing(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    body = choose(client, notice.digest, clock)
    before = cells()
    assert post_choice(client, SITE, body, X_Country="PL").status_code == 200
    test = choice_body(notice.digest, clock(), page="http://localhost/")
    reply = post_choice(client, SITE, test, Origin="http://localhost", X_Country="PL")
    assert reply.status_code == 201 and reply.get_json()["test"]
    assert cells() == before and len(rows()) == 2


def test_who_chooses_again_was_asked_again_or_changed_their_mind(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    first = make_site(app, clock())
    one = choose(client, first.digest, clock)
    clock.advance(minutes=1)
    two = choose(client, first.digest, clock, previous=one["id"])
    more = notices.publish(sites.get(SITE), BY, clock.advance(minutes=1), material=True)
    clock.advance(minutes=1)
    choose(client, more.digest, clock, previous=two["id"])
    choose(client, more.digest, clock, previous=uuid7(clock()))
    assert of(Kind.AGAIN) == {"own": 1, "asked": 1, "unknown": 1}
    assert of(Kind.FIRST) == {str(first.id): 1}


@pytest.mark.sqlite_only
def test_what_looks_odd_is_stored_flagged_and_counted_apart(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    now = clock()
    stamp = "%Y-%m-%dT%H:%M:%S.%f"
    fast = (now - timedelta(milliseconds=40)).strftime(stamp)[:-3] + "Z"
    ahead = (now + timedelta(hours=3)).strftime(stamp)[:-3] + "Z"
    choose(client, notice.digest, clock, shown_at=fast)
    choose(client, notice.digest, clock, at=ahead)
    choose(client, notice.digest, clock)
    site = sites.get(SITE)
    found = records.flags(site, [row.seq for row in rows()])
    assert list(found.values()) == [("fast",), ("clock",)]
    assert of(Kind.SUSPECT) == {"": 2, "fast": 1, "clock": 1}
    assert of(Kind.TOTAL) == {"": 1}


@pytest.mark.sqlite_only
def test_a_flood_from_one_address_is_flagged_and_a_withdrawal_in_it_is_kept(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    accepted = {"action": "accept_all", "categories": {"statistics": True, "marketing": True}}
    codes = []
    for _ in range(120):
        clock.advance(milliseconds=60)  # a thousand a minute
        body = choice_body(notice.digest, clock(), **accepted)
        codes.append(post_choice(client, SITE, body, X_Country="PL").status_code)
    assert codes.count(429) > 30 and codes.count(201) >= 60
    assert choose(client, notice.digest, clock, action="withdraw")
    assert of(Kind.SUSPECT)["burst"] > 50
    assert 10 <= of(Kind.TOTAL)[""] < 20
    flags = records.flags(sites.get(SITE), [row.seq for row in rows()])
    assert set(flags.values()) == {("burst",)}
    clock.advance(hours=1)
    choose(client, notice.digest, clock)
    assert rows()[-1].seq not in records.flags(sites.get(SITE), [rows()[-1].seq])


# -- always what the records say ---------------------------------------------------------------


@contextmanager
def failing(engine: Engine, at: int) -> Iterator[list[str]]:
    """The database goes away before statement `at`, or at that commit, once; 0 for never."""
    seen: list[str] = []

    def step(name: str) -> None:
        seen.append(name)
        if len(seen) == at:
            raise OperationalError(name, {}, Exception("gone"))

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if any(word in text for word in ("INTO record", "INTO rollup", "INTO waiting")):
            step(text)

    def commit(_connection: Any) -> None:
        step("commit")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    yield seen
    event.remove(engine, "before_cursor_execute", statement)
    event.remove(engine, "commit", commit)


class Walk:
    """Random acts on one site: choices that arrive, fail and are repeated; erasing; days that pass;
    versions that ask for more."""

    def __init__(self, app: Flask, client: FlaskClient, clock: Clock, seed: int) -> None:
        self.app, self.client, self.clock = app, client, clock
        self.random = random.Random(seed)
        self.digest = make_site(app, clock()).digest
        self.sent: list[dict[str, Any]] = []

    def go(self, steps: int) -> None:
        acts = (self.choose, self.choose, self.choose, self.lose, self.repeat, self.rest)
        for _ in range(steps):
            self.random.choice((*acts, *acts, self.erase, self.publish))()

    def body(self) -> dict[str, Any]:
        self.clock.advance(seconds=self.random.randint(1, 4000))
        states = {name: self.random.random() < 0.5 for name in ("statistics", "marketing")}
        earlier = self.random.choice(self.sent)["id"] if self.sent else ...
        wait = timedelta(milliseconds=self.random.choice((30, 900, 7000, 200_000)))
        shown = (self.clock() - wait).isoformat(timespec="milliseconds")
        return choice_body(
            self.digest,
            self.clock(),
            action="save",
            categories=states,
            shown_at=shown.replace("+00:00", "Z"),
            device=self.random.choice(("phone", "tablet", "desktop", ...)),
            signals={"gpc": self.random.random() < 0.3},
            previous=earlier if self.random.random() < 0.4 else ...,
        )

    def post(self, body: dict[str, Any]) -> int:
        """As a browser does: what a busy server did not store is sent again."""
        place = self.random.choice(PLACES)
        for _ in range(5):
            status = post_choice(self.client, SITE, body, X_Country=place).status_code
            if status != 503:
                break
        return status

    def choose(self) -> None:
        body = self.body()
        assert self.post(body) == 201
        self.sent.append(body)

    def lose(self) -> None:
        """The database goes away in the middle; the browser sends it again."""
        body = self.body()
        with failing(db.engine, self.random.randint(1, 7)):
            first = self.post(body)
        assert first in (201, 503)
        assert self.post(body) == (201 if first == 503 else 200)
        self.sent.append(body)

    def repeat(self) -> None:
        if self.sent:
            assert self.post(self.random.choice(self.sent)) in (200, 410)

    def rest(self) -> None:
        self.clock.advance(hours=self.random.randint(1, 30))

    def publish(self) -> None:
        notice = notices.publish(sites.get(SITE), BY, self.clock(), material=True)
        self.digest = notice.digest
        self.clock.advance(seconds=2)

    def erase(self) -> None:
        known = self.app.extensions["crumbtrail"].ledger
        known.tick(self.clock.advance(seconds=2))
        alive = [row for row in rows() if not row.flags & (ERASED | TEST)]
        if alive:
            one = self.random.choice(alive)
            ledger.erase(known.signer, sites.get(SITE), [one], "test", self.clock())


def check(walked: Walk) -> None:
    """The oracle: counting again changes nothing; and what is counted is what is there or gone."""
    before = cells()
    site = sites.get(SITE)
    found = rollup.rebuild(site)
    assert cells() == before and found.wrong == [], found
    months = [sum(n) for (at, kind, _), n in before.items() if at < 10**6 and kind == Kind.TOTAL]
    odd = [sum(n) for (at, k, v), n in before.items() if at < 10**6 and (k, v) == (15, "")]
    assert sum(months) + sum(odd) == len(rows()) == len(walked.sent)
    erased = sum(1 for row in rows() if row.flags & ERASED)
    gone = sum(sum(n) for (at, kind, _), n in before.items() if at > 10**6 and kind == Kind.GONE)
    assert gone == erased


@pytest.mark.parametrize("seed", [1, 2])
def test_counting_again_changes_nothing_after_random_acts(
    app: Flask, client: FlaskClient, clock: Clock, seed: int
) -> None:
    walk = Walk(app, client, clock, seed)
    walk.go(70)
    check(walk)
    assert any(row.flags & ERASED for row in rows()) and len(walk.sent) > 20


def beside(connection: Connection, jobs: Sequence[Job]) -> None:
    """The broken twin: it counts in a transaction of its own."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own:
        rollup.add(own, jobs)


@pytest.mark.postgresql_only
def test_twin_a_count_beside_the_transaction_is_caught(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    writer = app.extensions["crumbtrail"].writer

    def also(connection: Connection, jobs: Sequence[Job]) -> None:
        with app.app_context():
            beside(connection, jobs)

    writer._also = also
    walk = Walk(app, client, clock, 1)
    walk.go(70)
    with pytest.raises(AssertionError):
        check(walk)


def test_wrong_counts_are_mended_and_named(app: Flask, client: FlaskClient, clock: Clock) -> None:
    notice = make_site(app, clock())
    choose(client, notice.digest, clock)
    clock.advance(days=1)
    choose(client, notice.digest, clock)
    right = cells()
    db.session.execute(update(Cell).where(Cell.span == 20261122).values(granted=7))
    db.session.execute(delete(Cell).where(Cell.span == 202611))
    db.session.commit()
    found = rollup.rebuild(sites.get(SITE))
    assert cells() == right
    assert (found.counted, found.kept, found.wrong) == (2, 0, [20261121, 20261122])


def test_counts_outlive_records_and_cannot_be_lost_by_counting_again(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    choose(client, notice.digest, clock)
    choose(client, notice.digest, clock)
    known = app.extensions["crumbtrail"].ledger
    known.tick(clock.advance(seconds=2))
    clock.advance(days=365 * 4)
    assert retention.run(known, clock(), moved=True, overruled=True).taken == {SITE: 2}
    assert rows() == [] and of(Kind.TOTAL) == {"": 2} and of(Kind.GONE) == {"": 2}
    found = rollup.rebuild(sites.get(SITE))
    assert (found.counted, found.kept, of(Kind.TOTAL)) == (0, 1, {"": 2})


def test_what_was_stored_before_there_were_counts_is_counted_once(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    choose(client, notice.digest, clock)
    right = cells()
    db.session.execute(delete(Cell))
    db.session.add(rollup.Due(site_id=sites.get(SITE).id))
    db.session.commit()
    assert rollup.fill() == 1 and cells() == right
    assert rollup.fill() == 0 and cells() == right


def test_the_command_says_what_it_counted(app: Flask, client: FlaskClient, clock: Clock) -> None:
    notice = make_site(app, clock())
    choose(client, notice.digest, clock)
    db.session.execute(update(Cell).values(granted=7))
    db.session.commit()
    run = app.test_cli_runner()
    said = run.invoke(args=["statistics", "rebuild", SITE]).output
    assert "1 days counted, 0 kept" in said and "2026-11-21 was wrong" in said
    assert "was wrong" not in run.invoke(args=["statistics", "rebuild", SITE]).output
    assert run.invoke(args=["statistics", "rebuild", "nowhere"]).exit_code == 1


def test_counting_again_while_two_processes_store_loses_and_doubles_nothing(
    app: Flask, make_app: Callable[..., Flask], clock: Clock, settings: dict[str, str]
) -> None:
    notice = make_site(app, clock())
    digest, at, each = notice.digest, clock(), 20
    codes: list[int] = []

    def send(of: Flask) -> None:
        sender = of.test_client()
        for _ in range(each):
            body = choice_body(digest, at)
            while post_choice(sender, SITE, body, X_Country="PL").status_code not in (200, 201):
                pass
            codes.append(1)

    threads = [threading.Thread(target=send, args=(of,)) for of in (app, make_app(**settings))]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        rollup.rebuild(sites.get(SITE))
    for thread in threads:
        thread.join()
    total, suspect = of(Kind.TOTAL), of(Kind.SUSPECT)
    assert len(rows()) == 2 * each == sum(total.values()) + suspect.get("", 0)
    assert rollup.rebuild(sites.get(SITE)).wrong == []
