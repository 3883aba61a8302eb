"""Bringing an inventory to what a file says, in one change."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .. import trail
from ..db import db
from ..errors import Invalid, Refusal
from ..saying import in_field, say
from ..sites import Site
from .book import add_row, edit_row, keep, put_row, services, state, title, trackers
from .rows import TRACKER_DEFAULTS, Tracker

Row = Mapping[str, Any]


def identity(row: Row) -> tuple[str, str, str]:
    """What tells a tracker of a file from others: kind and name, else kind and purpose."""
    name, purpose = row.get("name"), row.get("purpose") or {}
    said = "" if name else json.dumps(purpose, sort_keys=True, ensure_ascii=False)
    return str(row.get("kind") or "cookie"), name or "", said


def settle(
    site: Site,
    wanted_services: Sequence[Row],
    wanted_trackers: Sequence[Row],
    prune: bool,
    by: str,
    at: datetime,
) -> bool:
    """Add what is missing, change what differs, and with `prune` remove what is not named.

    What a row does not name keeps its value. Raises Invalid at the first row that cannot be kept,
    its fields under the row's name. True where anything changed.
    """
    before = state(site)
    for row in wanted_services:
        fields = {name: value for name, value in row.items() if name != "key"}
        _named(f"services.{row['key']}", put_row, site, row["key"], fields)
    db.session.flush()
    held = _by_identity(trackers(site))
    for row in wanted_trackers:
        label = f"trackers.{row.get('name') or 'without a name'}"
        same = held[identity(row)]
        if same:
            _named(label, edit_row, site, same.pop(0), dict(row))
        else:
            _named(label, add_row, site, dict(row))
    if prune:
        for gone in [one for rest in held.values() for one in rest]:
            db.session.delete(gone)
        db.session.flush()
        _prune_services(site, {row["key"] for row in wanted_services})
    db.session.flush()
    if state(site) == before:
        return False
    trail.write("inventory.settle", by, at, site.key, prune=prune)
    keep(site, by, at, say("brought to what a file says"))
    return True


def _prune_services(site: Site, named: set[str]) -> None:
    used = {one.service: title(one) for one in trackers(site) if one.service}
    for gone in [one for one in services(site) if one.key not in named]:
        if gone.key in used:
            why = say("%(used)s names this service, and the file does not.", used=used[gone.key])
            raise Invalid("field_value", why, fields={f"services.{gone.key}": why})
        db.session.delete(gone)


def _by_identity(rows: Sequence[Tracker]) -> dict[tuple[str, str, str], list[Tracker]]:
    found: dict[tuple[str, str, str], list[Tracker]] = defaultdict(list)
    for one in rows:
        found[identity({name: getattr(one, name) for name in TRACKER_DEFAULTS})].append(one)
    return found


def _named(label: str, verb: Any, *values: Any) -> None:
    try:
        verb(*values)
    except Refusal as refusal:
        why = refusal.fields or {"": refusal.message}
        fields = {f"{label}.{name}".rstrip("."): text for name, text in why.items()}
        first = next(iter(fields))
        raise Invalid(refusal.code, in_field(first, fields[first]), fields=fields) from None
