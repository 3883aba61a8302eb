"""The core rows of iPlum's policy (S1), one test each, through the front door.

A docstring says what the row asks; what it asks of exports, erasure and proofs is not tested here.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from consent import demo, inventory, leaf, notices, sites, users
from consent.db import db
from consent.errors import Invalid
from consent.gate.wsgi import Gate
from consent.users import User
from tests.acts import BY, SECRET, choice_body, code_of, make_site, post_choice, rows
from tests.conftest import Clock
from tests.pages import Website
from tests.server import Server
from tests.test_core_S0 import delivered, on_own_page, open_settings, owner, records_of, secret_of

SITE = "iplum.com"
POLAND, CANADA = "83.12.34.56", "24.48.0.1"
FIREFOX = "Mozilla/5.0 (X11; Distinctive x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
DO_NOT_SELL = "Do Not Sell or Share My Personal Information"
HOSTILE = '<img src=x onerror="window.__hit=1">'
PASSWORD = "river lamp stone 42"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1"}


def sign_in(client: FlaskClient, email: str, password: str) -> int:
    """The status of one try to sign in as an owner."""
    form = client.get("/admin/sign-in").text
    token = form.split('name="csrf" value="')[1].split('"')[0]
    sent = {"csrf": token, "email": email, "password": password}
    ours = {"Sec-Fetch-Site": "same-origin"}
    return client.post("/admin/sign-in", data=sent, headers=ours).status_code


def asked_of(page: Page, part: str) -> list[str]:
    """The addresses with `part` in them that this page will have asked for."""
    found: list[str] = []
    page.on("request", lambda r: found.append(r.url) if part in r.url else None)
    return found


# -- browsers that run no script -----------------------------------------------------------------


def test_S1_27_without_JavaScript_tagged_scripts_stay_text_and_the_page_says_so(
    new_page: Callable[..., Page], server: Server
) -> None:
    """Nothing that is not necessary is asked for or kept; the text without script links to the
    policy. (Browsers too old for the script are not tested; the docs name the oldest.)"""
    page = new_page(java_script_enabled=False)
    tags = asked_of(page, "/tags/")
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/")
    held = page.locator("script[data-category]")
    assert held.count() >= 2
    assert {one.get_attribute("type") for one in held.all()} == {"text/plain"}
    assert tags == []
    assert page.context.cookies() == []
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    said = page.locator(".noscript")
    expect(said).to_be_visible()
    text = said.evaluate("node => node.innerText")
    assert text == "Bez JavaScriptu nie działa tu nic, co wymaga Twojej zgody. Polityka prywatności"
    said.locator("a").click()
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/polityka")
    assert page.context.cookies() == []


def test_S1_9_a_middleware_drops_statistics_cookies_until_the_choice_cookie_grants_them() -> None:
    """The site's own server reads the choice cookie, whose format is documented: JavaScript cannot
    stop Set-Cookie."""
    shop = Flask("shop")

    @shop.get("/")
    def page() -> Response:
        answer = Response("<!doctype html><p>Shop</p>")
        for name in ("_ga", "basket"):
            answer.set_cookie(name, "1")
        return answer

    rules = {
        "v": 1,
        "site": SITE,
        "asks": 1,
        "cookie_domain": None,
        "services": [{"id": "ga", "category": "statistics", "hosts": []}],
        "trackers": [["_ga", "exact", "cookie", "ga", "statistics"]],
        "stub": "",
    }
    shop.wsgi_app = Gate(shop.wsgi_app, site=SITE, rules=rules)  # type: ignore[method-assign]
    id, now = "01934b2c-1d00-7000-8000-000000000000", int(time.time())

    def names(said: str) -> list[str]:
        sent = {"Cookie": f"crumbtrail=v=1&asks=1&t={now}&id={id}&{said}"} if said else {}
        told = shop.test_client(use_cookies=False).get("/", headers=sent)
        return [one.split("=")[0] for one in told.headers.getlist("Set-Cookie")]

    assert names("") == ["basket"]
    assert names("statistics=0&s.ga=0") == ["basket"]
    assert names("statistics=1&s.ga=1") == ["_ga", "basket"]


# -- whose choice --------------------------------------------------------------------------------


def test_S1_1_a_choice_on_the_site_is_known_on_its_sub_domain(page: Page, server: Server) -> None:
    """One choice for the host list; the script is mounted under the site's own origin."""
    script = '<script async src="/_ct/v1/iplum.com/consent.js"></script>'
    html = f'<!doctype html><html lang="en"><head>{script}</head><body></body></html>'

    def answer(route: Route) -> None:
        _, mounted, path = route.request.url.partition("/_ct/")
        if mounted:
            route.fulfill(response=route.fetch(url=f"{server.url}/{path}"))
        else:
            route.fulfill(body=html, content_type="text/html")

    page.context.route(re.compile(r"https://(my\.)?iplum\.com/"), answer)
    page.goto("https://iplum.com/")
    page.click("[data-cmp=reject]")
    record = delivered(page)
    own = [c for c in page.context.cookies() if c["name"] == "crumbtrail"]
    assert [c["domain"] for c in own] == [".iplum.com"]
    page.goto("https://my.iplum.com/")
    page.wait_for_function("window.consent && !consent.q")
    assert page.evaluate("consent.get().id") == record
    expect(page.locator("#cmp-entry button")).to_be_visible()
    expect(page.locator("#cmp-dialog")).to_have_count(0)


