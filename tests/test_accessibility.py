"""WCAG 2.2 AA of everything a visitor sees of ours, as docs/accessibility.md states it.

Each part is brought onto a page of a site's owner and measured under every condition: what axe-core
finds, and what it cannot see (measures.js). A broken twin of each measure proves that it bites.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consent import sites
from tests.acts import make_site
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.stage import PARTS, bring, measured, serve, violations
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

ALWAYS = ("targets", "sideways", "cut", "overlaps", "reach", "equal", "edges")
# The smallest that 1.4.12 asks a page to bear.
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important;"
    " word-spacing: .16em !important } p { margin-bottom: 2em !important }"
)
SHEET = (
    "css => { document.querySelectorAll('#sheet').forEach(node => node.remove());"
    " const s = document.createElement('style'); s.id = 'sheet'; s.textContent = css;"
    " document.head.append(s) }"
)
PLAIN = {"forced_colors": "none", "color_scheme": "light", "reduced_motion": "no-preference"}
# width, height, media, style sheet, whether axe looks too. 200 % of a 1280 px window is 640 CSS px
# at two device pixels each, 400 % is 320.
CONDITIONS: dict[str, tuple[int, int, dict[str, str], str, bool]] = {
    "320 px": (320, 568, {}, "", True),
    "768 px": (768, 1024, {}, "", False),
    "1440 px": (1440, 900, {}, "", True),
    "landscape": (568, 320, {}, "", False),
    "200 % zoom": (640, 360, {}, "", False),
    "400 % zoom": (320, 256, {}, "", False),
    "text spacing, 320 px": (320, 568, {}, SPACING, False),
    "text spacing, 1440 px": (1440, 900, {}, SPACING, False),
    "dark": (768, 800, {"color_scheme": "dark"}, "", True),
    "forced colours": (768, 800, {"forced_colors": "active"}, "", True),
    "forced colours, dark": (
        768,
        800,
        {"forced_colors": "active", "color_scheme": "dark"},
        "",
        False,
    ),
    "less motion": (768, 800, {"reduced_motion": "reduce"}, "", False),
}
SCREENS = {"phone": (320, 568), "tablet": (768, 1024), "desktop": (1440, 900), "zoom": (640, 360)}
ACTIVE = "(a => a.dataset.cmp || a.id || a.localName + ' ' + a.className)(document.activeElement)"


def arranged(page: Page, condition: str) -> bool:
    """Puts the page under a condition; says whether axe is to look."""
    width, height, media, css, looked = CONDITIONS[condition]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(**{**PLAIN, **media})  # type: ignore[arg-type]
    page.evaluate(SHEET, css)
    return looked


def faults(page: Page, axe_source: str, still: bool = True) -> dict[str, Any]:
    """What is wrong under each condition; nothing may move, or nothing where that was asked for."""
    found: dict[str, Any] = {}
    for condition in CONDITIONS:
        looked = arranged(page, condition)
        names = (*ALWAYS, "motion") if still or condition == "less motion" else ALWAYS
        wrong = measured(page, *names)
        if looked and (more := violations(page, axe_source)):
            wrong["axe"] = more
        if wrong:
            found[condition] = wrong
    return found


@pytest.fixture
def stood(new_page: Callable[..., Page], server: Server, elsewhere: Website) -> Callable[..., Page]:
    """`stood("second layer", "en")`: a page with that part on it."""

    def go(part: str, lang: str = "pl", **options: Any) -> Page:
        page = new_page(viewport={"width": 1024, "height": 768}, **options)
        bring(page, server, elsewhere, part, lang)
        return page

    return go


def stops(page: Page, most: int = 120, key: str = "Tab") -> Iterator[str]:
    """The focus after each press of the key, until it is back where it began or leaves the page."""
    first = None
    for _ in range(most):
        page.keyboard.press(key)
        page.wait_for_timeout(20)  # what yields to the focus does so in a task of its own
        here = page.evaluate(
            "document.activeElement === document.body ? '' : window.measures.path()"
        )
        if not here or here == first:
            return
        first = first or here
        yield here


# -- every part under every condition ------------------------------------------------------------


@pytest.mark.parametrize("lang", ["pl", "en"])
@pytest.mark.parametrize("part", PARTS)
def test_every_part_stands_under_every_condition(
    stood: Callable[..., Page], axe_source: str, part: str, lang: str
) -> None:
    page = stood(part, lang)
    assert faults(page, axe_source, still=part != "second layer") == {}


@pytest.fixture(scope="module")
def arabic(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a site that speaks Arabic, which is written from right to left."""
    if "ar" not in sites.LANGUAGES:
        pytest.skip("no site speaks Arabic yet")
    with lent_server(databases, tmp_path_factory.mktemp("arabic")) as running:
        with inside(running) as (app, at):
            make_site(app, at, languages=["ar"], default_language="ar")
        yield running


