"""Content-Security-Policy: room for our two elements, and for nothing else (CSP Level 3). Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from urllib.parse import urlsplit

NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'")
HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_=-]+'")
SCRIPT = ("script-src-elem", "script-src", "default-src")
CONNECT = ("connect-src", "default-src")

Policy = dict[str, list[str]]


def parse(text: str) -> Policy:
    """Directives in order; of two with one name the first counts."""
    found: Policy = {}
    for part in text.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:])
    return found


def nonce(headers: list[str]) -> str | None:
    """The page's nonce: the first one that an enforced policy gives to scripts."""
    for text in headers:
        for one in text.split(","):
            policy = parse(one)
            name = _first(policy, SCRIPT)
            if name and (found := NONCE.search(" ".join(policy[name]))):
                return found[1]
    return None


def opened(text: str, stub: str, server: str, own_nonce: str | None) -> str:
    """A header's policies with our stub and our server allowed; untouched where they are."""
    return ", ".join(_opened(one.strip(), stub, server, own_nonce) for one in text.split(","))


def stub_hash(stub: str) -> str:
    digest = hashlib.sha256(stub.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def trusted_types(headers: list[str]) -> bool:
    """Whether scripts may not be given an address by script."""
    return any("require-trusted-types-for" in text.lower() for text in headers)


def _opened(text: str, stub: str, server: str, own_nonce: str | None) -> str:
    policy = parse(text)
    more: list[tuple[str, list[str]]] = []
    script, connect = _first(policy, SCRIPT), _first(policy, CONNECT)
    where = _origin(server)
    if script:
        more.append((script, _script(policy[script], stub, where, own_nonce)))
    if connect:
        more.append((connect, [] if _allows(policy[connect], where) else [where]))
    if not any(words for _, words in more):
        return text
    return _written(policy, more)


def _script(words: list[str], stub: str, where: str, own_nonce: str | None) -> list[str]:
    if own_nonce and f"'nonce-{own_nonce}'" in words:
        return []
    # A hash would switch 'unsafe-inline' off, and with it the page's own inline scripts.
    free = "'unsafe-inline'" in words and not any(
        NONCE.fullmatch(word) or HASH.fullmatch(word) or word == "'strict-dynamic'"
        for word in words
    )
    wanted = [] if free or not stub or stub_hash(stub) in words else [stub_hash(stub)]
    return wanted if _allows(words, where) else [*wanted, where]


def _written(policy: Policy, more: list[tuple[str, list[str]]]) -> str:
    """`default-src` is copied before it is widened: only scripts and connections are."""
    out = {name: list(words) for name, words in policy.items()}
    for (name, words), own in zip(more, ("script-src", "connect-src"), strict=False):
        if not words:
            continue
        target = own if name == "default-src" else name
        base = [word for word in policy[name] if word.lower() != "'none'"]
        out[target] = [*base, *words]
    return "; ".join(" ".join([name, *words]) for name, words in out.items())


def _first(policy: Policy, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in policy), None)


def _origin(server: str) -> str:
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"


def _allows(words: list[str], where: str) -> bool:
    scheme = where.partition("//")[0]
    return where in words or "*" in words or scheme in words
