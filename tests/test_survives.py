"""What a visitor decides survives a network that fails, a page that is left, a wrong clock and a
second tab. Browsers that store nothing and odd pages are in test_survives_odd.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.databases import Databases, lent
from tests.pages import Website
from tests.shop import (
    BELOW,
    Shop,
    address,
    held,
    html,
    opened,
    ours,
    settled,
    started,
    watched,
)
from tests.visitor import cookies, ran, until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

REST = "**/code/rest.*"
POST = "**/consents"
BANNER = "div#cmp-dialog"
LATER = "{ const now = Date.now; Date.now = () => now() + %d }"
NO_STORAGE = (
    "for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])"
    " Object.defineProperty(window, name,"
    " { get() { throw new DOMException('no', 'SecurityError') } });"
)


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with lent(databases, migrated=False) as url, opened(tmp_path_factory.mktemp("s"), url) as made:
        yield made


@pytest.fixture
def home(shop: Shop, elsewhere: Website) -> str:
    """The address of a page with something held."""
    elsewhere.put("/", html(ours(shop) + held("statistics")))
    elsewhere.put("/away", html("", "<h1>Away</h1>"))
    return address(elsewhere)


def once(shop: Shop, sent: list[dict[str, object]], action: str) -> None:
    """One record, of that action, and whatever was sent of it was the same."""
    assert sent and all(body == sent[0] for body in sent), sent
    [record] = shop.record(str(sent[0]["id"]))
    assert record["action"] == action


# -- the decision is kept, and delivered once --------------------------------------------------


def test_a_decision_made_offline_is_sent_once_when_the_network_is_back(
    shop: Shop, home: str, page: Page
) -> None:
    page.goto(home)
    started(page)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.click("[data-cmp=accept]")
    kept = "Object.values(localStorage).some((text) => text.includes(consent.get().id))"
    until(page, f"consent.debug().queue.length === 1 && {kept}")
    assert ran(page) == ["statistics"] and page.evaluate("consent.get().pending")
    sent = watched(page)
    page.context.set_offline(False)
    settled(page)
    page.reload()
    settled(page)
    page.wait_for_load_state("networkidle")
    once(shop, sent, "accept_all")
    assert len(sent) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_to_wait_is_obeyed_by_later_pages_too(
    shop: Shop, home: str, page: Page, status: int
) -> None:
    def busy(route: Route) -> None:
        said = {"Retry-After": "3600", "Access-Control-Allow-Origin": "*"}
        said["Access-Control-Expose-Headers"] = "Retry-After"
        error = json.dumps({"error": {"code": "slow_down", "message": "Later."}})
        route.fulfill(status=status, headers=said, body=error)

    page.context.route(POST, busy)
    page.goto(home)
    started(page)
    sent = watched(page)
    page.click("[data-cmp=reject]")
    until(page, "(consent.debug().queue || [{}])[0].after > Date.now() + 3500e3")
    first = len(sent)
    page.reload()
    started(page)
    page.evaluate("consent.open()")  # brings the rest
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_load_state("networkidle")
    assert (first, len(sent)) == (1, 1)
    page.context.unroute(POST)
    page.add_init_script(LATER % 3_700_000)
    page.reload()
    settled(page)
    once(shop, sent, "reject_all")


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_whoever_leaves_before_the_lazy_file_has_come_is_recorded_at_the_next_view_as_decided(
    shop: Shop, home: str, page: Page, verb: str
) -> None:
    hung: list[Route] = []
    page.route(REST, lambda route: hung.append(route))
    page.goto(home + "?first")
    started(page)
    page.click(f"[data-cmp={verb}]")
    page.goto(home + "away")
    assert hung and page.evaluate("Object.keys(localStorage)") == ["crumbtrail."]
    page.unroute(REST)
    sent = watched(page)
    page.goto(home)
    settled(page)
    once(shop, sent, f"{verb}_all")
    assert (sent[0]["layer"], sent[0]["page"]) == (1, home)
    assert sent[0]["shown_at"] != sent[0]["at"]
    assert page.evaluate("localStorage.getItem('crumbtrail.')") is None


def test_a_lazy_file_that_cannot_be_had_on_one_page_delays_the_record_to_the_next(
    shop: Shop, home: str, page: Page
) -> None:
    page.route(REST, lambda route: route.abort())
    page.goto(home)
    started(page)
    sent = watched(page)
    page.click("[data-cmp=accept]")
    until(page, "(window.__ran || []).length === 1")
    page.wait_for_load_state("networkidle")
    assert sent == [] and page.evaluate("consent.get().pending")
    page.unroute(REST)
    page.goto(home)
    settled(page)
    once(shop, sent, "accept_all")


def test_two_tabs_send_one_decision_with_one_content(shop: Shop, home: str, page: Page) -> None:
    """The first tab's lazy file is late; the second, of another size, finds the decision."""
    hung: list[Route] = []
    page.route(REST, lambda route: hung.append(route))
    page.goto(home)
    started(page)
    sent = watched(page)
    page.click("[data-cmp=accept]")
    until(page, "document.cookie.includes('p=1')")
    other = page.context.new_page()
    sent_there = watched(other)
    other.goto(home + "?second")
    settled(other)
    for route in hung:
        route.continue_()
    settled_here = "!document.cookie.includes('p=1') && (localStorage['crumbtrail.'] || '') === ''"
    until(page, settled_here)
    page.wait_for_load_state("networkidle")
    once(shop, [*sent_there, *sent], "accept_all")
    assert len(sent_there) == 1 and sent == []


