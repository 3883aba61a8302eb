"""The two cookies set by HTTP: only where the platform is same-site with the page, never before a
choice, and the same visitor whatever is repeated or lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Request, Route, expect
from werkzeug.test import TestResponse

from consent import leaf, users
from consent.notices import Notice
from consent.sites import same_site
from tests.acts import BY, SECRET, choice_body, code_of, make_site, post_choice, rows, uuid7
from tests.conftest import Clock
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server

SITE = "example.com"
OTHER = "another-secret-of-a-visitor"
OURS = {"Host": "consent.example.com"}
PAGE = {"Origin": "https://example.com"}

# own address as the server sees it, the page, the site's cookie domain -> same-site
CASES = [
    ("https://example.com", "https://example.com", None, True),
    ("https://example.com", "https://example.com:8443", None, True),
    ("http://127.0.0.1", "http://127.0.0.1:5173", None, True),
    ("http://[::1]", "http://[::1]:3000", None, True),
    ("https://example.com", "http://example.com", None, False),
    ("http://example.com", "https://example.com", None, False),
    ("https://consent.example.com", "https://example.com", None, False),
    ("https://consent.example.com", "https://www.example.com", None, False),
    ("http://127.0.0.1", "http://localhost", None, False),
    ("https://consent.example.com", "https://example.com", "example.com", True),
    ("https://consent.example.com", "https://www.shop.example.com", "example.com", True),
    ("https://example.com", "https://example.com", "example.com", True),
    ("https://consent.example.com", "http://www.example.com", "example.com", False),
    ("https://consent.vendor.net", "https://example.com", "example.com", False),
    ("https://consent.example.com", "https://example.net", "example.com", False),
    ("https://consent.example.com", "https://badexample.com", "example.com", False),
    ("https://badexample.com", "https://example.com", "example.com", False),
    ("https://example.com.evil.com", "https://example.com", "example.com", False),
    # Nobody may set a cookie for a domain that is not above it.
    ("http://127.0.0.1", "http://127.0.0.1", "example.com", False),
    ("https://example.com", "https://example.com", "www.example.com", False),
]


@pytest.fixture
def settings() -> dict[str, str]:
    return {
        "BASE_URL": "https://consent.example.com",
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "CDN_COUNTRY_HEADER": "CF-IPCountry",
    }


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a jar: each test says which cookies are sent."""
    return app.test_client(use_cookies=False)


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return make_site(app, clock.now, cookie_domain=SITE, origins=[SITE, f"*.{SITE}"])


@pytest.fixture
def body(notice: Notice, clock: Clock) -> dict[str, Any]:
    """A refusal by a browser that leaves the secret to the platform."""
    return choice_body(notice.digest, clock.now, visitor=...)


def send(client: FlaskClient, body: dict[str, Any], **headers: str | None) -> TestResponse:
    """From a page of the site, to the platform below the site's own domain."""
    return post_choice(client, SITE, body, **{**OURS, **headers})


def set_cookies(reply: TestResponse) -> dict[str, tuple[str, dict[str, str]]]:
    """Name -> value and attributes, of every Set-Cookie."""
    found = {}
    for line in reply.headers.getlist("Set-Cookie"):
        (name, value), *rest = [part.partition("=")[::2] for part in line.split("; ")]
        found[name] = (value, dict(rest))
    return found


def secret_in(reply: TestResponse) -> str:
    return set_cookies(reply)["crumbtrail_visitor"][0]


def visitors() -> list[str]:
    return [row.visitor.hex() for row in rows() if row.visitor]


# -- what is same-site -------------------------------------------------------------------------


@pytest.mark.parametrize(("own", "page", "domain", "same"), CASES)
def test_what_is_same_site_for_the_server(
    own: str, page: str, domain: str | None, same: bool
) -> None:
    assert same_site(own, page, domain) is same


@pytest.mark.sqlite_only
def test_what_is_same_site_for_the_script(page: Page) -> None:
    source = (ROOT / "static/js/src/verdict.js").read_text("utf-8")
    module = "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()
    answers = page.evaluate(
        """async ([module, cases]) => {
          const { sameSite } = await import(module);
          return cases.map(([http, page, domain]) => sameSite({ http, domain }, new URL(page)));
        }""",
        [module, [*CASES, (None, "https://example.com", None, False)]],
    )
    assert answers == [*(same for *_, same in CASES), False]


