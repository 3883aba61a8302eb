"""What the policy says against what the site does: its inventory, and what a scan saw.

An inventory is a list of {name, match, kind, party, category, duration}; a scan is the JSON of
findings.Scan: passes with things and requests. Only what the policy leaves out or says otherwise is
reported; values of cookies are in neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..facts import Source, Tracker
from ..words import seconds
from .found import Case, Hit
from .promises import EXCEPT, NEVER_SHARED

Row = Mapping[str, Any]
STORED = ("cookie", "local_storage", "session_storage", "indexed_db", "indexeddb")
SLACK = 1.05  # a cookie set a moment later than it is seen, months of 30 days
MOST = 12  # names in one sentence


@dataclass(frozen=True)
class Real:
    """One thing the site has: declared in its inventory or seen by a scan."""

    name: str
    prefix: bool
    party: str | None
    category: str | None
    life: int | None
    host: str = ""


def hits(case: Case, inventory: Sequence[Row] | None, scan: Row | None) -> Iterator[Hit]:
    declared = list(_declared(inventory or ()))
    seen = list(_seen(scan)) if scan else []
    yield from _undeclared(case, [*declared, *seen])
    yield from _longer(case, [*seen, *declared])
    yield from _otherwise(case, declared)
    if scan and _accepted(scan):
        yield from _gone(case, seen)
    yield from _others(case, [*declared, *seen], scan)


def _declared(rows: Iterable[Row]) -> Iterator[Real]:
    for row in rows:
        if row.get("name"):
            duration = row.get("duration")
            life = seconds(duration) if isinstance(duration, Mapping) else None
            yield Real(
                str(row["name"]),
                row.get("match") == "prefix",
                row.get("party"),
                row.get("category"),
                life,
            )


def _seen(scan: Row) -> Iterator[Real]:
    known: set[tuple[str, str]] = set()
    for one in scan.get("passes") or ():
        for thing in one.get("things") or ():
            key = (str(thing.get("name")), str(thing.get("domain")))
            if key in known or thing.get("kind", "cookie") not in STORED or not thing.get("name"):
                continue
            known.add(key)
            life = thing.get("lifetime")
            yield Real(key[0], False, thing.get("party"), None, int(life) if life else None, key[1])


def _accepted(scan: Row) -> bool:
    """Whether the scan saw the site after an accept, or a site that asks nothing."""
    names = {one.get("name") for one in scan.get("passes") or () if one.get("ran", True)}
    return "accept" in names or (names <= {None, "none"} and scan.get("banner", "none") == "none")


def _matches(tracker: Tracker, real: Real) -> bool:
    """In any letter case, as policies spell them; a pattern on either side counts."""
    said, has = str(tracker.name).casefold(), real.name.casefold()
    if said.endswith("*"):
        return has.startswith(said[:-1])
    return said == has or (real.prefix and said.startswith(has))


def _undeclared(case: Case, real: list[Real]) -> Iterator[Hit]:
    text = case.document.text
    missing = [
        one.name + ("*" if one.prefix else "")
        for one in real
        if one.name not in text and not any(_matches(t, one) for t in case.named)
    ]
    if names := list(dict.fromkeys(missing)):
        yield Hit("UNDECLARED-COOKIE", case.cookie_place, values={"names": _shown(names)})


def _gone(case: Case, seen: list[Real]) -> Iterator[Hit]:
    for tracker in case.named:
        if not any(_matches(tracker, one) for one in seen):
            at = tracker.facts.sources["name"]
            yield Hit("DECLARED-NOT-SEEN", at, values={"names": str(tracker.name)})


def _longer(case: Case, real: list[Real]) -> Iterator[Hit]:
    for tracker in case.named:
        said = tracker.get("duration")
        limit = 0 if said == "session" else seconds(said) if isinstance(said, dict) else None
        if limit is None:
            continue
        if any(_matches(tracker, one) and (one.life or 0) > limit * SLACK for one in real):
            at = tracker.facts.sources["duration"]
            yield Hit("LIFETIME-CONFLICT", at, values={"names": str(tracker.name)})


def _otherwise(case: Case, declared: list[Real]) -> Iterator[Hit]:
    for tracker in case.named:
        said = tracker.get("category")
        other = next((one.category for one in declared if _matches(tracker, one)), None)
        if said and other and said != other:
            at = tracker.facts.sources["category"]
            values = {"names": str(tracker.name), "what": f"{said} / {other}"}
            yield Hit("CATEGORY-CONFLICT", at, values=values)


def _others(case: Case, real: list[Real], scan: Row | None) -> Iterator[Hit]:
    """An absolute promise against third parties that the site has."""
    hosts = [one.host or one.name for one in real if one.party == "third"]
    for one in (scan or {}).get("passes") or ():
        hosts += [
            str(r.get("host")) for r in one.get("requests") or () if r.get("party") == "third"
        ]
    if not hosts:
        return
    for sentence in case.matching(NEVER_SHARED):
        if not EXCEPT.search(sentence.flat):
            at = Source(sentence.line, sentence.text)
            yield Hit(
                "THIRD-PARTY-CONFLICT", at, values={"names": _shown(list(dict.fromkeys(hosts)))}
            )
            return


def _shown(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (" …" if len(names) > MOST else "")
