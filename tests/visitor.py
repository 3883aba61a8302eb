"""What a visitor of the Polish demo site does and has, and what the auditor is told of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from playwright.sync_api import Locator, Page, expect

from consent import leaf
from tests.server import Server

SITE = "voipstudio.pl"
SIX = {"_ga", "_gid", "_gat", "_ar_V4", "Xl7ref", "L7_geoip"}
TITLE = "Twoje ustawienia prywatności"


def cookies(page: Page) -> dict[str, str]:
    """Everything the browser keeps, whoever set it, by name."""
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def soon(page: Page, so: Callable[[], object], what: str = "") -> None:
    """Let the browser go on until it is so."""
    end = time.monotonic() + 120
    while not so():
        assert time.monotonic() < end, f"never true: {what}"
        page.wait_for_timeout(50)


def until(page: Page, true: str) -> None:
    """Wait for an expression on a page whose policy forbids the `eval` of wait_for_function."""
    soon(page, lambda: page.evaluate(true), true)


def quiet(page: Page) -> None:
    """Until nothing was fetched for half a second. The driver's own "networkidle" waits for ever
    for a frame that was taken away while it loaded."""
    page.wait_for_load_state("load")
    counts = [-1]

    def still() -> bool:
        counts.append(page.evaluate("performance.getEntriesByType('resource').length"))
        if counts[-1] != counts[-2]:
            page.wait_for_timeout(500)
        return counts[-1] == counts[-2]

    soon(page, still, "the page is quiet")


def ran(page: Page) -> list[str]:
    """The trackers' stand-ins that ran in this page view."""
    found: list[str] = page.evaluate("window.__ran || []")
    return found


def delivered(page: Page) -> str:
    """The id of the choice that holds, once the server has it."""
    page.wait_for_function("consent.get() && consent.get().id && !consent.get().pending")
    record: str = page.evaluate("consent.get().id")
    return record


def records_of(server: Server, page: Page) -> list[dict[str, Any]]:
    visitor = leaf.visitor_id(SITE, cookies(page)["crumbtrail_visitor"])
    found: list[dict[str, Any]] = server.audit(f"{SITE}/records?visitor={visitor}")["records"]
    return found


def records_since(server: Server, start: datetime) -> list[dict[str, Any]]:
    moment = start.isoformat().replace("+00:00", "Z")
    found: list[dict[str, Any]] = server.audit(f"{SITE}/records?from={moment}")["records"]
    return found


def open_settings(page: Page) -> Locator:
    page.click("[data-cmp=preferences]:visible, footer a[href$='#cookie-settings']:visible")
    opened = page.locator("dialog#cmp-dialog")
    expect(opened.locator("h2")).to_have_text("Ustawienia prywatności")
    return opened


def save_only(page: Page, *categories: str) -> None:
    """Switches on these categories alone; the settings stay open."""
    if not page.locator("dialog#cmp-dialog").count():
        open_settings(page)
    for name in ("Preferencje", "Statystyka", "Marketing"):
        page.get_by_role("switch", name=name, exact=True).set_checked(name in categories)
    page.click("[data-cmp=save]")
    expect(page.locator("[role=status]", has_text="Wybór został zapisany").first).to_be_visible()
