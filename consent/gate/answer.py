"""What the gate does to a request and to the head of its answer: the same for WSGI and ASGI.

Pure. Headers are lists of (name, value), as text. Only Set-Cookie depends on the visitor.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from . import choice, coding, cookies, links, policy
from .coding import Coding
from .cookies import Headers
from .hold import Judge, judge_of
from .page import Own, Page
from .rules import Rules
from .tokens import spelled_out

WRITING = "1"  # raised when the same page and rules would come out differently
ETAG = re.compile(r'(?:W/)?"[^"]*"')
OURS = re.compile(r'W/"(.*)\.g([0-9a-f]{10})([sw])"')
CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]+)", re.IGNORECASE)
CSP = ("content-security-policy", "content-security-policy-report-only")
# What is true of the application's bytes and not of ours.
BYTES = ("content-length", "content-md5", "digest", "content-digest", "repr-digest", "want-digest")
STALE = ("last-modified", "accept-ranges")
EXTENSIONS = ("http.response.pathsend", "http.response.zerocopysend")


@dataclass(frozen=True)
class Place:
    """Where our two elements point: `server` is our address as browsers see it, or a path of the
    site itself like `/_ct`. `insert` False leaves them to the pages."""

    site: str
    server: str
    insert: bool = True

    def markup(self, rules: Rules, nonce: str | None = None, hold_more: bool = True) -> bytes:
        """The inline stub (once its text is known) and the script, first in `<head>`. `hold_more`
        has the stub hold what scripts insert before the script is there; it would hold a second
        time what waits with its `src`."""
        mark = f' nonce="{escape(nonce)}"' if nonce else ""
        site, server = escape(self.site), escape(self.server)
        hosts = " ".join(rules.hosts) if rules.hold is None else rules.hold
        hold = f' data-hold="{escape(hosts)}"' if hosts and hold_more else ""
        stub = f'<script data-site="{site}"{hold}{mark}>{rules.stub}</script>' if rules.stub else ""
        return (
            f'{stub}<script async fetchpriority="high"'
            f' src="{server}/v1/{site}/consent.js"{mark}></script>'
        ).encode()

    @property
    def absolute(self) -> bool:
        return "//" in self.server


@dataclass(frozen=True)
class Asked:
    """What of a request matters. `host` has no port; `ours` says that it names a page that we
    have rewritten before."""

    method: str
    host: str
    https: bool
    cookie: str
    ours: bool = False


class Answer(NamedTuple):
    """`page` None: the body passes as it is. Else it goes through `coding`, where there is one,
    and through the page; its length is known only at the end."""

    headers: Headers
    page: Page | None = None
    coding: Coding | None = None


@dataclass(frozen=True)
class Desk:
    """The gate's decisions under one set of rules."""

    place: Place
    rules: Rules
    mark: str = field(init=False, default="")
    markup: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        markup = self.place.markup(self.rules)
        said = b"\0".join((WRITING.encode(), self.rules.digest.encode(), markup))
        mark = hashlib.sha256(said + bytes([self.place.insert])).hexdigest()[:10]
        object.__setattr__(self, "mark", mark)
        object.__setattr__(self, "markup", markup)

    # -- the request -----------------------------------------------------------------------------

    def request(self, headers: Headers) -> tuple[Headers, bool]:
        """The request as the application gets it, and whether it names a page of ours. A page's
        tag is given back as the application made it; one made under other rules is no match."""
        lowered = {name.lower(): value for name, value in headers}
        for_page = "text/html" in lowered.get("accept", "")
        kept: Headers = []
        ours = False
        for name, value in headers:
            low = name.lower()
            if low in ("if-none-match", "if-match"):
                value, found = self._tags(value, for_page and low == "if-none-match")
                ours = ours or found
            elif low == "accept-encoding":
                value = coding.accepted(value)
            elif for_page and low in ("range", "if-range", "if-modified-since"):
                continue
            if value:
                kept.append((name, value))
        return kept, ours

    def _tags(self, value: str, for_page: bool) -> tuple[str, bool]:
        kept, found = [], False
        for tag in ETAG.findall(value) or [value.strip()]:
            own = OURS.fullmatch(tag)
            if own is None:
                kept += [] if for_page and tag != "*" else [tag]
            elif own[2] == self.mark:
                found = True
                kept.append(("W/" if own[3] == "w" else "") + f'"{own[1]}"')
        return ", ".join(kept), found

    # -- the answer ------------------------------------------------------------------------------

    def answer(self, asked: Asked, status: int, headers: Headers, now: float) -> Answer:
        """`now` in seconds since 1970."""
        made = choice.read(asked.cookie, now)
        headers = [(n, v) for n, v in self.fetching(headers, asked.host) if n and v]
        headers = cookies.apply(headers, self.rules, asked.cookie, made, asked.host, asked.https)
        kind = _one(headers, "content-type")
        nonce, keep_src = self._policies(headers)
        if status == 304 and asked.ours:
            return Answer(self._mended(headers, nonce, gone=STALE))
        if status in (204, 206, 304) or status < 200 or not _page(kind, headers):
            return Answer(headers)
        packed = _one(headers, "content-encoding").strip().lower()
        if packed not in ("", "identity") and not coding.known(packed):
            return Answer(headers)
        page = Page(self.rules, self._own(nonce, keep_src), asked.host, keep_src)
        if self.rules.needles or page.own:
            headers = self._mended(headers, nonce, gone=(*BYTES, *STALE))
            read = coding.coding(packed) if packed not in ("", "identity") else None
            return Answer(headers, None if asked.method == "HEAD" else page, read)
        return Answer(headers)

    def judge(self, host: str) -> Judge:
        return judge_of(self.rules.rule, host if self.rules.covers(host) else None)

    def fetching(self, headers: Headers, host: str) -> Headers:
        """Link and Speculation-Rules without published hosts, also in early hints."""
        judge, out = self.judge(host), []
        for name, value in headers:
            low = name.lower()
            if low == "link":
                value = links.links(value, judge)
            elif low == "speculation-rules":
                value = links.speculation(value, judge)
            if value or low not in ("link", "speculation-rules"):
                out.append((name, value))
        return out

    def _own(self, nonce: str | None, keep_src: bool) -> Own | None:
        if not self.place.insert or not self.place.site:
            return None
        markup = self.markup
        if nonce or keep_src:
            markup = self.place.markup(self.rules, nonce, not keep_src)
        return Own(self.place.site, markup, self.place.absolute)

    def _policies(self, headers: Headers) -> tuple[str | None, bool]:
        enforced = [value for name, value in headers if name.lower() == CSP[0]]
        return policy.nonce(enforced), policy.trusted_types(enforced)

    def _mended(self, headers: Headers, nonce: str | None, gone: tuple[str, ...]) -> Headers:
        out = []
        for name, value in headers:
            low = name.lower()
            if low in gone:
                continue
            if low == "etag" and (tag := ETAG.fullmatch(value.strip())):
                kind = "w" if tag[0].startswith("W/") else "s"
                value = f'W/"{tag[0].split(chr(34))[1]}.g{self.mark}{kind}"'
            elif low in CSP and self.place.insert:
                value = policy.opened(value, self.rules.stub, self.place.server, nonce)
            out.append((name, value))
        return out


def _one(headers: Headers, name: str) -> str:
    return next((value for own, value in headers if own.lower() == name), "")


def _page(kind: str, headers: Headers) -> bool:
    """Whether a browser shows this as HTML whose bytes we can read."""
    if kind.partition(";")[0].strip().lower() != "text/html":
        return False
    charset = CHARSET.search(kind)
    if charset and spelled_out(charset[1]):
        return False
    return not _one(headers, "content-disposition").lower().lstrip().startswith("attachment")
