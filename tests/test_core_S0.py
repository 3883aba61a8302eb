"""The core rows of VoIP.ms's policy (S0), one test each, through the front door.

A docstring says what the row asks; what it asks of the linter, of erasure and of proofs is not
tested here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import MetaData, create_engine, select

from consent import inventory, leaf, notices, sites, trail, users
from consent.regime import default_table
from tests.acts import BY, CONTROLLER, add_site, choice_body, make_site, post_choice, rows
from tests.owner import owner
from tests.pages import Website
from tests.server import Server
from tests.visitor import delivered, soon

SITE = "voip.ms"
LEGAL = "9757-5573 Quebec inc"
POLAND = "83.12.34.56"


def on_own_page(
    server: Server,
    elsewhere: Website,
    body: str,
    site: str = SITE,
    lang: str = "en",
    place: str = "PL",
) -> str:
    """The address of a page of the site's owner with our snippet, as seen from that place."""
    head = server.get(f"/demo/@{place}/{site}/").text
    head = head[head.index("<script data-site=") : head.index('<link rel="stylesheet"')]
    head = head.replace('src="/demo', f'src="{server.url}/demo')
    said = f' lang="{lang}"' if lang else ""
    return elsewhere.put(
        f"/demo/@{place}/{site}/{lang}",
        f"<!doctype html><html{said}><head>{head}</head><body>{body}</body></html>",
    )


def secret_of(page: Page, site: str = SITE) -> str:
    """The visitor's own key, which lives in the folder of the demo's pages."""
    [value] = [
        c["value"]
        for c in page.context.cookies()
        if c["name"] == "crumbtrail_visitor" and f"/{site}/" in c["path"]
    ]
    return value


def records_of(server: Server, page: Page, site: str = SITE) -> list[dict[str, Any]]:
    visitor = leaf.visitor_id(site, secret_of(page, site))
    found: list[dict[str, Any]] = server.audit(f"{site}/records?visitor={visitor}")["records"]
    return found


def records_since(server: Server, start: datetime, site: str) -> list[dict[str, Any]]:
    moment = start.isoformat().replace("+00:00", "Z")
    found: list[dict[str, Any]] = server.audit(f"{site}/records?from={moment}")["records"]
    return found


def open_settings(page: Page) -> Locator:
    page.evaluate("consent.open()")
    opened = page.locator("dialog#cmp-dialog")
    expect(opened).to_be_visible()
    return opened


def lines(opened: Locator) -> list[list[str]]:
    """The cookie tables of the settings."""
    found: list[list[str]] = opened.locator("tbody tr").evaluate_all(
        "all => all.map(tr => [...tr.cells].map(td => td.textContent))"
    )
    return found


# -- who asks, and what leaves the house ---------------------------------------------------------


