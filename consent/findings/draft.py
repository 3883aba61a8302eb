"""An inventory drafted from a scan: what a person then looks through.

Nothing is decided here: each row is a proposal. What the catalogue does not know stays without a
category, which means held once it is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ..classify import Proposal, Seen, propose, service_of
from .declared import is_own
from .model import Scan, Thing
from .places import split

KINDS = {
    "cookie": "cookie",
    "local_storage": "local_storage",
    "session_storage": "session_storage",
    "indexed_db": "indexeddb",
}
UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600))
Draft = dict[str, list[dict[str, Any]]]


def drafted(scan: Scan, proposes: Callable[[Seen], Proposal] = propose) -> Draft:
    """`services` and `trackers`, in the inventory's own shape (`inventory.state`)."""
    services: dict[str, dict[str, Any]] = {}
    for host, fact in _asked(scan):
        made = services.setdefault(fact[0], _service(*fact))
        if host not in made["hosts"]:
            made["hosts"].append(host)
    trackers: dict[tuple[str, str], dict[str, Any]] = {}
    for thing in _things(scan):
        row, proposal = _tracker(thing, proposes)
        if proposal.service and proposal.service not in services:
            fact = (proposal.service, proposal.service_name, proposal.provider, row["category"])
            services[proposal.service] = _service(*fact)
        trackers.setdefault((row["name"], row["kind"]), row)
    ordered = sorted(services.values(), key=lambda one: str(one["key"]))
    return {
        "services": ordered,
        "trackers": [trackers[key] for key in sorted(trackers)],
    }


def unknown_hosts(scan: Scan) -> list[str]:
    """Third parties that were asked for something and that the catalogue does not know."""
    known = {host for host, _ in _asked(scan)}
    seen = {r.host for one in scan.passes for r in one.requests if r.party == "third"}
    return sorted(seen - known)


def _asked(scan: Scan) -> Iterable[tuple[str, tuple[str, str, str, str | None]]]:
    for one in scan.passes:
        for request in one.requests:
            fact = service_of(request.url) if request.party == "third" else None
            if fact is not None:
                category = None if fact.category == "unknown" else fact.category
                yield request.host, (fact.key, fact.name, fact.provider, category)


def _things(scan: Scan) -> Iterable[Thing]:
    for one in scan.passes:
        yield from (
            thing
            for thing in one.things
            if thing.kind in KINDS and thing.name and not is_own(thing)
        )


def _service(key: str, name: str, provider: str, category: str | None) -> dict[str, Any]:
    return {
        "key": key,
        "name": name or key,
        "category": category,
        "provider": provider or None,
        "policy_url": None,
        "hosts": [],
    }


def _tracker(thing: Thing, proposes: Callable[[Seen], Proposal]) -> tuple[dict[str, Any], Proposal]:
    cause = thing.cause
    script = cause.url if cause and cause.how in ("script", "response") else ""
    domain = split(thing.domain).hostname or "" if "//" in thing.domain else thing.domain
    proposal = proposes(Seen(thing.name, domain, thing.kind, thing.party, script))
    category = None if proposal.category == "unknown" else proposal.category
    prefix = re.fullmatch(r"([^*]+)\*", proposal.pattern)
    row = {
        "name": prefix[1] if prefix else thing.name,
        "match": "prefix" if prefix else "exact",
        "kind": KINDS[thing.kind],
        "party": thing.party,
        "service": proposal.service or None,
        "category": category,
        "purpose": {"en": proposal.purpose} if proposal.purpose else {},
        "duration": _duration(thing),
        "set_by": (split(script).hostname or None) if script else None,
    }
    if category == "necessary":
        row["reason"] = proposal.reason[:500]
    return row, proposal


def _duration(thing: Thing) -> Any:
    if thing.lifetime is None or thing.lifetime <= 0:
        return "session" if thing.kind in ("cookie", "session_storage") else None
    for unit, size in UNITS:
        if thing.lifetime >= size * 0.97:
            return {"value": max(round(thing.lifetime / size), 1), "unit": unit}
    return {"value": max(thing.lifetime // 60, 1), "unit": "minute"}
