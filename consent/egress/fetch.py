"""One document from a stranger's server, through the guard: robots.txt, a sitemap, a proof."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from ..saying import say
from .addresses import SENTENCES
from .guard import Guard

REDIRECTS = (301, 302, 303, 307, 308)


class Unreachable(Exception):
    """Nothing was had. `why` is a key of addresses.SENTENCES, or one of those below."""

    def __init__(self, why: str) -> None:
        super().__init__(SENTENCES.get(why) or _MORE[why])
        self.why = why


_MORE = {
    "redirects": say("The address leads on too many times."),
    "long": say("The document is longer than it may be."),
    "slow": say("The document took longer than it may."),
    "tls": say("The connection could not be made safe: the certificate does not fit."),
    "dns": say("The DNS did not answer."),
    "broken": say("The answer was not understood."),
}


@dataclass(frozen=True)
class Fetched:
    """`url` is where the redirects led; header names are in lower case."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


def fetch(
    guard: Guard,
    url: str,
    *,
    agent: str,
    bytes_max: int = 1024 * 1024,
    seconds: float = 20.0,
    redirects: int = 5,
) -> Fetched:
    """GET `url`, each redirect through the guard again; raises Unreachable."""
    ends = time.monotonic() + seconds
    for _ in range(redirects + 1):
        got = _once(guard, url, agent, bytes_max, ends)
        if got.status not in REDIRECTS or "location" not in got.headers:
            return got
        url = urljoin(url, got.headers["location"])
    raise Unreachable("redirects")


def _once(guard: Guard, url: str, agent: str, bytes_max: int, ends: float) -> Fetched:
    host, port, https, path = _parts(url)
    left = max(0.1, ends - time.monotonic())
    # No library that knows a proxy from the environment: nothing leads around the guard.
    spoken = socket.create_connection(("127.0.0.1", guard.port), timeout=left)
    # Each read has `left` seconds; what comes letter by letter is cut off here.
    cut = threading.Timer(left, _cut, (spoken,))
    cut.start()
    try:
        if https:
            spoken = _tunnelled(spoken, host, port)
        return _asked(spoken, url, path if https else url, agent, bytes_max, ends)
    except ssl.SSLError:
        raise Unreachable("slow" if time.monotonic() > ends else "tls") from None
    except TimeoutError:
        raise Unreachable("slow") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unreachable("slow" if time.monotonic() > ends else "broken") from None
    finally:
        cut.cancel()
        spoken.close()


def _cut(spoken: socket.socket) -> None:
    try:
        spoken.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has just ended by itself


def _parts(url: str) -> tuple[str, int, bool, str]:
    """Host (in brackets where it has colons), port, whether https, path with query."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("spelling") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable("scheme")
    if not url.isascii() or any(sign <= " " for sign in url) or "@" in parts.netloc:
        raise Unreachable("spelling")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    https = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or (443 if https else 80), https, path


def _tunnelled(spoken: socket.socket, host: str, port: int) -> socket.socket:
    """TLS with the host, its certificate checked, through a CONNECT; raises Unreachable."""
    name = f"{host}:{port}"
    spoken.sendall(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:  # no byte follows a 200 before we speak
        piece = spoken.recv(4096)
        if not piece:
            raise Unreachable("unreachable")
        head += piece
    if not head.startswith(b"HTTP/1.1 200"):
        raise Unreachable(_reason(head.decode("latin-1").partition("Refused: ")[2].split("\r")[0]))
    return ssl.create_default_context().wrap_socket(spoken, server_hostname=host.strip("[]"))


def _asked(
    spoken: socket.socket, url: str, target: str, agent: str, bytes_max: int, ends: float
) -> Fetched:
    connection = http.client.HTTPConnection("127.0.0.1")
    connection.sock = spoken
    headers = {"Host": urlsplit(url).netloc, "User-Agent": agent, "Connection": "close"}
    connection.request("GET", target, headers=headers)
    with connection.getresponse() as reply:
        got = {name.lower(): value for name, value in reply.getheaders()}
        if why := got.get("x-crumbtrail-refused"):
            raise Unreachable(_reason(why))
        return Fetched(url, reply.status, got, _body(reply, bytes_max, ends))


def _reason(why: str) -> str:
    return why if why in SENTENCES else "broken"


def _body(reply: http.client.HTTPResponse, bytes_max: int, ends: float) -> bytes:
    pieces: list[bytes] = []
    had = 0
    while piece := reply.read1(64 * 1024):
        pieces.append(piece)
        had += len(piece)
        if had > bytes_max:
            raise Unreachable("long")
        if time.monotonic() > ends:
            raise Unreachable("slow")
    if time.monotonic() > ends or reply.length:  # cut off: by us, or by a limit of the guard
        raise Unreachable("slow" if time.monotonic() > ends else "broken")
    return b"".join(pieces)
