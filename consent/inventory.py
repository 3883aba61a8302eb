"""The inventory: the services a site uses and the trackers they set.

A tracker without a category, or of a service without one, is unclassified: it is listed and held.
Calling a tracker necessary asks for a reason, which the notice's readers can check (ePrivacy
Directive art. 5(3): exempt is only what the visitor asked for or what carries the message).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from . import trail
from .db import Base, Json, db
from .errors import Invalid, NotFound, Refusal
from .sites import UNITS, Site

CATEGORIES = ("necessary", "preferences", "statistics", "marketing")
KINDS = "cookie local_storage session_storage indexeddb beacon script iframe".split()
PARTIES = ("first", "third")
MATCHES = ("exact", "prefix")
ALIASES = {"performance": "statistics", "analytics": "statistics", "functional": "preferences"}
ALIASES |= {"advertising": "marketing", "targeting": "marketing"}
WORDS: dict[str, tuple[str | None, ...]] = {
    "kind": tuple(KINDS),
    "match": MATCHES,
    "party": (None, *PARTIES),
    "category": (None, *CATEGORIES),
}
SERVICE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DURATION = re.compile(r"(\d{1,4}) (minute|hour|day|month|year)s?")
COLUMNS = (
    "name kind party service provider category purpose_en purpose_pl purpose_fr duration reason"
).split()


class Service(Base):
    """A tool that stores or sends things; `key` is what pages write in data-service."""

    __tablename__ = "service"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    key: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(120))
    category: Mapped[str | None] = mapped_column(String(20))
    provider: Mapped[str | None] = mapped_column(String(120))
    policy_url: Mapped[str | None] = mapped_column(String(500))
    hosts: Mapped[list[str]] = mapped_column(Json)
    __table_args__ = (UniqueConstraint("site_id", "key"),)


class Tracker(Base):
    """One thing a service stores or sends. `name` None matches nothing; its purpose is shown."""

    __tablename__ = "tracker"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(256))
    match: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20))
    party: Mapped[str | None] = mapped_column(String(5))
    service: Mapped[str | None] = mapped_column(String(63))
    category: Mapped[str | None] = mapped_column(String(20))
    published_label: Mapped[str | None] = mapped_column(String(120))
    purpose: Mapped[dict[str, str]] = mapped_column(Json)
    duration: Mapped[Any] = mapped_column(Json, nullable=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    set_by: Mapped[str | None] = mapped_column(String(120))


@dataclass
class Imported:
    """What an import did; `refused` holds (line number, why)."""

    added: int = 0
    changed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


TRACKER_DEFAULTS: dict[str, Any] = {
    "name": None,
    "match": "exact",
    "kind": "cookie",
    "party": None,
    "service": None,
    "category": None,
    "published_label": None,
    "purpose": {},
    "duration": None,
    "reason": None,
    "set_by": None,
}
SERVICE_DEFAULTS: dict[str, Any] = {
    "category": None,
    "provider": None,
    "policy_url": None,
    "hosts": [],
}


def services(site: Site) -> list[Service]:
    query = select(Service).where(Service.site_id == site.id).order_by(Service.key)
    return list(db.session.scalars(query))


def put_service(site: Site, by: str, at: datetime, key: str, **fields: Any) -> Service:
    """Add or change a service; raises Invalid with `fields`."""
    if not SERVICE_KEY.fullmatch(key):
        raise Invalid("field_value", "Not a service key.", fields={"key": "Like google-analytics."})
    _known(fields, {*SERVICE_DEFAULTS, "name"})
    if fields.get("category") not in (None, *CATEGORIES):
        raise Invalid("category_unknown", "No such category.", fields={"category": "Unknown."})
    query = select(Service).where(Service.site_id == site.id, Service.key == key)
    service = db.session.scalar(query)
    if service is None:
        service = Service(site_id=site.id, key=key, **({"name": key} | SERVICE_DEFAULTS | fields))
        db.session.add(service)
    else:
        for name, value in fields.items():
            setattr(service, name, value)
    trail.write("service.put", by, at, site.key, service=key, category=service.category)
    db.session.commit()
    return service


def trackers(
    site: Site,
    q: str | None = None,
    category: str | None = None,
    kind: str | None = None,
    sort: str = "name",
) -> list[Tracker]:
    """A site's trackers; `category` may be 'unclassified'; `sort` a column, '-' for descending."""
    query = select(Tracker).where(Tracker.site_id == site.id)
    if category:
        query = query.where(
            Tracker.category.is_(None)
            if category == "unclassified"
            else Tracker.category == category
        )
    if kind:
        query = query.where(Tracker.kind == kind)
    found = list(db.session.scalars(query.order_by(Tracker.id)))
    if q:
        found = [tracker for tracker in found if q.casefold() in _haystack(tracker)]
    column = sort.lstrip("-")
    if column not in ("name", "category", "kind", "party", "service"):
        column = "name"
    found.sort(
        key=lambda tracker: (getattr(tracker, column) or "").casefold(),
        reverse=sort.startswith("-"),
    )
    return found


