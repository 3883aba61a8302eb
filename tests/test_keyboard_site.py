"""The pages of one site by keyboard: every control in its turn, with a ring, in sight; charts and
the map too; and a form with a mistake says so where the focus is."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import test_admin_look, test_statistics
from tests.test_admin_look import AT, sign_in

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

site, admin, phone = test_admin_look.site, test_admin_look.admin, test_admin_look.phone
PAGES = (
    "/", "/settings", "/inventory/", "/inventory/1", "/history/", "/scans/", "/scans/1", "/review/",
    "/policy/versions/", "/notice/", "/notice/texts/en", "/statistics/", "/records/", "/requests/",
    "/webhooks/1",
)  # fmt: skip
MOST = 400
# Each stop is judged as the focus arrives. `order` is by place in the document: what is read first
# is reached first.
WATCH = """() => {
  window.stops = [];
  window.around = false;
  document.addEventListener("focusin", ({ target }) => {
    around ||= target === stops[0]?.target;
    if (around) return;
    const box = target.getBoundingClientRect(), style = getComputedStyle(target);
    const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 20)];
    const top = document.elementFromPoint(Math.max(0, Math.min(x, innerWidth - 1)), y);
    const parts = [...target.querySelectorAll("*"), target];
    const last = stops.at(-1)?.target;
    const late = last && last.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING;
    const wrong = [];
    if (late) wrong.push("before the one before");
    if (style.outlineStyle === "none") wrong.push("no ring");
    if (!box.width || box.bottom <= 0 || box.top >= innerHeight) wrong.push("out of sight");
    else if (!parts.includes(top) && !top?.contains(target)) wrong.push("covered");
    stops.push({ target, what: target.outerHTML.slice(0, 90), wrong });
  });
}"""
JUDGED = "stops.filter(one => one.wrong.length).map(({ what, wrong }) => [what, ...wrong])"
# What the Tab key has to reach: one radio button stands for its group.
MISSED = """() => {
  const reached = new Set(stops.map(one => one.target));
  const all = document.querySelectorAll(
    "a[href], button, input:not([type=hidden], [type=radio]), select, textarea, summary," +
    " [tabindex='0']");
  return [...all].filter(one => one.checkVisibility() && !one.disabled && !reached.has(one))
    .map(one => one.outerHTML.slice(0, 90));
}"""


def walk(page: Page) -> list[Any]:
    """Tab from the top of the page to its end; what was wrong on the way."""
    page.evaluate(WATCH)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_class("skip")
    for _ in range(MOST // 10):
        for _ in range(10):
            page.keyboard.press("Tab")
        if page.evaluate("around"):
            return [*page.evaluate(JUDGED), *page.evaluate(MISSED)]
    return ["the focus does not leave", page.evaluate("document.activeElement.outerHTML")]


def test_every_control_of_a_sites_pages_is_reached_in_reading_order_with_a_ring_in_sight(
    phone: Page, admin: str
) -> None:
    test_statistics.a_day(1)
    sign_in(phone)
    found = {}
    for path in PAGES:
        phone.goto(f"{admin}{AT}{path}")
        found[path] = walk(phone)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_a_walk_notices_what_is_unseen_covered_out_of_turn_and_left_out(
    phone: Page, admin: str
) -> None:
    sign_in(phone)
    phone.goto(f"{admin}{AT}/copy")
    phone.add_style_tag(
        content="#name { outline: none !important } .cover { position: fixed; inset: 0 }"
        " .skip { z-index: 9 }"
    )
    phone.locator("#origins").evaluate("e => { e.tabIndex = -1 }")
    phone.locator(".skip").evaluate("e => { e.tabIndex = 1 }")
    phone.locator("#key").evaluate("e => { e.tabIndex = 2 }")
    phone.locator("body").evaluate("e => e.insertAdjacentHTML('beforeend', '<p class=cover></p>')")
    said = str(walk(phone))
    assert "no ring" in said and "covered" in said
    assert "before the one before" in said and 'id="origins"' in said


def test_a_chart_is_read_by_the_arrow_keys_and_the_map_by_the_table_below_it(
    phone: Page, admin: str
) -> None:
    test_statistics.a_day(1)
    sign_in(phone)
    phone.goto(f"{admin}{AT}/statistics/")
    chart = phone.get_by_role("img", name="Choices by day")
    chart.focus()
    told = phone.locator("#t-course")
    last = told.inner_text()
    assert "103" in last
    chart.press("ArrowLeft")
    expect(told).not_to_have_text(last)
    chart.press("End")
    expect(told).to_have_text(last)
    numbers = phone.locator("section", has=phone.locator("svg.map")).locator("details")
    expect(numbers.get_by_role("rowheader", name="Poland")).to_be_hidden()
    numbers.locator("summary").press("Enter")
    expect(numbers.get_by_role("rowheader", name="Poland")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "field", "typed", "button"),
    [
        ("/settings", "Hosts", "not a host!", "Save"),
        ("/inventory/1", "Lasts", "2 moons", "Save"),
        ("/webhooks/", "Address", "https://hooks.example/of-no-event", "Add it"),
        ("/records/?visitor=x", "", "", ""),
    ],
)
def test_after_a_mistake_the_focus_is_where_it_is_told(
    phone: Page, admin: str, path: str, field: str, typed: str, button: str
) -> None:
    sign_in(phone)
    phone.goto(f"{admin}{AT}{path}")
    if field:
        phone.get_by_label(field).first.fill(typed)
        phone.get_by_role("button", name=button).press("Enter")
    at = phone.locator("[role=alert]:focus, [aria-invalid]:focus")
    expect(at).to_be_in_viewport()
    expect(phone.get_by_role("alert").first).to_be_visible()
