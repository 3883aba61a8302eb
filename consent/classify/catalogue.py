"""Our own list: read from `data/catalogue/`, and asked by name, pattern and host.

The form of the files is told at the head of `data/catalogue/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

from .facts import UNKNOWN, Decision, Entry, Imported, ServiceFact
from .foreign import Database
from .hosts import found, under
from .names import Match, Names

KINDS = {"local": "local_storage", "session": "session_storage", "indexeddb": "indexeddb"}
PARTIES = ("first", "third", "both")
GIVEN = ("necessary", "preferences", "statistics", "marketing")
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
SHORT = 3  # as many characters or fewer, and a prefix says nothing without a domain


class Malformed(ValueError):
    """A line of the catalogue that is not of its form."""


@dataclass(frozen=True)
class Catalogue:
    """What is known: our list, and beside it what an owner decided and what was imported."""

    services: tuple[ServiceFact, ...]
    entries: tuple[Entry, ...]
    decisions: tuple[Decision, ...] = ()
    database: Database = field(default_factory=lambda: Database(()))
    public: Mapping[str, str] = field(default_factory=dict, repr=False)

    _hosts: dict[str, ServiceFact] = field(init=False, repr=False, compare=False)
    _names: Names = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hosts = {host: service for service in self.services for host in service.hosts}
        object.__setattr__(self, "_hosts", hosts)
        object.__setattr__(self, "_names", Names(self.entries))

    def service_at(self, place: str) -> ServiceFact | None:
        """The service that an address or a cookie's domain belongs to."""
        return found(place, self._hosts)

    def public_at(self, place: str) -> str:
        """What the public list of hosts says of an address or a cookie's domain, or ""."""
        return found(place, self.public) or ""

    def service(self, key: str) -> ServiceFact | None:
        return next((one for one in self.services if one.key == key), None)

    def matches(self, name: str) -> Iterator[Match]:
        """Entries that `name` matches, the surest first."""
        return self._names.matches(name)

    def decided(self, name: str) -> Decision | None:
        """The owner's word: exact first, then the longest prefix, then in other letters."""
        for fold in (False, True):
            wanted = name.casefold() if fold else name
            hits = [
                one
                for one in self.decisions
                if one.category and one.category != UNKNOWN and _is(one, wanted, fold)
            ]
            if hits:
                return max(hits, key=lambda one: (one.match == "exact", len(one.name)))
        return None

    def beside(
        self, decisions: Iterable[Decision] = (), imported: Iterable[Imported] = ()
    ) -> Catalogue:
        """The same list with an owner's decisions and the rows of an imported database."""
        database = Database(tuple(imported))
        return replace(self, decisions=tuple(decisions), database=database)


def fits(match: Match, domain: str, script: str, foreign: bool) -> bool:
    """Whether an entry's conditions hold where the thing was seen.

    What is necessary and spelt otherwise is taken for a generic name.
    """
    entry = match.entry
    hosts = entry.service.hosts
    if entry.here and not (under(domain, hosts) or under(script, hosts)):
        return False
    generic = entry.generic or (match.how == "case" and entry.category == "necessary")
    return not (generic and foreign)


@cache
def builtin() -> Catalogue:
    """The list that ships with the product."""
    folder = files("consent") / "data" / "catalogue"
    lists = sorted(one.name for one in folder.iterdir() if one.name.endswith(".txt"))
    own = load((name, (folder / name).read_text("utf-8")) for name in lists)
    lines = (folder / "hosts.csv").read_text("utf-8").splitlines()[1:]
    return replace(own, public=dict(line.split(",") for line in lines))


def load(texts: Iterable[tuple[str, str]]) -> Catalogue:
    """A catalogue of (file, text); raises Malformed with file and line."""
    services: list[ServiceFact] = []
    entries: list[Entry] = []
    for name, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            try:
                _take(line.strip(), services, entries)
            except Malformed as error:
                raise Malformed(f"{name}, line {number}: {error}") from None
    return Catalogue(tuple(services), tuple(entries))


def _take(line: str, services: list[ServiceFact], entries: list[Entry]) -> None:
    if not line or line == "#" or line.startswith("# "):
        return
    if not line.startswith("= ") and not services:
        raise Malformed("a line before the first service")
    if line.startswith("@ "):
        if entries and entries[-1].service is services[-1]:
            raise Malformed("the hosts stand before the names")
        services[-1] = replace(services[-1], hosts=(*services[-1].hosts, *line.split()[1:]))
        return
    parts = [part.strip() for part in line.removeprefix("= ").split(" | ")]
    if len(parts) != 4 or not all(parts):
        raise Malformed("four columns, separated by ' | ', none of them empty")
    if not line.startswith("= "):
        entries.append(_entry(services[-1], parts))
        return
    key, name, provider, category = parts
    if not KEY.fullmatch(key) or category not in GIVEN:
        raise Malformed(f"{key!r} is no key, or {category!r} no category")
    services.append(ServiceFact(key, name, provider, category))


def _entry(service: ServiceFact, parts: list[str]) -> Entry:
    name, where, duration, purpose = parts
    words = where.split()
    known = {*PARTIES, *KINDS, *GIVEN, "here", "generic"}
    if words[0] not in PARTIES or not set(words) <= known:
        raise Malformed(f"{where!r}: a party, then of {', '.join(sorted(known))}")
    return Entry(
        pattern=name,
        service=service,
        category=next((word for word in words if word in GIVEN), service.category),
        party=words[0] if words[0] != "both" else "",
        kind=next((KINDS[word] for word in words if word in KINDS), "cookie"),
        duration="" if duration == "-" else duration,
        purpose=purpose,
        here="here" in words,
        generic="generic" in words,
    )


def _is(decision: Decision, name: str, fold: bool) -> bool:
    said = decision.name.casefold() if fold else decision.name
    return name.startswith(said) if decision.match == "prefix" else name == said