def tracker(site: Site, number: int) -> Tracker:
    found = db.session.get(Tracker, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "There is no such tracker in this inventory.")
    return found


def add_tracker(site: Site, by: str, at: datetime, **fields: Any) -> Tracker:
    """Add a tracker; raises Invalid `reason_missing`, `service_unknown`, `field_value`."""
    added = _add(site, fields)
    trail.write("tracker.add", by, at, site.key, tracker=added.name, category=added.category)
    db.session.commit()
    return added


def edit_tracker(site: Site, number: int, by: str, at: datetime, **fields: Any) -> Tracker:
    """Change a tracker; a new category is told in the trail with its reason."""
    changed = tracker(site, number)
    before = changed.category
    _edit(site, changed, fields)
    trail.write(
        "tracker.edit",
        by,
        at,
        site.key,
        tracker=changed.name,
        fields=sorted(fields),
        category=changed.category,
        was=before,
        reason=changed.reason,
    )
    db.session.commit()
    return changed


def remove_tracker(site: Site, number: int, by: str, at: datetime) -> None:
    gone = tracker(site, number)
    trail.write("tracker.remove", by, at, site.key, tracker=gone.name, category=gone.category)
    db.session.delete(gone)
    db.session.commit()


def import_csv(site: Site, text: str, by: str, at: datetime) -> Imported:
    """Take rows of COLUMNS; good rows are kept, bad ones come back with their line and the why."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    done = Imported()
    unknown = set(rows.fieldnames or ["?"]) - set(COLUMNS)
    if unknown or "name" not in (rows.fieldnames or []):
        raise Invalid(
            "field_unknown",
            f"The first line must name columns from: {', '.join(COLUMNS)}.",
            fields={
                "file": f"Unknown: {', '.join(sorted(map(str, unknown)))}."
                if unknown
                else "No name."
            },
        )
    by_name = {(t.name, t.kind): t for t in trackers(site)}
    while True:
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            done.refused.append((rows.line_num, str(error)))
            break
        try:
            _import_row(site, row, by_name, done)
        except Refusal as refusal:
            why = "; ".join((refusal.fields or {}).values()) or refusal.message
            done.refused.append((rows.line_num, why))
    trail.write("tracker.import", by, at, site.key, added=done.added, changed=done.changed)
    db.session.commit()
    return done


def starter(site: Site, by: str, at: datetime) -> None:
    """Crumbtrail's own two cookies and one storage key, so that no inventory is without them."""
    put_service(
        site, by, at, "crumbtrail", name="Crumbtrail", category="necessary", provider=site.name
    )
    for name, kind, purpose in OWN:
        add_tracker(
            site,
            by,
            at,
            name=name,
            kind=kind,
            party="first",
            service="crumbtrail",
            category="necessary",
            purpose=purpose,
            duration=site.choice_lifetime,
            reason="Keeps the visitor's own choice, which the law asks us to prove.",
        )


OWN = (
    (
        "crumbtrail",
        "cookie",
        {
            "en": "Keeps your cookie choice.",
            "pl": "Zapamiętuje Twój wybór dotyczący plików cookie.",
            "fr": "Conserve votre choix en matière de cookies.",
        },
    ),
    (
        "crumbtrail_visitor",
        "cookie",
        {
            "en": "A random key with which only you can show and withdraw your choice.",
            "pl": "Losowy klucz, dzięki któremu tylko Ty możesz sprawdzić i wycofać swój wybór.",
            "fr": "Une clé aléatoire : vous seul pouvez ainsi consulter et retirer votre choix.",
        },
    ),
    (
        "crumbtrail",
        "local_storage",
        {
            "en": "Keeps a choice until it has reached our record; notes that you gave consent.",
            "pl": "Przechowuje wybór, zanim trafi do naszego rejestru; odnotowuje zgodę.",
            "fr": "Conserve un choix jusqu’à son arrivée dans notre registre ; note un accord.",
        },
    ),
)


