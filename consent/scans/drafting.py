"""What a scan saw and what a policy says, as proposals for the inventory. Nothing is decided here:
where the classifier is unsure, a proposal has no category, and accepting it keeps it held."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .. import classify, findings, inventory, leaf
from ..classify import Seen
from ..errors import Invalid
from ..findings import Cause, Pass, Request, Scan, Thing
from ..inventory import Tracker
from ..saying import packed, say

# Kinds of things as a scan names them, and as an inventory does.
STORED = {
    "cookie": "cookie",
    "local_storage": "local_storage",
    "session_storage": "session_storage",
    "indexed_db": "indexeddb",
}
SENT = {"script": "script", "frame": "iframe"}  # all else that is sent is a beacon
DAY_S = 86_400
SPANS = (("year", 365), ("month", 30), ("day", 1))
NAME, TEXT = 256, 500
MOST = 500


@dataclass(frozen=True)
class Draft:
    """One proposal before it is queued; the fields are those of rows.Proposal."""

    source: str
    fields: dict[str, Any]
    tracker: int | None = None
    service: dict[str, Any] | None = None
    suggestion: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Equal for equal proposals, whenever they are made: a thing to add is told by its name and
        kind, a change by what it changes too."""
        told = {name: self.fields.get(name) for name in ("name", "match", "kind")}
        if self.tracker is not None or not told["name"]:
            told |= {"tracker": self.tracker, "fields": json.dumps(self.fields, sort_keys=True)}
        return leaf.digest({"source": self.source, **told})


def from_scan(
    scan: Scan, known: Mapping[str, Any], catalogue: classify.Catalogue | None = None
) -> list[Draft]:
    """A draft for each thing that was stored, and each host that was sent to, which the inventory
    does not know; at most MOST. `known` is the inventory as `inventory.state` gives it, `catalogue`
    what the classifier works by, the built-in one where it is None."""
    rows = findings.read(known)
    names = {one["name"] for one in known["trackers"]}
    found: dict[tuple[str, ...], Draft] = {}
    for passed, thing in _things(scan):
        kind = STORED.get(thing.kind)
        if kind is None or not thing.name or findings.is_own(thing) or findings.match(thing, rows):
            continue
        draft = _of_thing(scan, thing, kind, passed, catalogue)
        found.setdefault((kind, str(draft.fields["name"])), draft)
    for passed, request in _requests(scan):
        if findings.served(request, rows) or request.host in names:
            continue
        found.setdefault(("sent", request.host), _of_request(scan, request, passed, catalogue))
    return list(found.values())[:MOST]


def from_policy(
    draft: Mapping[str, Any],
    document: str,
    trackers: Sequence[Tracker],
    language: str,
    catalogue: classify.Catalogue | None = None,
) -> list[Draft]:
    """A draft for each tracker a policy names; for one the inventory has, what the policy adds to
    it. `document` is the name or address of the policy, `language` its language.

    A category is only what the policy itself says; ours stands beside it as a suggestion.
    """
    made = []
    for row in draft.get("trackers", [])[:MOST]:
        one = _of_policy(row, document, language, catalogue)
        same = [t for t in trackers if t.name and _names(t, one.fields["name"] or "", t.kind)]
        same = [t for t in same if t.kind == one.fields["kind"]]
        if not same:
            made.append(one)
        elif more := _missing(same[0], one.fields):
            fields = {"name": same[0].name, "kind": same[0].kind, **more}
            made.append(Draft("policy", fields, same[0].id, None, one.suggestion, one.evidence))
    return made


def _things(scan: Scan) -> Iterator[tuple[Pass, Thing]]:
    return ((one, thing) for one in scan.passes if one.ran for thing in one.things)


def _requests(scan: Scan) -> Iterator[tuple[Pass, Request]]:
    return (
        (one, request)
        for one in scan.passes
        if one.ran
        for request in one.requests
        if request.party == "third"
    )


