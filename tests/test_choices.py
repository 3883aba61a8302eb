"""POST /v1/<site>/consents: each answer of the contract, and that a refusal stores nothing."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from consent import notices, sites
from consent.db import db
from consent.notices import Notice
from consent.records.rows import ERASED
from tests.acts import (
    BY,
    SECRET,
    choice_body,
    code_of,
    make_site,
    post_choice,
    rows,
    uuid7,
)
from tests.conftest import Clock
from tests.test_strict_json import REFUSED

SITE = "example.com"
POLAND = "83.12.34.56"
CANADA = "24.48.0.1"


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return make_site(app, clock.now, preview_hosts=["preview.example.net", "*.pages.example"])


@pytest.fixture
def body(notice: Notice, clock: Clock) -> dict[str, Any]:
    return choice_body(notice.digest, clock.now)


# -- stored ------------------------------------------------------------------------------------


def test_before_a_choice_nothing_is_stored(client: FlaskClient, notice: Notice) -> None:
    assert client.get(f"/v1/{SITE}/consent.js").status_code == 200
    assert client.get(f"/v1/{SITE}/notice").status_code == 200
    assert client.get(f"/v1/{SITE}/en/details.json").status_code == 200
    assert rows() == []


def test_a_choice_is_answered_201_with_its_receipt(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    reply = post_choice(client, SITE, body)
    assert reply.status_code == 201
    assert reply.headers["Cache-Control"] == "no-store"
    said = reply.get_json()
    assert set(said) == {
        "id",
        "received_at",
        "commitment",
        "promise",
        "receipt",
        "country",
        "regime",
    }
    assert said["id"] == body["id"]
    assert said["received_at"] == "2026-11-21T10:00:00.000Z"
    assert said["receipt"] == f"/v1/{SITE}/receipts/{body['id']}"
    assert said["promise"]
    assert len(bytes.fromhex(said["commitment"])) == 32
    assert len(rows()) == 1


def test_a_repeat_is_answered_200_with_the_same_bytes(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    first = post_choice(client, SITE, body)
    clock.advance(hours=3)
    again = post_choice(client, SITE, body, User_Agent="Firefox/150", X_Forwarded_For=CANADA)
    shuffled = post_choice(client, SITE, dict(reversed(body.items())))
    assert [r.status_code for r in (first, again, shuffled)] == [201, 200, 200]
    assert first.data == again.data == shuffled.data
    assert len(rows()) == 1


def test_a_repeat_stays_the_same_after_a_newer_notice(
    client: FlaskClient, app: Flask, body: dict[str, Any], clock: Clock
) -> None:
    first = post_choice(client, SITE, body)
    notices.publish(sites.get(SITE), BY, clock.advance(minutes=1), material=True)
    clock.advance(minutes=1)
    again = post_choice(client, SITE, body)
    assert (again.status_code, again.data) == (200, first.data)


@pytest.mark.parametrize("kind", ["text/plain", "text/plain;charset=utf-8", "application/json"])
def test_both_media_types_are_taken(client: FlaskClient, body: dict[str, Any], kind: str) -> None:
    assert post_choice(client, SITE, body, Content_Type=kind).status_code == 201


def test_everything_the_script_may_say_is_taken(
    client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    answer = client.get(f"/v1/{SITE}/notice").get_json()["answer"]
    full = choice_body(
        notice.digest,
        clock.now,
        action="save",
        categories={"statistics": True, "marketing": False},
        services={"google-analytics": True, "ads": False},
        shown_at="2026-11-21T09:59:50.250Z",
        answer=answer,
        device="phone",
        previous=uuid7(clock.now - timedelta(days=400)),
        signals={"gpc": True, "dnt": False},
    )
    assert post_choice(client, SITE, full).status_code == 201
    secret = {"Authorization": f"Visitor {SECRET}"}
    record = client.get(f"/v1/{SITE}/receipts/{full['id']}", headers=secret).get_json()["record"]
    same = "id action categories services notice answer language layer device shown_at previous"
    assert {name: record[name] for name in same.split()} == {n: full[n] for n in same.split()}
    assert record["claimed_at"] == full["at"]
    assert record["signals"] == full["signals"]
    assert record["regime_shown"] == "FALLBACK"


def test_an_older_notice_is_taken_flagged_and_asked_again(
    client: FlaskClient, app: Flask, body: dict[str, Any], clock: Clock
) -> None:
    notices.publish(sites.get(SITE), BY, clock.advance(minutes=1))
    clock.advance(minutes=1)
    reply = post_choice(client, SITE, body)
    assert reply.status_code == 201
    assert reply.get_json()["ask_again"] is True
    assert post_choice(client, SITE, body).data == reply.data


def test_a_notice_that_binds_later_does_not_supersede_yet(
    client: FlaskClient, app: Flask, body: dict[str, Any], clock: Clock
) -> None:
    at = clock.advance(minutes=1)
    notices.publish(sites.get(SITE), BY, at, effective_at=at + timedelta(days=7))
    clock.advance(minutes=1)
    assert "ask_again" not in post_choice(client, SITE, body).get_json()


# -- malformed, too large, of another kind -----------------------------------------------------


@pytest.mark.parametrize("seed", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_strict_json_is_400(client: FlaskClient, notice: Notice, seed: bytes) -> None:
    reply = post_choice(client, SITE, seed)
    if len(seed) > 8192:
        assert (reply.status_code, code_of(reply)) == (413, "too_large")
    else:
        assert (reply.status_code, code_of(reply)) == (400, "json_malformed")
    assert rows() == []


def test_a_key_that_comes_twice_is_400(client: FlaskClient, body: dict[str, Any]) -> None:
    twice = json.dumps(body)[:-1] + ', "action": "accept_all"}'
    assert code_of(post_choice(client, SITE, twice.encode())) == "json_malformed"
    assert rows() == []


def test_8_kib_are_the_most(client: FlaskClient, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    over = post_choice(client, SITE, data + b" " * (8193 - len(data)))
    assert (over.status_code, code_of(over)) == (413, "too_large")
    assert rows() == []
    assert post_choice(client, SITE, data + b" " * (8192 - len(data))).status_code == 201


def test_8_kib_are_the_most_without_a_stated_length(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    data = json.dumps(body).encode()
    reply = client.post(
        f"/v1/{SITE}/consents",
        input_stream=io.BytesIO(data + b" " * 10_000),
        headers={"Origin": "https://example.com", "Content-Type": "text/plain"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (reply.status_code, code_of(reply)) == (413, "too_large")
    assert rows() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": None},
        {"Content_Type": "application/x-www-form-urlencoded"},
        {"Content_Type": "application/problem+json"},
        {"Content_Type": "text/plain;charset=iso-8859-1"},
        {"Content_Encoding": "identity"},
        {"Content_Encoding": ""},
    ],
)
def test_another_media_type_is_415(
    client: FlaskClient, body: dict[str, Any], headers: dict[str, str | None]
) -> None:
    reply = post_choice(client, SITE, body, **headers)
    assert (reply.status_code, code_of(reply)) == (415, "media_type")
    assert rows() == []


def test_a_compressed_body_is_415_and_never_unpacked(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    packed = gzip.compress(json.dumps(body).encode())
    reply = post_choice(client, SITE, packed, Content_Encoding="gzip")
    assert (reply.status_code, code_of(reply)) == (415, "media_type")


# -- origins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://evil.com",
        "https://evilexample.com",
        "https://example.com.evil.com",
        "https://www.example.com",
        "https://example.com@evil.com",
        "https://example.com/",
        "ftp://example.com",
        "example.com",
        "https://localhost.evil.com",
        "https://127.0.0.1.evil.com",
        "https://pages.example",
        "https://example.com https://evil.com",
    ],
)
def test_a_page_of_somebody_else_is_403(
    client: FlaskClient, body: dict[str, Any], origin: str | None
) -> None:
    reply = post_choice(client, SITE, body, Origin=origin)
    assert (reply.status_code, code_of(reply)) == (403, "origin")
    assert "Access-Control-Allow-Origin" not in reply.headers
    assert rows() == []


@pytest.mark.parametrize("origin", ["https://example.com", "https://EXAMPLE.com"])
def test_letter_case_does_not_matter(
    client: FlaskClient, body: dict[str, Any], origin: str
) -> None:
    reply = post_choice(client, SITE, body, Origin=origin)
    assert reply.status_code == 201
    assert "test" not in reply.get_json()


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "http://localhost",
        "https://127.0.0.1:8443",
        "http://[::1]:3000",
        "https://preview.example.net",
        "https://pr-7.pages.example",
    ],
)
def test_a_page_on_trial_makes_a_test_record(
    client: FlaskClient, body: dict[str, Any], origin: str
) -> None:
    reply = post_choice(client, SITE, body, Origin=origin)
    assert (reply.status_code, reply.get_json()["test"]) == (201, True)
    assert reply.headers["Access-Control-Allow-Origin"] == origin
    again = post_choice(client, SITE, body, Origin=origin)
    assert (again.status_code, again.data) == (200, reply.data)


def test_only_the_sites_own_origins_are_named_to_a_browser(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    reply = post_choice(client, SITE, body)
    cors = {n: v for n, v in reply.headers.items() if n.startswith("Access-Control-")}
    assert cors == {
        "Access-Control-Allow-Origin": "https://example.com",
        "Access-Control-Expose-Headers": "X-Consent-Refused, Retry-After",
    }
    assert "Origin" in reply.headers["Vary"]


def test_a_refusal_can_be_read_by_the_page(client: FlaskClient, body: dict[str, Any]) -> None:
    reply = post_choice(client, SITE, body | {"action": "accept_all"})
    assert reply.status_code == 422
    assert reply.headers["Access-Control-Allow-Origin"] == "https://example.com"
    assert "X-Consent-Refused" in reply.headers["Access-Control-Expose-Headers"]


def test_a_preflight_allows_what_the_script_sends_and_no_credentials(
    client: FlaskClient, notice: Notice
) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    own = client.options(f"/v1/{SITE}/consents", headers={"Origin": "https://example.com"} | asked)
    assert own.headers["Access-Control-Allow-Origin"] == "https://example.com"
    assert own.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert own.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert "Access-Control-Allow-Credentials" not in own.headers
    other = client.options(f"/v1/{SITE}/consents", headers={"Origin": "https://evil.com"} | asked)
    assert not [name for name in other.headers.keys() if name.startswith("Access-Control-")]


# -- unknown, superseded, erased ---------------------------------------------------------------


def test_an_unknown_site_is_404(client: FlaskClient, body: dict[str, Any]) -> None:
    reply = post_choice(client, "nowhere.example", body)
    assert (reply.status_code, code_of(reply)) == (404, "site_unknown")


def test_a_notice_that_was_never_published_is_409(
    client: FlaskClient, app: Flask, body: dict[str, Any], clock: Clock
) -> None:
    reply = post_choice(client, SITE, body | {"notice": "0" * 64})
    assert (reply.status_code, code_of(reply)) == (409, "notice_unknown")
    other = make_site(app, clock.now, "other.example")
    reply = post_choice(client, SITE, body | {"notice": other.digest})
    assert (reply.status_code, code_of(reply)) == (409, "notice_unknown")
    assert rows() == []


def test_a_late_repeat_of_an_erased_record_is_410(
    client: FlaskClient, app: Flask, body: dict[str, Any]
) -> None:
    post_choice(client, SITE, body)
    [row] = rows()
    row.flags |= ERASED
    row.visitor = row.salt = row.services = None
    db.session.commit()
    reply = post_choice(client, SITE, body)
    assert (reply.status_code, code_of(reply)) == (410, "erased")
    assert len(rows()) == 1


# -- what cannot be true -----------------------------------------------------------------------

FALSE = {"statistics": False, "marketing": False}
TRUE = {"statistics": True, "marketing": True}
CANNOT_BE = {
    "an extra field": ("field_unknown", {"ip": "192.0.2.1"}),
    "an extra signal": ("field_unknown", {"signals": {"gpc": True, "ua": "x"}}),
    "no version": ("field_value", {"v": ...}),
    "a version as text": ("field_type", {"v": "1"}),
    "a version as a float": ("field_type", {"v": 1.0}),
    "a version as a boolean": ("field_type", {"v": True}),
    "another version": ("field_value", {"v": 2}),
    "yes for true": ("field_type", {"categories": {"statistics": "yes", "marketing": False}}),
    "1 for true": ("field_type", {"categories": {"statistics": 1, "marketing": False}}),
    "null for false": ("field_type", {"categories": {"statistics": None, "marketing": False}}),
    "a list of categories": ("field_type", {"categories": ["statistics"]}),
    "a service as text": ("field_type", {"services": {"ads": "false"}}),
    "a signal as a number": ("field_type", {"signals": {"gpc": 0}}),
    "signals as text": ("field_type", {"signals": "none"}),
    "a random id": ("field_value", {"id": "0b0c8f5e-5a8f-4c1e-9d2b-1f2e3d4c5b6a"}),
    "an id in capitals": ("field_value", {"id": "01A1FD8C-6900-7001-8000-000000000002"}),
    "a short secret": ("field_value", {"visitor": "short"}),
    "a secret with spaces": ("field_value", {"visitor": "a secret with spaces in it"}),
    "a digest in capitals": ("field_value", {"notice": "A" * 64}),
    "another action": ("field_value", {"action": "scroll"}),
    "another device": ("field_value", {"device": "fridge"}),
    "a language of nobody": ("field_value", {"language": "english please"}),
    "a language not shown": ("field_value", {"language": "pl"}),
    "a right-to-left mark": ("field_value", {"language": "e\u202en"}),
    "a layer below 0": ("field_value", {"layer": -1}),
    "a huge layer": ("field_value", {"layer": 2**53 - 1}),
    "a page of another kind": ("field_value", {"page": "javascript:alert(1)"}),
    "no page": ("field_value", {"page": ...}),
    "a page as a number": ("field_type", {"page": 1}),
    "a time without a zone": ("field_value", {"at": "2026-11-21T10:00:00"}),
    "a 13th month": ("field_value", {"at": "2026-13-21T10:00:00Z"}),
    "the end of time": ("field_value", {"at": "9999-12-31T23:59:59-23:59"}),
    "an answer never served": ("field_value", {"answer": "0" * 64}),
    "a category left out": ("field_value", {"categories": {"statistics": False}}),
    "necessary": ("category_unknown", {"categories": FALSE | {"necessary": True}}),
    "a category not asked": ("category_unknown", {"categories": FALSE | {"preferences": False}}),
    "another service": ("service_unknown", {"services": {"facebook": False}}),
    "a service without its category": (
        "field_value",
        {"action": "save", "services": {"ads": True}},
    ),
    "accept_all that refuses": ("action_mismatch", {"action": "accept_all"}),
    "accept_all but for one service": (
        "action_mismatch",
        {"action": "accept_all", "categories": TRUE, "services": {"ads": False}},
    ),
    "reject_all that accepts": ("action_mismatch", {"categories": TRUE}),
    "withdraw that accepts": ("action_mismatch", {"action": "withdraw", "categories": TRUE}),
    "dismiss that accepts": ("action_mismatch", {"action": "dismiss", "categories": TRUE}),
    "gpc that sells": ("action_mismatch", {"action": "gpc", "categories": TRUE}),
    "gpc that says nothing": ("action_mismatch", {"action": "gpc", "categories": {}}),
}


@pytest.mark.parametrize(("code", "changes"), CANNOT_BE.values(), ids=CANNOT_BE.keys())
def test_what_cannot_be_true_is_422(
    client: FlaskClient, notice: Notice, clock: Clock, code: str, changes: dict[str, Any]
) -> None:
    reply = post_choice(client, SITE, choice_body(notice.digest, clock.now, **changes))
    assert (reply.status_code, code_of(reply)) == (422, code), reply.text
    assert reply.get_json()["error"]["fields"]
    assert rows() == []


@pytest.mark.parametrize("data", [b"null", b"[]", b'"text"', b"1", b"true"])
def test_a_body_that_is_no_object_is_422(client: FlaskClient, notice: Notice, data: bytes) -> None:
    reply = post_choice(client, SITE, data)
    assert (reply.status_code, code_of(reply)) == (422, "field_type")


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "withdraw"},
        {"visitor": "another-secret-of-theirs_02"},
        {"page": "https://example.com/about"},
        {"layer": 2},
        {"at": "2026-11-21T09:59:59.999Z"},
        {"signals": {"gpc": False, "dnt": False}},
        {"services": {}},
        {"device": "phone"},
    ],
    ids=str,
)
def test_an_id_with_another_content_is_422(
    client: FlaskClient, body: dict[str, Any], changes: dict[str, Any]
) -> None:
    first = post_choice(client, SITE, body)
    reply = post_choice(client, SITE, body | changes)
    assert (reply.status_code, code_of(reply)) == (422, "id_reused")
    assert post_choice(client, SITE, body).data == first.data
    assert len(rows()) == 1


def test_the_same_id_on_another_site_is_another_record(
    client: FlaskClient, app: Flask, body: dict[str, Any], clock: Clock
) -> None:
    other = make_site(app, clock.now, "other.example")
    assert post_choice(client, SITE, body).status_code == 201
    reply = post_choice(client, "other.example", body | {"notice": other.digest})
    assert reply.status_code == 201
    first, second = rows()
    assert first.visitor != second.visitor


@pytest.mark.parametrize(
    ("span", "status"),
    [
        (timedelta(days=-30), 201),
        (timedelta(days=-30, seconds=-1), 422),
        (timedelta(days=1), 201),
        (timedelta(days=1, seconds=1), 422),
    ],
)
def test_an_id_is_at_most_30_days_old_and_a_day_ahead(
    client: FlaskClient, notice: Notice, clock: Clock, span: timedelta, status: int
) -> None:
    late = choice_body(notice.digest, clock.now, id=uuid7(clock.now + span))
    reply = post_choice(client, SITE, late)
    assert reply.status_code == status
    if status == 422:
        assert code_of(reply) == "id_time"
        assert reply.get_json()["error"]["now"] == int(clock.now.timestamp() * 1000)


# -- too much, and out of order ----------------------------------------------------------------


def test_a_flood_is_slowed_down_and_withdrawals_still_pass(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_CLIENT="3")
    notice = make_site(app, clock.now)
    client = app.test_client()
    statuses = [
        post_choice(client, SITE, choice_body(notice.digest, clock.now)).status_code
        for _ in range(3)
    ]
    assert statuses == [201] * 3
    reply = post_choice(client, SITE, choice_body(notice.digest, clock.now))
    assert (reply.status_code, code_of(reply)) == (429, "slow_down")
    assert int(reply.headers["Retry-After"]) == 1
    for _ in range(30):
        withdrawal = choice_body(notice.digest, clock.now, action="withdraw")
        assert post_choice(client, SITE, withdrawal).status_code == 201
    withdrawal = choice_body(notice.digest, clock.now, action="withdraw")
    assert post_choice(client, SITE, withdrawal).status_code == 429
    clock.advance(seconds=1)
    later = choice_body(notice.digest, clock.now)
    assert post_choice(client, SITE, later).status_code == 201
    with app.app_context():
        assert len(rows()) == 34


def test_a_site_has_a_budget_whoever_asks(make_app: Callable[..., Flask], clock: Clock) -> None:
    app = make_app(RATE_SITE="2", RATE_CLIENT="0")
    notice = make_site(app, clock.now)
    client = app.test_client()
    bodies = [choice_body(notice.digest, clock.now) for _ in range(3)]
    assert [post_choice(client, SITE, b).status_code for b in bodies] == [201, 201, 429]
    withdrawal = choice_body(notice.digest, clock.now, action="withdraw")
    assert post_choice(client, SITE, withdrawal).status_code == 201


REFUSING = {
    "sqlite": (
        "CREATE TRIGGER refuse BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DROP TRIGGER refuse",
    ),
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''no''; END';"
        "CREATE TRIGGER refuse BEFORE INSERT ON record EXECUTE FUNCTION refuse()",
        "DROP TRIGGER refuse ON record",
    ),
}


@contextmanager
def refusing(engine: str) -> Iterator[None]:
    """The database refuses every record while the block lasts."""
    start, end = REFUSING[engine]
    for words in (start, end):
        db.session.execute(text(words))
        db.session.commit()
        if words is start:
            yield


def test_a_database_that_refuses_is_503_and_the_next_attempt_is_fine(
    client: FlaskClient, app: Flask, engine: str, body: dict[str, Any]
) -> None:
    with refusing(engine):
        reply = post_choice(client, SITE, body)
        assert (reply.status_code, code_of(reply)) == (503, "busy")
        assert 1 <= int(reply.headers["Retry-After"]) <= 5
        assert reply.headers["Access-Control-Allow-Origin"] == "https://example.com"
        assert rows() == []
    assert post_choice(client, SITE, body).status_code == 201
    assert len(rows()) == 1


@pytest.mark.sqlite_only
def test_a_database_without_tables_is_503_and_not_a_trace(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app()
    notice = make_site(app, clock.now)
    with app.app_context():
        db.session.execute(text("ALTER TABLE site RENAME TO gone"))
        db.session.commit()
    reply = post_choice(app.test_client(), SITE, choice_body(notice.digest, clock.now))
    assert (reply.status_code, code_of(reply)) == (503, "busy")
    assert "site" not in reply.get_json()["error"]["message"]


# -- what is kept of the visitor ---------------------------------------------------------------

PAGES = {
    "https://example.com": "https://example.com/",
    "https://example.com/pricing?utm=1#top": "https://example.com/pricing",
    "https://example.com/a/b/c/d": "https://example.com/a/b",
    "https://example.com//a///b/": "https://example.com/a/b",
    "https://example.com/user/4711": "https://example.com/user/*",
    "https://example.com/a@b.example/x": "https://example.com/*/x",
    "https://example.com/%C5%BC/x": "https://example.com/*/x",
    "https://example.com/" + "a" * 24: "https://example.com/" + "a" * 24,
    "https://example.com/" + "a" * 25: "https://example.com/*",
    "https://user:password@example.com:8443/x": "https://example.com:8443/x",
    "http://EXAMPLE.com/Ab": "http://example.com/Ab",
    "https://example.com/żółw": "https://example.com/*",
}


@pytest.mark.parametrize(("page", "kept"), PAGES.items())
def test_of_a_page_the_origin_and_two_plain_segments_are_kept(
    client: FlaskClient, notice: Notice, clock: Clock, page: str, kept: str
) -> None:
    body = choice_body(notice.digest, clock.now, page=page)
    assert post_choice(client, SITE, body).status_code == 201
    assert record_of(client, body)["page"] == kept


def record_of(client: FlaskClient, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Visitor {body['visitor']}"}
    reply = client.get(f"/v1/{SITE}/receipts/{body['id']}", headers=headers)
    record: dict[str, Any] = reply.get_json()["record"]
    return record


def test_gpc_stands_in_the_record_and_may_leave_categories_out(
    client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    body = choice_body(
        notice.digest,
        clock.now,
        action="gpc",
        categories={"marketing": False},
        signals={"gpc": True},
    )
    assert post_choice(client, SITE, body, Sec_GPC="1").status_code == 201
    record = record_of(client, body)
    assert record["categories"] == {"marketing": False}
    assert (record["action"], record["signals"]) == ("gpc", {"gpc": True})


def test_a_trusted_proxy_says_where_the_visitor_is(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(TRUSTED_PROXIES="127.0.0.0/8,10.0.0.0/8")
    notice = make_site(app, clock.now)
    client = app.test_client()
    for forwarded, country in (
        (POLAND, "PL"),
        (f"{CANADA}, {POLAND}, 10.1.2.3", "PL"),
        ("nonsense", None),
    ):
        body = choice_body(notice.digest, clock.now)
        reply = post_choice(client, SITE, body, X_Forwarded_For=forwarded)
        assert reply.get_json()["country"] == country
        assert reply.get_json()["regime"] == (country or "FALLBACK")


def test_nobody_is_believed_who_is_not_trusted(
    client: FlaskClient, app: Flask, body: dict[str, Any]
) -> None:
    reply = post_choice(client, SITE, body, X_Forwarded_For=CANADA)
    assert (reply.get_json()["country"], reply.get_json()["regime"]) == (None, "FALLBACK")
    warning = client.get("/readyz").get_json()["warnings"]["forwarding"]
    assert "TRUSTED_PROXIES=127.0.0.1" in warning


def test_behind_an_untrusted_proxy_no_visitor_pays_for_another(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_CLIENT="1")
    notice = make_site(app, clock.now)
    client = app.test_client()
    for _ in range(5):
        body = choice_body(notice.digest, clock.now)
        assert post_choice(client, SITE, body, X_Forwarded_For=CANADA).status_code == 201


def test_the_header_of_a_cdn_counts_only_from_a_trusted_proxy(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    header = {"CDN_COUNTRY_HEADER": "CF-IPCountry"}
    trusting = make_app(TRUSTED_PROXIES="127.0.0.0/8", **header)
    notice = make_site(trusting, clock.now)
    for app, country in ((trusting, "FR"), (make_app(**header), None)):
        body = choice_body(notice.digest, clock.now)
        reply = post_choice(app.test_client(), SITE, body, CF_IPCountry="FR")
        assert reply.get_json()["country"] == country


def test_address_and_browser_name_are_nowhere_in_the_database(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(TRUSTED_PROXIES="127.0.0.0/8")
    notice = make_site(app, clock.now)
    client = app.test_client()
    agent = "Mozilla/5.0 (X11; Distinctive) Firefox/150.7"
    body = choice_body(notice.digest, clock.now)
    client.get(f"/v1/{SITE}/consent.js", headers={"X-Forwarded-For": POLAND, "User-Agent": agent})
    reply = post_choice(client, SITE, body, X_Forwarded_For=POLAND, User_Agent=agent)
    assert reply.get_json()["country"] == "PL"
    with app.app_context():
        kept = [
            value
            for table in db.metadata.sorted_tables
            for row in db.session.execute(select(table))
            for value in row
        ]
    assert len(kept) > 100
    assert not [v for v in kept for mark in (POLAND, "150.7", SECRET) if mark in str(v)]
    packed = bytes(map(int, POLAND.split(".")))
    assert not [v for v in kept if isinstance(v, bytes) and (packed in v or SECRET.encode() in v)]
