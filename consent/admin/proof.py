"""Proving again who it is, before what matters most.

Whoever proved it within ten minutes notices nothing. Everybody else is shown one question, with the
form they sent kept inside it: one answer, and what they wanted is done.
"""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    after_this_request,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response

from consent import permissions, users
from consent.admin import challenge, guard
from consent.db import db
from consent.errors import Refusal, Unauthorised

pages = Blueprint("proof", __name__)
OURS = ("proof_password", "proof_answer", "proof_challenge")


def ask() -> Response | None:
    """Stop whatever asks for a fresh proof, unless there is one, or it came with the form."""
    if "admin_session" not in g:
        return None
    writes = request.method not in ("GET", "HEAD", "OPTIONS")
    if not permissions.wants_proof(request.endpoint or "", writes):
        return None
    if not users.proven(guard.session(), guard.now()):
        sent = any(request.form.get(name) for name in OURS[:2])
        if not writes or not sent:
            return _page(401)
        try:
            _prove()
        except Refusal as refusal:
            return _page(refusal.status, refusal.message, refusal.retry_after)
    request.form = ImmutableMultiDict(_kept())
    return None


@pages.post("/account/prove")
def prove() -> Response:
    """The same for a page that is only read, and for a form with a file: back to where it was."""
    try:
        _prove()
    except Refusal as refusal:
        return _page(refusal.status, refusal.message, refusal.retry_after)
    return redirect(guard.inside(request.form.get("next")), 303)


def renewed(token: str) -> None:
    """Give the browser the session's new token with whatever is answered."""

    @after_this_request
    def cookie(response: Response) -> Response:
        guard.set_cookie(response, guard.cookie_name(), token)
        return response


def _prove() -> None:
    """By password or passkey; each try counts for the account, like one to sign in. Raises what
    is refused."""
    at, user, form = guard.now(), guard.user(), request.form
    name = f"email:{user.email}"
    guard.throttle().spend([name], at)
    if form.get("proof_answer"):
        closed = form.get("proof_challenge", "")
        made = challenge.opened("proof", closed, at)
        fresh = made is not None and made.at >= guard.session().proven_at
        if not fresh or not challenge.prove("proof", closed, form["proof_answer"], at, user):
            db.session.rollback()
            raise Unauthorised("proof", "This passkey was not accepted.")
        token = users.renew(guard.session(), at)
    else:
        token = users.prove_password(guard.session(), form.get("proof_password", ""), at)
    guard.throttle().forget(name)
    renewed(token)


def _kept() -> list[tuple[str, str]]:
    return [(name, text) for name, text in request.form.items(multi=True) if name not in OURS]


def _page(status: int, message: str = "", wait: int | None = None) -> Response:
    """The question. A form that was sent goes on to where it was going; a file cannot be kept."""
    writes = request.method == "POST" and request.endpoint != "admin.proof.prove"
    files = any(one.filename for one in request.files.values())
    back = request.form.get("next", "") if request.method == "POST" else request.full_path
    if files:
        with contextlib.suppress(ValueError):  # else `inside` leads to the first page
            back = urlsplit(request.referrer or "").path
    carried = _kept() if writes and not files else [("next", guard.inside(back.rstrip("?")))]
    action = request.full_path.rstrip("?") if writes and not files else url_for("admin.proof.prove")
    response = make_response(
        render_template(
            "admin/prove.html",
            action=action,
            carried=[pair for pair in carried if pair[0] != "csrf"],
            message=message,
            files=files,
            asked=challenge.ask("proof", guard.now(), guard.user()),
            provider=guard.provider_name() if users.identities(guard.user()) else None,
        ),
        status,
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Form realm="Crumbtrail admin"'
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
