"""Before the sign-in is complete: the second step, passkeys, and a lost password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from consent import envelope, users
from consent.admin import challenge, guard
from consent.admin.tongue import _
from consent.db import db
from consent.errors import Invalid, Refusal, Unauthorised
from consent.parts import parts
from consent.users import User

pages = Blueprint("door", __name__, url_prefix="/sign-in")
HALF_LIFE = timedelta(minutes=10)  # between the password and the second factor


def first_done(user: User, how: str, back: str | None) -> Response:
    """After the first proof: in, or on to the second step where there is a second factor."""
    if not users.factors(user).any:
        return guard.let_in(user, how, back)
    db.session.commit()
    at = guard.now()
    half = envelope.close(
        guard.settings().secret_key, "half", at, user=user.id, how=how, next=guard.inside(back)
    )
    response = redirect(url_for("admin.door.second"), 303)
    guard.set_cookie(response, guard.cookie_name("half"), half)
    return response


@pages.get("/second")
def second() -> Response:
    """Ask for the second factor of whoever gave a password here within ten minutes."""
    found = _half()
    return _over() if found is None else _second(found[0], 200)


@pages.post("/second")
def check_second() -> Response:
    """A code of the app, a passkey, or a recovery code; each counts as a try."""
    guard.check_door()
    found = _half()
    if found is None:
        return _over()
    (user, half), at = found, guard.now()
    names = [f"second:{user.email}", f"address:{request.remote_addr}"]
    try:
        guard.throttle().spend(names, at)
        factor = _factor(user)
        if factor is None:
            raise Unauthorised("second_factor", "This was not accepted. Try the next code.")
    except Refusal as refusal:
        db.session.rollback()
        if refusal.status == 401:
            users.refused(user, at)
        return _second(user, refusal.status, refusal.message, refusal.retry_after)
    guard.throttle().forget(names[0])
    return guard.let_in(user, f"{half['how']}+{factor}", str(half["next"]))


@pages.post("/passkey")
def passkey() -> Response:
    """A challenge for whatever passkey this browser has for us: no e-mail, no password."""
    guard.check_door()
    return _passkey(200)


@pages.post("/passkey/check")
def check_passkey() -> Response:
    """In by the passkey alone: it is something one has, and it asked for the finger or the PIN."""
    guard.check_door()
    at, form = guard.now(), request.form
    try:
        guard.throttle().spend([f"address:{request.remote_addr}"], at)
        closed, answer = form.get("challenge", ""), form.get("answer", "")
        user = challenge.prove("sign-in", closed, answer, at)
        if user is None:
            raise Unauthorised("passkey", "This took too long. Please try again.")
    except Refusal as refusal:
        db.session.rollback()
        if refusal.status == 401:
            users.refused(None, at)
        return _passkey(refusal.status, refusal.message, refusal.retry_after)
    return guard.let_in(user, "passkey", form.get("next"))


@pages.get("/forgot")
def forgot() -> Response:
    """The form for a lost password."""
    return _forgot(200)


@pages.post("/forgot")
def ask_reset() -> Response:
    """Note it and send the letter; the answer is the same for every e-mail, known or not."""
    guard.check_door()
    at, email = guard.now(), request.form.get("email", "")[:300].strip()
    names = [f"reset:{email.lower()}", f"reset-address:{request.remote_addr}"]
    try:
        guard.throttle().spend(names, at)
    except Refusal as refusal:
        return _forgot(refusal.status, message=refusal.message, wait=refusal.retry_after)
    outbox = parts().outbox
    made = users.ask_reset(email, at, by_mail=outbox is not None)
    if made is not None and outbox is not None:
        user, token = made
        outbox.post(user.email, _("A new password for Crumbtrail"), _letter(token))
    return _forgot(200, asked=True)


@pages.get("/reset/<token>")
def reset(token: str) -> Response:
    """The form for a new password; opening it uses nothing up, so no scanner of mail can."""
    user = users.reset_for(token, guard.now())
    return _reset(token, user, {}, 200)


@pages.post("/reset/<token>")
def set_password(token: str) -> Response:
    """Set it. The second factor is asked for as ever, at the sign-in that follows."""
    guard.check_door()
    at, form = guard.now(), request.form
    user = users.reset_for(token, at)
    try:
        if form.get("new", "") != form.get("again", ""):
            message = "The two are not the same."
            raise Invalid("password_again", message, fields={"again": message})
        users.use_link(token, form.get("new", ""), at)
    except Invalid as refusal:
        return _reset(token, user, refusal.fields or {}, refusal.status)
    response = redirect(url_for("admin.account.sign_in", changed=1), 303)
    guard.drop_cookie(response, guard.cookie_name())
    return response


def reset_address(token: str) -> str:
    """Where a link leads, by BASE_URL: the Host header of a request is no word to trust."""
    return guard.settings().base_url + url_for("admin.door.reset", token=token)


def _half() -> tuple[User, dict[str, Any]] | None:
    """Who is half in; nobody whose password has changed since."""
    at, closed = guard.now(), request.cookies.get(guard.cookie_name("half"), "")
    half = envelope.unclose(guard.settings().secret_key, "half", closed, at, HALF_LIFE)
    user = db.session.get(User, half["user"]) if half else None
    if half is None or user is None or user.password_changed_at > half["at"]:
        return None
    return user, half


def _factor(user: User) -> str | None:
    """Which factor was proved; it is used up in the transaction that opens the session."""
    form, at = request.form, guard.now()
    if form.get("answer"):
        closed = form.get("challenge", "")
        return "passkey" if challenge.prove("second", closed, form["answer"], at, user) else None
    code = form.get("code", "")[:100]
    if users.take(user, code, guard.settings().secret_key, at):
        return "app"
    return "code" if users.take_code(user, code) else None


def _over() -> Response:
    response = guard.sign_in_page(401, "Please sign in again: this took too long.")
    guard.drop_cookie(response, guard.cookie_name("half"))
    return response


def _second(user: User, status: int, message: str = "", wait: int | None = None) -> Response:
    response = guard.door_page(
        "admin/second.html",
        status,
        message=message,
        factors=users.factors(user),
        asked=challenge.ask("second", guard.now(), user),
    )
    return _waiting(response, wait)


def _passkey(status: int, message: str = "", wait: int | None = None) -> Response:
    response = guard.door_page(
        "admin/passkey.html",
        status,
        message=message,
        asked=challenge.ask("sign-in", guard.now(), None),
        next=guard.inside(request.form.get("next")),
    )
    return _waiting(response, wait)


def _forgot(
    status: int, asked: bool = False, message: str = "", wait: int | None = None
) -> Response:
    mail = parts().outbox is not None
    page = guard.door_page("admin/forgot.html", status, asked=asked, message=message, mail=mail)
    return _waiting(page, wait)


def _reset(token: str, user: User, wrong: dict[str, str], status: int) -> Response:
    return guard.door_page(
        "admin/reset.html",
        status,
        token=token,
        email=user.email,
        wrong=wrong,
        least=users.PASSWORD_LEAST,
    )


def _waiting(response: Response, seconds: int | None) -> Response:
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def _letter(token: str) -> str:
    return _(
        "Somebody, probably you, asked for a new password for Crumbtrail.\n\n"
        "Set it here within 30 minutes:\n\n%(address)s\n\n"
        "If it was not you, do nothing: your password stays as it is.\n",
        address=reset_address(token),
    )
