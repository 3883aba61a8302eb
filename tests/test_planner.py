"""A page costs PostgreSQL what it shows, whatever the statistics of its tables say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, create_engine, select, text, tuple_

from bench.size import job
from consent import notices, sites
from consent.db import db, engine_options
from consent.evidence import walk
from consent.records import RecordFilter, Writer, look, reading, runs
from consent.records.job import Job
from consent.records.rows import Line, Row
from consent.records.writer import now_us
from tests.acts import choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.evidence import key_of

pytestmark = pytest.mark.postgresql_only
SITE = "example.com"
MANY, PAGE = 6000, 200
STATISTICS = {
    "right": "ANALYZE record",
    "missing": "DELETE FROM pg_statistic WHERE starelid = 'record'::regclass",
}


@pytest.fixture
def many(app: Flask, client: FlaskClient, clock: Clock) -> dict[str, str]:
    """A site with MANY records, all but one of them stored in one go; a key that reads them."""
    digest = make_site(app, clock()).digest
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    copied(f"record, generate_series(1, {MANY - 1}) AS n", seq="seq - n * 60000000::bigint")
    return key_of(clock)


def copied(source: str, **own: str) -> None:
    """The records of `source` once more, each with an id of its own and these columns."""
    names = [column.name for column in Row.__table__.columns]
    own |= {"id": "gen_random_uuid()"}
    values = ", ".join(own.get(name, name) for name in names)
    db.session.execute(
        text(f"INSERT INTO record ({', '.join(names)}) SELECT {values} FROM {source}")
    )
    db.session.commit()


@pytest.fixture(params=STATISTICS)
def believed(many: dict[str, str], request: pytest.FixtureRequest) -> None:
    db.session.execute(text("ANALYZE record"))
    db.session.execute(text(STATISTICS[request.param]))
    db.session.commit()


@pytest.fixture
def looked_at(database_url: str, app: Flask) -> Iterator[Callable[[], int]]:
    """How many rows of `record` the application has had read since the call before."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://", 1)
    watching = create_engine(url, isolation_level="AUTOCOMMIT", **engine_options(url))
    before = 0

    def counted() -> int:
        nonlocal before
        db.session.rollback()
        before, since = _read(watching), before
        return before - since

    yield counted
    watching.dispose()


def _read(watching: Engine) -> int:
    """What sessions counted is told when they end, so ours are closed, and waited for."""
    db.session.remove()
    db.engine.dispose()
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    told = text(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
        " WHERE relname = 'record'"
    )
    with watching.connect() as connection:
        end = time.monotonic() + 120
        while connection.scalar(others):
            assert time.monotonic() < end, "a connection stays open"
            time.sleep(0.01)
        return int(connection.scalar(told) or 0)


@pytest.fixture
def exported(
    client: FlaskClient,
    many: dict[str, str],
    looked_at: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], int]:
    """Take an export; how many rows were read for it."""
    monkeypatch.setattr(walk, "PAGE", PAGE)

    def taken() -> int:
        looked_at()
        reply = client.get(f"/v1/audit/{SITE}/export?format=ndjson", headers=many)
        assert reply.status_code == 200 and reply.data.count(b"\n") == MANY
        return looked_at()

    return taken


@pytest.mark.usefixtures("believed")
def test_an_export_reads_each_record_once(exported: Callable[[], int]) -> None:
    assert exported() < 2 * MANY


@pytest.mark.usefixtures("believed")
def test_twin_pages_that_are_sorted_read_the_site_again_and_again(
    exported: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent.records.reading.walk", lambda: None)
    assert exported() > 4 * MANY


@pytest.mark.usefixtures("believed")
def test_a_page_of_the_explorer_and_a_step_of_the_index_read_no_more_than_they_take(
    looked_at: Callable[[], int], clock: Clock
) -> None:
    clock.advance(hours=1)
    looked_at()
    assert len(look(sites.get(SITE), RecordFilter(), None, 50).rows) == 50
    assert looked_at() < 4 * 50
    assert runs.step(sites.get(SITE).id, clock(), PAGE, PAGE)
    assert looked_at() < 4 * PAGE


@pytest.fixture
def unknown(many: dict[str, str], app: Flask, clock: Clock) -> str:
    """The digest of a notice of a site that got all its records after the tables were analysed."""
    digest = make_site(app, clock(), key="new.example").digest
    db.session.execute(text("ALTER TABLE record SET (autovacuum_enabled = off)"))
    db.session.execute(text("ANALYZE record"))
    copied("record", site_id=str(sites.get("new.example").id))
    return digest


@pytest.fixture
def chosen(
    client: FlaskClient, unknown: str, looked_at: Callable[[], int], clock: Clock
) -> Callable[[], int]:
    """Send a choice twice and find its record; how many rows were read for both."""

    def sent() -> int:
        looked_at()
        body = choice_body(unknown, clock(), page="https://new.example/")
        for status in (201, 200):
            assert post_choice(client, "new.example", body).status_code == status
        assert reading.held(sites.get("new.example").id, UUID(body["id"]).bytes)
        return looked_at()

    return sent


def test_a_choice_and_a_look_at_it_read_no_other_records(chosen: Callable[[], int]) -> None:
    assert chosen() < 20


def test_twin_ids_asked_for_with_their_site_have_all_its_records_read(
    chosen: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "of_site", lambda *ids: Row.site_id.in_(ids))
    assert chosen() > MANY


def test_a_batch_of_choices_reads_no_other_records(
    unknown: str, looked_at: Callable[[], int]
) -> None:
    assert unknown and batched(looked_at) < 20


def test_twin_a_batch_that_asks_for_pairs_has_all_records_of_the_site_read(
    unknown: str, looked_at: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    db.session.execute(text("DROP INDEX record_by_id"))
    db.session.execute(text("CREATE UNIQUE INDEX record_by_id ON record (site_id, id)"))
    db.session.commit()

    def present(self: Writer, connection: Connection, batch: list[Job]) -> dict[Any, Any]:
        table = Row.__table__
        keys = [(one.row.site_id, one.row.id) for one in batch]
        query = select(table).where(tuple_(table.c.site_id, table.c.id).in_(keys))
        assert not connection.execute(query).all()
        return {}

    monkeypatch.setattr(Writer, "_present", present)
    assert unknown and batched(looked_at) >= MANY


def batched(looked_at: Callable[[], int]) -> int:
    """Write two choices at once; how many rows were read for them."""
    site = sites.get("new.example")
    notice = notices.latest(site)
    assert notice is not None
    jobs = [job(site.id, notice, "en") for _ in range(2)]
    looked_at()
    writer = Writer(db.engine, now_us)
    writer._commit(jobs)
    writer.close()
    assert all(one.fresh and isinstance(one.outcome, Line) for one in jobs)
    return looked_at()