@pytest.mark.parametrize("own", ["http://[bad", "https://", "null", ""])
def test_an_address_that_is_none_is_same_site_with_nobody(own: str) -> None:
    assert not same_site(own, own, None)


# -- what is set -------------------------------------------------------------------------------


def test_both_cookies_are_set_with_all_their_attributes(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    life = client.get(f"/v1/{SITE}/notice", headers=OURS).get_json()["life"]
    reply = send(client, body)
    assert reply.status_code == 201
    found = set_cookies(reply)
    assert set(found) == {"crumbtrail", "crumbtrail_visitor"}
    for _, attributes in found.values():
        attributes.pop("Expires", None)
    shared = {"Path": "/", "Domain": SITE, "SameSite": "Lax", "Secure": "", "Max-Age": str(life)}
    said = f"v=1&asks=1&t={int(clock.now.timestamp())}&id={body['id']}&statistics=0&marketing=0"
    assert found["crumbtrail"] == (said, shared)
    secret, attributes = found["crumbtrail_visitor"]
    assert attributes == {**shared, "HttpOnly": ""}
    assert len(secret) == 22
    assert visitors() == [leaf.visitor_id(SITE, secret)]


def test_without_https_and_cookie_domain_there_is_neither_secure_nor_domain(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app()
    notice = make_site(app, clock.now)
    sent = choice_body(notice.digest, clock.now, visitor=...)
    client = app.test_client(use_cookies=False)
    reply = post_choice(client, SITE, sent, Host=SITE, Origin=f"http://{SITE}:8080")
    assert reply.status_code == 201
    for _, attributes in set_cookies(reply).values():
        assert not {"Secure", "Domain"} & set(attributes)
    other = choice_body(notice.digest, clock.now, visitor=...)
    assert post_choice(client, SITE, other, Host=SITE).status_code == 422  # a page on https


def test_before_a_choice_no_answer_sets_a_cookie(client: FlaskClient, notice: Notice) -> None:
    for path in ("consent.js", "en/consent.js", "notice", "en/details.json"):
        for fetched in ("same-origin", "same-site"):
            headers = {**OURS, **PAGE, "Sec-Fetch-Site": fetched}
            reply = client.get(f"/v1/{SITE}/{path}", headers=headers)
            assert (reply.status_code, set_cookies(reply)) == (200, {})


def test_the_script_is_told_where_the_server_believes_to_be(
    client: FlaskClient, notice: Notice
) -> None:
    for host, own in (
        ("consent.example.com", "https://consent.example.com"),
        ("Consent.Example.com:8443", "https://consent.example.com"),
        ("crumbtrail:8000", "https://crumbtrail"),
        ("[::1]:8000", "https://[::1]"),
        ("[bad", None),
    ):
        told = client.get(f"/v1/{SITE}/notice", headers={"Host": host}).get_json()["cookie"]
        assert told == {"domain": SITE, "path": "/", "http": own}


def test_an_answer_that_a_shared_cache_may_keep_is_the_same_whatever_host_was_named(
    client: FlaskClient, notice: Notice
) -> None:
    hosts = ("consent.example.com", "evil.example", "[bad")
    asked = [client.get(f"/v1/{SITE}/PL/en/consent.js", headers={"Host": h}) for h in hosts]
    assert all(reply.headers["Cache-Control"].startswith("public") for reply in asked)
    assert len({reply.data for reply in asked}) == 1 and b"evil" not in asked[1].data


def test_in_a_pretended_folder_of_the_demo_cookies_stay_with_the_script(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(DEMO="1")
    notice = make_site(app, clock.now, "voipstudio.pl", origins=["localhost"])
    client = app.test_client(use_cookies=False)
    root = "/demo/@PL/v1/voipstudio.pl"
    assert client.get(f"{root}/notice").get_json()["cookie"]["http"] is None
    headers = {"Origin": "http://localhost", "Content-Type": "text/plain"}
    for visitor, status in ((..., 422), (SECRET, 201)):
        sent = json.dumps(choice_body(notice.digest, clock.now, visitor=visitor))
        reply = client.post(f"{root}/consents", data=sent, headers=headers)
        assert (reply.status_code, set_cookies(reply)) == (status, {})
        assert "Access-Control-Allow-Credentials" not in reply.headers
    kept = {"Cookie": f"crumbtrail_visitor={SECRET}", "Sec-Fetch-Site": "same-origin"}
    assert client.get(f"{root}/visitor/records", headers=kept).status_code == 401


# -- where it is not same-site -----------------------------------------------------------------


def test_from_another_site_nothing_changes(client: FlaskClient, notice: Notice) -> None:
    reply = post_choice(
        client,
        SITE,
        choice_body(notice.digest, datetime(2026, 11, 21, 10, tzinfo=UTC)),
        Host="consent.vendor.net",
        Cookie=f"crumbtrail_visitor={OTHER}",
    )
    assert (reply.status_code, set_cookies(reply)) == (201, {})
    assert "Access-Control-Allow-Credentials" not in reply.headers
    assert visitors() == [leaf.visitor_id(SITE, SECRET)]


@pytest.mark.parametrize("cookie", [None, f"crumbtrail_visitor={SECRET}"])
def test_from_another_site_a_choice_without_its_secret_is_422(
    client: FlaskClient, body: dict[str, Any], cookie: str | None
) -> None:
    reply = send(client, body, Host="consent.vendor.net", Cookie=cookie)
    assert (reply.status_code, code_of(reply), set_cookies(reply)) == (422, "field_value", {})
    assert reply.get_json()["error"]["message"] == "visitor: Missing data for required field."
    assert reply.get_json()["error"]["fields"] == {"visitor": "Missing data for required field."}
    assert rows() == []


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.com", "https://badexample.com", "https://example.net"]
)
def test_a_foreign_page_gets_neither_cookies_nor_credentials(
    client: FlaskClient, body: dict[str, Any], origin: str | None
) -> None:
    reply = send(client, body, Origin=origin, Cookie=f"crumbtrail_visitor={SECRET}")
    assert (reply.status_code, code_of(reply), set_cookies(reply)) == (403, "origin", {})
    assert "Access-Control-Allow-Credentials" not in reply.headers
    if origin:
        headers = {**OURS, "Origin": origin, "Access-Control-Request-Method": "POST"}
        asked = client.options(f"/v1/{SITE}/consents", headers=headers)
        assert not [name for name in asked.headers.keys() if name.startswith("Access-Control-")]


def test_a_page_of_the_site_may_send_credentials_and_read_a_refusal(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    for sent in (body, body | {"id": uuid7(datetime.now(UTC)), "action": "accept_all"}):
        reply = send(client, sent, Origin="https://www.example.com")
        assert reply.headers["Access-Control-Allow-Credentials"] == "true"
        assert reply.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert reply.status_code == 422
    assert set_cookies(reply) == {}


# -- who the visitor is ------------------------------------------------------------------------


def test_a_repeat_whose_answer_was_lost_is_the_same_visitor(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    first = send(client, body)
    clock.advance(minutes=5)
    lost = send(client, body)
    came = send(client, body, Cookie=f"crumbtrail_visitor={secret_in(first)}")
    assert [r.status_code for r in (first, lost, came)] == [201, 200, 200]
    assert first.data == lost.data == came.data
    assert secret_in(first) == secret_in(lost) == secret_in(came)
    assert len(visitors()) == 1


def test_a_repeat_after_a_later_choice_made_the_cookie_is_still_200(
    client: FlaskClient, notice: Notice, body: dict[str, Any], clock: Clock
) -> None:
    first = send(client, body)
    later = send(client, choice_body(notice.digest, clock.now, visitor=...))
    assert secret_in(later) != secret_in(first)
    again = send(client, body, Cookie=f"crumbtrail_visitor={secret_in(later)}")
    assert (again.status_code, again.data) == (200, first.data)
    assert secret_in(again) == secret_in(later)
    assert len(rows()) == 2


def test_an_id_for_another_choice_stays_422(client: FlaskClient, body: dict[str, Any]) -> None:
    secret = secret_in(send(client, body))
    reply = send(client, body | {"layer": 2}, Cookie=f"crumbtrail_visitor={secret}")
    assert (reply.status_code, code_of(reply), set_cookies(reply)) == (422, "id_reused", {})


def test_the_cookie_names_the_visitor_of_the_next_choice(
    client: FlaskClient, notice: Notice, body: dict[str, Any], clock: Clock
) -> None:
    secret = secret_in(send(client, body))
    next_one = choice_body(notice.digest, clock.now, visitor=...)
    reply = send(client, next_one, Cookie=f"crumbtrail_visitor={secret}")
    assert secret_in(reply) == secret
    assert visitors() == [leaf.visitor_id(SITE, secret)] * 2


def test_a_secret_from_before_is_taken_over_from_the_body(
    client: FlaskClient, body: dict[str, Any]
) -> None:
    reply = send(client, body | {"visitor": SECRET}, Cookie=f"crumbtrail_visitor={OTHER}")
    assert secret_in(reply) == SECRET
    assert "HttpOnly" in set_cookies(reply)["crumbtrail_visitor"][1]
    assert visitors() == [leaf.visitor_id(SITE, SECRET)]


@pytest.mark.parametrize("value", ["", "short", "spaces in it are not allowed", "x" * 87])
def test_a_cookie_that_is_no_secret_names_nobody(
    client: FlaskClient, body: dict[str, Any], value: str
) -> None:
    made = secret_in(send(client, body))
    again = send(client, body, Cookie=f"crumbtrail_visitor={value}")
    assert (again.status_code, secret_in(again)) == (200, made)


def test_the_secret_made_is_of_one_site_one_record_and_one_key(
    client: FlaskClient, app: Flask, make_app: Callable[..., Flask], notice: Notice, clock: Clock
) -> None:
    bodies = [choice_body(notice.digest, clock.now, visitor=...) for _ in range(2)]
    made = {secret_in(send(client, one)) for one in bodies}
    other = make_site(app, clock.now, "b.example", cookie_domain="b.example")
    headers = {"Host": "consent.b.example"}
    there = post_choice(client, "b.example", bodies[0] | {"notice": other.digest}, **headers)
    made.add(secret_in(there))
    rotated = make_app(BASE_URL="https://consent.example.com", SECRET_KEY="another one")
    sent = choice_body(notice.digest, clock.now, visitor=..., id=uuid7(clock.now))
    made.add(secret_in(send(rotated.test_client(use_cookies=False), sent)))
    assert len(made) == 4


# -- the choice itself -------------------------------------------------------------------------


def cookie_of(body: dict[str, Any], clock: Clock, more: str, record: str = "") -> str:
    t = int(clock.now.timestamp())
    return f"v=1&asks=1&t={t}&id={record or body['id']}&{more}"


def test_the_scripts_own_cookie_comes_back_as_delivered(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    """Also what a signal left as it was: a partial record does not shorten the cookie."""
    body |= {"action": "gpc", "categories": {"marketing": False}, "signals": {"gpc": True}}
    written = cookie_of(body, clock, "statistics=0&marketing=0&s.google-analytics=0")
    reply = send(client, body, Cookie=f"crumbtrail={written}&p=1")
    assert set_cookies(reply)["crumbtrail"][0] == written


def test_services_stand_in_the_cookie(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    reply = send(client, body | {"services": {"google-analytics": False, "ads": False}})
    said = cookie_of(body, clock, "statistics=0&marketing=0&s.google-analytics=0&s.ads=0")
    assert set_cookies(reply)["crumbtrail"][0] == said


def test_a_choice_that_arrives_late_does_not_replace_a_newer_one(
    client: FlaskClient, body: dict[str, Any], clock: Clock
) -> None:
    newer = uuid7(clock.advance(seconds=2))
    held = cookie_of(body, clock, "statistics=0&marketing=0", newer)
    reply = send(client, body, Cookie=f"crumbtrail={held}")
    assert reply.status_code == 201
    assert set(set_cookies(reply)) == {"crumbtrail_visitor"}


@pytest.mark.parametrize("held", ["nonsense", "v=2&t=9999999999", 'v=1&asks=1&t=1&id=x&a="1"'])
def test_a_cookie_that_is_not_of_our_format_is_replaced(
    client: FlaskClient, body: dict[str, Any], clock: Clock, held: str
) -> None:
    reply = send(client, body, Cookie=f"crumbtrail={held}")
    said = cookie_of(body, clock, "statistics=0&marketing=0")
    assert set_cookies(reply)["crumbtrail"][0] == said


def test_of_a_choice_delivered_late_only_the_rest_of_its_life_is_kept(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    life = {"value": 10, "unit": "day"}
    notice = make_site(app, clock.now, cookie_domain=SITE, choice_lifetime=life)
    for days, left in ((4, 6 * 86_400), (10, None), (20, None)):
        made = clock.now - timedelta(days=days)
        reply = send(client, choice_body(notice.digest, made, visitor=...))
        ages = {attributes["Max-Age"] for _, attributes in set_cookies(reply).values()}
        assert (reply.status_code, ages) == (201, {str(left)} if left else set())


def test_an_opt_out_is_kept_until_it_may_be_asked_again(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    life = {"value": 10, "unit": "day"}
    notice = make_site(app, clock.now, cookie_domain=SITE, choice_lifetime=life)
    accept = {"action": "accept_all", "categories": {"statistics": True, "marketing": True}}
    for country, changes, days in (
        ("US", {}, 366),
        ("US", accept, 10),
        ("PL", {}, 10),
    ):
        sent = choice_body(notice.digest, clock.now, visitor=..., **changes)
        reply = send(client, sent, CF_IPCountry=country)
        ages = {int(attributes["Max-Age"]) for _, attributes in set_cookies(reply).values()}
        assert ages == {days * 86_400}, country


# -- one's own records -------------------------------------------------------------------------

MAY = {
    "a page of the site": {"Origin": "https://www.example.com", "Sec-Fetch-Site": "same-site"},
    "the platform's own page": {"Sec-Fetch-Site": "same-origin"},
    "a page below the same domain": {"Sec-Fetch-Site": "same-site"},
}
MAY_NOT = {
    "nobody says from where": {},
    "an address typed in": {"Sec-Fetch-Site": "none"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a foreign page": {"Origin": "https://evil.com", "Sec-Fetch-Site": "same-site"},
    "no page": {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    "a page without https": {"Origin": "http://www.example.com", "Sec-Fetch-Site": "same-site"},
    "a key that is none": {**MAY["a page of the site"], "Authorization": "Visitor short"},
}


@pytest.mark.parametrize("headers", MAY.values(), ids=MAY.keys())
def test_the_cookie_opens_ones_own_records(
    client: FlaskClient, body: dict[str, Any], headers: dict[str, str]
) -> None:
    secret = secret_in(send(client, body))
    mine = {**OURS, **headers, "Cookie": f"crumbtrail_visitor={secret}"}
    records = client.get(f"/v1/{SITE}/visitor/records", headers=mine)
    assert [record["id"] for record in records.get_json()["records"]] == [body["id"]]
    receipt = client.get(f"/v1/{SITE}/receipts/{body['id']}", headers=mine)
    assert receipt.get_json()["record"]["id"] == body["id"]
    assert set_cookies(receipt) == {}
    others = {**mine, "Cookie": f"crumbtrail_visitor={OTHER}"}
    not_yours = client.get(f"/v1/{SITE}/receipts/{body['id']}", headers=others)
    not_there = client.get(f"/v1/{SITE}/receipts/{body['id'][:-3]}fff", headers=mine)
    assert (not_yours.status_code, not_there.status_code) == (404, 404)
    assert not_yours.data == not_there.data


@pytest.mark.parametrize("headers", MAY_NOT.values(), ids=MAY_NOT.keys())
def test_from_elsewhere_the_cookie_opens_nothing(
    client: FlaskClient, body: dict[str, Any], headers: dict[str, str]
) -> None:
    secret = secret_in(send(client, body))
    mine = {**OURS, **headers, "Cookie": f"crumbtrail_visitor={secret}"}
    for path in ("visitor/records", f"receipts/{body['id']}"):
        reply = client.get(f"/v1/{SITE}/{path}", headers=mine)
        assert (reply.status_code, code_of(reply)) == (401, "visitor")


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mounted(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str]]:
    """A server on the same host as the site's pages, and an auditor's key."""
    with lent_server(databases, tmp_path_factory.mktemp("mounted")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SITE, origins=["127.0.0.1"])
            key = users.create_key("An auditor", [SITE], at + timedelta(days=1), by=BY, at=at)
        yield running, key


@pytest.fixture
def posts(page: Page) -> list[dict[str, Any]]:
    """The body of every choice the page sends."""
    sent: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(json.loads(request.post_data or "null"))

    page.on("request", note)
    return sent


@pytest.fixture
def shop(mounted: tuple[Server, str], elsewhere: Website, page: Page) -> Page:
    """A page of the site, on another port of the platform's host; nothing was chosen yet."""
    server, _ = mounted
    script = f'<script async src="{server.url}/v1/{SITE}/consent.js"></script>'
    html = f'<!doctype html><html lang="en"><head><title>Shop</title>{script}</head><body></body>'
    page.goto(elsewhere.put("/", html))
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert page.context.cookies() == []
    return page


def delivered(page: Page) -> str:
    page.wait_for_function("consent.get() && consent.get().id && !consent.get().pending")
    record: str = page.evaluate("consent.get().id")
    return record


def jar(page: Page) -> dict[str, tuple[str, bool]]:
    """Name -> value and whether scripts cannot read it."""
    return {c["name"]: (c["value"], c["httpOnly"]) for c in page.context.cookies()}


def audited(mounted: tuple[Server, str], visitor: str) -> list[dict[str, Any]]:
    server, key = mounted
    path = f"/v1/audit/{SITE}/records?visitor={visitor}"
    found: list[dict[str, Any]] = server.get(path, Authorization=f"Bearer {key}").json()["records"]
    return found


@pytest.mark.sqlite_only
def test_on_its_own_host_no_script_sees_the_visitors_secret(
    mounted: tuple[Server, str], shop: Page, posts: list[dict[str, Any]]
) -> None:
    shop.click("[data-cmp=reject]")
    first = delivered(shop)
    secret, hidden = jar(shop)["crumbtrail_visitor"]
    assert hidden
    assert "crumbtrail_visitor" not in shop.evaluate("document.cookie")
    assert ["visitor" in post for post in posts] == [False]
    choice, hidden = jar(shop)["crumbtrail"]
    assert not hidden
    assert f"&id={first}&statistics=0&marketing=0" in choice
    assert "&p=1" not in choice

    shop.reload()
    shop.wait_for_function("window.consent && consent.get() !== null")
    expect(shop.locator("#cmp-entry button")).to_be_visible()
    expect(shop.locator("#cmp-dialog")).to_have_count(0)
    assert shop.evaluate("consent.get().id") == first

    shop.click("#cmp-entry button")
    expect(shop.locator("dialog#cmp-dialog code")).to_have_text(first)
    shop.click("dialog#cmp-dialog [data-cmp=accept]")
    shop.wait_for_function(f"consent.get().id !== '{first}' && !consent.get().pending")
    second = shop.evaluate("consent.get().id")
    assert ["visitor" in post for post in posts] == [False, False]
    assert jar(shop)["crumbtrail_visitor"] == (secret, True)
    records = audited(mounted, leaf.visitor_id(SITE, secret))
    assert [record["id"] for record in records] == [first, second]


@pytest.mark.sqlite_only
def test_a_page_may_ask_for_its_visitors_records_without_the_secret(
    mounted: tuple[Server, str], shop: Page
) -> None:
    shop.click("[data-cmp=reject]")
    record = delivered(shop)
    found = shop.evaluate(
        "address => fetch(address, { credentials: 'include' }).then((reply) => reply.json())",
        f"{mounted[0].url}/v1/{SITE}/visitor/records",
    )
    assert [one["id"] for one in found["records"]] == [record]


@pytest.mark.sqlite_only
def test_what_http_has_set_is_not_written_again_by_the_script(shop: Page) -> None:
    shop.click("[data-cmp=reject]")
    delivered(shop)
    until = [c["expires"] for c in shop.context.cookies()]
    shop.add_init_script(
        """const real = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
        window.__written = [];
        Object.defineProperty(document, 'cookie', {
          get: () => real.get.call(document),
          set: (text) => { __written.push(text); real.set.call(document, text); },
        });"""
    )
    shop.reload(wait_until="networkidle")
    shop.wait_for_function("window.consent && consent.get() && consent.get().decided")
    written = shop.evaluate("__written.filter((text) => text.startsWith('crumbtrail'))")
    assert written == []
    assert [c["expires"] for c in shop.context.cookies()] == until


@pytest.mark.sqlite_only
def test_a_secret_that_a_script_wrote_earlier_goes_out_of_its_reach(
    mounted: tuple[Server, str], shop: Page, posts: list[dict[str, Any]]
) -> None:
    shop.evaluate(f"document.cookie = 'crumbtrail_visitor={SECRET}; Path=/; Max-Age=9999'")
    shop.click("[data-cmp=reject]")
    first = delivered(shop)
    assert jar(shop)["crumbtrail_visitor"] == (SECRET, True)
    shop.evaluate("consent.withdraw()")
    shop.wait_for_function(f"consent.get().id !== '{first}' && !consent.get().pending")
    assert [post.get("visitor") for post in posts] == [SECRET, None]
    records = audited(mounted, leaf.visitor_id(SITE, SECRET))
    assert [record["action"] for record in records] == ["reject_all", "withdraw"]


@pytest.mark.sqlite_only
def test_the_answer_to_an_older_choice_does_not_undo_a_newer_one(shop: Page) -> None:
    """The first answer comes when the visitor has withdrawn, and the second choice is held up."""
    sent: list[str] = []

    def slowly(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}")["id"])
        if len(sent) > 1:
            route.abort()
            return
        reply = route.fetch()
        shop.evaluate("consent.withdraw()")
        route.fulfill(response=reply)

    shop.route("**/consents", slowly)
    with shop.expect_event("requestfailed"):
        shop.click("[data-cmp=accept]")
    now = shop.evaluate("consent.get()")
    assert (now["id"], now["pending"]) == (sent[1], True)
    said, _ = jar(shop)["crumbtrail"]
    assert f"&id={sent[1]}&statistics=0&marketing=0" in said
    assert said.endswith("&p=1")
    shop.unroute("**/consents")
    shop.reload()
    assert delivered(shop) == sent[1]
    assert not jar(shop)["crumbtrail"][0].endswith("&p=1")


@pytest.mark.sqlite_only
def test_a_choice_is_delivered_though_the_platform_has_moved_to_another_domain(
    mounted: tuple[Server, str], shop: Page, posts: list[dict[str, Any]]
) -> None:
    """It was made without a secret, and waits in the browser until the script can add one."""
    shop.route("**/consents", lambda route: route.abort())
    with shop.expect_event("requestfailed"):
        shop.click("[data-cmp=reject]")
    assert "visitor" not in posts[0]
    shop.unroute("**/consents")

    def moved(route: Route) -> None:
        reply = route.fetch()
        told = reply.text().replace('"http":"http://127.0.0.1"', '"http":null')
        assert told != reply.text()
        route.fulfill(response=reply, body=told)

    shop.route("**/consent.js", moved)
    shop.reload()
    assert delivered(shop) == posts[0]["id"] == posts[-1]["id"]
    assert jar(shop)["crumbtrail_visitor"] == (posts[-1]["visitor"], False)
    [record] = audited(mounted, leaf.visitor_id(SITE, posts[-1]["visitor"]))
    assert record["action"] == "reject_all"


@pytest.mark.sqlite_only
def test_withdrawing_on_ones_own_page_reaches_the_browser_without_telling_it_the_secret(
    mounted: tuple[Server, str], shop: Page
) -> None:
    shop.click("[data-cmp=accept]")
    given = delivered(shop)
    secret = jar(shop)["crumbtrail_visitor"][0]
    shop.click("#cmp-entry button")
    with shop.context.expect_page() as opened:
        shop.click(".ctl-mine button")
    own = opened.value
    expect(own.locator("h1")).to_have_text("My records")
    expect(own.locator("main")).to_contain_text(given)
    assert secret not in own.content() + own.url
    own.get_by_role("button", name="Withdraw", exact=True).click()
    expect(own.locator("h1")).to_have_text("Withdrawn")
    expect(own.locator("main")).to_contain_text("Your browser knows it too")
    shop.reload()
    shop.wait_for_function("window.consent && consent.get() !== null")
    expect(shop.locator("#cmp-dialog")).to_have_count(0)  # it is an answer, so nobody asks again
    assert shop.evaluate("consent.allowed('statistics')") is False
    assert shop.evaluate("consent.get().id") != given
    own.get_by_role("button", name="My records").click()
    own.get_by_role("button", name="Withdraw and erase").click()
    own.get_by_role("button", name="Withdraw and erase now").click()
    expect(own.locator("h1")).to_have_text("Erased")
    assert audited(mounted, leaf.visitor_id(SITE, secret)) == []
    assert "crumbtrail_visitor" not in jar(shop)
    shop.reload()
    shop.wait_for_function("window.consent && consent.get() !== null")
    assert shop.evaluate("consent.get().decided") is True
    assert shop.evaluate("consent.allowed('statistics')") is False
