"""The verbs of the inventory: reading it, and changing it with a word in the trail and the log."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten
from typing import Any

from sqlalchemy import select

from .. import leaf, trail, undoing, waiting
from ..db import db
from ..errors import Conflict, Invalid, NotFound
from ..saying import say
from ..sites import UNITS, Site
from .rows import (
    CATEGORIES,
    SERVICE_DEFAULTS,
    SERVICE_KEY,
    TRACKER_DEFAULTS,
    WORDS,
    Service,
    Tracker,
)
from .versions import add_version, lock


def services(site: Site) -> list[Service]:
    query = select(Service).where(Service.site_id == site.id).order_by(Service.key)
    return list(db.session.scalars(query))


def put_service(site: Site, by: str, at: datetime, key: str, **fields: Any) -> Service:
    """Add or change a service; raises Invalid with `fields`."""
    service = put_row(site, key, fields)
    trail.write("service.put", by, at, site.key, service=key, category=service.category)
    keep(site, by, at, say("service %(key)s kept", key=key))
    return service


def remove_service(site: Site, key: str, by: str, at: datetime) -> None:
    """Take a service out; raises NotFound, Conflict `service_used` where a tracker names it."""
    gone = service_of(site, key)
    if any(one.service == key for one in trackers(site)):
        raise Conflict("service_used", "Trackers name this service; change or remove them first.")
    trail.write("service.remove", by, at, site.key, service=key, category=gone.category)
    db.session.delete(gone)
    keep(site, by, at, say("service %(key)s removed", key=key))


def service_of(site: Site, key: str) -> Service:
    """Raises NotFound `not_found`."""
    query = select(Service).where(Service.site_id == site.id, Service.key == key)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "There is no such service in this inventory.")
    return found


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
    added = add_row(site, fields)
    trail.write("tracker.add", by, at, site.key, tracker=added.name, category=added.category)
    keep(site, by, at, say("%(name)s added", name=title(added)))
    return added


def edit_tracker(site: Site, number: int, by: str, at: datetime, **fields: Any) -> Tracker:
    """Change a tracker; a new category is told in the trail with its reason."""
    changed = tracker(site, number)
    before = changed.category
    edit_row(site, changed, fields)
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
    keep(site, by, at, say("%(name)s changed", name=title(changed)))
    return changed


def remove_tracker(site: Site, number: int, by: str, at: datetime) -> None:
    gone = tracker(site, number)
    trail.write("tracker.remove", by, at, site.key, tracker=gone.name, category=gone.category)
    db.session.delete(gone)
    keep(site, by, at, say("%(name)s removed", name=title(gone)))


def state(site: Site) -> dict[str, Any]:
    """The whole inventory as data, in one order: what its digest in the log is made of."""
    mine = sorted(trackers(site), key=lambda tracker: (tracker.name or "", tracker.id))
    return {
        "services": [
            {name: getattr(one, name) for name in ("key", "name", *SERVICE_DEFAULTS)}
            for one in services(site)
        ],
        "trackers": [{name: getattr(one, name) for name in TRACKER_DEFAULTS} for one in mine],
    }


def keep(site: Site, by: str, at: datetime, what: str) -> None:
    """The last step of every verb here: the new state is kept as a version and waits for the log,
    and all is committed. `what` says in a few words what was done."""
    db.session.flush()
    lock(site)
    digest = leaf.digest(state(site))
    waiting.entry(site.key, at, "inventory", h=digest)
    number = add_version(site, digest, snapshot(site), by, at, what)
    undoing.keep("inventory", by, at, what, {"version": number}, site.key)
    db.session.commit()


def snapshot(site: Site) -> dict[str, Any]:
    """The state with the rows' numbers, so that it can be brought back as it was."""
    found = state(site)
    found["trackers"] = [
        {"id": one.id} | {name: getattr(one, name) for name in TRACKER_DEFAULTS}
        for one in trackers(site)
    ]
    return found


def title(tracker: Tracker) -> str:
    """What a tracker is called in a sentence."""
    purpose = next(iter(tracker.purpose.values()), "")
    return tracker.name or shorten(purpose, 60, placeholder="…") or say("a tracker")


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


def declare_framework(site: Site, by: str, at: datetime) -> None:
    """The cookie of the TCF, once for a site that takes part in it; visitors read of it with the
    next notice."""
    if any(one.name == FRAMEWORK for one in trackers(site)):
        return
    add_tracker(
        site,
        by,
        at,
        name=FRAMEWORK,
        kind="cookie",
        party="first",
        category="necessary",
        purpose={
            "en": "Keeps your choice for advertising partners (IAB TCF).",
            "pl": "Zapamiętuje Twój wybór dotyczący partnerów reklamowych (IAB TCF).",
            "fr": "Conserve votre choix concernant les partenaires publicitaires (IAB TCF).",
        },
        duration=site.choice_lifetime,
        reason="Keeps the visitor's own choice, in the form that partners read.",
    )


FRAMEWORK = "euconsent-v2"
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


def put_row(site: Site, key: str, fields: dict[str, Any]) -> Service:
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
    return service


def add_row(site: Site, fields: dict[str, Any]) -> Tracker:
    values = TRACKER_DEFAULTS | fields
    _check(site, values)
    added = Tracker(site_id=site.id, **values)
    db.session.add(added)
    return added


def edit_row(site: Site, changed: Tracker, fields: dict[str, Any]) -> None:
    values = {name: getattr(changed, name) for name in TRACKER_DEFAULTS} | fields
    _check(site, values)
    for name, value in fields.items():
        setattr(changed, name, value)


def _check(site: Site, values: dict[str, Any]) -> None:
    _known(values, set(TRACKER_DEFAULTS))
    problems: dict[str, str] = {}
    for name, allowed in WORDS.items():
        if values[name] not in allowed:
            problems[name] = say(
                "One of %(known)s.", known=", ".join(word for word in allowed if word)
            )
    if values["category"] == "preferences" and not site.preferences:
        problems["category"] = "This site does not ask about preferences; turn it on first."
    if not values["name"] and not any(values["purpose"].values()):
        problems["name"] = "A tracker without a name needs a purpose."
    if values["name"] and len(values["name"]) > 256:
        problems["name"] = "At most 256 characters."
    life = values["duration"]
    if not (life in (None, "session") or (isinstance(life, dict) and life.get("unit") in UNITS)):
        problems["duration"] = "session, a number with a unit, or nothing."
    if values["service"] and not _served(site, values["service"]):
        problems["service"] = say(
            "There is no service %(service)s; add it first.", service=repr(values["service"])
        )
    if problems:
        raise Invalid("field_value", "The tracker cannot be kept like this.", fields=problems)
    if values["category"] == "necessary" and not (values["reason"] or "").strip():
        raise Invalid(
            "reason_missing",
            "Necessary means exempt from consent: say why the visitor's own request needs it.",
            fields={"reason": "Say why it is necessary."},
        )


def _served(site: Site, key: str) -> bool:
    query = select(Service.id).where(Service.site_id == site.id, Service.key == key)
    return db.session.scalar(query) is not None


def _known(fields: dict[str, Any], allowed: set[str]) -> None:
    unknown = set(fields) - allowed
    if unknown:
        raise Invalid(
            "field_unknown",
            say("Unknown: %(known)s.", known=", ".join(sorted(unknown))),
        )


def _haystack(tracker: Tracker) -> str:
    words = (tracker.name, tracker.service, tracker.set_by, *tracker.purpose.values())
    return " ".join(word for word in words if word).casefold()
