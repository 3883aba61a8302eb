"""One document from a stranger's server, through the guard: robots.txt, a sitemap, a proof."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from .addresses import SENTENCES
from .guard import Guard

REDIRECTS = (301, 302, 303, 307, 308)


class Unreachable(Exception):
    """Nothing was had. `why` is a key of addresses.SENTENCES, or one of those below."""

    def __init__(self, why: str) -> None:
        super().__init__(SENTENCES.get(why) or _MORE[why])
        self.why = why


_MORE = {
    "redirects": "The address leads on too many times.",
    "long": "The document is longer than it may be.",
    "slow": "The document took longer than it may.",
    "tls": "The connection could not be made safe: the certificate does not fit.",
    "broken": "The answer was not understood.",
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
    left = max(0.1, ends - time.monotonic())
    connection, target = _connection(guard, url, left)
    # Each read has `left` seconds; a head that comes letter by letter is cut off here.
    cut = threading.Timer(left, _cut, (connection,))
    cut.start()
    try:
        connection.request("GET", target, headers={"User-Agent": agent, "Connection": "close"})
        reply = connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        if why := headers.get("x-crumbtrail-refused"):
            raise Unreachable(why if why in SENTENCES else "broken")
        return Fetched(url, reply.status, headers, _body(reply, bytes_max, ends))
    except ssl.SSLError:
        raise Unreachable("tls") from None
    except TimeoutError:
        raise Unreachable("slow") from None
    except OSError as error:
        late = time.monotonic() > ends
        raise Unreachable("slow" if late else _of_tunnel(guard, url, error)) from None
    except (http.client.HTTPException, ValueError):
        raise Unreachable("slow" if time.monotonic() > ends else "broken") from None
    finally:
        cut.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has just ended by itself


def _connection(guard: Guard, url: str, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the guard, and what to ask it for. http.client knows no proxy settings of
    the environment, so nothing can lead around the guard."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreachable("spelling") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable("scheme")
    if not url.isascii() or any(sign <= " " for sign in url) or "@" in parts.netloc:
        raise Unreachable("spelling")
    if parts.scheme == "http":
        return http.client.HTTPConnection("127.0.0.1", guard.port, timeout=timeout), url
    context = ssl.create_default_context()
    safe = http.client.HTTPSConnection("127.0.0.1", guard.port, timeout=timeout, context=context)
    safe.set_tunnel(parts.hostname, port or 443)
    return safe, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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
    return b"".join(pieces)


def _of_tunnel(guard: Guard, url: str, error: OSError) -> str:
    """A refused CONNECT reaches http.client as its status alone; the guard noted the reason."""
    host = (urlsplit(url).hostname or "").lower()
    for refused in reversed(guard.refused):
        if "unnel" in str(error) and refused.host.strip("[]").lower() == host:
            return refused.why
    return "unreachable"
