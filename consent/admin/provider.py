"""Single sign-on at the door: off to the provider, and back with its word."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from consent import envelope, oidc, users
from consent.admin import door, guard, proof
from consent.config import Config
from consent.errors import Forbidden, NotFound, Refusal, Unauthorised
from consent.oidc import Client, Flow, Person

pages = Blueprint("provider", __name__)
LIFE = timedelta(minutes=10)


def client(config: Config) -> Client | None:
    """The app's one client of the provider in the settings."""
    return Client(config.oidc) if config.oidc else None


@pages.get("/sign-in/provider")
def start() -> Response:
    """Off to the provider. What must be known on the way back is in a closed cookie."""
    return _leave("sign-in", guard.inside(request.args.get("next")))


@pages.get("/account/provider")
def link() -> Response:
    """The same for somebody who is signed in and wants to sign in that way from now on."""
    return _leave("link", url_for("admin.account.account"), again=True)


@pages.get("/account/provider/again")
def again() -> Response:
    """The same as a proof, for somebody who has no password here."""
    return _leave("proof", url_for("admin.account.account"), again=True)


@pages.post("/account/provider/<int:number>/remove")
def unlink(number: int) -> Response:
    """End a link."""
    users.unlink(guard.user(), number, guard.now())
    return guard.done("admin.account.account", "unlinked")


@pages.get("/sign-in/provider/back")
def back() -> Response:
    """The provider's answer: believed if this browser began it here, once, within ten minutes."""
    try:
        kept, person = _answered()
        if kept["why"] == "sign-in":
            response = _enter(person, str(kept["next"]))
        else:
            response = _own(kept, person)
    except Refusal as refusal:
        response = guard.sign_in_page(refusal.status, refusal.message)
    guard.drop_cookie(response, guard.cookie_name("flow"))
    return response


def _leave(why: str, next: str, again: bool = False) -> Response:
    flow, at = oidc.new_flow(), guard.now()
    address = _client().address(flow, _back(), at, again)
    whose = guard.session().id if why != "sign-in" else None
    closed = envelope.close(
        guard.settings().secret_key, "flow", at, flow=list(flow), why=why, next=next, session=whose
    )
    response = redirect(address, 303)
    guard.set_cookie(response, guard.cookie_name("flow"), closed)
    return response


def _answered() -> tuple[dict[str, Any], Person]:
    at, closed = guard.now(), request.cookies.get(guard.cookie_name("flow"), "")
    kept = envelope.unclose(guard.settings().secret_key, "flow", closed, at, LIFE)
    if kept is None:
        raise Unauthorised("provider", "This sign-in took too long, or was not begun here.")
    person = _client().person(Flow(*kept["flow"]), request.args, _back(), at)
    return kept, person


def _enter(person: Person, next: str) -> Response:
    """In by the provider's word; one's own second factor is asked for unless the provider says
    that it asked for one."""
    at, user = guard.now(), users.user_at(person.issuer, person.subject)
    role = guard.settings().oidc_role
    if user is None and role is None:
        message = "No account here is linked with this sign-in. Sign in as usual, and link it."
        raise Forbidden("identity_unknown", message)
    if user is None:
        made = users.role_of(str(role))
        user = users.newcomer(person.issuer, person.subject, person.email, made, at)
    if person.factors:
        return guard.let_in(user, "provider+factor", next)
    return door.first_done(user, "provider", next)


def _own(kept: dict[str, Any], person: Person) -> Response:
    """A link or a proof, for the session that asked for it and no other."""
    at, token = guard.now(), request.cookies.get(guard.cookie_name())
    found = users.session_for(token, at) if token else None
    if found is None or found[0].id != kept["session"]:
        raise Unauthorised("provider", "Please sign in again: this took too long.")
    session, user = found
    if person.signed_in_at is None or person.signed_in_at < kept["at"] - oidc.SKEW:
        raise Unauthorised("provider", "The provider did not ask again who you are.")
    if kept["why"] == "link":
        users.link(user, person.issuer, person.subject, at)
        return guard.done("admin.account.account", "linked")
    holder = users.user_at(person.issuer, person.subject)
    if holder is None or holder.id != user.id:
        raise Forbidden("identity_unknown", "This sign-in belongs to somebody else.")
    proof.renewed(users.renew(session, at))
    return guard.done("admin.account.account", "proven")


def _client() -> Client:
    found = current_app.extensions["crumbtrail_provider"]
    if found is None:
        raise NotFound("provider_none", "No provider for single sign-on is set here.")
    return cast(Client, found)


def _back() -> str:
    return guard.settings().base_url + url_for("admin.provider.back")