@pytest.mark.parametrize("layer", [1, 2])
def test_both_layers_stand_from_right_to_left(
    new_page: Callable[..., Page],
    arabic: Server,
    elsewhere: Website,
    axe_source: str,
    layer: int,
) -> None:
    page = new_page(locale="ar-EG")
    elsewhere.put(
        "/",
        '<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>متجر</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<script data-site="example.com">{sites.stub()}</script>'
        f'<script async src="{arabic.url}/v1/example.com/consent.js"></script></head>'
        "<body><main><h1>متجر</h1></main></body></html>",
    )
    page.goto(f"http://localhost:{elsewhere.port}/")
    dialog = page.locator("#cmp-dialog")
    expect(dialog).to_be_visible()
    if layer == 2:
        page.click("[data-cmp=preferences]")
        expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    expect(dialog).to_have_attribute("dir", "rtl")
    expect(dialog).to_have_attribute("lang", "ar")
    assert faults(page, axe_source, still=layer == 1) == {}


# -- the keyboard --------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["320 px", "dark", "forced colours"])
@pytest.mark.parametrize("part", PARTS)
def test_the_focus_is_seen_wherever_it_goes_in_ours(
    stood: Callable[..., Page], part: str, condition: str
) -> None:
    """2.4.7, 2.4.13: a ring of 2 px or more, 3:1 beside what it lies on, and in sight."""
    page = stood(part)
    arranged(page, condition)
    measured(page)
    found: dict[str, Any] = {}
    ours = 0
    for here in stops(page):
        if page.evaluate("!!document.activeElement.closest('.ctl-root')"):
            ours += 1
            if wrong := measured(page, "ring", "lost"):
                found[here] = wrong
    assert ours
    assert found == {}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    "part",
    ["first layer", "first layer with an X", "slim bar", "note on the signal", "lasting entry"],
)
def test_nothing_of_ours_stands_on_what_has_the_focus(
    stood: Callable[..., Page], part: str, screen: str
) -> None:
    """2.4.11 and 2.4.12: no part of what has the focus is hidden, from the page's top to its end.
    A frame may be higher than what a low screen leaves free; of that a part stays in sight."""
    page = stood(part)
    width, height = SCREENS[screen]
    page.set_viewport_size({"width": width, "height": height})
    measured(page)
    # Ours makes room in a task after the one that moved the focus.
    later = "new Promise(done => setTimeout(() => done(measures.hidden()), 50))"
    hidden = {here: page.evaluate(later) for here in stops(page)}
    assert len(hidden) > 10
    wrong = {
        here: share for here, share in hidden.items() if share > here.startswith("iframe") * 0.99
    }
    assert wrong == {}