def test_S1_1_only_the_sites_own_hosts_may_send_choices_in_any_letter_case(
    client: FlaskClient, clock: Clock
) -> None:
    """https://iplum.com.evil.test gets 403; MY.iPlum.com is the site's."""
    demo.seed(clock())
    notice = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    for origin in ("https://iplum.com.evil.test", "https://eviliplum.com", "https://iplum.co"):
        refused = post_choice(client, SITE, choice_body(notice, clock()), Origin=origin)
        assert (refused.status_code, code_of(refused)) == (403, "origin")
    assert rows() == []
    for origin in ("https://iPlum.com", "https://MY.IPLUM.COM", "https://my.iplum.com"):
        body = choice_body(notice, clock())
        assert post_choice(client, SITE, body, Origin=origin).status_code == 201
    assert len(rows()) == 3


def test_S1_2_a_beacon_waits_for_the_grant_and_the_inventory_is_filtered_by_kind(
    page: Page, visit: Callable[..., Page], client: FlaskClient, clock: Clock
) -> None:
    """An img tagged statistics is not asked for before the grant."""
    asked = asked_of(page, "/demo-tags/pixel.gif")
    visit("iplum.com/")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert asked == []
    with page.expect_request("**/demo-tags/pixel.gif*"):
        page.click("[data-cmp=accept]")

    demo.seed(clock())
    users.add_user("olga@example.com", PASSWORD, "cli", clock())
    assert sign_in(client, "olga@example.com", PASSWORD) == 303
    beacon, cookie = "which pages are viewed", "Recognises the browser"
    here = f"/admin/sites/{SITE}/inventory/"
    shown = {kind: client.get(f"{here}?kind={kind}").text for kind in ("beacon", "cookie")}
    assert beacon in shown["beacon"] and cookie not in shown["beacon"]
    assert cookie in shown["cookie"] and beacon not in shown["cookie"]


