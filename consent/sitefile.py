"""A site's settings as a YAML file: to keep beside the website's code, and to apply again.

The file is a mapping of `key` and of any of `sites.CHANGEABLE`, by their own names, and may have an
`inventory` of `services` and `trackers`. What it does not name is left as it is: nothing is taken
away. The notices are not in it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import yaml

from . import inventory, sites
from .errors import Invalid
from .sites import Site

NEEDED = ("name", "controller", "origins", "languages")
TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "default_language"), (str,)),
    **dict.fromkeys(("origins", "preview_hosts", "languages"), (list,)),
    **dict.fromkeys(("preferences", "publish_log", "request_form"), (bool,)),
    **dict.fromkeys(("dpo", "authority"), (dict, type(None))),
    "cookie_domain": (str, type(None)),
    "request_days": (int, type(None)),
}


def written(site: Site, whole: bool = False) -> str:
    """The settings of a site, in alphabetical order after its key; `whole` with its inventory."""
    said = {name: getattr(site, name) for name in sorted(sites.CHANGEABLE)}
    if whole:
        said["inventory"] = inventory.state(site)
    return yaml.safe_dump({"key": site.key} | said, sort_keys=False, allow_unicode=True)


def apply(text: str, by: str, at: datetime) -> tuple[Site, list[str]]:
    """Make the site, or change what differs; the names of what changed.

    Raises Invalid with `fields`, and changes nothing then.
    """
    said = _read(text)
    key, listed = said.pop("key"), said.pop("inventory", None)
    found = next((site for site in sites.all_sites() if site.key == key), None)
    if found is None:
        site, changed = _made(key, said, by, at), sorted(said)
    else:
        wanted = {name: value for name, value in said.items() if _differs(found, name, value)}
        site, changed = found, sorted(wanted)
        if wanted:
            sites.change(found, by, at, **wanted)
    if "tcf" in site.integrations:
        inventory.declare_framework(site, by, at)
    if listed and _fill(site, listed, by, at):
        changed.append("inventory")
    return site, changed


def _fill(site: Site, listed: dict[str, list[dict[str, Any]]], by: str, at: datetime) -> bool:
    """Add what the inventory lacks and change what differs; raises Invalid at the first bad row."""
    state = inventory.state(site)
    services = {one["key"]: one for one in state["services"]}
    known = {(one.name, one.kind): one for one in inventory.trackers(site)}
    new_services = [one for one in listed.get("services", []) if services.get(one["key"]) != one]
    for one in new_services:
        fields = {name: value for name, value in one.items() if name != "key"}
        inventory.put_service(site, by, at, one["key"], **fields)
    rows: list[tuple[str, dict[str, Any]]] = []
    for one in listed.get("trackers", []):
        held = known.get((one.get("name"), one.get("kind", "cookie")))
        if held is None:
            rows.append((str(one.get("name")), one))
        elif any(getattr(held, name, None) != value for name, value in one.items()):
            rows.append((str(one.get("name")), one | {"number": held.id}))
    for label, refusal in inventory.bring(site, rows, "file", by, at) if rows else ():
        why = "; ".join((refusal.fields or {}).values()) or refusal.message
        raise Invalid("field_value", f"{label}: {why}", fields={label: why})
    return bool(new_services or rows)


def _read(text: str) -> dict[str, Any]:
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid("field_value", f"This is not YAML: {error}") from None
    if not isinstance(said, dict) or not isinstance(said.get("key"), str):
        raise Invalid("field_value", "A mapping of settings, with the site's `key` among them.")
    unknown = {str(name) for name in said} - sites.CHANGEABLE - {"key", "inventory"}
    if unknown:
        raise Invalid("field_unknown", f"Not a setting of a site: {', '.join(sorted(unknown))}.")
    wrong = {name: "Not a valid type." for name, value in said.items() if not _typed(name, value)}
    if not _rows(said.get("inventory", {})):
        wrong["inventory"] = "A mapping of `services` and `trackers`, each a list of mappings."
    if wrong:
        raise Invalid("field_type", "The file does not have the shape it should.", fields=wrong)
    return said


def _typed(name: str, value: Any) -> bool:
    """What no other list names is a mapping; a list holds words; true is no number."""
    if name == "key":
        return True
    if isinstance(value, list) and not all(isinstance(word, str) for word in value):
        return False
    if name == "request_days" and isinstance(value, bool):
        return False
    return isinstance(value, TYPES.get(name, (dict,)))


def _rows(listed: Any) -> bool:
    """Lists of mappings, services with a key; what else they hold the verbs check."""
    return (
        isinstance(listed, dict)
        and set(listed) <= {"services", "trackers"}
        and all(isinstance(rows, list) for rows in listed.values())
        and all(isinstance(one, dict) for rows in listed.values() for one in rows)
        and all(isinstance(one.get("key"), str) for one in listed.get("services", []))
    )


def _made(key: str, said: dict[str, Any], by: str, at: datetime) -> Site:
    missing = {name: "A new site needs it." for name in NEEDED if not said.get(name)}
    if missing:
        raise Invalid("field_value", "The site cannot be made like this.", fields=missing)
    site = sites.add(key, by=by, at=at, **said)
    inventory.starter(site, by, at)
    return site


def _differs(site: Site, name: str, value: Any) -> bool:
    known: Any = getattr(site, name)
    return bool(known != value)
