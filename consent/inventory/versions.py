"""Every state an inventory had lately, so that a change can be looked at and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from ..db import db
from ..errors import NotFound
from ..saying import Category, Said, say
from ..sites import Site
from .rows import Version

KEPT = 100  # versions of a site
FIELDS = {
    "name": say("name"),
    "match": say("match"),
    "kind": say("kind"),
    "party": say("party"),
    "service": say("service"),
    "category": say("category"),
    "published_label": say("published label"),
    "purpose": say("purpose"),
    "duration": say("duration"),
    "reason": say("reason"),
    "set_by": say("set by"),
}


def lock(site: Site) -> None:
    """Until the transaction ends, others who change this site's inventory wait. On SQLite they wait
    anyway: one writes at a time."""
    db.session.execute(select(Site.id).where(Site.id == site.id).with_for_update())


def add_version(
    site: Site, digest: str, state: dict[str, Any], by: str, at: datetime, what: str
) -> int:
    """Keep the new state under the number answered; the oldest go. The site is locked and the
    caller commits."""
    made = Version(site_id=site.id, at=at, by=by, what=what, digest=digest, state=state)
    db.session.add(made)
    db.session.flush()
    mine = select(Version.id).where(Version.site_id == site.id).order_by(Version.id.desc())
    old = db.session.scalar(mine.offset(KEPT).limit(1))
    if old is not None:
        gone = delete(Version).where(Version.site_id == site.id, Version.id <= old)
        db.session.execute(gone, execution_options={"synchronize_session": False})
    return made.id


def versions(site: Site) -> list[Version]:
    """The newest first."""
    query = select(Version).where(Version.site_id == site.id).order_by(Version.id.desc())
    return list(db.session.scalars(query))


def version(site: Site, number: int) -> Version:
    """Raises NotFound `not_found`."""
    found = db.session.get(Version, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "That state of the inventory is not kept.")
    return found


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What `new` has that `old` had not, and the reverse, in sentences."""
    before, after = _by_number(old), _by_number(new)
    for number, row in after.items():
        if number not in before:
            category = Category.of(row["category"])
            yield say("%(name)s added, %(category)s.", name=_called(row), category=category)
        elif before[number] != row:
            was = before[number]
            for name in (name for name in row if was.get(name) != row[name]):
                values = {"old": _value(name, was.get(name)), "new": _value(name, row[name])}
                text = say("%(name)s: %(field)s %(old)s → %(new)s.")
                yield Said(text, {"name": _called(row), "field": _field(name), **values})
    gone = (_called(before[number]) for number in before if number not in after)
    yield from (say("%(name)s removed.", name=name) for name in gone)
    services = {one["key"]: one for one in old["services"]}
    for one in new["services"]:
        before_it = services.pop(one["key"], None)
        if before_it != one:
            text = say("Service %(key)s changed.") if before_it else say("Service %(key)s added.")
            yield Said(text, {"key": one["key"]})
    yield from (say("Service %(key)s removed.", key=key) for key in services)


def _by_number(state: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in state["trackers"]}


def _called(row: dict[str, Any]) -> str:
    purpose = next(iter(row["purpose"].values()), "?")
    return str(row["name"] or f"“{purpose.rstrip(' .')}”")


def _field(name: str) -> Said:
    return FIELDS.get(name, Said(name))


def _value(field: str, value: Any) -> Any:
    if field == "category":
        return Category.of(value)
    if value in (None, "", {}, []):
        return say("not stated")
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return value
    return " / ".join(value.values()) if isinstance(value, dict) else str(value)
