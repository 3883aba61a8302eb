"""A scan: the passes, one after the other, each in a profile of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import BrowserContext, Response, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as Late

from ..egress import fence
from ..findings import Pass, Scan
from ..saying import Clause, say
from . import banner
from .addresses import host_of, same_host, strip
from .browser import Started, launch
from .gather import THINGS, gather, keys_of
from .leash import Leash
from .options import CrawlError, Options, Progress
from .pages import Pace, Pages, checked, discover, is_private, links
from .visit import Visit

# Seconds beyond the scan's own: later passes see the first page at least, and then everything ends.
MORE, LAST = 20.0, 45.0
CLOSES = 30.0  # seconds for a profile to be closed, on a slow machine
STUCK = say("the page did not let go of the browser")
LATE = 2.0  # seconds more for a banner to come, where the page is quiet
PAGE = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
FIRST = 2.0  # times the dwell of later pages: a banner and tag managers start here


class Engine:
    def __init__(
        self,
        started: Started,
        start: str,
        options: Options,
        leash: Leash,
        progress: Callable[[Progress], None],
        done: Callable[[Pass], None] = lambda one: None,
    ) -> None:
        self.leash, self.end = leash, leash.ends - LAST
        self.started, self.browser = started, started.browser
        self.options, self.progress, self.done = options, progress, done
        self.scan = Scan(url=start, started=_now(), browser=f"Chromium {self.browser.version}")
        self.pages = Pages(start, options.pages)
        self.visited: list[str] = []
        self.public = not is_private(host_of(start))
        self.pace: dict[str, float] = {}
        self.stuck: set[str] = set()
        self.discovered = False
        self._pictures: dict[str, list[str]] = {}

    def run(self) -> Scan:
        """Raises CrawlError where not even the first page can be seen."""
        names = [name for name in self.options.passes if name != "withdraw"]
        for name in names:
            why = ""
            if name != "none" and self.scan.banner in ("none", "unknown") and self.visited:
                why = banner.NO_BANNER if self.scan.banner == "none" else banner.NOT_KNOWN
            elif time.monotonic() > self.end + MORE:
                why = say("the time of the scan was up")
            elif self.pages.start in self.stuck:
                why = STUCK
            if why:
                self._not_run(name, why)
                continue
            self._profile(name)
        if self.scan.banner == "unknown":
            self.scan.banner = "other"
        self.scan.pages = [strip(page) for page in self.visited]
        if self.pages.refused:
            self.scan.problems.append(
                say(
                    "robots.txt asks not to visit %(refused)s of the pages found.",
                    refused=self.pages.refused,
                )
            )
        self.scan.ended = _now()
        return self.scan

    def _not_run(self, name: str, why: str) -> None:
        """Neither this pass, nor what would have gone on from it."""
        had = [one.name for one in self.scan.passes]
        for one in (name, "withdraw") if name == "accept" else (name,):
            if one in self.options.passes and one not in had:
                self._add(Pass(one, ran=False, why=why))

    # -- passes ---------------------------------------------------------------------------------

    def _profile(self, name: str) -> None:
        """A fresh profile: one pass, or accept and withdraw."""
        try:
            context = self.browser.new_context(
                user_agent=self.started.agent,
                locale=self.options.language,
                accept_downloads=False,
                viewport={"width": 1280, "height": 800},
            )
        except PlaywrightError as error:
            if not self.visited:
                raise CrawlError("browser_failed", error.message.splitlines()[0]) from None
            self._not_run(name, say("the browser had ended"))
            return
        context.set_default_timeout(self.options.page_seconds * 1000)
        fence(context, self.started.room.noted)
        try:
            self._passes(name, self._visit(context))
        except PlaywrightError:
            self._not_run(name, STUCK)
        finally:
            self.leash.feed(CLOSES)
            with suppress(PlaywrightError):
                context.close()

    def _visit(self, context: BrowserContext) -> Visit:
        guard = self.started.room.guard
        return Visit(context, guard, self.leash, self.options, self._problem, self.stuck)

    def _passes(self, name: str, visit: Visit) -> None:
        self._open(visit, self.pages.start, first=True)
        if not self.discovered:
            self.discovered = True
            self.scan.problems += discover(self.started.fetch, self.pages)
        if name == "none":
            with suppress(PlaywrightError):
                self.scan.banner = banner.awaited(visit.page, self._hand(visit), LATE)
            self._picture(visit, name)
            self._rest_of(visit, name)
            self._add(self._seen(visit, name))
            return
        if self.scan.banner == "none":
            self.scan.banner = banner.awaited(visit.page, self._hand(visit))
        self._picture(visit, f"{name}-before")
        if not self._chosen(visit, name, banner.choose(visit.page, name, self._hand(visit))):
            if name == "accept" and "withdraw" in self.options.passes:
                self._add(Pass("withdraw", ran=False, why=say("nothing was accepted")))
            return
        self._rest_of(visit, name, again=True)
        self._add(self._seen(visit, name))
        if name == "accept" and "withdraw" in self.options.passes:
            self._withdraw(visit)

    def _withdraw(self, visit: Visit) -> None:
        self._open(visit, self.pages.start)
        why = banner.withdraw(visit.page, self._hand(visit))
        if self._chosen(visit, "withdraw", why):
            self._rest_of(visit, "withdraw", again=True)
            self._add(self._seen(visit, "withdraw"))

    def _chosen(self, visit: Visit, name: str, why: str) -> bool:
        """Whether the choice was made; the reason is kept where it was not."""
        if why:
            self._add(Pass(name, ran=False, why=why))
            return False
        visit.settled(self.options.dwell)
        self._picture(visit, f"{name}-after")
        return True

    def _hand(self, visit: Visit) -> banner.Hand:
        """What comes after the first press is of the next phase."""
        phase = visit.recorder.phase + 1

        def mark() -> None:
            if visit.recorder.phase < phase:
                visit.hold()
                visit.before = visit.look() | set(keys_of(visit.frames))
                visit.recorder.phase = phase

        return banner.Hand(visit.rest, mark)

    def _rest_of(self, visit: Visit, name: str, again: bool = False) -> None:
        """The pages that are left; `again` with the first one, as a visitor who comes back."""
        known = list(self.visited) if name != "none" and self.visited else None
        at = 0 if again else 1
        self._say(visit, name, 1)
        while True:
            todo = known or self.pages.list
            if at >= min(len(todo), self.options.pages) or self._over(name):
                break
            try:
                if todo[at] not in self.stuck:
                    self._open(visit, todo[at])
            except CrawlError as error:
                values = {"url": strip(todo[at]), "why": error.message}
                self.scan.problems.append(say("%(url)s: %(why)s", **values))
            at += 1
            self._say(visit, name, at)
        visit.leave()

    def _over(self, name: str) -> bool:
        if time.monotonic() > self.end:
            self._problem(
                say("The time was up in the pass %(name)s; not all pages were seen.", name=name)
            )
            return True
        if self.started.room.guard.carried > self.options.bytes:
            self._problem(
                say("More bytes than allowed; the pass %(name)s was cut short.", name=name)
            )
            return True
        return not self.browser.is_connected()

    def _problem(self, sentence: str) -> None:
        if sentence not in self.scan.problems:
            self.scan.problems.append(sentence)

    # -- pages ----------------------------------------------------------------------------------

    def _open(self, visit: Visit, url: str, first: bool = False) -> None:
        """Go there, stay, behave like a visitor who reads. Raises CrawlError."""
        visit.leave()
        checked(url, self.options.allow_private)
        Pace(self.options.delay, self.public, visit.rest, self.pace).wait(url)
        visit.begin(url)
        answer = None
        seconds = self.options.page_seconds
        try:
            answer = visit.went(url, seconds)
        except Late:
            self._problem(
                say(
                    "%(url)s was not loaded within %(seconds)s seconds.",
                    url=strip(url),
                    seconds=format(seconds, "g"),
                )
            )
        except PlaywrightError as error:
            raise CrawlError("unreachable", self._why(error, url)) from None
        if answer is not None and answer.status >= 400 and first:
            why = self.started.refusal(host_of(url)) or say(
                "It answered %(status)s.", status=answer.status
            )
            raise CrawlError(
                "unreachable",
                say("%(url)s could not be loaded: %(why)s.", url=strip(url), why=Clause(why)),
            )
        if answer is not None and first:
            _a_page(answer, url)
        if first:
            self._moved(visit, url)
        if url not in self.visited:
            self.visited.append(url)
        if visit.answers():
            visit.settled(self.options.dwell * (FIRST if first else 1))
            visit.read()
            self.pages.add(self.pages.start if first else url, links(visit.page))
            visit.whole()

    def _why(self, error: PlaywrightError, url: str) -> str:
        """Behind https the browser hears nothing of the guard's reason, so the guard is asked."""
        if why := self.started.refusal(host_of(url)):
            return say("%(url)s could not be loaded: %(why)s.", url=strip(url), why=Clause(why))
        return _sentence(error, url)

    def _moved(self, visit: Visit, url: str) -> None:
        """The start may lead elsewhere: the site is where it ends. But with `strict` whose host was
        proven is asked for, and a redirect proves nothing."""
        there = visit.page.url.split("#")[0]
        if there == url or not there.startswith("http") or self.visited:
            return
        if self.options.strict and not same_host(host_of(there), host_of(url)):
            raise CrawlError(
                "unreachable",
                say(
                    "%(url)s leads to %(there)s. Scan that host, once it is proven too.",
                    url=strip(url),
                    there=host_of(there),
                ),
            )
        checked(there, self.options.allow_private)
        self.pages = Pages(there, self.options.pages, self.pages.robots)
        self.visited.append(there)
        visit.recorder.page = there

    def _seen(self, visit: Visit, name: str) -> Pass:
        visit.recorder.settle()
        one = gather(visit, name, visit.recorder.phase, visit.look())
        one.pages = [strip(page) for page in self.visited]
        if len(one.things) == THINGS:
            self._problem(
                say(
                    "The pass %(name)s stored %(things)s things or more; the list ends there.",
                    name=name,
                    things=THINGS,
                )
            )
        one.screenshots = self._pictures.pop(name, [])
        return one

    # -- what is told ---------------------------------------------------------------------------

    def _picture(self, visit: Visit, name: str) -> None:
        """Of the first page. `none-after` belongs to the pass none."""
        if not self.options.screenshots:
            return
        file = Path(self.options.screenshots) / f"{name}.png"
        with suppress(PlaywrightError, OSError):
            self.leash.feed()
            visit.page.screenshot(path=file, timeout=15_000, animations="disabled")
            self._pictures.setdefault(name.split("-")[0], []).append(file.name)

    def _add(self, one: Pass) -> None:
        self.scan.passes.append(one)
        self.done(one)

    def _say(self, visit: Visit, name: str, page: int) -> None:
        recorder = visit.recorder
        of = len([one for one in self.options.passes])
        pages = min(max(len(self.pages.list), 1), self.options.pages)
        self.progress(
            Progress(
                name,
                self.options.passes.index(name) + 1,
                of,
                page,
                pages,
                strip(recorder.page),
                len(visit.store),
                recorder.seen,
            )
        )


