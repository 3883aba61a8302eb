"""How the owner's pages look and handle: on the smallest phone, in light and dark, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from consent import (
    bulk,
    findings,
    inventory,
    notices,
    organisations,
    scans,
    sitefile,
    sites,
    tokens,
    users,
    webhooks,
)
from consent.admin import tongue
from consent.db import db
from consent.permissions import Role
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.outside import served
from tests.sightings import PAGE, analytics, cookie, finding, saw
from tests.stage import violations
from tests.test_admin import EMAIL, WORDS

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

KEY = "example.com"
AT = f"/sites/{KEY}"
# Every page that a browser opens by its address, with something on it; and the empty ones.
PAGES = (
    "/organisations/", "/organisations/main/people/",
    "/", "/sites/new", "/keys/", "/trail", "/account", "/account/tokens/", "/nothing",
    f"{AT}/", f"{AT}/settings",
    f"{AT}/inventory/", f"{AT}/inventory/?q=zzz", f"{AT}/inventory/new", f"{AT}/inventory/import",
    f"{AT}/inventory/1", f"{AT}/inventory/services/new", f"{AT}/scans/", f"{AT}/scans/1",
    f"{AT}/scans/2", f"{AT}/review/", f"{AT}/review/1", f"{AT}/review/?state=decided",
    f"{AT}/history/", f"{AT}/policy/", f"{AT}/policy/versions/", f"{AT}/notice/",
    f"{AT}/notice/versions/1", f"{AT}/notice/versions/2",
    f"{AT}/notice/texts/en", f"{AT}/design/", f"{AT}/preview/", f"{AT}/shown/1",
    f"{AT}/records/", "/statistics/",
    f"{AT}/statistics/", f"{AT}/requests/", f"{AT}/requests/?state=closed",
    f"{AT}/webhooks/", f"{AT}/webhooks/1", f"{AT}/copy", "/many/", "/many/1",
    f"{AT}/notice/trials/2", "/undo/",
    "/find/", "/trail?kind=reads", f"{AT}/access/", f"{AT}/records/?gpc=yes&layer=2",
)  # fmt: skip
CONTRAST = (
    "axe.run(document, {runOnly: ['color-contrast']})"
    ".then(r => r.violations.flatMap(v => v.nodes.map(node => node.html)))"
)
SOMEBODY = "jean-baptiste.desrosiers@agence-de-conformite.example"
# What sticks out of the page, and words of ours that do not fit in their line and are cut in two.
NARROW = """() => {
  const found = [document.documentElement.scrollWidth - innerWidth].filter(more => more > 0);
  const ours = "button, .button, label, .chip, thead th, .tabs a";
  for (const said of document.querySelectorAll(ours)) {
    if (!said.checkVisibility() || (innerWidth < 768 && said.closest("thead"))) continue;
    const walk = document.createTreeWalker(said, NodeFilter.SHOW_TEXT), range = new Range();
    while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/[\\p{L}]{3,}/gu)) {
      if (walk.currentNode.parentElement.closest("code, .key")) continue;
      range.setStart(walk.currentNode, word.index);
      range.setEnd(walk.currentNode, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter(box => box.width > 1);
      if (new Set(boxes.map(box => Math.round(box.top))).size > 1) found.push(word[0]);
    }
  }
  return found;
}"""
POLICY = """Privacy policy

The controller is Example Ltd, 1 Example Street, Exampleton. Write to privacy@example.com.
The data protection officer is Anna Example, officer@example.com.

Cookies

By using our website you consent to cookies. We never share your data with anybody. We share your
data with advertising partners.

