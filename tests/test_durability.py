"""What was answered 201 is there when the server is stopped, and a commit is synced.

Kills, power cuts and the rest: tests/faults.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

import consent.db
from tests.faults.load import Load, grown, post
from tests.server import Server


def test_a_stopped_server_writes_what_it_has_taken(make_server: Callable[..., Server]) -> None:
    server = make_server()
    load = Load(server)
    grown(load, 20)
    code = server.stop()
    load.end()
    assert code == 0
    server.start()
    assert load.answered
    assert [post(server, body).status for body, _ in load.answered] == [200] * len(load.answered)


@pytest.mark.sqlite_only
def test_a_commit_of_the_writer_is_synced(app: Flask) -> None:
    with app.extensions["crumbtrail"].engine().connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert found == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


def test_an_sqlite_whose_wal_cannot_be_trusted_is_used_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent.db, "WAL_RESET_FIXED", (99, 0, 0))
    url = f"sqlite:///{tmp_path}/db"
    engine = create_engine(url, **consent.db.engine_options(url))
    with engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "journal_mode")
        ]
    engine.dispose()
    assert found == [3, "delete"]