def test_a_queue_in_two_tabs_is_sent_by_one_of_them(shop: Shop, home: str, page: Page) -> None:
    page.context.route(POST, lambda route: route.abort())
    page.goto(home)
    started(page)
    page.click("[data-cmp=reject]")
    until(page, "(consent.debug().queue || []).length === 1")
    other = page.context.new_page()
    other.goto(home)
    started(other)
    other.evaluate("consent.open()")
    expect(other.locator("dialog#cmp-dialog")).to_be_visible()
    page.context.unroute(POST)
    both = [watched(page), watched(other)]
    for tab in (page, other):
        tab.evaluate("dispatchEvent(new Event('online'))")
    for tab in (page, other):
        until(tab, "!localStorage.crumbtrail")
        tab.wait_for_load_state("networkidle")
    assert len([body for sent in both for body in sent]) == 1
    once(shop, both[0] + both[1], "reject_all")


def test_a_decision_of_which_only_the_cookie_is_left_waits_for_its_own_page_then_is_sent(
    shop: Shop, home: str, page: Page
) -> None:
    page.route(REST, lambda route: route.abort())
    page.add_init_script(NO_STORAGE)
    page.goto(home)
    started(page)
    page.click("[data-cmp=accept]")
    until(page, "document.cookie.includes('p=1')")
    page.unroute(REST)
    sent = watched(page)
    page.goto(home)
    started(page)
    page.wait_for_load_state("networkidle")
    assert sent == []
    page.add_init_script(LATER % 30_000)
    page.goto(home)
    settled(page)
    once(shop, sent, "api")  # what was pressed is not known, and is not made up


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_is_a_year_off_loses_nothing(
    shop: Shop, home: str, page: Page, years: int
) -> None:
    page.add_init_script(LATER % (years * 365 * 86_400_000))
    page.goto(home)
    started(page)
    sent = watched(page)
    page.click("[data-cmp=accept]")
    settled(page)
    assert ran(page) == ["statistics"]
    assert len(shop.record(page.evaluate("consent.get().id"))) == 1
    page.reload()
    settled(page)
    page.wait_for_load_state("networkidle")
    assert len(sent) == 2 and len({str(body["at"]) for body in sent}) == 1


# -- several tabs, the page before, sub-domains ------------------------------------------------


def tab(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url)
    started(page)
    return page


