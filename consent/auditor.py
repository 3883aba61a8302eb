"""The auditor's edge: read-only, by key, every read in the trail."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator, Iterable, Iterator
from datetime import datetime
from importlib.resources import files
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import yaml
from flask import Blueprint, Response, current_app, g, render_template, request
from marshmallow import ValidationError

from . import evidence, ledger, notices, records, schemas, sites, trail, users
from .db import db, from_micros
from .errors import Busy, Forbidden, Invalid, NotFound
from .parts import as_json, parts
from .records import RecordFilter
from .records.rows import Row
from .sites import Site

bp = Blueprint("auditor", __name__)

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000
PERIOD = frozenset("from to format".split())
EXPORT_FILTERS = PERIOD | frozenset("visitor action category country notice".split())
FILTERS = EXPORT_FILTERS | {"after", "limit"}
FILES = {"bundle": "evidence.zip", "beside": "beside.ndjson"}
PAGED = ("json", "ndjson", "csv", "parquet")
# What a key must be allowed for each route; one without a row is closed to every key.
SCOPE = {
    "auditor.many": "read:records",
    "auditor.one": "read:records",
    "auditor.shown": "read:records",
    "auditor.beside": "read:records",
    "auditor.proof": "read:proof",
    "auditor.export": "export",
}


@bp.get("/v1/audit/<site>/records")
def many(site: str) -> Response:
    """Records in order of arrival: a page of JSON, or all of them as NDJSON or CSV."""
    of = _opened(site)
    wanted = _wanted(FILTERS)
    kind = _negotiated()
    after, most = request.args.get("after"), request.args.get("limit")
    if kind != "json" and most is None:
        return _streamed(of, kind, evidence.pages(of.key, wanted, after), _asked())
    step, following = evidence.page(of, wanted, after, _limit(), records.Names())
    chunks = list(evidence.records(kind, of.key, [step]))
    _read(of, "records.read", filters=_asked(), count=len(step.rows))
    if kind == "json":
        return _varied(_page(chunks, following))
    response = _varied(_sent(kind, chunks, of.key))
    if following is not None:
        query = urlencode({**request.args, "after": following})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def _page(chunks: Iterable[bytes], following: str | None) -> Response:
    """All records as JSON, and where the next page begins."""
    response = as_json({})
    end = json.dumps(following).encode()
    response.data = b"".join(chunks).removesuffix(b"]}\n") + b'],"next":%b}\n' % end
    return response


@bp.after_request
def stored_in(response: Response) -> Response:
    """Every answer names the region this server stores in, where the operator states one."""
    if region := parts().config.region:
        response.headers["Crumbtrail-Storage-Region"] = region
    return response


@bp.get("/v1/audit/<site>/export")
def export(site: str) -> Response:
    """All records that match, streamed; or the evidence of a period as a zip."""
    of = _opened(site)
    kind = evidence.able(_format(evidence.FORMATS) or "json")
    wanted = _wanted(PERIOD if kind == "bundle" else EXPORT_FILTERS)
    if kind != "bundle":
        return _streamed(of, kind, evidence.pages(of.key, wanted), _asked())
    span = evidence.Span(of.key, wanted.from_, wanted.to, parts().clock())
    made = evidence.bundle(span, parts().ledger.signer, parts().regimes.digest)
    return _streamed(of, kind, made, _asked())


@bp.get("/v1/audit/<site>/records/<record_id>")
def one(site: str, record_id: str) -> Response:
    of = _opened(site)
    record = ledger.described(of, [_found(of, record_id)])[0]
    _read(of, "record.read", record=record_id)
    return as_json(record)


@bp.get("/v1/audit/<site>/records/<record_id>/beside")
def beside(site: str, record_id: str) -> Response:
    """What is kept beside the record, and is no part of it: of the address what the notice says,
    and why nothing was granted."""
    of = _opened(site)
    row = _found(of, record_id)
    found = records.beside(of, [row.seq]).get(row.seq, records.Beside())
    _read(of, "record.read", record=record_id)
    return as_json({"id": record_id, "beside": found.body})


@bp.get("/v1/audit/<site>/records/<record_id>/proof")
def proof(site: str, record_id: str) -> Response:
    """Where the record stands in the log, without what it says: entry, proof, and the chain to the
    deployment log; null until it is in the log."""
    of = _opened(site)
    row = _found(of, record_id)
    proven = ledger.receipt(of, row.seq)
    _read(of, "proof.read", record=record_id)
    return as_json({"id": record_id, "proof": proven.body() if proven else None})


@bp.get("/v1/audit/<site>/notices/<digest>")
def shown(site: str, digest: str) -> Response:
    """Exactly the bytes that were published: their SHA-256 is the address."""
    of = _opened(site)
    body = notices.by_digest(of, digest).body
    _read(of, "notice.read", digest=digest)
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@bp.route("/v1/audit/<site>/<path:rest>", methods=["POST", "PUT", "PATCH", "DELETE"])
def read_only(site: str, rest: str) -> Response:
    """No key writes: said to whoever holds one, 401 to everybody else."""
    _opened(site)
    raise Forbidden("read_only", "An auditor's key reads, and changes nothing.")


@bp.get("/openapi.json")
def openapi() -> Response:
    response = as_json(_description())
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@bp.get("/docs")
def docs() -> str:
    """The same description as a page to read; no script, nothing from elsewhere."""
    return render_template("docs.html", api=_description(), base=parts().config.base_url)


def _description() -> dict[str, Any]:
    memory = parts().memory
    if "openapi" not in memory:
        text = files("consent").joinpath("data/openapi.yaml").read_text("utf-8")
        memory["openapi"] = json.loads(json.dumps(yaml.safe_load(text)))
        parts().describe(memory["openapi"])
        memory["openapi"]["servers"] = [{"url": parts().config.base_url}]
    found: dict[str, Any] = memory["openapi"]
    return found


def _found(of: Site, record_id: str) -> Row:
    """The record's row, if it lies in the key's period. Raises 403, 404."""
    if not schemas.UUID7.fullmatch(record_id):
        raise NotFound("not_found", "No record of this site has that id.")
    row = ledger.row_of(of, schemas.uuid_bytes(record_id))
    received = from_micros(row.seq)
    key = g.key
    if (key.period_from and received < key.period_from) or (
        key.period_to and received >= key.period_to
    ):
        raise Forbidden("key_period", "The record lies outside this key's period.")
    return row


def _opened(site: str) -> Site:
    """The site, if the request's key opens it and may do what is asked."""
    now = parts().clock()
    users.refuse_in_address(request.args.values())
    g.key = key = users.key_for(request.headers.get("Authorization"), now)
    wait = parts().limits["key"].take(key.id, now.timestamp())
    if wait > 0:
        raise Busy(
            "slow_down", "Too many requests with this key.", status=429, retry_after=math.ceil(wait)
        )
    of = sites.get(site) if site in key.sites else None
    if of is None or of.organisation_id != key.organisation_id:
        raise Forbidden("key_site", "This key does not open that site.")
    if request.endpoint != "auditor.read_only":
        users.need_scope(key, SCOPE.get(request.endpoint or ""))
    return of


