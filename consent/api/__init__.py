"""The admin API: what the admin's pages do, for programs, below /v1/admin/.

`door` lets a token in, `frame` declares operations (what they take, answer and need), the other
modules are families of them; `describing` makes their part of /openapi.json from the same schemas.
No cookies and no CORS: a token is for programs, and no page of another site may use it.
"""

from __future__ import annotations

from flask import Blueprint

from . import (
    door,
    inventory,
    keys,
    many,
    notices,
    people,
    records,
    requests,
    review,
    scans,
    sites,
    statistics,
    texts,
    webhooks,
)
from .describing import describe

__all__ = ["api", "describe"]

api = Blueprint("api", __name__, url_prefix="/v1/admin")
api.before_request(door.open_door)
api.teardown_request(door.forget)
for family in (
    sites,
    inventory,
    texts,
    notices,
    scans,
    review,
    records,
    statistics,
    requests,
    keys,
    people,
    webhooks,
    many,
):
    api.register_blueprint(family.calls)