def test_the_first_layer_comes_first_and_lets_the_focus_go(stood: Callable[..., Page]) -> None:
    """2.4.3, 2.1.2: text, link, Reject, Accept, details, and then the page; it is not modal."""
    page = stood("first layer")
    dialog = page.get_by_role("dialog", name="Twoje ustawienia prywatności")
    expect(dialog).to_be_visible()
    assert dialog.get_attribute("aria-modal") is None
    assert page.evaluate("document.activeElement === document.body")
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate(ACTIVE))
    assert order[0] == "ctl-text"
    assert order[1].startswith("a ")
    assert order[2:5] == ["reject", "accept", "preferences"]
    assert page.evaluate("!document.activeElement.closest('.ctl-root')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(ACTIVE) == "preferences"


def test_escape_on_the_first_layer_is_no_answer(stood: Callable[..., Page]) -> None:
    page = stood("first layer")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.get().decided") is False
    assert page.context.cookies() == []


def test_the_second_layer_holds_the_focus_and_escape_gives_it_back(
    stood: Callable[..., Page],
) -> None:
    """2.1.2, 2.4.3: the heading first; Tab goes round both ways; Escape closes, grants nothing."""
    page = stood("first layer")
    measured(page)
    opener = page.locator("div#cmp-dialog [data-cmp=preferences]")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ustawienia prywatności", exact=True)
    expect(dialog).to_have_attribute("aria-modal", "true")
    expect(dialog.locator("h2")).to_be_focused()
    for key in ("Tab", "Shift+Tab"):
        inside = [
            page.evaluate("!!document.activeElement.closest('dialog')")
            for _ in stops(page, 60, key)
        ]
        assert len(inside) > 8
        assert all(inside)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    assert page.evaluate("consent.get().decided") is False
    assert page.context.cookies() == []


def test_a_switch_does_nothing_until_saved(stood: Callable[..., Page]) -> None:
    """3.2.1, 3.2.2: neither focus nor a switch changes the choice, sends or closes anything."""
    page = stood("second layer")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    switch = page.get_by_role("switch", name="Statystyka", exact=True)
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.get().categories.statistics") is False
    assert asked == []


def test_after_an_answer_the_keyboard_goes_on_with_the_page(stood: Callable[..., Page]) -> None:
    page = stood("first layer")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate(ACTIVE) == "reject"
    page.keyboard.press("Enter")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#top"


# -- what is said, and in which language ---------------------------------------------------------

FRAMES = (
    "selector => { const frames = window.__frames = []; const look = () => {"
    " if (frames !== window.__frames) return; const at = document.querySelector(selector);"
    " frames.push(!at || !at.checkVisibility() || !at.getClientRects().length ? 'no region'"
    " : at.textContent.trim() ? 'words' : 'empty'); requestAnimationFrame(look) }; look() }"
)


def test_statuses_are_announced(
    stood: Callable[..., Page], new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> None:
    """4.1.3: each stands empty on a frame before its words come, or readers pass it by. The frames
    are those of a clock that drops none, however late a busy machine is."""
    page = stood("first layer")
    page.clock.install()
    page.evaluate(FRAMES, "#cmp-entry [role=status]")
    page.click("[data-cmp=reject]")
    said = page.locator("#cmp-entry [role=status]")
    expect(said).to_have_text("Wybór został zapisany i już obowiązuje.")
    assert sequence(page) == ["no region", "empty", "words"]
    page.click("#cmp-entry button")
    expect(page.locator("dialog#cmp-dialog")).to_be_visible()
    page.evaluate(FRAMES, "dialog [role=status]")
    page.click("dialog [data-cmp=save]")
    expect(page.locator("dialog [role=status]")).to_contain_text("Wybór został zapisany")
    assert sequence(page) == ["empty", "words"]
    other = new_page()
    other.clock.install()
    other.add_init_script(f"({FRAMES})('#cmp-note[role=status]')")
    other.goto(serve(server, elsewhere, "US-CA+gpc", "pl"))
    expect(other.locator("#cmp-note")).to_contain_text("Uwzględniliśmy Twój sprzeciw.")
    assert sequence(other) == ["no region", "empty", "words"]


def sequence(page: Page) -> list[str]:
    """What the frames showed, without repetitions."""
    until(page, "window.__frames.at(-1) === 'words'")
    found: list[str] = page.evaluate("window.__frames.filter((one, i, all) => one !== all[i - 1])")
    return found


@pytest.mark.parametrize("part", PARTS)
def test_every_control_is_named_in_words(stood: Callable[..., Page], part: str) -> None:
    """4.1.2, 2.5.3: no button is only a sign, and what is read begins with what is seen."""
    page = stood(part)
    controls = page.locator(f"{PARTS[part].selector} :is(button, summary, a, label)").all()
    assert controls
    for control in controls:
        seen = control.text_content() or ""
        name = control.get_attribute("aria-label") or seen
        assert sum(letter.isalpha() for letter in name) >= 2, name
        assert seen == "×" or seen in name


def test_the_language_of_parts_is_marked(
    stood: Callable[..., Page], new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> None:
    """3.1.2: ours in a page of another language, the law's English in a Polish bar."""
    page = new_page(locale="de-DE")
    address = serve(server, elsewhere, "PL", "pl")
    kind, content, headers = elsewhere.pages[address.removeprefix(elsewhere.url)]
    foreign = content.replace(b'<html lang="pl">', b'<html lang="eo">')
    elsewhere.pages[address.removeprefix(elsewhere.url)] = (kind, foreign, headers)
    page.goto(address)
    expect(page.locator("#cmp-dialog")).to_have_attribute("lang", "pl")
    bar = stood("slim bar", "pl").locator("#cmp-dialog [data-cmp=preferences]")
    expect(bar).to_have_text("Do Not Sell or Share My Personal Information")
    expect(bar).to_have_attribute("lang", "en")


# -- time ----------------------------------------------------------------------------------------


def test_the_question_waits_for_as_long_as_it_takes(
    page: Page, server: Server, elsewhere: Website
) -> None:
    """2.2.1: no time limit."""
    page.clock.install()
    page.goto(serve(server, elsewhere, "PL", "pl"))
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    page.clock.fast_forward("30:00")
    page.clock.run_for(5_000)
    expect(page.locator("div#cmp-dialog")).to_be_visible()
    assert page.evaluate("consent.get().decided") is False


# -- the measures bite ---------------------------------------------------------------------------

TWINS = {
    "a smaller Reject": ("equal", "[data-cmp=reject] { font-size: 13px !important }"),
    "a paler Reject": ("equal", "[data-cmp=reject] { background: #888 !important }"),
    "Reject put last": ("equal", "[data-cmp=reject] { order: 9 !important }"),
    "Reject gone": ("equal", "[data-cmp=reject] { display: none !important }"),
    "small targets": ("targets", ".ctl-button { min-height: 0 !important; padding: 0 !important }"),
    "a fixed width": ("sideways", "#cmp-dialog { min-width: 400px !important }"),
    "buttons cut off": (
        "cut",
        ".ctl-actions { height: 50px !important; overflow: hidden !important }",
    ),
    "a text on another": ("overlaps", ".ctl-title { margin-bottom: -40px !important }"),
    "a button off the screen": ("reach", "#cmp-dialog { bottom: -400px !important }"),
    "no edges": (
        "edges",
        ".ctl-button { background: #fff !important; border-color: #eee !important;"
        " color: #eee !important }",
    ),
    "an entrance": (
        "motion",
        "#cmp-dialog { animation: in 9s !important } @keyframes in { from { opacity: .9 } }",
    ),
}


@pytest.mark.parametrize("twin", TWINS)
def test_a_broken_twin_is_caught(stood: Callable[..., Page], twin: str) -> None:
    name, css = TWINS[twin]
    page = stood("first layer")
    arranged(page, "320 px")
    assert measured(page, name) == {}
    page.evaluate(SHEET, css)
    assert set(measured(page, name)) == {name}


def test_a_broken_twin_of_the_focus_is_caught(stood: Callable[..., Page], axe_source: str) -> None:
    page = stood("first layer")
    page.keyboard.press("Tab")
    assert measured(page, "ring") == {}
    page.evaluate(SHEET, ".ctl-text { outline-color: #ddd !important }")
    assert set(measured(page, "ring")) == {"ring"}
    page.evaluate(SHEET, ".ctl-text { outline: none !important }")
    assert set(measured(page, "ring")) == {"ring"}
    page.evaluate(SHEET, ".ctl-text { color: #aaa !important }")
    assert [rule for rule, _ in violations(page, axe_source)] == ["color-contrast"]
    page.evaluate(
        SHEET,
        "#cmp-dialog { inset: 0 !important; max-width: none !important;"
        " max-height: none !important }",
    )
    page.locator("a[href='#s1']").focus()
    assert page.evaluate("measures.hidden()") == 1


# -- the statement -------------------------------------------------------------------------------


def test_the_statement_names_every_condition_and_part() -> None:
    said = (ROOT / "docs/accessibility.md").read_text("utf-8")
    missing = [name for name in (*CONDITIONS, *PARTS) if name not in said]
    assert not missing
