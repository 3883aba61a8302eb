"""Requests of visitors: the queue with its due dates, and answering them."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import requests, sites, trail
from consent.admin import guard
from consent.db import db
from consent.errors import Invalid
from consent.requests import Request
from consent.sites import Site

pages = Blueprint("requests", __name__, url_prefix="/sites/<key>/requests")


@pages.get("/")
def every(key: str) -> str:
    """What is open, overdue first; or what is closed."""
    site = sites.get(key)
    state = "closed" if request.args.get("state") == "closed" else "open"
    found = requests.queue(site, state)
    now = guard.now()
    _note_read(site, found=len(found), state=state)
    return render_template(
        "admin/requests.html",
        site=site,
        state=state,
        overdue=[one for one in found if one.overdue(now)],
        others=[one for one in found if not one.overdue(now)],
        counts=requests.counts(site, now),
    )


@pages.get("/<number>")
def one(key: str, number: str) -> Response:
    site = sites.get(key)
    found = requests.get(site, number)
    _note_read(site, request=found.number)
    return _page(site, found, {}, 200)


@pages.post("/<number>")
def close(key: str, number: str) -> Response:
    """Done or refused, with a note of what was answered."""
    site = sites.get(key)
    found = requests.get(site, number)
    state, note = request.form.get("state", ""), request.form.get("note", "")
    try:
        requests.close(found, site, state, note, guard.user().email, guard.now())
    except Invalid as refusal:
        return _page(site, found, refusal.fields or {}, refusal.status)
    return guard.done("admin.requests.one", "request_closed", key=key, number=number)


def _page(site: Site, found: Request, wrong: dict[str, str], status: int) -> Response:
    page = render_template(
        "admin/request.html",
        site=site,
        one=found,
        overdue=found.overdue(guard.now()),
        form=request.form,
        wrong=wrong,
    )
    return make_response(page, status)


def _note_read(site: Site, **detail: object) -> None:
    trail.write("requests.read", guard.user().email, guard.now(), site.key, **detail)
    db.session.commit()
