"""Signing in and out, the password, and where one is signed in."""

from __future__ import annotations

import hmac

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from consent import users
from consent.admin import guard
from consent.errors import Invalid, Refusal

pages = Blueprint("account", __name__)


@pages.get("/sign-in")
def sign_in() -> Response:
    """The form."""
    return _door(200)


@pages.post("/sign-in")
def enter() -> Response:
    """Check who it is; the counter is asked before any password is."""
    expected = request.cookies.get(guard.cookie_name("door"), "")
    if not expected or not hmac.compare_digest(
        expected.encode(), request.form.get("csrf", "").encode()
    ):
        return _door(400, "This page was open too long. Please sign in again.")
    at, email = guard.now(), request.form.get("email", "")[:300].strip()
    names = [f"email:{email.lower()}", f"address:{request.remote_addr}"]
    try:
        guard.throttle().spend(names, at)
        token, _ = users.sign_in(
            email,
            request.form.get("password", ""),
            at,
            browser=guard.browser_name(request.headers.get("User-Agent", "")),
            previous=request.cookies.get(guard.cookie_name()),
        )
    except Refusal as refusal:
        return _door(refusal.status, refusal.message, refusal.retry_after)
    guard.throttle().forget(names[0])
    response = redirect(guard.inside(request.form.get("next")), 303)
    guard.set_cookie(response, guard.cookie_name(), token)
    guard.drop_cookie(response, guard.cookie_name("door"))
    return response


@pages.post("/sign-out")
def leave() -> Response:
    """End this session.

    Only "cache" is cleared: "cookies" and "storage" are shared by the whole host, and would take
    with them the choices visitors made on demo pages or on a site served from the same host.
    """
    users.sign_out(guard.session(), guard.user().email, guard.now())
    response = redirect(url_for("admin.account.sign_in", left=1), 303)
    guard.drop_cookie(response, guard.cookie_name())
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@pages.get("/account")
def account() -> str:
    """Who I am, my password, and the browsers I am signed in with."""
    return _account({})


@pages.post("/account/password")
def change_password() -> Response:
    """Change it, which signs out everywhere, here too."""
    at = guard.now()
    try:
        guard.throttle().spend([f"email:{guard.user().email}"], at)
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            message = "The two are not the same."
            raise Invalid("password_again", message, fields={"again": message})
        users.change_password(guard.user(), request.form.get("old", ""), new, at)
    except Refusal as refusal:
        wrong = refusal.fields or {"old": refusal.message}
        return make_response(_account(wrong), refusal.status)
    response = redirect(url_for("admin.account.sign_in", changed=1), 303)
    guard.drop_cookie(response, guard.cookie_name())
    return response


@pages.post("/account/sessions/<int:session_id>/end")
def end_session(session_id: int) -> Response:
    """Sign out one browser."""
    users.end_session(guard.user(), session_id, guard.now())
    return guard.done("admin.account.account", "session_ended")


@pages.post("/account/sessions/end-others")
def end_others() -> Response:
    """Sign out every browser but this one."""
    users.end_other_sessions(guard.user(), guard.session(), guard.now())
    return guard.done("admin.account.account", "sessions_ended")


def _account(wrong: dict[str, str]) -> str:
    return render_template(
        "admin/account.html",
        sessions=users.sessions(guard.user(), guard.now()),
        here=guard.session().id,
        least=users.PASSWORD_LEAST,
        wrong=wrong,
    )


def _door(status: int, message: str = "", retry_after: int | None = None) -> Response:
    said = {
        "left": "You are signed out.",
        "changed": "The password is changed. Sign in with the new one.",
    }
    word = next((text for name, text in said.items() if name in request.args), "")
    return guard.sign_in_page(status, message, word, request.values.get("next", ""), retry_after)