| Name | Provider | Purpose | Category |
|---|---|---|---|
| _gid | Google | tells unique users apart | Performance |
| a_name_without_any_place_to_break_it_01234567890123456789012345678901 | | keeps it | |
"""


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    """A site with a bit of everything: a notice, findings, proposals, a scan that waits."""
    made = add_site(clock(), preferences=True)
    inventory.starter(made, BY, clock())
    notices.add_policy(made, "en", b"We keep nothing.", BY, clock())
    notices.publish(made, SOMEBODY, clock())
    later = clock() + timedelta(days=9)
    second = notices.publish(made, BY, clock(), effective_at=later)
    over = {"started_at": clock(), "ended_at": clock(), "key": None, "kept": False}
    tried = {"notice_id": second.id, "against": 1, "kind": "test", "share": 10, "by": BY}
    db.session.add(notices.Trial(site_id=made.id, **tried, **over))
    db.session.commit()
    notices.set_two_people(made, True, BY, clock())
    sites.change(made, BY, clock(), texts={"en": {"title": "Cookies, Example’s way"}})
    notices.propose(made, "anna@example.com", clock())
    person, _ = users.add_user(EMAIL, WORDS, "cli", clock())
    another = organisations.add("another", "Another organisation", BY, clock())
    users.join(person, another.id, Role.VIEWER, BY, clock())  # so that there is a switch
    seat = tokens.seat_in(person, organisations.main().id)
    tokens.create_token(person, seat, "viewer", "test", clock() + timedelta(days=9), BY, clock())
    users.invite(organisations.main().id, "guest@example.com", Role.EDITOR, EMAIL, clock())
    scans.start(made, PAGE, BY, clock())
    claimed = scans.claim(clock())
    assert claimed is not None
    seen = saw(*analytics(), cookie("q" * 90))
    scans.finish(
        claimed.id,
        findings.to_json(seen),
        [finding("x"), finding("y" * 90, severity="warning")],
        scans.from_scan(seen, inventory.state(made)),
        clock(),
    )
    scans.start(made, PAGE, BY, clock())
    hook = webhooks.add(made, f"https://hooks.example/{'long' * 20}", webhooks.EVENTS, BY, clock())
    webhooks.test(hook, made, BY, clock())
    sitefile.save_template(made, "House style", BY, clock())
    bulk.start("publish", [made], {}, BY, clock())
    return made


@pytest.fixture
def admin(app: Flask, site: sites.Site) -> Iterator[str]:
    """The address of the admin, behind a real socket."""
    with served(app) as url:
        yield f"{url}/admin"


@pytest.fixture
def phone(new_page: Callable[..., Page], admin: str) -> Page:
    """The smallest phone, at the sign-in; axe comes past the policy that bars all other script."""
    page = new_page(
        locale="en-GB", bypass_csp=True, viewport={"width": 320, "height": 640},
        reduced_motion="reduce",
    )  # fmt: skip
    page.goto(f"{admin}/sign-in")
    return page


def sign_in(page: Page) -> None:
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()


def wrong(page: Page, axe_source: str) -> dict[str, Any]:
    """What sticks out at 320, 768 and 1440 px, and what axe finds in light and dark, folds open."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found: dict[str, Any] = {}
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 640})
        if sticking := page.evaluate("document.documentElement.scrollWidth") - width:
            found[f"{width} px"] = sticking
    page.set_viewport_size({"width": 320, "height": 640})
    if broken := violations(page, axe_source):
        found["light"] = broken
    page.emulate_media(color_scheme="dark")
    if broken := page.evaluate(CONTRAST):  # nothing else changes with the scheme
        found["dark"] = broken
    page.emulate_media(color_scheme="light")
    return found


def test_no_page_of_the_admin_sticks_out_and_axe_finds_nothing(
    phone: Page, admin: str, axe_source: str
) -> None:
    found = {"/sign-in": wrong(phone, axe_source)}
    sign_in(phone)
    for path in PAGES:
        answer = phone.goto(f"{admin}{path}")
        assert answer is not None and answer.status == (404 if path == "/nothing" else 200), path
        found[path] = wrong(phone, axe_source)
    phone.goto(f"{admin}{AT}/policy/")
    phone.get_by_label("Or the text").fill(POLICY)
    phone.get_by_role("button", name="Read it").click()
    expect(phone.get_by_role("heading", name="To mend")).to_be_visible()
    found["the policy's result"] = wrong(phone, axe_source)
    assert {path: one for path, one in found.items() if one} == {}


@pytest.mark.parametrize("language", ["pl", "fr"])
def test_no_page_sticks_out_or_cuts_a_word_in_a_longer_language(
    phone: Page, admin: str, language: str
) -> None:
    phone.context.add_cookies([{"name": tongue.COOKIE, "value": language, "url": admin}])
    phone.fill("#email", EMAIL)
    phone.fill("#password", WORDS)
    phone.press("#password", "Enter")
    expect(phone.locator("nav a[aria-current]").first).to_be_visible()
    found: dict[str, Any] = {}
    for path in PAGES:
        phone.goto(f"{admin}{path}")
        expect(phone.locator("html")).to_have_attribute("lang", language)
        for width in (320, 768, 1440):
            phone.set_viewport_size({"width": width, "height": 640})
            if narrow := phone.evaluate(NARROW):
                found[f"{path} at {width}"] = narrow
    assert found == {}


