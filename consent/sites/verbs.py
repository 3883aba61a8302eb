"""Finding, adding and changing sites."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from consent import directory, trail, undoing
from consent.db import db
from consent.errors import Conflict, Invalid, NotFound

from ..saying import say
from .rules import clean, problems
from .table import CHANGEABLE, KEY, RESERVED, Site

LOOK = frozenset({"layout", "texts"})  # what an editor changes too


def get(key: str) -> Site:
    """The site of that key; raises NotFound `site_unknown`."""
    site = db.session.scalar(select(Site).where(Site.key == key))
    if site is None:
        raise unknown(key)
    return site


def unknown(key: str) -> NotFound:
    """The refusal for a site that is not there, or not for whoever asks."""
    return NotFound("site_unknown", say("There is no site %(key)s here.", key=repr(key)))


def organisation_of(key: str) -> int:
    """Whose the site of that key is, by number; raises NotFound `site_unknown`."""
    found = db.session.scalar(select(Site.organisation_id).where(Site.key == key))
    if found is None:
        raise unknown(key)
    return found


def all_sites() -> list[Site]:
    return list(db.session.scalars(select(Site).order_by(Site.key)))


def add(
    key: str,
    name: str,
    controller: dict[str, Any],
    origins: list[str],
    languages: list[str],
    by: str,
    at: datetime,
    organisation: int | None = None,
    **more: Any,
) -> Site:
    """Make a site, of the organisation that is entered where none is named.

    Raises Conflict `site_exists`, Invalid with `fields`.

    Without `retention` it cannot be published: nobody but the owner knows how long.
    """
    values: dict[str, Any] = {
        "contacts": {},
        "dpo": None,
        "authority": None,
        "preview_hosts": [],
        "cookie_domain": None,
        "default_language": languages[0] if languages else "en",
        "policy_urls": {},
        "preferences": False,
        "choice_lifetime": {"value": 6, "unit": "month"},
        "retention": {},
        "layout": {"position": "bottom"},
        "decided_for_demo": False,
        "publish_log": False,
        "request_form": True,
        "request_days": None,
        "integrations": {},
        "texts": {},
        "facts": {},
    }
    values |= {"name": name, "controller": controller, "origins": origins, "languages": languages}
    values |= more
    found = problems(values)
    if not KEY.fullmatch(key) or key in RESERVED:
        found["key"] = "Lower-case letters, digits, dots and dashes, like example.com."
    if found:
        raise Invalid("field_value", "The site cannot be made like this.", fields=found)
    taken = select(Site.id).where(Site.key == key).execution_options(every_organisation=True)
    if directory.listed(key) or db.session.scalar(taken) is not None:
        raise Conflict(
            "site_exists",
            say("There is a site %(key)s already.", key=repr(key)),
            fields={"key": "Taken."},
        )
    site = Site(key=key, created_at=at, **clean(values))
    if organisation is not None:
        site.organisation_id = organisation
    db.session.add(site)
    db.session.flush()  # the line asks whose it is
    trail.write("site.add", by, at, key)
    db.session.commit()
    return site


def change(site: Site, by: str, at: datetime, **fields: Any) -> Site:
    """Change settings of a site; visitors see them when the next notice is published.

    Integrations go to the trail as they are from now on: they work at once, without a notice.
    """
    unknown = set(fields) - CHANGEABLE
    if unknown:
        raise Invalid(
            "field_unknown",
            say("Not a setting of a site: %(known)s.", known=", ".join(sorted(unknown))),
        )
    merged = {name: getattr(site, name) for name in CHANGEABLE} | fields
    found = problems(merged)
    if found:
        raise Invalid("field_value", "The site cannot be changed like this.", fields=found)
    was = {name: getattr(site, name) for name in fields}
    for name, value in clean(merged).items():
        setattr(site, name, value)
    now = {name: getattr(site, name) for name in fields}
    if was != now:
        kind = "look" if set(fields) <= LOOK else "settings"
        undoing.keep(kind, by, at, ", ".join(sorted(fields)), {"was": was, "now": now}, site.key)
    told = {"integrations": site.integrations} if "integrations" in fields else {}
    trail.write("site.change", by, at, site.key, fields=sorted(fields), **told)
    db.session.commit()
    return site


def change_back(
    site: Site, was: dict[str, Any], now: dict[str, Any], by: str, at: datetime
) -> None:
    """Give settings the values they had, where they still have those they were given then.

    Raises Conflict `changed_since`, Invalid where the values are no good beside others' of today.
    """
    if any(getattr(site, name) != value for name, value in now.items()):
        why = "These settings were changed again since. Take the later change back first."
        raise Conflict("changed_since", why)
    change(site, by, at, **was)


def tag_seen(site: Site, at: datetime) -> None:
    """Remember that the owner's page asked for the script; kept to the hour, names nobody."""
    if site.tag_seen_at is None or (at - site.tag_seen_at).total_seconds() > 3600:
        site.tag_seen_at = at
        db.session.commit()
