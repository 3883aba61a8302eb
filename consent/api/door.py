"""The door of the admin API: whose token it is, and whether it may ask for this."""

from __future__ import annotations

import math
from datetime import datetime
from typing import cast

from flask import g, request

from consent import organisations, permissions, sites, tenancy, tokens
from consent.errors import Busy, Forbidden
from consent.parts import parts
from consent.permissions import Role
from consent.sites import Site
from consent.tokens import AdminToken
from consent.users import Seat, User


def open_door() -> None:
    """Let a live token in, if its role and its holder's both have the right that the route needs,
    and close the wall around its organisation: what is of another is not there. A route without a
    row in the matrix is closed."""
    tenancy.leave()  # an app context may outlive a request
    at = now()
    g.api_token, g.api_user = tokens.token_for(request.headers.get("Authorization"), at)
    wait = parts().limits["key"].take(f"token {token().id}", at.timestamp())
    if wait > 0:
        raise Busy(
            "slow_down",
            "Too many requests with this token.",
            status=429,
            retry_after=math.ceil(wait),
        )
    g.api_seat = tokens.seat_in(user(), token().organisation_id)
    tenancy.enter(token().organisation_id)
    right = permissions.needed(request.endpoint or "")
    if right is None or not all(permissions.may(role, right) for role in (held(), capped())):
        raise Forbidden("role", "The role of this token does not open this.")


def forget(_error: BaseException | None = None) -> None:
    """The wall between organisations is open again when the request is over."""
    tenancy.leave()


def now() -> datetime:
    return parts().clock()


def token() -> AdminToken:
    return cast(AdminToken, g.api_token)


def user() -> User:
    return cast(User, g.api_user)


def seat() -> Seat:
    """The holder's place in the token's organisation; only called behind the door."""
    return cast(Seat, g.api_seat)


def held() -> Role | None:
    """What the token's holder is now in its organisation; None for whoever was removed from it."""
    return seat().role if g.api_seat is not None else None


def organisation() -> str:
    """The key of the token's organisation."""
    return organisations.numbered(token().organisation_id).key


def capped() -> Role:
    """What the token was made for."""
    return Role(token().role)


def by() -> str:
    """Whom the trail names."""
    return f"{user().email} (token {token().id})"


def site(key: str) -> Site:
    """A site that the token's holder may open; raises NotFound `site_unknown`."""
    return sites.get(key)


def every_site() -> list[Site]:
    """Those that the token's holder may open, by key."""
    return sites.all_sites()
