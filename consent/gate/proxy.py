"""A small reverse proxy: the gate before a server of any kind. One connection a request, bodies in
pieces, both ways."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, urlsplit

from .wsgi import Environ, Gate, Write

TIMEOUT_S = 60.0
PIECE = 64 * 1024
HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding"
    " upgrade proxy-connection".split()
)


class Forward:
    """A WSGI application that asks `upstream` (http or https, no path) for everything. WebSockets
    are not for it; the server in front sends them past."""

    def __init__(self, upstream: str, timeout: float = TIMEOUT_S) -> None:
        parts = urlsplit(upstream)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"an upstream is like http://127.0.0.1:5000, not {upstream!r}")
        self.https, self.host, self.port = parts.scheme == "https", parts.hostname, parts.port
        self.timeout = timeout

    def __call__(self, environ: Environ, start_response: Callable[..., Write]) -> Iterable[bytes]:
        connection = self._connection()
        try:
            connection.request(
                environ["REQUEST_METHOD"], _target(environ), _sent(environ), dict(_headers(environ))
            )
            reply = connection.getresponse()
        except (OSError, http.client.HTTPException):
            connection.close()
            start_response("502 Bad Gateway", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"The server behind this one did not answer.\n"]
        named = {h.strip().lower() for h in (reply.getheader("Connection") or "").split(",")}
        headers = [(n, v) for n, v in reply.getheaders() if n.lower() not in HOP | named]
        start_response(f"{reply.status} {reply.reason or 'Unknown'}", headers)
        return _Reply(connection, reply)

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.https else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=self.timeout)


class _Reply:
    """What has arrived is passed on; nothing waits for a full piece."""

    def __init__(
        self, connection: http.client.HTTPConnection, reply: http.client.HTTPResponse
    ) -> None:
        self.connection, self.reply = connection, reply

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.reply.read1(PIECE):
            yield piece

    def close(self) -> None:
        self.connection.close()


def _target(environ: Environ) -> str:
    """The address as it was asked for, where the server keeps it; else spelled again."""
    query = environ.get("QUERY_STRING")
    path = quote(
        (environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")).encode("latin-1"),
        safe="/:@!$&'()*+,;=~%-._",
    )
    return (path or "/") + (f"?{query}" if query else "")


def _headers(environ: Environ) -> Iterator[tuple[str, str]]:
    named = {h.strip().lower() for h in environ.get("HTTP_CONNECTION", "").split(",")}
    for key, value in environ.items():
        name = key[5:].replace("_", "-") if key.startswith("HTTP_") else ""
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            name = key.replace("_", "-")
        if name and name.lower() not in HOP | named:
            yield name.title(), value
    if "HTTP_ACCEPT_ENCODING" not in environ:
        yield "Accept-Encoding", "identity"
    yield "Connection", "close"


def _sent(environ: Environ) -> Iterable[bytes] | None:
    """The request's body. Without a length there is none: the server in front gives one."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit() or length == "0":
        return None
    return _pieces(environ, int(length))


def _pieces(environ: Environ, left: int) -> Iterator[bytes]:
    while left and (piece := environ["wsgi.input"].read(min(PIECE, left))):
        left -= len(piece)
        yield piece


def from_environment() -> Gate:
    """The proxy that `python -m consent.gate` has described in CRUMBTRAIL_GATE."""
    told = json.loads(os.environ["CRUMBTRAIL_GATE"])
    return Gate(Forward(told.pop("upstream")), **told)
