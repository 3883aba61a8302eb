"""Consent records, read through the same question the auditor's API asks; each read is noted."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import ledger, notices, records, sites, trail
from consent.admin import guard, show
from consent.db import db
from consent.errors import Conflict, NotFound, Refusal
from consent.parts import parts
from consent.records import RecordFilter
from consent.records.rows import Row
from consent.sites import Site

pages = Blueprint("records", __name__, url_prefix="/sites/<key>/records")
PAGE = 50
REASON = 300
ASKED = ("from", "to", "action", "category", "country", "visitor", "notice")


@pages.get("/")
def every(key: str) -> Response:
    """A page of records under the filters of the address, in order of arrival."""
    site = sites.get(key)
    asked = {name: request.args.get(name, "").strip()[:100] for name in ASKED}
    after = request.args.get("after") or None
    wrong: dict[str, str] = {}
    found: list[dict[str, Any]] = []
    following = None
    try:
        wanted = _filter(asked, wrong)
        if not wrong:
            found, following = ledger.page_of(site, wanted, after, PAGE)
    except Refusal as refusal:
        wrong = refusal.fields or {"from": refusal.message}
    if not wrong:
        used = {name: text for name, text in asked.items() if text}
        _note_read(site, found=len(found), **used)
    page = render_template(
        "admin/records.html",
        site=site,
        records=found,
        versions={notice.digest: notice.version for notice in notices.versions(site)},
        asked=asked,
        filtered=any(asked.values()),
        asked_again={name: text for name, text in asked.items() if text},
        after=after,
        next=following,
        wrong=wrong,
        actions=show.ACTIONS,
    )
    return make_response(page, 422 if wrong else 200)


@pages.get("/<record_id>")
def one(key: str, record_id: str) -> str:
    """Everything one record says, facts and claims apart, and where it stands in the log."""
    site = sites.get(key)
    row, record = _held(site, record_id)
    _note_read(site, record=record["id"])
    if record.get("erased"):
        return render_template("admin/record_erased.html", site=site, record=record)
    version = next((n for n in notices.versions(site) if n.digest == record["notice"]), None)
    return render_template(
        "admin/record.html",
        site=site,
        record=record,
        version=version,
        proven=ledger.receipt(site, row.seq) is not None,
        raw=json.dumps(record, ensure_ascii=False, indent=2),
    )


@pages.get("/<record_id>/erase")
def ask_erase(key: str, record_id: str) -> Response:
    """What erasing means, before it is done."""
    site = sites.get(key)
    return _erase_page(site, *_held(site, record_id), {}, 200)


@pages.post("/<record_id>/erase")
def erase(key: str, record_id: str) -> Response:
    """Erase this record, or all of its visitor's; the trail keeps who did it and why."""
    site = sites.get(key)
    row, record = _held(site, record_id)
    reason = request.form.get("reason", "").strip()[:REASON]
    wrong = {} if reason else {"reason": "Write why, for the trail; without a visitor's name."}
    if request.form.get("sure") != "yes":
        wrong["sure"] = "Confirm that it cannot be undone."
    if wrong:
        return _erase_page(site, row, record, wrong, 422)
    everything = request.form.get("scope") == "visitor" and row.visitor is not None
    rows = records.all_of(site, row.visitor) if everything and row.visitor else [row]
    signer = parts().ledger.signer
    ledger.erase(signer, site, rows, guard.user().email, guard.now(), reason=reason)
    return guard.done("admin.records.one", "erased", key=key, record_id=record["id"])


def _held(site: Site, record_id: str) -> tuple[Row, dict[str, Any]]:
    try:
        number = uuid.UUID(record_id)
    except ValueError:
        raise NotFound("not_found", "No record of this site has that id.") from None
    return ledger.one(site, number.bytes)


def _erase_page(
    site: Site, row: Row, record: dict[str, Any], wrong: dict[str, str], status: int
) -> Response:
    if record.get("erased"):
        raise Conflict("erased", "This record is erased already.")
    page = render_template(
        "admin/record_erase.html",
        site=site,
        record=record,
        others=len(records.all_of(site, row.visitor)) if row.visitor else 1,
        form=request.form,
        wrong=wrong,
    )
    return make_response(page, status)


def _note_read(site: Site, **detail: Any) -> None:
    trail.write("records.read", guard.user().email, guard.now(), site.key, **detail)
    db.session.commit()


def _filter(asked: dict[str, str], wrong: dict[str, str]) -> RecordFilter:
    end = _day(asked["to"], "to", wrong)
    return RecordFilter(
        from_=_day(asked["from"], "from", wrong),
        to=end + timedelta(days=1) if end else None,
        visitor=asked["visitor"].lower() or None,
        action=asked["action"] or None,
        category=asked["category"] or None,
        country=asked["country"].upper() or None,
        notice=asked["notice"].lower() or None,
    )


def _day(text: str, field: str, wrong: dict[str, str]) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        wrong[field] = "Write the day as YYYY-MM-DD."
        return None
