"""Keys that auditors hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint

from consent import users
from consent.errors import Invalid
from consent.users import ApiKey

from . import door, personal, shapes
from .frame import operation

calls = Blueprint("keys", __name__, url_prefix="/keys")
TAG = "admin-keys"


@operation(calls, "GET", "Keys of auditors, the newest first", tag=TAG, answer=personal.Keys())
def every() -> dict[str, Any]:
    return {"keys": [_told(key) for key in users.keys()]}


@operation(calls, "GET /<name>", "One key", tag=TAG, answer=personal.KeyAnswer())
def one(name: str) -> dict[str, Any]:
    return _told(users.one_key(name))


@operation(
    calls,
    "POST",
    "Make a key for an auditor",
    tag=TAG,
    body=personal.KeyBody(),
    answer=personal.KeyMade(),
    status=201,
    more="The answer holds the whole key, the only time it can be read.",
)
def create(body: dict[str, Any]) -> dict[str, Any]:
    known = {site.key for site in door.every_site()}
    if not set(body["sites"]) <= known:
        why = "One of these is no site here."
        raise Invalid("field_value", f"sites: {why}", fields={"sites": why})
    return {"key": users.create_key(**body, by=door.by(), at=door.now())}


@operation(
    calls,
    "POST /<name>/rotate",
    "Give a key another secret",
    tag=TAG,
    body=personal.RotateBody(),
    answer=personal.KeyMade(),
    codes={409: ["key_ended"]},
    more="The one before works for seven days more, or as many as are said. The answer holds the "
    "whole key, the only time it can be read.",
)
def rotate(name: str, body: dict[str, Any]) -> dict[str, Any]:
    overlap = timedelta(days=body.get("overlap_days", users.OVERLAP.days))
    return {"key": users.rotate_key(name, door.by(), door.now(), overlap)}


@operation(calls, "POST /<name>/revoke", "End a key at once", tag=TAG, answer=shapes.Done())
def revoke(name: str) -> dict[str, Any]:
    users.revoke_key(name, door.by(), door.now())
    return {"done": True}


def _told(key: ApiKey) -> dict[str, Any]:
    names = set(personal.KeyAnswer().fields) - {"scopes"}
    return {name: getattr(key, name) for name in names} | {"scopes": users.scopes_of(key)}
