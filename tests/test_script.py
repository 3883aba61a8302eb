"""What the script does to the page it stands on: it holds, releases, deletes and keeps still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consent import inventory, notices, sites
from tests.acts import BY, make_site
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.server import Server
from tests.visitor import ran, until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SHOP = "example.com"
DEMO = "voipstudio.pl"


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a site whose notice names storage keys too."""
    with lent_server(databases, tmp_path_factory.mktemp("shop")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SHOP)
            site = sites.get(SHOP)
            for kind in ("local_storage", "session_storage"):
                inventory.add_tracker(
                    site, BY, at, name="stats.", match="prefix", kind=kind, category="statistics"
                )
            inventory.put_service(site, BY, at, "undecided", name="Undecided", category=None)
            inventory.add_tracker(site, BY, at, name="maybe", service="undecided")
            notices.publish(site, BY, at)
        yield running


@pytest.fixture
def website(shop: Server, elsewhere: Website, page: Page) -> Callable[..., Page]:
    """`website(head, body)`: open a page of the shop, in English, with our two elements first."""

    def go(head: str = "", body: str = "<h1>Shop</h1>", nonce: str = "", **headers: str) -> Page:
        stub = sites.stub()
        mark = f' nonce="{nonce}"' if nonce else ""
        ours = (
            f'<script data-site="{SHOP}"{mark}>{stub}</script>'
            f'<script async src="{shop.url}/v1/{SHOP}/consent.js"{mark}></script>'
        )
        elsewhere.put(
            "/",
            f'<!doctype html><html lang="en"><head><title>Shop</title>{ours}{head}</head>'
            f"<body>{body}</body></html>",
            **headers,
        )
        page.goto(f"http://localhost:{elsewhere.port}/")
        started(page)
        return page

    return go


def started(page: Page) -> None:
    until(page, "!!window.consent && consent.get() !== null")


def inline(name: str) -> str:
    return f"(window.__ran = window.__ran || []).push('{name}')"


