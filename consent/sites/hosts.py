"""Which hosts and origins belong to a site."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from .table import LOOPBACK, Site

LONGEST = len("https://") + 253 + len(":65535")  # characters of an origin (RFC 1035, 2.3.4)


def origin_kind(site: Site, origin: str | None, own_origins: tuple[str, ...]) -> str | None:
    """'real', 'test' or None (refused) for an Origin header.

    Hosts match exactly, or below an explicit `*.` entry, in any letter case. `own_origins` are
    whole origins that also count as real (the demo's own server).
    """
    if not origin or origin == "null" or len(origin) > LONGEST:
        return None
    return _kind(origin, tuple(site.origins), tuple(site.preview_hosts), own_origins)


@lru_cache(maxsize=1024)  # every choice asks, and the pages of a site are of few origins
def _kind(
    origin: str,
    origins: tuple[str, ...],
    preview_hosts: tuple[str, ...],
    own_origins: tuple[str, ...],
) -> str | None:
    if origin.lower() in own_origins:
        return "real"
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        return None
    hosts = (parts.netloc, parts.hostname)
    if any(host_matches(host, entry) for host in hosts for entry in origins):
        return "real"
    if parts.netloc.rsplit(":", 1)[0] in LOOPBACK or parts.netloc in LOOPBACK:
        return "test"
    if any(host_matches(host, entry) for host in hosts for entry in preview_hosts):
        return "test"
    return None


def covers(site: Site, host: str) -> bool:
    """Whether a host, in lower case and without a port, is among the site's origins or below an
    explicit `*.` one."""
    return any(host_matches(host, entry.rsplit(":", 1)[0]) for entry in site.origins)


@lru_cache(maxsize=64)
def same_site(own: str, page: str, cookie_domain: str | None) -> bool:
    """Whether a cookie that `own` sets by HTTP is one that scripts of `page` would share.

    Both are origins; ports do not count, because cookies ignore them. The owner declared
    `cookie_domain`, so no list of public suffixes is asked. The script has the same rule
    (`sameSite` in verdict.js).
    """
    try:
        ours, theirs = urlsplit(own.lower()), urlsplit(page.lower())
    except ValueError:
        return False
    if ours.scheme != theirs.scheme or not ours.hostname or not theirs.hostname:
        return False
    if cookie_domain:
        return all(within(host, cookie_domain) for host in (ours.hostname, theirs.hostname))
    return ours.hostname == theirs.hostname


def host_matches(host: str, entry: str) -> bool:
    entry = entry.lower()
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry


def within(host: str, domain: str) -> bool:
    host = host.removeprefix("*.").rsplit(":", 1)[0]
    return host == domain or host.endswith("." + domain)


def bare(origin: str) -> str:
    """`https://Example.com/` as people paste it, as the host it names."""
    return re.sub(r"^https?://", "", origin.strip().lower()).rstrip("/")
