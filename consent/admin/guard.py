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
    has_app_context,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import event
from werkzeug.wrappers import Response as BaseResponse

from consent import permissions, tenancy, trail, undoing, users
from consent.admin import challenge, tenant
from consent.admin.throttle import Throttle
from consent.admin.tongue import _
from consent.config import Config
from consent.db import db, micros
from consent.errors import Forbidden, Invalid, Refusal
from consent.permissions import Right, Role
from consent.users import Session, User

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FRAMING = ("admin.preview.", "admin.design.", "admin.shown.")  # they frame a stage of this server
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
PERSONAL = {"admin.records.ask_erase"}  # beside those that need Right.READ
TOO_LONG = "This page was open too long. Open it again, then repeat what you did."
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
    for name in ("admin_session", "admin_user", "csrf", "told", "undo", *tenant.KEPT):
        g.pop(name, None)  # an app context may outlive a request
    if permissions.needed(request.endpoint or "") == Right.DOOR:
        return None
    token = request.cookies.get(cookie_name())
    found = users.session_for(token, now()) if token else None
    if token is None or found is None:
        reading = request.method == "GET"
        here = request.full_path.rstrip("?") if reading else ""
        word = "" if reading else _("Your session has ended. Please sign in again.")
        return sign_in_page(401, word=word, back=here)
    g.admin_session, g.admin_user = found
    tenant.enter(g.admin_user, g.admin_session)
    g.csrf = csrf_for(g.admin_session, tenant.number())
    tenant.check()
    if request.method == "POST":
        check_token(g.csrf, TOO_LONG)
    if not may(request.endpoint or ""):
        raise tenant.closed()
    if lacks_factor() and request.endpoint not in permissions.ENROLLING:
        if request.method == "GET":
            return redirect(url_for("admin.account.account"), 303)
        raise Forbidden("second_factor", "Set up a second factor first, on the page Account.")
    return None


def lacks_factor() -> bool:
    """Whether a second factor is asked of the one who is signed in, who has none."""
    asked = settings().require_second_factor
    if asked == "off" or (asked == "owners" and role() is not Role.OWNER):
        return False
    return session().how != "provider+factor" and not users.factors(user()).any


def forget(_error: BaseException | None = None) -> None:
    """The wall between organisations is open again when the request is over."""
    tenancy.leave()


def note_reading(response: Response) -> Response:
    """A page with personal data that wrote no line of its own gets one: nobody reads unseen."""
    endpoint = request.endpoint or ""
    personal = permissions.needed(endpoint) == Right.READ or endpoint in PERSONAL
    read = personal and request.method == "GET" and response.status_code == 200
    if read and not g.get("told") and g.get("admin_user"):
        site, page = (request.view_args or {}).get("key"), endpoint.removeprefix("admin.")
        trail.write("page.read", user().email, now(), site, page=page)
        db.session.commit()
    return response


@event.listens_for(trail.Entry, "before_insert")
def _told(*_: object) -> None:
    if has_app_context():
        g.told = True


@event.listens_for(undoing.Deed, "after_insert")
def _done(_mapper: object, _connection: object, deed: undoing.Deed) -> None:
    if has_app_context():
        g.undo = deed.id


def role() -> Role | None:
    """What the one who is signed in is, in the organisation of this request."""
    return tenant.role()


def may(endpoint: str) -> bool:
    """Whether the one who is signed in may ask for a route; one without a row is closed."""
    right = permissions.needed(endpoint)
    operator = bool(g.get("admin_user") and user().operator)
    return right is not None and permissions.may(role(), right, operator)


def sign_in_page(
    status: int, message: str = "", word: str = "", back: str = "", retry_after: int | None = None
) -> Response:
    """The sign-in form, in place of whatever was asked for; `back` is where it leads afterwards.

    Its token is in a cookie and in a field, because there is no session yet.
    """
    response = door_page(
        "admin/sign_in.html",
        status,
        message=message,
        word="" if message else word,
        email=request.form.get("email", "")[:300],
        next=inside(back),
        passkeys=challenge.party() is not None,
        provider=provider_name(),
    )
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


def check_door() -> None:
    """The same before anybody is signed in: the token of the cookie must be in the form."""
    message = "This page was open too long. Please begin again."
    check_token(request.cookies.get(cookie_name("door"), ""), message)


