"""The core rows of voipstudio.pl's policy (S3), one test each, through the front door.

A docstring says what the row asks; what it asks of the linter, the classifier, exports, proofs
and erasure is not tested here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from consent import demo, inventory, notices, sites
from consent.regime import Place, Signals, default_table
from tests.acts import BY, choice_body, rows
from tests.owner import owner
from tests.pages import Website
from tests.server import Server
from tests.visitor import (
    SITE,
    SIX,
    TITLE,
    cookies,
    delivered,
    open_settings,
    ran,
    records_of,
    records_since,
    save_only,
)

PHONE = "+44 203 432 9230"
STREET = "Gable House, 18-24 Turnham Green Terrace"
PURPOSE, DURATION, PARTY = 2, 3, 4


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1"}


def section(opened: Locator, category: str) -> Locator:
    """A category's card in the settings."""
    switch = opened.page.get_by_role("switch", name=category, exact=True)
    return opened.locator("section", has=switch)


def cells(within: Locator, name: str) -> list[str]:
    """The first line of the tables that starts with `name`; `*` ends a name that is a pattern."""
    found: list[list[str]] = within.locator("tbody tr").evaluate_all(
        "all => all.map(tr => [...tr.cells].map(td => td.textContent))"
    )
    return next(line for line in found if line[0].rstrip("*") == name)


def notice_of(server: Server) -> dict[str, Any]:
    """The bytes of the notice that binds now, as the auditor reads them."""
    digest = server.get(f"/v1/{SITE}/notice").json()["notice"]
    key = f"Bearer {server.auditor_key}"
    body: dict[str, Any] = server.get(
        f"/v1/audit/{SITE}/notices/{digest}", Authorization=key
    ).json()
    return body


def published(server: Server, name: str) -> dict[str, Any]:
    """The entry of a tracker in the published notice."""
    [found] = [t for t in notice_of(server)["trackers"] if t["name"] == name]
    entry: dict[str, Any] = found
    return entry


# -- who asks ----------------------------------------------------------------------------------


def test_S3_1_the_notice_shows_company_number_vat_number_and_the_London_address(
    visit: Callable[..., Page],
) -> None:
    """The controller's block, whose country is not the market's."""
    opened = open_settings(visit())
    block = opened.locator("section", has=opened.page.get_by_text("Administrator danych"))
    for fact in ("Level 7 Systems", "6978512", "GB982288750", STREET, "London", "United Kingdom"):
        expect(block).to_contain_text(fact)


