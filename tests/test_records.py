"""What is kept of a choice: the frozen bytes, the packing, one row for one id."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from consent import leaf, ledger, records, sites
from consent.db import db
from consent.notices import Answer, Notice
from consent.records import Choice, Facts, RecordFilter, writer
from consent.records.job import Job
from consent.records.rows import (
    CATEGORIES,
    Page,
    pack_categories,
    pack_services,
    unpack_categories,
    unpack_services,
    uuid_text,
)
from consent.regime import Place
from consent.sites import Site
from tests.acts import add_site, choice_body, make_site, post_choice, rows
from tests.conftest import Clock

SITE = "example.com"

# -- frozen ------------------------------------------------------------------------------------

GOLDEN = (
    b'{"action":"save","answer":"' + b"b" * 64 + b'","browser":"Firefox",'
    b'"categories":{"marketing":false,"preferences":true,"statistics":true},'
    b'"claimed_at":"2026-11-21T09:59:58.765Z","device":"tablet",'
    b'"id":"01a1fd8c-6900-7001-8000-000000000002","language":"pl","layer":2,'
    b'"notice":"' + b"a" * 64 + b'","page":"https://example.com/cennik/*",'
    b'"place":{"country":"CA","database":"test 2026-11-01","source":"database",'
    b'"subdivision":"QC"},"previous":"01a1fd8c-6900-7001-8000-000000000001",'
    b'"received_at":"2026-11-21T10:00:00.000Z","regime":"CA-QC","regime_shown":"CA",'
    b'"regimes":"' + b"c" * 64 + b'","services":{"ads":false,"google-analytics":true},'
    b'"shown_at":"2026-11-21T09:59:50.250Z","signals":{"dnt":false,"gpc":true},'
    b'"site":"example.com","superseded":true,"v":1,'
    b'"visitor":"bb66150877a8e20dceee6f876705e8ac"}'
)
GOLDEN_COMMITMENT = "94016a51bb07499e083c397732be34cd181e26d5192473a60e691ea717b4ac76"
NOTICE = {
    "asks": 1,
    "languages": ["en", "pl"],
    "services": [{"id": "ads"}, {"id": "crumbtrail"}, {"id": "google-analytics"}],
}


def test_a_record_has_these_bytes_for_ever_on_every_database(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent.records.writer.secrets.token_bytes", lambda n: bytes(range(n)))
    job = golden_job(add_site(clock.now), clock.now)
    row, fresh = app.extensions["crumbtrail"].writer.write(job)
    assert fresh
    _, record = ledger.one(sites.get(SITE), row.id)
    assert record.pop("log") is None
    assert leaf.jcs(record) == GOLDEN
    [held] = rows()
    assert held.salt == bytes(range(16))
    assert leaf.commitment(record, held.salt) == GOLDEN_COMMITMENT


def golden_job(site: Site, at: datetime) -> Job:
    """A choice that says everything, on a notice of three services."""
    notice = Notice(
        site_id=site.id,
        version=1,
        asks=1,
        digest="a" * 64,
        body=leaf.jcs(NOTICE),
        published_at=at,
        effective_at=at,
    )
    db.session.add(notice)
    db.session.flush()
    answer = Answer(
        site_id=site.id,
        notice_id=notice.id,
        digest="b" * 64,
        body=b"{}",
        regime="CA",
        language="pl",
    )
    db.session.add(answer)
    db.session.commit()
    choice = Choice(
        id=bytes.fromhex("01a1fd8c690070018000000000000002"),
        visitor="a-secret-of-the-visitor_01",
        notice="a" * 64,
        action="save",
        categories={"statistics": True, "marketing": False, "preferences": True},
        services={"google-analytics": True, "ads": False},
        language="pl",
        layer=2,
        page="https://example.com/cennik/*",
        at=at - timedelta(milliseconds=1235),
        shown_at=at - timedelta(milliseconds=9750),
        answer="b" * 64,
        device="tablet",
        gpc=True,
        dnt=False,
        previous=bytes.fromhex("01a1fd8c690070018000000000000001"),
    )
    facts = Facts(
        site_id=site.id,
        site=site.key,
        notice_id=notice.id,
        notice=NOTICE,
        answer_id=answer.id,
        regime_shown=answer.regime,
        superseded=True,
        test=False,
        regime="CA-QC",
        regimes="c" * 64,
        place=Place("CA", "QC", "database", "test 2026-11-01"),
        browser="Firefox",
    )
    return Job.of(choice, facts)


def test_the_commitment_of_a_receipt_is_that_of_the_record(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    notice = make_site(app, clock.now)
    body = choice_body(notice.digest, clock.now)
    said = post_choice(client, SITE, body).get_json()
    [row] = rows()
    assert uuid_text(row.id) == body["id"]
    _, record = ledger.one(sites.get(SITE), row.id)
    assert row.salt is not None
    assert leaf.commitment(record, row.salt) == said["commitment"]


def test_every_record_has_a_salt_of_its_own(client: FlaskClient, app: Flask, clock: Clock) -> None:
    notice = make_site(app, clock.now)
    for _ in range(20):
        post_choice(client, SITE, choice_body(notice.digest, clock.now))
    salts = {row.salt for row in rows()}
    assert len(salts) == 20
    assert {len(salt or b"") for salt in salts} == {16}


# -- packed ------------------------------------------------------------------------------------

NAMES = st.lists(st.text("abcxyz-", min_size=1, max_size=8), unique=True, max_size=40)


@given(st.dictionaries(st.sampled_from(CATEGORIES), st.booleans()))
def test_categories_come_back_as_they_were(chosen: dict[str, bool]) -> None:
    packed = pack_categories(chosen)
    assert unpack_categories(packed) == chosen
    assert 0 <= packed < 2**15


@given(NAMES, st.data())
def test_services_come_back_as_they_were(order: list[str], data: st.DataObject) -> None:
    some = st.dictionaries(st.sampled_from(order), st.booleans()) if order else st.just({})
    chosen = data.draw(st.none() | some)
    packed = pack_services(chosen, order)
    assert unpack_services(packed, order) == chosen
    assert packed is None or len(packed) == (len(order) + 3) // 4


@given(st.uuids())
def test_an_id_is_written_as_a_uuid_is(value: Any) -> None:
    assert uuid_text(value.bytes) == str(value)


# -- one row for one id ------------------------------------------------------------------------


def test_32_at_once_with_the_same_id_make_one_row(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_CLIENT="0")
    notice = make_site(app, clock.now)
    bodies = [choice_body(notice.digest, clock.now) for _ in range(8)]

    def post(number: int) -> list[tuple[int, bytes]]:
        client = app.test_client()
        turn = bodies[number % 8 :] + bodies[: number % 8]
        replies = [(b["id"], post_choice(client, SITE, b)) for b in turn]
        return [(reply.status_code, reply.data) for _, reply in sorted(replies, key=str)]

    with ThreadPoolExecutor(32) as pool:
        answers = [answer for found in pool.map(post, range(32)) for answer in found]
    statuses = [status for status, _ in answers]
    assert (statuses.count(201), statuses.count(200)) == (8, 31 * 8)
    assert len({data for _, data in answers}) == 8
    with app.app_context():
        assert len(rows()) == 8


def test_two_contents_that_race_for_one_id_leave_one(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_CLIENT="0")
    notice = make_site(app, clock.now)
    body = choice_body(notice.digest, clock.now)

    def post(layer: int) -> int:
        return post_choice(app.test_client(), SITE, body | {"layer": layer % 2}).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(post, range(16)))
    assert statuses.count(201) == 1
    assert (statuses.count(200), statuses.count(422)) == (7, 8)
    with app.app_context():
        assert len(rows()) == 1


def test_two_processes_of_one_microsecond_keep_both_records(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    one, two = make_app(), make_app()
    notice = make_site(one, clock.now)
    for app in (one, two, one, two):
        body = choice_body(notice.digest, clock.now)
        assert post_choice(app.test_client(), SITE, body).status_code in (201, 503)
    with one.app_context():
        stamps = [row.seq for row in rows()]
        assert stamps == sorted(set(stamps))
        assert len(stamps) >= 2


# -- bounded -----------------------------------------------------------------------------------


def pages_kept() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Page.text).order_by(Page.id)))


def test_beyond_so_many_pages_only_the_origin_is_kept(
    client: FlaskClient, app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert writer.PAGES == 20_000
    monkeypatch.setattr(writer, "PAGES", 3)
    notice = make_site(app, clock.now)
    sent = []
    for name in ("a", "b", "c", "d", "e", "a"):
        body = choice_body(notice.digest, clock.now, page=f"https://example.com/{name}")
        assert post_choice(client, SITE, body).status_code == 201
        sent.append(body)
    stem = "https://example.com"
    assert pages_kept() == [f"{stem}/a", f"{stem}/b", f"{stem}/c", f"{stem}/*"]
    found, _ = ledger.page_of(sites.get(SITE), RecordFilter())
    assert [r["page"][-1] for r in found] == ["a", "b", "c", "*", "*", "a"]
    for body in sent:
        assert post_choice(client, SITE, body).status_code == 200


def test_a_restart_forgets_no_page(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PAGES", 2)
    app = make_app()
    notice = make_site(app, clock.now)
    sent = [
        choice_body(notice.digest, clock.now, page=f"https://example.com/{name}") for name in "abc"
    ]
    first = [post_choice(app.test_client(), SITE, body).data for body in sent]
    after = make_app().test_client()
    replies = [post_choice(after, SITE, body) for body in sent]
    assert [reply.status_code for reply in replies] == [200] * 3
    assert [reply.data for reply in replies] == first


def test_invented_origins_do_not_fill_the_table_of_pages(
    client: FlaskClient, app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PAGES", 3)
    monkeypatch.setattr(writer, "ORIGINS", 2)
    notice = make_site(app, clock.now)
    for name in "abcdefghij":
        body = choice_body(notice.digest, clock.now, page=f"https://{name}.example/x")
        assert post_choice(client, SITE, body).status_code == 201
        assert post_choice(client, SITE, body).status_code == 200
    assert pages_kept()[3:] == ["https://d.example/*", "https://e.example/*", "*"]


# -- test records ------------------------------------------------------------------------------


def test_a_test_record_is_in_no_reading(client: FlaskClient, app: Flask, clock: Clock) -> None:
    notice = make_site(app, clock.now)
    body = choice_body(notice.digest, clock.now)
    assert post_choice(client, SITE, body, Origin="http://localhost:5173").status_code == 201
    site = sites.get(SITE)
    assert ledger.page_of(site, RecordFilter()) == ([], None)
    assert records.count_since(site, clock.now - timedelta(days=1)) == 0


def test_test_records_go_after_24_hours_and_real_ones_stay(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    notice = make_site(app, clock.now)
    real = choice_body(notice.digest, clock.now)
    post_choice(client, SITE, choice_body(notice.digest, clock.now), Origin="http://localhost")
    post_choice(client, SITE, real)
    clock.advance(hours=23, minutes=59)
    post_choice(client, SITE, choice_body(notice.digest, clock.now))
    assert len(rows()) == 3
    clock.advance(minutes=11)
    post_choice(client, SITE, choice_body(notice.digest, clock.now))
    kept = rows()
    assert len(kept) == 3
    assert uuid_text(kept[0].id) == real["id"]


def test_test_records_go_even_where_nobody_chooses(
    client: FlaskClient, app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SWEEP_S", 0.05)
    notice = make_site(app, clock.now)
    post_choice(client, SITE, choice_body(notice.digest, clock.now), Origin="http://localhost")
    clock.advance(hours=25)
    end = time.monotonic() + 120
    while rows() and time.monotonic() < end:
        time.sleep(0.05)
    assert rows() == []
