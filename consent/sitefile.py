"""A site's settings as a YAML file: to keep beside the website's code, and to apply again.

The file is a mapping of `key` and of any of `sites.CHANGEABLE`, by their own names. What it does
not name is left as it is. The inventory and the notices are not in it.
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


def written(site: Site) -> str:
    """The settings of a site, in alphabetical order after its key."""
    said = {name: getattr(site, name) for name in sorted(sites.CHANGEABLE)}
    return yaml.safe_dump({"key": site.key} | said, sort_keys=False, allow_unicode=True)


def apply(text: str, by: str, at: datetime) -> tuple[Site, list[str]]:
    """Make the site, or change what differs; the names of what changed.

    Raises Invalid with `fields`, and changes nothing then.
    """
    said = _read(text)
    key = said.pop("key")
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
    return site, changed


def _read(text: str) -> dict[str, Any]:
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid("field_value", f"This is not YAML: {error}") from None
    if not isinstance(said, dict) or not isinstance(said.get("key"), str):
        raise Invalid("field_value", "A mapping of settings, with the site's `key` among them.")
    unknown = {str(name) for name in said} - sites.CHANGEABLE - {"key"}
    if unknown:
        raise Invalid("field_unknown", f"Not a setting of a site: {', '.join(sorted(unknown))}.")
    wrong = {name: "Not a valid type." for name, value in said.items() if not _typed(name, value)}
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