def test_S3_2_the_officer_is_named_and_another_one_asks_nobody_again(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """Name, e-mail, phone and post in the notice and on the receipt; a change of officer makes a
    version, not a new question."""
    page = new_page()
    page.goto(f"{changed.url}/demo/@PL/{SITE}/")
    page.click("[data-cmp=reject]")
    record_id = delivered(page)
    block = open_settings(page).locator("section", has_text="Inspektor ochrony danych")
    for fact in ("Neil Adams", "marketing@voipstudio.pl", PHONE, STREET):
        expect(block).to_contain_text(fact)
    secret = cookies(page)["crumbtrail_visitor"]
    receipt = changed.get(
        f"/v1/{SITE}/receipts/{record_id}", Authorization=f"Visitor {secret}"
    ).json()
    assert receipt["dpo"]["name"] == "Neil Adams"
    assert (receipt["dpo"]["email"], receipt["dpo"]["phone"]) == ("marketing@voipstudio.pl", PHONE)
    assert STREET in receipt["dpo"]["post"]

    before = notice_of(changed)
    with owner(changed, SITE) as (site, at):
        sites.change(site, BY, at, dpo={"name": "Jan Nowak", "email": "iod@voipstudio.pl"})
        notices.publish(site, BY, at)
    after = notice_of(changed)
    assert (after["version"], after["asks"]) == (before["version"] + 1, before["asks"])
    later = new_page(storage_state=page.context.storage_state())
    later.goto(f"{changed.url}/demo/@PL/{SITE}/", wait_until="networkidle")
    expect(later.locator("#cmp-dialog")).to_have_count(0)
    expect(open_settings(later)).to_contain_text("Jan Nowak")


def test_S3_4_using_the_site_is_never_taken_for_consent(
    visit: Callable[..., Page], server: Server
) -> None:
    """Loading, scrolling, Escape and reading on log no grant. (The linter's Polish finding on the
    policy's sentence is not tested.)"""
    start = datetime.now(UTC)
    page = visit()
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.mouse.wheel(0, 2000)
    page.keyboard.press("Escape")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.click("header nav a >> nth=1")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.goto(page.url.replace("cennik", "polityka"), wait_until="networkidle")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.get().decided") is False
    assert (cookies(page), ran(page)) == ({}, [])
    assert records_since(server, start) == []


@pytest.mark.parametrize("place", ["GB", "PL"])
def test_S3_5_Britain_and_Poland_each_get_their_own_opt_in_rules(
    client: FlaskClient, clock: Callable[[], datetime], place: str
) -> None:
    """UK rules beside the EU's for a .pl audience: both ask first, and the record says which."""
    demo.seed(clock())
    told = client.get(f"/demo/@{place}/v1/{SITE}/notice?lang=pl").get_json()
    regime = told["regime"]
    assert (regime["id"], regime["model"], regime["show"]) == (place, "opt-in", "dialog")
    assert set(regime["categories"].values()) == {"opt-in"}
    rules = default_table().decide(Place(place, None, "demo", None), Signals(False), clock().date())
    assert ("PECR" in " ".join(rules.citations)) == (place == "GB")
    body = choice_body(told["notice"], clock(), language="pl", page=f"https://{SITE}/cennik")
    body["categories"]["preferences"] = False
    reply = client.post(
        f"/demo/@{place}/v1/{SITE}/consents",
        data=json.dumps(body),
        headers={"Origin": f"https://{SITE}", "Content-Type": "text/plain"},
    )
    assert reply.status_code == 201
    assert (reply.get_json()["country"], reply.get_json()["regime"]) == (place, place)


def test_S3_7_purposes_first_then_every_cookie_with_all_its_columns(
    visit: Callable[..., Page],
) -> None:
    """Layered: purposes and choices first; then name, party, provider, purpose, duration of each
    of the six, where "not stated" is said and no cell is blank."""
    page = visit()
    first = page.locator("#cmp-dialog")
    for purpose in ("Zapamiętywanie Twoich ustawień", "Liczenie odwiedzin", "Wyświetlanie reklam"):
        expect(first.locator("li", has_text=purpose)).to_be_visible()
    for verb in ("reject", "accept", "preferences"):
        expect(first.locator(f"[data-cmp={verb}]")).to_be_visible()
    opened = open_settings(page)
    heads = opened.locator("table >> nth=0").locator("th").all_text_contents()
    assert heads == ["Nazwa", "Dostawca", "Cel", "Czas przechowywania", "Pochodzenie"]
    for name in SIX:
        line = cells(opened, name)
        assert len(line) == len(heads) and all(line), line
        assert line[DURATION] == "nie podano"
    assert cells(opened, "_ga")[1] == "Google.com"


# -- before the choice -------------------------------------------------------------------------


def test_S3_36_before_a_choice_nothing_about_the_visitor_is_stored(
    visit: Callable[..., Page], server: Server
) -> None:
    """No id, no row, no cookie, in the browser or here."""
    start = datetime.now(UTC)
    page = visit("voipstudio.pl/cennik")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("indexedDB.databases()") == []
    assert cookies(page) == {}
    assert records_since(server, start) == []


def test_S3_36_asking_for_the_script_writes_no_row(
    client: FlaskClient, clock: Callable[[], datetime]
) -> None:
    """The same, looked at in the database."""
    demo.seed(clock())
    for path in (f"/demo/@PL/v1/{SITE}/consent.js", f"/v1/{SITE}/notice", f"/demo/{SITE}/"):
        reply = client.get(path)
        assert reply.status_code == 200
        assert "Set-Cookie" not in reply.headers
    assert rows() == []


def test_S3_37_a_link_in_the_policy_opens_the_settings(visit: Callable[..., Page]) -> None:
    """By a link, by an address that ends in #cookie-settings, and by a call from the page."""
    page = visit("voipstudio.pl/polityka")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    settings = page.locator("dialog#cmp-dialog")
    page.click("article a[href='#cookie-settings']")
    expect(settings).to_be_visible()
    page.click("[data-cmp=close]")
    expect(settings).to_have_count(0)
    page.evaluate("consent.open()")
    expect(settings).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url.split("#")[0] + "#cookie-settings")
    expect(other.locator("dialog#cmp-dialog")).to_be_visible()


