"""The demo: four customers, pages to visit from anywhere, trackers that wait to be allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.robotparser import RobotFileParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from consent import demo, inventory, notices, sites
from consent.demo import customers, places
from consent.demo.pages import PAGES
from consent.demo.pretend import Pretend
from tests.server import Server
from tests.visitor import ran

SIX = {"_ga", "_gid", "_gat", "_ar_V4", "Xl7ref", "L7_geoip"}
STATISTICS = {"_ga", "_gid", "_gat"}
EVERY_PAGE = [f"{site}/{name}" for site, names in PAGES.items() for name in names]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1"}


@pytest.fixture
def seeded(app: Flask, clock: Callable[[], Any]) -> Flask:
    demo.seed(clock())
    return app


def trackers(key: str) -> dict[str, inventory.Tracker]:
    """By name, or by English purpose where the policy names none."""
    return {t.name or t.purpose["en"]: t for t in inventory.trackers(sites.get(key))}


# -- the four customers ------------------------------------------------------------------------


def test_every_site_has_one_published_notice(seeded: Flask) -> None:
    versions = {site.key: len(notices.versions(site)) for site in sites.all_sites()}
    assert versions == {"voipstudio.pl": 1, "sipsim.com": 1, "voip.ms": 1, "iplum.com": 1}
    assert all(site.decided_for_demo for site in sites.all_sites())


def test_a_second_seeding_changes_nothing(seeded: Flask, clock: Any) -> None:
    before = {site.key: len(inventory.trackers(site)) for site in sites.all_sites()}
    demo.seed(clock.advance(days=1))
    assert before == {site.key: len(inventory.trackers(site)) for site in sites.all_sites()}
    assert all(len(notices.versions(site)) == 1 for site in sites.all_sites())


def test_a_seeding_cut_short_is_taken_up_where_it_stopped(app: Flask, clock: Any) -> None:
    at, key = clock(), "voipstudio.pl"
    site = customers._add(key, customers.decisions()[key], "http://127.0.0.1:8000", at)
    inventory.starter(site, "demo", at)
    demo.seed(at)
    assert set(trackers(key)) > SIX
    expected = len(customers.facts()[key]["cookies"]) + len(inventory.OWN)
    assert len(inventory.trackers(site)) == expected


@pytest.mark.parametrize(
    ("name", "category", "service", "party"),
    [
        ("_ga", "statistics", "google-analytics", "third"),
        ("_gid", "statistics", "google-analytics", "third"),
        ("_gat", "statistics", "google-analytics", "third"),
        ("_ar_V4", "marketing", "ppc-conversions", "third"),
        ("Xl7ref", "marketing", "ppc-referrer", "first"),
        ("L7_geoip", "preferences", "currency", "first"),
    ],
)
def test_the_six_named_cookies_are_decided_and_no_duration_is_invented(
    seeded: Flask, name: str, category: str, service: str, party: str
) -> None:
    found = trackers("voipstudio.pl")[name]
    assert (found.category, found.service, found.party) == (category, service, party)
    assert found.duration is None


def test_the_published_label_is_kept_beside_our_category(seeded: Flask) -> None:
    assert trackers("voipstudio.pl")["_ga"].published_label == "Performance"
    assert trackers("voipstudio.pl")["_ar_V4"].published_label == "Marketing"


def test_every_necessary_tracker_says_why(seeded: Flask) -> None:
    necessary = [
        tracker
        for site in sites.all_sites()
        for tracker in inventory.trackers(site)
        if tracker.category == "necessary"
    ]
    assert necessary
    assert all(tracker.reason for tracker in necessary)


def test_every_purpose_is_told_in_every_language_of_its_site(seeded: Flask) -> None:
    for site in sites.all_sites():
        for tracker in inventory.trackers(site):
            assert set(site.languages) <= set(tracker.purpose), (site.key, tracker.purpose)


def test_nothing_a_policy_describes_is_left_out(seeded: Flask) -> None:
    for key, said in customers.facts().items():
        own = {name for name, _, _ in inventory.OWN}
        assert len(trackers(key)) == len(said["cookies"]) + len(own), key


def test_the_promises_of_each_site_are_its_own(seeded: Flask) -> None:
    voipstudio, sipsim = sites.get("voipstudio.pl"), sites.get("sipsim.com")
    assert voipstudio.choice_lifetime == {"value": 90, "unit": "day"}
    assert sipsim.choice_lifetime == {"value": 6, "unit": "month"}
    proof = {"value": 36, "unit": "month", "anchor": "choice", "action": "delete"}
    days = {"value": 90, "unit": "day"}
    assert sipsim.retention == proof
    assert voipstudio.retention == proof | {"purposes": {"statistics": days, "marketing": days}}
    assert sipsim.controller["legal_name"] == "PG TELECOM Spolka z o.o."
    assert (voipstudio.dpo or {})["name"] == "Neil Adams"
    assert sites.get("voip.ms").origins == ["voip.ms", "www.voip.ms"]
    assert "*.iplum.com" in sites.get("iplum.com").origins
    assert sipsim.cookie_domain is None


# -- the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", EVERY_PAGE)
@pytest.mark.parametrize("folder", ["/demo", "/demo/@US-CA+gpc"])
def test_every_page_says_it_is_a_demo_and_keeps_out_of_search(
    seeded: Flask, client: FlaskClient, folder: str, where: str
) -> None:
    reply = client.get(f"{folder}/{where}")
    assert reply.status_code == 200
    assert "noindex" in reply.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex' in reply.text
    assert 'class="disclaimer"' in reply.text
    assert 'href="#cookie-settings"' in reply.text
    base = folder if "@" in folder else "/demo/@here"
    assert f'src="{base}/v1/{where.split("/")[0]}/consent.js"' in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/demo/example.com/",
        "/demo/voip.ms/cennik",
        "/demo/@P;L/voip.ms/",
        "/demo/visit?from=//elsewhere.example&page=voip.ms/",
        "/demo/visit?from=PL&page=//elsewhere.example",
        "/demo-tags/..%2Fsite.js",
    ],
)
def test_what_is_not_a_demo_page_is_not_found(
    seeded: Flask, client: FlaskClient, path: str
) -> None:
    assert client.get(path).status_code == 404


def test_the_selector_keeps_the_page_and_changes_the_place(
    seeded: Flask, client: FlaskClient
) -> None:
    reply = client.get("/demo/visit?from=US-CA%2Bgpc&page=voipstudio.pl/cennik")
    assert reply.status_code == 303
    assert reply.headers["Location"] == "/demo/@US-CA+gpc/voipstudio.pl/cennik"
    home = client.get("/demo/visit?from=here&page=voipstudio.pl/cennik")
    assert home.headers["Location"] == "/demo/voipstudio.pl/cennik"


def test_the_form_works_and_says_what_is_missing(seeded: Flask, client: FlaskClient) -> None:
    path = "/demo/@PL/voipstudio.pl/kontakt"
    whole = {"name": "Anna", "email": "anna@example.com", "message": "Dzień dobry"}
    sent = client.post(path, data=whole, follow_redirects=True)
    assert 'class="done"' in sent.text
    refused = client.post(path, data=whole | {"message": " "})
    assert refused.status_code == 422
    assert 'id="message-why"' in refused.text
    assert 'value="Anna"' in refused.text


def test_without_the_demo_there_is_a_landing_page_but_no_site_to_visit(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(DEMO="0").test_client()
    assert client.get("/").status_code == 200
    assert "/demo/@PL" not in client.get("/").text
    assert client.get("/demo/voipstudio.pl/").status_code == 404
    assert client.get("/demo-tags/analytics.js").status_code == 404


def test_the_landing_page_has_four_doors(seeded: Flask, client: FlaskClient) -> None:
    text = client.get("/").text
    for door in ("/demo/@PL/voipstudio.pl/", "/admin/", "/openapi.json", "/readyz"):
        assert f'href="{door}"' in text


# -- pretended places --------------------------------------------------------------------------


def asked(path: str, **environ: str) -> dict[str, Any]:
    """What the app behind Pretend is asked."""
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ)
        return []

    def started(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], Any]:
        return lambda _: None

    list(Pretend(app)({"PATH_INFO": path, **environ}, started))
    return seen


@pytest.mark.parametrize(
    ("written", "country", "subdivision", "gpc"),
    [
        ("PL", "PL", None, False),
        ("CA-QC", "CA", "QC", False),
        ("US-CA+gpc", "US", "CA", True),
        ("nowhere", None, None, False),
        ("12", None, None, False),
    ],
)
def test_the_address_names_the_place(
    written: str, country: str | None, subdivision: str | None, gpc: bool
) -> None:
    seen = asked(f"/demo/@{written}/v1/voip.ms/consent.js")
    place = seen["crumbtrail.place"]
    assert (place.country, place.subdivision, place.source) == (country, subdivision, "demo")
    assert seen.get("HTTP_SEC_GPC") == ("1" if gpc else None)
    assert seen["PATH_INFO"] == "/v1/voip.ms/consent.js"
    assert seen["crumbtrail.base"] == f"/demo/@{written}"
    assert seen["crumbtrail.cookie_path"] == f"/demo/@{written}/voip.ms/"


def test_here_pretends_no_place_and_shares_the_folder_of_the_plain_pages() -> None:
    seen = asked(f"/demo/@{places.HERE}/v1/voip.ms/consents")
    assert "crumbtrail.place" not in seen
    assert seen["crumbtrail.cookie_path"] == "/demo/voip.ms/"


@pytest.mark.parametrize(
    "path",
    [
        "/demo/@PL/v1/another-site.example/consents",
        "/demo/@P;Domain=x/v1/voip.ms/consents",
        "/demo/@PL/admin/voip.ms/",
        "/v1/voip.ms/consents",
    ],
)
def test_only_the_demo_sites_take_a_place_from_an_address(path: str) -> None:
    seen = asked(path)
    assert seen == {"PATH_INFO": path}


# -- in a browser: the trackers' stand-ins -----------------------------------------------------


def six_of(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()} & SIX


def test_the_six_cookies_appear_only_after_accepting(visit: Callable[..., Page]) -> None:
    page = visit("voipstudio.pl/cennik")
    page.wait_for_selector("#cmp-dialog")
    assert (six_of(page), ran(page)) == (set(), [])
    with page.expect_request("**/demo-tags/collect"):
        page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 4")
    assert six_of(page) == SIX


def test_refusing_leaves_none_of_the_six_after_a_reload(visit: Callable[..., Page]) -> None:
    page = visit("voipstudio.pl/")
    page.click("[data-cmp=reject]")
    page.wait_for_selector("#cmp-dialog", state="hidden")
    page.reload(wait_until="networkidle")
    assert (six_of(page), ran(page)) == (set(), [])


def test_a_choice_stays_in_the_folder_of_its_place(visit: Callable[..., Page]) -> None:
    page = visit("voipstudio.pl/", place="PL")
    page.click("[data-cmp=reject]")
    page.wait_for_function("document.cookie.includes('crumbtrail=')")
    visit("voipstudio.pl/", place="FR").wait_for_selector("#cmp-dialog")
    assert "crumbtrail=" not in page.evaluate("document.cookie")


def test_prices_take_the_visitors_currency_once_preferences_are_allowed(
    visit: Callable[..., Page],
) -> None:
    page = visit("voipstudio.pl/cennik", place="FR")
    assert "zł" in page.inner_text(".price >> nth=0")
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).includes('currency')")
    assert "€" in page.inner_text(".price >> nth=0")
    known = next(c for c in page.context.cookies() if c["name"] == "L7_geoip")
    assert json.loads(known["value"]) == {"country": "FR", "currency": "EUR"}


def test_the_trackers_come_from_another_origin(visit: Callable[..., Page], server: Server) -> None:
    page = visit("voipstudio.pl/")
    held = page.get_attribute("script[data-service=google-analytics]", "data-src")
    here, there = "127.0.0.1", "localhost"
    if here not in server.url:
        here, there = there, here
    assert held == server.url.replace(here, there) + "/demo-tags/analytics.js"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["/", *(f"/demo/@PL/{path}" for path in EVERY_PAGE)])
def test_no_page_scrolls_sideways_on_the_smallest_phone(
    new_page: Callable[..., Page], server: Server, where: str, scheme: str
) -> None:
    page = new_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page.goto(server.url + where)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["/", "/demo/voipstudio.pl/cennik", "/demo/iplum.com/"])
def test_the_pages_pass_the_accessibility_checker(
    new_page: Callable[..., Page], server: Server, axe_source: str, where: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(server.url + where)
    page.evaluate(axe_source)
    found = page.evaluate("axe.run({exclude: ['#cmp-dialog']}).then(r => r.violations)")
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_a_page_without_consent_is_there_to_be_scanned(seeded: Flask) -> None:
    client = seeded.test_client()
    page = client.get("/demo/leaky").text
    tags = re.findall(r'<script src="[^"]*/demo-tags/(\w+)\.js"></script>', page)
    assert tags == ["analytics", "ppc", "referrer", "currency"]
    assert "text/plain" not in page and "consent.js" not in page
    rules = RobotFileParser()
    rules.parse(client.get("/robots.txt").text.splitlines())
    base = "http://127.0.0.1:8000/demo"
    assert rules.can_fetch("Crumbtrail", f"{base}/voipstudio.pl/cennik")
    assert not rules.can_fetch("Crumbtrail", f"{base}/@US-CA/voipstudio.pl/")
