"""What is held by a rule, and what becomes of it: let go once and in order, refused, or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from consent import inventory, notices, sites
from tests.acts import BY, make_site
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.server import Server
from tests.visitor import until

pytestmark = pytest.mark.sqlite_only

SHOP = "example.com"
BESIDE = "beside.example"
RULES = "third.localhost=video #trk=video"


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose inventory has a video service, its host and a cookie of its own."""
    with lent_server(databases, tmp_path_factory.mktemp("guard")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SHOP)
            make_site(app, at, BESIDE)
            site = sites.get(SHOP)
            for service, hosts in (("video", ["third.localhost"]), ("other", ["other.localhost"])):
                name = service.capitalize()
                inventory.put_service(
                    site, BY, at, service, name=name, category="marketing", hosts=hosts
                )
            inventory.add_tracker(site, BY, at, name="trk", service="video", category="marketing")
            notices.publish(site, BY, at)
            sites.change(sites.get(BESIDE), BY, at, integrations={"shadow": {}})
        yield running


def document(shop: Server, head: str, body: str, hold: str = RULES) -> str:
    stub = f'<script data-site="{SHOP}" data-hold="{hold}">{sites.stub()}</script>'
    ours = f'{stub}<script async src="{shop.url}/v1/{SHOP}/consent.js"></script>'
    return (
        f'<!doctype html><html lang="en"><head><title>Shop</title>{ours}{head}</head>'
        f"<body><h1>Shop</h1>{body}</body></html>"
    )


@pytest.fixture
def website(shop: Server, elsewhere: Website, page: Page) -> Callable[..., Page]:
    """`website(head, body)`: a page of the shop with our two elements first."""

    def go(head: str = "", body: str = "", hold: str = RULES, to: Page = page) -> Page:
        third = f"http://third.localhost:{elsewhere.port}"
        told = (head.replace("{T}", third), body.replace("{T}", third))
        elsewhere.put("/", document(shop, *told, hold=hold))
        to.goto(f"http://localhost:{elsewhere.port}/")
        until(to, "!!window.consent && consent.get() !== null")
        return to

    return go


def ran(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.__ran || []")
    return found


def test_held_things_run_once_and_in_order_after_the_dialog_has_left_the_screen(
    website: Callable[..., Page], elsewhere: Website
) -> None:
    for name in "abcd":
        elsewhere.put(
            f"/{name}.js",
            f"(window.__ran = window.__ran || []).push('{name}' +"
            " (document.querySelector('#cmp-dialog') ? ' under the dialog' : ''))",
            "text/javascript",
        )
    insert = "const s = document.createElement('script'); s.async = false; s.src = '{T}/%s.js';"
    page = website(
        '<script type="text/plain" data-category="marketing" src="{T}/a.js"></script>'
        '<script src="{T}/b.js"></script>',
        "".join(f"<script>{{{insert % name} document.head.append(s)}}</script>" for name in "cd"),
    )
    assert ran(page) == []
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__ran || []).length >= 4")
    page.evaluate("consent.rejectAll(); consent.acceptAll()")
    page.wait_for_timeout(600)
    assert ran(page) == ["a", "b", "c", "d"]


def test_two_hundred_held_scripts_are_let_go_in_chunks(website: Callable[..., Page]) -> None:
    """Between two of them the page has its turn."""
    one = (
        '<script type="text/plain" data-category="marketing">'
        "(window.__turns = window.__turns || []).push(window.__turn)</script>"
    )
    page = website("", one * 200)
    page.evaluate(
        "window.__turn = 0; setInterval(() => window.__turn++, 0);"
        "new PerformanceObserver((list) => (window.__long = list.getEntries().length))"
        ".observe({type: 'longtask'})"
    )
    page.click("[data-cmp=accept]")
    page.wait_for_function("(window.__turns || []).length === 200")
    assert page.evaluate("new Set(window.__turns).size") > 100


