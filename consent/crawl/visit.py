"""One profile with one page: staying on it, reading it, leaving it, and looking into its store."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page, Response
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as Late

from ..egress import Guard
from ..saying import Said, say
from .addresses import strip
from .gather import THINGS, Key, key_of
from .inject import inject
from .leash import SENTENCES, Leash
from .options import Options
from .recorder import Recorder

STORED = Path(__file__).with_name("stored.js").read_text("utf-8")
RECORDS = "*/v1/*/consents"  # a scan leaves no record of consent: what our banner sends is not sent
STARTS = 60.0  # seconds for a page to be opened, on a slow machine
STEP = 200  # milliseconds between two looks at a page that loads
HEAD_MAX = 8_000  # bytes of cookies a host is sent: nginx and Apache take 8 KB of a header
FRAMES = 50  # of a page, whose storage is looked at
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


class Visit:
    """One profile: its context, its page, what is heard of it. `say` is told of a page that passed
    a limit; those that had to be ended are in `stuck`."""

    def __init__(
        self,
        context: BrowserContext,
        guard: Guard,
        leash: Leash,
        options: Options,
        say: Callable[[str], None],
        stuck: set[str],
    ) -> None:
        self.context, self.guard, self.leash, self.options = context, guard, leash, options
        self.say, self.stuck = say, stuck
        self.recorder = Recorder()
        self.recorder.listen(context)
        self.frames: dict[str, dict[str, Any]] = {}
        self.store: dict[Key, dict[str, Any]] = {}
        self.before: set[Key] = set()
        self._now: set[Key] = set()
        self._start = 0
        self._lost = ""  # "" or why, as in SENTENCES
        context.on("page", self._closed)
        self.fresh()

    # -- its page -------------------------------------------------------------------------------

    def fresh(self) -> None:
        """Open the page, at first and where the one before is gone. Raises PlaywrightError."""
        self.leash.feed(STARTS)
        self._opening = True
        try:
            self.page: Page = self.context.new_page()
            self.session: CDPSession = self.recorder.attach(self.page)
            self._block(RECORDS)
            if self.options.head:
                inject(self.session, self.options.head, self.options.answers)
        finally:
            self._opening = False
        self._lost = ""
        self.page.on("crash", self._gone)

    def _gone(self, page: Page) -> None:
        if page == self.page:
            self._lost = "crash"

    def _closed(self, other: Page) -> None:
        """A pop-up is closed: what it asked for was heard."""
        if not self._opening and other != self.page:
            with suppress(PlaywrightError):
                other.close()

    def begin(self, url: str) -> None:
        """What is asked for from now on is of the page `url`."""
        self._lighten()
        self.recorder.page = url
        self._start = self.recorder.asked
        self.guard.ceiling = self.guard.carried + self.options.page_bytes
        if self.recorder.deaf:
            self._block(RECORDS)
            self.recorder.deaf = False

    def _lighten(self) -> None:
        """A host that is sent too many bytes of cookies answers nobody: the heaviest, which were
        noted already, are taken away, so that one page does not hide the pages after it."""
        self.look()
        hosts: dict[str, list[dict[str, Any]]] = {}
        with suppress(PlaywrightError):
            for cookie in self.session.send("Network.getAllCookies")["cookies"]:
                hosts.setdefault(cookie["domain"].lstrip("."), []).append(cookie)
        for held in hosts.values():
            held.sort(key=_weight)
            total = sum(map(_weight, held))
            if total <= HEAD_MAX:
                continue
            while total > HEAD_MAX:
                heaviest = held.pop()
                total -= _weight(heaviest)
                asked = {name: heaviest[name] for name in ("name", "domain", "path")}
                with suppress(PlaywrightError):
                    self.session.send("Network.deleteCookies", asked)
            self.say(
                say(
                    "%(page)s stored more cookies than a server takes back; the longest were taken "
                    "away before the next page.",
                    page=strip(self.recorder.page),
                )
            )

    def went(self, url: str, seconds: float) -> Response | None:
        """Go there, and stay until it is loaded. Raises Late where it is not within `seconds`, and
        PlaywrightError where nothing is there."""
        end = time.monotonic() + seconds
        self.leash.feed(seconds + STARTS)
        answer = self.page.goto(url, wait_until="commit", timeout=seconds * 1000)
        while not self._lost:
            self._weigh()
            self.leash.feed()
            try:
                self.page.wait_for_load_state("load", timeout=STEP)
                break
            except Late:
                if time.monotonic() > end:
                    raise
            except PlaywrightError:
                break  # its process is gone: `whole` says so
        return answer

    def answers(self) -> bool:
        """Whether the page lets anybody ask it something, once it had the time to."""
        self._weigh()
        self.leash.feed()
        with suppress(PlaywrightError):
            self.page.evaluate("() => 0")
        return self.whole()

    def whole(self) -> bool:
        """Whether the page is still there; if not that is said, and an empty one opened."""
        why = self.leash.pulled() or self._lost
        if not why:
            return True
        url, old = self.recorder.page, self.page
        if time.monotonic() > self.leash.ends:
            return False
        self.say(Said(SENTENCES[why], {"page": strip(url)}))
        self.stuck.add(url)
        with suppress(PlaywrightError):
            self.fresh()
        with suppress(PlaywrightError):
            old.close()
        return False

    def _weigh(self) -> None:
        """A page that has had all that a page may have gets nothing more. Never inside an event:
        it asks the browser."""
        options, page = self.options, strip(self.recorder.page)
        if self.recorder.deaf:
            return
        if self.recorder.asked - self._start > options.page_requests:
            self.say(
                say(
                    "%(page)s asked for more than %(page_requests)s things; what it asked for "
                    "after that was not sent.",
                    page=page,
                    page_requests=options.page_requests,
                )
            )
        elif self.guard.carried >= self.guard.ceiling:
            self.say(
                say(
                    "%(page)s took more than %(value)s MB; what it asked for after that was not "
                    "sent.",
                    page=page,
                    value=format(options.page_bytes / 1e6, "g"),
                )
            )
        else:
            return
        self.guard.ceiling = self.guard.carried
        self._block("*")
        self.recorder.deaf = True

    def _block(self, pattern: str) -> None:
        with suppress(PlaywrightError):
            self.session.send("Network.setBlockedURLs", {"urls": [pattern]})

    # -- staying --------------------------------------------------------------------------------

    def rest(self, milliseconds: int) -> None:
        self.leash.feed()
        try:
            self.page.wait_for_timeout(milliseconds)
        except PlaywrightError:
            time.sleep(milliseconds / 1000)
        self._weigh()

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
        for frame in self.page.frames[:FRAMES]:
            self.leash.feed()
            with suppress(PlaywrightError):
                frame.evaluate(LEAVING)
        self.rest(250)
        self.look()
        self.hold()
        self.leash.feed()
        with suppress(PlaywrightError):
            self.page.goto("about:blank", timeout=10_000)
            self.rest(250)
        self.look()
        if self.page.url != "about:blank" and not self._lost:
            self._lost = "time"  # it goes elsewhere faster than anybody can lead it away
        self.whole()
        self.recorder.settle()

    def hold(self) -> None:
        for frame in self.page.frames[:FRAMES]:
            self.leash.feed()
            with suppress(PlaywrightError):
                held = frame.evaluate(STORED)
                if str(held.get("origin", "null")) != "null":
                    self.frames[held["origin"]] = held

    def look(self) -> set[Key]:
        """The browser's own store, now: what is deleted later was there. No value is kept."""
        self.leash.feed()
        try:
            held = self.session.send("Network.getAllCookies")["cookies"]
        except PlaywrightError:
            return set(self._now)  # what was there when it could last be asked
        recorder = self.recorder
        found = Counter(one["seen_on"] for one in self.store.values())
        for cookie in held:
            key = key_of(cookie)
            if key not in self.store:
                found[recorder.page] += 1
                if found[recorder.page] > THINGS:
                    continue
            known = self.store.get(key, {"seen_on": recorder.page})
            seen = {"value": "", "seen_on": known["seen_on"], "phase": recorder.phase}
            self.store[key] = cookie | seen
        self._now = {key_of(cookie) for cookie in held}
        return set(self._now)


def _weight(cookie: dict[str, Any]) -> int:
    """Bytes that a cookie takes in a request; `size` is the browser's own count of both parts."""
    return int(cookie["size"]) + 3
