"""One's own second factors: the authenticator app, passkeys and recovery codes."""

from __future__ import annotations

import json

import segno
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consent import users
from consent.admin import challenge, guard
from consent.errors import Conflict, Refusal

pages = Blueprint("factors", __name__, url_prefix="/account")


@pages.get("/app")
def app() -> Response:
    """Connect an app: what it is, or the picture and the secret of one that is being connected."""
    return _app({}, 200)


@pages.post("/app/begin")
def begin_app() -> Response:
    """Make a secret."""
    users.enrol(guard.user(), _secret_key(), guard.now())
    return redirect(url_for("admin.factors.app"), 303)


@pages.post("/app/confirm")
def confirm_app() -> Response:
    """The first code shows that app and server agree; only now is the app asked for."""
    at, user = guard.now(), guard.user()
    try:
        guard.throttle().spend([f"second:{user.email}"], at)
        code = request.form.get("code", "")[:100]
        codes = users.confirm(user, code, _secret_key(), guard.session(), at)
    except Refusal as refusal:
        return _app(refusal.fields or {"code": refusal.message}, refusal.status)
    return _codes(codes) if codes else guard.done("admin.account.account", "app_added")


@pages.post("/app/remove")
def remove_app() -> Response:
    """Disconnect it, or leave off connecting one."""
    users.remove_app(guard.user(), guard.session(), guard.now())
    return guard.done("admin.account.account", "app_removed")


@pages.post("/codes")
def codes() -> Response:
    """Fresh recovery codes; the old ones are worth nothing from now on."""
    return _codes(users.new_codes(guard.user(), guard.now()))


@pages.post("/passkeys")
def begin_passkey() -> Response:
    """The page on which the browser makes a passkey."""
    return _making("", 200)


@pages.post("/passkeys/add")
def add_passkey() -> Response:
    """Keep what the browser made."""
    at, form = guard.now(), request.form
    made, here = challenge.opened("making", form.get("challenge", ""), at), challenge.party()
    if made is None or here is None:
        return _making("This took too long. Please try again.", 422)
    try:
        codes = users.add_passkey(
            guard.user(), here, made, form.get("answer", ""), form.get("name", ""),
            guard.session(), at,
        )  # fmt: skip
    except Refusal as refusal:
        return _making(refusal.message, refusal.status)
    return _codes(codes) if codes else guard.done("admin.account.account", "passkey_added")


@pages.post("/passkeys/<int:number>/name")
def name_passkey(number: int) -> Response:
    """Call it something else."""
    users.name_passkey(guard.user(), number, request.form.get("name", ""), guard.now())
    return guard.done("admin.account.account", "passkey_named")


@pages.post("/passkeys/<int:number>/remove")
def remove_passkey(number: int) -> Response:
    """Forget it."""
    users.remove_passkey(guard.user(), number, guard.session(), guard.now())
    return guard.done("admin.account.account", "passkey_removed")


def _app(wrong: dict[str, str], status: int) -> Response:
    secret = users.enrolling(guard.user(), _secret_key(), guard.now())
    picture = ""
    if secret is not None and users.proven(guard.session(), guard.now()):
        address = users.address(secret, guard.user().email, f"Crumbtrail {_host()}")
        picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    page = render_template(
        "admin/app.html",
        on=users.factors(guard.user()).app,
        picture=picture,
        secret=users.spelt(secret) if secret and picture else "",
        wrong=wrong,
    )
    return make_response(page, status)


def _codes(codes: list[str]) -> Response:
    return make_response(render_template("admin/codes.html", codes=codes), 201)


def _making(message: str, status: int) -> Response:
    here = challenge.party()
    if here is None:
        message = "Passkeys need https, or this machine under the name localhost."
        raise Conflict("passkey_place", message)
    made = users.new_challenge(guard.now())
    page = render_template(
        "admin/passkey_new.html",
        options=json.dumps(users.offer(guard.user(), here, made)),
        closed=challenge.close("making", made),
        name=request.form.get("name") or guard.browser_name(request.headers.get("User-Agent", "")),
        message=message,
    )
    return make_response(page, status)


def _host() -> str:
    return guard.settings().own_host


def _secret_key() -> str:
    return guard.settings().secret_key