def csrf_for(session: Session, organisation: int) -> str:
    """The form token of a session in an organisation: derived, so it is stored nowhere, and the
    same after its cookie was renewed, so that forms in other tabs still work."""
    opened = micros(session.created_at)
    text = f"crumbtrail/csrf/v2/{session.user_id}/{session.id}/{opened}/{organisation}"
    return hmac.new(settings().secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def page_token() -> str:
    """The form token of whatever page this browser has open: its session's, else the door's."""
    token = request.cookies.get(cookie_name())
    found = users.session_for(token, now()) if token else None
    if found is None:
        return request.cookies.get(cookie_name("door"), "")
    return csrf_for(found[0], found[0].visiting or 0)


def let_in(user: User, how: str, back: str | None) -> BaseResponse:
    """Open a session for somebody who proved everything, and lead to where they were going."""
    browser = browser_name(request.headers.get("User-Agent", ""))
    previous = request.cookies.get(cookie_name())
    token, _ = users.open_session(user, how, now(), browser, previous)
    response = redirect(inside(back), 303)
    set_cookie(response, cookie_name(), token)
    for name in ("door", "half"):
        drop_cookie(response, cookie_name(name))
    return response


def door_page(template: str, status: int = 200, **values: object) -> Response:
    """A page before the sign-in, its form token in a cookie and in `csrf_door`."""
    token = request.cookies.get(cookie_name("door")) or fresh_token()
    response = make_response(render_template(template, csrf_door=token, **values), status)
    set_cookie(response, cookie_name("door"), token)
    return response


def seal(response: Response) -> Response:
    """Put the security headers on whatever was answered below /admin/."""
    if request.path == "/admin" or request.path.startswith("/admin/"):
        for name, value in HEADERS.items():
            response.headers[name] = value
        if (request.endpoint or "").startswith(FRAMING):
            response.headers["Content-Security-Policy"] = f"{CSP}; frame-src 'self'"
        if request.endpoint == "admin.static" and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = "no-cache"
        else:
            response.headers["Cache-Control"] = "no-store"
    return response


def refuse(refusal: Refusal) -> tuple[str, int, dict[str, str]]:
    """A refusal as a page, with the way back."""
    headers = {"X-Consent-Refused": refusal.code}
    if refusal.retry_after:
        headers["Retry-After"] = str(refusal.retry_after)
    page = render_template("admin/refused.html", refusal=refusal, known=bool(g.get("csrf")))
    return page, refusal.status, headers


def break_off(refusal: Refusal, request_id: str = "") -> Response:
    """What no page of ours refused, as one: nothing is asked of the database, which may be away.
    `request_id` is what the log calls this request."""
    for name in ("admin_session", "admin_user", *tenant.KEPT):
        g.pop(name, None)
    g.broken_off = True
    said = {
        413: _("This is more than the server takes at once: 2 MB."),
        500: _("Something went wrong here."),
        503: _("The server is busy. Nothing was stored; please repeat in a moment."),
    }
    told = said.get(refusal.status, refusal.message)
    known = bool(g.get("csrf"))
    page = render_template(
        "admin/broken.html", status=refusal.status, message=told, known=known, id=request_id
    )
    return make_response(page, refusal.status)


def reads_pages() -> bool:
    """Whether who asks is a person with a browser, not a script of a page of ours."""
    of_ours = request.path.startswith("/admin/")
    return of_ours and request.accept_mimetypes.best != "application/json"


def set_cookie(response: BaseResponse, name: str, value: str) -> None:
    """A cookie no script reads and no other site sends; gone when the browser closes."""
    response.set_cookie(
        name, value, path=_cookie_path(), secure=https(), httponly=True, samesite="Lax"
    )


def drop_cookie(response: BaseResponse, name: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name, path=_cookie_path(), secure=https(), httponly=True, samesite="Lax")


def cookie_name(kind: str = "admin") -> str:
    """Under https the `__Host-` prefix keeps sub-domains and plain http from planting one."""
    return f"__Host-crumbtrail_{kind}" if https() else f"crumbtrail_{kind}"


def fresh_token() -> str:
    """Something nobody can guess, for the form before there is a session."""
    return secrets.token_urlsafe(32)


def settings() -> Config:
    """The settings of the server."""
    return cast(Config, current_app.extensions["crumbtrail"].config)


def provider_name() -> str | None:
    """The host of the provider for single sign-on, where there is one."""
    oidc = settings().oidc
    return urlsplit(oidc.issuer).hostname if oidc else None


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
    """After a write: show a page by GET, with a word about what was done, and how to undo it."""
    said = {"done": what} | ({"undo": g.undo} if g.get("undo") else {})
    return redirect(url_for(endpoint, **values) + "?" + urlencode(said), 303)  # type: ignore[arg-type]


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


def https() -> bool:
    """Whether this server is reached by https, so that its cookies may insist on it."""
    return base_url().startswith("https://")


def _cookie_path() -> str:
    return "/" if https() else "/admin/"
