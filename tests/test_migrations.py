"""The migrations alone build what the code believes in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from consent.db import db, engine_options
from consent.health import newest
from tests.databases import alembic_config, migrate
from tests.prepare import ROOT


def opened(url: str) -> Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(url, **engine_options(url))


def differences(engine: Engine) -> list[object]:
    """What the models have and the database has not, or the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = list(compare_metadata(context, db.metadata))
    return found


def test_the_server_expects_the_newest_migration() -> None:
    assert newest() == ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def test_plain_alembic_builds_exactly_the_models(empty_database_url: str) -> None:
    environ = {**os.environ, "DATABASE_URL": empty_database_url, "SECRET_KEY": "not a secret"}
    program = [sys.executable, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(program, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    engine = opened(empty_database_url)
    assert differences(engine) == []
    tables = set(inspect(engine).get_table_names())
    assert tables == {*db.metadata.tables, "alembic_version"}
    engine.dispose()


def test_an_empty_database_differs(empty_database_url: str) -> None:
    engine = opened(empty_database_url)
    assert len(differences(engine)) >= len(db.metadata.tables)
    engine.dispose()


def test_upgrading_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url)
    engine = opened(empty_database_url)
    assert differences(engine) == []
    engine.dispose()


def test_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = opened(empty_database_url)
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrate(empty_database_url)
    assert differences(engine) == []
    engine.dispose()


@pytest.mark.postgresql_only
def test_a_step_may_take_longer_than_the_server_lets_a_statement(empty_database_url: str) -> None:
    engine = opened(empty_database_url)
    config = alembic_config()
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 1")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    assert differences(engine) == []
    engine.dispose()


def test_the_migrations_are_one_line() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_what_was_there_before_organisations_is_of_the_first_and_its_people_own_it(
    empty_database_url: str,
) -> None:
    revision = ScriptDirectory.from_config(alembic_config()).get_revision("0010")
    migrate(empty_database_url, str(revision.down_revision))
    engine = opened(empty_database_url)
    with engine.begin() as connection:
        for email in ("a@example.com", "b@example.com"):
            connection.exec_driver_sql(
                "INSERT INTO account (email, password_hash, created_at, password_changed_at)"
                f" VALUES ('{email}', 'x', 5, 5)"
            )
        connection.exec_driver_sql(
            "INSERT INTO trail (at, actor, verb, detail) VALUES (5, 'a@example.com', 'x', '{}')"
        )
    engine.dispose()
    migrate(empty_database_url)
    with engine.begin() as connection:
        ask = connection.exec_driver_sql
        assert ask("SELECT id, key FROM organisation").all() == [(1, "main")]
        owned = ask("SELECT user_id, organisation_id, role FROM membership ORDER BY user_id").all()
        assert owned == [(1, 1, "owner"), (2, 1, "owner")]
        assert ask("SELECT organisation_id FROM trail").all() == [(1,)]
        operators = ask("SELECT email FROM account WHERE operator").all()
        assert operators == [("a@example.com",)]
    engine.dispose()
