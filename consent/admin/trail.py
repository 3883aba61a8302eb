"""The trail: who did or read what, when; it can be read here and changed nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import sites, trail
from consent.admin import guard, show
from consent.db import db, rfc3339
from consent.errors import Invalid
from consent.evidence import table as sheet
from consent.trail import Entry, Wanted

from .asked import day, day_after

pages = Blueprint("trail", __name__)
PAGE = 30
MOST = 100_000  # lines of one CSV
ASKED = ("site", "who", "record", "kind", "from", "to")
KINDS = {"": "Everything", "reads": "Readings", "acts": "Changes"}


@pages.get("/trail")
def entries() -> Response:
    """The latest acts and readings, under the filters of the address, some at a time."""
    return answer(None)


@pages.get("/trail.csv")
def table() -> Response:
    """The same as a table, whole."""
    return as_csv(None)


def answer(site: sites.Site | None) -> Response:
    """The page, of one site's readings or of everything."""
    asked, wrong, wanted = _asked(site)
    asked_before = request.args.get("before", "")
    before = int(asked_before) if re.fullmatch("[0-9]{1,18}", asked_before) else None
    found: list[Entry] = []
    older = None
    if not wrong:
        found, older = trail.look(wanted, before, PAGE)
    used = {name: text for name, text in asked.items() if text}
    page = render_template(
        "admin/trail.html" if site is None else "admin/access.html",
        entries=found,
        older=older,
        before=before,
        asked=asked,
        used=used,
        wrong=wrong,
        site=site,
        sites=sites.all_sites(),
        kinds=list(KINDS.items()),
    )
    return make_response(page, 422 if wrong else 200)


def as_csv(site: sites.Site | None) -> Response:
    """All lines that match, up to MOST; taking them is a reading itself."""
    asked, wrong, wanted = _asked(site)
    if wrong:
        raise Invalid("field_value", "One of the filters means nothing.", fields=wrong)
    used = {name: text for name, text in asked.items() if text and name != "site"}
    key = wanted.site
    trail.write("trail.read", guard.user().email, guard.now(), key, format="csv", filters=used)
    db.session.commit()
    response = make_response(sheet.lines(_rows(wanted)))
    response.mimetype = "text/csv"
    name = f"{site.key}-access.csv" if site else "crumbtrail-trail.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(wanted: Wanted) -> Iterator[list[str]]:
    yield ["at", "who", "what", "site", "record", "more"]
    before, left = None, MOST
    while left > 0:
        found, before = trail.look(wanted, before, 1000)
        for one in found[:left]:
            more = show.details(one.detail)
            yield [rfc3339(one.at), one.actor, one.verb, one.site or "", one.about or "", more]
        left -= len(found)
        if before is None:
            return


def _asked(site: sites.Site | None) -> tuple[dict[str, str], dict[str, str], Wanted]:
    """What the address asks, what is wrong with it, and what that means."""
    asked = {name: request.args.get(name, "").strip()[:320] for name in ASKED}
    wrong: dict[str, str] = {}
    if site is not None:
        asked |= {"site": "", "kind": ""}
    start = day(asked["from"], "from", wrong)
    end = day_after(asked["to"], "to", wrong)
    kinds: dict[str, Any] = {"reads": True, "acts": False}
    wanted = Wanted(
        site=site.key if site else asked["site"] or None,
        actor=asked["who"] or None,
        record=asked["record"].lower() or None,
        reads=True if site else kinds.get(asked["kind"]),
        from_=start,
        to=end,
    )
    return asked, wrong, wanted
