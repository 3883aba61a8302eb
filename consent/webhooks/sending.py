"""The one way out for webhooks and for the alerts of scans: a POST through the guard."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..egress import Guard, Policy
from ..saying import say

SECONDS = 15.0
SMALL = 1024  # bytes of the answer that are read; nothing is done with them


@dataclass(frozen=True)
class Post:
    """What is to be sent: the address, the headers and the body."""

    url: str
    headers: dict[str, str]
    body: bytes


Send = Callable[[Post], object]  # raises OSError where it did not arrive


class Answered(OSError):
    """The receiver answered, and not with a 2xx; a redirect is no receipt and is not followed."""

    def __init__(self, status: int) -> None:
        super().__init__(say("It answered %(status)s.", status=status))
        self.status = status


def poster(private: bool, seconds: float = SECONDS) -> Callable[[Post], int]:
    """Sends and answers the status. Whoever runs the server says whether a webhook may stand on a
    private network; it is the owner of a site who types its address."""
    policy = Policy(private=private, seconds_max=seconds * 2, bytes_max=1024 * 1024)

    def send(post: Post) -> int:
        with Guard(policy) as guard:
            return _post(guard, post, seconds)

    return send


def _post(guard: Guard, post: Post, seconds: float) -> int:
    parts = urlsplit(post.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    over: http.client.HTTPConnection
    if parts.scheme == "https":
        secure = ssl.create_default_context()
        over = http.client.HTTPSConnection("127.0.0.1", guard.port, timeout=seconds, context=secure)
        over.set_tunnel(parts.hostname or "", parts.port or 443)
    else:
        over = http.client.HTTPConnection("127.0.0.1", guard.port, timeout=seconds)
        path = post.url
    try:
        headers = {**post.headers, "user-agent": "Crumbtrail", "connection": "close"}
        over.request("POST", path, post.body, headers)
        reply = over.getresponse()
        reply.read(SMALL)
    except http.client.HTTPException as error:
        raise OSError(
            say("The answer was not understood: %(name)s.", name=type(error).__name__)
        ) from None
    finally:
        over.close()
    if guard.refused:
        raise OSError(say("The address leads to where nothing may be sent."))
    if not 200 <= reply.status < 300:
        raise Answered(reply.status)
    return reply.status
