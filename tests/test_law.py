"""What the law asks of a page that carries the script, one test or more for each requirement.

A name holds the requirement's number. What only a server can get wrong is tested beside it; here
is what a visitor sees, in a browser.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from consent import inventory, leaf, notices, sites
from consent.demo.pages import PAGES
from consent.regime import default_table
from tests.acts import BY, make_site
from tests.conftest import Clock
from tests.server import Server
from tests.visitor import ran

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SITE = "voipstudio.pl"
RUNS = {"statistics": ["analytics"], "marketing": ["ppc", "referrer"]}
SETS = {"statistics": {"_ga", "_gid", "_gat"}, "marketing": {"_ar_V4", "Xl7ref"}}
SWITCHES = {"preferences": "Preferencje", "statistics": "Statystyka", "marketing": "Marketing"}
SIGNALS = "dataLayer.filter(e => e[0] === 'consent').map(e => [e[1], e[2]])"
SEVEN = {
    "ad_storage",
    "ad_user_data",
    "ad_personalization",
    "analytics_storage",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
}


def cookies(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def delivered(page: Page) -> None:
    page.wait_for_function("consent.get() && consent.get().id && !consent.get().pending")


def started(page: Page) -> None:
    """The script itself, not only its stub, is there."""
    page.wait_for_function("window.consent && consent.get() !== null")


def decided(page: Page) -> bool:
    found: bool = page.evaluate("consent.get().decided")
    return found


def open_settings(page: Page) -> None:
    page.click("[data-cmp=preferences]:visible, footer a[href$='#cookie-settings']:visible")
    expect(page.locator("dialog#cmp-dialog h2")).to_be_focused()


def records_of(server: Server, page: Page, site: str = SITE) -> list[dict[str, Any]]:
    """What the auditor reads of this browser, newest last."""
    all_cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    visitor = leaf.visitor_id(site, all_cookies["crumbtrail_visitor"])
    found: list[dict[str, Any]] = server.audit(f"{site}/records?visitor={visitor}")["records"]
    return sorted(found, key=lambda record: str(record["received_at"]))


@pytest.fixture
def californian(new_page: Callable[..., Page]) -> Page:
    return new_page(locale="en-US", timezone_id="America/Los_Angeles")


# -- before any choice -------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["there", "hangs", "fails", "offline"])
def test_A_01_nothing_is_stored_or_asked_before_a_choice_whatever_the_script_does(
    page: Page, server: Server, script: str
) -> None:
    """Waiting, scrolling and reading on change nothing; without the script all stays held."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def answer(route: Route) -> None:
        if script == "fails":
            route.fulfill(status=500, body="")
        elif script == "offline":
            route.abort()

    if script != "there":
        page.route("**/consent.js", answer)
    page.clock.install()
    page.goto(f"{server.url}/demo/@PL/{SITE}/", wait_until="domcontentloaded")
    if script == "there":
        started(page)
    page.clock.run_for(5000)
    page.mouse.wheel(0, 3000)
    page.click("header nav a >> nth=1", no_wait_after=True)
    page.wait_for_url("**/cennik", wait_until="domcontentloaded")
    page.clock.run_for(5000)
    assert (cookies(page), ran(page)) == (set(), [])
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert [url for url in asked if "/demo-tags/" in url] == []
    assert page.evaluate("consent.allowed('statistics')") is False


def test_A_02_no_key_no_scroll_no_time_and_no_closing_is_a_choice(
    page: Page, visit: Callable[..., Page]
) -> None:
    page.clock.install()
    visit()
    banner = page.locator("div#cmp-dialog")
    expect(banner).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.wheel(0, 2000)
    page.mouse.click(5, 300)
    page.clock.run_for(30 * 60 * 1000)
    expect(banner).to_be_visible()
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.click("[data-cmp=close]"),
    ):
        open_settings(page)
        page.mouse.click(2, 2)
        leave()
        expect(banner).to_be_visible()
    visit(f"{SITE}/cennik")
    started(page)
    assert not decided(page)
    assert [command for command, _ in page.evaluate(SIGNALS)] == ["default"]
    assert (cookies(page), ran(page)) == (set(), [])


