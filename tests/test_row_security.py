"""The third wall between organisations: what PostgreSQL itself shows to plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import ProgrammingError

from consent import organisations, row_security, tenancy
from consent.backup import database
from consent.db import db, engine_options
from tests.conftest import Clock
from tests.databases import PostgresqlDatabases, migrate
from tests.routes import MINE, THEIRS, build

pytestmark = pytest.mark.postgresql_only
KEYS = "SELECT key FROM site ORDER BY key"


def sql(statement: str) -> list[Any]:
    """Plain SQL on the session's connection, past the wall in the session."""
    answer = db.session.connection().exec_driver_sql(statement)
    return list(answer.scalars()) if answer.returns_rows else [answer.rowcount]


@pytest.fixture
def two(app: Flask, clock: Clock) -> Iterator[int]:
    """Two organisations; the number of the first. No transaction is open."""
    build(app, clock())
    db.session.remove()
    yield organisations.main().id
    db.session.rollback()


def test_A06_plain_sql_within_an_organisation_sees_its_rows_alone(two: int) -> None:
    """The twin is the same statement with the wall open."""
    other = organisations.get("other").id
    counted = [f"SELECT count(*) FROM {table}" for table in sorted(tenancy.owned())]
    whole = [sql(one)[0] for one in counted]
    with tenancy.within(two):
        assert sql(KEYS) == [MINE]
        mine = [sql(one)[0] for one in counted]
    with tenancy.within(other):
        assert sql(KEYS) == [THEIRS]
        theirs = [sql(one)[0] for one in counted]
    with tenancy.within(0):
        assert sql(KEYS) == [] and {sql(one)[0] for one in counted} == {0}
    assert sql(KEYS) == sorted([MINE, THEIRS])
    assert [a + b for a, b in zip(mine, theirs, strict=True)] == whole
    assert sum(1 for one in theirs if one) > 15


def test_A06_plain_sql_makes_changes_and_deletes_nothing_of_the_others(two: int) -> None:
    [there] = sql(f"SELECT id FROM site WHERE key = '{THEIRS}'")
    known = sql(f"SELECT count(*) FROM tracker WHERE site_id = {there}")
    with tenancy.within(two):
        assert sql(f"UPDATE site SET name = 'x' WHERE key = '{THEIRS}'") == [0]
        assert sql(f"DELETE FROM tracker WHERE site_id = {there}") == [0]
        with pytest.raises(ProgrammingError, match="row-level security"), db.session.begin_nested():
            sql(f"INSERT INTO news_quiet (site_id) VALUES ({there})")
        with pytest.raises(ProgrammingError, match="row-level security"), db.session.begin_nested():
            sql(f"UPDATE tracker SET site_id = {there}")
        assert sql(KEYS) == [MINE]
    assert sql(f"SELECT count(*) FROM tracker WHERE site_id = {there}") == known != [0]


def test_A06_the_role_sees_nothing_where_nobody_says_which_organisation(two: int) -> None:
    """The twin is a table whose policy was forgotten, which the operator is told of."""
    role = "SELECT set_config('role', session_user || '_tenant', true)"
    with db.engine.connect() as own:
        own.exec_driver_sql(role)
        for table in sorted(tenancy.owned()):
            assert own.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0, table
        own.rollback()
        assert row_security.problem(own) is None
        own.exec_driver_sql("ALTER TABLE site DISABLE ROW LEVEL SECURITY")
        assert "migrate" in str(row_security.problem(own))
        own.exec_driver_sql(role)
        assert list(own.exec_driver_sql(KEYS).scalars()) == sorted([MINE, THEIRS])


def test_every_table_that_knows_whose_a_row_is_has_its_policy(two: int) -> None:
    """A migration that makes such a table gives it one, as 0022 does."""
    assert set(sql("SELECT tablename FROM pg_policies")) == set(tenancy.owned())


