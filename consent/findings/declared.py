"""The published inventory as a scan is compared with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Request, Thing

# Seconds; a month and a year as the inventory's readers understand them.
UNITS = {"minute": 60, "hour": 3600, "day": 86400, "month": 31 * 86400, "year": 366 * 86400}
SESSION = 0
KINDS = {"indexeddb": "indexed_db"}
OWN = ("crumbtrail", "crumbtrail_visitor")  # written by our script; a name may go on after a dot


@dataclass(frozen=True)
class Declared:
    """One row. `name` None matches nothing; `kind` "service" stands for a service's `hosts`.
    `lifetime` in seconds, SESSION, or None where it is not stated."""

    name: str | None
    pattern: str = "exact"  # or prefix
    kind: str = "cookie"
    party: str | None = None
    category: str | None = None
    service: str = ""
    service_name: str = ""
    lifetime: int | None = None
    hosts: tuple[str, ...] = ()

    def covers(self, thing: Thing) -> bool:
        """Names are compared without regard to case: policies spell them as they like."""
        if self.name is None or KINDS.get(self.kind, self.kind) != thing.kind:
            return False
        said, seen = self.name.casefold(), thing.name.casefold()
        return seen.startswith(said.rstrip("*")) if self.pattern == "prefix" else seen == said

    def serves(self, request: Request) -> bool:
        path = request.url.split("://", 1)[-1].partition("/")[2]
        return any(_hosted(host.lower(), request.host, f"/{path}") for host in self.hosts)


def read(data: Mapping[str, Any]) -> list[Declared]:
    """The rows of a published notice, or of an inventory's state: `services` and `trackers`.

    Raises ValueError where neither is there, or one has another shape.
    """
    data = data.get("inventory", data)  # a site's file holds it under that name
    services, trackers = data.get("services"), data.get("trackers")
    if services is None and trackers is None:
        raise ValueError("an inventory has `services` and `trackers`")
    try:
        known = {str(one.get("key") or one.get("id")): one for one in services or []}
        rows = [_row(one, known) for one in trackers or []]
        rows += [
            Declared(
                None,
                kind="service",
                category=one.get("category"),
                service=key,
                service_name=str(one.get("name") or key),
                hosts=tuple(one.get("hosts") or ()),
            )
            for key, one in known.items()
        ]
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"not an inventory: {error}") from None
    return rows


def match(thing: Thing, declared: Sequence[Declared]) -> Declared | None:
    """The row that covers it: an exact name before the longest prefix."""
    found = [one for one in declared if one.covers(thing)]
    return max(found, key=lambda one: (one.pattern == "exact", len(one.name or "")), default=None)


def served(request: Request, declared: Sequence[Declared]) -> Declared | None:
    return next((one for one in declared if one.kind == "service" and one.serves(request)), None)


def is_own(thing: Thing) -> bool:
    """What Crumbtrail itself keeps: the visitor's choice, which is necessary."""
    name = thing.name
    return name in OWN or name.startswith(("crumbtrail.", "crumbtrail-", "crumbtrail:"))


def seconds(duration: Any) -> int | None:
    if duration == "session":
        return SESSION
    if isinstance(duration, Mapping) and duration.get("unit") in UNITS:
        return int(duration["value"]) * UNITS[duration["unit"]]
    return None


def _row(one: Mapping[str, Any], services: Mapping[str, Mapping[str, Any]]) -> Declared:
    service = str(one.get("service") or "")
    owner = services.get(service, {})
    held = service in services and not owner.get("category")  # unclassified, as its service is
    return Declared(
        one.get("name"),
        str(one.get("match") or "exact"),
        str(one.get("kind") or "cookie"),
        one.get("party"),
        None if held else one.get("category"),
        service,
        str(owner.get("name") or service),
        seconds(one.get("duration")),
    )


def _hosted(said: str, host: str, path: str) -> bool:
    """As the guard reads a rule: `*.` before a host, a path after it."""
    name, slash, rest = said.partition("/")
    name = name.partition(":")[0]
    if name.startswith("*."):
        fits = host == name[2:] or host.endswith(name[1:])
    else:
        fits = host == name
    return fits and (not slash or path.lower().startswith(f"/{rest}".rstrip("*")))
