"""Taking an invitation: somebody new sets a password, somebody known signs in and joins."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from consent import organisations, tenancy, users
from consent.admin import guard
from consent.db import db
from consent.errors import Forbidden, Invalid
from consent.organisations import Organisation
from consent.users import Invitation

pages = Blueprint("invitations", __name__, url_prefix="/invitations/<token>")


@pages.get("/")
def one(token: str) -> BaseResponse:
    """The form for a password, or the way to the sign-in for an e-mail that has an account."""
    found = users.invitation_for(token, guard.now())
    if users.user_by_email(found.email) is not None:
        return redirect(url_for("admin.invitations.ask", token=token), 303)
    return _form(token, found, {}, 200)


@pages.post("/")
def accept(token: str) -> BaseResponse:
    """Make the account."""
    expected = request.cookies.get(guard.cookie_name("door"), "")
    sent = request.form.get("csrf", "")
    if not expected or not hmac.compare_digest(expected.encode(), sent.encode()):
        raise Forbidden("csrf", "This page was open too long. Open the link again.")
    at = guard.now()
    guard.throttle().spend([f"address:{request.remote_addr}"], at)
    found = users.invitation_for(token, at)
    new = request.form.get("password", "")
    try:
        if new != request.form.get("again", ""):
            message = "The two are not the same."
            raise Invalid("password_again", message, fields={"again": message})
        users.accept_new(token, new, at)
    except Invalid as refusal:
        return _form(token, found, refusal.fields or {"password": refusal.message}, 422)
    return redirect(url_for("admin.account.sign_in", invited=1), 303)


@pages.get("/join")
def ask(token: str) -> str:
    """For somebody who is signed in: what they are invited to."""
    with tenancy.within(None):
        found = users.invitation_for(token, guard.now())
    return render_template(
        "admin/invitation_join.html", token=token, invitation=found, organisation=_of(found)
    )


@pages.post("/join")
def join(token: str) -> BaseResponse:
    """Join with the account that is signed in."""
    with tenancy.within(None):
        inside = users.accept(token, guard.user(), guard.now())
    guard.session().visiting = inside
    db.session.commit()
    return guard.done("admin.organisations.every", "joined")


def _of(found: Invitation) -> Organisation:
    return organisations.numbered(found.organisation_id)


def _form(token: str, found: Invitation, wrong: dict[str, str], status: int) -> Response:
    door = request.cookies.get(guard.cookie_name("door")) or guard.fresh_token()
    page = render_template(
        "admin/invitation.html",
        token=token,
        invitation=found,
        organisation=_of(found),
        csrf_door=door,
        least=users.PASSWORD_LEAST,
        wrong=wrong,
    )
    response = make_response(page, status)
    guard.set_cookie(response, guard.cookie_name("door"), door)
    return response
