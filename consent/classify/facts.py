"""The shapes that go in and out."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "unknown"
CATEGORIES = ("necessary", "preferences", "statistics", "marketing", UNKNOWN)
TRACKING = ("statistics", "marketing")


@dataclass(frozen=True)
class Seen:
    """One thing that was seen or declared; what is not known stays empty."""

    name: str
    domain: str = ""
    kind: str = "cookie"
    party: str = ""
    script: str = ""


@dataclass(frozen=True)
class Proposal:
    """What we take a thing for. Only `necessary` needs no consent; `confidence` is 0 to 1."""

    category: str
    needs_consent: bool
    confidence: float
    reason: str
    service: str = ""
    service_name: str = ""
    provider: str = ""
    purpose: str = ""
    duration: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class ServiceFact:
    """A tool, its usual category, and the hosts its scripts and cookies come from.

    A host stands for all names below it; `host/path` for what lies below that path."""

    key: str
    name: str
    provider: str
    category: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One name or pattern (`*` is any run of characters) of our own list.

    `here`: the name says nothing by itself and counts only on the service's hosts. `generic`: many
    programs use the name, so it counts only where nothing points at another company.
    """

    pattern: str
    service: ServiceFact
    category: str
    party: str
    kind: str
    duration: str
    purpose: str
    here: bool = False
    generic: bool = False


@dataclass(frozen=True)
class Decision:
    """What the owner's inventory says of a name; `match` as the inventory has it."""

    name: str
    category: str
    match: str = "exact"
    kind: str = "cookie"
    service: str = ""


@dataclass(frozen=True)
class Imported:
    """A row of a database that was imported; `category` is theirs, as they spell it."""

    id: str
    name: str
    prefix: bool
    domain: str
    platform: str
    provider: str
    category: str
    purpose: str
    duration: str