def test_A_02_where_the_law_wants_an_X_it_refuses(
    new_page: Callable[..., Page], server: Server
) -> None:
    """Italy: reached by keyboard, named with what it does, recorded as `dismiss`."""
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{server.url}/demo/@IT/{SITE}/")
    banner = page.locator("div#cmp-dialog")
    close = banner.get_by_role("button", name="Zamknij: Odrzuć wszystkie", exact=True)
    expect(close).to_be_visible()
    box, title = close.bounding_box(), banner.locator("h2").bounding_box()
    assert box is not None and title is not None
    assert box["width"] >= 44 and box["height"] >= 44
    assert title["x"] + title["width"] <= box["x"] + 12
    page.keyboard.press("Tab")
    expect(close).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    delivered(page)
    [record] = records_of(server, page)
    assert (record["action"], record["layer"], record["regime"]) == ("dismiss", 1, "IT")
    assert set(record["categories"].values()) == {False}
    assert ran(page) == []
    page.reload(wait_until="networkidle")
    started(page)
    expect(page.locator("#cmp-dialog")).to_have_count(0)


@pytest.mark.parametrize("place", ["PL", "FR", "nowhere", "US-CA", "JP"])
def test_A_02_no_other_place_has_an_X(californian: Page, server: Server, place: str) -> None:
    californian.goto(f"{server.url}/demo/@{place}/{SITE}/")
    expect(californian.locator("div#cmp-dialog")).to_be_visible()
    expect(californian.locator("[data-cmp=dismiss]")).to_have_count(0)


def test_A_03_no_switch_is_on_before_the_visitor_turns_it_on(visit: Callable[..., Page]) -> None:
    page = visit()
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    assert page.locator("div#cmp-dialog input").count() == 0
    open_settings(page)
    switches = page.locator("dialog [role=switch]")
    states = switches.evaluate_all("all => all.map(one => [one.checked, one.disabled])")
    assert states[0] == [True, True]
    assert len(states) == 8
    assert states[1:] == [[False, False]] * 7


@pytest.mark.parametrize(("place", "reject"), [("PL", "Odrzuć wszystkie"), ("US-CA", None)])
def test_A_04_refusing_is_a_real_button_wherever_accepting_is(
    californian: Page, server: Server, place: str, reject: str | None
) -> None:
    page = californian
    page.goto(f"{server.url}/demo/@{place}/{SITE}/")
    for layer in ("div#cmp-dialog", "dialog#cmp-dialog"):
        if layer.startswith("dialog"):
            open_settings(page)
        for verb in ("reject", "accept"):
            button = page.locator(f"{layer} button[data-cmp={verb}]")
            expect(button).to_be_visible()
            expect(button).to_be_enabled()
            assert button.evaluate("e => e.closest('p, a, li')") is None
    if reject:
        expect(page.get_by_role("button", name=reject, exact=True)).to_be_visible()


