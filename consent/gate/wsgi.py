"""The gate round a WSGI application (PEP 3333)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from .answer import Answer, Asked, Desk
from .cookies import Headers
from .core import Core
from .page import Page

Environ = dict[str, Any]
Write = Callable[[bytes], object]
App = Callable[[Environ, Callable[..., Write]], Iterable[bytes]]

MENDED = {
    "accept-encoding": "HTTP_ACCEPT_ENCODING",
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "if-match": "HTTP_IF_MATCH",
    "if-modified-since": "HTTP_IF_MODIFIED_SINCE",
    "range": "HTTP_RANGE",
    "if-range": "HTTP_IF_RANGE",
    "accept": "HTTP_ACCEPT",
}

log = logging.getLogger("consent.gate")


class Gate:
    """`app.wsgi_app = Gate(app.wsgi_app, site="shop.example", server="https://consent.example")`.

    `rules`: a dict, a file or an address instead of the server's; `insert=False`: the pages have
    our two elements themselves; `public`: the server's address as browsers see it, like `/_ct`;
    `every`: seconds between two looks at the rules; `keep`: a file for the last rules.
    """

    def __init__(self, app: App, site: str, server: str = "", **options: Any) -> None:
        self.app = app
        self.core = Core(site, server, **options)

    def __call__(self, environ: Environ, start_response: Callable[..., Write]) -> Iterable[bytes]:
        desk = self.core.desk()
        environ, asked = _asked(desk, environ)
        run = _Run(desk, asked, self.core.clock, start_response)
        result = self.app(environ, run.start)
        return run.body(result)


def _asked(desk: Desk, environ: Environ) -> tuple[Environ, Asked]:
    own = [(name, environ[key]) for name, key in MENDED.items() if key in environ]
    kept, ours = desk.request(own)
    environ = {name: value for name, value in environ.items() if name not in MENDED.values()}
    environ |= {MENDED[name]: value for name, value in kept}
    hints = environ.get("wsgi.early_hints")
    host = _host(environ)
    if callable(hints):  # some servers send what they are handed as 103
        environ["wsgi.early_hints"] = lambda headers: hints(desk.fetching(list(headers), host))
    return environ, Asked(
        method=environ.get("REQUEST_METHOD", "GET"),
        host=host,
        https=environ.get("wsgi.url_scheme") == "https",
        cookie=environ.get("HTTP_COOKIE", ""),
        ours=ours,
    )


def _host(environ: Environ) -> str:
    host: str = (environ.get("HTTP_HOST") or environ.get("SERVER_NAME") or "").lower()
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


class _Run:
    """One answer on its way. The server is told of it with its first bytes, so that an error
    before them may still change it."""

    def __init__(
        self, desk: Desk, asked: Asked, clock: Callable[[], float], start: Callable[..., Write]
    ) -> None:
        self.desk, self.asked, self.clock, self.tell = desk, asked, clock, start
        self.status, self.headers = "", list[tuple[str, str]]()
        self.exc_info: Any = None
        self.answer: Answer | None = None
        self.told = False
        self.write: Write | None = None

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Write:
        """The application's `start_response`."""
        if self.told:  # only to say that it failed: the server has what was sent
            return self.tell(status, headers, exc_info) if exc_info else self._written
        self.status, self.headers, self.exc_info = status, list(headers), exc_info
        self.answer = None
        return self._written

    def body(self, result: Iterable[bytes]) -> Iterable[bytes]:
        if self.status and not self.told and self.decided().page is None:
            self._tell(self.decided().headers)
            return result  # as it is: a server may know a shorter way for it
        return _Body(self, result)

    def decided(self) -> Answer:
        if self.answer is None:
            try:
                code = int(self.status[:3])
                self.answer = self.desk.answer(self.asked, code, self.headers, self.clock())
            except Exception:
                log.exception("an answer could not be read; it passes as it is")
                self.answer = Answer(self.headers)
        return self.answer

    def pieces(self, chunks: Iterator[bytes], sized: bool) -> Generator[bytes, None, None]:
        """The body as it leaves; the first piece, maybe empty, comes when the head is decided."""
        first = next(chunks, None)
        answer = self.decided()
        page, coding = answer.page, answer.coding
        if page is None:
            self._tell(answer.headers)
            yield b"" if first is None else first
            yield from chunks
            return
        length = next((v for n, v in self.headers if n.lower() == "content-length"), "")
        if not self.told and (sized or first is None or length == str(len(first))):
            data = first or b""
            data = page.whole(coding.decode(data) if coding else data)
            data = coding.encode(data, True) if coding else data
            self._tell([*answer.headers, ("Content-Length", str(len(data)))])
            yield data
            return
        self._tell(answer.headers)
        yield b""
        while first is not None:
            if piece := _through(answer, page, first):
                yield piece
            first = next(chunks, None)
        yield coding.encode(page.close(), True) if coding else page.close()

    def _tell(self, headers: Headers) -> None:
        if not self.told:
            self.told = True
            more = (self.exc_info,) if self.exc_info else ()
            self.write = self.tell(self.status, headers, *more)

    def _written(self, data: bytes) -> None:
        """The old way to send, which an application may still use before it returns."""
        answer = self.decided()
        self._tell(answer.headers)
        if self.write is not None:
            self.write(data if answer.page is None else _through(answer, answer.page, data))


def _through(answer: Answer, page: Page, data: bytes) -> bytes:
    if answer.coding is None:
        return page.feed(data)
    return answer.coding.encode(page.feed(answer.coding.decode(data)), False)


class _Body:
    """Closes what the application returned, as PEP 3333 asks. The server is told of the answer
    before it gets this, because some take the head as it stands then."""

    def __init__(self, run: _Run, result: Iterable[bytes]) -> None:
        self.result = result
        sized = isinstance(result, list | tuple) and len(result) == 1
        self.pieces = run.pieces(iter(result), sized)
        try:
            self.first = next(self.pieces)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        if self.first:
            yield self.first
        yield from self.pieces

    def close(self) -> None:
        self.pieces.close()
        if hasattr(self.result, "close"):
            self.result.close()