def test_S3_38_who_sets_a_cookie_and_who_uses_it_are_told_as_declared(
    visit: Callable[..., Page], server: Server
) -> None:
    """_ga is declared a third party's though it is stored under the site's own host: the
    declaration stays. (What a scan observes beside it is not tested.)"""
    page = visit()
    page.click("[data-cmp=accept]")
    page.wait_for_function("/(^|; )_ga/.test(document.cookie)")
    [stored] = [c for c in page.context.cookies() if c["name"] == "_ga"]
    assert stored["domain"] == "127.0.0.1"
    assert published(server, "_ga")["party"] == "third"
    opened = open_settings(page)
    assert cells(opened, "_ga")[PARTY] == "podmiot trzeci"
    assert cells(opened, "Xl7ref")[PARTY] == "ten serwis"


def test_S3_39_after_a_refusal_the_page_that_calls_gtag_works_on(
    visit: Callable[..., Page], page: Page
) -> None:
    """Safe stubs: no error in the console; links and the form work."""
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    visit()
    page.click("[data-cmp=reject]")
    delivered(page)
    page.evaluate("gtag('event', 'purchase', {value: 1}); dataLayer.push({event: 'x'})")
    page.click("main a[data-event=trial]")
    page.wait_for_url("**/kontakt")
    page.fill("#name", "Anna Żółć")
    page.fill("#email", "anna@example.com")
    page.fill("#message", "Dzień dobry")
    page.click("main button[data-event=contact]")
    expect(page.locator(".done")).to_contain_text("Dziękujemy")
    assert errors == []
    assert ran(page) == []


def test_S3_40_the_popup_comes_before_any_cookie_that_needs_consent(
    page: Page, visit: Callable[..., Page]
) -> None:
    """Blocking first in head; when the banner shows there is no cookie, and no server set one."""
    set_by_servers: list[str] = []
    asked: list[str] = []
    page.on("response", lambda r: set_by_servers.extend(r.headers.get("set-cookie", "").split()))
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(
        "document.addEventListener('consent:shown', () => { window.__then = document.cookie })"
    )
    visit()
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert page.evaluate("window.__then") == ""
    assert page.evaluate("document.head.querySelector('script').dataset.site") == SITE
    page.wait_for_load_state("networkidle")
    assert cookies(page) == {}
    assert set_by_servers == []
    assert not [url for url in asked if "/demo-tags/" in url]


def test_S3_41_deny_is_in_the_popup_itself_with_an_honest_consequence(
    visit: Callable[..., Page],
) -> None:
    """As large as accepting, and the Polish text says what stays off."""
    page = visit()
    reject, accept = page.locator("[data-cmp=reject]"), page.locator("[data-cmp=accept]")
    expect(reject).to_have_text("Odrzuć wszystkie")
    size, other = reject.bounding_box(), accept.bounding_box()
    assert size is not None and other is not None
    assert (size["width"], size["height"]) == pytest.approx(
        (other["width"], other["height"]), abs=1
    )
    look = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.font] }"
    assert reject.evaluate(look) == accept.evaluate(look)
    expect(page.locator("#ctl-text")).to_contain_text(
        "Jeśli odmówisz, serwis będzie działał jak zwykle; wyłączone pozostanie tylko to"
    )


def test_S3_42_what_is_strictly_necessary_is_set_without_asking_and_still_listed(
    visit: Callable[..., Page],
) -> None:
    """Always on, exempt, listed. (A site that asks nothing at all: test_notices.)"""
    page = visit()
    opened = open_settings(page)
    necessary = page.get_by_role("switch", name="Niezbędne", exact=True)
    expect(necessary).to_be_checked()
    expect(necessary).to_be_disabled()
    card = section(opened, "Niezbędne")
    for name in ("crumbtrail", "crumbtrail_visitor"):
        assert "nie podano" not in cells(card, name)[PURPOSE]
    assert "opublikowano jako „absolutnie konieczne”" in cells(card, "bez nazwy")[PURPOSE]
    page.click("[data-cmp=reject]")
    delivered(page)
    assert set(cookies(page)) == {"crumbtrail", "crumbtrail_visitor"}
    assert page.evaluate("consent.allowed('necessary')") is True


