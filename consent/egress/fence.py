"""What no proxy sees: addresses that are not of the web, and windows without end."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame, Page

WINDOWS_MAX = 20
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*(?=:)")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
WEB = frozenset({"http", "https"})
# What a window shows before its first page, and where a page could not be had.
EMPTY = frozenset({"about", "chrome-error"})

Noted = Callable[[str, str], None]


def why_not_open(address: str) -> str | None:
    """ "scheme" where a browser shall not be sent there, else None. Browsers drop control
    characters and the space around an address, so neither hides a scheme."""
    found = _SCHEME.match(_CONTROL.sub("", address).lower())
    return None if found and found[0] in WEB else "scheme"


def fence(context: BrowserContext, noted: Noted) -> None:
    """Closes a window whose page is of another scheme (file:, chrome:, view-source:, data:,
    blob: …) and every window beyond WINDOWS_MAX. `noted(address, why)` is told.

    Chromium lets no page of the web lead a window to most of these; this is for the day it does.
    Frames are left alone: a frame's data: and blob: are made by its page.
    """

    def came(page: Page) -> None:
        if len(context.pages) > WINDOWS_MAX:
            noted(page.url, "windows")
            gone(page)
            return
        page.on("framenavigated", moved)

    def moved(frame: Frame) -> None:
        scheme = frame.url.partition(":")[0]
        if frame.parent_frame is None and scheme not in WEB | EMPTY:
            noted(frame.url, "scheme")
            # Not yet: a window that is closed while it changes its process stays open for ever.
            frame.page.once("domcontentloaded", gone)

    def gone(page: Page) -> None:
        with suppress(Exception):  # somebody else has closed it
            page.close()

    for page in context.pages:
        came(page)
    context.on("page", came)
