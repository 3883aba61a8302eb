"""Finds a page's banner and presses its buttons, as a visitor would.

Ours says itself what its buttons do; another one is known by its visible words alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ElementHandle, Frame, Page
from playwright.sync_api import Error as PlaywrightError

from ..saying import say
from .words import SUBJECT, means

SCRIPT = Path(__file__).with_name("banner.js").read_text("utf-8")
PATIENCE = 8.0  # seconds for a banner to come, or to go after its button was pressed
STEP = 250  # milliseconds between two looks
OURS = "() => !!(window.consent && typeof consent.rejectAll === 'function' && consent.get)"
DIALOG = "#cmp-dialog [data-cmp={}]:visible"
NOT_KNOWN = say("a banner is there, but none of its buttons says what it does in words we know")
NO_BANNER = say("no banner was found")
OPTIONAL = (
    "input[type=checkbox]:checked:not(:disabled), [role=switch][aria-checked=true]"
    ":not([aria-disabled=true]):not([disabled]), [role=checkbox][aria-checked=true]"
    ":not([aria-disabled=true])"
)


@dataclass(frozen=True)
class Hand:
    """`rest(milliseconds)` lets the page go on; `mark()` is called just before a choice is made."""

    rest: Callable[[int], None]
    mark: Callable[[], None]


@dataclass
class Button:
    element: ElementHandle
    frame: Frame
    text: str
    means: set[str]
    inside: bool


def kind(page: Page) -> str:
    """crumbtrail, other, unknown (its words are not known) or none, as of now."""
    if ours(page):
        return "crumbtrail"
    inside = [one for one in buttons(page) if one.inside]
    if any(one.means & {"accept", "reject"} for one in inside):
        return "other"
    return "unknown" if inside and _over(inside) else "none"


def awaited(page: Page, hand: Hand, patience: float = PATIENCE) -> str:
    """`kind`, once a banner is there or cannot be expected any more."""
    end = time.monotonic() + patience
    while (found := kind(page)) in ("none", "unknown") and time.monotonic() < end:
        hand.rest(STEP)
    return found


def ours(page: Page) -> bool:
    try:
        return bool(page.evaluate(OURS))
    except PlaywrightError:
        return False


def choose(page: Page, verb: str, hand: Hand) -> str:
    """Press accept or reject. Returns why it could not be done, empty where it was."""
    found = awaited(page, hand)
    if found == "crumbtrail":
        return _our_choice(page, verb, hand)
    if found == "none":
        return NO_BANNER
    if found == "unknown":
        return NOT_KNOWN
    if _pressed(page, verb, hand):
        return ""
    if verb == "reject":
        return _second_layer(page, hand)
    return say("the banner has no button that says accept in words we know")


def withdraw(page: Page, hand: Hand) -> str:
    """Reopen the settings and refuse. Returns why it could not be done."""
    if ours(page):
        page.evaluate("() => consent.open()")
        return _our_press(page, ("withdraw", "reject"), hand)
    opener = _wanted(page, "reopen", outside=True)
    if opener is None:
        return say("no visible button or link reopens the settings in words we know")
    before = {one.text for one in buttons(page) if one.inside}
    _press(opener)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if _wanted(page, "reject") or {one.text for one in buttons(page) if one.inside} - before:
            break
        hand.rest(STEP)
    if _pressed(page, "reject", hand):
        return ""
    return _off_and_saved(page, hand) or _second_layer(page, hand)


# -- ours -----------------------------------------------------------------------------------------


def _our_choice(page: Page, verb: str, hand: Hand) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not page.locator(DIALOG.format(verb)).count():
        if page.evaluate("() => !!(consent.get() && consent.get().decided)"):
            break
        hand.rest(STEP)
    if not page.locator(DIALOG.format(verb)).count():
        page.evaluate("() => consent.open()")
    return _our_press(page, (verb,), hand)


def _our_press(page: Page, verbs: tuple[str, ...], hand: Hand) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for verb in verbs:
            button = page.locator(DIALOG.format(verb)).first
            try:
                if button.count():
                    hand.mark()
                    button.click(timeout=5000)
                    return _decided(page, hand)
            except PlaywrightError:
                continue
        hand.rest(STEP)
    return say("the banner's own dialog did not open")


def _decided(page: Page, hand: Hand) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if page.evaluate("() => !!(window.consent && consent.get() && consent.get().decided)"):
                return ""
        except PlaywrightError:
            pass  # the page is being loaded anew after a withdrawal
        hand.rest(STEP)
    return say("the banner did not take the choice")


# -- others ---------------------------------------------------------------------------------------


def buttons(page: Page) -> list[Button]:
    """Everything visible that can be pressed, in all frames; frames that do not answer are left."""
    found: list[Button] = []
    for frame in page.frames:
        if frame.is_detached() or frame.url.startswith("chrome"):
            continue
        try:
            both = frame.evaluate_handle(SCRIPT, [SUBJECT, frame != page.main_frame])
            known = both.evaluate("both => both[1]")
            wanted = [(n, one, means(one["text"])) for n, one in enumerate(known)]
            for number, one, meaning in wanted:
                if one["inside"] or meaning:
                    handle = both.evaluate_handle("(both, n) => both[0][n]", number).as_element()
                    if handle:
                        found.append(Button(handle, frame, one["text"], meaning, one["inside"]))
        except PlaywrightError:
            continue
    return found


def _over(inside: list[Button]) -> bool:
    """A link to a policy alone is a footer, not a banner."""
    return any(one.element.evaluate("node => node.localName !== 'a'") for one in inside)


def _wanted(page: Page, verb: str, outside: bool = False) -> Button | None:
    found = [one for one in buttons(page) if verb in one.means and (one.inside or outside)]
    if verb == "accept":  # "all" before "only what is selected"
        found.sort(
            key=lambda one: not re.search("all|wszyst|tou[ts]|alle", one.text, re.IGNORECASE)
        )
    return found[0] if found else None


def _pressed(page: Page, verb: str, hand: Hand) -> bool:
    button = _wanted(page, verb)
    if button is None:
        return False
    hand.mark()
    return _press(button) and _gone(button, hand)


def _press(button: Button) -> bool:
    """A real click; one from script where something lies over the button."""
    try:
        button.element.click(timeout=3000)
    except PlaywrightError:
        try:
            button.element.evaluate("node => node.click()")
        except PlaywrightError:
            return False
    return True


def _gone(button: Button, hand: Hand) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if not button.element.is_visible():
                return True
        except PlaywrightError:
            return True  # its frame is gone
        hand.rest(STEP)
    return False


def _second_layer(page: Page, hand: Hand) -> str:
    """Refuse where refusing takes more clicks than accepting."""
    settings = _wanted(page, "settings")
    if settings is None or not _press(settings):
        return say("the banner has no button that refuses in words we know")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (_wanted(page, "reject") or _wanted(page, "save")):
        hand.rest(STEP)
    if _pressed(page, "reject", hand):
        return ""
    return _off_and_saved(page, hand)


def _off_and_saved(page: Page, hand: Hand) -> str:
    """Switch off what is on and not fixed, then save."""
    save = _wanted(page, "save")
    if save is None:
        return say("the banner has no button that refuses in words we know")
    hand.mark()
    for switch in save.frame.query_selector_all(OPTIONAL):
        try:
            switch.evaluate("node => node.click()")
        except PlaywrightError:
            continue
    return "" if _press(save) and _gone(save, hand) else say("the banner did not take the choice")
