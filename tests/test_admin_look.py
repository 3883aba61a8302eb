"""How the owner's pages look and handle: on the smallest phone, in light and dark, by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from consent import findings, inventory, notices, scans, sites, users
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.sightings import PAGE, analytics, cookie, finding, saw
from tests.stage import violations
from tests.test_admin import EMAIL, WORDS

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

KEY = "example.com"
AT = f"/sites/{KEY}"
# Every page that a browser opens by its address, with something on it; and the empty ones.
PAGES = (
    "/", "/sites/new", "/keys/", "/trail", "/account", "/nothing", f"{AT}/", f"{AT}/settings",
    f"{AT}/inventory/", f"{AT}/inventory/?q=zzz", f"{AT}/inventory/new", f"{AT}/inventory/import",
    f"{AT}/inventory/1", f"{AT}/inventory/services/new", f"{AT}/scans/", f"{AT}/scans/1",
    f"{AT}/scans/2", f"{AT}/review/", f"{AT}/review/1", f"{AT}/review/?state=decided",
    f"{AT}/history/", f"{AT}/policy/", f"{AT}/notice/", f"{AT}/notice/versions/1",
    f"{AT}/notice/texts/en", f"{AT}/records/", f"{AT}/requests/", f"{AT}/requests/?state=closed",
)  # fmt: skip
CONTRAST = (
    "axe.run(document, {runOnly: ['color-contrast']})"
    ".then(r => r.violations.flatMap(v => v.nodes.map(node => node.html)))"
)
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
    notices.publish(made, BY, clock())
    users.add_user(EMAIL, WORDS, "cli", clock())
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
    return made


@pytest.fixture
def admin(app: Flask, site: sites.Site) -> Iterator[str]:
    """The address of the admin, behind a real socket."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/admin"
    server.shutdown()
    server.server_close()
    serving.join()


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
    """The stops of the Tab key, up to forty, that cannot be seen or have no ring."""
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
        if stop["ring"] == "none" or not seen:
            unseen.append(stop["what"])
        page.keyboard.press("Tab")
    return unseen