def test_the_wall_follows_transactions_savepoints_and_statements_of_all(two: int) -> None:
    with tenancy.within(two):
        assert sql(KEYS) == [MINE]
        db.session.commit()
        assert sql(KEYS) == [MINE]
        with tenancy.within(None):
            nested = db.session.begin_nested()
            assert len(sql(KEYS)) == 2
            nested.rollback()
        assert sql(KEYS) == [MINE]
        told = db.session.connection().exec_driver_sql(
            KEYS, execution_options={tenancy.EVERY: True}
        )
        assert len(list(told.scalars())) == 2
        db.session.rollback()
        with db.engine.connect() as own:  # whatever connection it comes by
            assert list(own.exec_driver_sql(KEYS).scalars()) == [MINE]
    nested = db.session.begin_nested()
    with tenancy.within(two):
        assert sql(KEYS) == [MINE]
    nested.rollback()
    assert len(sql(KEYS)) == 2


def test_a_page_that_asks_in_plain_sql_shows_nothing_of_the_others(
    app: Flask, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    owner = build(app, clock()).signed_in("first@example.com")
    asked = lambda: " ".join(sql("SELECT number FROM request"))  # noqa: E731
    monkeypatch.setitem(app.view_functions, "admin.keys.every", asked)
    page = owner.client.get("/admin/keys/").text
    assert "number-of-main" in page and "number-of-other" not in page


# -- what an operator has to do ----------------------------------------------------------------


@pytest.fixture
def plain(databases: PostgresqlDatabases) -> Iterator[Callable[..., str]]:
    """`plain()`: an empty database of a user who may do nothing but own it."""
    run, made = databases.cluster.run, []
    run("CREATE ROLE plain LOGIN")

    def make(name: str) -> str:
        run(f"CREATE DATABASE {name} OWNER plain")
        made.append(name)
        return databases.cluster.url(name).replace(databases.cluster.user, "plain", 1)

    yield make
    for name in made:
        databases.drop(name)
    run("DROP ROLE IF EXISTS plain_tenant")
    run("DROP ROLE plain")


def test_without_the_role_it_runs_and_says_what_a_superuser_does_once(
    plain: Callable[..., str],
    databases: PostgresqlDatabases,
    make_app: Callable[..., Flask],
    clock: Clock,
) -> None:
    url = plain("plain_one")
    migrate(url)
    app = make_app(DATABASE_URL=url)
    told = app.test_client().get("/readyz").get_json()
    assert told["status"] == "ready"
    said = told["warnings"]["row_security"]
    assert 'CREATE ROLE "plain_tenant" NOLOGIN; GRANT "plain_tenant" TO' in said
    with app.app_context():
        owner = build(app, clock()).signed_in("first@example.com")
        assert owner.client.get("/admin/trail").status_code == 200
    databases.cluster.run("CREATE ROLE plain_tenant NOLOGIN")
    databases.cluster.run("GRANT plain_tenant TO plain")
    migrate(url)  # what every start does
    again = make_app(DATABASE_URL=url)
    assert "row_security" not in again.test_client().get("/readyz").get_json()["warnings"]
    with again.app_context(), tenancy.within(organisations.main().id):
        assert sql(KEYS) == [MINE]


def test_a_copy_by_the_owner_is_whole_and_its_wall_stands_after_the_next_start(
    plain: Callable[..., str],
    databases: PostgresqlDatabases,
    make_app: Callable[..., Flask],
    clock: Clock,
    tmp_path: Path,
) -> None:
    databases.cluster.run("CREATE ROLE plain_tenant NOLOGIN")
    databases.cluster.run("GRANT plain_tenant TO plain")
    first, second = plain("plain_one"), plain("plain_two")
    migrate(first)
    app = make_app(DATABASE_URL=first)
    with app.app_context():
        build(app, clock())
        kept = sql("SELECT count(*) FROM trail")
        db.session.remove()
    database.copy(psycopg_url(first), tmp_path)
    database.put(psycopg_url(second), tmp_path, clock(), force=False)
    migrate(second)
    opened = create_engine(psycopg_url(second), **engine_options(second))
    with opened.connect() as there:
        assert [there.exec_driver_sql("SELECT count(*) FROM trail").scalar()] == kept
        assert row_security.problem(there) is None
        assert set(inspect(there).get_table_names()) > set(tenancy.owned())
    opened.dispose()


def psycopg_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
