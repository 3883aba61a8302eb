"""Signing in and out, the password, and where one is signed in."""

from __future__ import annotations

import hmac

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from consent import users
from consent.admin import challenge, door, guard
from consent.admin.tongue import _
from consent.errors import Invalid, Refusal

pages = Blueprint("account", __name__)
HOW = {
    "password": "Password",
    "password+app": "Password and app",
    "password+passkey": "Password and passkey",
    "password+code": "Password and recovery code",
    "passkey": "Passkey",
    "provider": "Single sign-on",
    "provider+factor": "Single sign-on",
    "provider+app": "Single sign-on and app",
    "provider+passkey": "Single sign-on and passkey",
    "provider+code": "Single sign-on and recovery code",
}


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
        return _door(400, _("This page was open too long. Please sign in again."))
    at, email = guard.now(), request.form.get("email", "")[:300].strip()
    names = [f"email:{email.lower()}", f"address:{request.remote_addr}"]
    try:
        guard.throttle().spend(names, at)
        user = users.recognise(email, request.form.get("password", ""), at)
    except Refusal as refusal:
        return _door(refusal.status, refusal.message, refusal.retry_after)
    guard.throttle().forget(names[0])
    return door.first_done(user, "password", request.form.get("next"))


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
        HOW=HOW,
        here=guard.session().id,
        factors=users.factors(guard.user()),
        lacking=guard.lacks_factor(),
        passkeys=challenge.party() is not None,
        identities=users.identities(guard.user()),
        provider=guard.provider_name(),
        least=users.PASSWORD_LEAST,
        wrong=wrong,
    )


def _door(status: int, message: str = "", retry_after: int | None = None) -> Response:
    said = {
        "left": _("You are signed out."),
        "invited": _("Your account is made. Sign in with your new password."),
        "changed": _("The password is changed. Sign in with the new one."),
    }
    word = next((text for name, text in said.items() if name in request.args), "")
    return guard.sign_in_page(status, message, word, request.values.get("next", ""), retry_after)
