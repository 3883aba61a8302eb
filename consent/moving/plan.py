"""What a found configuration would change in a site's draft, said first and done second.

Nothing that the owner has decided is overwritten: what exists is only completed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .. import inventory, sites
from ..errors import Refusal
from ..sites import Site
from .found import Found, Row


@dataclass
class Plan:
    """`lines` say it to a person; the rest is what `apply` does."""

    services: list[Row] = field(default_factory=list)
    trackers: list[Row] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.services or self.trackers or self.settings)


def plan(site: Site, found: Found) -> Plan:
    """What is new to `site`; one line each, `+` added, `~` completed, `=` left, `!` not taken."""
    made = Plan()
    _settings(site, found, made)
    _services(site, found, made)
    _trackers(site, found, made)
    made.lines += [f"! {sentence}" for sentence in found.notes]
    return made


def _settings(site: Site, found: Found, made: Plan) -> None:
    wanted = dict(found.settings)
    rows = [*found.services, *found.trackers]
    if any(row.fields.get("category") == "preferences" for row in rows):
        wanted["preferences"] = True
    policies = wanted.get("policy_urls")
    if policies is not None:
        spoken = {name: policies[name] for name in policies if name in site.languages}
        wanted["policy_urls"] = spoken | site.policy_urls
    for name, value in wanted.items():
        if getattr(site, name) != value:
            made.settings[name] = value
            made.lines.append(
                f"~ setting {name}: {_said(value)} (now {_said(getattr(site, name))})"
            )


def _said(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"value", "unit"}:
        return f"{value['value']} {value['unit']}s"
    return str(value)


def _services(site: Site, found: Found, made: Plan) -> None:
    known = {one.key: one for one in inventory.services(site)}
    for row in found.services:
        held, wanted = known.get(row.label), row.fields["category"]
        if held is None:
            made.services.append(row)
            made.lines.append(f"+ service {row.label}: {wanted or 'unclassified, waits'}")
        elif held.category is None and wanted:
            made.services.append(Row(row.label, {"category": wanted}))
            made.lines.append(f"~ service {row.label}: {wanted}")
        elif wanted not in (None, held.category):
            made.lines.append(f"= service {row.label}: {held.category} here, {wanted} there")


def _trackers(site: Site, found: Found, made: Plan) -> None:
    known = {(one.name, one.kind): one for one in inventory.trackers(site)}
    for row in found.trackers:
        fields = {name: value for name, value in row.fields.items() if value not in (None, {})}
        held = known.get((fields.get("name"), fields.get("kind", "cookie")))
        what = f"tracker {row.label} ({fields.get('kind', 'cookie')})"
        if held is None:
            made.trackers.append(Row(row.label, fields))
            made.lines.append(f"+ {what}: {fields.get('category', 'unclassified, waits')}")
            continue
        more = _missing(held, fields)
        if more:
            made.trackers.append(Row(row.label, {**more, "number": held.id}))
            made.lines.append(f"~ {what}: {', '.join(sorted(more))}")
        wanted = fields.get("category")
        if wanted and held.category and wanted != held.category:
            made.lines.append(f"= {what}: {held.category} here, {wanted} there")


def _missing(held: inventory.Tracker, fields: dict[str, Any]) -> dict[str, Any]:
    more = {
        name: value
        for name, value in fields.items()
        if name not in ("purpose", "match") and getattr(held, name) is None
    }
    purpose = {**fields.get("purpose", {}), **held.purpose}
    return more | ({"purpose": purpose} if purpose != held.purpose else {})


def apply(site: Site, made: Plan, tool: str, by: str, at: datetime) -> list[str]:
    """Write the draft. Sentences for what a verb refused; everything else is done."""
    refused: list[str] = []
    if made.settings:
        try:
            sites.change(site, by, at, **made.settings)
        except Refusal as refusal:
            refused.append(_why("settings", refusal))
    for row in made.services:
        try:
            inventory.put_service(site, by, at, row.label, **row.fields)
        except Refusal as refusal:
            refused.append(_why(row.label, refusal))
    rows = [(row.label, row.fields) for row in made.trackers]
    bad = inventory.bring(site, rows, tool, by, at)
    return refused + [_why(label, why) for label, why in bad]


def _why(label: str, refusal: Refusal) -> str:
    return f"{label}: " + ("; ".join((refusal.fields or {}).values()) or refusal.message)
