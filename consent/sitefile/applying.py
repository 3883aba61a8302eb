"""A site's file, written and applied: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

from .. import inventory, scans, sites, webhooks
from ..db import together
from ..errors import Invalid
from ..sites import Site
from .differing import EMPTY, differences, watch
from .reading import checked, read

NEEDED = ("name", "controller", "origins", "languages")


@dataclass(frozen=True)
class Applied:
    """What a file did, or would do: the site's key, and what changed in sentences."""

    key: str
    changes: list[str]


def content(site: Site, whole: bool = True) -> dict[str, Any]:
    """What the file of a site says, as data; `whole` with inventory, schedule and webhooks."""
    said: dict[str, Any] = {"key": site.key}
    said |= {name: getattr(site, name) for name in sorted(sites.CHANGEABLE)}
    if whole:
        said["inventory"] = inventory.state(site)
        if (kept := watch(site))["every"] != "off" or kept["webhook"] or kept["email"]:
            said["scan"] = kept
        said["webhooks"] = [
            {"url": one.url, "events": list(one.events), "active": one.active}
            for one in webhooks.of_site(site)
        ]
    return said


def written(site: Site, whole: bool = False) -> str:
    """The settings of a site, in alphabetical order after its key."""
    return dumped(content(site, whole))


def dumped(said: Mapping[str, Any]) -> str:
    """As YAML, in the order of the mapping."""
    return yaml.dump(said, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)


def apply(
    source: str | dict[str, Any],
    by: str,
    at: datetime,
    *,
    prune: bool = False,
    dry: bool = False,
) -> Applied:
    """Make the site, or change what differs: one transaction, or nothing at all.

    What the file does not name is left as it is; with `prune` the services, trackers and webhooks
    that its lists do not name are removed. `dry` tries it and keeps nothing. Raises Invalid with
    `fields`.
    """
    said = read(source) if isinstance(source, str) else checked(source)
    found = next((site for site in sites.all_sites() if site.key == said["key"]), None)
    changes = differences(found, said, prune)
    with together(keep=not dry):
        _settle(found, said, prune, by, at)
    return Applied(said["key"], changes)


def _settle(
    found: Site | None, said: Mapping[str, Any], prune: bool, by: str, at: datetime
) -> None:
    values = {name: value for name, value in said.items() if name in sites.CHANGEABLE}
    if found is None:
        site = _made(said["key"], values, by, at)
    else:
        site = found
        wanted = {n: value for n, value in values.items() if getattr(found, n) != value}
        if wanted:
            sites.change(found, by, at, **wanted)
    if "tcf" in site.integrations:
        inventory.declare_framework(site, by, at)
    if rows := said.get("inventory"):
        state = inventory.state(site)
        inventory.settle(
            site,
            rows.get("services", state["services"]),
            rows.get("trackers", state["trackers"]),
            prune,
            by,
            at,
        )
    if "scan" in said and watch(site) != (wished := {**EMPTY, **said["scan"]}):
        every, url = wished["every"], wished["url"]
        webhook, email = wished["webhook"] or "", wished["email"] or ""
        scans.put_watch(site, every, url, webhook, email, by, at)
    if "webhooks" in said:
        _webhooks(site, said["webhooks"], prune, by, at)


def _webhooks(site: Site, rows: list[dict[str, Any]], prune: bool, by: str, at: datetime) -> None:
    """A new one has a secret that nobody has seen: rotating it shows one."""
    held = {one.url: one for one in webhooks.of_site(site)}
    for row in rows:
        known, active = held.pop(row["url"], None), row.get("active")
        if known is None:
            webhooks.add(site, row["url"], row["events"], by, at, active=active is not False)
        elif set(known.events) != set(row["events"]) or active not in (None, known.active):
            webhooks.change(known, site, by, at, events=row["events"], active=active)
    if prune:
        for gone in held.values():
            webhooks.remove(gone, site, by, at)


def _made(key: str, said: dict[str, Any], by: str, at: datetime) -> Site:
    missing = {name: "A new site needs it." for name in NEEDED if not said.get(name)}
    if missing:
        raise Invalid("field_value", "The site cannot be made like this.", fields=missing)
    site = sites.add(key, by=by, at=at, **said)
    inventory.starter(site, by, at)
    return site
