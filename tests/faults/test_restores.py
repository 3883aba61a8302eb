"""An older backup is put in the place of the database: nothing is signed, no choice is taken."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from consent.admin.show import page_parts
from consent.chores import attempt
from consent.db import db, sqlite_build
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head
from tests.acts import choice_body, code_of, make_site, post_choice
from tests.conftest import Clock
from tests.databases import Databases, PostgresqlDatabases
from tests.faults.conftest import SITE, choose
from tests.faults.sizes import size

NAMES = ("old", "new")


class Backups:
    """Copies of one database under a name, and putting one back in its place."""

    def __init__(self, databases: Databases, url: str, folder: Path) -> None:
        self.databases = databases
        self.url = url
        self.folder = folder

    def keep(self, name: str) -> None:
        if isinstance(self.databases, PostgresqlDatabases):
            self._cluster().drop(self._copy(name))
            self._cluster().create(self._copy(name), self._own())
            return
        source = sqlite_build.connect(self._file())
        target = sqlite_build.connect(str(self.folder / name))
        source.backup(target)
        source.close()
        target.close()

    def put_back(self, name: str) -> None:
        if isinstance(self.databases, PostgresqlDatabases):
            self._cluster().drop(self._own())
            self._cluster().create(self._own(), self._copy(name))
            return
        for file in Path(self._file()).parent.glob(Path(self._file()).name + "*"):
            file.unlink()
        shutil.copyfile(self.folder / name, self._file())

    def forget(self) -> None:
        if isinstance(self.databases, PostgresqlDatabases):
            for name in NAMES:
                self._cluster().drop(self._copy(name))

    def _cluster(self) -> Any:
        return getattr(self.databases, "cluster")  # noqa: B009

    def _own(self) -> str:
        return self.url.rsplit("/", 1)[-1].split("?")[0]

    def _copy(self, name: str) -> str:
        return f"{self._own()}_{name}"

    def _file(self) -> str:
        return self.url.removeprefix("sqlite:///")


@pytest.fixture
def backups(databases: Databases, database_url: str, tmp_path: Path) -> Iterator[Backups]:
    made = Backups(databases, database_url, tmp_path)
    yield made
    made.forget()


def stop(app: Flask) -> None:
    """Nobody holds the database any more."""
    app.extensions["crumbtrail"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def ledger_of(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def restored(
    start: Callable[[], Flask], clock: Clock, backups: Backups, state: Path, keep_memory: bool
) -> None:
    """The oracle. `state` is the signer's memory; the twin restores it with the database."""
    app = start()
    digest = make_site(app, clock()).digest
    more(app, clock, digest)
    for _ in range(size("restores")):
        stop(app)
        backups.keep("old")
        memory = state.read_bytes()
        app = start()
        more(app, clock, digest)
        stop(app)
        backups.keep("new")
        newest = state.read_bytes()
        backups.put_back("old")
        if not keep_memory:
            state.write_bytes(memory)
        app = start()
        notes = published(app)
        refused(app, clock, digest)
        assert published(app) == notes
        stop(app)
        backups.put_back("new")
        state.write_bytes(newest)
        app = start()
        more(app, clock, digest)  # the right database is taken back without a word
        with app.app_context():
            assert list(fsck(ledger_of(app).signer, clock())) == []


def more(app: Flask, clock: Clock, digest: str) -> None:
    client = app.test_client()
    for _ in range(random.randint(1, 5)):
        choose(client, SITE, digest, clock)
    with app.app_context():
        assert ledger_of(app).tick(clock.advance(seconds=1)).added
    assert ledger_of(app).stopped is None


def refused(app: Flask, clock: Clock, digest: str) -> None:
    client = app.test_client()
    known = app.extensions["crumbtrail"]
    attempt(app.app_context, known.clock, known.ledger.look)  # as the worker does before it serves
    body = choice_body(digest, clock())
    for _ in range(2):
        reply = post_choice(client, SITE, body)
        assert reply.status_code == 503, f"{reply.status_code}: taken, though the log is older"
        assert code_of(reply) == "busy"
        assert reply.headers["Retry-After"]
        with app.app_context():
            assert ledger_of(app).tick(clock.advance(seconds=1)).added == 0
    said = client.get("/readyz").get_json()["warnings"]["log"]
    assert "an older database was put in its place" in said and "ledger recover" in said
    with app.test_request_context("/admin/"):
        assert said in page_parts()["warnings"]
    assert client.get(f"/v1/{SITE}/consent.js").status_code == 200


def published(app: Flask) -> dict[str, str]:
    with app.app_context():
        found = {head.origin: head.note for head in db.session.scalars(select(Head))}
        db.session.remove()
        return found


@pytest.fixture
def start(make_app: Callable[..., Flask]) -> Callable[[], Flask]:
    return lambda: make_app(RATE_CLIENT="0", RATE_SITE="0")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "signer" / "state.db"


def test_a_restored_backup_is_refused_and_the_right_database_taken_back(
    start: Callable[[], Flask], clock: Clock, backups: Backups, state: Path
) -> None:
    restored(start, clock, backups, state, keep_memory=True)


def test_twin_a_signer_whose_memory_is_restored_too_signs_another_history(
    start: Callable[[], Flask], clock: Clock, backups: Backups, state: Path
) -> None:
    with pytest.raises(AssertionError, match="201: taken"):
        restored(start, clock, backups, state, keep_memory=False)
