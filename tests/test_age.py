"""Whoever says in the settings that they are too young allows nothing, until they take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from consent import notices, sites
from tests.acts import BY
from tests.owner import owner
from tests.server import Server

SITE = "voip.ms"
AT = f"/demo/@CA-QC/{SITE}/"
DELIVERED = "id => consent.get().id !== id && consent.get().id && !consent.get().pending"
GRANTED = "['preferences', 'statistics', 'marketing'].some(consent.allowed)"


@pytest.fixture(scope="module")
def asking(changed: Server) -> Server:
    """A server whose site asks whether somebody is under 18, and keeps shortened addresses."""
    with owner(changed, SITE) as (site, at):
        facts = {**site.facts, "min_age": 18, "ask_age": True, "ip_mode": "truncated"}
        sites.change(site, BY, at, facts=facts)
        notices.publish(site, BY, at)
    return changed


def settings(page: Page) -> Locator:
    """The settings, opened from the first layer or the lasting entry."""
    page.click("[data-cmp=preferences]:visible")
    return shown(page)


def shown(page: Page) -> Locator:
    opened = page.locator("dialog#cmp-dialog")
    expect(opened.locator("h2")).to_have_text("Privacy settings")
    return opened


def chosen(page: Page, button: str) -> dict[str, Any]:
    """Press it in the settings; the state once the server has answered."""
    before = page.evaluate("consent.get().id")
    page.click(f"dialog [data-cmp={button}]")
    page.wait_for_function(DELIVERED, arg=before)
    found: dict[str, Any] = page.evaluate("consent.get()")
    return found


def beside(server: Server, record: str) -> dict[str, Any]:
    found: dict[str, Any] = server.audit(f"{SITE}/records/{record}/beside")["beside"]
    return found


def test_S0_43_a_visitor_who_says_so_accepts_nothing_and_may_take_it_back(
    asking: Server, new_page: Callable[..., Page]
) -> None:
    page = new_page(locale="en-CA")
    page.goto(f"{asking.url}{AT}")
    opened = settings(page)
    young = opened.get_by_role("switch", name="I am under 18")
    expect(young).not_to_be_checked()
    expect(opened).to_contain_text("Everything that is not necessary then stays off.")
    expect(opened).to_contain_text("is kept shortened")
    statistics = opened.locator("input[value=statistics]")
    statistics.check()
    young.check()
    expect(statistics).to_be_disabled()
    expect(statistics).not_to_be_checked()
    state = chosen(page, "accept")
    assert page.evaluate(GRANTED) is False
    assert beside(asking, state["id"])["denied"] == "age"
    page.click("dialog [data-cmp=close]")

    page.evaluate("consent.acceptAll()")
    young = shown(page).get_by_role("switch", name="I am under 18")
    expect(young).to_be_checked()
    assert page.evaluate(GRANTED) is False
    young.uncheck()
    page.locator("dialog input[value=statistics]").check()
    state = chosen(page, "save")
    assert state["categories"]["statistics"] is True
    assert beside(asking, state["id"])["denied"] is None


def test_what_the_server_denied_ends_in_the_browser_too(
    asking: Server, new_page: Callable[..., Page]
) -> None:
    """A page that forgot what its visitor said: the server did not."""
    page = new_page(locale="en-CA")
    page.goto(f"{asking.url}{AT}")
    settings(page).get_by_role("switch", name="I am under 18").check()
    first = chosen(page, "reject")["id"]
    page.evaluate("localStorage.clear()")
    page.goto(f"{asking.url}{AT}")
    page.wait_for_function("window.consent && consent.get && consent.get().decided")
    page.evaluate("consent.acceptAll()")
    page.wait_for_function(DELIVERED, arg=first)
    page.wait_for_function(f"!({GRANTED})")
    state = page.evaluate("consent.get()")
    assert beside(asking, state["id"])["denied"] == "age"
    record = asking.audit(f"{SITE}/records/{state['id']}")
    assert set(record["categories"].values()) == {False}