def test_S0_1_trading_name_and_legal_entity_are_in_the_settings_and_on_the_receipt(
    visit: Callable[..., Page], server: Server, client: FlaskClient, clock: Callable[[], datetime]
) -> None:
    """Both names, and no notice without the legal one."""
    page = visit("voip.ms/")
    page.click("[data-cmp=reject]")
    record = delivered(page)
    block = open_settings(page).locator("section", has=page.get_by_text("Who is responsible"))
    expect(block).to_contain_text("VoIP.ms")
    expect(block).to_contain_text(LEGAL)
    receipt = server.get(
        f"/v1/{SITE}/receipts/{record}", Authorization=f"Visitor {secret_of(page)}"
    ).json()
    assert receipt["controller"]["trading_name"] == "VoIP.ms"
    assert receipt["controller"]["legal_name"] == LEGAL

    users.add_user("olga@example.com", "river lamp stone 42", "cli", clock())
    add_site(clock(), controller=CONTROLLER | {"legal_name": ""})
    ours = {"Sec-Fetch-Site": "same-origin"}
    form = client.get("/admin/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
    sent = {"csrf": form, "email": "olga@example.com", "password": "river lamp stone 42"}
    assert client.post("/admin/sign-in", data=sent, headers=ours).status_code == 303
    here = "/admin/sites/example.com/notice/"
    form = client.get(here).text.split('name="csrf" value="')[1].split('"')[0]
    refused = client.post(f"{here}publish", data={"csrf": form}, headers=ours)
    assert refused.status_code == 422
    assert "legal name is missing" in refused.text
    assert notices.versions(sites.get("example.com")) == []


def test_S0_3_the_first_layer_links_to_the_policy_in_its_own_language(
    visit: Callable[..., Page],
) -> None:
    """One address per site and language. (The linter's finding on http:// is not tested.)"""
    seen = {}
    for path in ("voip.ms/", "sipsim.com/", "sipsim.com/fr"):
        page = visit(path)
        first = page.locator("div#cmp-dialog")
        link = first.locator(".ctl-text a")
        expect(link).to_be_visible()
        address = urlsplit(link.get_attribute("href") or "")
        seen[path] = (first.get_attribute("lang"), f"{address.path}#{address.fragment}")
    assert seen == {
        "voip.ms/": ("en", "/demo/voip.ms/#privacy"),
        "sipsim.com/": ("en", "/demo/sipsim.com/#privacy"),
        "sipsim.com/fr": ("fr", "/demo/sipsim.com/fr#privacy"),
    }


_calls: list[tuple[str, object]] | None = None
_others: set[int] = set()  # threads that other tests have left


def _watch(event: str, given: tuple[object, ...]) -> None:
    if _calls is not None and event in ("socket.connect", "socket.getaddrinfo"):
        if threading.get_ident() not in _others:
            _calls.append((event, given[-1]))


sys.addaudithook(_watch)


@pytest.fixture
def outbound() -> Iterator[list[tuple[str, object]]]:
    """What this process connects to or looks up by Python's own sockets, during a test; name it
    before the app, whose threads count."""
    global _calls, _others
    _others = {one.ident or 0 for one in threading.enumerate()} - {threading.get_ident()}
    _calls = []
    yield _calls
    _calls = None


def test_S0_4_a_fresh_visit_asks_only_the_site_and_the_platform(
    page: Page, visit: Callable[..., Page], server: Server
) -> None:
    """Script, styles, words and settings come from one host, until somebody agrees to more."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    visit("voip.ms/")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    open_settings(page)
    page.click("dialog [data-cmp=reject]")
    delivered(page)
    page.wait_for_load_state("networkidle")
    assert asked == {f"127.0.0.1:{server.port}"}


def test_S0_4_storing_a_choice_calls_nobody(
    outbound: list[tuple[str, object]],
    app: Flask,
    client: FlaskClient,
    clock: Callable[[], datetime],
) -> None:
    """The country comes from the file at hand; the server connects to nothing and looks up none."""
    notice = make_site(app, clock())
    client.environ_base["REMOTE_ADDR"] = POLAND
    outbound.clear()
    reply = post_choice(client, "example.com", choice_body(notice.digest, clock()))
    assert (reply.status_code, reply.get_json()["country"]) == (201, "PL")
    assert outbound == []


def test_S0_5_the_address_is_kept_nowhere_and_the_country_is(
    make_server: Callable[..., Server],
) -> None:
    """No table, log or file of ours holds the address. It is never kept, so there is no mode to
    choose; exports are not tested."""
    server = make_server(TRUSTED_PROXIES="127.0.0.0/8")
    told = server.get(f"/v1/{SITE}/notice", X_Forwarded_For=POLAND).json()
    body = choice_body(told["notice"], datetime.now(UTC), page=f"https://{SITE}/x")
    body["categories"]["preferences"] = False
    text = repr(body).replace("'", '"').replace("False", "false").encode()
    sent = {"Origin": f"https://{SITE}", "Content_Type": "text/plain", "X_Forwarded_For": POLAND}
    reply = server.post(f"/v1/{SITE}/consents", text, **sent)
    assert (reply.status, reply.json()["country"]) == (201, "PL")
    [record] = server.audit(f"{SITE}/records")["records"]
    assert record["place"]["country"] == "PL"
    assert POLAND not in str(record)

    engine = create_engine(server.environ["DATABASE_URL"].replace("sql://", "sql+psycopg://"))
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        for table in known.sorted_tables:
            assert POLAND not in str(connection.execute(select(table)).all()), table.name
    engine.dispose()
    server.kill()
    packed = bytes(int(part) for part in POLAND.split("."))
    for path in Path(server.instance).rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert POLAND.encode() not in content, path
        assert packed not in content or path.suffix == ".mmdb", path


# -- nothing without agreement -------------------------------------------------------------------


def test_S0_11_a_marketing_script_is_asked_for_once_and_only_after_the_grant(
    page: Page, server: Server, elsewhere: Website
) -> None:
    """Zero requests to its host before; exactly one of the script, of the frame and of the image
    after."""
    tag = 'data-category="marketing" data-src="' + elsewhere.other_origin
    elsewhere.put("/ad.js", "window.__ran = (window.__ran || 0) + 1", "text/javascript")
    elsewhere.put("/frame", "<!doctype html><p>Ad</p>")
    elsewhere.put("/pixel.gif", b"GIF89a", "image/gif")
    address = on_own_page(
        server,
        elsewhere,
        f'<script type="text/plain" {tag}/ad.js"></script>'
        f'<iframe {tag}/frame"></iframe><img {tag}/pixel.gif" alt="">',
    )
    third = ("/ad.js", "/frame", "/pixel.gif")
    page.goto(address)
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not set(third) & set(elsewhere.asked)
    page.click("[data-cmp=accept]")
    page.wait_for_function("window.__ran === 1")
    expect(page.frame_locator("iframe").get_by_text("Ad")).to_be_visible()
    page.wait_for_function("!consent.get().pending")
    soon(page, lambda: set(third) <= set(elsewhere.asked), "all are asked for")
    page.wait_for_timeout(500)
    assert [elsewhere.asked.count(path) for path in third] == [1, 1, 1]


def test_S0_13_a_choice_for_one_site_is_not_shown_to_another_sites_key(
    app: Flask, client: FlaskClient, clock: Callable[[], datetime]
) -> None:
    """A record binds to the site it was given on."""
    at = clock()
    notice = make_site(app, at, "a.example")
    make_site(app, at, "b.example")
    assert post_choice(client, "a.example", choice_body(notice.digest, at)).status_code == 201
    key = users.create_key("Auditor of b", ["b.example"], at + timedelta(days=9), BY, at)
    bearer = {"Authorization": f"Bearer {key}"}
    assert client.get("/v1/audit/b.example/records", headers=bearer).get_json()["records"] == []
    refused = client.get("/v1/audit/a.example/records", headers=bearer)
    assert refused.status_code == 403
    assert [row.site_id for row in rows()] == [sites.get("a.example").id]


def test_S0_13_every_third_party_line_links_to_its_providers_policy_or_says_not_stated(
    changed: Server, page: Page
) -> None:
    """As declared: Google's is linked; one whose policy nobody stated says so."""
    with owner(changed, "voipstudio.pl") as (site, at):
        inventory.put_service(site, BY, at, "ppc-conversions", provider="Adco", policy_url=None)
        notices.publish(site, BY, at)
    page.goto(f"{changed.url}/demo/@PL/voipstudio.pl/")
    opened = open_settings(page)
    third = opened.locator("tbody tr", has=page.get_by_text("podmiot trzeci", exact=True))
    expect(third).to_have_count(4)
    for number in range(4):
        cell = third.nth(number).locator("td").nth(1)
        assert cell.locator("a[href^='https://']").count() or "nie podano" in (
            cell.text_content() or ""
        )
    google = opened.locator("tr", has_text="_gid").locator("a")
    expect(google).to_have_attribute("href", "https://policies.google.com/privacy")
    adco = opened.locator("tr", has_text="_ar_V4").locator("td").nth(1)
    expect(adco).to_have_text("Adco (Polityka prywatności: nie podano)")


def test_S0_15_a_new_purpose_asks_again_with_the_new_one_off_and_old_choices_kept(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """A category and a marketing service are added to a live site: the returning visitor, who had
    accepted everything there was, gets the banner; what was given still runs, the rest is off."""
    address = f"{changed.url}/demo/@PL/iplum.com/"
    page = new_page()
    page.goto(address)
    page.click("[data-cmp=accept]")
    delivered(page)
    with owner(changed, "iplum.com") as (site, at):
        sites.change(site, BY, at, preferences=True)
        inventory.put_service(site, BY, at, "ads", name="Ads", category="marketing", hosts=[])
        notices.publish(site, BY, at)
    later = new_page(storage_state=page.context.storage_state())
    later.goto(address)
    expect(later.locator("div#cmp-dialog")).to_be_visible()
    given = later.evaluate("consent.get()")
    assert given["categories"]["statistics"] is True
    assert given["categories"]["preferences"] is False
    assert given["services"]["ads"] is False
    open_settings(later)
    ticked = {"Statistics": True, "Preferences": False, "Ads": False}
    for name, on in ticked.items():
        expect(later.get_by_role("switch", name=name, exact=True)).to_be_checked(checked=on)
    assert len(records_of(changed, later, "iplum.com")) == 1


def test_S0_21_our_own_cookies_are_listed_as_necessary_with_their_duration(
    app: Flask, client: FlaskClient, clock: Callable[[], datetime], visit: Callable[..., Page]
) -> None:
    """In the inventory of a fresh site, in its notice, and in the table a visitor reads."""
    site = add_site(clock())
    inventory.starter(site, BY, clock())
    notices.publish(site, BY, clock())
    details = client.get("/v1/example.com/en/details.json").get_json()
    own = {(t["name"], t["kind"]): t for t in details["trackers"]}
    assert {name for name, _ in own} == {"crumbtrail", "crumbtrail_visitor"}
    for tracker in own.values():
        assert tracker["category"] == "necessary"
        assert tracker["duration"] == {"value": 6, "unit": "month"}
        assert tracker["purpose"]

    page = visit("voip.ms/")
    card = open_settings(page).locator(
        "section", has=page.get_by_role("switch", name="Necessary", exact=True)
    )
    shown = {line[0]: line for line in lines(card)}
    for name in ("crumbtrail", "crumbtrail_visitor"):
        assert shown[name][3] == "6 months"


def test_S0_22_the_settings_stay_within_reach_and_a_change_is_a_new_record(
    server: Server, elsewhere: Website, page: Page
) -> None:
    """After a choice the page has a control to open the settings again, on each of its pages; the
    page's own link counts. (Erasing: test_core_rights.py.)"""
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    page.click("[data-cmp=reject]")
    first = delivered(page)
    page.reload()
    page.click("footer a[href='#cookie-settings']")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.get_by_role("switch", name="Statistics", exact=True).set_checked(True)
    page.click("[data-cmp=save]")
    page.wait_for_function(f"consent.get().id !== '{first}' && !consent.get().pending")
    refused, changed = records_of(server, page)
    assert (refused["action"], changed["action"]) == ("reject_all", "save")
    assert (changed["previous"], changed["categories"]["statistics"]) == (first, True)

    page.goto(on_own_page(server, elsewhere, "<p>No link of its own</p>"))
    entry = page.locator("#cmp-entry [data-cmp=preferences]")
    expect(entry).to_have_text("Privacy settings")
    entry.click()
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()


# -- what the policy lists in one sentence -------------------------------------------------------


def test_S0_28_statistics_are_in_the_inventory_and_off_until_granted(
    server: Server, elsewhere: Website, page: Page
) -> None:
    """The entry that counts visits; a script and a beacon tagged so wait."""
    elsewhere.put("/count.js", "window.__ran = true", "text/javascript")
    tag = f'data-category="statistics" data-src="{elsewhere.other_origin}'
    body = f'<script type="text/plain" {tag}/count.js"></script>'
    page.goto(on_own_page(server, elsewhere, body))
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert "/count.js" not in elsewhere.asked
    opened = open_settings(page)
    card = opened.locator("section", has=page.get_by_role("switch", name="Statistics", exact=True))
    [line] = lines(card)
    assert line[2] == "Counts visits, how long they last and which pages are viewed."
    page.get_by_role("switch", name="Statistics", exact=True).set_checked(True)
    page.click("[data-cmp=save]")
    page.wait_for_function("window.__ran === true")


def test_S0_29_signing_in_is_necessary_and_survives_rejecting_everything(
    visit: Callable[..., Page], server: Server, page: Page
) -> None:
    """Kept apart from statistics; its switch cannot be moved and its cookie stays. `necessary` is
    always on, so a record never lists it: the notice that the record names says so."""
    portal = {"name": "portal", "value": "signed-in", "url": server.url, "httpOnly": True}
    page.context.add_cookies([portal])  # type: ignore[list-item]
    visit("voip.ms/")
    opened = open_settings(page)
    switch = page.get_by_role("switch", name="Necessary", exact=True)
    expect(switch).to_be_checked()
    expect(switch).to_be_disabled()
    card = opened.locator("section", has=switch)
    assert "Keeps a customer signed in to the portal." in [line[2] for line in lines(card)]
    page.click("dialog [data-cmp=reject]")
    delivered(page)
    page.reload()
    assert "portal" in {cookie["name"] for cookie in page.context.cookies()}
    assert page.evaluate("consent.get().categories.necessary") is True
    assert page.evaluate("consent.allowed('necessary')") is True
    [record] = records_of(server, page)
    assert not any(record["categories"].values())
    key = f"Bearer {server.auditor_key}"
    told = server.get(f"/v1/audit/{SITE}/notices/{record['notice']}", Authorization=key).json()
    by_purpose = {t["purpose"]["en"]: t["category"] for t in told["trackers"]}
    assert by_purpose["Keeps a customer signed in to the portal."] == "necessary"
    assert {"id": "necessary"} in told["categories"]


def test_S0_31_a_session_and_an_unknown_duration_are_said_in_each_language(
    changed: Server, elsewhere: Website, page: Page
) -> None:
    """Session, a number with its unit, or "not stated": never a blank. (What a scan observes is
    not tested.)"""
    with owner(changed, "sipsim.com") as (site, at):
        for name, lasts in (("t_session", "session"), ("t_unknown", None)):
            inventory.add_tracker(site, BY, at, name=name, category="statistics", duration=lasts)
        two_years = {"value": 2, "unit": "year"}
        inventory.add_tracker(
            site, BY, at, name="t_years", category="statistics", duration=two_years
        )
        notices.publish(site, BY, at)
    said = {}
    for lang in ("en", "pl", "fr"):
        page.goto(on_own_page(changed, elsewhere, "", "sipsim.com", lang))
        expect(page.locator("#cmp-dialog")).to_be_visible()
        shown = lines(open_settings(page))
        assert all(all(line) for line in shown)
        by_name = {line[0]: line[3] for line in shown}
        said[lang] = [by_name[f"t_{name}"] for name in ("session", "unknown", "years")]
    assert said == {
        "en": ["until you close the browser", "not stated", "2 years"],
        "pl": ["do zamknięcia przeglądarki", "nie podano", "2 lata"],
        "fr": ["jusqu’à la fermeture du navigateur", "non précisé", "2 ans"],
    }


# -- no wall, no implied consent -----------------------------------------------------------------


def test_S0_33_where_cookies_are_blocked_the_banner_says_so_once_and_nothing_runs(
    page: Page, server: Server
) -> None:
    """No prompt loop, no error in the console, and the page works. (Without JavaScript: S1-27.)"""
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setDocumentCookieDisabled", {"disabled": True})
    page.goto(f"{server.url}/demo/@PL/voipstudio.pl/")
    told = "Twoja przeglądarka nie zachowuje plików cookie"
    dialog = page.locator("#cmp-dialog")
    expect(dialog.get_by_text(told)).to_have_count(1)
    page.click("[data-cmp=reject]")
    expect(dialog).to_have_count(0)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(300)
    expect(dialog).to_have_count(0)
    assert page.evaluate("[window.__ran || [], consent.allowed('statistics')]") == [[], False]
    page.click("nav a >> nth=1")
    expect(page.locator("#cmp-dialog").get_by_text(told)).to_have_count(1)
    assert wrong == []


def test_S0_34_refusing_everything_leaves_the_whole_page_and_the_focus(
    visit: Callable[..., Page],
) -> None:
    """Same content, nothing over it, and the focus back where the settings were opened from. (The
    linter's COOKIE-WALL is not tested.)"""
    page = visit("voip.ms/")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    before = page.locator("main").inner_text()
    link = page.locator("footer a[href='#cookie-settings']")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.click("dialog [data-cmp=reject]")
    delivered(page)
    page.click("dialog [data-cmp=close]")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    expect(link).to_be_focused()
    assert page.locator("main").inner_text() == before
    page.click("main a[href='#build']")
    page.reload()
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    assert page.locator("main").inner_text() == before


def test_S0_40_five_pages_without_a_click_are_no_choice(
    visit: Callable[..., Page], server: Server
) -> None:
    """Reading on, scrolling and leaving store nothing and open nothing."""
    start = datetime.now(UTC)
    for path in ("", "funkcje", "cennik", "kontakt", "polityka"):
        page = visit(f"voipstudio.pl/{path}")
        expect(page.locator("#cmp-dialog")).to_be_visible()
        page.mouse.wheel(0, 1500)
        assert page.evaluate("consent.get().decided") is False
        given = page.evaluate("consent.get().categories")
        assert given == {
            "necessary": True,
            "preferences": False,
            "statistics": False,
            "marketing": False,
        }
        assert page.evaluate("window.__ran || []") == []
    assert page.context.cookies() == []
    assert records_since(server, start, "voipstudio.pl") == []


def test_S0_41_a_material_change_asks_again_and_a_minor_one_does_not(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """Both are versions in the trail; the record stays bound to the notice it was given under."""
    page = new_page()
    address = f"{changed.url}/demo/@PL/{SITE}/"
    page.goto(address)
    page.click("[data-cmp=accept]")
    record = delivered(page)
    digest = page.evaluate("consent.debug().config.notice")
    with owner(changed, SITE) as (site, at):
        notices.publish(site, BY, at, material=True)
    later = new_page(storage_state=page.context.storage_state())
    later.goto(address)
    expect(later.locator("div#cmp-dialog")).to_be_visible()
    [kept] = records_of(changed, later)
    assert (kept["id"], kept["notice"]) == (record, digest)
    later.click("[data-cmp=accept]")
    later.wait_for_function(f"consent.get().id !== '{record}' && !consent.get().pending")
    with owner(changed, SITE) as (site, at):
        sites.change(site, BY, at, retention={"value": 24, "unit": "month"})
        version = notices.publish(site, BY, at).version
        logged = [e for e in trail.entries(SITE, limit=20) if e.verb == "notice.publish"]
        assert {e.detail["version"] for e in logged} >= {version, version - 1}
    last = new_page(storage_state=later.context.storage_state())
    last.goto(address, wait_until="networkidle")
    expect(last.locator("footer")).to_be_visible()
    assert last.evaluate("consent.debug().config.version") == version
    expect(last.locator("#cmp-dialog")).to_have_count(0)
    assert records_of(changed, last)[0]["notice"] == digest


def test_S0_47_in_quebec_everything_is_off_and_the_record_names_the_rules(
    visit: Callable[..., Page], server: Server
) -> None:
    """Opt-in for every purpose; the name of the rules and the digest of their table are kept."""
    page = visit("voip.ms/", place="CA-QC")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    given = page.evaluate("consent.get()")
    assert (given["regime"], given["strict"]) == ("CA-QC", True)
    assert [on for name, on in given["categories"].items() if name != "necessary"] == [False] * 3
    rules = page.evaluate("consent.debug().config.regime.categories")
    assert set(rules.values()) == {"opt-in"}
    page.click("[data-cmp=reject]")
    delivered(page)
    [record] = records_of(server, page)
    assert (record["regime"], record["regime_shown"]) == ("CA-QC", "CA-QC")
    assert record["regimes"] == default_table().digest