def test_A_05_refusing_takes_as_little_as_accepting(
    new_page: Callable[..., Page], server: Server
) -> None:
    """As many presses of Tab but one, and one press of a key ends the question either way."""
    presses = {}
    for verb in ("reject", "accept"):
        page = new_page()
        page.goto(f"{server.url}/demo/@PL/{SITE}/")
        expect(page.locator("div#cmp-dialog")).to_be_visible()
        for count in range(1, 12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.cmp") == verb:
                presses[verb] = count
                break
        gone = (
            "verb => new Promise(done => { const start = performance.now();"
            " document.activeElement.click();"
            " const look = () => document.querySelector('#cmp-dialog')"
            " ? requestAnimationFrame(look) : done(performance.now() - start); look() })"
        )
        assert page.evaluate(gone) < 100
        assert decided(page)
    assert abs(presses["reject"] - presses["accept"]) <= 1


LOOK = """e => {
  const s = getComputedStyle(e), box = e.getBoundingClientRect();
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number)
      .map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [light(s.color), light(s.backgroundColor)].sort((a, b) => a - b);
  return {
    same: [s.font, s.padding, s.border, s.color, s.backgroundColor, s.opacity, box.height],
    width: box.width, contrast: (high + 0.05) / (low + 0.05),
  };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_A_06_refusing_and_accepting_look_alike(
    new_page: Callable[..., Page], server: Server, scheme: str, width: int
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 720})
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    for layer in ("div", "dialog"):
        if layer == "dialog":
            open_settings(page)
        reject, accept = (
            page.locator(f"{layer}#cmp-dialog [data-cmp={verb}]").evaluate(LOOK)
            for verb in ("reject", "accept")
        )
        assert reject["same"] == accept["same"]
        assert 0.8 <= reject["width"] / accept["width"] <= 1.25
        assert reject["contrast"] >= 4.5


@pytest.mark.parametrize(
    "granted", [[], ["statistics"], ["marketing"], ["statistics", "marketing"]]
)
def test_A_07_each_purpose_is_chosen_apart(visit: Callable[..., Page], granted: list[str]) -> None:
    page = visit()
    open_settings(page)
    for id_ in granted:
        page.get_by_role("switch", name=SWITCHES[id_], exact=True).check()
    page.click("[data-cmp=save]")
    delivered(page)
    page.reload(wait_until="networkidle")
    own = {"crumbtrail", "crumbtrail_visitor"}
    assert ran(page) == [tag for id_ in granted for tag in RUNS[id_]]
    assert cookies(page) == own.union(*(SETS[id_] for id_ in granted))


# -- what is told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "lang"), [(f"{SITE}/", "pl"), ("sipsim.com/", "en"), ("sipsim.com/fr", "fr")]
)
def test_A_08_the_first_layer_says_who_what_for_to_whom_and_how_to_refuse(
    visit: Callable[..., Page], server: Server, path: str, lang: str
) -> None:
    page = visit(path)
    banner = page.locator("div#cmp-dialog")
    expect(banner).to_have_attribute("lang", lang)
    site = path.split("/")[0]
    told = server.get(f"/demo/@PL/v1/{site}/notice?lang={lang}").json()
    details = server.get(f"/demo/@PL/v1/{site}/{lang}/details.json").json()
    expect(banner).to_contain_text(details["controller"]["legal_name"])
    for id_ in told["categories"]:
        expect(banner).to_contain_text(told["texts"][f"category_{id_}"])
        expect(banner).to_contain_text(told["texts"][f"purpose_{id_}"])
    services = [row for row in details["services"] if row["category"] != "necessary"]
    third = {row["service"] for row in details["trackers"] if row["party"] == "third"}
    others = {row["provider"] or row["id"] for row in services if row["id"] in third}
    assert told["partners"] == len(others) == (2 if site == SITE else 0)
    if others:
        expect(banner).to_contain_text("Dane otrzymują 2 dostawcy.")
    rights = told["texts"]["rights"].replace("{entry}", told["texts"]["entry"])
    expect(banner).to_contain_text(rights)
    policy = banner.locator("a").get_attribute("href")
    assert policy is not None
    assert server.get(policy.split("#")[0]).status == 200


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("pl", "Za Twoją zgodą VoIPstudio – {legal} – zapisuje lub odczytuje"),
        ("en", "With your consent, VoIPstudio – {legal} – stores or reads"),
    ],
)
def test_A_08_a_legal_name_with_brackets_of_its_own_stands_between_dashes(
    page: Page, server: Server, lang: str, sentence: str
) -> None:
    page.route("**/voipstudio.pl/", lambda route: translated(route, lang))
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    legal = "Level 7 Systems (limited company registered in England)"
    expect(page.locator("#ctl-text")).to_contain_text(sentence.format(legal=legal))


def translated(route: Route, lang: str) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('lang="pl"', f'lang="{lang}"', 1))


def test_A_08_a_plain_legal_name_stands_in_brackets(visit: Callable[..., Page]) -> None:
    page = visit("sipsim.com/fr")
    expect(page.locator("#ctl-text")).to_contain_text(
        "Avec votre consentement, SipSim (PG TELECOM Spolka z o.o.) enregistre"
    )


def test_A_08_partners_are_companies_other_than_the_controller(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Each named company once, and each unnamed one whose tracker is declared a third party's."""
    make_site(app, clock.now)
    assert partners(client) == 2
    for id_, provider, category, party in (
        ("maps", "GOOGLE", "marketing", "third"),
        ("theme", None, "statistics", "first"),
        ("club", "Example Ltd", "marketing", None),
        ("shop", "example", "marketing", None),
        ("login", "Signco", "necessary", None),
        ("undecided", "Laterco", None, None),
    ):
        with app.app_context():
            site = sites.get("example.com")
            inventory.put_service(
                site, BY, clock.now, id_, name=id_, category=category, provider=provider
            )
            inventory.add_tracker(
                site,
                BY,
                clock.now,
                name=f"_{id_}",
                service=id_,
                category=category,
                party=party,
                reason="Asked for." if category == "necessary" else None,
            )
            notices.publish(site, BY, clock.now)
        clock.advance(seconds=2)
        assert partners(client) == 2, id_
    with app.app_context():
        site = sites.get("example.com")
        inventory.put_service(site, BY, clock.now, "unnamed", name="unnamed", category="marketing")
        inventory.add_tracker(
            site, BY, clock.now, name="_un", service="unnamed", category="marketing", party="third"
        )
        notices.publish(site, BY, clock.now)
    clock.advance(seconds=2)
    assert partners(client) == 3


def partners(client: FlaskClient) -> int:
    count: int = client.get("/v1/example.com/notice").get_json()["partners"]
    return count


def test_A_09_every_cookie_is_listed_before_choosing_and_no_other(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit()
    open_settings(page)
    lines = page.locator("dialog tbody tr").evaluate_all(
        "all => all.map(tr => [...tr.cells].map(td => td.textContent))"
    )
    assert not decided(page)
    assert all(len(line) == 5 and all(line) for line in lines)
    digest = page.evaluate("consent.debug().config.notice")
    key = f"Bearer {server.auditor_key}"
    notice = server.get(f"/v1/audit/{SITE}/notices/{digest}", Authorization=key).json()
    named = sorted(t["name"] for t in notice["trackers"] if t["name"])
    shown = sorted(line[0].rstrip("*") for line in lines if line[0] != "bez nazwy")
    assert shown == named
    assert len(lines) == len(notice["trackers"])


@pytest.mark.parametrize("path", [f"{site}/{name}" for site, n in PAGES.items() for name in n])
def test_A_10_the_settings_are_one_click_away_on_every_page(
    visit: Callable[..., Page], path: str
) -> None:
    page = visit(path)
    page.click("[data-cmp=reject]")
    page.click("[data-cmp=preferences]:visible, footer a[href$='#cookie-settings']:visible")
    expect(page.locator("dialog#cmp-dialog [data-cmp=withdraw]")).to_be_visible()


def test_A_10_withdrawing_is_as_easy_as_accepting_and_holds_at_once(
    page: Page, visit: Callable[..., Page], server: Server
) -> None:
    visit()
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 4")
    delivered(page)
    open_settings(page)
    page.click("[data-cmp=withdraw]")
    page.wait_for_function("document.cookie.split('; ').length === 2")
    delivered(page)
    command, last = page.evaluate(SIGNALS)[-1]
    assert command == "update"
    assert {name for name, word in last.items() if word == "granted"} == {"security_storage"}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    assert [url for url in asked if "/demo-tags/" in url] == []
    assert cookies(page) == {"crumbtrail", "crumbtrail_visitor"}
    assert [record["action"] for record in records_of(server, page)] == ["accept_all", "withdraw"]


def test_A_11_refusing_leaves_the_page_as_it_was(visit: Callable[..., Page]) -> None:
    page = visit(f"{SITE}/cennik")
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    before = page.inner_text("main")
    page.click("[data-cmp=reject]")
    delivered(page)
    assert page.inner_text("main") == before
    assert page.locator("[inert]").count() == 0
    look = "[document.documentElement, document.body].map(e => getComputedStyle(e).overflowY)"
    assert page.evaluate(look) == ["visible", "visible"]


# -- time --------------------------------------------------------------------------------------


def at_day(page: Page, days: float) -> None:
    page.clock.set_fixed_time(datetime.now(UTC) + timedelta(days=days))
    page.reload(wait_until="networkidle")
    started(page)


@pytest.mark.parametrize("verb", ["reject", "accept"])
def test_A_12_a_refusal_lasts_as_long_as_an_acceptance(
    visit: Callable[..., Page], verb: str
) -> None:
    """Six months, as the site promises. (A new purpose asks again: see the tests of notices.)"""
    page = visit("sipsim.com/")
    page.click(f"[data-cmp={verb}]")
    delivered(page)
    at_day(page, 179)
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    assert decided(page)
    at_day(page, 184)
    expect(page.locator("div#cmp-dialog")).to_be_visible()


def test_A_13_an_expired_consent_is_none(visit: Callable[..., Page]) -> None:
    """This site keeps a choice for 90 days. (There is no record of the expiry itself.)"""
    page = visit()
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 4")
    delivered(page)
    at_day(page, 89)
    assert page.evaluate("consent.allowed('statistics')") is True
    at_day(page, 91)
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    assert ran(page) == []
    assert page.evaluate("consent.allowed('statistics')") is False
    assert [command for command, _ in page.evaluate(SIGNALS)] == ["default"]
    assert cookies(page) <= {"crumbtrail", "crumbtrail_visitor"}


def test_A_13_what_ran_until_a_choice_ended_is_deleted_before_the_question_returns(
    page: Page, visit: Callable[..., Page]
) -> None:
    """Both where the cookie still lies there, and where the browser has dropped it on its day."""
    page.add_init_script(
        "document.addEventListener('consent:shown', () => { window.__then = document.cookie })"
    )
    own = {"crumbtrail", "crumbtrail_visitor"}
    visit()
    for cookie_is_there in (True, False):
        page.click("[data-cmp=accept]")
        page.wait_for_function("document.cookie.includes('Xl7ref=')")
        delivered(page)
        assert {"_ga", "_gid", "_ar_V4", "Xl7ref"} <= cookies(page)
        if cookie_is_there:
            page.evaluate(
                """const [, said] = document.cookie.match(/(?:^|; )crumbtrail=([^;]*)/);
                   const past = said.replace(/&t=\\d+/, '&t=1700000000');
                   const { path } = consent.debug().config.cookie;
                   document.cookie = `crumbtrail=${past}; path=${path}`"""
            )
        else:
            page.context.clear_cookies(name="crumbtrail")
        page.reload()
        expect(page.locator("div#cmp-dialog")).to_be_visible()
        then = {pair.split("=")[0] for pair in page.evaluate("window.__then").split("; ")}
        assert then <= own
        assert ran(page) == []
        page.wait_for_load_state("networkidle")
        assert cookies(page) <= own
        assert page.evaluate("[consent.get().decided, localStorage.length]") == [False, 0]


# -- California --------------------------------------------------------------------------------


def test_A_22_california_has_its_link_and_opting_out_works_at_once(
    californian: Page, server: Server
) -> None:
    page = californian
    page.goto(f"{server.url}/demo/@US-CA/{SITE}/")
    link = page.get_by_role("button", name="Do Not Sell or Share My Personal Information")
    expect(link.first).to_be_visible()
    link.first.focus()
    expect(link.first).to_be_focused()
    page.wait_for_function("(window.__ran || []).includes('referrer')")
    page.click("div#cmp-dialog [data-cmp=reject]")
    expect(page.locator("#cmp-entry [role=status]")).to_have_text(
        "Wybór został zapisany i już obowiązuje."
    )
    page.wait_for_function("!/_ar_V4|Xl7ref/.test(document.cookie)")
    delivered(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    assert [url for url in asked if "/demo-tags/" in url] == []
    [record] = records_of(server, page)
    assert record["categories"]["marketing"] is False


def test_A_23_the_browsers_signal_opts_out_and_is_said_to_have(
    californian: Page, server: Server
) -> None:
    page = californian
    page.goto(f"{server.url}/demo/@US-CA+gpc/sipsim.com/")
    note = page.locator("#cmp-note")
    expect(note).to_contain_text("Opt-Out Request Honored")
    delivered(page)
    assert page.evaluate("consent.allowed('marketing')") is False
    [record] = records_of(server, page, "sipsim.com")
    assert record["action"] == "gpc"
    assert record["categories"]["marketing"] is False
    page.click("#cmp-note [data-cmp=preferences]")
    expect(page.get_by_role("switch", name="Marketing", exact=True)).not_to_be_checked()


def test_A_24_a_signal_that_contradicts_an_earlier_consent_wins_and_is_explained(
    californian: Page, server: Server
) -> None:
    page = californian
    page.goto(f"{server.url}/demo/@US-CA/sipsim.com/")
    page.click("div#cmp-dialog [data-cmp=accept]")
    delivered(page)
    assert page.evaluate("consent.allowed('marketing')") is True
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.reload()
    expect(page.locator("#cmp-note")).to_contain_text("marketing you once allowed is now off")
    assert page.evaluate("consent.allowed('marketing')") is False
    page.click("#cmp-note [data-cmp=preferences]")
    page.get_by_role("switch", name="Marketing", exact=True).check()
    page.click("[data-cmp=save]")
    delivered(page)
    page.reload(wait_until="networkidle")
    assert page.evaluate("consent.allowed('marketing')") is True


def test_A_25_whoever_opted_out_is_not_asked_for_a_year(californian: Page, server: Server) -> None:
    """Though the site's own interval is 90 days."""
    page = californian
    page.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=364))
    page.goto(f"{server.url}/demo/@US-CA/{SITE}/")
    page.click("div#cmp-dialog [data-cmp=reject]")
    delivered(page)
    page.clock.set_fixed_time(datetime.now(UTC))
    page.reload(wait_until="networkidle")
    started(page)
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    assert decided(page)
    assert page.evaluate("consent.allowed('marketing')") is False
    assert ran(page) == []


# -- where, and the proof of it ----------------------------------------------------------------


@pytest.mark.parametrize("place", [None, "nowhere", "T1", "ZZ-99"])
def test_A_28_an_unknown_place_gets_the_strictest_rules(
    californian: Page, server: Server, place: str | None
) -> None:
    """A private address, Tor and what cannot be read are all asked first."""
    californian.goto(f"{server.url}/demo/{f'@{place}/' if place else ''}{SITE}/")
    started(californian)
    expect(californian.locator("div#cmp-dialog")).to_be_visible()
    told = californian.evaluate("consent.get()")
    assert (told["regime"], told["strict"]) == ("FALLBACK", True)
    assert (cookies(californian), ran(californian)) == (set(), [])


@pytest.mark.parametrize("place", ["FR", "US-CA"])
def test_A_29_the_rules_that_were_applied_stand_in_the_record(
    californian: Page, server: Server, place: str
) -> None:
    californian.goto(f"{server.url}/demo/@{place}/{SITE}/")
    californian.click("div#cmp-dialog [data-cmp=reject]")
    delivered(californian)
    [record] = records_of(server, californian)
    assert record["regime"] == place
    assert record["regimes"] == default_table().digest


# -- Google Consent Mode -----------------------------------------------------------------------


def test_B_01_denied_is_the_first_thing_any_tag_is_told(visit: Callable[..., Page]) -> None:
    page = visit()
    first = page.evaluate("[Object.prototype.toString.call(dataLayer[0]), ...dataLayer[0]]")
    kind, command, what, told = first
    assert (kind, command, what) == ("[object Arguments]", "consent", "default")
    assert told.pop("wait_for_update") == 500
    assert set(told) == SEVEN
    assert {name for name, word in told.items() if word != "denied"} == {"security_storage"}
    assert page.evaluate("dataLayer.findIndex(e => e[0] === 'js')") > 0


def test_B_02_one_update_for_each_decision_and_each_later_view(visit: Callable[..., Page]) -> None:
    page = visit()
    page.click("[data-cmp=accept]")
    delivered(page)
    [_, (command, told)] = page.evaluate(SIGNALS)
    assert (command, set(told), set(told.values())) == ("update", SEVEN, {"granted"})
    assert page.evaluate("dataLayer.every(e => Object.prototype.toString.call(e).includes('Arg'))")
    page.reload(wait_until="networkidle")
    assert [command for command, _ in page.evaluate(SIGNALS)] == ["default", "update"]
    page.evaluate("consent.withdraw()")
    delivered(page)
    assert [command for command, _ in page.evaluate(SIGNALS)] == ["default", "update", "update"]


@pytest.mark.parametrize("gpc", [False, True])
def test_B_04_california_grants_until_the_signal_says_no(
    californian: Page, server: Server, gpc: bool
) -> None:
    californian.goto(f"{server.url}/demo/@US-CA{'+gpc' if gpc else ''}/{SITE}/")
    started(californian)
    [_, (command, told)] = californian.evaluate(SIGNALS)
    assert command == "update"
    ads = {told[name] for name in ("ad_storage", "ad_user_data", "ad_personalization")}
    assert ads == ({"denied"} if gpc else {"granted"})
    assert told["analytics_storage"] == "granted"
