"""The scanner of a running server: what the settings make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import scans
from .findings import Scan as Seen
from .parts import Parts
from .scans import Scan, Scanner
from .sites import Site


def scanner(known: Parts) -> Scanner:
    """One for the process; what runs elsewhere on the same database is seen in the database."""
    config = known.config

    def may(site: Site, url: str) -> Mapping[str, Any]:
        return scans.options(site, url, config, scans.proven)

    def link(site: Site, scan: Scan) -> str:
        return f"{config.base_url}/admin/sites/{site.key}/scans/{scan.id}"

    return Scanner(
        folder=config.instance_path / "scans",
        may=may,
        judge=judge,
        link=link,
        send=scans.poster(config.alerts_private),
        mail=scans.mailer(config.smtp_url, config.mail_from),
    )


def judge(site: Site, seen: Seen) -> Sequence[dict[str, Any]]:
    return []