def test_a_word_that_is_cut_is_found(phone: Page) -> None:
    assert phone.evaluate(NARROW) == []
    phone.locator("button", has_text="Sign in").first.evaluate(
        "e => e.textContent = 'W'.repeat(40)"
    )
    assert phone.evaluate(NARROW) == ["W" * 40]


def test_a_page_that_sticks_out_or_is_too_pale_is_caught(
    phone: Page, admin: str, axe_source: str
) -> None:
    phone.add_style_tag(content=".card { min-width: 400px } label { color: #bbb !important }")
    found = wrong(phone, axe_source)
    assert set(found) == {"320 px", "light"} and found["light"][0][0] == "color-contrast"


def test_what_a_policy_says_is_folded_and_its_contents_open_it(phone: Page, admin: str) -> None:
    sign_in(phone)
    phone.goto(f"{admin}{AT}/policy/")
    phone.get_by_label("Or the text").fill(POLICY)
    phone.get_by_role("button", name="Read it").click()
    contents = phone.get_by_role("navigation", name="On this page")
    expect(contents.get_by_role("link", name="To mend")).to_be_visible()
    mild = phone.locator("details:has(> #info)")
    expect(mild).not_to_have_attribute("open", "")
    contents.get_by_role("link", name="To know").press("Enter")
    expect(mild).to_have_attribute("open", "")
    weak = phone.locator("details", has_text="IMPLIED-CONSENT").last
    expect(weak.get_by_text("By using our website you consent")).to_be_hidden()
    weak.locator("summary").press("Enter")
    expect(weak.get_by_text("By using our website you consent")).to_be_visible()


def test_pages_are_walked_by_keyboard_with_a_ring_that_is_seen(phone: Page, admin: str) -> None:
    sign_in(phone)
    for path in PAGES[2::5]:
        phone.goto(f"{admin}{path}")
        phone.keyboard.press("Tab")
        expect(phone.locator(":focus")).to_have_text("Skip to the content")
        assert walked(phone) == [], path
    phone.goto(f"{admin}{AT}/inventory/")
    phone.keyboard.press("Tab")
    phone.keyboard.press("Enter")
    expect(phone.locator("main")).to_be_focused()


def walked(page: Page) -> list[str]:
    """The stops of the Tab key, up to forty, that cannot be seen or have no ring. In a frame the
    ring is the banner's own, which has tests of its own."""
    unseen = []
    for _ in range(40):
        if page.evaluate("document.activeElement === document.body"):
            break
        stop = page.evaluate(
            "(e => ({what: e.outerHTML.slice(0, 90), ring: getComputedStyle(e).outlineStyle,"
            " box: e.getBoundingClientRect().toJSON()}))(document.activeElement)"
        )
        box = stop["box"]
        seen = box["width"] and box["bottom"] > 0 and box["top"] < 640
        ringed = stop["ring"] != "none" or stop["what"].startswith("<iframe")
        if not ringed or not seen:
            unseen.append(stop["what"])
        page.keyboard.press("Tab")
    return unseen


def test_a_proposal_becomes_a_version_and_going_back_is_proposed_by_keyboard(
    phone: Page, admin: str
) -> None:
    """The page of a notice, walked once: read what changes, approve, go back, change one's mind."""
    sign_in(phone)
    phone.goto(f"{admin}{AT}/notice/")
    waits = phone.get_by_role("region", name="A proposal waits for a second person")
    expect(waits.locator("del").first).to_contain_text("Your privacy choices")
    expect(waits.locator("ins").first).to_contain_text("Example’s way")
    waits.get_by_label("A word to the other person").fill("Read it.")
    waits.get_by_role("button", name="Approve and publish").press("Enter")
    expect(phone.get_by_text("Published. Visitors see this version from now on.")).to_be_visible()
    row = phone.get_by_role("row", name="Version 3")
    expect(row.get_by_text("Current")).to_be_visible()
    expect(phone.get_by_role("row", name="Version 2")).to_contain_text("Overtaken")
    phone.get_by_role("row", name="Version 1").get_by_role("button").press("Enter")
    expect(waits).to_contain_text("It goes back to what version 1 said.")
    expect(waits.get_by_role("button", name="Approve and publish")).to_have_count(0)
    waits.get_by_role("button", name="Take it back").press("Enter")
    expect(phone.get_by_text("Nothing was published.")).to_be_visible()
    expect(waits).to_have_count(0)
