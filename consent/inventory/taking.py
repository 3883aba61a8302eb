"""What others propose and a person accepts, and going back to what was before."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import trail
from ..db import db
from ..errors import Conflict, NotFound, Refusal
from ..saying import say
from ..sites import Site
from .book import add_row, edit_row, keep, services, title, tracker, trackers
from .rows import SERVICE_DEFAULTS, Service, Tracker
from .versions import lock, version, versions


@dataclass(frozen=True)
class Wanted:
    """A tracker to add, or with `number` one to change. `service` is made where its `key` is not
    there yet. `why` goes into the trail: who caused it, where, how sure, for what reason."""

    fields: dict[str, Any]
    number: int | None = None
    service: dict[str, Any] | None = None
    why: dict[str, Any] = field(default_factory=dict)


def stage(site: Site, wanted: Wanted, by: str, at: datetime) -> Tracker:
    """Take in one proposal without committing; the caller ends with `keep`.

    Raises what add and edit raise, and then nothing of it is left in the transaction.
    """
    made = _service(site, wanted)
    try:
        if wanted.number is None:
            row = add_row(site, wanted.fields)
        else:
            row = tracker(site, wanted.number)
            edit_row(site, row, wanted.fields)
    except Refusal:
        if made is not None:
            db.session.delete(made)
            db.session.flush()
        raise
    verb = "tracker.add" if wanted.number is None else "tracker.edit"
    trail.write(
        verb, by, at, site.key, tracker=str(title(row)), category=row.category, **wanted.why
    )
    if made is not None:
        trail.write("service.put", by, at, site.key, service=made.key, category=made.category)
    return row


def restore(site: Site, number: int, seen: int, by: str, at: datetime) -> None:
    """Bring the inventory back to what it was after version `number`.

    `seen` is the newest version the person had before them: raises Conflict `inventory_changed`
    where there is a newer one, and NotFound where the one to go back to is not kept any more.
    """
    lock(site)
    newest = versions(site)[0].id if versions(site) else 0
    if newest != seen:
        raise Conflict("inventory_changed", "The inventory has changed meanwhile. Look again.")
    wanted = version(site, number)
    _bring_back_services(site, wanted.state["services"])
    _bring_back_trackers(site, wanted.state["trackers"])
    trail.write("inventory.restore", by, at, site.key, version=number, undone=seen)
    keep(site, by, at, say("back to how it was after: %(what)s", what=wanted.what))


def undo(site: Site, seen: int, by: str, at: datetime) -> None:
    """Take back the newest change, which must still be `seen`; raises as `restore` does."""
    before = [one.id for one in versions(site) if one.id < seen]
    if not before:
        raise NotFound("not_found", "There is nothing before that change to go back to.")
    restore(site, before[0], seen, by, at)


def _service(site: Site, wanted: Wanted) -> Service | None:
    told = wanted.service
    if told is None or told["key"] in {one.key for one in services(site)}:
        return None
    values = SERVICE_DEFAULTS | {"name": told["key"]} | told
    made = Service(site_id=site.id, **values)
    db.session.add(made)
    db.session.flush()
    return made


def _bring_back_services(site: Site, rows: list[dict[str, Any]]) -> None:
    present = {one.key: one for one in services(site)}
    for row in rows:
        held = present.pop(row["key"], None)
        if held is None:
            db.session.add(Service(site_id=site.id, **row))
        else:
            for name, value in row.items():
                setattr(held, name, value)
    for gone in present.values():
        db.session.delete(gone)


def _bring_back_trackers(site: Site, rows: list[dict[str, Any]]) -> None:
    """By their numbers; one whose number another site's tracker has got since gets a new one."""
    present = {one.id: one for one in trackers(site)}
    for row in rows:
        held = present.pop(row["id"], None)
        values = {name: value for name, value in row.items() if name != "id"}
        if held is not None:
            for name, value in values.items():
                setattr(held, name, value)
        else:
            free = db.session.get(Tracker, row["id"]) is None
            number = {"id": row["id"]} if free else {}
            db.session.add(Tracker(site_id=site.id, **values, **number))
    for gone in present.values():
        db.session.delete(gone)