def scan(
    start: str,
    options: Options,
    progress: Callable[[Progress], None],
    done: Callable[[Pass], None] = lambda one: None,
) -> Scan:
    """In this process. Raises CrawlError."""
    start = checked(start, options.allow_private)
    if options.screenshots:
        Path(options.screenshots).mkdir(parents=True, exist_ok=True)
    leash = Leash(options.patience, options.memory, time.monotonic() + options.seconds + LAST)
    with leash, sync_playwright() as playwright, launch(playwright, options) as started:
        found = Engine(started, start, options, leash, progress, done).run()
        found.problems += started.problems()
        return found


def _a_page(answer: Response, url: str) -> None:
    """What is no page (a picture, a PDF, JSON) would be clean whatever the site does."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and kind not in PAGE:
        raise CrawlError(
            "not_a_page",
            say("%(url)s is no web page but %(kind)s.", url=strip(url), kind=kind),
        )


def _sentence(error: PlaywrightError, url: str) -> str:
    line = error.message.strip().splitlines()[0]
    if "Download is starting" in line:
        return say("%(url)s is no web page: the browser would save it as a file.", url=strip(url))
    reason = line.split("net::")[-1].split(" at ")[0] if "net::" in line else line
    return say("%(url)s could not be loaded (%(reason)s).", url=strip(url), reason=reason)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
