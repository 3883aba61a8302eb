"""Listens to one profile: what its pages wrote and sent, and who caused each.

Three ears, because none hears all: the page's own calls (`watch.js`), the network events of the
DevTools protocol, and what Playwright hears of workers. The browser's own store is the truth at the
end (`store`): what no ear heard of is found there, and said to be of unknown cause.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, CDPSession, Page
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Request as SeenRequest

from ..findings import Cause
from .addresses import frames, host_of, site_of, storable, strip
from .setcookie import NAME, Written, of, parse

WATCH = Path(__file__).with_name("watch.js").read_text("utf-8")
STACK = 6  # frames that are kept
MOST = 20_000  # of each kind of what is heard: a page cannot fill the memory
EACH = 4_000  # writes of one page, so that there is room for those of the pages after it
HEARD = 2_000  # letters of an address by which it is known again
KINDS = {
    "Document": "frame",
    "Stylesheet": "style",
    "Image": "image",
    "Media": "media",
    "TextTrack": "media",
    "Font": "font",
    "Script": "script",
    "XHR": "fetch",
    "Fetch": "fetch",
    "EventSource": "fetch",
    "Prefetch": "preload",
    "Ping": "beacon",
    "CSPViolationReport": "beacon",
    "WebSocket": "websocket",
}
NAMES = {  # what Playwright calls them
    "document": "frame",
    "stylesheet": "style",
    "image": "image",
    "media": "media",
    "font": "font",
    "script": "script",
    "xhr": "fetch",
    "fetch": "fetch",
    "ping": "beacon",
    "beacon": "beacon",
    "websocket": "websocket",
}


@dataclass
class Write:
    """Somebody wrote. `host` is whose cookie it is where no domain is said; `kept` is None where
    the writer could not be asked. `phase` counts the choices made before."""

    kind: str
    name: str
    host: str
    page: str
    phase: int
    cause: Cause
    size: int = 0
    cookie: Written | None = None
    kept: bool | None = None


@dataclass
class Sent:
    url: str
    kind: str
    page: str
    phase: int
    cause: Cause
    near: bool | None  # of the page's own site, by Chromium's list
    static: bool = False
    headers: bool = True


@dataclass
class Recorder:
    """`page` and `phase` are set by whoever drives, and `deaf` while nothing that a page asks for
    is sent."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    page: str = ""
    phase: int = 0
    deaf: bool = False
    writes: list[Write] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    near: dict[str, bool] = field(default_factory=dict)
    origins: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._name = f"_{secrets.token_hex(8)}"
        self._chains: dict[str, list[Sent]] = {}
        self._headers: dict[str, list[dict[str, Any]]] = {}
        self._heard: set[str] = set()
        self._others: list[tuple[SeenRequest, str, int]] = []
        self._pings: list[Sent] = []
        self._drawn: dict[str, Cause] = {}
        self._by: Counter[str] = Counter()
        self.seen = 0
        self._all = 0

    @property
    def asked(self) -> int:
        """Requests so far: by the page's log, or with those of workers by what Playwright hears."""
        return max(self.seen, self._all)

    # -- ears -----------------------------------------------------------------------------------

    def listen(self, context: BrowserContext) -> None:
        """Before the first page of the profile is made."""
        context.add_init_script(WATCH.replace("%NAME%", self._name))
        context.on("request", self._also)

    def attach(self, page: Page) -> CDPSession:
        session = page.context.new_cdp_session(page)
        for event, ear in (
            ("Network.requestWillBeSent", self._asked),
            ("Network.responseReceivedExtraInfo", self._answered),
            ("Network.webSocketCreated", self._socket),
            ("Network.webSocketHandshakeResponseReceived", self._opened),
            ("DOMStorage.domStorageItemAdded", self._kept),
            ("DOMStorage.domStorageItemUpdated", self._kept),
            ("Runtime.bindingCalled", self._called),
        ):
            session.on(event, ear)
        for domain in ("Network", "DOMStorage", "Runtime"):
            session.send(f"{domain}.enable")
        session.send("Runtime.addBinding", {"name": self._name})
        return session

    def _called(self, event: dict[str, Any]) -> None:
        if event["name"] == self._name:
            self._told(event["payload"])

    def _told(self, text: str) -> None:
        """A page can call this itself: what it says is checked for shape and only then kept."""
        try:
            said = json.loads(text[:20_000])
            kind, name, origin = (
                str(said["kind"]),
                str(said["name"]),
                storable(str(said["origin"])[:300]),
            )
            cause = self._by_stack(storable(str(said.get("stack", ""))))
            size = int(said.get("size", 0))
        except (ValueError, KeyError, TypeError):
            return
        host, name = host_of(origin), name[:HEARD]
        if kind == "sent" and len(self._pings) < MOST:
            near = self.near.get(host_of(name))
            self._pings.append(
                Sent(strip(storable(name)), "beacon", self.page, self.phase, cause, near)
            )
        elif kind == "image" and len(self._drawn) < MOST:
            self._drawn.setdefault(strip(storable(name)), cause)
        elif kind == "cookie":
            cookie = of(name, size, storable(str(said.get("attributes", ""))), self.now())
            kept = said.get("kept")
            self._write("cookie", name, host, cause, size, cookie, kept if kept is False else None)
        elif kind in STORAGE:
            self._write(kind, name[:NAME], origin, cause, size)

    def _asked(self, event: dict[str, Any]) -> None:
        request, initiator = event["request"], event["initiator"]
        url = request["url"]
        if self.deaf or len(self._chains) >= MOST or not url.startswith(("http:", "https:")):
            return
        chain = self._chains.setdefault(event["requestId"], [])
        if "redirectResponse" in event and chain:
            chain[-1].headers = event.get("redirectHasExtraInfo", True)
        kind = (
            "preload" if request.get("isLinkPreload") else KINDS.get(event.get("type", ""), "other")
        )
        near = request.get("isSameSite")
        sent = Sent(
            strip(url),
            kind,
            self.page,
            self.phase if not chain else chain[0].phase,
            self._by_initiator(initiator),
            near,
            initiator.get("type") in ("parser", "preload"),
        )
        if near is not None:
            self.near.setdefault(host_of(url), near)
        chain.append(sent)
        self._heard.add(url[:HEARD])
        self._keep(sent)

    def _answered(self, event: dict[str, Any]) -> None:
        if len(self._headers) < MOST:
            self._headers.setdefault(event["requestId"], []).append(event)

    def _socket(self, event: dict[str, Any]) -> None:
        if self.deaf or len(self._chains) >= MOST:
            return
        cause = self._by_initiator(event.get("initiator") or {})
        sent = Sent(strip(event["url"]), "websocket", self.page, self.phase, cause, None)
        self._chains[event["requestId"]] = [sent]
        self._keep(sent)

    def _opened(self, event: dict[str, Any]) -> None:
        headers = event["response"].get("headers", {})
        self._headers.setdefault(event["requestId"], []).append({"headers": headers})

    def _kept(self, event: dict[str, Any]) -> None:
        """Storage as the browser tells it: an assignment, or a frame that is gone by now."""
        storage = event["storageId"]
        origin = (storage.get("storageKey") or storage.get("securityOrigin") or "").split("^")[0]
        kind = "local_storage" if storage["isLocalStorage"] else "session_storage"
        size = len(event.get("newValue", ""))
        self._write(kind, event["key"][:NAME], origin.rstrip("/"), Cause(), size)

    def _also(self, request: SeenRequest) -> None:
        if self.deaf or not request.url.startswith("http"):
            return
        self._all += 1
        if len(self._others) < MOST:
            self._others.append((request, self.page, self.phase))

    # -- what was heard -------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring together what came in parts; between pages, never inside an event."""
        for name, events in list(self._headers.items()):
            chain = [sent for sent in self._chains.get(name, []) if sent.headers]
            for sent, event in zip(chain, events, strict=False):
                self._cookies(sent, event)
            if chain:
                del self._headers[name]
                del self._chains[name]
        others, self._others = self._others, []
        for request, page, phase in others:
            if request.url[:HEARD] not in self._heard:
                self._worker(request, page, phase)
        for sent in self.sent:
            if sent.static and sent.kind == "image" and sent.url in self._drawn:
                sent.cause, sent.static = self._drawn[sent.url], False
        heard = {sent.url for sent in self.sent}
        for ping in self._pings:
            if ping.url not in heard:
                self._keep(ping)
        self._pings = []

    def _worker(self, request: SeenRequest, page: str, phase: int) -> None:
        """What a worker asked for. Its answer may be gone with the worker."""
        worker = request.service_worker
        cause = Cause("script", strip(worker.url)) if worker else Cause()
        kind = NAMES.get(request.resource_type, "other")
        sent = Sent(strip(request.url), kind, page, phase, cause, None)
        self._keep(sent)
        try:
            answer = request.response() if request.existing_response is not None else None
            lines = [
                one["value"]
                for one in (answer.headers_array() if answer else [])
                if one["name"].lower() == "set-cookie"
            ]
        except (PlaywrightError, AttributeError):
            return
        if lines:
            self._cookies(sent, {"headers": {"set-cookie": "\n".join(lines)}})

    def _cookies(self, sent: Sent, event: dict[str, Any]) -> None:
        lines = [
            line
            for name, value in event.get("headers", {}).items()
            if name.lower() == "set-cookie"
            for line in value.split("\n")
        ]
        refused = {one["cookieLine"] for one in event.get("blockedCookies", [])}
        for line in lines:
            cookie = parse(line, self.now())
            stack = [f"{sent.cause.url}:{sent.cause.line}"] if sent.cause.url else []
            cause = Cause("response", sent.url, stack=stack)
            write = Write(
                "cookie",
                cookie.name,
                host_of(sent.url),
                sent.page,
                sent.phase,
                cause,
                cookie.size,
                cookie,
                False if line in refused else None,
            )
            self._wrote(write)

    def _write(
        self,
        kind: str,
        name: str,
        host: str,
        cause: Cause,
        size: int,
        cookie: Written | None = None,
        kept: bool | None = None,
    ) -> None:
        self._wrote(Write(kind, name, host, self.page, self.phase, cause, size, cookie, kept))

    def _wrote(self, write: Write) -> None:
        self._by[write.page] += 1
        if self._by[write.page] <= EACH and len(self.writes) < MOST:
            self.writes.append(write)

    def _keep(self, sent: Sent) -> None:
        self.seen += 1
        if len(self.sent) < MOST:
            self.sent.append(sent)

    def party(self, host: str, page: str) -> str:
        """first or third, seen from `page`."""
        host = host.lstrip(".")
        own = host_of(page)
        if host == own or own.endswith(f".{host}"):
            return "first"
        near = self.near.get(host)
        return "first" if near or (near is None and site_of(host) == site_of(own)) else "third"

    # -- causes ---------------------------------------------------------------------------------

    def _by_stack(self, text: str) -> Cause:
        return self._by_frames(frames(text))

    def _by_frames(self, found: list[tuple[str, int]]) -> Cause:
        """The innermost script that is not the page itself; the page's own line where all are."""
        if not found:
            return Cause()
        page = strip(self.page)
        url, line = next(((u, n) for u, n in found if strip(u) != page), found[0])
        stack = [f"{strip(u)}:{n}" for u, n in found[:STACK]]
        return Cause("script", strip(url), line, stack=stack)

    def _by_initiator(self, initiator: dict[str, Any]) -> Cause:
        found: list[tuple[str, int]] = []
        stack = initiator.get("stack")
        while stack and len(found) < STACK * 2:
            found += [
                (frame["url"], frame["lineNumber"] + 1)
                for frame in stack.get("callFrames", [])
                if frame.get("url", "").startswith(("http", "blob:http"))
            ]
            stack = stack.get("parent")
        if found:
            return self._by_frames([one for one in found if not one[0].endswith("/consent.js")])
        url = initiator.get("url", "")
        if url:
            return Cause("element", strip(url), int(initiator.get("lineNumber", 0)) + 1)
        return Cause()


STORAGE = ("local_storage", "session_storage", "indexed_db", "cache_storage", "service_worker")