def test_a_held_request_waits_and_is_refused_when_the_visitor_refuses(
    website: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put("/data", "{}", "application/json", **{"Access-Control-Allow-Origin": "*"})
    page = website(
        body="<script>window.__told = 'waits'; fetch('{T}/data')"
        ".then(() => (window.__told = 'came'), (e) => (window.__told = e.name))</script>"
    )
    page.wait_for_timeout(300)
    assert (page.evaluate("__told"), "/data" in elsewhere.asked) == ("waits", False)
    page.click("[data-cmp=reject]")
    until(page, "__told === 'TypeError'")
    assert "/data" not in elsewhere.asked
    page.evaluate("consent.acceptAll()")
    page.wait_for_timeout(300)
    assert "/data" not in elsewhere.asked, "what was refused is not done later"


def test_the_log_says_what_is_held_and_why(website: Callable[..., Page]) -> None:
    page = website(
        '<script type="text/plain" data-category="statistics">1</script>'
        '<script type="text/plain" data-service="nobody">1</script>',
        "<script>fetch('{T}/x').catch(() => 0); document.cookie = 'trk=1'</script>",
    )
    page.wait_for_function("consent.debug().released !== undefined")
    held = page.evaluate("consent.debug().held")
    facts = {(e["kind"], e["rule"], e["service"], e["why"]) for e in held}
    assert facts == {
        ("script", "data-category=statistics", None, "undecided"),
        ("script", "data-service=nobody", "nobody", "unknown"),
        ("fetch", "third.localhost", "video", "undecided"),
        ("cookie", "trk", "video", "undecided"),
    }
    page.click("[data-cmp=reject]")
    until(page, "consent.debug().held.every(({why}) => why !== 'undecided')")
    page.evaluate("location.hash = 'consent-debug'")
    table = page.locator("#cmp-debug tbody")
    expect(table.locator("tr")).to_have_count(page.evaluate("consent.debug().held.length"))
    expect(table).to_contain_text("data-service=nobody")
    page.keyboard.press("Escape")
    expect(page.locator("#cmp-debug")).not_to_be_visible()


def test_where_an_embed_is_held_a_place_offers_to_allow_just_that(
    website: Callable[..., Page], elsewhere: Website, shop: Server
) -> None:
    elsewhere.put("/embed", "<!doctype html><p>The film</p>")
    elsewhere.put("/other.js", "(window.__ran = window.__ran || []).push('other')")
    page = website(
        '<script type="text/plain" data-service="other">(window.__ran = ["other"])</script>',
        '<iframe data-service="video" data-src="{T}/embed" width="400" height="225"'
        ' title="Film"></iframe><p id="after">after</p>',
    )
    place = page.locator(".ctl-embed")
    expect(place).to_contain_text("Video")
    box = place.bounding_box()
    assert box is not None and (round(box["width"]), round(box["height"])) == (404, 229)
    place.get_by_role("button").click()
    expect(page.frame_locator("iframe").get_by_text("The film")).to_be_visible()
    expect(place).to_have_count(0)
    state: dict[str, Any] = page.evaluate("consent.get()")
    assert (state["services"]["video"], state["services"]["other"]) == (True, False)
    assert ran(page) == []
    until(page, "!consent.get().pending")
    page.evaluate("consent.rejectAll()")
    expect(page.locator(".ctl-embed")).to_be_visible()


def test_our_own_deleting_is_not_held(website: Callable[..., Page]) -> None:
    page = website()
    page.click("[data-cmp=accept]")
    page.evaluate("document.cookie = 'trk=1; Path=/'")
    assert "trk=1" in page.evaluate("document.cookie")
    page.evaluate("consent.rejectAll()")
    until(page, "!document.cookie.includes('trk=')")
    page.evaluate("document.cookie = 'trk=2; Path=/'")
    assert "trk=" not in page.evaluate("document.cookie")


def test_code_that_nobody_published_is_never_held(
    website: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put("/own.js", "window.__ran = ['own']", "text/javascript")
    page = website('<script src="/own.js"></script>')
    assert ran(page) == ["own"]
    assert (
        page.evaluate(
            "localStorage.setItem('own', '1'), document.cookie = 'own=1', localStorage.own"
        )
        == "1"
    )
    assert "own=1" in page.evaluate("document.cookie")


def test_without_rules_the_stub_changes_nothing_of_the_browser(
    website: Callable[..., Page],
) -> None:
    page = website(hold="")
    natives = (
        "fetch, Element.prototype.setAttribute,"
        "Object.getOwnPropertyDescriptor(Document.prototype, 'cookie').set"
    )
    assert page.evaluate(f"[{natives}].every((f) => /native code/.test(f))")


def test_a_wider_choice_in_another_tab_lets_go_and_a_narrower_one_starts_the_page_anew(
    browser: Browser, website: Callable[..., Page]
) -> None:
    held = (
        '<script type="text/plain" data-category="marketing">window.__ran = ["ad"]</script>'
        "<script>sessionStorage.views = +(sessionStorage.views || 0) + 1</script>"
    )
    context = browser.new_context(locale="en-GB")
    first, second = context.new_page(), context.new_page()
    website(held, to=first)
    website(held, to=second)
    second.click("[data-cmp=accept]")
    back = "document.dispatchEvent(new Event('visibilitychange'))"
    first.bring_to_front()
    first.evaluate(back)
    first.wait_for_function("(window.__ran || [])[0] === 'ad'")
    expect(first.locator("#cmp-dialog")).to_have_count(0)
    second.evaluate("consent.withdraw()")
    second.wait_for_function("!consent.get().pending")
    first.evaluate(back)
    first.wait_for_function("sessionStorage.views === '2'")
    first.wait_for_function("window.consent && consent.get() && !consent.allowed('marketing')")
    first.wait_for_timeout(500)
    assert first.evaluate("sessionStorage.views") == "2"
    assert first.evaluate("window.__ran || []") == []
    context.close()


def test_in_shadow_mode_the_script_asks_nobody_and_holds_nothing(
    shop: Server, elsewhere: Website, page: Page
) -> None:
    elsewhere.put(
        "/",
        '<!doctype html><html lang="en"><head><title>Shop</title>'
        f'<script async src="{shop.url}/v1/{BESIDE}/en/consent.js"></script></head><body>'
        '<script type="text/plain" data-category="statistics">window.__ran = ["held"]</script>'
        "<script>document.cookie = '_ga=1'</script></body></html>",
    )
    page.goto(f"http://localhost:{elsewhere.port}/")
    until(page, "!!window.consentShadow && consentShadow.held().length > 0")
    assert page.locator("#cmp-dialog, #cmp-entry").count() == 0
    assert page.evaluate(
        "[typeof consent, typeof dataLayer, document.cookie, localStorage.length]"
    ) == [
        "undefined",
        "undefined",
        "_ga=1",
        0,
    ]


def test_settings_that_a_page_opens_before_there_are_words_open_when_there_are(
    website: Callable[..., Page],
) -> None:
    page = website("<script>consent.open()</script>")
    expect(page.locator("dialog#cmp-dialog [data-cmp=save]")).to_be_visible()


def test_settings_asked_for_while_the_script_waits_are_not_forgotten(
    shop: Server, elsewhere: Website, page: Page
) -> None:
    """`consent.ready` comes before the words do."""
    early = "document.addEventListener('consent:ready', () => consent.open())"
    elsewhere.put("/", document(shop, f"<script>{early}</script>", ""))
    page.goto(f"http://localhost:{elsewhere.port}/")
    expect(page.locator("dialog#cmp-dialog [data-cmp=save]")).to_be_visible()
