"""The gate round an ASGI application (asgi.readthedocs.io, HTTP 2.4)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from .answer import EXTENSIONS, Answer, Asked, Desk
from .cookies import Headers
from .core import Core
from .page import Page

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("consent.gate")


class Gate:
    """`app = Gate(app, site="shop.example", server="https://consent.example")`, or as a
    middleware: `app.add_middleware(Gate, site=…, server=…)`. The options are those of
    `consent.gate.wsgi.Gate`. WebSockets and lifespan pass."""

    def __init__(self, app: App, site: str, server: str = "", **options: Any) -> None:
        self.app = app
        self.core = Core(site, server, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        desk = self.core.desk()
        headers, ours = desk.request(_text(scope["headers"]))
        # A file that the server sends by itself would pass the gate by.
        extensions = {
            name: value
            for name, value in (scope.get("extensions") or {}).items()
            if name not in EXTENSIONS
        }
        asked = _asked(scope, headers, ours)
        sender = _Sender(desk, asked, self.core.clock, send)
        inner = {**scope, "headers": _bytes(headers), "extensions": extensions}
        await self.app(inner, receive, sender)


def _asked(scope: Scope, headers: Headers, ours: bool) -> Asked:
    def one(name: str) -> str:
        return next((value for own, value in headers if own == name), "")

    host = one("host").lower() or str((scope.get("server") or ("",))[0])
    return Asked(
        method=scope.get("method", "GET"),
        host=host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host,
        https=scope.get("scheme") == "https",
        # HTTP/2 may send several lines (RFC 9113, 8.2.3).
        cookie="; ".join(value for name, value in headers if name == "cookie"),
        ours=ours,
    )


def _text(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(bytes(n).decode("latin-1"), bytes(v).decode("latin-1")) for n, v in headers]


def _bytes(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class _Sender:
    """The application's `send`. An answer's start waits for its first bytes: only then is it
    known whether they are all."""

    def __init__(self, desk: Desk, asked: Asked, clock: Callable[[], float], send: Send) -> None:
        self.desk, self.asked, self.clock, self.send = desk, asked, clock, send
        self.start: Message | None = None
        self.answer = Answer([])

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            await self._starts(message)
        elif kind == "http.response.body" and (page := self.answer.page) is not None:
            await self._body(page, message)
        elif kind == "http.response.early_hint":
            await self._hint(message)
        elif kind != "http.response.push" or self._own(message):
            await self.send(message)

    async def _starts(self, message: Message) -> None:
        headers = _text(message.get("headers", ()))
        try:
            self.answer = self.desk.answer(self.asked, message["status"], headers, self.clock())
        except Exception:
            log.exception("an answer could not be read; it passes as it is")
            self.answer = Answer(headers)
        self.start = {**message, "headers": _bytes(self.answer.headers)}
        if self.answer.page is None:
            await self._begin()

    async def _begin(self, length: int | None = None) -> None:
        if self.start is not None:
            start, self.start = self.start, None
            if length is not None:
                start["headers"].append((b"content-length", b"%d" % length))
            await self.send(start)

    async def _body(self, page: Page, message: Message) -> None:
        coding = self.answer.coding
        data, more = bytes(message.get("body", b"")), message.get("more_body", False)
        whole = self.start is not None and not more
        data = coding.decode(data) if coding else data
        data = page.whole(data) if whole else page.feed(data) + (b"" if more else page.close())
        data = coding.encode(data, not more) if coding else data
        await self._begin(len(data) if whole else None)
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def _hint(self, message: Message) -> None:
        links = [("link", bytes(one).decode("latin-1")) for one in message.get("links", ())]
        kept = self.desk.fetching(links, self.asked.host)
        if kept:
            await self.send({**message, "links": [value.encode("latin-1") for _, value in kept]})

    def _own(self, message: Message) -> bool:
        """Whether a page of ours may be pushed: an address of the site that no rule holds."""
        return self.desk.judge(self.asked.host)(message.get("path", "/")) is None