@pytest.mark.parametrize(
    ("agent", "address"),
    [
        ("Chrome/140.0 Safari/537.36", ["google.com/chrome/"]),
        ("Chrome/140.0 Safari/537.36 Edg/140.0", ["microsoft.com/microsoft-edge/"]),
        ("Chrome/140.0 Safari/537.36 OPR/120.0", ["help.opera.com/"]),
        ("Gecko/20100101 Firefox/143.0", ["mozilla.org/"]),
        ("Version/18.0 Safari/605.1.15", ["apple.com/guide/safari/"]),
        ("Lynx", ["microsoft", "opera", "mozilla", "google", "apple"]),
    ],
)
def test_S3_42_the_settings_link_to_the_browsers_own_instructions(
    new_page: Callable[..., Page], server: Server, agent: str, address: list[str]
) -> None:
    """Necessary cookies may be blocked in the browser: its maker says how."""
    page = new_page(user_agent=f"Mozilla/5.0 (X11; Linux x86_64) {agent}")
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    line = open_settings(page).locator("p", has_text="Jak blokować i usuwać pliki cookie")
    links = line.locator("a")
    expect(links).to_have_count(len(address))
    for link, part in zip(links.all(), address, strict=True):
        assert part in (link.get_attribute("href") or "")
        expect(link).to_have_attribute("rel", "noopener noreferrer")


# -- the six -----------------------------------------------------------------------------------


