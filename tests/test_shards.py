"""Sites in several databases: where a request goes, and a move while visitors go on choosing."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, text
from werkzeug.test import Client, TestResponse

from app import create_app, engine
from consent import config, ledger, sites, stage, tokens, trail, users
from consent.cli import prepare
from consent.db import db
from consent.errors import Conflict
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head
from consent.ledger.tree import Tree
from consent.notices import Notice
from consent.records import held
from consent.records.rows import TEST, Row
from consent.schemas import uuid_bytes
from consent.shards import Directory, Front, copying, marks
from consent.shards import moving as moving_
from consent.shards.copying import count, moving
from consent.shards.fence import MOVER, Misplaced, settle
from consent.shards.front import site_of
from consent.shards.marks import Unmovable
from consent.shards.moving import CHUNK
from consent.shards.tables import GOES, columns, of_site, undecided
from consent.sites import Site
from consent.stage import Stage
from consent.tlog import checkpoint, merkle, note
from consent.verify.keys import Keys, parse_lines
from consent.verify.receipt import prove
from tests.acts import SECRET, choice_body, code_of, make_site, post_choice
from tests.conftest import Clock
from tests.databases import Databases, PostgresqlDatabases, lent
from tests.faults import mover
from tests.faults.mover import STEPS
from tests.faults.sizes import size
from tests.postgres import cluster

pytestmark = pytest.mark.postgresql_only
KEY = "example.com"
PATIENCE = 300.0
NUMBERS = itertools.count(1)
NUMBER = 0  # of no site


class Crash(BaseException):
    """The mover's process ends here."""


class Fleet:
    """Two databases behind one front, with two web processes' worth of apps where wanted."""

    def __init__(self, values: dict[str, str], clock: Clock) -> None:
        self.values, self.clock = values, clock
        home = create_app(config.load(values), clock)
        self.apps: dict[str, Flask] = home.extensions["crumbtrail"].fleet()
        self.home = home

    def front(self) -> Client:
        directory = Directory(engine(self.home))
        apps = {name: app.wsgi_app for name, app in self.apps.items()}
        return Client(Front(apps, directory, "localhost:8000"), TestResponse)  # type: ignore[arg-type]

    def settle(self) -> None:
        with self.home.app_context():
            prepare()

    def move(self, key: str, to: str, told: Callable[[str], None] = lambda _: None) -> None:
        mover.move(self.home, self.clock, key, to, told)

    def crash(self, key: str, to: str, step: str) -> None:
        def told(now: str) -> None:
            if now == step:
                raise Crash

        with pytest.raises(Crash):
            self.move(key, to, told)

    def where(self, key: str) -> str:
        return Directory(engine(self.home)).look(key) or "nowhere"

    def tick(self) -> None:
        for app in self.apps.values():
            with app.app_context():
                app.extensions["crumbtrail"].ledger.tick(self.clock.advance(seconds=1))

    def check(self) -> list[str]:
        """What fsck says of each database."""
        found = []
        for name, app in self.apps.items():
            with app.app_context():
                known = app.extensions["crumbtrail"]
                found += [f"{name}: {why}" for why in fsck(known.ledger.signer, self.clock())]
        return found