def cookie_names(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def focused(page: Page) -> str:
    found: str = page.evaluate(
        "(a => a.dataset.cmp || a.id || a.tagName.toLowerCase())(document.activeElement)"
    )
    return found


# -- holding and releasing ---------------------------------------------------------------------


def test_held_elements_start_once_and_in_the_order_of_the_page(
    website: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put("/one.js", inline("one"), "text/javascript")
    elsewhere.put("/three.js", inline("three"), "text/javascript")
    elsewhere.put("/frame", "<p>Frame</p>")
    elsewhere.put("/dot.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    held = 'type="text/plain" data-category="statistics"'
    page = website(
        f'<script {held} src="/one.js"></script><script {held}>{inline("two")}</script>',
        f'<script {held} data-src="/three.js"></script><script {held}>{inline("four")}</script>'
        '<iframe data-category="statistics" data-src="/frame"></iframe>'
        '<img data-service="google-analytics" data-src="/dot.svg" alt="">',
    )
    assert ran(page) == []
    assert not {"/frame", "/dot.svg", "/three.js"} & set(elsewhere.asked)
    page.click("[data-cmp=accept]")
    expect(page.frame_locator("iframe").get_by_text("Frame")).to_be_visible()
    page.wait_for_function("document.querySelector('img').complete")
    page.evaluate("consent.acceptAll()")
    page.evaluate("document.body.append(document.createElement('p'))")
    page.wait_for_load_state("networkidle")
    assert ran(page) == ["one", "two", "three", "four"]
    assert [elsewhere.asked.count(path) for path in ("/frame", "/dot.svg", "/three.js")] == [1] * 3
    page.evaluate("consent.withdraw()")
    expect(page.locator("iframe")).to_have_attribute("src", "about:blank")


def test_what_nobody_has_named_or_decided_is_held_even_after_accepting_all(
    website: Callable[..., Page],
) -> None:
    page = website(
        "".join(
            f'<script type="text/plain" {mark}>{inline(mark.split("=")[1])}</script>'
            for mark in (
                "data-service=unknown",
                "data-category=unknown",
                "data-service=undecided",
                "data-category=!marketing",
                "data-service=ads",
            )
        )
    )
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length > 0")
    page.wait_for_load_state("networkidle")
    assert ran(page) == ["ads"]
    assert page.evaluate("[consent.allowed('unknown'), consent.allowed('undecided')]") == [
        False,
        False,
    ]
    assert page.evaluate("consent.debug().held.length") == 4


def test_setting_statistics_from_a_script_starts_statistics_alone(
    website: Callable[..., Page],
) -> None:
    page = website(
        f'<script type="text/plain" data-category="statistics">{inline("statistics")}</script>'
        f'<script type="text/plain" data-service="google-analytics">{inline("analytics")}</script>'
        f'<script type="text/plain" data-category="marketing">{inline("marketing")}</script>'
    )
    page.evaluate("consent.set({ statistics: true })")
    page.wait_for_function("(window.__ran || []).length === 2")
    page.wait_for_load_state("networkidle")
    assert ran(page) == ["statistics", "analytics"]
    told = page.evaluate("consent.get()")
    assert (told["categories"]["statistics"], told["categories"]["marketing"]) == (True, False)
    expect(page.locator("#cmp-dialog")).to_have_count(0)


def test_a_call_made_before_the_script_arrives_is_answered_when_it_does(
    website: Callable[..., Page],
) -> None:
    page = website(
        "<script>consent.on('changed', told => { window.__told = told.categories });"
        "consent.on('ready', told => { window.__ready = (window.__ready || 0) + 1 });"
        "consent.set({ statistics: true })</script>"
        f'<script type="text/plain" data-category="statistics">{inline("statistics")}</script>'
    )
    page.wait_for_function("(window.__ran || []).length === 1")
    assert page.evaluate("window.__ready") == 1
    assert page.evaluate("window.__told") == {
        "necessary": True,
        "statistics": True,
        "marketing": False,
    }
    expect(page.locator("#cmp-dialog")).to_have_count(0)


def test_withdrawing_deletes_cookies_in_any_letter_case_and_storage_keys(
    website: Callable[..., Page],
) -> None:
    page = website()
    page.click("[data-cmp=accept]")
    page.evaluate(
        """for (const name of ['_ga', '_GA_X1', '_Gid', '_AD', 'basket'])
             document.cookie = name + '=1; path=/';
           for (const store of [localStorage, sessionStorage])
             for (const key of ['stats.a', 'STATS.b', 'basket']) store.setItem(key, '1');"""
    )
    page.evaluate("consent.withdraw()")
    page.wait_for_function(
        "!/(^|; )_/.test(document.cookie) && !localStorage['STATS.b'] && !sessionStorage['STATS.b']"
    )
    assert cookie_names(page) == {"basket", "crumbtrail", "crumbtrail_visitor"}
    page.wait_for_function("!consent.get().pending")
    assert page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [
        ["basket"],
        ["basket"],
    ]


def test_deleting_now_takes_storage_and_the_undecided_though_all_is_allowed(
    website: Callable[..., Page],
) -> None:
    page = website()
    page.click("[data-cmp=accept]")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    page.evaluate(
        """for (const name of ['_ga', 'maybe', 'basket']) document.cookie = name + '=1; path=/';
           for (const store of [localStorage, sessionStorage])
             for (const key of ['stats.a', 'basket']) store.setItem(key, '1');
           consent.open()"""
    )
    page.click("dialog [data-cmp=delete]")
    expect(page.locator("dialog [role=status]")).to_contain_text(
        "4 items were deleted: _ga, maybe, stats.a, stats.a. What you allow may be stored again"
    )
    assert cookie_names(page) == {"basket", "crumbtrail", "crumbtrail_visitor"}
    assert page.evaluate("Object.keys(sessionStorage)") == ["basket"]
    assert "stats.a" not in page.evaluate("Object.keys(localStorage)")
    assert page.evaluate("consent.allowed('statistics')") is True


# -- on somebody else's page -------------------------------------------------------------------


def test_a_listener_that_throws_stops_nothing(
    website: Callable[..., Page], new_page: Callable[..., Page]
) -> None:
    """The browser reports it as it does for any listener; the choice is kept and applied."""
    page = website(
        "<script>window.__seen = []; addEventListener('error', e => {"
        " __seen.push(e.message); e.preventDefault() });"
        "for (const name of ['ready', 'shown', 'changed', 'saved'])"
        " consent.on(name, () => { throw new Error(name) })</script>"
        f'<script type="text/plain" data-category="statistics">{inline("statistics")}</script>'
    )
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 1")
    page.wait_for_function("consent.get().decided && !consent.get().pending")
    assert any("changed" in message for message in page.evaluate("window.__seen"))
    expect(page.locator("#cmp-dialog")).to_have_count(0)


def test_a_strict_policy_with_a_nonce_and_trusted_types_is_enough(
    website: Callable[..., Page], shop: Server
) -> None:
    said: list[str] = []
    policy = (
        "default-src 'none'; script-src 'nonce-abc123' 'strict-dynamic'; "
        f"connect-src {shop.url}; base-uri 'none'; require-trusted-types-for 'script'"
    )
    page = website(
        f'<script type="text/plain" nonce="abc123" data-category="statistics">'
        f"{inline('with')}</script>"
        f'<script type="text/plain" data-category="statistics">{inline("without")}</script>',
        nonce="abc123",
        Content_Security_Policy=policy,
    )
    page.on("console", lambda line: said.append(line.text))
    page.click("[data-cmp=preferences]")
    expect(page.locator("dialog#cmp-dialog h2")).to_be_focused()
    assert page.locator("dialog#cmp-dialog").evaluate("e => getComputedStyle(e).display") == "flex"
    page.click("dialog [data-cmp=accept]")
    until(page, "(window.__ran || []).length === 1 && !consent.get().pending")
    assert ran(page) == ["with"]
    assert [line for line in said if "Content Security" in line or "Trusted" in line] == []


def test_the_published_hash_lets_the_inline_stub_run_under_a_policy_without_nonces(
    website: Callable[..., Page], shop: Server
) -> None:
    held = '<script type="text/plain" data-category="statistics" src="/held.js"></script>'
    policy = f"default-src 'none'; script-src '{sites.stub_hash()}' {shop.url}"
    page = website(held, Content_Security_Policy=f"{policy}; connect-src {shop.url}")
    assert page.evaluate("dataLayer[0][2].analytics_storage") == "denied"  # only the stub says so
    page.click("[data-cmp=reject]")
    until(page, "consent.get().decided && !consent.get().pending")


# -- keyboard, eyes and motion -----------------------------------------------------------------


def test_the_keyboard_reaches_every_choice_and_comes_back(visit: Callable[..., Page]) -> None:
    page = visit()
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    walked = []
    while not walked or walked[-1] != "preferences":
        page.keyboard.press("Tab")
        walked.append(focused(page))
        assert len(walked) < 12, walked
    assert walked[-3:] == ["reject", "accept", "preferences"]
    assert walked[0] == "ctl-text"
    page.keyboard.press("Tab")
    outside = "!document.activeElement.closest('#cmp-dialog')"
    assert page.evaluate(outside) is True
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    title = page.locator("dialog#cmp-dialog h2")
    expect(title).to_be_focused()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "save"
    page.keyboard.press("Tab")
    assert focused(page) == "close"
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert focused(page) == "preferences"
    assert page.evaluate("[consent.get().decided, document.cookie]") == [False, ""]


def test_what_was_deleted_is_said_whole_and_hides_no_focus_on_the_smallest_phone(
    new_page: Callable[..., Page], server: Server
) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{server.url}/demo/@PL/{DEMO}/")
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length === 4")
    page.evaluate("consent.open()")
    button = page.locator("dialog [data-cmp=delete]")
    button.focus()
    page.keyboard.press("Enter")
    told = page.locator("dialog [role=status]")
    expect(told).to_contain_text("tylko w przeglądarce.")
    assert told.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
    expect(button).to_be_focused()
    box, below = button.bounding_box(), told.bounding_box()
    assert box is not None and below is not None
    assert box["y"] + box["height"] <= below["y"] + 1


def test_focus_returns_to_the_link_that_opened_the_settings(visit: Callable[..., Page]) -> None:
    page = visit()
    page.click("[data-cmp=reject]")
    link = page.locator("footer a[href$='#cookie-settings']")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#cmp-dialog h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_both_layers_pass_the_accessibility_checker(
    new_page: Callable[..., Page], server: Server, axe_source: str, width: int, scheme: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 640})
    page.goto(f"{server.url}/demo/@PL/{DEMO}/")
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    page.evaluate(axe_source)
    assert violations(page) == []
    sideways = (
        "[document.documentElement, ...document.querySelectorAll('#cmp-dialog, .ctl-body')]"
        ".filter(e => e.scrollWidth > e.clientWidth || e.scrollWidth > innerWidth)"
        ".map(e => [e.className, e.scrollWidth])"
    )
    assert page.evaluate(sideways) == []
    page.click("div#cmp-dialog [data-cmp=preferences]")
    expect(page.locator("dialog#cmp-dialog h2")).to_be_focused()
    for summary in page.locator("dialog summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    wide = (
        "[...document.querySelectorAll('.ctl-body, .ctl-body *')].filter(e => e.tagName !== 'THEAD'"
        " && !e.closest('thead') && e.getBoundingClientRect().right > innerWidth)"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert page.evaluate(wide) == []
    assert page.evaluate(sideways) == []


def violations(page: Page) -> list[Any]:
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run('#cmp-dialog', {rules: {'target-size': {enabled: true},"
        " 'label-content-name-mismatch': {enabled: true}}}).then(r => r.violations)"
    )
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_banner_moves_nothing_on_the_page(
    new_page: Callable[..., Page], server: Server, width: int
) -> None:
    page = new_page(viewport={"width": width, "height": 640})
    page.add_init_script(
        "window.__moved = 0; new PerformanceObserver(list => { for (const one of list.getEntries())"
        " window.__moved += one.value }).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(f"{server.url}/demo/@PL/{DEMO}/", wait_until="networkidle")
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("PerformanceObserver.supportedEntryTypes.includes('layout-shift')")
    assert page.evaluate("window.__moved") == 0


def test_nothing_moves_for_whoever_asked_for_less_motion(
    new_page: Callable[..., Page], server: Server
) -> None:
    page = new_page(reduced_motion="reduce")
    page.goto(f"{server.url}/demo/@PL/{DEMO}/")
    moving = (
        "() => [...document.querySelectorAll('.ctl-root, .ctl-root *')].filter(e => {"
        " const s = getComputedStyle(e);"
        " return s.animationName !== 'none' || parseFloat(s.transitionDuration) > 0 })"
        ".map(e => e.className)"
    )
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    assert page.evaluate(moving) == []
    page.click("[data-cmp=preferences]:visible")
    expect(page.locator("dialog#cmp-dialog h2")).to_be_focused()
    assert page.evaluate(moving) == []
