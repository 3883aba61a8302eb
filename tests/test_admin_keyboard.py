"""The owner's pages by keyboard: every stop of the Tab key, in the order of reading, with a ring,
in sight; menus by Enter and Escape; and a form that was refused begins at what is wrong."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consent import organisations, users
from tests.acts import BY
from tests.conftest import Clock
from tests.test_admin import EMAIL
from tests.test_admin_look import AT, PAGES, admin, phone, sign_in, site

__all__ = ["admin", "phone", "site"]  # fixtures
# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

DOOR = ("/sign-in", "/sign-in/forgot", "/sign-in/reset/{reset}", "/invitations/{invitation}/")
OWN = "/organisations/main/people/"  # where somebody is an owner; it is remembered
# What is not of one site, and of a site what speaks with the outside.
HALF = (
    *(path for path in PAGES if not path.startswith(AT)),
    "/account/app", "/lost-access/", "/find/", "/keys/{key}", "/trail?from=never",
    f"{AT}/webhooks/", f"{AT}/webhooks/1", f"{AT}/copy", f"{AT}/access/",
)  # fmt: skip
# Each stop is measured as the Tab key leaves it, because focus scrolls after it has moved.
WATCH = """() => {
  const here = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
  const shown = (e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled;
  const all = [...document.querySelectorAll(here)].filter(shown).filter((e) => {
    if (e.type !== 'radio') return true;
    const group = [...document.getElementsByName(e.name)].filter((one) => one.form === e.form);
    return e === (group.find((one) => one.checked) || group[0]);
  });
  const said = (e) => e.outerHTML.replace(/ value="[^"]*"/, '').slice(0, 110);
  const look = (e) => {
    const ring = getComputedStyle(e), box = e.getBoundingClientRect(), [line] = e.getClientRects();
    const hit = document.elementFromPoint(line.x + line.width / 2, line.y + line.height / 2);
    return {
      what: said(e), number: all.indexOf(e), top: box.top + scrollY, bottom: box.bottom + scrollY,
      ring: ring.outlineStyle !== 'none' && parseFloat(ring.outlineWidth) >= 2,
      inside: box.left >= -1 && box.right <= innerWidth + 1 && box.top >= -1
        && (box.bottom <= innerHeight + 1 || box.height > innerHeight),
      free: !!hit && (e.contains(hit) || hit.contains(e)),
    };
  };
  let last = null, over = false;
  window.stops = [];
  addEventListener('keydown', (event) => {
    const e = document.activeElement;
    if (event.key !== 'Tab' || over || e === last) return;
    over = e === document.body || (last !== null && all.indexOf(e) === 0);
    if (!over) window.stops.push(look(last = e));
  }, true);
  document.querySelector('.skip').focus();
  const parts = all.filter((e) => e.type === 'date').length * 4;
  return {many: all.length + parts + 2, all: all.map(said)};
}"""


def walked(page: Page) -> list[str]:
    """What is wrong with a walk over the whole page by Tab."""
    told = page.evaluate(WATCH)
    for _ in range(told["many"]):
        page.keyboard.press("Tab")
    stops: list[dict[str, Any]] = page.evaluate("window.stops")
    wrong = [f"no ring: {one['what']}" for one in stops if not one["ring"]]
    wrong += [f"out of sight: {one['what']}" for one in stops if not one["inside"]]
    wrong += [f"covered: {one['what']}" for one in stops if not one["free"]]
    for one, after in itertools.pairwise(stops):
        if after["bottom"] <= one["top"]:
            wrong.append(f"upwards: {one['what']} -> {after['what']}")
    reached = [one["number"] for one in stops]
    if reached != list(range(len(told["all"]))):
        missed = [told["all"][n] for n in range(len(told["all"])) if n not in reached]
        wrong.append(f"the order {reached}; never reached {missed}")
    return wrong


@pytest.fixture
def names(site: Any, clock: Clock) -> dict[str, str]:
    """What the addresses leave open."""
    at, main = clock(), organisations.main().id
    users.add_user("lost@example.com", "river lamp stone 42", BY, at)
    key = users.create_key("An auditor", [site.key], at + timedelta(days=9), BY, at)
    guest = users.invite(
        main, "somebody@example.com", users.seats(users.known(EMAIL))[0].role, BY, at
    )
    return {
        "key": key.split("_")[1],
        "invitation": guest,
        "reset": users.make_link("lost@example.com", BY, at),
    }


@pytest.mark.parametrize("width", [320, 1440])
def test_every_page_that_is_not_of_one_site_is_walked_by_keyboard(
    phone: Page, admin: str, names: dict[str, str], width: int
) -> None:
    phone.set_viewport_size({"width": width, "height": 640})
    found: dict[str, Any] = {}
    for path in DOOR:
        phone.goto(admin + path.format(**names))
        found[path] = walked(phone)
    phone.goto(f"{admin}/sign-in")
    sign_in(phone)
    for path in HALF:
        phone.goto(admin + path.format(**names))
        expect(phone.locator("header nav")).to_be_visible()
        found[path] = walked(phone)
    assert {path: one for path, one in found.items() if one} == {}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (":focus-visible { outline: none !important }", "no ring"),
        ("h1 { position: fixed; inset: 0 } :focus { z-index: 0 }", "covered"),
        (".card button { position: absolute; left: -9999px }", "out of sight"),
        ("form.card { display: flex; flex-direction: column-reverse }", "upwards"),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_walked_is_caught(phone: Page, broken: str, says: str) -> None:
    phone.add_style_tag(content=broken)
    assert any(one.startswith(says) for one in walked(phone))


def test_a_stop_that_is_left_out_is_caught(phone: Page) -> None:
    phone.evaluate("document.querySelector('#password').setAttribute('tabindex', 5)")
    assert any(one.startswith("the order") for one in walked(phone))


def test_the_menu_of_organisations_opens_by_enter_and_closes_by_escape(phone: Page) -> None:
    sign_in(phone)
    menu = phone.locator("details.switch")
    menu.locator("summary").press("Enter")
    there = menu.get_by_role("button", name="Another organisation")
    expect(there).to_be_visible()
    there.press("Escape")
    expect(there).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    menu.locator("summary").press("Enter")
    phone.locator(".brand").focus()
    expect(there).to_be_hidden()
    menu.locator("summary").press("Enter")
    there.press("Enter")
    expect(menu.locator("summary")).to_contain_text("Another organisation")


REFUSED: tuple[tuple[str, str, str], ...] = (
    ("/organisations/", "key", "A key!"),
    ("/sites/new", "origins", "not a host"),
    ("/account", "again", "another one"),
    ("/keys/", "expires_at", "2020-01-01"),
    (f"{AT}/webhooks/", "url", "nowhere"),
    (f"{AT}/copy", "origins", "not a host"),
    ("/many/", "said", "a: b: c"),
)


@pytest.mark.parametrize(("path", "field", "text"), REFUSED)
def test_a_refused_form_begins_at_what_is_wrong(
    phone: Page, admin: str, path: str, field: str, text: str
) -> None:
    """Focus is on the list of what is wrong; each leads to its field, which is named so."""
    sign_in(phone)
    phone.goto(f"{admin}{OWN}")
    phone.goto(f"{admin}{path}")
    form = phone.locator(f"main form:has([name={field}])")
    form.locator(f"[name={field}]").fill(text)
    form.evaluate("e => { e.noValidate = true; e.requestSubmit() }")
    wrong = phone.get_by_role("alert").filter(has=phone.get_by_role("listitem"))
    expect(wrong).to_be_focused()
    phone.keyboard.press("Tab")
    link = wrong.get_by_role("link").first
    expect(link).to_be_focused()
    at = (link.get_attribute("href") or "").removeprefix("#")
    phone.keyboard.press("Enter")
    expect(phone.locator(f"[id='{at}']")).to_be_in_viewport()
    said = phone.locator(f"[id='{at}-wrong']")
    expect(said).to_have_text(link.inner_text())


def test_a_wrong_password_is_said_of_the_field_that_has_the_focus(phone: Page) -> None:
    phone.get_by_label("E-mail").fill(EMAIL)
    phone.get_by_label("Password").fill("not this one")
    phone.get_by_role("button", name="Sign in", exact=True).press("Enter")
    field = phone.get_by_label("Password")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("The e-mail or the password is not right.")
