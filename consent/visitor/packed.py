"""Finished answers: compressed once, named by an ETag, kept by weight, sent as often as asked.

Each is first compressed quickly, so that no visitor waits for it, and as small as it gets when it
is asked for again. What gzip makes of it is kept too, once somebody came who takes no brotli; who
takes neither gets it whole.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache

import brotli
from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from . import shelf

EACH = 1024  # what an answer weighs beside its bodies
BOTH = 2  # times the brotli that was made quickly: what stays of both encodings is no more
QUICK, BEST = 5, 11
WINDOW = 18  # bits: all of a script; a larger one takes megabytes to find nothing more
SAFE = [
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
]
Answer = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body


@dataclass
class Packed:
    """One body and what stands above it; `tag` names the body in every encoding."""

    tag: str
    small: bytes
    kind: str
    caching: str
    vary: str
    best: bool = False  # `small` is as small as it gets, and
    begun: bool = False  # somebody has begun to make it so
    zipped: bytes = b""

    def body(self, encoding: str) -> bytes:
        if encoding == "br":
            return self.small
        whole: bytes = brotli.decompress(self.small)
        if encoding and not self.zipped:
            self.zipped = gzip.compress(whole, compresslevel=9, mtime=0)
        return self.zipped if encoding else whole


def pack(body: bytes, caching: str, vary: str, kind: str = "text/javascript") -> Packed:
    tag = hashlib.sha256(body).hexdigest()[:32]
    return Packed(tag, brotli.compress(body, quality=QUICK, lgwin=WINDOW), kind, caching, vary)


def kept(key: Hashable) -> Packed | None:
    """What was put under that key, smaller from the second time on."""
    found: Packed | None = shelf.shelf("packed").get(key)
    if found is not None and not found.begun:
        found.begun = True
        found.small = brotli.compress(brotli.decompress(found.small), quality=BEST, lgwin=WINDOW)
        found.best = True
    return found


def ready(key: Hashable, accepts: str) -> Packed | None:
    """The same where nothing is left to be compressed for an answer to `accepts`."""
    found: Packed | None = shelf.shelf("packed").get(key)
    if found is None or not found.best:
        return None
    encoding = _encoding(accepts[:256])
    return found if encoding == "br" or (encoding and found.zipped) else None


def keep(key: Hashable, packed: Packed) -> None:
    shelf.shelf("packed").put(key, packed, BOTH * len(packed.small) + EACH)


def answer(packed: Packed, accepts: str, known: str) -> Answer:
    """200 in the encoding that `accepts` (Accept-Encoding) names, or 304 where `known`
    (If-None-Match) holds it."""
    encoding = _encoding(accepts[:256])
    etag = f'"{packed.tag}-{encoding}"' if encoding else f'"{packed.tag}"'
    headers = [
        ("Content-Type", f"{packed.kind}; charset=utf-8" if _text(packed.kind) else packed.kind),
        ("Cache-Control", packed.caching),
        ("Vary", packed.vary),
        ("ETag", etag),
        *SAFE,
    ]
    if known and _holds(known, etag):
        return 304, headers, b""
    if encoding:
        headers.append(("Content-Encoding", encoding))
    return 200, headers, packed.body(encoding)


def whole(made: Answer, beside: list[tuple[str, str]]) -> Answer:
    """What goes over the wire where no framework adds to it; 304 says nothing of a body (RFC 9110,
    15.4.5)."""
    status, headers, body = made
    if status == 304:
        headers = [one for one in headers if not one[0].startswith("Content-")]
    else:
        headers = [*headers, ("Content-Length", str(len(body)))]
    return status, headers + beside, body


def respond(body: bytes, caching: str, vary: str, kind: str = "text/javascript") -> Response:
    """The answer to this request, of a body that is made each time but compressed once."""
    key = (hashlib.sha256(body).digest(), caching, vary, kind)
    found = kept(key)
    if found is None:
        found = pack(body, caching, vary, kind)
        keep(key, found)
    return as_response(
        answer(
            found,
            request.headers.get("Accept-Encoding", ""),
            request.headers.get("If-None-Match", ""),
        )
    )


def as_response(made: Answer) -> Response:
    status, headers, body = made
    return Response(body, status, headers)


@lru_cache(maxsize=1024)
def _encoding(accepts: str) -> str:
    wished: Accept = parse_accept_header(accepts, Accept)
    return next((one for one in ("br", "gzip") if wished[one] > 0), "")


def _holds(known: str, etag: str) -> bool:
    """By the weak comparison (RFC 9110, 13.1.2): quick and small are the same content."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in known.split(","))


def _text(kind: str) -> bool:
    return kind.startswith("text/")