def back_in_front(page: Page, event: str) -> None:
    how = {
        "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
        "visibilitychange": "document.dispatchEvent(new Event('visibilitychange',"
        " { bubbles: true }))",
    }
    page.evaluate(how[event])


@pytest.mark.parametrize("event", ["pageshow", "visibilitychange"])
def test_a_tab_that_comes_back_follows_what_another_has_chosen(
    shop: Shop, home: str, page: Page, event: str
) -> None:
    """Wider lets go without a reload; narrower loads a page anew in which something ran, once."""
    page.goto(home)
    started(page)
    other = tab(page.context, home)
    loads: list[str] = []
    page.on("load", lambda _: loads.append(page.url))
    other.click("[data-cmp=accept]")
    settled(other)
    page.bring_to_front()
    back_in_front(page, event)
    until(page, "(window.__ran || []).length === 1")
    expect(page.locator(BANNER)).to_have_count(0)
    assert loads == []
    other.evaluate("consent.withdraw()")
    settled(other)
    with page.expect_event("load"):
        back_in_front(page, event)
    started(page)
    for _ in range(2):
        back_in_front(page, event)
        page.wait_for_load_state("networkidle")
    assert len(loads) == 1
    expect(page.locator(BANNER)).to_have_count(0)
    assert page.evaluate("consent.allowed('statistics')") is False


def test_a_page_in_which_nothing_ran_is_not_loaded_anew_by_a_narrower_choice(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    elsewhere.put("/", html(ours(shop)))
    page.goto(address(elsewhere))
    started(page)
    page.click("[data-cmp=accept]")
    settled(page)
    other = tab(page.context, address(elsewhere))
    other.evaluate("consent.withdraw()")
    settled(other)
    page.evaluate("window.__same = 1")
    back_in_front(page, "pageshow")
    until(page, "consent.get().categories.statistics === false")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.__same") == 1


def test_one_choice_covers_the_sub_domains(shop: Shop, elsewhere: Website, page: Page) -> None:
    elsewhere.put("/", html(ours(shop, key=BELOW) + held("statistics")))
    page.goto(f"http://www.{BELOW}:{elsewhere.port}/")
    started(page)
    page.click("[data-cmp=accept]")
    settled(page)
    page.goto(f"http://blog.{BELOW}:{elsewhere.port}/")
    started(page)
    expect(page.locator(BANNER)).to_have_count(0)
    until(page, "(window.__ran || []).length === 1")
    page.evaluate("consent.withdraw()")
    settled(page)
    assert len(set(cookies(page))) == 2
    page.goto(f"http://{BELOW}:{elsewhere.port}/")
    started(page)
    assert page.evaluate("[consent.get().decided, consent.allowed('statistics')]") == [True, False]
    made = [one["action"] for one in shop.records(BELOW)]
    assert made == ["accept_all", "withdraw"]


EARLY = """
  let ready = false;
  Object.defineProperty(Document.prototype, 'prerendering', { get: () => !ready });
  window.__activate = () => {
    ready = true; document.dispatchEvent(new Event('prerenderingchange')) };
"""


def test_a_page_that_is_rendered_ahead_asks_and_records_nothing_until_it_is_seen(
    shop: Shop, home: str, page: Page, new_page: Callable[..., Page]
) -> None:
    """A stand-in for `document.prerendering`: whoever steers a browser has no real one."""
    page.goto(home)
    started(page)
    page.click("[data-cmp=accept]")
    settled(page)
    for chosen, early in ((True, page.context.new_page()), (False, new_page())):
        sent = watched(early)
        early.add_init_script(EARLY)
        early.goto(home)
        early.wait_for_load_state("networkidle")
        expect(early.locator(BANNER)).to_have_count(0)
        assert (ran(early), early.evaluate("consent.get()"), sent) == ([], None, [])
        early.evaluate("__activate()")
        if chosen:
            until(early, "(window.__ran || []).length === 1")
        else:
            expect(early.locator(BANNER)).to_be_visible()
            assert ran(early) == []
