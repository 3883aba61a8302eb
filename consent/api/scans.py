"""Scans of a site's pages, and how often they run by themselves."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import scans
from consent.parts import parts
from consent.scans import Scan
from consent.sitefile import WatchRow
from consent.sitefile.differing import watch as kept

from . import door, shapes
from .frame import PAGE, operation, page

calls = Blueprint("scans", __name__, url_prefix="/sites/<key>")
TAG = "admin-scans"
KEPT = 1000


@operation(
    calls,
    "GET /scans",
    "Scans of a site, the newest first",
    tag=TAG,
    query=shapes.NumberPage(),
    answer=shapes.listed("scans", shapes.ScanSummary),
)
def every(key: str, query: dict[str, Any]) -> dict[str, Any]:
    limit, after = query.get("limit", PAGE), query.get("after")
    rows = scans.history(door.site(key), KEPT)
    rows = [one for one in rows if after is None or one.id < int(after)][: limit + 1]
    found, following = page(rows, lambda one: one.id, limit)
    return {"scans": found, "next": following}


@operation(
    calls,
    "POST /scans",
    "Ask for a scan",
    tag=TAG,
    body=shapes.ScanBody(),
    answer=shapes.ScanAnswer(),
    status=201,
    codes={409: ["scan_running"]},
    more="403 `not_proven` where nobody has shown that the website is yours. One runs at a time.",
)
def start(key: str, body: dict[str, Any]) -> Scan:
    site = door.site(key)
    scans.options(site, body["url"], parts().config, door.now())
    return scans.start(site, body["url"], door.by(), door.now())


@operation(calls, "GET /scans/<int:number>", "One scan", tag=TAG, answer=shapes.ScanAnswer())
def one(key: str, number: int) -> Scan:
    return scans.get(door.site(key), number)


@operation(
    calls, "POST /scans/<int:number>/stop", "End a scan", tag=TAG, answer=shapes.ScanAnswer()
)
def stop(key: str, number: int) -> Scan:
    site = door.site(key)
    scans.cancel(site, number, door.by(), door.now())
    return scans.get(site, number)


@operation(calls, "GET /schedule", "How often scans run", tag=TAG, answer=WatchRow())
def schedule(key: str) -> dict[str, Any]:
    return kept(door.site(key))


@operation(
    calls,
    "PUT /schedule",
    "Set how often scans run, and who is told",
    tag=TAG,
    body=WatchRow(),
    answer=WatchRow(),
)
def watch(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site, at = door.site(key), door.now()
    if body["every"] != "off":
        scans.options(site, body["url"], parts().config, at)
    webhook, email = body.get("webhook") or "", body.get("email") or ""
    scans.put_watch(site, body["every"], body["url"], webhook, email, door.by(), at)
    return kept(site)
