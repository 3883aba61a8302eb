"""How values read on a page: dates, durations, names of things."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, request
from markupsafe import Markup

from consent import inventory, saying, texts
from consent.admin import guard, nav, tenant, tongue, undo, world
from consent.admin.tongue import _
from consent.geo import Geo
from consent.languages import NAMES
from consent.records.rows import uuid_text
from consent.retention import problem
from consent.saying import CATEGORY_NAMES, SPANS

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
ROLES = {"owner": "Owner", "editor": "Editor", "auditor": "Auditor", "viewer": "Viewer"}
ROLE_WORDS = {
    "owner": "Does everything: people, keys, settings, publishing, records.",
    "editor": "Writes the inventory, the texts and the notice, scans, and publishes.",
    "auditor": "Reads everything, records and the trail too; changes nothing.",
    "viewer": "Sees sites, inventories and notices; nothing personal.",
}
STATES = {
    "open": "received",
    "progress": "in progress",
    "done": "answered",
    "refused": "refused",
}
DONE = {
    "organisation_added": "The organisation is made, and you are its owner.",
    "invitation_sent": "The invitation is sent. The link in it works for 24 hours, once.",
    "invitation_revoked": "The invitation is taken back. Its link works no more.",
    "role_changed": "The role is changed, from this moment on.",
    "member_removed": "Removed, and signed out everywhere.",
    "joined": "Welcome. You are a member now.",
    "site_added": "The site is added. One step is left: put the snippet on its pages.",
    "site_changed": "Saved.",
    "tracker_added": "Added to the inventory.",
    "tracker_changed": "Saved.",
    "tracker_removed": "Removed from the inventory.",
    "service_saved": "The service is saved.",
    "texts_changed": "Saved. Visitors read it when the next notice is published.",
    "design_changed": "Saved. Visitors see it when the next notice is published.",
    "rendering_asked": "Asked for. The pictures are taken beside the server.",
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
    "undone": "Taken back. It is as it was before.",
    "published": "Published. Visitors see this version from now on.",
    "scheduled": "Published. It takes effect on its day; until then you can cancel it.",
    "tried": "Published for a share of visitors. Stop the trial, or give it to all, on this page.",
    "rolled_back": "Published. Visitors read what the old version said, as a new one.",
    "cancelled": "Cancelled. It stays in the list, and never takes effect.",
    "trial_kept": "Everybody meets this version from now on.",
    "trial_stopped": "Stopped. Everybody meets the other version again.",
    "proposed": "Proposed. Somebody else approves exactly this, or declines it with a word.",
    "declined": "Nothing was published. The proposal stays in the list.",
    "policy_kept": "Kept. The next notice names it from the day it applies.",
    "erased": "Erased. The log keeps the place without content.",
    "request_closed": "The request is closed.",
    "token_revoked": "The token is revoked. It stops working at once.",
    "bulk_started": "Asked for. You may leave this page; it goes on.",
    "template_saved": "The template is saved.",
    "template_removed": "The template is removed. Sites made from it stay as they are.",
    "webhook_changed": "Saved.",
    "webhook_removed": "Removed. What was on its way to it is not sent.",
    "webhook_test": "A message is on its way; it is listed below.",
    "webhook_replayed": "It is sent again, under the same id.",
    "request_changed": "Noted.",
    "key_revoked": "The key is revoked. It stops working at once.",
    "session_ended": "That browser is signed out.",
    "app_removed": "The app is disconnected. Other browsers were signed out.",
    "passkey_added": "The passkey is added. Other browsers were signed out.",
    "passkey_named": "Renamed.",
    "passkey_removed": "The passkey is removed. Other browsers were signed out.",
    "app_added": "The app is connected. Other browsers were signed out.",
    "linked": "Linked. From now on you may sign in that way.",
    "unlinked": "The link is removed.",
    "proven": "Thank you. Go back to the other tab and send the form.",
    "factors_forgotten": "The second factors are gone, and this person is signed out.",
    "sessions_ended": "All other browsers are signed out.",
}


def page_parts() -> dict[str, Any]:
    """What every template may say, if it is a page of the admin."""
    if not request.path.startswith("/admin"):
        return {}
    return {
        "csrf": g.get("csrf", ""),
        "me": g.get("admin_user"),
        "may": guard.may,
        "seat": tenant.seat(),
        "seats": tenant.seats(),
        "ROLES": ROLES,
        "ROLE_WORDS": ROLE_WORDS,
        "NAV": nav,
        "done": _(DONE.get(request.args.get("done", ""), "")),
        "undo": undo.offered(request.args.get("undo", "")) if g.get("admin_user") else None,
        "undo_route": undo.route,
        "TONGUES": saying.NAMES,
        "tongue": tongue.language(),
        "CATEGORIES": CATEGORIES,
        "KINDS": KINDS,
        "LANGUAGES": LANGUAGES,
        "REVIEWED": texts.reviewed(),
        "ACTIONS": ACTIONS,
        "number": tongue.number,
        "REQUESTS": REQUESTS,
        "base_url": current_app.extensions["crumbtrail"].config.base_url,
        "attribution": _attribution(),
        "warnings": [] if g.get("broken_off") else _warnings(),
    }


def when(at: datetime | str | None) -> str:
    """A moment, to the minute, in UTC and saying so."""
    if at is None or at == "":
        return _("never")
    moment = _moment(at)
    return _("%(day)s, %(time)s UTC", day=tongue.day(moment), time=f"{moment:%H:%M}")


def day(at: datetime | str | None) -> str:
    """The day of a moment."""
    return _("never") if at is None or at == "" else tongue.day(_moment(at))


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def last_day(end: datetime) -> str:
    """The last day before an end that is itself excluded."""
    return day(end - timedelta(microseconds=1))


def iso(at: datetime | str | None) -> str:
    """A moment for the `datetime` attribute."""
    return at if isinstance(at, str) else at.isoformat() if at else ""


def lasting(value: Any) -> str:
    """A duration in words."""
    if value in (None, {}):
        return _("not stated")
    return saying.lifetime(value, tongue.language())


def duration(text: str) -> Any:
    """What `lasting` shows, read again in the reader's language; else as `inventory.duration`."""
    number = re.match(r"\s*([1-9]\d{0,5})\b", text)
    spans = [{"value": int(number[1]), "unit": unit} for unit in SPANS] if number else []
    same = (span for span in spans if _flatly(lasting(span)) == _flatly(text))
    return next(same, None) or inventory.duration(text)


