"""The notice as it would be published now."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from consent import inventory, texts
from consent.sites import Site

from . import policies


def draft(site: Site, at: datetime | None = None) -> dict[str, Any]:
    """The notice as it would be published now, without its version numbers and times.

    `policies` is {language: {number, effective_at, sha256, url}}, in it only where versions of the
    policy are kept: those that apply at `at`, or the newest.
    """
    asked = [c for c in inventory.CATEGORIES if c != "preferences" or site.preferences]
    named = policies.named(site, at)
    return {
        "v": 1,
        "site": site.key,
        "controller": site.controller,
        "contacts": site.contacts,
        "dpo": site.dpo,
        "authority": site.authority,
        "languages": site.languages,
        "default_language": site.default_language,
        "policy_urls": site.policy_urls,
        "categories": [{"id": category} for category in asked],
        "services": [_service(service) for service in inventory.services(site)],
        "trackers": [_tracker(site, tracker) for tracker in inventory.trackers(site)],
        "texts": {tag: texts.own(tag, site.texts.get(tag, {})) for tag in site.languages},
        "layout": site.layout | ({"decided_for_demo": True} if site.decided_for_demo else {}),
        "choice_lifetime": site.choice_lifetime,
        "retention": site.retention,
        **({"facts": site.facts} if site.facts else {}),
        **({"policies": named} if named else {}),
    }


def _service(service: inventory.Service) -> dict[str, Any]:
    return {
        "id": service.key,
        "name": service.name,
        "category": service.category,
        "provider": service.provider,
        "policy_url": service.policy_url,
        "hosts": service.hosts,
    }


def _tracker(site: Site, tracker: inventory.Tracker) -> dict[str, Any]:
    fields = "name match kind party service category published_label purpose duration reason"
    return {name: getattr(tracker, name) for name in fields.split()}


def hold(content: dict[str, Any]) -> str:
    """The stub's rules: what the inventory names by host or stored name, and what opens it.

    `host=service` and `#name=service`, `*` for a prefix; see docs/blocking.md. What is necessary is
    no rule, and what is unclassified names nothing that could open it.
    """
    found = [
        f"{host.removeprefix('*.')}={service['id']}"
        for service in content["services"]
        if service["category"] != "necessary"
        for host in service["hosts"]
    ]
    for row in content["trackers"]:
        if row["name"] and row["category"] != "necessary" and row["kind"] in inventory.STORED:
            opens = row["category"] and (row["service"] or row["category"])
            star = "*" if row["match"] == "prefix" else ""
            found.append(f"#{row['name']}{star}" + (f"={opens}" if opens else ""))
    return " ".join(dict.fromkeys(rule for rule in found if not re.search(r"\s", rule)))


def asks_nobody(body: dict[str, Any]) -> bool:
    """Whether all that is declared is necessary, so that no banner need interrupt anybody."""
    declared = [*body["services"], *body["trackers"]]
    return all(one["category"] == "necessary" for one in declared)