def _of_thing(
    scan: Scan, thing: Thing, kind: str, passed: Pass, catalogue: classify.Catalogue | None
) -> Draft:
    cause = thing.cause or Cause()
    seen = Seen(thing.name, thing.domain, kind, thing.party, cause.url)
    told = classify.propose(seen, catalogue)
    name, match = _pattern(thing.name, told.pattern)
    fields: dict[str, Any] = {
        "name": name[:NAME],
        "match": match,
        "kind": kind,
        "party": thing.party if thing.party in ("first", "third") else None,
        "category": _category(told.category),
        "purpose": {"en": told.purpose} if told.purpose else {},
        "duration": span(thing.lifetime) if kind == "cookie" else None,
        "service": told.service or None,
        "reason": None,  # why it is necessary is published, so a person writes it
    }
    evidence = {
        "name": thing.name,
        "domain": thing.domain,
        "page": thing.page,
        "lifetime": thing.lifetime,
        "http_only": thing.http_only,
        "partitioned": thing.partitioned,
        "dropped": thing.dropped,
        "passes": _passes(scan, thing.kind, thing.name),
        **_caused(cause, passed),
    }
    return Draft("scan", fields, None, _service(told), _suggestion(told), evidence)


def _of_request(
    scan: Scan, request: Request, passed: Pass, catalogue: classify.Catalogue | None
) -> Draft:
    told = classify.service_of(request.host, catalogue)
    cause = request.cause or Cause()
    category = _category(told.category) if told else None
    reason = say("Nothing is known about this host: held until a person looks.")
    if told:
        reason = say("%(host)s belongs to %(service)s.", host=request.host, service=told.name)
    suggestion: dict[str, Any] = {
        "category": category or "unknown",
        "confidence": 0.8 if category else 0.0,
        "reason": reason,
        "said": {"reason": packed(reason)},
        "service": told.key if told else "",
        "service_name": told.name if told else "",
    }
    made: dict[str, Any] | None = None
    if told is not None:
        # What is sent to a service that only works, such as a shop's payment, is for a person.
        made = {"key": told.key, "name": told.name, "provider": told.provider or None}
        made |= {"category": category, "hosts": list(told.hosts) or [request.host]}
    if category == "necessary":
        suggestion["confidence"] = 0.5
    fields: dict[str, Any] = {
        "name": request.host[:NAME],
        "kind": SENT.get(request.kind, "beacon"),
        "party": "third",
        "category": None if category == "necessary" else category,
        "purpose": {},
        "service": told.key if told else None,
    }
    evidence = {
        "name": request.url,
        "domain": request.host,
        "page": request.page,
        "count": request.count,
        "passes": sorted(
            {one.name for one, other in _requests(scan) if other.host == request.host}
        ),
        **_caused(cause, passed),
    }
    return Draft("scan", fields, None, made, suggestion, evidence)


def _of_policy(
    row: Mapping[str, Any], document: str, language: str, catalogue: classify.Catalogue | None
) -> Draft:
    said = str(row.get("name") or "")
    prefix = row.get("match") == "prefix" or said.endswith("*")
    name = said.removesuffix("*")[:NAME] or None
    purpose = row.get("purpose")
    words = purpose if isinstance(purpose, dict) else {language: purpose} if purpose else {}
    kind = row.get("kind") if row.get("kind") in inventory.KINDS else "cookie"
    seen = Seen(name or "", "", str(kind), str(row.get("party") or ""))
    told = classify.propose(seen, catalogue)
    label = row.get("category_published") or None
    category = row.get("category")
    fields: dict[str, Any] = {
        "name": name,
        "match": "prefix" if prefix else "exact",
        "kind": kind,
        "party": row.get("party") if row.get("party") in ("first", "third") else None,
        "category": _category(str(category or "")),
        "published_label": str(label)[:120] if label else None,
        "purpose": {str(tag): str(text)[:1000] for tag, text in words.items() if text},
        "duration": _stated(row.get("duration")),
        "set_by": str(row["provider"])[:120] if row.get("provider") else None,
        "reason": None,
    }
    sources = row.get("src") or {}
    first: Mapping[str, Any] = sources.get("name") or next(iter(sources.values()), {})
    if fields["category"] == "necessary":
        where = sources.get("category_published") or sources.get("category") or first
        fields["reason"] = f"The policy says: {where.get('quote', label or 'necessary')}"[:TEXT]
    evidence = {
        "document": document,
        "sentence": str(first.get("quote", ""))[:2000],
        "line": first.get("line"),
        "sources": {key: one for key, one in sources.items() if isinstance(one, dict)},
    }
    nothing = {"category": "unknown", "confidence": 0.0, "reason": ""}
    suggestion = _suggestion(told) if name else nothing
    return Draft("policy", fields, None, None, suggestion, evidence)


