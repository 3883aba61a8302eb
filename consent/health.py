"""The operator's edge: is the process alive, can it serve, and what should be mended.

`/readyz` is open to everybody, so it names what is wrong and no figures of what is well; those are
at `/metrics`.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from flask import Blueprint, Response
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from . import retention, row_security, sealing
from .db import db, micros, sqlite_warning
from .ingest import Away
from .ingest.stream import REPLICAS, SYNC_SINCE
from .parts import Parts, as_json, parts
from .sites import Site
from .waiting import Waiting

bp = Blueprint("health", __name__)
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations/versions"
LAG_S = 120  # the log is integrated every second
GEO_OLD = timedelta(days=365)
FREE_BYTES = 500_000_000
QUEUE = 512  # half of what the writer takes


@bp.get("/healthz")
def alive() -> Response:
    return as_json({"status": "ok"})


@bp.get("/readyz")
def ready() -> Response:
    """503 where choices cannot be stored (the writer is stuck, or the database does not answer and
    no stream takes them meanwhile), or where the database is not of this version; `warnings` are
    for the operator to mend."""
    known = parts()
    warnings = known.warnings | known.ledger.alarms | _own(known, known.clock())
    try:
        db.session.execute(text("SELECT 1"))
        db.session.scalar(select(Site.id).limit(1))
        warnings |= _stored(known.clock())
        ok = "migrations" not in warnings
        ok = ok and "stuck" not in warnings
    except SQLAlchemyError:
        ok = "ingest" not in warnings and known.stream is not None
        warnings["database"] = "The database does not answer."
    state = "ready" if ok else "not ready"
    body = {"status": state, "region": known.config.region, "warnings": warnings}
    return as_json(body, 200 if ok else 503)


@cache
def newest() -> str:
    """The migration that this program expects."""
    return max(file.stem[:4] for file in MIGRATIONS.glob("[0-9]*.py"))


def _own(known: Parts, at: datetime) -> dict[str, str]:
    """What can be seen without the database."""
    found = {}
    if problem := known.geo.problem:
        found["geo"] = problem
    elif known.geo.built and at.date() - known.geo.built > GEO_OLD:
        found["geo"] = "The geo file is more than a year old; fetch a newer one."
    if known.config.sqlite and (warning := sqlite_warning()):
        found["sqlite"] = warning
    if known.started and known.started.late:
        found["stuck"] = "Choices are not stored: the writer is stuck, or has died."
    if known.started and known.started.depth > QUEUE:
        found["writer"] = "Choices arrive faster than the database takes them."
    for name, folder in (
        ("disk", known.config.instance_path),
        ("signer", known.ledger.signer.folder),
    ):
        if folder.exists() and shutil.disk_usage(folder).free < FREE_BYTES:
            found[name] = "Less than 500 MB are free where this server keeps its files."
    folder = known.ledger.signer.folder
    if folder.exists() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        found["signer"] = "The folder of the log's keys (SIGNER_STATE) cannot be written to."
    return found | _stream(known)


def _stream(known: Parts) -> dict[str, str]:
    """What is to be mended about the stream of INGEST."""
    if known.stream is None:
        return {}
    try:
        state = known.stream.state()
    except Away:
        return {"ingest": "The stream of INGEST does not answer: no choice is taken."}
    found = {}
    if state.conflicts:
        found["conflicts"] = (
            "Acknowledged choices could not be stored: flask --app app ingest conflicts."
        )
    if state.replicas < REPLICAS:
        found["copies"] = "INGEST names one server: until they are stored, choices are on one disk."
    if state.version < SYNC_SINCE:
        found["sync"] = "The servers of INGEST are too old to sync each choice to disk (2.10 can)."
    return found


def _stored(at: datetime) -> dict[str, str]:
    """What the database says of itself."""
    if db.session.scalar(text("SELECT version_num FROM alembic_version")) != newest():
        return {"migrations": "The database is of another version: flask --app app migrate."}
    found = {}
    if why := retention.problem():
        found["retention"] = why
    oldest = db.session.scalar(select(func.min(Waiting.seq)))
    if oldest is not None and micros(at) - oldest > LAG_S * 1_000_000:
        found["ledger"] = "The log is more than two minutes behind. Does a ledger run?"
    if why := row_security.problem(db.session.connection()):
        found["row_security"] = why
    try:
        sealing.check()
    except sealing.Unusable as why:
        found["sealing"] = why.message
    return found
