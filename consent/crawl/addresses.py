"""Addresses as a scan keeps them, and whose they are."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin, urlsplit, urlunsplit

LONGEST = 300
# Second labels under which countries sell names. Chromium's own list decides where a request was
# seen; this one serves for what no request was seen of.
SECOND = frozenset("ac co com edu gov net org gob gouv nom ne or go asso".split())
FRAME = re.compile(r"((?:https?|blob:https?|wss?)://[^\s()]+?):(\d+):\d+\)?\s*$")
OURS = ("crumbtrail-watch.js", "/consent.js")


def strip(url: str) -> str:
    """Without query, fragment and user, cut to LONGEST; `data:` and `blob:` keep their scheme."""
    if url.startswith("data:"):
        return "data:"
    try:
        parts = urlsplit(url.removeprefix("blob:"))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
    return (f"blob:{bare}" if url.startswith("blob:") else bare)[:LONGEST]


def storable(text: str) -> str:
    """Half a character, which JavaScript allows in a text, can be stored and printed nowhere, and
    a NUL in no text of PostgreSQL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def host_of(url: str) -> str:
    """In lower case, without port; empty where there is none."""
    try:
        return (urlsplit(url.removeprefix("blob:")).hostname or "").rstrip(".")
    except ValueError:
        return ""


def site_of(host: str) -> str:
    """The registrable part of a host, as far as it can be told without the public suffix list."""
    labels = host.split(".")
    if _is_address(host) or len(labels) < 2:
        return host
    kept = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND else 2
    return ".".join(labels[-kept:])


def same_host(one: str, other: str) -> bool:
    """The same host, but for `www.`."""
    return one.removeprefix("www.") == other.removeprefix("www.")


def page_of(base: str, href: str) -> str | None:
    """The page a link leads to, without fragment; None for what is no page of the same site."""
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        there, here = parts.hostname or "", urlsplit(base)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not same_host(there, here.hostname or ""):
        return None
    if not href.isprintable() or port != here.port or re.search(NO_PAGE, parts.path, re.IGNORECASE):
        return None
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))


NO_PAGE = (
    r"\.(pdf|zip|gz|tgz|rar|7z|exe|dmg|pkg|deb|rpm|apk|iso|jpe?g|png|gif|webp|avif|svg|ico|mp[34]|"
    r"webm|mov|avi|ogg|wav|css|js|json|xml|rss|atom|woff2?|ttf|docx?|xlsx?|pptx?|odt|csv|ics)$"
    r"|/(logout|log-out|signout|sign-out|wyloguj|deconnexion|abmelden)\b"
)


def frames(stack: str) -> list[tuple[str, int]]:
    """The scripts of a V8 stack, innermost first, without ours."""
    found = []
    for line in stack.splitlines():
        match = FRAME.search(line)
        if match and not any(name in match[1] for name in OURS):
            found.append((match[1], int(match[2])))
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
