"""How values read on a page: dates, durations, names of things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, request

from consent import texts
from consent.geo import Geo
from consent.languages import NAMES
from consent.records.rows import uuid_text
from consent.retention import problem

CATEGORIES = ("necessary", "preferences", "statistics", "marketing")
KINDS = {
    "cookie": "Cookie",
    "local_storage": "Local storage",
    "session_storage": "Session storage",
    "indexeddb": "IndexedDB",
    "beacon": "Beacon or pixel",
    "script": "Script",
    "iframe": "Frame",
}
LANGUAGES = {tag: NAMES[tag] for tag in texts.available()}
ACTIONS = {
    "accept_all": "Accepted all",
    "reject_all": "Rejected all",
    "save": "Saved a selection",
    "withdraw": "Withdrew",
    "gpc": "Browser signal (GPC)",
    "dismiss": "Closed the notice",
    "migrate": "Carried over",
    "api": "Set by the page",
}
PASSES = {
    "none": "no choice",
    "reject": "after a reject",
    "accept": "after an accept",
    "withdraw": "after a withdrawal",
}
SEVERITIES = {"error": "To mend", "warning": "To look at", "info": "To know"}
REQUESTS = {
    "access": "See my data",
    "correction": "Update my data",
    "erasure": "Delete my data",
    "objection": "Object to the use",
    "other": "Something else",
}
DONE = {
    "site_added": "The site is added. One step is left: put the snippet on its pages.",
    "site_changed": "Saved.",
    "tracker_added": "Added to the inventory.",
    "tracker_changed": "Saved.",
    "tracker_removed": "Removed from the inventory.",
    "service_saved": "The service is saved.",
    "texts_changed": "Saved. Visitors read it when the next notice is published.",
    "scan_started": "Asked for. The page shows how far it is.",
    "scan_stopped": "The scan was stopped. Nothing of it was kept.",
    "watch_saved": "Saved.",
    "host_proven": "The proof was found. The host can be scanned.",
    "host_unproven": "No proof was found yet. A new record may take a while to be seen.",
    "proposal_accepted": "Accepted. Visitors read it when the next notice is published.",
    "proposal_dismissed": "Dismissed. It will not be proposed again.",
    "proposal_reopened": "It waits again.",
    "proposals_queued": "Queued. Each proposal has the sentence it comes from beside it.",
    "inventory_restored": "The inventory is as it was then. Visitors see it when you publish.",
    "published": "Published. Visitors see this version from now on.",
    "erased": "Erased. The log keeps the place without content.",
    "request_closed": "The request is closed.",
    "key_revoked": "The key is revoked. It stops working at once.",
    "session_ended": "That browser is signed out.",
    "sessions_ended": "All other browsers are signed out.",
}


def page_parts() -> dict[str, Any]:
    """What every template may say, if it is a page of the admin."""
    if not request.path.startswith("/admin"):
        return {}
    return {
        "csrf": g.get("csrf", ""),
        "me": g.get("admin_user"),
        "done": DONE.get(request.args.get("done", ""), ""),
        "CATEGORIES": CATEGORIES,
        "KINDS": KINDS,
        "LANGUAGES": LANGUAGES,
        "REVIEWED": texts.reviewed(),
        "ACTIONS": ACTIONS,
        "REQUESTS": REQUESTS,
        "base_url": current_app.extensions["crumbtrail"].config.base_url,
        "attribution": _attribution(),
        "warnings": _warnings(),
    }


def when(at: datetime | str | None) -> str:
    """A moment, to the minute, in UTC and saying so."""
    if at is None or at == "":
        return "never"
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def day(at: datetime | str | None) -> str:
    """The day of a moment."""
    return when(at).split(",")[0]


def last_day(end: datetime) -> str:
    """The last day before an end that is itself excluded."""
    return day(end - timedelta(microseconds=1))


def iso(at: datetime | str | None) -> str:
    """A moment for the `datetime` attribute."""
    return at if isinstance(at, str) else at.isoformat() if at else ""


def lasting(value: Any) -> str:
    """A duration in words."""
    if value in (None, {}):
        return "not stated"
    if value == "session":
        return "until the browser closes"
    count, unit = value["value"], str(value["unit"]).rstrip("s")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def category_name(name: str | None) -> str:
    """A category, or the word for having none."""
    return name.capitalize() if name else "Unclassified"


def category_pair(name: str) -> tuple[str, str]:
    """A word as an option of a list."""
    return name, name.capitalize()


def service_pair(thing: Any) -> tuple[str, str]:
    """A service or a site as an option of a list."""
    return thing.key, thing.name


def said(value: Any) -> str:
    """A value as stated, or that it is not."""
    return "not stated" if value in (None, "", [], {}) else str(value)


def _attribution() -> tuple[str, str] | None:
    """The text and the link that the geo database's licence asks for, where countries show."""
    geo: Geo = current_app.extensions["crumbtrail"].geo
    return geo.attribution


def _warnings() -> list[str]:
    """What the operator should mend, in sentences, kept by whoever noticed it."""
    parts = current_app.extensions["crumbtrail"]
    alarms = [*parts.ledger.alarms.values(), *sorted(parts.warnings.values())]
    return [*alarms, *filter(None, (parts.geo.problem, problem()))]


def pass_name(name: str) -> str:
    """A pass of a scan, in words."""
    return PASSES.get(name, name)


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when,
    "day": day,
    "last_day": last_day,
    "iso": iso,
    "lasting": lasting,
    "category_name": category_name,
    "said": said,
    "uuid": uuid_text,
    "category_pair": category_pair,
    "pass_name": pass_name,
    "service_pair": service_pair,
}
