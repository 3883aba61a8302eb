"""The explorer of consent records: any filter, instant pages; each read is noted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from consent import ledger, notices, records, sites, trail
from consent.admin import guard, show
from consent.admin.tongue import _
from consent.db import db
from consent.errors import Refusal
from consent.parts import parts
from consent.records import Found, RecordFilter
from consent.records.rows import DEVICES, uuid_text
from consent.sites import Site

from .asked import day, day_after

pages = Blueprint("records", __name__, url_prefix="/sites/<key>/records")
PAGE = 50
SCAN = 20_000  # rows looked at for one page; measured in docs/records.md
# The filters, in the order of the form, with their words.
WORDS = {
    "from": "From",
    "to": "To",
    "action": "Choice",
    "category": "Category",
    "country": "Country",
    "regime": "Rules",
    "notice": "Notice",
    "language": "Language",
    "layer": "Layer",
    "device": "Device",
    "gpc": "Browser signal (GPC)",
    "superseded": "Superseded notice",
    "suspect": "Suspect",
    "visitor": "Visitor",
    "page": "Page",
}
ASKED = tuple(WORDS)
GRANTS = {
    "preferences": "Preferences granted",
    "!preferences": "Preferences denied",
    "statistics": "Statistics granted",
    "!statistics": "Statistics denied",
    "marketing": "Marketing granted",
    "!marketing": "Marketing denied",
}
LAYERS = {"1": "First layer", "2": "Second layer", "0": "None: carried over"}
KINDS = {"phone": "Phone", "tablet": "Tablet", "desktop": "Desktop", "-": "Not stated"}
YES = {"yes": "Yes", "no": "No"}
# Why a record may be suspect, as `records.REASONS` names it.
SUSPECT = {
    "burst": "Many from one address in a short time",
    "fast": "Answered faster than a hand can",
    "clock": "The browser's clock is far off, or it sent days later",
}


@pages.get("/")
def every(key: str) -> Response:
    """A page of records under the filters of the address, the newest first or the oldest."""
    site = sites.get(key)
    asked = {name: request.args.get(name, "").strip()[:100] for name in ASKED}
    after = request.args.get("after") or None
    newest = request.args.get("order") != "oldest"
    wrong: dict[str, str] = {}
    found = Found([], None)
    try:
        wanted = _filter(asked, wrong)
        if not wrong:
            found = records.look(site, wanted, after, PAGE, newest, SCAN)
    except Refusal as refusal:
        wrong = refusal.fields or {"from": refusal.message}
    used = {name: text for name, text in asked.items() if text}
    if not wrong:
        note_read(site, found=len(found.rows), **used)
    order = {} if newest else {"order": "oldest"}
    page = render_template(
        "admin/records.html",
        site=site,
        records=ledger.described(site, found.rows),
        flagged=_flagged(site, found),
        versions=_versions(site),
        asked=asked,
        chips=_chips(site, used, order),
        used=used,
        here=used | order,
        newest=newest,
        after=after,
        next=found.after,
        seen=found.seen,
        scan=SCAN,
        wrong=wrong,
        words=WORDS,
        choices=_choices(site),
    )
    return make_response(page, 422 if wrong else 200)


def note_read(site: Site, **detail: Any) -> None:
    """Every reading is in the trail, with what was asked."""
    trail.write("records.read", guard.user().email, guard.now(), site.key, **detail)
    db.session.commit()


def _versions(site: Site) -> dict[str, int]:
    return {notice.digest: notice.version for notice in notices.versions(site)}


def _flagged(site: Site, found: Found) -> dict[str, tuple[str, ...]]:
    """Why records of the page are suspect, by their ids."""
    why = records.flags(site, [row.seq for row in found.rows])
    return {str(uuid_text(row.id)): why[row.seq] for row in found.rows if row.seq in why}


def _choices(site: Site) -> dict[str, dict[str, str]]:
    """What a filter may be, {value: words}, for those that are chosen from a list."""
    spoken = {tag for notice in notices.versions(site) for tag in notice.content["languages"]}
    return {
        "action": {name: _(word) for name, word in show.ACTIONS.items()},
        "category": {name: _(word) for name, word in GRANTS.items()},
        "regime": {name: name for name in sorted((*parts().regimes.ids, "FALLBACK"))},
        "notice": {
            digest: _("Version %(number)s", number=number)
            for digest, number in _versions(site).items()
        },
        "language": {tag: show.language_name(tag) for tag in sorted(spoken)},
        "layer": {name: _(word) for name, word in LAYERS.items()},
        "device": {name: _(word) for name, word in KINDS.items()},
        "gpc": {name: _(word) for name, word in YES.items()},
        "superseded": {name: _(word) for name, word in YES.items()},
        "suspect": {name: _(word) for name, word in (YES | SUSPECT).items()},
    }


def _chips(site: Site, used: dict[str, str], order: dict[str, str]) -> list[tuple[str, str, str]]:
    """(word, value in words, the address without it) of each filter in use."""
    listed = _choices(site)
    found = []
    for name, value in used.items():
        rest = {other: text for other, text in used.items() if other != name}
        address = url_for("admin.records.every", key=site.key, **rest, **order)  # type: ignore[arg-type]
        found.append((WORDS[name], listed.get(name, {}).get(value, value), address))
    return found


def _filter(asked: dict[str, str], wrong: dict[str, str]) -> RecordFilter:
    end = day_after(asked["to"], "to", wrong)
    layer = _one_of(asked, "layer", LAYERS, wrong)
    device = _one_of(asked, "device", (*DEVICES, "-"), wrong)
    gpc = _one_of(asked, "gpc", YES, wrong)
    superseded = _one_of(asked, "superseded", YES, wrong)
    suspect = _one_of(asked, "suspect", YES | SUSPECT, wrong)
    return RecordFilter(
        from_=day(asked["from"], "from", wrong),
        to=end,
        visitor=asked["visitor"].lower() or None,
        action=asked["action"] or None,
        category=asked["category"] or None,
        country=asked["country"].upper() or None,
        notice=asked["notice"].lower() or None,
        regime=asked["regime"] or None,
        language=asked["language"] or None,
        layer=None if layer is None else int(layer),
        device=device,
        gpc=None if gpc is None else gpc == "yes",
        superseded=None if superseded is None else superseded == "yes",
        page=asked["page"] or None,
        suspect=suspect,
    )


def _one_of(asked: dict[str, str], name: str, known: Any, wrong: dict[str, str]) -> str | None:
    if asked[name] and asked[name] not in known:
        wrong[name] = "Choose one of the list."
        return None
    return asked[name] or None