def test_S1_3_the_browsers_language_is_used_and_its_name_reduced_to_a_family(
    new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> None:
    """The page's setting, then the browser's, then the site's default. The record keeps the
    language and the family, never the whole name."""
    site = "sipsim.com"
    address = on_own_page(server, elsewhere, "", site, lang="")
    page = new_page(locale="pl-PL", user_agent=FIREFOX)
    page.goto(address)
    expect(page.locator("#cmp-dialog")).to_have_attribute("lang", "pl")
    page.goto(f"{server.url}/demo/@PL/{site}/fr")
    expect(page.locator("#cmp-dialog")).to_have_attribute("lang", "fr")
    other = new_page(locale="de-DE")
    other.goto(address)
    expect(other.locator("#cmp-dialog")).to_have_attribute("lang", "en")

    page.click("[data-cmp=reject]")
    delivered(page)
    [record] = records_of(server, page, site)
    assert (record["language"], record["browser"]) == ("fr", "Firefox")
    assert "Distinctive" not in str(record) and "Gecko" not in str(record)


def test_S1_4_the_settings_say_what_we_keep_and_a_forged_address_is_ignored(
    visit: Callable[..., Page], client: FlaskClient, clock: Clock
) -> None:
    """The platform's own data fields are listed, the IP address among them; X-Forwarded-For of a
    peer that is not trusted decides nothing."""
    page = visit("iplum.com/")
    opened = open_settings(page)
    for field in ("the page without its search terms", "your country", "kind of device"):
        expect(opened).to_contain_text(field)
    expect(opened).to_contain_text("Your IP address is used to derive the country and is not kept.")

    demo.seed(clock())
    notice = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    for peer, country in ((POLAND, "PL"), ("10.0.0.9", None)):
        client.environ_base["REMOTE_ADDR"] = peer
        body = choice_body(notice, clock())
        reply = post_choice(client, SITE, body, X_Forwarded_For=CANADA)
        assert (reply.status_code, reply.get_json()["country"]) == (201, country)


# -- by where the visitor is ---------------------------------------------------------------------


@pytest.mark.parametrize("place", ["FR", "nowhere"])
def test_S1_8_in_france_and_nowhere_we_know_nothing_runs_before_the_choice(
    page: Page, visit: Callable[..., Page], place: str
) -> None:
    """Prior opt-in, also where the place is unknown."""
    asked = asked_of(page, "/demo-tags/")
    visit("iplum.com/", place=place)
    expect(page.locator("#cmp-dialog [data-cmp=reject]")).to_have_text("Reject all")
    page.wait_for_load_state("networkidle")
    assert asked == []
    assert page.context.cookies() == []
    assert page.evaluate("consent.get().regime") == {"nowhere": "FALLBACK"}.get(place, place)
    page.reload()
    expect(page.locator("#cmp-dialog")).to_be_visible()
    with page.expect_request("**/demo-tags/pixel.gif*"):
        page.click("[data-cmp=accept]")


def test_S1_8_in_california_there_is_a_notice_and_an_opt_out(
    page: Page, visit: Callable[..., Page], server: Server
) -> None:
    """What counts visits runs, the bar says so, and opting out ends it."""
    with page.expect_request("**/demo-tags/pixel.gif*"):
        visit("iplum.com/", place="US-CA")
    bar = page.locator("#cmp-dialog")
    expect(bar).to_contain_text("You can opt out now or at any time.")
    expect(bar.locator("[data-cmp=reject]")).to_have_text("Opt out")
    asked = asked_of(page, "/demo-tags/pixel.gif")
    bar.locator("[data-cmp=reject]").click()
    delivered(page)
    page.reload(wait_until="networkidle")
    assert asked == []
    [record] = records_of(server, page, SITE)
    assert (record["regime"], record["categories"]) == (
        "US-CA",
        {"statistics": False, "marketing": False},
    )


def test_S1_37_in_california_the_signal_is_honoured_logged_and_the_link_is_there(
    page: Page, server: Server, elsewhere: Website
) -> None:
    """Notice at collection; marketing denied by Sec-GPC; the link that the law words stays."""
    asked = asked_of(page, "/ad.js")
    tag = f'data-category="marketing" data-src="{elsewhere.other_origin}/ad.js"'
    page.goto(
        on_own_page(
            server,
            elsewhere,
            f'<script type="text/plain" {tag}></script>',
            SITE,
            place="US-CA+gpc",
        )
    )
    expect(page.locator("#cmp-note")).to_contain_text("Opt-Out Request Honored.")
    delivered(page)
    expect(page.locator("#cmp-entry button")).to_have_text(DO_NOT_SELL)
    expect(page.locator("#cmp-entry button")).to_be_visible()
    assert page.evaluate("consent.get().categories.marketing") is False
    page.wait_for_load_state("networkidle")
    assert asked == []

    page.context.clear_cookies()
    page.goto(f"{server.url}/demo/@US-CA+gpc/{SITE}/")
    delivered(page)
    [record] = records_of(server, page, SITE)
    assert (record["action"], record["signals"]["gpc"]) == ("gpc", True)
    assert (record["regime"], record["categories"]["marketing"]) == ("US-CA", False)


# -- who the visitor is --------------------------------------------------------------------------


def test_S1_10_an_id_is_random_and_of_one_site(
    new_page: Callable[..., Page], server: Server, client: FlaskClient, clock: Clock
) -> None:
    """Two visits from one address and browser differ; so does one visitor on two sites, even with
    the same secret."""
    ids: list[str] = []
    for _ in range(2):
        page = new_page()
        for site in (SITE, "voip.ms"):
            page.goto(f"{server.url}/demo/@PL/{site}/")
            page.click("[data-cmp=reject]")
            delivered(page)
            ids.append(leaf.visitor_id(site, secret_of(page, site)))
            [record] = records_of(server, page, site)
            assert record["visitor"] == ids[-1]
    assert len(set(ids)) == 4

    demo.seed(clock())
    for site in (SITE, "sipsim.com"):
        notice = client.get(f"/v1/{site}/notice").get_json()["notice"]
        body = choice_body(notice, clock(), visitor=SECRET)
        assert post_choice(client, site, body).status_code == 201
    one, other = rows()
    assert one.visitor != other.visitor


# -- keeping it standing -------------------------------------------------------------------------


def test_S1_26_passwords_are_slow_hashes_and_no_default_one_works(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Salted Argon2id only, a policy, a throttle, a reset; admin/admin never works."""
    for email in ("admin", "admin@example.com"):
        assert sign_in(client, email, "admin") == 401
    for email in ("olga@example.com", "jan@example.com"):
        users.add_user(email, PASSWORD, "cli", clock())
    kept = list(db.session.scalars(select(User.password_hash)))
    assert len(set(kept)) == 2
    assert all(value.startswith("$argon2id$") for value in kept)
    everything = str(
        [row for t in db.metadata.sorted_tables for row in db.session.execute(select(t))]
    )
    assert PASSWORD not in everything
    with pytest.raises(Invalid, match="at least 12 characters") as refused:
        users.add_user("eve@example.com", "admin", "cli", clock())
    assert refused.value.status == 422

    clock.advance(minutes=6)
    for _ in range(10):
        assert sign_in(client, "olga@example.com", "wrong password") == 401
    assert sign_in(client, "olga@example.com", PASSWORD) == 429
    clock.advance(minutes=6)
    new = users.reset_password("olga@example.com", "cli", clock())
    assert sign_in(client, "olga@example.com", PASSWORD) == 401
    assert sign_in(client, "olga@example.com", new) == 303


def test_S1_26_a_fresh_install_has_one_owner_with_a_password_of_its_own(server: Server) -> None:
    """The first start makes it up and says it once."""
    email, password = server.owner
    assert len(password) >= 16
    assert password.lower() not in ("admin", "password", email.lower())


@pytest.mark.parametrize("settings", [{"RATE_CLIENT": "3"}])
def test_S1_31_a_flood_is_slowed_down_and_a_withdrawal_still_gets_through(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """429 with Retry-After, nothing stored; withdrawals have a budget of their own."""
    notice = make_site(app, clock())
    client.environ_base["REMOTE_ADDR"] = POLAND

    def post(**changes: Any) -> Any:
        return post_choice(client, "example.com", choice_body(notice.digest, clock(), **changes))

    assert [post().status_code for _ in range(3)] == [201] * 3
    slowed = post()
    assert (slowed.status_code, code_of(slowed)) == (429, "slow_down")
    assert int(slowed.headers["Retry-After"]) >= 1
    assert len(rows()) == 3
    assert post(action="withdraw").status_code == 201
    assert len(rows()) == 4


def test_S1_33_what_an_owner_typed_is_text_for_visitors_and_for_the_admin(
    changed: Server, page: Page
) -> None:
    """<img onerror> in names and purposes runs nowhere. (Exports, and cells that start with =, are
    not tested.)"""
    with owner(changed, SITE) as (site, at):
        sites.change(site, BY, at, controller=site.controller | {"trading_name": HOSTILE})
        inventory.add_tracker(
            site, BY, at, name="hostile", category="statistics", purpose={"en": HOSTILE}
        )
        notices.publish(site, BY, at)
    page.goto(f"{changed.url}/demo/@PL/{SITE}/")
    expect(page.locator("#cmp-dialog")).to_contain_text(HOSTILE)
    opened = open_settings(page)
    expect(opened.locator("tr", has_text="hostile")).to_contain_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0

    email, password = changed.owner
    page.goto(f"{changed.url}/admin/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("main button")
    page.wait_for_url("**/admin/")
    for path in ("", "inventory/", "notice/"):
        page.goto(f"{changed.url}/admin/sites/{SITE}/{path}")
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.__hit") is None
    page.goto(f"{changed.url}/admin/sites/{SITE}/inventory/?q=hostile")
    expect(page.locator("main")).to_contain_text(HOSTILE)


def test_S1_33_the_script_has_an_integrity_hash(server: Server) -> None:
    """The code alone is served under its own digest, and under no other."""
    whole = server.get(f"/v1/{SITE}/consent.js").text
    code = whole[: whole.rindex("}({")]
    body = f"{code}}}();".encode()
    digest = hashlib.sha256(body).hexdigest()
    pinned = server.get(f"/v1/{SITE}/pin/{digest}.js")
    assert (pinned.status, pinned.body) == (200, body)
    assert server.get(f"/v1/{SITE}/pin/{'0' * 64}.js").status == 404
