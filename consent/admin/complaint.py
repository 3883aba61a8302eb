"""One record on one page of paper, for a complaint file: in the notice's language where we have
words for it, with every digest, and how to check it. The same record and moment make the same file.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from flask import make_response, request
from werkzeug.wrappers import Response

from consent import sites, texts
from consent.admin import guard, record
from consent.admin.records import note_read, pages
from consent.db import rfc3339
from consent.errors import Conflict
from consent.pdf import A4, Font, Page, wrapped
from consent.records.rows import uuid_text
from consent.sites import Site

MARGIN, INDENT = 48.0, 118.0
SIZES = (8.6, 8.0, 7.4, 6.8, 6.2)  # tried in turn, until all of it is on the page
SERVICES = (60, 30, 12, 4)  # how many are named at most, then
KNOWN = {"visitor": "visitor_said", "none": "nowhere"}
Rows = list[tuple[str, str]]


@pages.get("/<record_id>/paper")
def paper(key: str, record_id: str) -> Response:
    """The page as a file."""
    site = sites.get(key)
    row, found = record.held(site, record_id)
    if found.get("erased"):
        raise Conflict("erased", "This record was erased; nothing is left to put on paper.")
    asked = request.args.get("lang", "")
    spoken = next((tag for tag in (asked, found["language"]) if tag in words()), "en")
    note_read(site, record=found["id"], format="pdf")
    at = guard.now().replace(microsecond=0)
    body = drawn(site, found, record.told(site, row, found), spoken, at, guard.base_url())
    response = make_response(body)
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{found["id"]}.pdf"'
    return response


@cache
def words() -> dict[str, dict[str, str]]:
    """The words of the paper, by language."""
    found: dict[str, dict[str, str]] = json.loads(
        files("consent").joinpath("data/complaint.json").read_text("utf-8")
    )
    return found


@cache
def fonts() -> tuple[Font, Font]:
    """Plain and bold."""
    folder = files("consent").joinpath("data/fonts")
    plain, bold = (
        folder.joinpath(f"{name}.ttf").read_bytes() for name in ("DejaVuSans", "DejaVuSans-Bold")
    )
    return Font("DejaVuSans", plain), Font("DejaVuSans-Bold", bold)


def drawn(
    site: Site, found: dict[str, Any], told: dict[str, Any], spoken: str, at: datetime, base: str
) -> bytes:
    """The file: as large as fits on one page, with fewer services named where none fits."""
    title = f"{words()[spoken]['title']} {found['id']}"
    for most in SERVICES:
        for size in SIZES:
            page = Page(title, spoken, at)
            sections = _sections(site, found, told, spoken, most)
            end = _lay(page, site, found, sections, spoken, size)
            made = words()[spoken]["made"].format(at=f"{at:%Y-%m-%d %H:%M:%S}", base=base)
            page.text(MARGIN, 34, made, fonts()[0], 6.5, 0.35)
            if end > 44:
                return page.bytes()
    return page.bytes()


def _lay(
    page: Page,
    site: Site,
    found: dict[str, Any],
    sections: list[tuple[str, Rows]],
    spoken: str,
    size: float,
) -> float:
    """Draw; the answer is where the last line stands."""
    plain, bold = fonts()
    w, (width, height) = words()[spoken], A4
    y = height - MARGIN
    page.text(MARGIN, y, w["title"], bold, size * 1.7)
    y -= size * 2
    for line in wrapped(f"{site.name} · {found['site']} · {found['id']}", plain, size, width - 96):
        page.text(MARGIN, y, line, plain, size, 0.25)
        y -= size * 1.35
    for name, rows in sections:
        y -= size * 0.5
        page.rule(MARGIN, y + size * 1.1, width - 2 * MARGIN)
        page.text(MARGIN, y, w[name], bold, size)
        y -= size * 1.4
        for label, value in rows:
            left = MARGIN + INDENT if label else MARGIN
            page.text(MARGIN, y, label, plain, size, 0.35)
            for line in wrapped(value, plain, size, width - MARGIN - left):
                page.text(left, y, line, plain, size)
                y -= size * 1.3
    return y


def _sections(
    site: Site, found: dict[str, Any], told: dict[str, Any], spoken: str, most: int
) -> list[tuple[str, Rows]]:
    return [
        ("choice", _choice(found, told, spoken, most)),
        ("shown", _shown(found, told, spoken)),
        ("law", _law(found, told, spoken)),
        ("times", _times(found, told, spoken)),
        ("log", _log(found, told, spoken)),
        ("who", _who(told)),
        ("verify", [("", words()[spoken]["how"])]),
    ]


def _choice(found: dict[str, Any], told: dict[str, Any], spoken: str, most: int) -> Rows:
    w, names = words()[spoken], texts.words(spoken)
    said = {True: w["granted"], False: w["denied"]}
    purposes = [f"{names[f'category_{n}']}: {said[on]}" for n, on in found["categories"].items()]
    listed = [
        f"{told['services'].get(name, name)}: {said[on]}"
        for name, on in (found["services"] or {}).items()
    ]
    if len(listed) > most:
        listed = [*listed[:most], w["more"].format(n=len(listed) - most)]
    before, after = (uuid_text(one.id) if one else None for one in (told["before"], told["after"]))
    return [
        ("", w[found["action"]]),
        (w["categories"], " · ".join(purposes) or w["none"]),
        (w["services"], " · ".join(listed) or w["none"]),
        (w["gpc_sent"], w["yes"] if found["signals"]["gpc"] else w["no"]),
        (w["visitor"], found["visitor"] or w["none"]),
        (w["before"], before or w["none"]),
        (w["after"], after or w["none"]),
    ]


def _shown(found: dict[str, Any], told: dict[str, Any], spoken: str) -> Rows:
    w, version = words()[spoken], told["version"]
    number = (
        w["version"].format(n=version.version, at=f"{version.published_at:%Y-%m-%d}")
        if version
        else w["unknown"]
    )
    late = f" ({w['superseded']})" if found["superseded"] else ""
    device = ", ".join(filter(None, (found["device"], found["browser"])))
    return [
        (w["notice"], f"{number}{late} · SHA-256 {found['notice']}"),
        (w["answer"], found["answer"] or w["not_stated"]),
        (w["language"], found["language"]),
        (w["page"], found["page"]),
        (w["device"], device),
    ]


def _law(found: dict[str, Any], told: dict[str, Any], spoken: str) -> Rows:
    w, place, rules = words()[spoken], found["place"], told["rules"]
    source = place["source"]
    known = w.get(KNOWN.get(source, source), source)
    named = "-".join(filter(None, (place["country"], place["subdivision"])))
    return [
        (w["place"], named or w["unknown"]),
        (w["known"], f"{known} ({place['database']})" if place["database"] else known),
        (w["rules"], f"{found['regime']}: {rules.name}" if rules else found["regime"]),
        (w["citations"], "; ".join(rules.citations) if rules else w["not_stated"]),
        (w["table"], found["regimes"]),
    ]


def _times(found: dict[str, Any], told: dict[str, Any], spoken: str) -> Rows:
    w, took = words()[spoken], told["took"]
    seconds = w["seconds"].format(n=f"{took.total_seconds():.1f}") if took else w["not_stated"]
    return [
        (w["shown_at"], found["shown_at"] or w["not_stated"]),
        (w["chosen_at"], found["claimed_at"]),
        (w["received_at"], found["received_at"]),
        (w["took"], seconds),
        (w["goes"], rfc3339(told["goes"])[:10]),
        ("", w["clocks"]),
    ]


def _log(found: dict[str, Any], told: dict[str, Any], spoken: str) -> Rows:
    w, log, checked = words()[spoken], found["log"], told["checked"]
    if log is None:
        return [("", w["unlogged"])]
    rows = [(w["commitment"], log["commitment"]), (w["salt"], log["salt"] or "")]
    if checked is None or checked.proven is None:
        return [(w["entry"], str(log["index"])), *rows]
    head = checked.proven.head
    key = next(line for line in told["vkeys"].splitlines() if line.startswith(f"{head.origin}+"))
    return [
        (w["entry"], w["of"].format(n=log["index"], log=head.origin)),
        *rows,
        (w["checkpoint"], w["size"].format(n=head.size, root=head.root.hex())),
        (w["key"], key),
    ]


def _who(told: dict[str, Any]) -> Rows:
    if told["version"] is None:
        return []
    said = told["version"].content["controller"]
    names = ("legal_name", "trading_name", "address", "email", "phone")
    return [("", " · ".join(str(said[name]) for name in names if said.get(name)))]
