"""Where a request is: the organisation of the address, and what the person is in it.

An address names an organisation by a site's `key` or by its own (`organisation`); any other is of
the one the session was in last. What is of an organisation the person is no member of is 404, as if
it were not there. Behind this the wall of `tenancy` is closed.
"""

from __future__ import annotations

from typing import cast

from flask import g, request

from consent import sites, tenancy, users
from consent.db import db
from consent.errors import Forbidden, NotFound, Refusal
from consent.permissions import Role
from consent.users import Seat, Session, User

KEPT = ("seats", "seat", "missing", "tenant")


def enter(user: User, session: Session) -> None:
    """Find the person's place, and close the wall around it; `check` says what is not there."""
    g.seats = found = users.seats(user)
    g.seat = g.missing = None
    try:
        g.seat = _named(found) or _usual(found, session)
    except NotFound as refusal:
        g.seat, g.missing = _usual(found, session), refusal
    if g.seat and session.visiting != g.seat.organisation_id:
        session.visiting = g.seat.organisation_id
        db.session.commit()
    tenancy.enter(number())


def check() -> None:
    """Refuse an address of an organisation that is none of this person's; 404."""
    if g.missing is not None:
        raise g.missing


def choose(key: str, session: Session) -> None:
    """Make another of the person's organisations the one that pages without a name are of."""
    mine = [one for one in seats() if one.key == key]
    if not mine:
        raise NotFound("not_found", "There is no such organisation here.")
    session.visiting = mine[0].organisation_id
    db.session.commit()


def closed() -> Refusal:
    """What is said to whoever has come in, and may not see this page."""
    if not g.seats:
        why = "You are a member of no organisation. Ask one of its owners to invite you."
        return Forbidden("no_organisation", why)
    return Forbidden("role", "Your role does not open this page.")


def seat() -> Seat | None:
    """The organisation of this request and the role in it; None for whoever is in none."""
    return cast("Seat | None", g.get("seat"))


def seats() -> list[Seat]:
    """Every organisation of the one who is signed in, by name."""
    return cast(list[Seat], g.get("seats", []))


def role() -> Role | None:
    """The role in the organisation of this request."""
    here = seat()
    return here.role if here else None


def number() -> int:
    """Of the organisation of this request, 0 without one."""
    here = seat()
    return here.organisation_id if here else 0


def _named(found: list[Seat]) -> Seat | None:
    said = request.view_args or {}
    if "key" in said:
        owner = sites.organisation_of(said["key"])
        mine = [one for one in found if one.organisation_id == owner]
        if not mine:
            raise sites.unknown(said["key"])
        return mine[0]
    if "organisation" in said:
        mine = [one for one in found if one.key == said["organisation"]]
        if not mine:
            raise _none()
        return mine[0]
    return None


def _none() -> NotFound:
    return NotFound("organisation_unknown", "There is no such organisation here.")


def _usual(found: list[Seat], session: Session) -> Seat | None:
    last = [one for one in found if one.organisation_id == session.visiting]
    return next(iter(last or found), None)
