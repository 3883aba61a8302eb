"""A banner shown to nobody: whose it is, where and how it stands, sealed into an address.

Pure. Whoever has the address sees that banner until its hour is over, and nothing else; a browser
that opens it needs no session, and has none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any

OPEN_S = 3600
SCHEMES = ("", "light", "dark")
LAYERS = (1, 2)


@dataclass(frozen=True)
class Stage:
    """`what` is the digest of a notice or of an answer, or empty for the draft. `place` is a code
    like CA-QC, empty for one that nobody knows; an answer brings its own rules. `layout` stands
    in place of the draft's where somebody tries one. `scheme` is empty for what the browser
    prefers."""

    site: str
    what: str = ""
    place: str = ""
    gpc: bool = False
    language: str = ""
    layer: int = 1
    scheme: str = ""
    layout: dict[str, Any] | None = None


def sealed(told: Stage, key: str, now: float) -> str:
    """Letters for an address, good for OPEN_S seconds from `now` (seconds since 1970)."""
    body = json.dumps([asdict(told), int(now) + OPEN_S], separators=(",", ":")).encode()
    return f"{_text(body)}.{_text(_mac(body, key))}"


def opened(text: str, key: str, now: float) -> Stage:
    """What was sealed; raises ValueError where it was not sealed with this key, or is over."""
    body, _, mac = text.partition(".")
    try:
        data, sent = _bytes(body), _bytes(mac)
    except ValueError:
        raise ValueError("not sealed") from None
    if not hmac.compare_digest(_mac(data, key), sent):
        raise ValueError("not sealed with this key")
    told, until = json.loads(data)
    if now > until:
        raise ValueError("over")
    return Stage(**told)


def site_in(text: str) -> str | None:
    """The site that a sealed address says it is of, whether it was sealed or not: only to ask the
    database that the site is in, which looks at the seal. None where it says nothing."""
    try:
        told, _until = json.loads(_bytes(text.partition(".")[0]))
        site = told["site"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return site if isinstance(site, str) else None


def _mac(body: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), b"crumbtrail/stage/v1\x00" + body, hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
