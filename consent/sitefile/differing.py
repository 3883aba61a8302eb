"""What is not as a file says, in sentences."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import inventory, scans, sites, webhooks
from ..saying import Said, say
from ..sites import Site

LONGEST = 120  # characters of a value in a sentence


def differences(site: Site | None, said: Mapping[str, Any], prune: bool) -> list[str]:
    """How `site` would change by what a file says; with `prune` also what it does not name.

    Pure reading. A site that is not there yet would be made.
    """
    if site is None:
        return [say("The site %(key)s would be made.", key=said["key"]), *_named(said)]
    found = [
        line
        for name in sorted(sites.CHANGEABLE & set(said))
        for line in _value(name, getattr(site, name), _clean(name, said[name]))
    ]
    if "inventory" in said:
        found += _inventory(site, said["inventory"], prune)
    if "scan" in said:
        found += _value("scan", watch(site), {**EMPTY, **said["scan"]})
    if "webhooks" in said:
        found += _webhooks(site, said["webhooks"], prune)
    return found


EMPTY: dict[str, Any] = {"webhook": None, "email": None}


def watch(site: Site) -> dict[str, Any]:
    """The schedule of scans as a file has it."""
    kept = scans.watch(site)
    return {name: getattr(kept, name) for name in ("every", "url", "webhook", "email")}


def _clean(name: str, value: Any) -> Any:
    """As the verb keeps it, so that the same host in capitals is no difference."""
    if name in ("origins", "preview_hosts"):
        return [sites.bare(one) for one in value]
    if name == "integrations":
        return {
            part: {n: v for n, v in options.items() if v not in (False, None, "", [], {})}
            if isinstance(options, dict)
            else options
            for part, options in value.items()
        }
    return value


def _named(said: Mapping[str, Any]) -> list[str]:
    rows = said.get("inventory", {})
    found: list[str] = [
        say("Service %(key)s: would be added.", key=one["key"]) for one in rows.get("services", [])
    ]
    return found + [
        say("%(one)s: would be added.", one=called(one)) for one in rows.get("trackers", [])
    ]


def _value(name: str, old: Any, new: Any) -> Iterator[str]:
    """One line for each leaf of a mapping that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        for part in [*old, *(part for part in new if part not in old)]:
            yield from _value(f"{name}.{part}", old.get(part), new.get(part))
    elif old != new:
        yield _changed(Said(name), old, new)


def _changed(label: str, old: Any, new: Any) -> Said:
    return say("%(label)s: %(old)s → %(new)s", label=label, old=_said(old), new=_said(new))


def _inventory(site: Site, rows: Mapping[str, Any], prune: bool) -> Iterator[str]:
    state = inventory.state(site)
    held = {one["key"]: one for one in state["services"]}
    for row in rows.get("services", []):
        label = say("Service %(key)s", key=row["key"])
        yield from _row(label, held.pop(row["key"], None), row)
    if prune and "services" in rows:
        yield from (
            say("Service %(key)s: the file does not name it; it would be removed.", key=key)
            for key in held
        )
    known: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in state["trackers"]:
        known[inventory.identity(one)].append(one)
    for row in rows.get("trackers", []):
        same = known[inventory.identity(row)]
        yield from _row(called(row), same.pop(0) if same else None, row)
    if prune and "trackers" in rows:
        for left in known.values():
            for one in left:
                yield say(
                    "%(one)s: the file does not name it; it would be removed.", one=called(one)
                )


def _row(label: str, held: Mapping[str, Any] | None, row: Mapping[str, Any]) -> Iterator[str]:
    if held is None:
        yield say("%(label)s: would be added.", label=label)
        return
    for name, value in row.items():
        for line in _value(name, held.get(name), value):
            yield say("%(label)s: %(line)s", label=label, line=line)


def _webhooks(site: Site, rows: Sequence[Mapping[str, Any]], prune: bool) -> Iterator[str]:
    held = {one.url: one for one in webhooks.of_site(site)}
    for row in rows:
        known = held.pop(row["url"], None)
        label = say("Webhook %(url)s", url=row["url"])
        if known is None:
            yield say("%(label)s: would be added.", label=label)
            continue
        if set(known.events) != set(row["events"]):
            yield _changed(
                say("%(label)s: events", label=label), sorted(known.events), sorted(row["events"])
            )
        if "active" in row and known.active != row["active"]:
            yield _changed(say("%(label)s: active", label=label), known.active, row["active"])
    if prune:
        yield from (
            say("Webhook %(url)s: the file does not name it; it would be removed.", url=url)
            for url in held
        )


def called(row: Mapping[str, Any]) -> str:
    """What a tracker is called in a sentence."""
    name = row.get("name") or next(iter((row.get("purpose") or {}).values()), "")
    values = {"name": name[:60] or say("without a name"), "kind": row.get("kind") or "cookie"}
    if values["kind"] == "cookie":
        return say("Tracker %(name)s", **values)
    return say("Tracker %(name)s (%(kind)s)", **values)


def _said(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return say("nothing") if value in (None, "") else text[:LONGEST]