def _read(of: Site, verb: str, **detail: Any) -> None:
    trail.write(verb, f"key {g.key.id}", parts().clock(), of.key, **detail)
    db.session.commit()


def _wanted(known: frozenset[str]) -> RecordFilter:
    """The filters of the address, narrowed to what the key may see."""
    repeated = [name for name in request.args if len(request.args.getlist(name)) > 1]
    unknown = sorted(set(request.args) - known) or repeated
    if unknown:
        raise Invalid(
            "field_unknown",
            f"Filters, each at most once: {', '.join(sorted(known))}.",
            fields={name: "Not a filter here, or given twice." for name in unknown},
        )
    start, end = _moment("from"), _moment("to")
    if start and end and start >= end:
        why = "Must be before `to`."
        raise Invalid("field_value", f"from: {why}", fields={"from": why})
    return _within_period(
        RecordFilter(
            from_=start,
            to=end,
            visitor=request.args.get("visitor"),
            action=request.args.get("action"),
            category=request.args.get("category"),
            country=request.args.get("country"),
            notice=request.args.get("notice"),
        )
    )


def _asked() -> dict[str, str]:
    return dict(request.args)


def _format(known: Iterable[str]) -> str | None:
    kind = request.args.get("format")
    if kind is not None and kind not in known:
        why = f"One of {', '.join(known)}."
        raise Invalid("field_value", f"format: {why}", fields={"format": why})
    return kind


def _negotiated() -> str:
    """`format`, else what `Accept` likes best, else JSON."""
    types = {evidence.FORMATS[kind]: kind for kind in PAGED}
    best = request.accept_mimetypes.best_match(list(types), default="application/json")
    return evidence.able(_format(PAGED) or types[str(best)])


def _streamed(of: Site, kind: str, chunks: Iterator[Any], filters: dict[str, str]) -> Response:
    """An export. It is noted before its first byte leaves, for one that is broken off was read
    too; the first chunk is made before that, so that what means nothing is refused as ever."""
    slot = evidence.Slot()
    try:
        first = next(chunks)
        _read(of, "export.read", format=kind, filters=filters)
        whole: Iterator[Any] = chain([first], chunks)
        body = whole if kind == "bundle" else evidence.records(kind, of.key, whole)
        response = _varied(_sent(kind, _stepwise(slot.during(body)), of.key))
    except BaseException:
        slot.leave()
        raise
    response.call_on_close(slot.leave)
    return response


def _stepwise(chunks: Generator[bytes, None, None]) -> Iterator[bytes]:
    """Each chunk is made in a context of its own: a caller who is slow or gone holds nothing."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def steps() -> Iterator[bytes]:
        try:
            while True:
                with app.app_context():
                    chunk = next(chunks, None)
                if chunk is None:
                    return
                yield chunk
        finally:
            chunks.close()

    return steps()


def _sent(kind: str, chunks: Iterable[bytes], site: str) -> Response:
    name = f"{site}-{FILES.get(kind, f'records.{kind}')}"
    response = Response(chunks, content_type=evidence.type_of(kind))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _varied(response: Response) -> Response:
    response.headers["Vary"] = "Accept"
    return response


def _within_period(wanted: RecordFilter) -> RecordFilter:
    """The filter, narrowed to what the key may see."""
    key = g.key
    starts = [at for at in (wanted.from_, key.period_from) if at]
    ends = [at for at in (wanted.to, key.period_to) if at]
    changed = {"from_": max(starts, default=None), "to": min(ends, default=None)}
    return RecordFilter(**{**wanted.__dict__, **changed})


def _moment(name: str) -> datetime | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        # an unescaped + in a query is a space
        return schemas.moment(text.replace(" ", "+"))
    except ValidationError as error:
        why = str(error.messages[0])
        raise Invalid("field_value", f"{name}: {why}", fields={name: why}) from None


def _limit() -> int:
    text = request.args.get("limit", str(DEFAULT_LIMIT))
    if not (re.fullmatch("[0-9]{1,4}", text) and 1 <= int(text) <= LARGEST_LIMIT):
        why = f"A whole number from 1 to {LARGEST_LIMIT}."
        raise Invalid("field_value", f"limit: {why}", fields={"limit": why})
    return int(text)
