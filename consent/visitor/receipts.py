"""What the holder of a visitor's secret may see and have erased: their own records, by it alone."""

from __future__ import annotations

import hmac
import math
from typing import Any

from flask import Response, request

from .. import leaf, ledger, records, schemas
from ..errors import Busy, Invalid, NotFound, Unauthorised
from ..parts import as_json, parts
from ..records.rows import ERASED, Row
from ..sites import Site
from . import cookies, shelf, underway, where
from .blueprint import bp
from .reach import READING, UNREACHED, reach
from .taking import gone

SHOWN = 1000
BY = "visitor"  # in the trail, which never says which
FORMATS = ("json", "jsonld")


@bp.get("/<site>/receipts/<record_id>")
def receipt(site: str, record_id: str) -> Response:
    """The record with its proof (null until it is in the log), and who keeps it."""
    of = shelf.site(site)
    visitor = _visitor(of)
    try:
        with reach(READING).asking():
            return as_json(of_one(of, own(of, visitor, record_id)))
    except (NotFound, *UNREACHED):
        waiting = _underway(of, visitor, record_id)
        if waiting is None:
            raise
        return as_json(waiting)


@bp.get("/<site>/visitor/records")
def my_records(site: str) -> Response:
    """All records of this visitor, in order of arrival. Erased ones have no visitor any more."""
    of = shelf.site(site)
    rows = records.all_of(of, _visitor(of))[:SHOWN]
    form = request.args.get("format", "json")
    if form not in FORMATS:
        why = f"One of {', '.join(FORMATS)}."
        raise Invalid("field_value", f"format: {why}", fields={"format": why})
    if form == "jsonld":
        return linked(of, rows)
    return as_json({"records": ledger.described(of, rows)})


@bp.post("/<site>/visitor/erase")
def erase(site: str) -> Response:
    """Erase every record of this visitor. Busy while one is on its way into the log."""
    of = shelf.site(site)
    visitor = _visitor(of)
    client = where.limit_key()
    if client is not None:
        wait = parts().limits["client_withdrawal"].take(client, parts().clock().timestamp())
        if wait > 0:
            raise Busy(
                "slow_down", "Too many requests at once.", status=429, retry_after=math.ceil(wait)
            )
    indices = erase_all(of, visitor)
    return as_json({"erased": len(indices), "indices": indices})


def erase_all(of: Site, visitor: bytes) -> list[int]:
    """Index in the log of each record that was erased; raises Busy `busy`."""
    return parts().erase(of, lambda: records.all_of(of, visitor), BY)


def own(of: Site, visitor: bytes, record_id: str) -> Row:
    """The record of that id if it is this visitor's.

    Raises NotFound alike for "not yours" and "not there" (an id is no secret), and 410 `erased`.
    """
    if not schemas.UUID7.fullmatch(record_id):
        raise _none()
    row = records.held(of.id, schemas.uuid_bytes(record_id))
    if row is not None and row.flags & ERASED:
        raise gone(of, row)
    if row is None or row.visitor is None or not hmac.compare_digest(row.visitor, visitor):
        raise _none()
    return row


def of_one(of: Site, row: Row) -> dict[str, Any]:
    """A receipt: the record, its proof, what stands beside it if anything does, and who keeps it,
    as its notice says."""
    record = ledger.described(of, [row])[0]
    notice = shelf.notice(of, record["notice"]).content
    proven = ledger.receipt(of, row.seq)
    beside = records.beside(of, [row.seq]).get(row.seq)
    return {
        "record": record,
        "proof": proven.body() if proven else None,
        **({"beside": beside.body} if beside else {}),
        **_who(notice),
    }


def _underway(of: Site, visitor: bytes, record_id: str) -> dict[str, Any] | None:
    """The receipt of a record that is acknowledged and on its way to the database."""
    if not schemas.UUID7.fullmatch(record_id):
        return None
    taken = underway.first(of, schemas.uuid_bytes(record_id))
    code = taken.row.visitor if taken else None
    if taken is None or code is None or not hmac.compare_digest(code, visitor):
        return None
    notice = shelf.notice(of, taken.record["notice"]).content
    return {"record": taken.record | {"log": None}, "proof": None} | _who(notice)


def _who(notice: dict[str, Any]) -> dict[str, Any]:
    return {name: notice[name] for name in ("controller", "contacts", "dpo", "authority")}


def linked(of: Site, rows: list[Row]) -> Response:
    """The records as ISO/IEC TS 27560 has them, in JSON-LD."""
    base = parts().config.base_url
    found = [
        records.consent_record(record, shelf.notice(of, record["notice"]).content, base)
        for record in ledger.described(of, rows)
    ]
    response = as_json(found)
    response.mimetype = "application/ld+json"
    return response


def visitor_of(of: Site, secret: str) -> bytes:
    """The pseudonym that a secret stands for on this site."""
    return bytes.fromhex(leaf.visitor_id(of.key, secret))


def _visitor(of: Site) -> bytes:
    said = request.headers.get("Authorization")
    held = cookies.visitor() if said is None and cookies.names_visitor(of) else None
    scheme, _, secret = (said or f"Visitor {held or ''}").partition(" ")
    if scheme != "Visitor" or not schemas.SECRET.fullmatch(secret):
        raise Unauthorised("visitor", "Send `Authorization: Visitor <secret>`.")
    return visitor_of(of, secret)


def _none() -> NotFound:
    return NotFound("not_found", "There is no such record for this visitor.")
