"""Our script under a strict policy, on pages that put another body in or hold very much."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.databases import Databases, lent
from tests.pages import Website
from tests.shop import HOLD, Shop, address, held, html, opened, ours, settled, started
from tests.visitor import quiet, ran, until

pytestmark = pytest.mark.sqlite_only

BANNER = "div#cmp-dialog"
NONCE = "c3VydmlnZXM"
OURS = "['#cmp-dialog', '#cmp-entry', '.ctl-embed'].map(s => document.querySelectorAll(s).length)"
FRAME = '<iframe data-category="marketing" data-src="/frame" width="300" height="150"></iframe>'


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with lent(databases, migrated=False) as url, opened(tmp_path_factory.mktemp("p"), url) as made:
        yield made


# -- a strict policy ---------------------------------------------------------------------------

REPORTS = (
    "window.__violations = []; addEventListener('securitypolicyviolation', e =>"
    " __violations.push(e.disposition + ' ' + e.violatedDirective + ' ' + e.sample))"
)


@pytest.mark.parametrize("whole", [False, True], ids=["small stub", "large stub"])
def test_no_policy_is_violated_from_the_first_byte_to_the_withdrawal(
    shop: Shop, elsewhere: Website, page: Page, whole: bool
) -> None:
    """Nonces, strict-dynamic and Trusted Types, enforced and reported, through every layer."""
    policy = (
        f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; base-uri 'none';"
        f" connect-src {shop.url}; frame-src 'self'; require-trusted-types-for 'script'"
    )
    elsewhere.put("/frame", "<p>Frame</p>")
    elsewhere.put("/two.js", "(window.__ran = window.__ran || []).push('two')", "text/javascript")
    nonce = f' nonce="{NONCE}"'
    elsewhere.put(
        "/",
        html(
            ours(shop, hold=HOLD, whole=whole, nonce=NONCE)
            + held("one", more=nonce)
            + f'<script type="text/plain" data-category="statistics" src="/two.js"{nonce}>'
            + "</script>",
            FRAME,
        ),
        Content_Security_Policy=policy,
        Content_Security_Policy_Report_Only=policy,
    )
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text))
    page.add_init_script(REPORTS)
    page.goto(address(elsewhere))
    started(page)
    page.click("[data-cmp=preferences]:visible")
    settings = page.locator("dialog#cmp-dialog")
    expect(settings).to_be_visible()
    expect(page.locator(".ctl-embed")).to_have_count(1)
    settings.locator("[data-cmp=accept]").click()
    settled(page)
    until(page, "(window.__ran || []).length === 2")
    assert ran(page) == ["one", "two"]
    expect(page.frame_locator("iframe").get_by_text("Frame")).to_be_visible()
    page.evaluate("location.hash = '#consent-debug'")
    expect(page.locator("#cmp-debug")).to_be_visible()
    page.locator("#cmp-debug button").click()
    page.evaluate("consent.open()")
    settings.locator("[data-cmp=reject]").click()
    until(page, "consent.get().categories.statistics === false")
    settled(page)
    expect(page.locator(".ctl-embed")).to_have_count(1)
    page.reload()
    started(page)
    quiet(page)
    assert page.evaluate("__violations") == []
    assert [line for line in said if "Content Security" in line or "Trusted" in line] == []


def test_the_listener_does_hear_a_violation(elsewhere: Website, page: Page) -> None:
    """The twin of the test above: an address that a script sets is refused under Trusted Types."""
    policy = "require-trusted-types-for 'script'"
    elsewhere.put("/", html("", "<h1>Shop</h1>"), Content_Security_Policy=policy)
    page.add_init_script(REPORTS)
    page.goto(address(elsewhere))
    page.evaluate("try { document.createElement('script').src = '/x.js' } catch (e) {}")
    until(page, "__violations.length === 1")


def test_a_page_may_insert_before_nothing_as_ever(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    elsewhere.put("/", html(ours(shop, hold=HOLD)))
    page.goto(address(elsewhere))
    started(page)
    page.evaluate("consent.open()")  # brings the rarer ways of holding
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.evaluate(
        "for (const after of [null, undefined])"
        " document.body.insertBefore(document.createElement('i'), after)"
    )
    assert page.locator("i").count() == 2


# -- pages that change under us ----------------------------------------------------------------

CHANGES = {
    "another address": "history.pushState({}, '', '/other')",
    "a new body": "document.body.replaceWith(made())",
    "the content of the body replaced": "document.body.innerHTML = frame",
    "a kept copy of the body": "document.body.replaceWith(document.body.cloneNode(true))",
    "a kept copy, twice": "for (const _ of [1, 2])"
    " document.body.replaceWith(document.body.cloneNode(true))",
    "the whole document hydrated anew": "document.documentElement"
    ".replaceChildren(document.head, made())",
}
MADE = (
    "frame => { const made = () => Object.assign(document.createElement('body'),"
    " { innerHTML: frame }); %s }"
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("open_settings", [False, True], ids=["banner", "settings"])
def test_ours_comes_back_once_when_the_page_changes_its_body(
    shop: Shop, elsewhere: Website, page: Page, change: str, open_settings: bool
) -> None:
    elsewhere.put("/frame", "<p>Frame</p>")
    elsewhere.put("/", html(ours(shop), FRAME))
    page.goto(address(elsewhere))
    started(page)
    expect(page.locator(BANNER)).to_be_visible()
    expect(page.locator(".ctl-embed")).to_be_visible()
    if open_settings:
        page.evaluate("consent.open()")
        expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.evaluate(MADE % CHANGES[change], FRAME)
    stays = open_settings and change == "another address"
    closed = open_settings and not stays  # which shows the lasting entry, until the banner hides it
    until(page, f"JSON.stringify({OURS}) === '[1,{int(closed)},1]'")
    page.wait_for_timeout(500)  # in which a second one would come
    assert page.evaluate(OURS) == [1, int(closed), 1]
    expect(page.locator("dialog#cmp-dialog" if stays else BANNER)).to_be_visible()
    page.click("#cmp-dialog [data-cmp=accept]")
    expect(page.locator("#cmp-dialog, .ctl-embed")).to_have_count(0)
    expect(page.frame_locator("iframe").get_by_text("Frame")).to_be_visible()
    expect(page.locator("#cmp-entry")).to_have_count(1)
    expect(page.locator("#cmp-entry button")).to_be_visible()
    settled(page)


def test_a_page_changed_by_a_framework_after_the_choice_releases_what_it_brings(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    elsewhere.put("/", html(ours(shop)))
    page.goto(address(elsewhere))
    started(page)
    page.click("[data-cmp=accept]")
    settled(page)
    for name in ("one", "two"):
        page.evaluate(
            "name => { history.pushState({}, '', '/' + name);"
            " const body = document.createElement('body'); const script ="
            " Object.assign(document.createElement('script'), { type: 'text/plain', text:"
            " `(window.__ran = window.__ran || []).push('${name}')` });"
            " script.dataset.category = 'statistics'; body.append(script);"
            " document.body.replaceWith(body) }",
            name,
        )
        until(page, f"(window.__ran || []).includes('{name}')")
    assert ran(page) == ["one", "two"]
    assert page.evaluate(OURS) == [0, 1, 0]


def test_the_dialog_leaves_the_screen_before_the_choice_is_taken_further(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    """What tells the server was fetched when the pointer came near; it begins in the next frame."""
    elsewhere.put("/", html(ours(shop)))
    page.add_init_script(
        "window.__order = []; const { setItem } = Storage.prototype; const send = window.fetch;"
        " Storage.prototype.setItem = function (...all) {"
        " __order.push('kept'); return setItem.apply(this, all) };"
        " window.fetch = (...all) => { __order.push('sent'); return send(...all) };"
        " document.addEventListener('click', () => { __order.push('click');"
        " requestAnimationFrame(() => __order.push('frame')) }, true)"
    )
    page.goto(address(elsewhere))
    started(page)
    page.hover("[data-cmp=reject]")
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(one => one.name.includes('/code/rest.'))"
    )
    page.evaluate("__order.length = 0")
    page.click("[data-cmp=reject]")
    settled(page)
    order = page.evaluate("__order")
    assert order[:4] == ["click", "kept", "frame", "kept"], order
    assert "sent" in order[4:]


# -- much that is held -------------------------------------------------------------------------


def test_two_hundred_held_scripts_run_once_in_order_each_in_a_task_of_its_own(
    shop: Shop, elsewhere: Website, page: Page
) -> None:
    """After the dialog has left the screen; the page gets its turn between any two."""
    probe = (
        "{ const c = new MessageChannel(); c.port1.onmessage = () => { window.__busy = 0 };"
        " window.__shared = (window.__shared || 0) + (window.__busy || 0); window.__busy = 1;"
        " if (document.querySelector('#cmp-dialog') || !window.__painted) window.__early = 1;"
        " c.port2.postMessage(0); (window.__ran = window.__ran || []).push(%d) }"
    )
    mark = 'type="text/plain" data-category="statistics"'
    scripts = "".join(f"<script {mark}>{probe % number}</script>" for number in range(200))
    elsewhere.put("/", html(ours(shop), scripts))
    page.goto(address(elsewhere))
    started(page)
    page.evaluate(
        "addEventListener('click', () => requestAnimationFrame(() => { window.__painted = 1 }))"
    )
    page.click("[data-cmp=accept]")
    until(page, "(window.__ran || []).length >= 200")
    settled(page)
    assert ran(page) == list(range(200))
    assert page.evaluate("[window.__shared, window.__early]") == [0, None]