def test_S3_43_the_location_cookie_is_held_while_nobody_has_classified_it(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """Its policy states no category: unclassified is blocked whatever was accepted, and shown as
    such."""
    with owner(changed, SITE) as (site, at):
        [geoip] = [t for t in inventory.trackers(site) if t.name == "L7_geoip"]
        inventory.put_service(site, BY, at, "currency", category=None)
        inventory.edit_tracker(site, geoip.id, BY, at, category=None)
        notices.publish(site, BY, at)
    entry = published(changed, "L7_geoip")
    assert (entry["party"], entry["category"]) == ("first", None)
    page = new_page()
    page.goto(f"{changed.url}/demo/@PL/{SITE}/cennik")
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 3")
    page.wait_for_load_state("networkidle")
    assert "currency" not in ran(page)
    assert "L7_geoip" not in cookies(page)
    opened = open_settings(page)
    held = opened.locator("details", has_text="Niesklasyfikowane: wstrzymane")
    assert "kraj" in cells(held, "L7_geoip")[PURPOSE]


@pytest.mark.parametrize(("place", "country"), [("FR", "FR"), ("nowhere", None)])
def test_S3_43_a_page_learns_the_country_without_a_cookie_and_without_a_record(
    visit: Callable[..., Page], server: Server, place: str, country: str | None
) -> None:
    """The hint for prices by country: told once, whether asked before the script or after."""
    start = datetime.now(UTC)
    page = visit("voipstudio.pl/cennik", place=place)
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.get().country") == country
    told = page.evaluate(
        "new Promise(done => { const told = []; consent.on('ready', got => told.push(got.country));"
        " setTimeout(() => done(told)) })"
    )
    assert told == [country]
    hint = server.get(f"/demo/@{place}/v1/{SITE}/notice")
    assert hint.json()["place"]["country"] == country
    assert "Set-Cookie" not in hint.headers
    page.wait_for_load_state("networkidle")
    assert cookies(page) == {}
    assert records_since(server, start) == []


def test_S3_44_the_referrer_cookie_waits_for_marketing_and_goes_in_any_letter_case(
    visit: Callable[..., Page],
) -> None:
    """Not set before a marketing grant; removed on withdrawal, Xl7ref or xl7ref."""
    page = visit()
    save_only(page, "Statystyka", "Preferencje")
    page.wait_for_function("(window.__ran || []).length === 2")
    assert "Xl7ref" not in cookies(page)
    save_only(page, "Statystyka", "Preferencje", "Marketing")
    page.wait_for_function("document.cookie.includes('Xl7ref=')")
    page.evaluate("document.cookie = 'xl7ref=1; path=/'; document.cookie = 'XL7REF=1'")
    delivered(page)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!/xl7ref/i.test(document.cookie)")
    assert "xl7ref" not in {name.lower() for name in cookies(page)}


def test_S3_45_the_conversion_cookie_is_marketing_with_a_provider_not_stated(
    visit: Callable[..., Page], server: Server
) -> None:
    """(Proposals of near names are not tested.)"""
    entry = published(server, "_ar_V4")
    assert (entry["category"], entry["party"]) == ("marketing", "third")
    page = visit()
    line = cells(section(open_settings(page), "Marketing"), "_ar_V4")
    assert line[1] == "nie podano"
    assert "kliknięć reklam Google" in line[PURPOSE]
    save_only(page, "Preferencje", "Statystyka")
    page.wait_for_function("(window.__ran || []).length === 2")
    assert "_ar_V4" not in cookies(page)


def test_S3_46_performance_becomes_statistics_and_the_published_word_stays(
    visit: Callable[..., Page], server: Server
) -> None:
    entry = published(server, "_gat")
    assert (entry["category"], entry["published_label"]) == ("statistics", "Performance")
    line = cells(section(open_settings(visit()), "Statystyka"), "_gat")
    assert line[PURPOSE].endswith("(opublikowano jako „Performance”)")


def test_S3_47_ga_and_its_containers_are_blocked_and_deleted(visit: Callable[..., Page]) -> None:
    """_ga and _ga_ABC123 are one pattern: absent before, gone after withdrawal."""
    page = visit()
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert cookies(page) == {}
    save_only(page, "Statystyka")
    page.wait_for_function("/(^|; )_ga/.test(document.cookie)")
    page.evaluate("document.cookie = '_ga_ABC123=GS1.1; path=/'")
    delivered(page)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!/(^|; )_ga/.test(document.cookie)")
    assert not [name for name in cookies(page) if name.startswith("_ga")]


def test_S3_48_gid_is_deleted_on_its_host_and_on_the_parent_domain(
    page: Page, server: Server, elsewhere: Website
) -> None:
    """Blocked before; after a withdrawal neither the host's nor the parent domain's is left."""
    snippet = server.get(f"/demo/{SITE}/").text
    snippet = snippet[snippet.index("<script data-site=") : snippet.index('<link rel="stylesheet"')]
    snippet = snippet.replace('src="/demo/@here', f'src="{server.url}')
    elsewhere.put("/", f'<!doctype html><html lang="pl"><head>{snippet}</head><body></body></html>')
    page.goto(f"http://www.shop.localhost:{elsewhere.port}/")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    assert "_gid" not in cookies(page)
    page.click("[data-cmp=accept]")
    page.evaluate(
        "for (const at of ['', '; domain=shop.localhost', '; domain=www.shop.localhost'])"
        " document.cookie = '_gid=GA1; path=/' + at"
    )
    kept = {c["domain"] for c in page.context.cookies() if c["name"] == "_gid"}
    assert kept == {"www.shop.localhost", ".shop.localhost", ".www.shop.localhost"}
    page.evaluate("consent.withdraw()")
    page.wait_for_function("!/(^|; )_gid/.test(document.cookie)")
    assert "_gid" not in cookies(page)


def test_S3_49_analytics_and_advertising_are_granted_apart(
    page: Page, visit: Callable[..., Page]
) -> None:
    """Marketing alone asks nothing of analytics, statistics alone nothing of the ad tags, and
    Google's signals start denied."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/demo-tags/")[-1]))
    signals = "dataLayer.filter(e => e[0] === 'consent').map(e => [e[1], e[2]])"
    visit()
    expect(page.locator("#cmp-dialog")).to_be_visible()
    [[command, default]] = page.evaluate(signals)
    assert command == "default"
    assert {default[f"{name}_storage"] for name in ("ad", "analytics")} == {"denied"}
    assert default["ad_user_data"] == "denied"
    save_only(page, "Marketing")
    page.wait_for_function("(window.__ran || []).length === 2")
    assert ran(page) == ["ppc", "referrer"]
    assert not {"analytics.js", "collect"} & set(asked)
    _, last = page.evaluate(signals)[-1]
    assert (last["ad_storage"], last["analytics_storage"]) == ("granted", "denied")

    delivered(page)
    save_only(page, "Statystyka")
    page.wait_for_function("!/(^|; )_ar_V4/.test(document.cookie)")
    delivered(page)
    asked.clear()
    page.reload(wait_until="networkidle")
    assert ran(page) == ["analytics"]
    assert "analytics.js" in asked and not {"ppc.js", "referrer.js"} & set(asked)
    assert not [path for path in asked if path.startswith("pixel.gif")]
    _, last = page.evaluate(signals)[-1]
    assert (last["ad_storage"], last["analytics_storage"]) == ("denied", "granted")


# -- afterwards --------------------------------------------------------------------------------


def test_S3_51_after_deleting_all_cookies_the_question_returns_to_a_stranger(
    visit: Callable[..., Page], server: Server
) -> None:
    """After clearing by hand the banner is back, the visitor is a new one nobody guesses at, and
    the old receipt still opens."""
    page = visit()
    page.click("[data-cmp=reject]")
    old_record, old_secret = delivered(page), cookies(page)["crumbtrail_visitor"]
    page.context.clear_cookies()
    page.reload()
    expect(page.locator("#cmp-dialog h2")).to_have_text(TITLE)
    assert cookies(page) == {}
    page.click("[data-cmp=reject]")
    new_record = delivered(page)
    assert cookies(page)["crumbtrail_visitor"] != old_secret
    [record] = records_of(server, page)
    assert (record["id"], record["previous"]) == (new_record, None)
    receipt = server.get(f"/v1/{SITE}/receipts/{old_record}", Authorization=f"Visitor {old_secret}")
    assert receipt.json()["record"]["id"] == old_record


def test_S3_51_delete_cookies_now_deletes_what_was_allowed_too(visit: Callable[..., Page]) -> None:
    """All that is not necessary goes, the choice and its record stay, and the visitor is told what
    cannot be deleted from here and that what is allowed may come back."""
    page = visit("voipstudio.pl/cennik")
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 4")
    record_id = delivered(page)
    set_by_trackers = set(cookies(page)) - {"crumbtrail", "crumbtrail_visitor"}
    assert {"_ga", "_gid", "_ar_V4", "Xl7ref", "L7_geoip"} <= set_by_trackers
    page.evaluate(
        "for (const at of ['/', '/demo', location.pathname])"
        " document.cookie = '_gid=deep; path=' + at; document.cookie = 'basket=1; path=/'"
    )
    open_settings(page)
    page.click("[data-cmp=delete]")
    told = page.locator("dialog [role=status]")
    for name in set_by_trackers:
        expect(told).to_contain_text(name)
    expect(told).to_contain_text("To, na co zezwalasz, może zostać zapisane ponownie")
    expect(told).to_contain_text("Dane, które inne firmy przechowują pod własnymi adresami")
    assert set(cookies(page)) == {"crumbtrail", "crumbtrail_visitor", "basket"}
    assert page.evaluate("[consent.get().id, consent.allowed('marketing')]") == [record_id, True]


def test_S3_51_cookies_can_be_deleted_before_any_choice(visit: Callable[..., Page]) -> None:
    """Left-overs of another day; there is nothing to withdraw yet."""
    page = visit()
    opened = open_settings(page)
    expect(opened.locator("[data-cmp=withdraw]")).to_be_hidden()
    page.evaluate("document.cookie = '_gid=left; path=/'")
    page.click("[data-cmp=delete]")
    told = page.locator("dialog [role=status]")
    expect(told).to_contain_text("Usunięto 1 element: _gid.")
    expect(told).not_to_contain_text("zapisane ponownie")
    page.click("[data-cmp=delete]")
    expect(told).to_contain_text("Nie było nic do usunięcia.")
    assert cookies(page) == {}


def test_S3_53_e_mail_telephone_and_post_are_in_the_Polish_notice(
    visit: Callable[..., Page],
) -> None:
    opened = open_settings(visit())
    expect(opened).to_have_attribute("lang", "pl")
    block = opened.locator("section", has=opened.page.get_by_text("Administrator danych"))
    expect(block.locator("a[href='mailto:marketing@voipstudio.pl']")).to_have_count(1)
    expect(block).to_contain_text(PHONE)
    expect(block).to_contain_text(STREET)
    rights = opened.locator("section", has=opened.page.get_by_text("Twoje prawa"))
    expect(rights).to_contain_text(f"{STREET}, W4 1QP London")


def test_S3_54_a_material_change_is_published_with_its_date_and_asked_in_Polish(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """Acceptance of a change is never deemed: the returning visitor is asked, what is new stays
    off until answered, and coming back alone records nothing. (The linter is not tested.)"""
    page = new_page()
    page.goto(f"{changed.url}/demo/@PL/{SITE}/")
    save_only(page, "Statystyka")
    delivered(page)
    before = notice_of(changed)
    with owner(changed, SITE) as (site, at):
        inventory.put_service(
            site, BY, at, "heatmap", name="Heatmap", category="statistics", provider="Adco"
        )
        notices.publish(site, BY, at)
    assert notice_of(changed)["asks"] == before["asks"] + 1
    later = new_page(storage_state=page.context.storage_state())
    later.goto(f"{changed.url}/demo/@PL/{SITE}/")
    expect(later.locator("#cmp-dialog h2")).to_have_text(TITLE)
    expect(later.locator("#cmp-dialog")).to_have_attribute("lang", "pl")
    later.wait_for_function("(window.__ran || []).includes('analytics')")
    assert later.evaluate("consent.allowed('heatmap')") is False
    assert len(records_of(changed, later)) == 1
    opened = open_settings(later)
    expect(opened).to_contain_text(f"Wersja {before['version'] + 1} tej informacji")
    expect(opened).to_contain_text("opublikowana: ")


def test_S3_55_durations_and_signs_are_right_in_Polish(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """1 dzień, 2 dni, 5 dni, 2 lata, 5 lat; Polish letters survive CSV, JSON and HTML. (Receipts
    as a page and exports are not tested.)"""
    spans = {"_ga": (1, "day"), "_gid": (2, "day"), "_gat": (5, "day")}
    spans |= {"_ar_V4": (2, "year"), "Xl7ref": (5, "year")}
    sentence = "Zażółć gęślą jaźń"
    csv = f"name,kind,category,purpose_pl\r\npl_signs,cookie,statistics,{sentence}\r\n"
    with owner(changed, SITE) as (site, at):
        for tracker in inventory.trackers(site):
            if tracker.name in spans:
                value, unit = spans[tracker.name]
                lasts = {"value": value, "unit": unit}
                inventory.edit_tracker(site, tracker.id, BY, at, duration=lasts)
        assert inventory.import_csv(site, csv, BY, at).added == 1
        notices.publish(site, BY, at)
    assert published(changed, "pl_signs")["purpose"]["pl"] == sentence
    page = new_page()
    page.goto(f"{changed.url}/demo/@PL/{SITE}/")
    opened = open_settings(page)
    said = {name: cells(opened, name)[DURATION] for name in spans}
    assert said == {
        "_ga": "1 dzień",
        "_gid": "2 dni",
        "_gat": "5 dni",
        "_ar_V4": "2 lata",
        "Xl7ref": "5 lat",
    }
    assert cells(opened, "pl_signs")[PURPOSE] == sentence


def test_S3_55_no_Polish_text_is_missing_and_every_plural_has_its_forms() -> None:
    """Every key of the English words, and the forms that Polish counts by."""
    folder = Path(notices.__file__).parents[1] / "data" / "texts"
    polish, english = (json.loads((folder / f"{x}.json").read_text("utf-8")) for x in ("pl", "en"))
    assert set(polish) == set(english)
    assert all(polish.values())
    counted = {key: text for key, text in polish.items() if isinstance(text, dict)}
    assert set(counted) == {key for key, text in english.items() if isinstance(text, dict)}
    for key, forms in counted.items():
        assert set(forms) == {"one", "few", "many", "other"}, key
