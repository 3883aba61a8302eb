"""Which addresses may be scanned from the admin, and with what limits (SECURITY: a scanner must not
be a way to reach, or to bother, anybody else's machine)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .. import ownership
from ..config import Config
from ..sites import LOOPBACK, Site
from .book import check_url

LIMITS: dict[str, Any] = {"pages": 20, "seconds": 300.0, "bytes": 200_000_000, "delay": 1.0}


def options(site: Site, url: str, config: Config, at: datetime) -> dict[str, Any]:
    """What a scan of `url` may do, as `crawl.Options` reads it.

    Raises Invalid with `url`, Forbidden `not_proven` where nobody has shown that its host is the
    owner's. The demo's own pages on this very server need no proof, under DEMO=1 alone.
    """
    check_url(site, url)
    if is_demo(site, url, config):
        return {**LIMITS, "allow_private": True, "pages": 5, "delay": 0.2}
    ownership.check(site, host_of(url), at)
    return {**LIMITS, "strict": True, "contact": contact(config)}


def host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def is_demo(site: Site, url: str, config: Config) -> bool:
    """A page of the demo of this site, on this server."""
    if not (config.demo and site.decided_for_demo):
        return False
    asked, own = urlsplit(url), urlsplit(config.base_url)
    named = asked.hostname == own.hostname or (
        asked.hostname in LOOPBACK and own.hostname in LOOPBACK
    )
    try:
        same = named and asked.scheme == own.scheme and asked.port == own.port
    except ValueError:
        return False
    plain = not ({".", ".."} & set(asked.path.split("/"))) and "%" not in asked.path
    return same and plain and asked.path.startswith(f"/demo/{site.key}/")


def contact(config: Config) -> str:
    """Whom a website's owner may write to about our visits: what stands in the user agent."""
    return config.mail_from or config.base_url
