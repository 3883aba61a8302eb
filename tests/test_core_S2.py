"""The core rows of sipsim.com's policy (S2), one test each, through the front door.

A docstring says what the row asks; what it asks of the linter, of exports, proofs and erasure is
not tested here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import func, select

from consent import demo, inventory, leaf, notices, sites, trail, users
from consent.db import Base, db
from consent.demo.pages import PAGES
from consent.errors import Refusal
from tests.acts import BY, choice_body, code_of, make_site, post_choice
from tests.conftest import Clock
from tests.owner import owner
from tests.server import Server
from tests.test_admin import Owner
from tests.visitor import cookies, delivered

SITE = "sipsim.com"
VOIPSTUDIO = "voipstudio.pl"
WORDS = "river lamp stone 42"
IN_POLAND = "83.0.0.1"
PURPOSE = 2


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1", "TRUSTED_PROXIES": "127.0.0.0/8", "CDN_COUNTRY_HEADER": "X-Country"}


def records_of(server: Server, site: str, secret: str) -> list[dict[str, Any]]:
    visitor = leaf.visitor_id(site, secret)
    found: list[dict[str, Any]] = server.audit(f"{site}/records?visitor={visitor}")["records"]
    return found


def settings_of(page: Page) -> Locator:
    """The open settings, opened from the page's own link."""
    if not page.locator("dialog#cmp-dialog").count():
        page.click("[data-cmp=preferences]:visible, footer a[href$='#cookie-settings']:visible")
    opened = page.locator("dialog#cmp-dialog")
    expect(opened.locator("[data-cmp=save]")).to_be_visible()
    return opened


def switch(page: Page, category: str) -> Locator:
    return page.get_by_role("switch", name=category, exact=True)


def card(page: Page, category: str) -> Locator:
    """A category's card in the settings."""
    return page.locator("dialog#cmp-dialog section", has=switch(page, category))


def purposes_of(page: Page, category: str) -> list[str]:
    """The purposes told in the table of a category's trackers."""
    found: list[str] = (
        card(page, category)
        .locator("tbody tr")
        .evaluate_all(f"all => all.map(tr => tr.cells[{PURPOSE}].textContent)")
    )
    return found


def has_words(page: Page, category: str, sentence: str, published: str) -> None:
    """In the banner with its description, off in the settings, with the published purpose."""
    line = page.locator("#cmp-dialog li", has=page.locator("b", has_text=category))
    expect(line).to_contain_text(sentence)
    assert cookies(page) == {}
    settings_of(page)
    expect(switch(page, category)).not_to_be_checked()
    expect(switch(page, category)).to_be_enabled()
    assert [said for said in purposes_of(page, category) if published in said]


# -- the notice --------------------------------------------------------------------------------


def test_S2_2_the_notice_shows_name_address_e_mail_phone_and_web_of_PG_TELECOM(
    visit: Callable[..., Page],
) -> None:
    """The controller's block, in the notice the visitor opens."""
    opened = settings_of(visit("sipsim.com/", place="FR"))
    block = opened.locator("section", has=opened.page.get_by_text("Who is responsible"))
    for fact in (
        "PG TELECOM Spolka z o.o.",
        "SipSim",
        "ul. Stefana Batorego 18/108",
        "02-591",
        "Warsaw",
        "+336 44 55 55 55",
    ):
        expect(block).to_contain_text(fact)
    expect(block.locator("a[href='mailto:info@sipsim.com']")).to_have_count(1)
    expect(block.locator("a[href^='https://sipsim.com']")).to_have_count(1)


