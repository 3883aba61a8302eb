"""Requests of visitors: when an answer is due, the form, the queue, and closing one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from consent import leaf, requests, sites, trail, users
from consent.regime import Place
from consent.requests import Wish
from tests.acts import SECRET, add_site, choice_body, make_site, post_choice, uuid7
from tests.conftest import Clock

SITE = "example.com"
FORM = f"/v1/{SITE}/requests"
OURS = {"Sec-Fetch-Site": "same-origin"}
NEW_YEAR = datetime(2025, 1, 1, 12, 0, tzinfo=UTC)
NUMBER = re.compile(r'class="number"><bdi dir="ltr">([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})<')


@pytest.mark.parametrize(
    ("promised", "place", "day"),
    [
        (90, "US", "2025-04-01"),
        (90, "PL", "2025-02-01"),
        (90, "NO", "2025-02-01"),
        (90, "GB", "2025-02-01"),
        (90, "US-CA", "2025-02-15"),
        (10, "PL", "2025-01-11"),
        (None, "FR", "2025-02-01"),
        (None, "JP", "2025-01-31"),
        (90, None, "2025-02-01"),
    ],
)
def test_an_answer_is_due_by_the_stricter_of_promise_and_law(
    promised: int | None, place: str | None, day: str
) -> None:
    due, because = requests.due(NEW_YEAR, promised, place)
    assert due.date() == date.fromisoformat(day) and because


@pytest.mark.parametrize(
    ("day", "due"),
    [("2026-01-31", "2026-02-28"), ("2024-01-31", "2024-02-29"), ("2025-12-15", "2026-01-15")],
)
def test_a_month_ends_on_the_same_day_or_the_months_last(day: str, due: str) -> None:
    created = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert requests.later(created, 1).date() == date.fromisoformat(due)


@pytest.mark.parametrize(
    ("country", "subdivision", "code"),
    [
        ("RE", None, "FR"),
        ("US", "CA", "US-CA"),
        ("PR", None, "US"),
        ("PL", None, "PL"),
        (None, None, None),
    ],
)
def test_a_territory_has_the_law_of_its_country(
    country: str | None, subdivision: str | None, code: str | None
) -> None:
    aliases = {"RE": "FR", "PR": "US"}
    assert requests.place_code(Place(country, subdivision, "database", None), aliases) == code


# -- the form ------------------------------------------------------------------------------------


@pytest.fixture
def site(app: Flask, clock: Clock) -> None:
    make_site(app, clock(), languages=["en", "pl", "fr"])


def filled(client: FlaskClient, path: str = FORM, **more: str) -> dict[str, str]:
    token = client.get(path).text.split('name="token" value="')[1].split('"')[0]
    return {"token": token, "kind": "access", "contact": "anna@example.org", "lang": "en", **more}


def send(client: FlaskClient, form: dict[str, str], **headers: str) -> TestResponse:
    return client.post(FORM, data=form, headers={**OURS, **headers})


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("See my data", "Correct or update my data", "Delete my data", "Something else")),
        ("pl", ("Chcę zobaczyć swoje dane", "Chcę usunąć swoje dane", "bezpłatne")),
        ("fr", ("Voir mes données", "Supprimer mes données", "gratuit")),
    ],
)
def test_the_form_offers_its_kinds_in_each_language(
    client: FlaskClient, site: None, language: str, words: tuple[str, ...]
) -> None:
    reply = client.get(f"{FORM}?lang={language}")
    assert reply.status_code == 200 and f'<html lang="{language}"' in reply.text
    assert all(word in unescape(reply.text) for word in words)
    assert reply.text.count('type="radio"') == 5 and "privacy@example.com" in reply.text
    assert "Set-Cookie" not in reply.headers and "<script" not in reply.text


def test_a_request_gets_a_number_and_a_day_and_is_kept_once(
    client: FlaskClient, site: None, clock: Clock
) -> None:
    form = filled(client, text="My data, please. <b>", record=uuid7(clock()))
    replies = [send(client, form), send(client, form)]
    found = NUMBER.search(replies[0].text)
    assert found and {reply.status_code for reply in replies} == {200}
    assert "21 December 2026" in replies[0].text and found[1] in replies[1].text
    [kept] = requests.queue(sites.get(SITE))
    assert (kept.number, kept.kind, kept.state) == (found[1], "access", "open")
    assert kept.text == "My data, please. <b>" and kept.contact == "anna@example.org"
    assert kept.country is None and kept.record is not None
    lines = [entry for entry in trail.entries(SITE) if entry.verb == "request.add"]
    assert [(e.actor, e.detail) for e in lines] == [
        ("visitor", {"number": found[1], "kind": "access"})
    ]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"kind": "everything"}, "Please choose one"),
        ({"contact": "anna"}, "Please give an e-mail address"),
        ({"text": "x" * 4001}, "At most 4000 characters"),
        ({"text": "a\0b"}, "At most 4000 characters"),
        ({"record": "17"}, "A record's number looks like"),
        ({"token": "1.2.3"}, "This page was open too long"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    client: FlaskClient, site: None, change: dict[str, str], wrong: str
) -> None:
    reply = send(client, filled(client, **change))
    assert reply.status_code == 422 and wrong in unescape(reply.text)
    assert "anna" in reply.text and requests.queue(sites.get(SITE)) == []


def test_a_form_counts_only_as_we_showed_it_lately(
    client: FlaskClient, site: None, clock: Clock
) -> None:
    add_site(clock(), "other.example")
    foreign = filled(client, "/v1/other.example/requests")
    assert send(client, foreign).status_code == 422
    assert send(client, filled(client), **{"Sec-Fetch-Site": "cross-site"}).status_code == 422
    old = filled(client)
    clock.advance(hours=25)
    assert send(client, old).status_code == 422
    assert requests.queue(sites.get(SITE)) == []


def test_a_flood_of_requests_is_slowed_down(client: FlaskClient, site: None) -> None:
    statuses = [send(client, filled(client)).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_without_the_form_the_page_names_the_contacts(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock(), request_form=False, contacts={"email": "rights@example.com"})
    reply = client.get(FORM)
    assert "<form" not in reply.text and "rights@example.com" in reply.text
    assert send(client, {"kind": "access", "contact": "a@b.example"}).status_code == 404


# -- the queue -----------------------------------------------------------------------------------


@pytest.fixture
def owner(client: FlaskClient, clock: Clock) -> Callable[..., TestResponse]:
    """`owner(path)` reads a page of the site in the admin; `owner(path, {…})` sends a form."""
    users.add_user("olga@example.com", "river lamp stone 42", "cli", clock())

    def ask(path: str, form: dict[str, str] | None = None) -> TestResponse:
        where = f"/admin/sites/{SITE}{path}"
        if form is None:
            return client.get(where)
        page = client.get("/admin/account").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        return client.post(where, data={"csrf": token, **form}, headers=OURS)

    page = client.get("/admin/sign-in").text
    form = {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
    form |= {"email": "olga@example.com", "password": "river lamp stone 42"}
    assert client.post("/admin/sign-in", data=form, headers=OURS).status_code == 303
    return ask


def wish(kind: str = "erasure", **more: Any) -> Wish:
    return Wish(
        **{
            "kind": kind,
            "contact": "anna@example.org",
            "text": "",
            "record": None,
            "language": "pl",
            **more,
        }
    )


def test_the_queue_shows_what_is_overdue_first_and_closing_needs_a_note(
    site: None, clock: Clock, owner: Callable[..., TestResponse]
) -> None:
    of = sites.get(SITE)
    requests.add(of, "AAAA-AAAA-AAAA", wish("access"), "JP", clock() - timedelta(days=31))
    requests.add(of, "BBBB-BBBB-BBBB", wish(), "PL", clock() - timedelta(days=11))
    page = unescape(owner("/requests/").text)
    assert page.index("Overdue: 1") < page.index("AAAA") < page.index("BBBB")
    assert "GDPR art. 12(3)" in page and "1 overdue" in owner("/").text
    one = "/requests/AAAA-AAAA-AAAA"
    assert owner(one, {"state": "done", "note": " "}).status_code == 422
    assert owner(one, {"state": "open", "note": "x"}).status_code == 422
    assert owner(one, {"state": "done", "note": "Copy sent."}).status_code == 303
    again = {"state": "refused", "note": "Again", "ground": "excessive"}
    assert owner(one, again).status_code == 409
    assert "AAAA" not in owner("/requests/").text
    assert "AAAA" in owner("/requests/?state=closed").text and "Copy sent." in owner(one).text
    verbs = {entry.verb: entry.actor for entry in trail.entries(SITE)}
    assert verbs["request.close"] == verbs["requests.read"] == "olga@example.com"


def test_an_owner_erases_one_record_or_all_of_its_visitor_and_says_why(
    app: Flask, client: FlaskClient, clock: Clock, owner: Callable[..., TestResponse]
) -> None:
    digest = make_site(app, clock()).digest
    from_visitor = [post(client, digest, clock) for _ in range(3)]
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    first, second, third = (f"/records/{one}" for one in from_visitor)
    assert "both proofs and both signatures right" in owner(first).text
    assert "all of this visitor: 3 records" in owner(f"{first}/erase").text
    assert owner(f"{first}/erase", {"scope": "record", "sure": "yes"}).status_code == 422
    assert owner(f"{first}/erase", {"scope": "record", "reason": "x"}).status_code == 422
    wanted = {"scope": "record", "sure": "yes", "reason": "request ABCD"}
    assert owner(f"{first}/erase", wanted).status_code == 303
    assert "Erased record" in owner(first).text and "Erase …" in owner(second).text
    assert "[erased]" in owner("/records/").text
    assert owner(f"{first}/erase").status_code == 409
    assert owner(f"{second}/erase", {**wanted, "scope": "visitor"}).status_code == 303
    assert "Erased record" in owner(third).text
    told = [e for e in trail.entries(SITE) if e.verb == "record.erase"]
    assert [(e.actor, e.detail["reason"], e.detail["count"]) for e in told] == [
        ("olga@example.com", "request ABCD", 2),
        ("olga@example.com", "request ABCD", 1),
    ]


def test_a_record_on_its_way_into_the_log_cannot_be_erased_yet(
    app: Flask, client: FlaskClient, clock: Clock, owner: Callable[..., TestResponse]
) -> None:
    record = post(client, make_site(app, clock()).digest, clock)
    assert "on its way into the log" in owner(f"/records/{record}").text
    wanted = {"scope": "record", "sure": "yes", "reason": "request ABCD"}
    reply = owner(f"/records/{record}/erase", wanted)
    assert reply.status_code == 503 and "on its way" in reply.text


def test_the_terminal_erases_too(app: Flask, client: FlaskClient, clock: Clock) -> None:
    digest = make_site(app, clock()).digest
    ids = [post(client, digest, clock) for _ in range(3)]
    app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
    visitor = leaf.visitor_id(SITE, SECRET)
    run = app.test_cli_runner().invoke
    why = ["--reason", "request ABCD"]
    assert run(args=["record", "erase", SITE, *why]).exit_code == 2
    assert run(args=["record", "erase", SITE, "17", *why]).exit_code == 1
    assert run(args=["record", "erase", SITE, "--visitor", "zz", *why]).exit_code == 1
    one = run(args=["record", "erase", SITE, ids[0], *why])
    assert one.exit_code == 0 and "Erased: 1 records" in one.output, one.output
    rest = run(args=["record", "erase", SITE, "--visitor", visitor, *why])
    assert rest.exit_code == 0 and "Erased: 2 records" in rest.output, rest.output


def post(client: FlaskClient, digest: str, clock: Clock) -> str:
    found: str = post_choice(client, SITE, choice_body(digest, clock())).get_json()["id"]
    return found


def test_the_settings_of_a_site_keep_the_contact_for_rights_the_form_and_the_promise(
    site: None, owner: Callable[..., TestResponse]
) -> None:
    page = owner("/settings").text
    assert 'name="request_form" value="yes" checked' in page
    form = {"name": "Example", "origins": SITE, "languages": "en", "default_language": "en"}
    form |= {"legal_name": "Example Ltd", "rights_email": "gdpr@example.com"}
    assert owner("/settings", {**form, "request_days": "soon"}).status_code == 422
    assert owner("/settings", {**form, "request_days": "60"}).status_code == 303
    of = sites.get(SITE)
    assert (of.contacts, of.request_form, of.request_days) == (
        {"email": "gdpr@example.com"},
        False,
        60,
    )
