"""Bringing an inventory in from a CSV file, row by row."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import trail
from ..db import db
from ..errors import Invalid, Refusal
from ..saying import all_of, say
from ..sites import Site
from .book import add_row, edit_row, keep, trackers
from .rows import ALIASES, DURATION, Tracker

COLUMNS = (
    "name kind party service provider category purpose_en purpose_pl purpose_fr duration reason"
).split()


@dataclass
class Imported:
    """What an import did; `refused` holds (line number, why)."""

    added: int = 0
    changed: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def import_csv(site: Site, text: str, by: str, at: datetime) -> Imported:
    """Take rows of COLUMNS; good rows are kept, bad ones come back with their line and the why."""
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    done = Imported()
    unknown = set(rows.fieldnames or ["?"]) - set(COLUMNS)
    if unknown or "name" not in (rows.fieldnames or []):
        raise Invalid(
            "field_unknown",
            say("The first line must name columns from: %(known)s.", known=", ".join(COLUMNS)),
            fields={
                "file": say("Unknown: %(known)s.", known=", ".join(sorted(map(str, unknown))))
                if unknown
                else "No name."
            },
        )
    by_name = {(t.name, t.kind): t for t in trackers(site)}
    with db.session.no_autoflush:  # a row is no query: thousands come in one go
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
                why = all_of((refusal.fields or {}).values(), "; ") or refusal.message
                done.refused.append((rows.line_num, why))
    trail.write("tracker.import", by, at, site.key, added=done.added, changed=done.changed)
    keep(
        site,
        by,
        at,
        say(
            "a CSV taken: %(added)s added, %(changed)s changed",
            added=done.added,
            changed=done.changed,
        ),
    )
    return done


def bring(
    site: Site, rows: list[tuple[str, dict[str, Any]]], source: str, by: str, at: datetime
) -> list[tuple[str, Refusal]]:
    """Take (label, fields) rows of another tool in one go; `number` names a row to complete.

    Good rows are kept; bad ones come back under their label with their refusal.
    """
    refused: list[tuple[str, Refusal]] = []
    by_number = {one.id: one for one in trackers(site)}
    added = changed = 0
    with db.session.no_autoflush:
        for label, fields in rows:
            values = dict(fields)
            held = by_number.get(values.pop("number", None))
            try:
                if held is None:
                    add_row(site, values)
                    added += 1
                else:
                    edit_row(site, held, values)
                    changed += 1
            except Refusal as refusal:
                refused.append((label, refusal))
    trail.write("tracker.import", by, at, site.key, added=added, changed=changed, source=source)
    keep(
        site,
        by,
        at,
        say(
            "%(source)s taken: %(added)s added, %(changed)s changed",
            source=source,
            added=added,
            changed=changed,
        ),
    )
    return refused


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
        added = add_row(site, fields)
        known[(added.name, added.kind)] = added
        done.added += 1
    else:
        edit_row(site, found, fields)
        done.changed += 1