def _flatly(words: str) -> str:
    return " ".join(words.split()).casefold()


def category_name(name: str | None) -> str:
    """A category, or the word for having none."""
    return saying.category(name, tongue.language())


def language_name(tag: str | None) -> str:
    """A language by its name in the reader's."""
    return _(LANGUAGES.get(tag or "", tag or ""))


def exact(at: datetime | str | None) -> str:
    """A moment to the millisecond, in UTC and saying so."""
    if at is None or at == "":
        return _("not stated")
    moment = _moment(at)
    time = f"{moment:%H:%M}:{tongue.number(moment.second + moment.microsecond / 1e6, 3).zfill(6)}"
    return _("%(day)s, %(time)s UTC", day=tongue.day(moment), time=time)


def bare(address: str) -> Markup:
    """An address as people read it, without the scheme that nearly all of them have; it breaks
    after a slash."""
    parts = address.removeprefix("https://").removesuffix("/").split("/")
    return Markup("/<wbr>").join(parts)


def email(address: str) -> Markup:
    """An e-mail address, or who else did something; it breaks after the @."""
    return Markup("@<wbr>").join(address.split("@"))


def browser(name: str) -> str:
    """What a session was opened with, as `guard.browser_name` says it."""
    family, on, system = name.partition(" on ")
    if not on:
        return _(name) if name else _("Another client")
    return _("%(browser)s on %(system)s", browser=family, system=system)


def category_pair(name: str) -> tuple[str, str]:
    """A word as an option of a list."""
    return name, _(CATEGORY_NAMES.get(name) or name.capitalize())


def service_pair(thing: Any) -> tuple[str, str]:
    """A service or a site as an option of a list."""
    return thing.key, thing.name


def kept(data: dict[str, Any], name: str) -> str:
    """A sentence of a JSON that has it in English by that name, and apart from its values under
    `said`."""
    return _kept(data, name, data.get(name) or "")


def problem_of(seen: dict[str, Any], english: str) -> str:
    """What a scan did not see; the sentence itself is its name under `said`."""
    return _kept(seen, english, english)


def _kept(data: dict[str, Any], name: str, english: str) -> str:
    try:
        return _(saying.unpacked((data.get("said") or {}).get(name, english)))
    except ValueError:
        return str(english)


def said(value: Any) -> str:
    """A value as stated, or that it is not."""
    return _("not stated") if value in (None, "", [], {}) else str(value)


def _attribution() -> tuple[str, str] | None:
    """The text and the link that the geo database's licence asks for, where countries show."""
    geo: Geo = current_app.extensions["crumbtrail"].geo
    return geo.attribution


def _warnings() -> list[str]:
    """What the operator should mend, in sentences, kept by whoever noticed it."""
    parts = current_app.extensions["crumbtrail"]
    alarms = [*parts.ledger.alarms.values(), *sorted(parts.warnings.values())]
    return [_(one) for one in (*alarms, *filter(None, (parts.geo.problem, problem())))]


def details(said: dict[str, Any]) -> str:
    """What a line of the trail adds, in one line; what is empty says nothing."""
    shown = [(name, value) for name, value in said.items() if value not in (None, "", [], {})]
    return " · ".join(f"{name}: {_flat(value)}" for name, value in shown)


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_flat(one)}" for name, one in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list) else str(value)


def pass_name(name: str) -> str:
    """A pass of a scan, in words."""
    return _(PASSES.get(name, name))


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when,
    "day": day,
    "last_day": last_day,
    "iso": iso,
    "lasting": lasting,
    "category_name": category_name,
    "told": tongue._,
    "said": said,
    "kept": kept,
    "problem_of": problem_of,
    "uuid": uuid_text,
    "category_pair": category_pair,
    "language_name": language_name,
    "exact": exact,
    "bare": bare,
    "email": email,
    "browser": browser,
    "place_name": world.place_name,
    "pass_name": pass_name,
    "details": details,
    "service_pair": service_pair,
}
