"""The scanner of a running server: what the settings make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from . import catalogue, classify, egress, findings, mail, notices, ownership, scans, webhooks
from .findings import Scan as Seen
from .parts import Parts
from .scans import Scan, Scanner
from .sites import Site

PROOFS = 5  # looked at again in one go


def scanner(known: Parts) -> Scanner:
    """One for the process; what runs elsewhere on the same database is seen in the database."""
    config = known.config

    def may(site: Site, url: str, at: datetime) -> Mapping[str, Any]:
        return scans.options(site, url, config, at)

    get = ownership.getter(f"Crumbtrail (+{config.base_url})")

    def prove(at: datetime) -> None:
        for site, host in ownership.due(at)[:PROOFS]:
            ownership.look(site, host, "scans", at, egress.txt, get)

    def link(site: Site, scan: Scan) -> str:
        return f"{config.base_url}/admin/sites/{site.key}/scans/{scan.id}"

    return Scanner(
        folder=config.instance_path / "scans",
        may=may,
        judge=judge,
        link=link,
        send=webhooks.poster(config.alerts_private),
        mail=mail.mailer(config.smtp_url, config.mail_from),
        prove=prove,
    )


def judge(site: Site, seen: Seen) -> Sequence[dict[str, Any]]:
    """The findings against what visitors are told: the notice in force, where there is one."""
    shown = notices.latest(site)
    declared = findings.read(shown.content) if shown else None
    proposes = partial(classify.propose, catalogue=catalogue.known(site))
    found = findings.judge(seen, declared, proposes=proposes)
    return [findings.finding_to_json(one) for one in found]