@pytest.fixture(scope="module")
def fleet(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Each test makes sites of its own in it, and leaves a log that is whole."""
    with afloat(databases, tmp_path_factory.mktemp("instance")) as made:
        yield made


@contextlib.contextmanager
def afloat(databases: Databases, folder: Path) -> Iterator[Fleet]:
    """Two databases, each of a PostgreSQL of its own."""
    with lent(databases) as url, cluster() as other, lent(PostgresqlDatabases(other)) as two:
        values = {
            "DATABASE_URL": url,
            "SHARDS": f"two={two}",
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": "not a secret",
            "RATE_CLIENT": "0",
        }
        clock = Clock()
        made = Fleet(values, clock)
        made.settle()
        yield made
        for app in made.apps.values():
            app.extensions["crumbtrail"].close()
            with app.app_context():
                db.session.remove()
                for one in db.engines.values():
                    one.dispose()


class Visitors:
    """They choose at a site, and keep every answer."""

    def __init__(self, client: Client, notice: Notice, clock: Clock, key: str) -> None:
        self.client, self.digest, self.clock, self.key = client, notice.digest, clock, key
        self.answered: list[tuple[dict[str, Any], bytes]] = []
        self.refused: list[dict[str, Any]] = []

    def choose(self, client: Client | None = None) -> TestResponse:
        body = choice_body(self.digest, self.clock.advance(milliseconds=10))
        reply = post_choice(client or self.client, self.key, body)  # type: ignore[arg-type]
        if reply.status_code == 201:
            self.answered.append((body, reply.data))
        else:
            code = code_of(reply)  # busy: what a killed mover had locked is not free at once
            assert reply.status_code == 503 and code in ("moved", "busy"), reply.text
            assert reply.headers["Retry-After"]
            self.refused.append(body)
        return reply

    def served(self) -> None:
        """Wait until a choice is taken."""
        end = time.monotonic() + PATIENCE
        while self.choose().status_code != 201:
            assert time.monotonic() < end, "no choice is taken"
            time.sleep(0.1)

    def missing(self) -> list[str]:
        """What was acknowledged and is not answered the same again."""
        found = []
        for body, first in self.answered:
            again = post_choice(self.client, self.key, body)  # type: ignore[arg-type]
            if (again.status_code, again.data) != (200, first):
                found.append(f"{body['id']}: {again.status_code} {again.text}")
        return found

    def receipt(self, number: int = 0) -> dict[str, Any]:
        path = json.loads(self.answered[number][1])["receipt"]
        got = self.client.get(path, headers={"Authorization": f"Visitor {SECRET}"})
        found: dict[str, Any] = got.get_json()
        return found

    def note(self, path: str | None = None) -> str:
        return str(self.client.get(path or f"/log/{self.key}/checkpoint").text)


def rows(app: Flask, key: str) -> dict[str, int]:
    """How many rows of the site each table has."""
    with app.app_context(), moving(db.engine) as raw:
        number = raw.execute("SELECT id FROM site WHERE key = %s", (key,)).fetchone()
        wanted = {t: of_site(t, key, number[0] if number else NUMBER) for t in GOES}
        found = {table: count(raw, table, where) for table, where in wanted.items()}
    return {table: many for table, many in found.items() if many}


def records(fleet: Fleet, key: str) -> dict[str, int]:
    found = {}
    for name, app in fleet.apps.items():
        with app.app_context():
            mine = select(func.count()).select_from(Row).join(Site, Site.id == Row.site_id)
            found[name] = db.session.scalar(mine.where(Site.key == key)) or 0
            db.session.remove()
    return found


@pytest.fixture
def visitors(fleet: Fleet) -> Visitors:
    return arrived(fleet)


def arrived(fleet: Fleet) -> Visitors:
    """At a new site with a published log and a few choices in it, in the first database."""
    key = f"site{next(NUMBERS)}.example"
    notice = make_site(fleet.home, fleet.clock(), key, publish_log=True)
    made = Visitors(fleet.front(), notice, fleet.clock, key)
    for _ in range(5):
        made.choose()
    fleet.tick()
    return made


def test_every_table_is_decided() -> None:
    assert undecided() == set()


def test_a_table_that_nobody_decided_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(GOES, "record")
    assert undecided() == {"record"}


def test_a_site_goes_with_all_its_rows_and_leaves_none(fleet: Fleet, visitors: Visitors) -> None:
    before = rows(fleet.home, visitors.key)
    assert before["record"] == 5 and before["trail"] > 3
    fleet.move(visitors.key, "two")
    after = rows(fleet.apps["two"], visitors.key)
    assert after == before | {"trail": before["trail"] + 1}
    assert rows(fleet.home, visitors.key) == {}
    assert visitors.missing() == [] and visitors.choose().status_code == 201
    assert records(fleet, visitors.key) == {"home": 0, "two": 6}


def test_the_log_stays_one_log_and_old_receipts_go_on_verifying(
    fleet: Fleet, visitors: Visitors
) -> None:
    old, before = visitors.receipt(), visitors.note()
    fleet.move(visitors.key, "two")
    visitors.choose()
    fleet.tick()
    after = visitors.note()
    was, now = (checkpoint.parse(note.parse(one)[0]) for one in (before, after))
    assert now.origin == was.origin and now.size > was.size
    with fleet.apps["two"].app_context():
        head = db.session.scalars(select(Head).where(Head.site == visitors.key)).one()
        steps = Tree(db.session(), head.id).consistency(was.size, now.size)
        db.session.remove()
    merkle.verify_consistency(was.size, now.size, was.root, now.root, steps)
    keys = parse_lines(visitors.client.get("/log/vkeys").text)
    for receipt in (old, visitors.receipt(), visitors.receipt(-1)):
        assert prove(receipt, Keys(), keys).head.origin == was.origin
    assert prove(visitors.receipt(), Keys(), keys).above.origin.endswith("/shards/two/log")
    asked = visitors.client.post("/log/check", data=before)
    assert asked.get_json()["agrees"] is True
    top = checkpoint.parse(note.parse(visitors.note("/shards/two/log/checkpoint"))[0])
    assert top.origin.endswith("/shards/two/log") and top.size > 0
    assert fleet.check() == []


@pytest.mark.parametrize("step", STEPS)
def test_a_mover_that_dies_at_a_step_is_run_again(
    fleet: Fleet, visitors: Visitors, step: str
) -> None:
    fleet.crash(visitors.key, "two", step)
    visitors.choose()
    fleet.move(visitors.key, "two")
    assert visitors.choose().status_code == 201
    assert visitors.missing() == []
    stored = len(visitors.answered)
    assert (
        records(fleet, visitors.key) == {"home": 0, "two": stored}
        and rows(fleet.home, visitors.key) == {}
    )
    fleet.tick()
    assert fleet.check() == []


@pytest.mark.parametrize("step", STEPS[: STEPS.index("switched")])
def test_until_it_is_switched_a_move_can_be_taken_back(
    fleet: Fleet, visitors: Visitors, step: str
) -> None:
    fleet.crash(visitors.key, "two", step)
    fleet.move(visitors.key, "home")
    assert visitors.choose().status_code == 201
    assert visitors.missing() == []
    assert records(fleet, visitors.key) == {"home": len(visitors.answered), "two": 0}
    assert rows(fleet.apps["two"], visitors.key) == {}
    fleet.tick()
    assert fleet.check() == []
    fleet.move(visitors.key, "two")
    assert visitors.missing() == []


@pytest.fixture(scope="module")
def said(fleet: Fleet) -> Counter[str]:
    """How much a mover says to the databases within each step; the first one that ever comes to a
    database says more."""
    fleet.move(arrived(fleet).key, "two")
    key = arrived(fleet).key
    counts = mover.killed(fleet.values, fleet.clock, key, "two", "none", 0)
    assert counts is not None and set(counts) == set(mover.ALL), counts
    return counts


@pytest.mark.parametrize("goes", ["on", "back"])
@pytest.mark.parametrize("step", mover.ALL)
def test_a_mover_that_is_killed_within_a_step_loses_and_doubles_nothing(
    fleet: Fleet, said: Counter[str], step: str, goes: str
) -> None:
    """Run again it goes on; until it was switched it can be taken back instead."""
    for _ in range(size("movers")):
        visitors, at = arrived(fleet), random.randrange(said[step])
        print(f"{step}: {at} of {said[step]}")
        assert mover.killed(fleet.values, fleet.clock, visitors.key, "two", step, at) is None
        visitors.choose()
        fleet.move(visitors.key, "two" if goes == "on" else "home")
        visitors.served()
        assert visitors.missing() == []
        everything = {"home": 0, "two": 0, fleet.where(visitors.key): len(visitors.answered)}
        assert records(fleet, visitors.key) == everything
        fleet.tick()
    assert fleet.check() == []


def test_a_large_site_is_copied_in_chunks_and_none_twice(
    fleet: Fleet, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mover that ends after its first chunk goes on with the second."""
    many, copied = size("rows"), []
    grown(fleet.home, visitors.key, many)

    def copy(*words: Any) -> int:
        count = asked(*words)
        if words[2] == "record":
            copied.append(count)
            if len(copied) == 2:
                raise Crash
        return count

    asked = moving_.copy
    monkeypatch.setattr(moving_, "copy", copy)
    with pytest.raises(Crash):
        fleet.move(visitors.key, "two")
    fleet.move(visitors.key, "two")
    assert copied[0] == CHUNK and max(copied) <= CHUNK
    assert sum(copied) - copied[1] == many + 5
    assert records(fleet, visitors.key) == {"home": 0, "two": many + 5}
    assert visitors.missing() == []
    fleet.tick()
    assert fleet.check() == []


STATISTICS = {
    "of other sites alone": "SELECT 1",
    "missing": "DELETE FROM pg_statistic WHERE starelid = 'record'::regclass",
}


@pytest.fixture(params=STATISTICS)
def unknown(fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[Visitors]:
    """At a site of a few thousand records of which the statistics know nothing."""

    def told(*statements: str) -> None:
        with fleet.home.app_context(), moving(db.engine) as raw:
            raw.execute("SET LOCAL lock_timeout = 0")  # an autovacuum may be at it
            for statement in statements:
                raw.execute(statement.encode())

    arrived(fleet)
    alone = "ALTER TABLE record SET (autovacuum_enabled = off)"
    told(alone, "ANALYZE record", STATISTICS[request.param])
    visitors = arrived(fleet)
    grown(fleet.home, visitors.key, 3000)
    yield visitors
    told("ALTER TABLE record RESET (autovacuum_enabled)")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How PostgreSQL goes about what the mover reads and deletes of records."""
    execute, copy, found = psycopg.Connection.execute, psycopg.Cursor.copy, list[dict[str, Any]]()

    def explain(raw: Any, said: Any, *words: Any) -> None:
        told = said if isinstance(said, str) else said.as_string(raw)
        told = told.removeprefix("COPY (").removesuffix(") TO STDOUT (FORMAT BINARY)")
        if re.match(r'(SELECT|DELETE) .*FROM "?record"? ', told):
            [[[plan]]] = execute(raw, f"EXPLAIN (FORMAT JSON) {told}", *words)
            found.append(plan["Plan"])

    def executed(raw: Any, said: Any, *words: Any) -> Any:
        explain(raw, said, *words)
        return execute(raw, said, *words)

    def copied(cursor: Any, said: Any) -> Any:
        explain(cursor.connection, said)
        return copy(cursor, said)

    monkeypatch.setattr(psycopg.Connection, "execute", executed)
    monkeypatch.setattr(psycopg.Cursor, "copy", copied)
    return found


def wasteful(plan: dict[str, Any]) -> bool:
    """Whether it goes through the records for each of them, or sorts what has an index."""
    nodes = [plan]
    for node in nodes:
        nodes += node.get("Plans", ())
    kinds = {node["Node Type"] for node in nodes}
    reads = [node for node in nodes if "Scan" in node["Node Type"] and "Relation Name" in node]
    return len(reads) > 1 or bool(kinds & {"Nested Loop", "Sort"})


def test_a_move_goes_straight_through_the_records_whatever_the_statistics_say(
    fleet: Fleet, unknown: Visitors, plans: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving_, "CHUNK", 1000)
    fleet.move(unknown.key, "two")
    assert {plan["Node Type"] for plan in plans} >= {"ModifyTable", "Limit", "Hash Join"}
    assert not [plan for plan in plans if wasteful(plan)]
    assert records(fleet, unknown.key) == {"home": 0, "two": 3005}


def test_twin_a_move_that_the_planner_is_left_alone_with_is_found_out(
    fleet: Fleet, unknown: Visitors, plans: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "THROUGH", f"SET LOCAL {MOVER} = 'on'")
    fleet.move(unknown.key, "two")
    assert any(wasteful(plan) for plan in plans)


def grown(app: Flask, key: str, many: int) -> None:
    """So many more records of test origins, which are in no log: copies of the site's last one."""
    told = {"seq": "seq - n", "id": "gen_random_uuid()", "flags": f"flags | {TEST}"}
    names = columns("record")
    sent = ", ".join(told.get(name, name) for name in names)
    with app.app_context(), moving(db.engine) as raw:
        raw.execute(
            f"INSERT INTO record ({', '.join(names)}) SELECT {sent} FROM"  # type: ignore[arg-type]
            " (SELECT r.* FROM record r JOIN site s ON s.id = r.site_id WHERE s.key = %s"
            " ORDER BY seq LIMIT 1) one, generate_series(1, %s) n",
            (key, many),
        )


def test_two_do_not_move_a_site_at_once(
    fleet: Fleet, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "ALONE_MS", 1)
    refused = []

    def told(step: str) -> None:
        with pytest.raises(Unmovable, match="is being moved right now") as why:
            fleet.move(visitors.key, "home")
        refused.append(str(why.value))

    fleet.move(visitors.key, "two", told)
    assert len(refused) == len(mover.ALL)
    assert visitors.missing() == [] and records(fleet, visitors.key) == {"home": 0, "two": 5}


def test_twin_without_the_lock_a_second_mover_loses_choices(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOVING", "SELECT %s::text IS NOT NULL")
    with afloat(databases, tmp_path) as fleet:  # what is lost stays lost
        visitors = arrived(fleet)

        def told(step: str) -> None:
            if step == "copied":
                fleet.move(visitors.key, "home")

        with contextlib.suppress(Unmovable):
            fleet.move(visitors.key, "two", told)
        assert records(fleet, visitors.key) != {"home": 0, "two": 5}
        fleet.tick()
        assert fleet.check() != []


def test_choices_and_erasures_between_the_steps_are_there_once(
    fleet: Fleet, visitors: Visitors
) -> None:
    """At each step somebody chooses, through a process that has an old directory too."""
    stale = fleet.home.test_client()
    erased = visitors.answered[0]

    def told(step: str) -> None:
        visitors.choose()
        visitors.choose(stale)
        if step == "copied":
            with fleet.home.app_context():
                known = fleet.home.extensions["crumbtrail"]
                site = sites.get(visitors.key)
                row = held(site.id, uuid_bytes(erased[0]["id"]))
                assert row is not None
                ledger.erase(known.ledger.signer, site, [row], "test", fleet.clock())

    fleet.move(visitors.key, "two", told)
    assert visitors.refused, "nobody came while it was closed"
    gone = post_choice(visitors.client, visitors.key, erased[0])  # type: ignore[arg-type]
    assert (gone.status_code, code_of(gone)) == (410, "erased")
    visitors.answered.remove(erased)
    assert visitors.missing() == []
    assert records(fleet, visitors.key) == {"home": 0, "two": len(visitors.answered) + 1}
    for body in visitors.refused:
        assert post_choice(visitors.client, visitors.key, body).status_code == 201  # type: ignore[arg-type]
    fleet.tick()
    assert fleet.check() == []


def test_without_the_fence_a_choice_is_lost(fleet: Fleet, visitors: Visitors) -> None:
    """The broken twin: what the fence is for, and that `missing` sees it."""
    with fleet.home.app_context(), moving(db.engine) as raw:
        for table in GOES.keys() | {"waiting"}:
            raw.execute(f"DROP TRIGGER shard_fence ON {table}")  # type: ignore[arg-type]
    stale = fleet.home.test_client()

    def told(step: str) -> None:
        if step == "switched":
            assert visitors.choose(stale).status_code == 201

    fleet.move(visitors.key, "two", told)
    visitors.client = fleet.front()  # which knows where the site is: nothing else holds it back
    lost = visitors.missing()
    fleet.settle()
    assert len(lost) == 1, lost


def test_a_site_comes_home_again_and_order_stays_that_of_time(
    fleet: Fleet, visitors: Visitors
) -> None:
    for to in ("two", "home", "two", "home"):
        fleet.move(visitors.key, to)
        assert visitors.choose().status_code == 201
        fleet.tick()
    assert visitors.missing() == [] and records(fleet, visitors.key) == {"home": 9, "two": 0}
    with fleet.home.app_context():
        lines = trail.entries(visitors.key)
        assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
        moves = [line.detail["to"] for line in lines if line.verb == "shard.move"]
        db.session.remove()
    assert moves == ["home", "two", "home", "two"]
    assert fleet.check() == []


def test_other_sites_are_not_touched(fleet: Fleet, visitors: Visitors) -> None:
    notice = make_site(fleet.home, fleet.clock(), "other.example")
    others = Visitors(visitors.client, notice, fleet.clock, "other.example")
    others.choose()
    before = rows(fleet.home, "other.example")

    def told(_step: str) -> None:
        assert others.choose().status_code == 201

    fleet.move(visitors.key, "two", told)
    assert others.missing() == []
    after = rows(fleet.home, "other.example")
    assert after["record"] == len(others.answered) and after["notice"] == before["notice"]
    assert rows(fleet.apps["two"], "other.example") == {}


def test_numbers_given_in_two_databases_never_meet(fleet: Fleet, visitors: Visitors) -> None:
    fleet.move(visitors.key, "two")
    arrived(fleet)
    visitors.choose()
    numbers: dict[str, set[int]] = {}
    for name, app in fleet.apps.items():
        with app.app_context():
            last = db.session.execute(
                text(
                    "SELECT increment_by, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
                )
            ).all()
            assert {step for step, _ in last} == {32}
            numbers[name] = {value % 32 for _, value in last}
            db.session.remove()
    assert numbers["home"] == {0} and numbers["two"] == {1}


def test_a_key_made_at_home_opens_a_site_that_moved_until_it_is_revoked(
    fleet: Fleet, visitors: Visitors
) -> None:
    with fleet.home.app_context():
        key = users.create_key(
            "an auditor", [visitors.key], fleet.clock() + timedelta(days=9), "test", fleet.clock()
        )
    fleet.move(visitors.key, "two")
    path, named = f"/v1/audit/{visitors.key}/records", {"Authorization": f"Bearer {key}"}
    read = visitors.client.get(path, headers=named)
    assert read.status_code == 200 and len(read.get_json()["records"]) == 5
    with fleet.home.app_context():
        users.revoke_key(key.split("_")[1], "test", fleet.clock())
    assert visitors.client.get(path, headers=named).status_code == 401


def test_a_stage_of_a_site_that_moved_is_shown(fleet: Fleet, visitors: Visitors) -> None:
    fleet.move(visitors.key, "two")
    told, at = Stage(visitors.key, language="en"), fleet.clock().timestamp()
    address = f"/stage/{stage.sealed(told, fleet.values['SECRET_KEY'], at)}"
    assert visitors.client.get(f"{address}/").status_code == 200
    script = visitors.client.get(f"{address}/v1/{visitors.key}/consent.js")
    assert script.status_code == 200 and '"version":2' in script.text
    other = stage.sealed(told, "another key", at)
    assert visitors.client.get(f"/stage/{other}/").status_code == 404


@pytest.fixture(scope="module")
def owner(fleet: Fleet) -> dict[str, str]:
    """What names an owner's program."""
    with fleet.home.app_context():
        at = fleet.clock()
        user, _ = users.add_user("o@example.com", "a long password of olga", "test", at)
        ends = at + timedelta(days=9)
        made = tokens.create_token(user, users.seats(user)[0], "owner", "T", ends, "o", at)
    return {"Authorization": f"Bearer {made}"}


def test_a_site_like_one_that_moved_is_made_at_home(
    fleet: Fleet, visitors: Visitors, owner: dict[str, str]
) -> None:
    fleet.move(visitors.key, "two")
    path, key = f"/v1/admin/sites/{visitors.key}/copy", f"like.{visitors.key}"
    body = {"key": key, "name": "Like it", "origins": [f"https://{key}"]}
    made = visitors.client.post(path, json=body, headers=owner)
    assert made.status_code == 201 and made.get_json()["key"] == key, made.text
    assert fleet.where(key) == "home" and rows(fleet.home, key)["site"] == 1
    assert visitors.client.get(f"/v1/admin/sites/{key}", headers=owner).status_code == 200
    for taken in (key, visitors.key):
        again = visitors.client.post(path, json=body | {"key": taken}, headers=owner)
        assert (again.status_code, code_of(again)) == (409, "site_exists")


def test_no_second_site_of_the_same_key_is_made(fleet: Fleet, visitors: Visitors) -> None:
    fleet.move(visitors.key, "two")
    with pytest.raises(Conflict) as refused:
        make_site(fleet.home, fleet.clock(), visitors.key)
    assert refused.value.code == "site_exists"


def test_what_is_not_there_cannot_be_moved(fleet: Fleet, visitors: Visitors) -> None:
    with pytest.raises(Unmovable, match="There is no site 'nothing'"):
        fleet.move("nothing", "two")
    assert visitors.choose().status_code == 201


def test_while_home_is_away_the_last_directory_holds(fleet: Fleet, visitors: Visitors) -> None:
    fleet.move(visitors.key, "two")
    now = [0.0]
    directory = Directory(engine(fleet.home), lambda: now[0])
    never = Directory(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), lambda: now[0])
    assert directory.where(visitors.key) == "two" and directory.where("other.example") == "home"
    directory._home = never._home
    now[0] = 5.0
    assert directory.where(visitors.key) == "two" and directory.look(visitors.key) == "two"
    assert never.where(visitors.key) is None
    answer = Client(Front({}, never, "localhost"), TestResponse).get(f"/v1/{visitors.key}/notice")  # type: ignore[arg-type]
    assert answer.status_code == 503 and code_of(answer) == "busy"


def test_a_database_that_is_another_than_its_name_says_is_refused(fleet: Fleet) -> None:
    home, two = (engine(app) for app in fleet.apps.values())
    with pytest.raises(Misplaced, match="calls two is the one of home"):
        settle(home, {"two": home})
    with pytest.raises(Misplaced):
        settle(two, {"two": home})
    settle(home, {"two": two})


@pytest.mark.parametrize(
    ("path", "site"),
    [
        ("/v1/example.com/consents", KEY),
        ("/v1/audit/example.com/records", KEY),
        ("/v1/admin/sites/example.com", KEY),
        ("/v1/admin/sites/example.com/file", KEY),
        ("/admin/sites/example.com/records/", KEY),
        ("/log/example.com/checkpoint", KEY),
        ("/log/example.com/tile/0/000", KEY),
        ("/demo/example.com/", KEY),
        (f"/stage/{stage.sealed(Stage(KEY), 'a key', 0)}/v1/x/consent.js", KEY),
        (f"/stage/{base64.urlsafe_b64encode(b'[' * 60_000).decode()}.x/", None),
        ("/stage/e30.x/", None),
        ("/stage/_/", None),
        ("/log/checkpoint", None),
        ("/log/tile/entries/000", None),
        ("/v1/admin/sites", None),
        ("/v1/admin/keys", None),
        ("/admin/sites/new", None),
        ("/admin/", None),
        ("/healthz", None),
        ("/", None),
    ],
)
def test_which_site_an_address_is_about(path: str, site: str | None) -> None:
    assert site_of(path) == site
