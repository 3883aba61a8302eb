"""The auditor's edge, over HTTP: which keys open what, what is found, and the trail of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from consent import leaf, notices, sites, trail, users
from consent.db import db, rfc3339
from consent.notices import Notice
from consent.records import reading
from tests import acts
from tests.conftest import Clock

SITE = "example.com"
OTHER_SECRET = "a-secret-of-someone-else_02"
GRANTED = {"statistics": True, "marketing": True}
KEY_ROUTES = (
    f"/v1/audit/{SITE}/records",
    f"/v1/audit/{SITE}/records/019aa5e0-6e00-7000-8000-000000000001",
    f"/v1/audit/{SITE}/notices/{'0' * 64}",
)

Reader = Callable[..., TestResponse]


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return acts.make_site(app, clock())


@pytest.fixture
def key(notice: Notice, clock: Clock) -> str:
    return make_key(clock())


@pytest.fixture
def read(client: FlaskClient, key: str) -> Reader:
    """`read("records", limit=2)`: ask with the key; `with_key` for another one."""

    def ask(path: str, with_key: str | None = None, **query: Any) -> TestResponse:
        named = {name.rstrip("_"): value for name, value in query.items()}
        return client.get(
            f"/v1/audit/{SITE}/{path}",
            query_string=named,
            headers={"Authorization": f"Bearer {with_key or key}"},
        )

    return ask


def make_key(at: datetime, **more: Any) -> str:
    values: dict[str, Any] = {"expires_at": at + timedelta(days=90), **more}
    return users.create_key("An auditor", values.pop("sites", [SITE]), by="test", at=at, **values)


def choose(client: FlaskClient, notice: Notice, at: datetime, **changes: Any) -> str:
    """A choice made at `at`; returns its id."""
    reply = acts.post_choice(client, SITE, acts.choice_body(notice.digest, at, **changes))
    assert reply.status_code == 201, reply.text
    found: str = reply.get_json()["id"]
    return found


def ids(reply: TestResponse) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [record["id"] for record in reply.get_json()["records"]]


def every_page(read: Reader, **query: Any) -> list[list[str]]:
    """The ids page by page until `next` is null."""
    pages, after = [], {}
    for _ in range(50):
        reply = read("records", **query, **after)
        pages.append(ids(reply))
        if reply.get_json()["next"] is None:
            return pages
        after = {"after": reply.get_json()["next"]}
    raise AssertionError("the pages have no end")


# -- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", KEY_ROUTES)
@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ctk_short", "Basic dXNlcjpwYXNz", "Visitor " + acts.SECRET],
)
def test_without_a_key_nothing_is_read(
    client: FlaskClient, notice: Notice, path: str, header: str | None
) -> None:
    reply = client.get(path, headers={} if header is None else {"Authorization": header})
    assert (reply.status_code, acts.code_of(reply)) == (401, "key_missing")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_with_one_letter_changed_is_unknown(read: Reader, key: str) -> None:
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    reply = read("records", with_key=wrong)
    assert (reply.status_code, acts.code_of(reply)) == (401, "key_unknown")
    unheard_of = f"ctk_000000000000_{key.rpartition('_')[2].rjust(43, 'x')[-43:]}"
    assert acts.code_of(read("records", with_key=unheard_of)) == "key_unknown"


def test_a_key_ends_at_the_moment_it_expires(read: Reader, clock: Clock) -> None:
    short = make_key(clock(), expires_at=clock() + timedelta(hours=1))
    clock.advance(minutes=59, seconds=59)
    assert read("records", with_key=short).status_code == 200
    clock.advance(seconds=1)
    reply = read("records", with_key=short)
    assert (reply.status_code, acts.code_of(reply)) == (401, "key_expired")


def test_a_revoked_key_is_refused_at_once(read: Reader, key: str, clock: Clock) -> None:
    assert read("records").status_code == 200
    users.revoke_key(key.split("_")[1], "test", clock())
    reply = read("records")
    assert (reply.status_code, acts.code_of(reply)) == (401, "key_revoked")


def test_a_key_of_another_site_is_forbidden_whether_or_not_the_site_exists(
    client: FlaskClient, key: str, clock: Clock
) -> None:
    acts.add_site(clock(), "other.example")
    for site in ("other.example", "nowhere.example"):
        reply = client.get(f"/v1/audit/{site}/records", headers={"Authorization": f"Bearer {key}"})
        assert (reply.status_code, acts.code_of(reply)) == (403, "key_site")


def test_a_key_for_two_sites_does_not_mix_them(
    client: FlaskClient, app: Flask, notice: Notice, clock: Clock
) -> None:
    theirs = acts.make_site(app, clock(), "other.example")
    mine = choose(client, notice, clock())
    body = acts.choice_body(theirs.digest, clock(), page="https://other.example/")
    assert acts.post_choice(client, "other.example", body).status_code == 201
    both = {"Authorization": f"Bearer {make_key(clock(), sites=[SITE, 'other.example'])}"}
    assert ids(client.get(f"/v1/audit/{SITE}/records", headers=both)) == [mine]
    assert ids(client.get("/v1/audit/other.example/records", headers=both)) == [body["id"]]
    crossed = client.get(f"/v1/audit/other.example/records/{mine}", headers=both)
    assert (crossed.status_code, acts.code_of(crossed)) == (404, "not_found")
    crossed = client.get(f"/v1/audit/other.example/notices/{notice.digest}", headers=both)
    assert (crossed.status_code, acts.code_of(crossed)) == (404, "not_found")


def test_a_key_of_a_period_sees_that_period_only(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    made = [choose(client, notice, clock.advance(days=1)) for _ in range(4)]
    begins, ends = clock() - timedelta(days=2), clock()
    limited = make_key(clock(), period_from=begins, period_to=ends)
    assert ids(read("records", with_key=limited)) == made[1:3]
    wide = {"from_": rfc3339(begins - timedelta(days=9)), "to": rfc3339(ends + timedelta(days=9))}
    assert ids(read("records", with_key=limited, **wide)) == made[1:3]
    narrow = {"from_": rfc3339(begins + timedelta(hours=1))}
    assert ids(read("records", with_key=limited, **narrow)) == made[2:3]
    seen = [read(f"records/{one}", with_key=limited).status_code for one in made]
    assert seen == [403, 200, 200, 403]
    assert acts.code_of(read(f"records/{made[0]}", with_key=limited)) == "key_period"


# -- one record, one notice --------------------------------------------------------------------


def test_a_record_is_read_back_as_it_was_chosen(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    services = {"google-analytics": True, "ads": True}
    made = choose(
        client,
        notice,
        clock(),
        action="accept_all",
        categories=GRANTED,
        services=services,
        device="phone",
        signals={"gpc": True, "dnt": False},
        shown_at=rfc3339(clock() - timedelta(seconds=4)),
    )
    reply = read(f"records/{made}")
    record = reply.get_json()
    assert (record["id"], record["site"], record["notice"]) == (made, SITE, notice.digest)
    assert (record["action"], record["categories"]) == ("accept_all", GRANTED)
    assert (record["services"], record["device"]) == (services, "phone")
    assert record["signals"] == {"gpc": True, "dnt": False}
    assert record["visitor"] == leaf.visitor_id(SITE, acts.SECRET)
    assert record["received_at"] == record["claimed_at"] == rfc3339(clock())
    assert acts.SECRET not in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert read("records").get_json()["records"] == [record]


@pytest.mark.parametrize(
    "path",
    [
        "records/019aa5e0-6e00-7000-8000-000000000001",
        "records/019AA5E0-6E00-7000-8000-000000000001",
        "records/1",
        "records/%00",
        f"notices/{'0' * 64}",
        "notices/%00",
        "notices/1",
    ],
)
def test_an_unknown_name_is_not_found(read: Reader, path: str) -> None:
    reply = read(path)
    assert (reply.status_code, acts.code_of(reply)) == (404, "not_found")


def test_a_notice_is_the_published_bytes_and_they_hash_to_their_address(
    read: Reader, clock: Clock, notice: Notice
) -> None:
    site = sites.get(SITE)
    sites.change(site, "test", clock.advance(days=1), name="Renamed", contacts={"email": "a@b.c"})
    second = notices.publish(site, "test", clock()).digest
    assert second != notice.digest
    for digest in (notice.digest, second):
        reply = read(f"notices/{digest}")
        assert reply.status_code == 200
        assert hashlib.sha256(reply.data).hexdigest() == digest
        assert "immutable" in reply.headers["Cache-Control"]
    assert read(f"notices/{notice.digest}").data == notice.body


def test_every_record_leads_to_the_notice_it_answered(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    first = choose(client, notice, clock())
    second = notices.publish(sites.get(SITE), "test", clock.advance(days=1), material=True)
    late = choose(client, notice, clock.advance(minutes=1))
    fresh = choose(client, second, clock.advance(minutes=1))
    records = {record["id"]: record for record in read("records").get_json()["records"]}
    assert [records[name]["superseded"] for name in (first, late, fresh)] == [False, True, False]
    for record in records.values():
        shown = read(f"notices/{record['notice']}")
        assert hashlib.sha256(shown.data).hexdigest() == record["notice"]
    assert ids(read("records", notice=notice.digest)) == [first, late]


# -- filters -----------------------------------------------------------------------------------


@pytest.fixture
def choices(client: FlaskClient, notice: Notice, clock: Clock) -> dict[str, str]:
    """Three choices a day apart: refused, all accepted by somebody else, statistics alone."""
    return {
        "refused": choose(client, notice, clock.advance(days=1)),
        "accepted": choose(
            client,
            notice,
            clock.advance(days=1),
            action="accept_all",
            categories=GRANTED,
            visitor=OTHER_SECRET,
        ),
        "saved": choose(
            client,
            notice,
            clock.advance(days=1),
            action="save",
            categories={"statistics": True, "marketing": False},
        ),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["refused", "accepted", "saved"]),
        ({"action": "save"}, ["saved"]),
        ({"action": "withdraw"}, []),
        ({"category": "marketing"}, ["accepted"]),
        ({"category": "!marketing"}, ["refused", "saved"]),
        ({"category": "statistics"}, ["accepted", "saved"]),
        ({"category": "preferences"}, []),
        ({"category": "!preferences"}, []),
        ({"visitor": leaf.visitor_id(SITE, OTHER_SECRET)}, ["accepted"]),
        ({"visitor": leaf.visitor_id(SITE, acts.SECRET)}, ["refused", "saved"]),
        ({"visitor": leaf.visitor_id("other.example", acts.SECRET)}, []),
        ({"notice": "0" * 64}, []),
        ({"country": "PL"}, []),
        ({"from_": "2026-11-23T10:00:00Z"}, ["accepted", "saved"]),
        ({"from_": "2026-11-23T10:00:00.001Z"}, ["saved"]),
        ({"to": "2026-11-23T10:00:00Z"}, ["refused"]),
        ({"from_": "2026-11-23T11:00:00+01:00", "to": "2026-11-23T12:00:00+01:00"}, ["accepted"]),
        ({"category": "statistics", "action": "save", "limit": 1}, ["saved"]),
    ],
)
def test_a_filter_finds_exactly_what_it_says(
    read: Reader, choices: dict[str, str], query: dict[str, Any], expected: list[str]
) -> None:
    pages = every_page(read, **query)
    assert [one for page in pages for one in page] == [choices[name] for name in expected]


def test_the_country_filter_goes_by_the_place_of_the_record(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(CDN_COUNTRY_HEADER="X-Country", TRUSTED_PROXIES="127.0.0.0/8")
    notice, client = acts.make_site(app, clock()), app.test_client()
    made = {}
    for country in ("PL", "FR"):
        body = acts.choice_body(notice.digest, clock.advance(seconds=1))
        reply = acts.post_choice(client, SITE, body, X_Country=country)
        assert reply.get_json()["country"] == country
        made[country] = body["id"]
    with app.app_context():
        bearer = {"Authorization": f"Bearer {make_key(clock())}"}
    for asked, country in (("PL", "PL"), ("pl", "PL"), ("FR", "FR")):
        found = client.get(f"/v1/audit/{SITE}/records?country={asked}", headers=bearer)
        assert ids(found) == [made[country]]
        assert found.get_json()["records"][0]["place"]["source"] == "cdn"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=%C2%B2", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("from=yesterday", "from"),
        ("from=2026-11-21", "from"),
        ("from=2026-12-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("to=2026-11-21T10:00:00", "to"),
        ("to=2026-13-21T10:00:00Z", "to"),
        ("to=0001-01-01T00:00:00%2B23:59", "to"),
        ("visitor=abc", "visitor"),
        (f"visitor={acts.SECRET}", "visitor"),
        ("action=accept", "action"),
        ("category=necessary", "category"),
        ("category=!", "category"),
        ("category=%00", "category"),
        ("country=POL", "country"),
        ("country=%00%00", "country"),
        ("notice=" + "F" * 64, "notice"),
        ("notice=%00", "notice"),
        ("visitor=%00", "visitor"),
        ("after=!!!", "after"),
        ("after=", "after"),
        ("after=AAAA", "after"),
        ("after=__________8", "after"),
        ("after=%C5%82", "after"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_by_its_name(
    client: FlaskClient, key: str, query: str, field: str
) -> None:
    reply = client.get(
        f"/v1/audit/{SITE}/records?{query}", headers={"Authorization": f"Bearer {key}"}
    )
    assert (reply.status_code, acts.code_of(reply)) == (422, "field_value")
    assert list(reply.get_json()["error"]["fields"]) == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [("color=red", "color"), ("limit=1&limit=2", "limit"), ("From=x", "From"), ("id=1", "id")],
)
def test_an_unknown_filter_and_one_given_twice_are_refused(
    client: FlaskClient, key: str, query: str, field: str
) -> None:
    reply = client.get(
        f"/v1/audit/{SITE}/records?{query}", headers={"Authorization": f"Bearer {key}"}
    )
    assert (reply.status_code, acts.code_of(reply)) == (422, "field_unknown")
    assert list(reply.get_json()["error"]["fields"]) == [field]


# -- pages -------------------------------------------------------------------------------------


def test_pages_hold_every_record_once_in_order_of_arrival(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    made = [choose(client, notice, clock()) for _ in range(7)]
    pages = every_page(read, limit=3)
    assert [one for page in pages for one in page] == made
    assert [len(page) for page in pages if page] == [3, 3, 1]
    assert read("records", limit=7).get_json()["next"] is None
    assert read("records", limit=6).get_json()["next"] is not None


def test_no_records_at_all_are_one_empty_page(read: Reader) -> None:
    assert read("records").get_json() == {"records": [], "next": None}


def test_a_page_says_of_each_record_what_is_said_of_it_alone(
    app: Flask, client: FlaskClient, notice: Notice, clock: Clock, read: Reader
) -> None:
    for n in range(3):
        page = f"https://{SITE}/\u2028{n}/\u017c"
        choose(client, notice, clock.advance(seconds=1), page=page)
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    choose(client, notice, clock.advance(seconds=1))  # not in the log yet
    found = read("records").get_json()["records"]
    assert found == [read(f"records/{one['id']}").get_json() for one in found]
    assert [one["log"] is None for one in found] == [False, False, False, True]


def test_a_proof_is_made_without_a_look_at_what_the_record_says(
    app: Flask, client: FlaskClient, notice: Notice, clock: Clock, read: Reader
) -> None:
    record = choose(client, notice, clock())
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert read(f"records/{record}/proof").get_json()["proof"]
    assert not any("FROM page" in statement for statement in said)
    assert read(f"records/{record}").status_code == 200
    assert any("FROM page" in statement for statement in said)


def test_a_cursor_stays_good_while_records_arrive(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    made = [choose(client, notice, clock.advance(seconds=1)) for _ in range(3)]
    first = read("records", limit=2).get_json()
    made.append(choose(client, notice, clock.advance(seconds=1)))
    assert ids(read("records", limit=2, after=first["next"])) == made[2:]


def test_a_rare_match_takes_several_short_pages_and_null_still_means_the_end(
    read: Reader,
    client: FlaskClient,
    notice: Notice,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [choose(client, notice, clock.advance(seconds=1)) for _ in range(8)]
    rare = choose(client, notice, clock.advance(seconds=1), action="accept_all", categories=GRANTED)
    monkeypatch.setattr(reading, "SCAN", 3)
    pages = every_page(read, action="accept_all")
    assert pages[0] == [] and len(pages) > 2
    assert [one for page in pages for one in page] == [rare]
    assert [one for page in every_page(read) for one in page] == [*made, rare]
    ended = every_page(read, to=rfc3339(clock()), limit=2)
    assert [one for page in ended for one in page] == made


# -- what is left out, what is noted, what is too much -----------------------------------------


def test_choices_from_test_origins_are_not_shown(
    read: Reader, client: FlaskClient, notice: Notice, clock: Clock
) -> None:
    real = choose(client, notice, clock())
    body = acts.choice_body(notice.digest, clock())
    reply = acts.post_choice(client, SITE, body, Origin="http://localhost:3000")
    assert reply.status_code == 201 and reply.get_json()["test"] is True
    assert ids(read("records")) == [real]
    assert ids(read("records", visitor=leaf.visitor_id(SITE, acts.SECRET))) == [real]
    assert acts.code_of(read(f"records/{body['id']}")) == "not_found"


def test_every_read_is_in_the_trail_with_its_key_and_a_refused_one_is_not(
    read: Reader, client: FlaskClient, notice: Notice, key: str, clock: Clock
) -> None:
    made = choose(client, notice, clock())
    clock.advance(minutes=5)
    before = len(trail.entries(SITE))
    assert read("records", action="reject_all", limit=5).status_code == 200
    assert read(f"records/{made}").status_code == 200
    assert read(f"notices/{notice.digest}").status_code == 200
    assert read("records", limit=0).status_code == 422
    assert read("records/unknown").status_code == 404
    written = trail.entries(SITE)
    assert len(written) == before + 3
    told = [(entry.verb, entry.detail) for entry in reversed(written[:3])]
    assert told == [
        ("records.read", {"filters": {"action": "reject_all", "limit": "5"}, "count": 1}),
        ("record.read", {"record": made}),
        ("notice.read", {"digest": notice.digest}),
    ]
    assert {entry.actor for entry in written[:3]} == {f"key {key.split('_')[1]}"}
    assert {entry.at for entry in written[:3]} == {clock()}
    assert key not in str([entry.detail for entry in trail.entries()])


def test_a_key_in_a_hurry_is_told_to_wait_and_another_is_not(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(RATE_KEY="2")
    acts.make_site(app, clock())
    with app.app_context():
        hasty, calm = (
            {"Authorization": f"Bearer {make_key(clock())}"},
            {"Authorization": f"Bearer {make_key(clock())}"},
        )
    client, path = app.test_client(), f"/v1/audit/{SITE}/records"
    assert [client.get(path, headers=hasty).status_code for _ in range(3)] == [200, 200, 429]
    reply = client.get(path, headers=hasty)
    assert acts.code_of(reply) == "slow_down" and reply.headers["Retry-After"] == "1"
    assert client.get(path, headers=calm).status_code == 200
    clock.advance(seconds=1)
    assert client.get(path, headers=hasty).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_an_auditor_can_change_nothing(client: FlaskClient, key: str, method: str) -> None:
    for path in KEY_ROUTES:
        reply = client.open(path, method=method, headers={"Authorization": f"Bearer {key}"})
        assert (reply.status_code, acts.code_of(reply)) == (403, "read_only")
