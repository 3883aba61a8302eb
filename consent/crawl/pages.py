"""Which pages are visited, and how fast: robots.txt (RFC 9309), sitemaps, links, politeness."""

from __future__ import annotations

import html
import ipaddress
import re
import socket
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from ..egress import why_not
from ..saying import say
from .addresses import host_of, page_of, same_host
from .options import SLOWEST, CrawlError

AGENT = "Crumbtrail"
MAPS = 5  # sitemaps that are read, and
LISTED = 2000  # addresses of each
LOC = re.compile(
    r"<loc>\s*(?:<!\[CDATA\[)?\s*([^<\]]{1,2000}?)\s*(?:\]\]>)?\s*</loc>", re.IGNORECASE
)
Fetch = Callable[[str, int], "bytes | None"]


@dataclass
class Pages:
    """What is to be visited, in order: the start, then the sitemap and links taking turns."""

    start: str
    most: int
    robots: RobotFileParser | None = None
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._known = {self.start}
        self.found = [self.start]

    def add(self, base: str, links: list[str]) -> None:
        for href in links:
            page = page_of(base, href)
            if page and page not in self._known and len(self._known) < LISTED * 3:
                self._known.add(page)
                self.found.append(page)

    def allowed(self, page: str) -> bool:
        """The start is visited because somebody asked for it."""
        return page == self.start or self.robots is None or self.robots.can_fetch(AGENT, page)

    @property
    def list(self) -> list[str]:
        return [page for page in self.found if self.allowed(page)][: self.most]

    @property
    def refused(self) -> int:
        return sum(not self.allowed(page) for page in self.found)


@dataclass
class Pace:
    """At most 100 pages a minute of a public host; on this machine as fast as `delay` says."""

    delay: float
    public: bool
    rest: Callable[[int], None]
    last: dict[str, float] = field(default_factory=dict)

    def wait(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        least = max(self.delay, SLOWEST) if self.public else self.delay
        ahead = self.last.get(host, -1e9) + least - time.monotonic()
        if ahead > 0:
            self.rest(int(ahead * 1000) + 1)
        self.last[host] = time.monotonic()


def discover(fetch: Fetch, pages: Pages) -> list[str]:
    """Read robots.txt and the sitemaps; what was odd. `fetch` gets an address and the most bytes,
    and answers None where there is no such document."""
    problems: list[str] = []
    robots = _text(fetch, urljoin(pages.start, "/robots.txt"), 500_000)
    maps = [urljoin(pages.start, "/sitemap.xml")]
    if robots is not None:
        pages.robots = RobotFileParser()
        pages.robots.parse(robots.splitlines())
        maps = pages.robots.site_maps() or maps
        if not pages.robots.can_fetch(AGENT, pages.start):
            problems.append(
                say("robots.txt asks not to visit the first page; it was visited, as you asked.")
            )
    here = host_of(pages.start)
    read = 0
    queue = list(maps)
    while queue and read < MAPS:
        url = queue.pop(0)
        read += 1
        if not same_host(host_of(url), here):
            problems.append(say("A sitemap on another host was not read."))
            continue
        text = _text(fetch, url, 10_000_000)
        if text is None:
            continue
        listed = [html.unescape(one) for one in LOC.findall(text)[:LISTED]]
        if "<sitemapindex" in text[:2000].lower():
            queue += listed[:MAPS]
        else:
            pages.add(pages.start, listed)
    return problems


def links(page: Page) -> list[str]:
    """The addresses of a page's links, those in the body before those of the frame around it."""
    try:
        found: list[str] = page.evaluate(
            "() => Array.from(document.querySelectorAll('a[href]'), a => a.href).slice(0, 2000)"
        )
    except PlaywrightError:
        return []
    return [str(one) for one in found]


def _text(fetch: Fetch, url: str, most: int) -> str | None:
    """Unpacked where it is gzip, and then no longer than `most` either."""
    body = fetch(url, most)
    if body is None:
        return None
    if body[:2] == b"\x1f\x8b":
        try:
            body = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, most)
        except zlib.error:
            return None
    return body.decode("utf-8", "replace")


def checked(url: str, private: bool) -> str:
    """The start address as it is visited. Raises CrawlError (address): not http or https, or a
    host of a private network where that was not allowed."""
    if "://" not in url:
        url = f"https://{url}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise CrawlError("address", f"Not an address of a web page: {url[:200]}")
    if not private and is_private(host):
        raise CrawlError(
            "address",
            f"{host} is on this machine or in a private network; --allow-private scans it.",
        )
    return url if parts.path else f"{url}/"


def is_private(host: str) -> bool:
    """Whether any address of a host is not public. An unknown host is for the browser to refuse."""
    try:
        known = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return False
    return any(why_not(ipaddress.ip_address(one[4][0])) is not None for one in known)
