"""What the holder of a visitor's secret may see: their own records, by the secret alone."""

from __future__ import annotations

import hmac

from flask import Response, request

from .. import leaf, ledger, records, schemas
from ..errors import NotFound, Unauthorised
from ..parts import as_json
from ..records import RecordFilter
from ..records.rows import ERASED
from ..sites import Site
from . import cookies, shelf
from .blueprint import bp
from .choices import gone

SHOWN = 1000


@bp.get("/<site>/receipts/<record_id>")
def receipt(site: str, record_id: str) -> Response:
    """The record with its proof (null until there is a log), and who keeps it."""
    of = shelf.site(site)
    visitor = _visitor(of)
    if not schemas.UUID7.fullmatch(record_id):
        raise _none()
    row = records.held(of.id, schemas.uuid_bytes(record_id))
    if row is not None and row.flags & ERASED:
        raise gone(of, row)
    if row is None or row.visitor is None or not hmac.compare_digest(row.visitor, visitor):
        raise _none()  # the same for "not yours" and "not there": an id is no secret
    record = ledger.described(of, [row])[0]
    notice = shelf.notice(of, record["notice"]).content
    proven = ledger.receipt(of, row.seq)
    return as_json(
        {
            "record": record,
            "proof": proven.body() if proven else None,
            "controller": notice["controller"],
            "contacts": notice["contacts"],
            "dpo": notice["dpo"],
            "authority": notice["authority"],
        }
    )


@bp.get("/<site>/visitor/records")
def my_records(site: str) -> Response:
    """All records of this visitor, in order of arrival."""
    of = shelf.site(site)
    wanted = RecordFilter(visitor=_visitor(of).hex())
    found, _ = ledger.page_of(of, wanted, limit=SHOWN)
    return as_json({"records": found})


def _visitor(of: Site) -> bytes:
    said = request.headers.get("Authorization")
    held = cookies.visitor() if said is None and cookies.names_visitor(of) else None
    scheme, _, secret = (said or f"Visitor {held or ''}").partition(" ")
    if scheme != "Visitor" or not schemas.SECRET.fullmatch(secret):
        raise Unauthorised("visitor", "Send `Authorization: Visitor <secret>`.")
    return bytes.fromhex(leaf.visitor_id(of.key, secret))


def _none() -> NotFound:
    return NotFound("not_found", "There is no such record for this visitor.")
