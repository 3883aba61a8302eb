"""One profile with one page: staying on it, reading it, leaving it, and looking into its store."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

from .gather import Key, key_of
from .recorder import Recorder

STORED = Path(__file__).with_name("stored.js").read_text("utf-8")
QUIET = 0.7  # seconds without a request
LONGEST = 3.0  # times the dwell, where requests go on
NEUTRAL = """() => {
  for (const [x, y] of [[3, 3], [3, innerHeight / 2], [innerWidth - 20, innerHeight / 2]]) {
    const at = document.elementFromPoint(x, y);
    if (!at) continue;
    if (at.closest('a,button,input,select,textarea,label,summary,iframe,video,dialog')) continue;
    if (at.closest('[onclick],[role]')) continue;
    if (at === document.body || at === document.documentElement
      || /^(main|section|div|article|header|footer|p)$/.test(at.localName)
        && getComputedStyle(at).position !== 'fixed' && getComputedStyle(at).cursor !== 'pointer')
      return [x, y];
  }
  return null;
}"""


# A page that is really left is heard no more: it is told so while it can still be heard.
LEAVING = """() => {
  for (const [name, value] of [['visibilityState', 'hidden'], ['hidden', true]])
    Object.defineProperty(document, name, {value, configurable: true});
  document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
  dispatchEvent(new PageTransitionEvent('pagehide', {persisted: false}));
}"""


@dataclass
class Visit:
    """One profile: its context, its page, what is heard of it."""

    context: BrowserContext
    page: Page
    session: CDPSession
    recorder: Recorder
    frames: dict[str, dict[str, Any]] = field(default_factory=dict)
    store: dict[Key, dict[str, Any]] = field(default_factory=dict)
    before: set[Key] = field(default_factory=set)

    def rest(self, milliseconds: int) -> None:
        with suppress(PlaywrightError):
            self.page.wait_for_timeout(milliseconds)

    def settled(self, least: float) -> None:
        """Stay `least` seconds, and while requests go on up to LONGEST times that."""
        start = time.monotonic()
        seen, quiet = self.recorder.seen, start
        while True:
            self.rest(200)
            now = time.monotonic()
            if self.recorder.seen != seen:
                seen, quiet = self.recorder.seen, now
            spent = now - start
            if (spent >= least and now - quiet >= QUIET) or spent >= least * LONGEST:
                break
        self.look()

    def read(self) -> None:
        """Scroll down, click where nothing is, come back up: what waits for that, happens."""
        page = self.page
        with suppress(PlaywrightError):
            for _ in range(4):
                page.mouse.wheel(0, 900)
                self.rest(120)
            spot = page.evaluate(NEUTRAL)
            if spot:
                page.mouse.click(*spot)
            page.evaluate("() => scrollTo(0, 0)")
        self.settled(0.6)

    def leave(self) -> None:
        """Keep what the page's origins hold, then go, so that what waits for leaving happens."""
        if self.page.url in ("", "about:blank"):
            return
        self.look()
        for frame in self.page.frames:
            with suppress(PlaywrightError):
                frame.evaluate(LEAVING)
        self.rest(250)
        self.look()
        self.hold()
        with suppress(PlaywrightError):
            self.page.goto("about:blank", timeout=10_000)
            self.rest(250)
        self.look()
        self.recorder.settle()

    def hold(self) -> None:
        for frame in self.page.frames:
            with suppress(PlaywrightError):
                held = frame.evaluate(STORED)
                if str(held.get("origin", "null")) != "null":
                    self.frames[held["origin"]] = held

    def look(self) -> set[Key]:
        """The browser's own store, now: what is deleted later was there. No value is kept."""
        held: list[dict[str, Any]] = []
        with suppress(PlaywrightError):
            held = self.session.send("Network.getAllCookies")["cookies"]
        recorder = self.recorder
        for cookie in held:
            known = self.store.get(key_of(cookie), {"seen_on": recorder.page})
            seen = {"value": "", "seen_on": known["seen_on"], "phase": recorder.phase}
            self.store[key_of(cookie)] = cookie | seen
        return {key_of(cookie) for cookie in held}