def test_S2_4_the_place_decides_the_rules_and_the_record_keeps_which(
    client: FlaskClient, clock: Clock
) -> None:
    """Country to profile, the strictest for whoever cannot be placed (nowhere, Tor, nonsense),
    and the profile's id in each record."""
    demo.seed(clock())
    key = users.create_key("An auditor", [SITE], clock() + timedelta(days=9), BY, clock())
    expected = {
        "FR": ("FR", "opt-in"),
        "PL": ("PL", "opt-in"),
        "NO": ("NO", "opt-in"),
        "GB": ("GB", "opt-in"),
        "CH": ("CH", None),
        "US-CA": ("US-CA", "opt-out"),
        "CA-QC": ("CA-QC", "opt-in"),
        "nowhere": ("FALLBACK", "opt-in"),
    }
    made = {}
    for place, (regime, model) in expected.items():
        base = f"/demo/@{place}/v1/{SITE}"
        told = client.get(f"{base}/notice?lang=en").get_json()
        assert told["regime"]["id"] == regime
        assert model in (None, told["regime"]["model"]), place
        body = choice_body(told["notice"], clock(), page=f"https://{SITE}/")
        headers = {"Origin": f"https://{SITE}", "Content-Type": "text/plain"}
        reply = client.post(f"{base}/consents", data=json.dumps(body), headers=headers)
        assert reply.status_code == 201, reply.text
        made[body["id"]] = regime
    for code in ("T1", "XX", "A1", "??"):
        told = client.get(f"/v1/{SITE}/notice", headers={"X-Country": code}).get_json()
        assert told["regime"]["id"] == "FALLBACK", code
        assert set(told["regime"]["categories"].values()) == {"opt-in"}
    headers = {"Authorization": f"Bearer {key}"}
    stored = client.get(f"/v1/audit/{SITE}/records", headers=headers).get_json()["records"]
    assert {record["id"]: record["regime"] for record in stored} == made


