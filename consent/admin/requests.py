"""Requests of visitors: the queue with its due dates, what was done, and answering them."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import requests, sites, trail
from consent.admin import guard, show
from consent.db import db
from consent.errors import Invalid
from consent.parts import parts
from consent.requests import Request
from consent.sites import Site

pages = Blueprint("requests", __name__, url_prefix="/sites/<key>/requests")
VIEWS = {
    "open": "Waiting",
    "received": "Received",
    "progress": "In progress",
    "closed": "Closed",
}


@pages.get("/")
def every(key: str) -> str:
    """What waits, overdue first; or what is closed; of one kind where that was asked."""
    site = sites.get(key)
    state = request.args.get("state", "open")
    state = state if state in VIEWS else "open"
    kind = request.args.get("kind") or None
    kind = kind if kind in requests.KINDS else None
    found = requests.queue(site, "open" if state == "received" else state, kind)
    if state == "received":
        found = [one for one in found if one.state == "open"]
    now = guard.now()
    _note_read(site, found=len(found), state=state)
    return render_template(
        "admin/requests.html",
        site=site,
        state=state,
        kind=kind,
        views=VIEWS,
        overdue=[one for one in found if one.overdue(now)],
        others=[one for one in found if not one.overdue(now)],
        now=now,
        counts=requests.counts(site, now),
        states=show.STATES,
        mails=bool(parts().config.smtp_url),
        kept=requests.KEPT_MONTHS,
    )


@pages.get("/<number>")
def one(key: str, number: str) -> Response:
    site = sites.get(key)
    found = requests.get(site, number)
    _note_read(site, request=found.number)
    return _page(site, found, {}, 200)


@pages.post("/<number>")
def close(key: str, number: str) -> Response:
    """Answered, with a note; or refused, with a ground and an explanation."""
    site = sites.get(key)
    found = requests.get(site, number)
    state, note = request.form.get("state", ""), request.form.get("note", "")
    ground = request.form.get("ground") or None
    try:
        requests.close(found, site, state, note, guard.user().email, guard.now(), ground)
    except Invalid as refusal:
        return _page(site, found, refusal.fields or {}, refusal.status)
    return guard.done("admin.requests.one", "request_closed", key=key, number=number)


@pages.post("/<number>/begin")
def begin(key: str, number: str) -> Response:
    """Somebody works on it."""
    site = sites.get(key)
    requests.begin(requests.get(site, number), site, guard.user().email, guard.now())
    return guard.done("admin.requests.one", "request_changed", key=key, number=number)


@pages.post("/<number>/notes")
def annotate(key: str, number: str) -> Response:
    """What was done, for whoever answers."""
    site = sites.get(key)
    found = requests.get(site, number)
    did = request.form.get("did", "")
    try:
        requests.annotate(found, site, did, guard.user().email, guard.now())
    except Invalid as refusal:
        return _page(site, found, refusal.fields or {}, refusal.status)
    return guard.done("admin.requests.one", "request_changed", key=key, number=number)


@pages.post("/<number>/extend")
def extend(key: str, number: str) -> Response:
    """The longer time that the law allows once, with its reason."""
    site = sites.get(key)
    found = requests.get(site, number)
    why = request.form.get("why", "")
    try:
        requests.extend(found, site, why, guard.user().email, guard.now())
    except Invalid as refusal:
        return _page(site, found, refusal.fields or {}, refusal.status)
    return guard.done("admin.requests.one", "request_changed", key=key, number=number)


def _page(site: Site, found: Request, wrong: dict[str, str], status: int) -> Response:
    longest = requests.longest(found)
    page = render_template(
        "admin/request.html",
        site=site,
        one=found,
        notes=requests.notes(found),
        open=found.state in requests.WAITING,
        overdue=found.overdue(guard.now()),
        longest=longest if longest and longest > found.due_at else None,
        goes=requests.later(found.closed_at, requests.KEPT_MONTHS) if found.closed_at else None,
        grounds=requests.GROUNDS,
        states=show.STATES,
        form=request.form,
        wrong=wrong,
    )
    return make_response(page, status)


def _note_read(site: Site, **detail: object) -> None:
    trail.write("requests.read", guard.user().email, guard.now(), site.key, **detail)
    db.session.commit()
