"""A choice survives browsers that store nothing, and pages that have changed the language's own
objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.databases import Databases, lent
from tests.pages import Website
from tests.shop import (
    HOLD,
    TRACKER,
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
from tests.test_survives import NO_STORAGE, once
from tests.visitor import ran, until

pytestmark = pytest.mark.sqlite_only

BANNER = "div#cmp-dialog"
NO_COOKIES = "Object.defineProperty(Document.prototype, 'cookie', %s)"
SILENT = NO_COOKIES % "{ get: () => '', set() {}, configurable: true }"
THROWS = NO_COOKIES % (
    "{ get() { throw new DOMException('no', 'SecurityError') },"
    " set() { throw new DOMException('no', 'SecurityError') }, configurable: true }"
)
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };"


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


# -- a browser that stores nothing -------------------------------------------------------------

STORES = {
    "local storage throws": (NO_STORAGE, True),
    "local storage is full": (FULL, True),
    "cookies are not kept": (SILENT, False),
    "cookies throw": (THROWS, False),
    "neither cookies nor storage": (SILENT + ";" + NO_STORAGE, False),
    "both throw, as in a sandboxed frame": (THROWS + ";" + NO_STORAGE, False),
}


@pytest.mark.parametrize("case", STORES)
def test_a_choice_holds_for_the_view_and_is_recorded_whatever_the_browser_stores(
    shop: Shop, elsewhere: Website, page: Page, case: str
) -> None:
    script, remembers = STORES[case]
    elsewhere.put("/t.js", "window.__tracked = 1", "text/javascript")
    elsewhere.put(
        "/",
        html(
            ours(shop, hold=HOLD) + held("statistics"),
            f"<script>document.head.append(Object.assign(document.createElement('script'),"
            f"{{src: 'http://{TRACKER}:{elsewhere.port}/t.js'}}))</script>"
            "<button onclick='window.__own = 1'>Own</button>",
        ),
    )
    page.add_init_script(script)
    page.goto(address(elsewhere))
    started(page)
    page.get_by_role("button", name="Own").click()
    assert page.evaluate("window.__own") == 1
    assert "/t.js" not in elsewhere.asked and ran(page) == []
    sent = watched(page)
    page.click("[data-cmp=accept]")
    until(page, "window.__tracked === 1")
    settled(page)
    once(shop, sent, "accept_all")
    page.evaluate("window.__same = 1; dispatchEvent(new PageTransitionEvent('pageshow'))")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("[window.__same, consent.allowed('statistics')]") == [1, True]
    page.evaluate("consent.withdraw()")
    until(page, "consent.get().categories.statistics === false")
    settled(page)
    assert len({body["visitor"] for body in sent}) == 1
    page.reload()
    started(page)
    page.wait_for_load_state("networkidle")
    expect(page.locator(BANNER)).to_have_count(0 if remembers else 1)


# -- pages that changed the language -----------------------------------------------------------

OLD_FRAMEWORK = """
  const quoted = value => '"' + value + '"';
  for (const of of [Array, String, Number, Date])
    of.prototype.toJSON = function () { return quoted(this) };
  Array.from = what => what == null ? [] : Array.prototype.slice.call(what);
  Object.keys = what => { const keys = []; for (const key in what) keys.push(key); return keys };
  Object.values = what => Object.keys(what).map(key => what[key]);
  Array.prototype.reduce = function () { return this.length > 1 ? this : this[0] };
  Array.prototype.each = function (act) { this.forEach(act); return this };
  Array.prototype.include = Array.prototype.includes;
  String.prototype.startsWith = function (start) { return this.lastIndexOf(start, 0) === 0 };
  String.prototype.endsWith = function (end) { return this.slice(-end.length) === end };
  String.prototype.strip = String.prototype.trim;
  Function.prototype.bind = function (self, ...first) {
    return (...more) => this.apply(self, first.concat(more)) };
  Element.prototype.update = function (text) { this.textContent = text; return this };
"""
HOSTILE = {
    "an enumerable Object.prototype.x": "Object.prototype.x = 1",
    "many names on Object.prototype": "for (const name of ['statistics', 'mode', 'headers', 'id',"
    " 'integrity', 'other', 'n', 'body']) Object.prototype[name] = 'x'",
    "Array.prototype.toJSON": "Array.prototype.toJSON = () => '[spoilt]'",
    "Object.prototype.toJSON": "Object.prototype.toJSON = () => 'spoilt'",
    "an old framework": OLD_FRAMEWORK,
    "an old framework and Object.prototype": OLD_FRAMEWORK + "Object.prototype.x = 1",
    "another JSON": "window.JSON = { stringify: () => 'spoilt', parse: JSON.parse }",
    "fetch wrapped": "const native = fetch; window.fetch = function (url, options) {"
    " window.__wrapped = 1; return native.call(window, url, { ...options }) }",
    "fetch wrapped, and the answer kept": "const native = fetch;"
    " window.fetch = (...all) => { native(...all) }",
    "no fetch": "delete window.fetch; window.fetch = undefined",
    "Promise replaced": "window.Promise = class extends Promise {}",
    "Element.prototype.remove does nothing": "Element.prototype.remove = function () {}",
    "strings trimmed and split by others": "const native = String.prototype.split;"
    " String.prototype.split = function (by, most) { return native.call(this, by, most) };"
    " String.prototype.trim = function () { return this.replace(/^\\s+|\\s+$/g, '') }",
    "frozen prototypes": "for (const of of [Object, Array, String]) Object.freeze(of.prototype)",
    "an element called consent": "addEventListener('DOMContentLoaded', () => {"
    " const form = document.createElement('form'); form.id = 'consent';"
    " document.body.prepend(form) })",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_page_that_changed_the_language_gets_correct_records(
    shop: Shop, home: str, page: Page, case: str
) -> None:
    page.add_init_script(f"{{ {HOSTILE[case]} }}")
    page.goto(home)
    started(page)
    sent = watched(page)
    page.click("[data-cmp=accept]")
    until(page, "(window.__ran || []).length === 1")
    settled(page)
    expect(page.locator(BANNER)).to_have_count(0)
    once(shop, [body for body in sent if body["action"] == "accept_all"], "accept_all")
    everything = {"statistics": True, "marketing": True}
    assert sent[0]["categories"] == everything
    page.evaluate("consent.withdraw()")
    until(page, "consent.get().categories.statistics === false")
    settled(page)
    [record] = shop.record(str(sent[-1]["id"]))
    assert record["categories"] == dict.fromkeys(everything, False)
    assert record["action"] == "withdraw" and record["previous"] == sent[0]["id"]


def test_an_element_called_consent_does_not_keep_the_script_alone_from_starting(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    script = f'<script async src="{shop.url}/v1/example.com/consent.js"></script>'
    elsewhere.put("/", html("", f'<section id="consent"></section>{held("one")}{script}'))
    page.goto(address(elsewhere))
    started(page)
    page.click("[data-cmp=accept]")
    until(page, "(window.__ran || []).length === 1")
