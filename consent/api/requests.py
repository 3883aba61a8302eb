"""Requests of visitors: the queue, and answering them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import requests, trail
from consent.db import db
from consent.records.rows import uuid_text
from consent.requests import Request
from consent.sites import Site

from . import door, personal
from .frame import operation

calls = Blueprint("requests", __name__, url_prefix="/sites/<key>/requests")
TAG = "admin-requests"


@operation(
    calls,
    "GET",
    "Requests of visitors",
    tag=TAG,
    query=personal.RequestQuery(),
    answer=personal.Requests(),
    more="Each read is noted in the trail.",
)
def every(key: str, query: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    found = requests.queue(site, query.get("state", "open"))
    told = [_told(one) for one in found]
    _noted(site, found=len(found))
    return {"requests": told}


@operation(calls, "GET /<number>", "One request", tag=TAG, answer=personal.RequestAnswer())
def one(key: str, number: str) -> dict[str, Any]:
    site = door.site(key)
    told = _told(requests.get(site, number))
    _noted(site, request=number)
    return told


@operation(
    calls,
    "POST /<number>/begin",
    "Say that somebody works on it",
    tag=TAG,
    answer=personal.RequestAnswer(),
    codes={409: ["request_closed"]},
)
def begin(key: str, number: str) -> dict[str, Any]:
    site = door.site(key)
    found = requests.get(site, number)
    requests.begin(found, site, door.by(), door.now())
    return _told(found)


@operation(
    calls,
    "POST /<number>/notes",
    "Note what was done",
    tag=TAG,
    body=personal.DidBody(),
    answer=personal.RequestAnswer(),
)
def annotate(key: str, number: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    found = requests.get(site, number)
    requests.annotate(found, site, body["text"], door.by(), door.now())
    return _told(found)


@operation(
    calls,
    "POST /<number>/extend",
    "Take the longer time that the law allows once",
    tag=TAG,
    body=personal.LongerBody(),
    answer=personal.RequestAnswer(),
    codes={409: ["request_closed", "request_extended", "request_late", "request_law"]},
)
def extend(key: str, number: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    found = requests.get(site, number)
    requests.extend(found, site, body["why"], door.by(), door.now())
    return _told(found)


@operation(
    calls,
    "POST /<number>/close",
    "Close a request as done or refused",
    tag=TAG,
    body=personal.CloseBody(),
    answer=personal.RequestAnswer(),
    codes={409: ["request_closed"]},
    more="A refusal names its ground.",
)
def close(key: str, number: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    found = requests.get(site, number)
    state, note, ground = body["state"], body["note"], body.get("ground")
    requests.close(found, site, state, note, door.by(), door.now(), ground)
    return _told(found)


def _told(one: Request) -> dict[str, Any]:
    names = personal.RequestAnswer().fields
    told = {name: getattr(one, name) for name in names if name != "notes"}
    record = uuid_text(one.record) if one.record else None
    return told | {"record": record, "notes": requests.notes(one)}


def _noted(site: Site, **detail: Any) -> None:
    trail.write("requests.read", door.by(), door.now(), site.key, **detail)
    db.session.commit()
