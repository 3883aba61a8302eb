"""Consent records and the trail: each read of them is noted, as in the admin."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint

from consent import ledger, records, trail
from consent.db import db
from consent.errors import NotFound
from consent.parts import parts
from consent.records import RecordFilter
from consent.schemas import UUID7, uuid_bytes
from consent.sites import Site

from . import door, personal, shapes
from .frame import PAGE, operation, page

calls = Blueprint("records", __name__)
TAG = "admin-records"
ENTRY = tuple(personal.TrailEntry().fields)


@operation(
    calls,
    "GET /sites/<key>/records",
    "Records of a site, in order of arrival",
    tag=TAG,
    query=personal.RecordQuery(),
    answer=personal.Records(),
    more="Each read is noted in the trail.",
)
def every(key: str, query: dict[str, Any]) -> dict[str, Any]:
    site, asked = door.site(key), dict(query)
    after, limit = asked.pop("after", None), asked.pop("limit", PAGE)
    found, following = ledger.page_of(site, RecordFilter(**asked), after, limit)
    _noted(site, found=len(found))
    return {"records": found, "next": following}


@operation(
    calls,
    "GET /sites/<key>/records/<record_id>",
    "One record",
    tag=TAG,
    answer=personal.RecordAnswer(),
)
def one(key: str, record_id: str) -> dict[str, Any]:
    site = door.site(key)
    _, record = ledger.one(site, _uuid(record_id))
    _noted(site, record=record_id)
    return {"record": record}


@operation(
    calls,
    "POST /sites/<key>/records/<record_id>/erase",
    "Erase a record, or all of its visitor's",
    tag=TAG,
    body=personal.EraseBody(),
    answer=personal.Erased(),
    more="It cannot be undone; the log keeps the place without content.",
)
def erase(key: str, record_id: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    row, record = ledger.one(site, _uuid(record_id))
    if record.get("erased"):
        return {"erased": 0}
    meant = partial(records.meant, site, row, body["scope"])
    return {"erased": len(parts().erase(site, meant, door.by(), body["reason"]))}


@operation(
    calls,
    "GET /trail",
    "Who did or read what, the newest first",
    tag=TAG,
    query=personal.TrailQuery(),
    answer=shapes.listed("entries", personal.TrailEntry),
    more="Each read is noted in the trail.",
)
def entries(query: dict[str, Any]) -> dict[str, Any]:
    limit, after = query.get("limit", PAGE), query.get("after")
    site = door.site(query["site"]).key if "site" in query else None
    rows = trail.entries(site, limit + 1, min(int(after), 2**53) if after is not None else None)
    found, following = page(rows, lambda entry: entry.id, limit)
    told = [{name: getattr(one, name) for name in ENTRY} for one in found]
    trail.write("trail.read", door.by(), door.now(), site, found=len(told))
    db.session.commit()
    return {"entries": told, "next": following}


def _uuid(text: str) -> bytes:
    if not UUID7.fullmatch(text):
        raise NotFound("not_found", "No record of this site has that id.")
    return uuid_bytes(text)


def _noted(site: Site, **detail: Any) -> None:
    trail.write("records.read", door.by(), door.now(), site.key, **detail)
    db.session.commit()
