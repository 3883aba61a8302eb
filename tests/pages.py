"""A website of somebody else's: a few pages served from its own port, so that it stays up when
Crumbtrail is down, and can be told to hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Website:
    """`put` a page, open `url` + its path, look at `asked`: the paths that were asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.other_origin = f"http://localhost:{port}"
        self.pages: dict[str, tuple[str, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []
        self.times: list[float] = []  # of each, monotonic seconds

    def put(
        self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", **headers: str
    ) -> str:
        """Serve `body` at `path`; returns the whole address."""
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = (kind, content, headers)
        return self.url + path


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    """A server on a port of this machine, until the block ends; whoever is late gets no answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def website() -> Iterator[Website]:
    """Serve until the block ends."""
    with listening(_Handler) as server:
        site = Website(server.server_port)
        _Handler.sites[site.port] = site
        yield site
        del _Handler.sites[site.port]


class _Handler(BaseHTTPRequestHandler):
    sites: dict[int, Website] = {}

    def do_GET(self) -> None:
        site = self.sites[self.server.server_port]  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        site.asked.append(path)
        site.times.append(time.monotonic())
        kind, body, headers = site.pages.get(path, ("text/plain", b"no such page", {}))
        self.send_response(200 if path in site.pages else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing: pytest shows what matters."""
