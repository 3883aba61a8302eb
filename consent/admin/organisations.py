"""The organisations of the one who is signed in; whoever runs the server makes others."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consent import organisations, tenancy, users
from consent.admin import guard, tenant
from consent.errors import Refusal
from consent.permissions import Role

pages = Blueprint("organisations", __name__, url_prefix="/organisations")


@pages.get("/")
def every() -> str:
    """Mine, each with what I am there."""
    return _page({})


@pages.post("/")
def add() -> Response:
    """Make one; whoever makes it is its first owner, and may invite others and go."""
    at, by = guard.now(), guard.user()
    key, name = request.form.get("key", ""), request.form.get("name", "")
    try:
        with tenancy.within(None):
            made = organisations.add(key, name, by.email, at)
            users.join(by, made.id, Role.OWNER, by.email, at)
    except Refusal as refusal:
        return make_response(_page(refusal.fields or {}), refusal.status)
    return guard.done("admin.organisations.every", "organisation_added")


@pages.post("/choose")
def choose() -> Response:
    """Go to another of mine."""
    tenant.choose(request.form.get("organisation", ""), guard.session())
    return redirect(url_for("admin.sites.every"), 303)


def _page(wrong: dict[str, str]) -> str:
    return render_template("admin/organisations.html", form=request.form, wrong=wrong)
