"""Finding a record by what a visitor writes: ids, visitor codes and request numbers anywhere in a
pasted text, on all sites that the reader may open.

The text comes in a body, never in an address, because a mail names a person; it is kept nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from consent import ledger, records, requests, sites, trail
from consent.admin import guard
from consent.db import db
from consent.errors import NotFound
from consent.sites import Site

pages = Blueprint("finding", __name__, url_prefix="/find")
LONGEST = 100_000
MOST = 40  # ids and codes of one text
SHOWN = 20  # records of one visitor
# A mail breaks lines where it likes: quoted-printable ends one with =, a reply begins one with >.
SOFT = re.compile(r"=\r?\n")
BREAKS = re.compile(r"[ \t]*\r?\n[>\s]*|[\u200b\u00ad]")
ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])")
NUMBER = re.compile(r"(?<![A-Z2-7])[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}(?![A-Z2-7])")


@dataclass(frozen=True)
class Names:
    """What a text names: 16 bytes each (an id, or a visitor's code), and numbers of requests."""

    ids: list[bytes]
    numbers: list[str]


def names_in(text: str) -> Names:
    """Every id and number in a text, as it is and with the breaks of mails taken out. Pure."""
    whole = SOFT.sub("", text)
    ids: dict[bytes, None] = {}
    numbers: dict[str, None] = {}
    for spelling in (whole, BREAKS.sub("", whole)):
        for found in ID.findall(spelling.lower()):
            ids[bytes.fromhex(found.replace("-", ""))] = None
        for number in NUMBER.findall(spelling):
            numbers[number] = None
    return Names(list(ids)[:MOST], list(numbers)[:MOST])


@pages.get("/")
def ask() -> str:
    """One box for whatever the visitor sent."""
    return render_template("admin/find.html", text="", looked=None)


@pages.post("/")
def find() -> str:
    """What the text names, on the sites that the reader may open; each record is noted as read."""
    text = request.form.get("text", "")[:LONGEST]
    names = names_in(text)
    found = []
    for site in sites.all_sites():
        held = _of(site, names)
        if any(held.values()):
            found.append({"site": site, **held})
    return render_template("admin/find.html", text=text, looked=names, found=found)


def _of(site: Site, names: Names) -> dict[str, Any]:
    """Records by id, those of visitors, and requests that a site has; noted."""
    rows = records.named([site], names.ids)
    by_id = ledger.described(site, rows)
    visitors = {}
    for code in names.ids:
        theirs = records.all_of(site, code)[-SHOWN:][::-1]
        if theirs:
            visitors[code.hex()] = ledger.described(site, theirs)
    asked = [one for number in names.numbers if (one := _request(site, number))]
    by, at = guard.user().email, guard.now()
    for record in by_id:
        trail.write("records.read", by, at, site.key, record=record["id"], found="search")
    for visitor, theirs_ in visitors.items():
        trail.write("records.read", by, at, site.key, visitor=visitor, found=len(theirs_))
    for one in asked:
        trail.write("requests.read", by, at, site.key, request=one.number)
    if by_id or visitors or asked:
        db.session.commit()
    return {"records": by_id, "visitors": visitors, "requests": asked}


def _request(site: Site, number: str) -> requests.Request | None:
    try:
        return requests.get(site, number)
    except NotFound:
        return None