def _suggestion(told: classify.Proposal) -> dict[str, Any]:
    """`reason` is in English; `said` has it with words and values apart."""
    return {**asdict(told), "said": {"reason": packed(told.reason)}}


def _missing(tracker: Tracker, said: Mapping[str, Any]) -> dict[str, Any]:
    """What the policy states and the inventory does not. What a person decided stays."""
    names = ("party", "category", "published_label", "duration", "set_by")
    more = {n: said[n] for n in names if said[n] and not getattr(tracker, n)}
    if more.get("category") == "necessary":
        more["reason"] = said["reason"]
    words = {tag: text for tag, text in said["purpose"].items() if tag not in tracker.purpose}
    return more | ({"purpose": {**tracker.purpose, **words}} if words else {})


def _service(told: classify.Proposal) -> dict[str, Any] | None:
    if not told.service:
        return None
    known = classify.service_of(told.service) or next(
        (one for one in [classify.builtin().service(told.service)] if one), None
    )
    return {
        "key": told.service,
        "name": (told.service_name or told.service)[:120],
        "provider": told.provider[:120] or None,
        "category": _category(told.category),
        "hosts": list(known.hosts) if known else [],
    }


def _pattern(name: str, pattern: str) -> tuple[str, str]:
    """The catalogue's pattern where it is a beginning and fits, else the very name."""
    start = pattern.removesuffix("*")
    if pattern.endswith("*") and len(start) > 2 and "*" not in start and name.startswith(start):
        return start, "prefix"
    return name, "exact"


def _names(tracker: Tracker, name: str, kind: str) -> bool:
    if not tracker.name or tracker.kind != kind:
        return False
    if tracker.match == "prefix":
        return name.startswith(tracker.name)
    return tracker.name == name


def _category(name: str) -> str | None:
    return name if name in inventory.CATEGORIES else None


def _caused(cause: Cause, passed: Pass) -> dict[str, Any]:
    return {
        "pass": passed.name,
        "how": cause.how,
        "script": cause.url[:2000],
        "line": cause.line,
        "stack": cause.stack[:5],
    }


def _passes(scan: Scan, kind: str, name: str) -> list[str]:
    return [
        one.name
        for one in scan.passes
        if one.ran and any((t.kind, t.name) == (kind, name) for t in one.things)
    ]


def span(seconds: int | None) -> Any:
    """A lifetime as an inventory states it: session, or the largest unit that fits it within two
    percent, rounded up to a day."""
    if seconds is None:
        return "session"
    if seconds < DAY_S:
        minutes = max(1, -(-seconds // 60))
        whole = minutes % 60 == 0
        return {"value": minutes // 60 if whole else minutes, "unit": "hour" if whole else "minute"}
    days = -(-seconds // DAY_S)
    for unit, size in SPANS:
        count = round(days / size)
        if count and abs(days - count * (365 / 12 if unit == "month" else size)) <= days * 0.02:
            return {"value": count, "unit": unit}
    return {"value": days, "unit": "day"}


def _stated(value: Any) -> Any:
    if isinstance(value, dict) or value in (None, "session"):
        return value
    try:
        return inventory.duration(str(value))
    except Invalid:
        return None
