"""The auditor's edge: read-only, by key, every read in the trail."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime
from importlib.resources import files
from typing import Any

import yaml
from flask import Blueprint, Response, g, render_template, request
from marshmallow import ValidationError

from . import ledger, notices, schemas, sites, trail, users
from .db import db, from_micros
from .errors import Busy, Forbidden, Invalid, NotFound
from .parts import as_json, parts
from .records import RecordFilter
from .sites import Site

bp = Blueprint("auditor", __name__)

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000
FILTERS = frozenset("from to visitor action category country notice after limit".split())


@bp.get("/v1/audit/<site>/records")
def many(site: str) -> Response:
    """One page of records in order of arrival."""
    of = _opened(site)
    repeated = [name for name in request.args if len(request.args.getlist(name)) > 1]
    unknown = sorted(set(request.args) - FILTERS) or repeated
    if unknown:
        raise Invalid(
            "field_unknown",
            f"Filters, each at most once: {', '.join(sorted(FILTERS))}.",
            fields={name: "Not a filter, or given twice." for name in unknown},
        )
    wanted = _within_period(
        RecordFilter(
            from_=_moment("from"),
            to=_moment("to"),
            visitor=request.args.get("visitor"),
            action=request.args.get("action"),
            category=request.args.get("category"),
            country=request.args.get("country"),
            notice=request.args.get("notice"),
        )
    )
    found, after = ledger.page_of(of, wanted, request.args.get("after"), _limit())
    _read(of, "records.read", filters=dict(request.args), count=len(found))
    return as_json({"records": found, "next": after})


@bp.get("/v1/audit/<site>/records/<record_id>")
def one(site: str, record_id: str) -> Response:
    of = _opened(site)
    if not schemas.UUID7.fullmatch(record_id):
        raise NotFound("not_found", "No record of this site has that id.")
    row, record = ledger.one(of, schemas.uuid_bytes(record_id))
    received = from_micros(row.seq)
    key = g.key
    if (key.period_from and received < key.period_from) or (
        key.period_to and received >= key.period_to
    ):
        raise Forbidden("key_period", "The record lies outside this key's period.")
    _read(of, "record.read", record=record_id)
    return as_json(record)


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
        memory["openapi"]["servers"] = [{"url": parts().config.base_url}]
    found: dict[str, Any] = memory["openapi"]
    return found


def _opened(site: str) -> Site:
    """The site, if the request's key opens it."""
    now = parts().clock()
    g.key = key = users.key_for(request.headers.get("Authorization"), now)
    wait = parts().limits["key"].take(key.id, now.timestamp())
    if wait > 0:
        raise Busy(
            "slow_down", "Too many requests with this key.", status=429, retry_after=math.ceil(wait)
        )
    if site not in key.sites:
        raise Forbidden("key_site", "This key does not open that site.")
    return sites.get(site)


def _read(of: Site, verb: str, **detail: Any) -> None:
    trail.write(verb, f"key {g.key.id}", parts().clock(), of.key, **detail)
    db.session.commit()


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
