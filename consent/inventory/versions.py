"""Every state an inventory had lately, so that a change can be looked at and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from ..db import db
from ..errors import NotFound
from ..sites import Site
from .rows import Version

KEPT = 100  # versions of a site


def lock(site: Site) -> None:
    """Until the transaction ends, others who change this site's inventory wait. On SQLite they wait
    anyway: one writes at a time."""
    db.session.execute(select(Site.id).where(Site.id == site.id).with_for_update())


def add_version(
    site: Site, digest: str, state: dict[str, Any], by: str, at: datetime, what: str
) -> int:
    """Keep the new state under the number answered; the oldest go. The site is locked and the
    caller commits."""
    made = Version(site_id=site.id, at=at, by=by, what=what[:200], digest=digest, state=state)
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
            yield f"{_called(row)} added, {row['category'] or 'unclassified'}."
        elif before[number] != row:
            was = before[number]
            for name in (name for name in row if was.get(name) != row[name]):
                yield f"{_called(row)}: {name} {_value(was.get(name))} → {_value(row[name])}."
    yield from (f"{_called(before[n])} removed." for n in before if n not in after)
    services = {one["key"]: one for one in old["services"]}
    for one in new["services"]:
        before_it = services.pop(one["key"], None)
        if before_it != one:
            yield f"Service {one['key']} {'changed' if before_it else 'added'}."
    yield from (f"Service {key} removed." for key in services)


def _by_number(state: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in state["trackers"]}


def _called(row: dict[str, Any]) -> str:
    purpose = next(iter(row["purpose"].values()), "?")
    return str(row["name"] or f"“{purpose.rstrip(' .')}”")


def _value(value: Any) -> str:
    if value in (None, "", {}, []):
        return "not stated"
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return f"{value['value']} {value['unit']}"
    return " / ".join(value.values()) if isinstance(value, dict) else str(value)
