"""The question without JavaScript: a page with a form, and a cookie set by HTTP where it can be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from werkzeug.test import TestResponse

from consent import leaf, notices, sites
from tests.acts import BY, make_site, rows
from tests.conftest import Clock
from tests.databases import Databases, lent
from tests.pages import Website
from tests.shop import SHOP, html, opened, ours, started
from tests.test_http_cookies import set_cookies

SITE = "example.com"
PATH = f"/v1/{SITE}/choices"
HOST = {"Host": "consent.example.com"}
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "https://consent.example.com"}


@pytest.fixture
def settings() -> dict[str, str]:
    return {"BASE_URL": "https://consent.example.com", "TRUSTED_PROXIES": "127.0.0.0/8"}


@pytest.fixture
def client(app: Flask, clock: Clock) -> FlaskClient:
    make_site(app, clock(), SITE, cookie_domain=SITE, languages=["en", "pl"])
    return app.test_client(use_cookies=False)


def token(reply: TestResponse) -> str:
    found = re.search(r'name="token" value="([^"]+)"', reply.text)
    assert found, reply.text
    return found[1]


def send(client: FlaskClient, choice: str, **headers: str | None) -> TestResponse:
    form = {"choice": choice, "token": token(client.get(PATH, headers=HOST)), "lang": "en"}
    named = {name.replace("_", "-"): value for name, value in {**OWN, **headers}.items()}
    sent = {name: value for name, value in {**HOST, **named}.items() if value is not None}
    return client.post(PATH, data=form, headers=sent)


@pytest.mark.parametrize(
    ("choice", "action", "given"), [("accept", "accept_all", 1), ("reject", "reject_all", 0)]
)
def test_an_answer_without_javascript_is_a_record_and_a_cookie_of_the_scripts_format(
    client: FlaskClient, clock: Clock, choice: str, action: str, given: int
) -> None:
    reply = send(client, choice)
    assert reply.status_code == 200
    [row] = rows()
    found = set_cookies(reply)
    value, attributes = found["crumbtrail"]
    services = f"&s.ads={given}&s.google-analytics={given}"
    start = f"v=1&asks=1&t={int(clock().timestamp())}&id="
    assert value.startswith(start)
    flags = f"&marketing={given}&statistics={given}"
    assert sorted(value.removeprefix(start)[36:].split("&")) == sorted(
        (flags + services).split("&")
    )
    assert (attributes["Domain"], attributes["SameSite"], "Secure" in attributes) == (
        SITE,
        "Lax",
        True,
    )
    secret, kept = found["crumbtrail_visitor"]
    assert "HttpOnly" in kept and row.visitor.hex() == leaf.visitor_id(SITE, secret)
    words = {"accept": "Your consent is recorded.", "reject": "Your refusal is recorded."}
    assert words[choice] in reply.text and action in ("accept_all", "reject_all")


def test_the_next_answer_is_the_same_visitors_and_names_the_one_before(
    client: FlaskClient, clock: Clock
) -> None:
    first = set_cookies(send(client, "accept"))
    clock.advance(minutes=1)
    cookie = "; ".join(f"{name}={value}" for name, (value, _) in first.items())
    second = set_cookies(send(client, "reject", Cookie=cookie))
    assert second["crumbtrail_visitor"][0] == first["crumbtrail_visitor"][0]
    one, two = rows()
    assert one.visitor == two.visitor and two.previous == one.id


def test_S0_43_whoever_ticks_that_they_are_too_young_accepts_nothing_until_they_clear_it(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    assert "I am under" not in client.get(PATH, headers=HOST).text
    site = sites.get(SITE)
    sites.change(site, BY, clock(), facts={"min_age": 18, "ask_age": True})
    notices.publish(site, BY, clock())
    clock.advance(minutes=2)
    page = client.get(PATH, headers=HOST)
    assert "I am under 18" in page.text and "checked" not in page.text

    def accepted(page: TestResponse, cookie: str, **more: str) -> TestResponse:
        form = {"choice": "accept", "token": token(page), "lang": "en", **more}
        return client.post(PATH, data=form, headers={**HOST, **OWN, "Cookie": cookie})

    reply = accepted(page, "", age="under")
    found = set_cookies(reply)
    assert "Your refusal is recorded." in reply.text
    assert "&marketing=0&statistics=0" in found["crumbtrail"][0]
    cookie = "; ".join(f"{name}={value}" for name, (value, _) in found.items())
    again = client.get(PATH, headers={**HOST, "Cookie": cookie})
    assert "checked" in again.text
    assert "&marketing=1&statistics=1" in set_cookies(accepted(again, cookie))["crumbtrail"][0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://www.example.com"},
        {"Sec_Fetch_Site": None, "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": None, "Origin": "null"},
        {"Sec_Fetch_Site": None, "Origin": None},
        {"Origin": "https://evil.example"},
    ],
)
def test_a_form_of_another_page_decides_nothing(
    client: FlaskClient, headers: dict[str, str | None]
) -> None:
    reply = send(client, "accept", **{"Sec-Fetch-Site": None, **headers})
    assert (reply.status_code, set_cookies(reply), rows()) == (422, {}, [])


@pytest.mark.parametrize("headers", [{"Origin": None}, {"Sec_Fetch_Site": None}])
def test_one_of_the_two_headers_suffices(
    client: FlaskClient, headers: dict[str, str | None]
) -> None:
    base = dict(OWN)
    for name in headers:
        base.pop(name.replace("_", "-"))
    form = {"choice": "reject", "token": token(client.get(PATH, headers=HOST))}
    assert client.post(PATH, data=form, headers={**HOST, **base}).status_code == 200


def test_a_token_that_is_old_or_of_another_site_or_a_choice_that_is_none_decides_nothing(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    made = token(client.get(PATH, headers=HOST))
    forged = made.split(".")[0] + "." + "0" * 64
    for form in (
        {"choice": "accept", "token": forged},
        {"choice": "accept"},
        {"choice": "all", "token": made},
    ):
        assert client.post(PATH, data=form, headers={**HOST, **OWN}).status_code == 422
    clock.advance(hours=25)
    form = {"choice": "accept", "token": made}
    assert client.post(PATH, data=form, headers={**HOST, **OWN}).status_code == 422
    assert rows() == []


def test_under_another_address_the_page_says_that_it_cannot_keep_an_answer(
    client: FlaskClient,
) -> None:
    away = {"Host": "consent.vendor.net"}
    reply = client.get(PATH, headers=away)
    assert reply.status_code == 200 and "another address than the website" in reply.text
    assert "<form" not in reply.text.split('class="card"')[1]
    form = {"choice": "accept", "token": token(client.get(PATH, headers=HOST))}
    sent = {**away, **OWN, "Origin": "https://consent.vendor.net"}
    refused = client.post(PATH, data=form, headers=sent)
    assert (refused.status_code, set_cookies(refused), rows()) == (409, {}, [])


def test_the_page_speaks_the_language_that_is_asked_for_and_sets_no_cookie(
    client: FlaskClient,
) -> None:
    reply = client.get(f"{PATH}?lang=pl", headers=HOST)
    assert "Bez JavaScriptu" in reply.text and 'lang="pl"' in reply.text
    assert set_cookies(reply) == {}
    assert "script" not in reply.headers["Content-Security-Policy"]


@pytest.mark.sqlite_only
def test_a_refusal_without_javascript_holds_when_javascript_is_on_again(
    databases: Databases, tmp_path: Path, elsewhere: Website, new_page: Callable[..., Page]
) -> None:
    with lent(databases, migrated=False) as url, opened(tmp_path, url) as shop:
        page = new_page(java_script_enabled=False, locale="en-GB")
        page.goto(f"{shop.url}/v1/{SHOP}/choices")
        expect(page.get_by_text("Without JavaScript, nothing that waits")).to_be_visible()
        page.get_by_role("button", name="Reject all").click()
        expect(page.get_by_role("status")).to_have_text("Your refusal is recorded.")
        elsewhere.put("/", html(ours(shop)))
        later = new_page(storage_state=page.context.storage_state())
        later.goto(elsewhere.url + "/")
        started(later)
        later.wait_for_load_state("networkidle")
        expect(later.locator("#cmp-dialog")).to_have_count(0)
        told = later.evaluate("consent.get()")
        assert (told["decided"], told["categories"]["statistics"]) == (True, False)
        [record] = shop.record(told["id"])
        assert (record["action"], record["layer"], record["device"]) == ("reject_all", 1, None)