def test_S2_5_one_choice_covers_cookies_storage_databases_and_pixels_of_a_category(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """Held while not granted, allowed together, removed together on withdrawal; what belongs to
    nobody stays. (Identifiers of apps are not tested.)"""
    with owner(changed, SITE) as (site, at):
        for kind in ("cookie", "local_storage", "session_storage", "indexeddb"):
            inventory.add_tracker(
                site, BY, at, name=f"stat_{kind}", kind=kind, category="statistics"
            )
        notices.publish(site, BY, at)
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/demo-tags/")[-1]))
    page.goto(f"{changed.url}/demo/@FR/{SITE}/", wait_until="networkidle")
    assert not [path for path in asked if path.startswith("pixel.gif")]
    with page.expect_request("**/demo-tags/pixel.gif*"):
        page.click("[data-cmp=accept]")
    delivered(page)
    page.evaluate(
        """() => {
          document.cookie = 'stat_cookie=1; path=/';
          localStorage.stat_local_storage = sessionStorage.stat_session_storage = '1';
          localStorage.basket = 'theirs';
          return new Promise((done) => {
            const opening = indexedDB.open('stat_indexeddb');
            opening.onsuccess = () => { opening.result.close(); done() };
          });
        }"""
    )
    settings_of(page)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!('stat_local_storage' in localStorage)")
    page.wait_for_function("indexedDB.databases().then(all => all.length === 0)")
    assert page.evaluate("'stat_session_storage' in sessionStorage") is False
    assert "stat_cookie" not in cookies(page)
    assert page.evaluate("localStorage.basket") == "theirs"
    delivered(page)
    asked.clear()
    page.reload(wait_until="networkidle")
    assert not [path for path in asked if path.startswith("pixel.gif")]


def test_S2_7_what_is_strictly_necessary_is_on_cannot_be_switched_and_says_why(
    visit: Callable[..., Page], server: Server
) -> None:
    """On and fixed; the page's API and the server take no "necessary: false"; each entry of the
    notice has its reason. (A site that has nothing else to ask about is not tested.)"""
    page = visit("sipsim.com/", place="FR")
    settings_of(page)
    expect(switch(page, "Necessary")).to_be_checked()
    expect(switch(page, "Necessary")).to_be_disabled()
    page.evaluate("consent.set({necessary: false, statistics: true})")
    record_id = delivered(page)
    assert page.evaluate("consent.allowed('necessary')") is True
    assert page.evaluate("consent.get().categories.necessary") is True
    [record] = records_of(server, SITE, cookies(page)["crumbtrail_visitor"])
    assert (record["id"], record["categories"]) == (
        record_id,
        {"statistics": True, "marketing": False},
    )
    body = choice_body(record["notice"], datetime.now(UTC), page=f"https://{SITE}/")
    body["categories"]["necessary"] = False
    reply = server.post(
        f"/v1/{SITE}/consents",
        json.dumps(body).encode(),
        Origin=f"https://{SITE}",
        Content_Type="text/plain",
    )
    assert (reply.status, reply.json()["error"]["code"]) == (422, "category_unknown")
    notice = server.audit(f"{SITE}/notices/{record['notice']}")
    necessary = [t for t in notice["trackers"] if t["category"] == "necessary"]
    assert {None, "crumbtrail", "crumbtrail_visitor"} <= {t["name"] for t in necessary}
    assert all(tracker["reason"] for tracker in necessary)


def test_S2_8_statistics_is_described_in_the_banner_and_off_where_consent_is_asked(
    visit: Callable[..., Page],
) -> None:
    page = visit("sipsim.com/", place="FR")
    has_words(page, "Statistics", "Counting visits", "which links are clicked")


def test_S2_9_marketing_is_described_in_the_banner_and_off_where_consent_is_asked(
    visit: Callable[..., Page],
) -> None:
    """Relevance and frequency are told of the tracker."""
    page = visit("sipsim.com/", place="FR")
    has_words(page, "Marketing", "Showing advertising", "fit better or repeat less often")


def test_S2_10_the_settings_open_on_every_page_before_and_after_the_choice(
    visit: Callable[..., Page],
) -> None:
    """By the page's control and by the API, with the values that hold now."""
    for site, names in PAGES.items():
        for name in names:
            page = visit(f"{site}/{name}", place="FR")
            expect(page.locator("#cmp-dialog [data-cmp=preferences]")).to_be_visible()
            expect(page.locator("footer a[href$='#cookie-settings']")).to_have_count(1)
        page.evaluate("consent.set({statistics: true})")
        delivered(page)
        for name in names:
            page = visit(f"{site}/{name}", place="FR")
            page.wait_for_function("window.consent && consent.debug")
            expect(page.locator("#cmp-dialog")).to_have_count(0)
            page.click("footer a[href$='#cookie-settings']")
            expect(page.locator("dialog#cmp-dialog [data-cmp=save]")).to_be_visible()
            values = page.locator("section > h3 [role=switch]")
            ticked = values.evaluate_all("all => all.map(one => one.checked)")
            asked = page.evaluate("consent.debug().config.categories")
            assert ticked == [True, *(category == "statistics" for category in asked)]
            page.click("[data-cmp=close]")
            expect(page.locator("dialog#cmp-dialog")).to_have_count(0)
        page.evaluate("consent.open()")
        expect(page.locator("dialog#cmp-dialog")).to_be_visible()


def test_S2_11_accept_and_reject_weigh_the_same_and_a_part_can_be_chosen(
    visit: Callable[..., Page], new_page: Callable[..., Page], server: Server
) -> None:
    """Both on the first layer, of one size and look, one click each; a part is stored as such."""
    page = visit("sipsim.com/", place="FR")
    both = [page.locator(f"#cmp-dialog [data-cmp={verb}]") for verb in ("reject", "accept")]
    sizes = [one.bounding_box() for one in both]
    assert sizes[0] is not None and sizes[1] is not None
    for side in ("width", "height"):
        assert sizes[0][side] == pytest.approx(sizes[1][side], abs=1)  # type: ignore[literal-required]
    look = (
        "e => { const s = getComputedStyle(e);"
        " return [s.color, s.backgroundColor, s.borderColor, s.font, s.opacity] }"
    )
    assert both[0].evaluate(look) == both[1].evaluate(look)
    page.click("#cmp-dialog [data-cmp=reject]")
    delivered(page)
    other = new_page()
    other.goto(f"{server.url}/demo/@FR/{SITE}/")
    other.click("#cmp-dialog [data-cmp=accept]")
    delivered(other)
    partial = new_page()
    partial.goto(f"{server.url}/demo/@FR/{SITE}/")
    settings_of(partial)
    switch(partial, "Marketing").check()
    partial.click("[data-cmp=save]")
    delivered(partial)
    stored = []
    for one in (page, other, partial):
        [record] = records_of(server, SITE, cookies(one)["crumbtrail_visitor"])
        stored.append((record["action"], record["categories"]))
    assert stored == [
        ("reject_all", {"statistics": False, "marketing": False}),
        ("accept_all", {"statistics": True, "marketing": True}),
        ("save", {"statistics": False, "marketing": True}),
    ]


def test_S2_12_withdrawing_is_one_click_and_takes_effect_at_once(
    visit: Callable[..., Page], server: Server
) -> None:
    """The cookies go, nothing is asked of analytics on the next page, and the log has the grant
    and then the withdrawal."""
    page = visit(f"{VOIPSTUDIO}/")
    page.click("[data-cmp=accept]")
    page.wait_for_function("/(^|; )_gid/.test(document.cookie)")
    granted = delivered(page)
    settings_of(page)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!/(^|; )_g/.test(document.cookie)")
    assert not {"_ga", "_gid"} & set(cookies(page))
    page.wait_for_function("!consent.get().categories.statistics && !consent.get().pending")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/demo/@PL/{VOIPSTUDIO}/cennik", wait_until="networkidle")
    assert not [url for url in asked if "/demo-tags/" in url]
    first, second = records_of(server, VOIPSTUDIO, cookies(page)["crumbtrail_visitor"])
    assert (first["id"], first["action"]) == (granted, "accept_all")
    assert (second["action"], second["previous"]) == ("withdraw", granted)
    assert not any(second["categories"].values())


def test_S2_22_a_new_purpose_is_asked_with_a_box_that_nobody_ticked(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """A service added later is off until ticked, for old visitors and new; no box is rendered
    ticked where consent is asked; a default cannot be configured at all."""
    old = new_page()
    old.goto(f"{changed.url}/demo/@FR/{SITE}/")
    old.click("[data-cmp=accept]")
    delivered(old)
    with owner(changed, SITE) as (site, at):
        for configure in (
            lambda: inventory.put_service(site, BY, at, "map", category="marketing", default="on"),
            lambda: inventory.add_tracker(site, BY, at, name="x", category=None, default="on"),
            lambda: sites.change(site, BY, at, default="on"),
        ):
            with pytest.raises(Refusal) as refused:
                configure()
            assert refused.value.code == "field_unknown"
        inventory.put_service(site, BY, at, "map", name="Heat map", category="marketing")
        notices.publish(site, BY, at)
    again = new_page(storage_state=old.context.storage_state())
    again.goto(f"{changed.url}/demo/@FR/{SITE}/")
    expect(again.locator("#cmp-dialog [data-cmp=reject]")).to_be_visible()
    settings_of(again)
    expect(switch(again, "Heat map")).not_to_be_checked()
    assert again.evaluate("consent.allowed('map')") is False
    fresh = new_page()
    fresh.goto(f"{changed.url}/demo/@FR/{SITE}/")
    opened = settings_of(fresh)
    expect(opened.locator("input:not(:disabled):not([type=hidden])")).to_have_count(3)
    expect(opened.locator("input[checked]:not(:disabled)")).to_have_count(0)
    expect(opened.locator("input:checked:not(:disabled)")).to_have_count(0)


# -- who reads ---------------------------------------------------------------------------------


def test_S2_23_opening_a_record_is_noted_with_the_person_and_the_time(
    app: Flask, clock: Clock
) -> None:
    """Named accounts, and a log of who read what. (Roles are not tested.)"""
    notice = make_site(app, clock())
    body = choice_body(notice.digest, clock())
    assert post_choice(app.test_client(), "example.com", body).status_code == 201
    stranger = Owner(app.test_client())
    page = f"/sites/example.com/records/{body['id']}"
    assert stranger.get(page).status_code == 401
    assert not [entry for entry in trail.entries() if entry.verb == "records.read"]
    for email in ("olga@example.com", "jan@example.com"):
        users.add_user(email, WORDS, "cli", clock())
        person = Owner(app.test_client())
        assert person.sign_in(WORDS, email).status_code == 303
        at = clock.advance(minutes=5)
        assert body["id"] in person.page(page)
        newest = trail.entries("example.com")[0]
        assert (newest.verb, newest.actor, newest.at) == ("records.read", email, at)
        assert newest.detail == {"record": body["id"]}
        log = person.page("/trail")
        assert email in log and body["id"] in log


def test_S2_24_an_auditor_reads_one_site_and_period_until_the_key_expires(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Filters and pages, any write 403, no admin, 403 elsewhere, 401 afterwards, and every read
    noted. (Export is not tested.)"""
    notice = make_site(app, clock())
    make_site(app, clock(), "other.example")
    made = []
    for action in ("reject_all", "accept_all", "reject_all"):
        granted = action == "accept_all"
        chosen = {"statistics": granted, "marketing": granted}
        body = choice_body(notice.digest, clock.advance(days=1), action=action, categories=chosen)
        assert post_choice(client, "example.com", body).status_code == 201
        made.append(body["id"])
    ends = clock() + timedelta(days=1)
    key = users.create_key(
        "An auditor", ["example.com"], ends, BY, clock(), period_from=clock() - timedelta(days=1)
    )
    bearer = {"Authorization": f"Bearer {key}"}
    base = "/v1/audit/example.com/records"

    def read(**query: Any) -> dict[str, Any]:
        reply = client.get(base, query_string=query, headers=bearer)
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.get_json()
        return found

    assert [record["id"] for record in read()["records"]] == made[1:]
    assert [record["id"] for record in read(action="accept_all")["records"]] == made[1:2]
    page = read(limit=1)
    assert [record["id"] for record in page["records"]] == made[1:2]
    last = read(limit=1, after=page["next"])
    assert [record["id"] for record in last["records"]] == made[2:]
    reads = [entry for entry in trail.entries("example.com") if entry.verb == "records.read"]
    assert len(reads) == 4
    assert {(entry.actor, entry.at) for entry in reads} == {(f"key {key.split('_')[1]}", clock())}

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in (base, f"{base}/{made[1]}"):
            assert client.open(path, method=method, headers=bearer).status_code == 403
    ours = bearer | {"Sec-Fetch-Site": "same-origin"}
    assert client.get("/admin/keys/", headers=bearer).status_code == 401
    assert client.post("/admin/keys/", headers=ours).status_code == 401
    assert [record["id"] for record in read()["records"]] == made[1:]

    before = client.get(f"{base}/{made[0]}", headers=bearer)
    assert (before.status_code, code_of(before)) == (403, "key_period")
    elsewhere = client.get("/v1/audit/other.example/records", headers=bearer)
    assert (elsewhere.status_code, code_of(elsewhere)) == (403, "key_site")
    clock.now = ends
    late = client.get(base, headers=bearer)
    assert (late.status_code, code_of(late)) == (401, "key_expired")


# -- two domains, one visitor ------------------------------------------------------------------


def mounted(page: Page, server: Server) -> None:
    """sipsim.com and sipsim.fr as their owner would run them: the snippet first in the head, and
    this server below /_ct/ of each."""
    demo_page = server.get(f"/demo/{SITE}/fr").text
    start, end = demo_page.index("<script data-site="), demo_page.index('<link rel="stylesheet"')
    snippet = demo_page[start:end].replace('src="/demo/@here/', 'src="/_ct/')

    def answer(route: Route) -> None:
        asked = route.request
        url = urlsplit(asked.url)
        if not url.path.startswith("/_ct/"):
            lang = "fr" if url.hostname == "sipsim.fr" else "en"
            html = f'<!doctype html><html lang="{lang}"><head>{snippet}</head><body></body></html>'
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
            return
        path = url.path.removeprefix("/_ct") + (f"?{url.query}" if url.query else "")
        reply = server.request(
            asked.method,
            path,
            asked.post_data_buffer,
            Origin=f"https://{url.hostname}",
            Content_Type="text/plain",
        )
        route.fulfill(
            status=reply.status, body=reply.body, content_type=reply.headers["Content-Type"]
        )

    for host in ("sipsim.com", "sipsim.fr"):
        page.context.route(f"https://{host}/**", answer)


def test_S2_34_a_choice_on_the_com_domain_does_not_exist_on_the_fr_domain(
    page: Page, server: Server
) -> None:
    """One controller, one inventory, two domains: each asks for itself, the French one in French
    to the last word."""
    mounted(page, server)
    page.goto("https://sipsim.com/")
    expect(page.locator("#cmp-dialog")).to_have_attribute("lang", "en")
    page.click("[data-cmp=accept]")
    delivered(page)
    page.goto("https://sipsim.fr/")
    french = json.loads(
        (Path(notices.__file__).parents[1] / "data/texts/fr.json").read_text("utf-8")
    )
    english = json.loads(
        (Path(notices.__file__).parents[1] / "data/texts/en.json").read_text("utf-8")
    )
    assert set(french) == set(english) and all(french.values())
    banner = page.locator("#cmp-dialog")
    expect(banner).to_have_attribute("lang", "fr")
    assert page.evaluate("consent.get().decided") is False
    assert page.evaluate("document.cookie") == ""
    expect(banner.locator("h2")).to_have_text(french["title"])
    for verb in ("reject", "accept", "preferences"):
        expect(banner.locator(f"[data-cmp={verb}]")).to_have_text(french[verb])
    for category in ("statistics", "marketing"):
        expect(banner).to_contain_text(french[f"purpose_{category}"])
    settings_of(page)
    [purpose] = purposes_of(page, french["category_marketing"])
    assert "adapter les publicités" in purpose
    page.click("[data-cmp=reject]")
    delivered(page)
    secrets = {
        cookie["domain"]: cookie["value"]
        for cookie in page.context.cookies()
        if cookie["name"] == "crumbtrail_visitor"
    }
    assert set(secrets) == {"sipsim.com", "sipsim.fr"}
    [com] = records_of(server, SITE, secrets["sipsim.com"])
    [fr] = records_of(server, SITE, secrets["sipsim.fr"])
    assert (com["action"], com["language"]) == ("accept_all", "en")
    assert (fr["action"], fr["language"], fr["previous"]) == ("reject_all", "fr", None)
    assert com["notice"] == fr["notice"]
    assert [urlsplit(one["page"]).netloc for one in (com, fr)] == ["sipsim.com", "sipsim.fr"]


def test_S2_36_a_record_knows_country_region_and_geo_database_and_nothing_finer(
    client: FlaskClient, clock: Clock
) -> None:
    demo.seed(clock())
    key = users.create_key("An auditor", [SITE], clock() + timedelta(days=9), BY, clock())
    digest = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    made = []
    for base in ("", "/demo/@CA-QC"):
        body = choice_body(digest, clock(), page=f"https://{SITE}/")
        headers = {"Origin": f"https://{SITE}", "X-Forwarded-For": IN_POLAND}
        reply = client.post(
            f"{base}/v1/{SITE}/consents",
            data=json.dumps(body),
            headers=headers | {"Content-Type": "text/plain"},
        )
        assert reply.status_code == 201, reply.text
        made.append(body["id"])
    places = []
    for one in made:
        path = f"/v1/audit/{SITE}/records/{one}"
        reply = client.get(path, headers={"Authorization": f"Bearer {key}"})
        assert IN_POLAND not in reply.text
        places.append(reply.get_json()["place"])
    here, quebec = places
    assert set(here) == set(quebec) == {"country", "subdivision", "source", "database"}
    assert (here["country"], here["source"]) == ("PL", "database")
    assert here["database"] == client.application.extensions["crumbtrail"].geo.database
    assert here["database"]
    assert (quebec["country"], quebec["subdivision"]) == ("CA", "QC")
    finer = ("lat", "lon", "lng", "city", "coord", "postal", "address", "ip")
    kept = Base.metadata.tables["record_address"]  # of sites whose notice says so: not of this one
    assert db.session.scalar(select(func.count()).select_from(kept)) == 0
    for table in {*Base.metadata.sorted_tables} - {kept}:
        words = {word for column in table.columns for word in column.name.split("_")}
        assert not words & {*finer, "latitude", "longitude"}, table.name
    columns = {column.name for column in Base.metadata.tables["place"].columns}
    assert columns == {"id", "country", "subdivision", "source", "database"}


def test_S2_46_a_private_window_without_any_account_has_the_whole_of_it(
    new_page: Callable[..., Page], server: Server
) -> None:
    """Notice, choice, receipt, own records, and taking it back, with no login anywhere. (Erasure
    is not tested.)"""
    page = new_page(locale="en-GB")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/demo/@FR/{SITE}/")
    assert cookies(page) == {}
    opened = settings_of(page)
    expect(opened.locator("a[href='mailto:info@sipsim.com']").first).to_be_visible()
    switch(page, "Statistics").check()
    page.click("[data-cmp=save]")
    record_id = delivered(page)
    expect(opened).to_contain_text(record_id)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!consent.get().categories.statistics && !consent.get().pending")
    assert set(cookies(page)) == {"crumbtrail", "crumbtrail_visitor"}
    assert not [url for url in asked if "/admin" in url]
    secret = cookies(page)["crumbtrail_visitor"]
    mine = {"Authorization": f"Visitor {secret}"}
    receipt = server.get(f"/v1/{SITE}/receipts/{record_id}", **mine)
    assert receipt.status == 200
    assert receipt.json()["record"]["categories"] == {"statistics": True, "marketing": False}
    assert receipt.json()["controller"]["email"] == "info@sipsim.com"
    own = server.get(f"/v1/{SITE}/visitor/records", **mine).json()["records"]
    assert [record["action"] for record in own] == ["save", "withdraw"]
