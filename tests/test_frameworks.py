"""Hostile page CSS: the bare-element rules of frameworks and of rude pages change nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.frameworks import BEYOND_US, FRAMEWORKS, NASTY
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.stage import bring, measured

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SHOWN = ("first layer with an X", "second layer", "slim bar", "note on the signal", "lasting entry")
SHEET = (
    "css => { const s = document.createElement('style'); s.id = 'hostile';"
    " s.textContent = css; document.head.append(s) }"
)


def changed(page: Page, sheets: dict[str, str]) -> dict[str, list[str]]:
    """What each sheet changes of ours, at a phone's and a desktop's width."""
    measured(page)
    found: dict[str, list[str]] = {}
    for width, height in ((320, 640), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        before = page.evaluate("measures.print()")
        assert len(before) > 1
        for name, css in sheets.items():
            page.evaluate(SHEET, css)
            wrong = page.evaluate("before => measures.differs(before, measures.print())", before)
            page.evaluate("document.querySelector('#hostile').remove()")
            if wrong:
                found[f"{name}, {width}"] = wrong[:5]
    return found


@pytest.fixture
def stood(
    new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> Callable[[str], Page]:
    """`stood("second layer")`: a page with that part on it, in Polish."""

    def go(part: str) -> Page:
        page = new_page(reduced_motion="reduce")
        bring(page, server, elsewhere, part, "pl")
        return page

    return go


@pytest.mark.parametrize("part", SHOWN)
def test_twenty_frameworks_change_nothing(stood: Callable[[str], Page], part: str) -> None:
    assert len(FRAMEWORKS) == 20
    assert changed(stood(part), FRAMEWORKS) == {}


@pytest.mark.parametrize("part", SHOWN)
def test_rude_pages_change_nothing(stood: Callable[[str], Page], part: str) -> None:
    assert changed(stood(part), NASTY) == {}


def test_importance_is_beyond_us_and_the_docs_say_so(stood: Callable[[str], Page]) -> None:
    """So that the comparison is known to see a change, and the limit to be one."""
    assert {
        name.rsplit(",", 1)[0] for name in changed(stood("first layer with an X"), BEYOND_US)
    } == set(BEYOND_US)
    said: Any = (ROOT / "docs/accessibility.md").read_text("utf-8")
    assert "!important" in said and "transform" in said
