"""From each release that is kept in tests/releases: its database comes to today's form, and every
answer that it gave is given again, byte for byte."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from alembic import command
from flask import Flask
from sqlalchemy import inspect, text

from app import create_app
from consent import config, notices, requests, scans, sites
from consent.db import db
from consent.ledger.fsck import fsck
from tests.acts import SECRET, choice_body, post_choice
from tests.conftest import START, Clock
from tests.databases import alembic_config
from tests.prepare import ROOT

RELEASES = sorted((ROOT / "tests/releases").glob("[0-9]*"))
IDS = [one.name for one in RELEASES]


def maker() -> ModuleType:
    spec = spec_from_file_location("releases_make", ROOT / "tests/releases/make.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = maker()


def restore(release: Path, engine: str, url: str, folder: Path) -> None:
    """The dump into an empty database, the signer's memory beside it."""
    dump = (release / f"{engine}.sql").read_text("utf-8")
    if engine == "sqlite":
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(dump)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(dump.encode())
    make.keys(folder / "signer")
    with closing(sqlite3.connect(folder / "signer/state.db")) as connection:
        connection.executescript((release / f"signer-{engine}.sql").read_text("utf-8"))


@pytest.fixture(params=RELEASES, ids=IDS)
def release(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def old(
    release: Path, engine: str, empty_database_url: str, tmp_path: Path
) -> Iterator[tuple[Flask, Clock, dict[str, str]]]:
    """An app of today on the database of then, not yet migrated; and what was answered then."""
    folder = tmp_path / "instance"
    restore(release, engine, empty_database_url, folder)
    clock = Clock(START + timedelta(hours=1))
    app = create_app(config.load(make.settings(empty_database_url, folder)), clock)
    yield app, clock, json.loads((release / "answers.json").read_text("utf-8"))[engine]
    app.extensions["crumbtrail"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def answer(app: Flask, path: str) -> str:
    named = {"Authorization": f"Visitor {SECRET}"} if "/receipts/" in path else {}
    return app.test_client().get(path, headers=named).text


def same(path: str, then: str, now: str) -> bool:
    """Byte for byte; a notice may have learnt new fields, and keeps what it said."""
    if not path.endswith("/notice"):
        return then == now
    was: dict[str, Any] = json.loads(then)
    told: dict[str, Any] = json.loads(now)
    return all(told[name] == was[name] for name in ("notice", "version", "asks", "lang"))


def test_a_kept_database_comes_to_todays_form_and_answers_the_same(
    old: tuple[Flask, Clock, dict[str, str]],
) -> None:
    app, clock, answers = old
    reply = app.test_client().get("/readyz")
    assert reply.status_code == 503 and "migrations" in reply.get_json()["warnings"]
    done = app.test_cli_runner().invoke(args=["migrate"])
    assert done.exit_code == 0, done.output
    assert app.test_client().get("/readyz").status_code == 200
    assert len(answers) >= 8
    differing = [path for path, then in answers.items() if not same(path, then, answer(app, path))]
    assert differing == []
    known = app.extensions["crumbtrail"]
    with app.app_context():
        assert list(fsck(known.ledger.signer, clock())) == []
        kept = requests.get(sites.get(make.SITE), "KEPT-KEPT-KEPT")
        assert (kept.contact, kept.text) == (make.MAIL, make.TEXT)
        watch = scans.watch(sites.get(make.SITE))
        assert watch and watch.email == make.MAIL
        tables = inspect(db.engine).get_table_names()
        queries = [text(f'SELECT * FROM "{table}"') for table in tables]
        rows = [str(row) for query in queries for row in db.session.execute(query)]
        assert not [row for row in rows if make.MAIL in row or make.TEXT in row]
    # And it goes on: a choice is taken, logged and signed in the same tree.
    with app.app_context():
        notice = notices.current(sites.get(make.SITE), clock())
        assert notice
        digest = notice.digest
    body = choice_body(digest, clock())
    assert post_choice(app.test_client(), make.SITE, body).status_code == 201
    with app.app_context():
        outcome = known.ledger.tick(clock.advance(seconds=1))
        assert known.ledger.stopped is None and outcome.added >= 1
        assert list(fsck(known.ledger.signer, clock())) == []


def test_the_way_back_is_the_backup_and_a_downgrade_says_so(
    old: tuple[Flask, Clock, dict[str, str]],
) -> None:
    app, _, _ = old
    assert app.test_cli_runner().invoke(args=["migrate"]).exit_code == 0
    settings = alembic_config()
    with app.app_context(), pytest.raises(RuntimeError, match=r"docs/upgrading\.md"):
        with db.engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.downgrade(settings, "0009")


def test_a_row_of_a_kept_database_that_was_changed_is_noticed(
    old: tuple[Flask, Clock, dict[str, str]],
) -> None:
    """The twin: the comparison above can fail."""
    app, clock, answers = old
    assert app.test_cli_runner().invoke(args=["migrate"]).exit_code == 0
    with app.app_context():
        db.session.execute(text("UPDATE record SET categories = 1 - categories"))
        db.session.commit()
        assert list(fsck(app.extensions["crumbtrail"].ledger.signer, clock()))
    assert any(not same(path, then, answer(app, path)) for path, then in answers.items())


def test_a_release_is_kept_for_each_engine() -> None:
    assert RELEASES
    for one in RELEASES:
        assert {file.name for file in one.iterdir()} == {
            "answers.json",
            "postgresql.sql",
            "signer-postgresql.sql",
            "signer-sqlite.sql",
            "sqlite.sql",
        }
