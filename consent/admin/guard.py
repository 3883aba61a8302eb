"""The door of the admin: who comes in, from where, and what every answer carries."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import cast
from urllib.parse import urlencode, urlsplit

from flask import (
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from consent import users
from consent.admin.throttle import Throttle
from consent.errors import Forbidden, Invalid, Refusal
from consent.users import Session, User

PUBLIC = {"admin.static", "admin.account.sign_in", "admin.account.enter"}
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
INSIDE = re.compile(r"/admin/(?!/)[^\\\x00-\x20\x7f]*")


def now() -> datetime:
    """The clock the app was made with."""
    return cast(datetime, current_app.extensions["crumbtrail"].clock())


def user() -> User:
    """Who is signed in; only called behind the door."""
    return cast(User, g.admin_user)


def session() -> Session:
    """The session this request came with; only called behind the door."""
    return cast(Session, g.admin_session)


def check_origin() -> None:
    """Refuse a write that another site's page sent, before any session is read."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    sent_by = request.headers.get("Sec-Fetch-Site")
    if sent_by is not None:
        ours = sent_by in {"same-origin", "none"}
    else:
        ours = request.headers.get("Origin") in _own_origins()
    if not ours:
        raise Forbidden("origin", "This form was not sent from this admin. Open it again here.")


def check_text() -> None:
    """PostgreSQL keeps no NUL; no person types one."""
    if any("\0" in text for text in (*request.args.values(), *request.form.values())):
        raise Invalid("field_value", "The text holds a NUL character, which cannot be kept.")


def open_door() -> BaseResponse | None:
    """Let the signed-in through with their token checked; show everyone else the sign-in page."""
    for name in ("admin_session", "admin_user", "csrf"):
        g.pop(name, None)  # an app context may outlive a request
    if request.endpoint in PUBLIC:
        return None
    token = request.cookies.get(cookie_name())
    found = users.session_for(token, now()) if token else None
    if token is None or found is None:
        reading = request.method == "GET"
        here = request.full_path.rstrip("?") if reading else ""
        word = "" if reading else "Your session has ended. Please sign in again."
        return sign_in_page(401, word=word, back=here)
    g.admin_session, g.admin_user = found
    g.csrf = csrf_for(token)
    if request.method == "POST":
        check_token(g.csrf, "This page was open too long. Open it again, then repeat what you did.")
    return None


def sign_in_page(
    status: int, message: str = "", word: str = "", back: str = "", retry_after: int | None = None
) -> Response:
    """The sign-in form, in place of whatever was asked for; `back` is where it leads afterwards.

    Its token is in a cookie and in a field, because there is no session yet.
    """
    token = request.cookies.get(cookie_name("door")) or fresh_token()
    body = render_template(
        "admin/sign_in.html",
        message=message,
        word="" if message else word,
        csrf_door=token,
        email=request.form.get("email", "")[:300],
        next=inside(back),
    )
    response = make_response(body, status)
    set_cookie(response, cookie_name("door"), token)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Form realm="Crumbtrail admin"'  # RFC 9110 11.6.1
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def check_token(expected: str, message: str) -> None:
    """Compare the form's token with the one expected, in constant time."""
    sent = request.form.get("csrf", "")
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Forbidden("csrf", message)


def csrf_for(token: str) -> str:
    """The form token that belongs to a session: derived, so it is stored nowhere."""
    return hashlib.sha256(b"crumbtrail/csrf/v1\x00" + token.encode("utf-8", "replace")).hexdigest()


def seal(response: Response) -> Response:
    """Put the security headers on whatever was answered below /admin/."""
    if request.path == "/admin" or request.path.startswith("/admin/"):
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.endpoint == "admin.static" and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = "no-cache"
        else:
            response.headers["Cache-Control"] = "no-store"
    return response


def refuse(refusal: Refusal) -> tuple[str, int, dict[str, str]]:
    """A refusal as a page, with the way back."""
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    page = render_template("admin/refused.html", refusal=refusal, known="admin_user" in g)
    return page, refusal.status, headers


def set_cookie(response: BaseResponse, name: str, value: str) -> None:
    """A cookie no script reads and no other site sends; gone when the browser closes."""
    response.set_cookie(
        name, value, path=_cookie_path(), secure=_https(), httponly=True, samesite="Lax"
    )


def drop_cookie(response: BaseResponse, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(
        name, path=_cookie_path(), secure=_https(), httponly=True, samesite="Lax"
    )


def cookie_name(kind: str = "admin") -> str:
    """Under https the `__Host-` prefix keeps sub-domains and plain http from planting one."""
    return f"__Host-crumbtrail_{kind}" if _https() else f"crumbtrail_{kind}"


def fresh_token() -> str:
    """Something nobody can guess, for the form before there is a session."""
    return secrets.token_urlsafe(32)


def throttle() -> Throttle:
    """The counter of sign-in attempts of this app."""
    return cast(Throttle, current_app.extensions["crumbtrail_sign_in"])


def base_url() -> str:
    """The address the owner's pages load us from: as configured, else as asked."""
    configured = current_app.extensions["crumbtrail"].config.base_url
    return (configured or request.host_url).rstrip("/")


def inside(address: str | None) -> str:
    """`address` if it is a page of this admin, else the first page: never another host."""
    if address and INSIDE.fullmatch(address) and ".." not in address:
        return address
    return url_for("admin.sites.every")


def done(endpoint: str, what: str, **values: object) -> BaseResponse:
    """After a write: show a page by GET, with a word about what was done."""
    return redirect(url_for(endpoint, **values) + "?" + urlencode({"done": what}), 303)  # type: ignore[arg-type]


def browser_name(agent: str) -> str:
    """A few words for the list of sessions; the full header is not kept."""
    families = ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome")
    systems = ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")
    more = ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")
    family = next((word for mark, word in (*families, ("Safari", "Safari")) if mark in agent), "")
    system = next((word for mark, word in (*systems, *more) if mark in agent), "")
    return " on ".join(word for word in (family, system) if word) or "Another client"


def _own_origins() -> set[str]:
    asked = urlsplit(request.host_url)
    configured = urlsplit(base_url())
    return {f"{part.scheme}://{part.netloc}" for part in (asked, configured)}


def _https() -> bool:
    return base_url().startswith("https://")


def _cookie_path() -> str:
    return "/" if _https() else "/admin/"
