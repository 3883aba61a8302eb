"""The operator's edge: is the process alive, can it serve, and what should be mended."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from .db import db, sqlite_warning
from .parts import as_json, parts
from .sites import Site

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    return as_json({"status": "ok"})


@bp.get("/readyz")
def ready() -> Response:
    """503 where the database does not answer; `warnings` are for the operator to mend."""
    warnings = parts().warnings | parts().ledger.alarms
    if problem := parts().geo.problem:
        warnings["geo"] = problem
    if parts().config.sqlite and (warning := sqlite_warning()):
        warnings["sqlite"] = warning
    try:
        db.session.execute(text("SELECT 1"))
        db.session.scalar(select(Site.id).limit(1))
        ok = True
    except SQLAlchemyError:
        ok = False
        warnings["database"] = "The database does not answer."
    state = "ready" if ok else "not ready"
    return as_json({"status": state, "warnings": warnings}, 200 if ok else 503)