def duration(text: str) -> Any:
    """'session', '13 months' or '' as the model holds it; raises Invalid."""
    text = text.strip().lower()
    if text in ("", "session"):
        return text or None
    found = DURATION.fullmatch(text)
    if not found:
        raise Invalid("field_value", "Not a duration.", fields={"duration": "Like 13 months."})
    return {"value": int(found[1]), "unit": found[2]}


def _import_row(
    site: Site, row: dict[str, Any], known: dict[tuple[str | None, str], Tracker], done: Imported
) -> None:
    if None in row or any(value is None for value in row.values()):
        raise Invalid("field_value", "The row has another number of columns than the first line.")
    kind = row.get("kind") or "cookie"
    fields: dict[str, Any] = {
        "name": row["name"] or None,
        "kind": kind,
        "purpose": {
            name[-2:]: row[name] for name in row if name.startswith("purpose_") and row[name]
        },
    }
    for name in ("party", "service", "reason"):
        if row.get(name):
            fields[name] = row[name]
    if row.get("provider"):
        fields["set_by"] = row["provider"]
    if row.get("duration"):
        fields["duration"] = duration(row["duration"])
    if row.get("category"):
        published = row["category"].strip().lower()
        fields["category"] = ALIASES.get(published, published)
        if published in ALIASES:
            fields["published_label"] = row["category"].strip()
    found = known.get((fields["name"], kind)) if fields["name"] else None
    if found is None:
        added = _add(site, fields)
        known[(added.name, added.kind)] = added
        done.added += 1
    else:
        _edit(site, found, fields)
        done.changed += 1


def _add(site: Site, fields: dict[str, Any]) -> Tracker:
    values = TRACKER_DEFAULTS | fields
    _check(site, values)
    added = Tracker(site_id=site.id, **values)
    db.session.add(added)
    return added


def _edit(site: Site, changed: Tracker, fields: dict[str, Any]) -> None:
    values = {name: getattr(changed, name) for name in TRACKER_DEFAULTS} | fields
    _check(site, values)
    for name, value in fields.items():
        setattr(changed, name, value)


def _check(site: Site, values: dict[str, Any]) -> None:
    _known(values, set(TRACKER_DEFAULTS))
    problems: dict[str, str] = {}
    for name, allowed in WORDS.items():
        if values[name] not in allowed:
            problems[name] = f"One of {', '.join(word for word in allowed if word)}."
    if values["category"] == "preferences" and not site.preferences:
        problems["category"] = "This site does not ask about preferences; turn it on first."
    if not values["name"] and not any(values["purpose"].values()):
        problems["name"] = "A tracker without a name needs a purpose."
    if values["name"] and len(values["name"]) > 256:
        problems["name"] = "At most 256 characters."
    life = values["duration"]
    if not (life in (None, "session") or (isinstance(life, dict) and life.get("unit") in UNITS)):
        problems["duration"] = "session, a number with a unit, or nothing."
    if values["service"] and values["service"] not in {s.key for s in services(site)}:
        problems["service"] = f"There is no service {values['service']!r}; add it first."
    if problems:
        raise Invalid("field_value", "The tracker cannot be kept like this.", fields=problems)
    if values["category"] == "necessary" and not (values["reason"] or "").strip():
        raise Invalid(
            "reason_missing",
            "Necessary means exempt from consent: say why the visitor's own request needs it.",
            fields={"reason": "Say why it is necessary."},
        )


def _known(fields: dict[str, Any], allowed: set[str]) -> None:
    unknown = set(fields) - allowed
    if unknown:
        raise Invalid("field_unknown", f"Unknown: {', '.join(sorted(unknown))}.")


def _haystack(tracker: Tracker) -> str:
    words = (tracker.name, tracker.service, tracker.set_by, *tracker.purpose.values())
    return " ".join(word for word in words if word).casefold()
