"""Members: who is what in an organisation. Each organisation keeps an owner."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select

from consent import organisations, tenancy, trail, undoing
from consent.db import Base, db
from consent.errors import Conflict, Invalid, NotFound
from consent.organisations import Organisation
from consent.permissions import Role

from ..saying import say
from .tables import Membership, Session, User


class Seat(NamedTuple):
    """A person's place in an organisation, as numbers and words."""

    organisation_id: int
    key: str
    name: str
    role: Role


class Member(NamedTuple):
    """One person of an organisation; `seen_at` of a session that still counts, None without."""

    user: User
    role: Role
    since: datetime
    seen_at: datetime | None


def seats(user: User) -> list[Seat]:
    """The organisations of a person, by name."""
    query = (
        select(Organisation.id, Organisation.key, Organisation.name, Membership.role)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.user_id == user.id)
        .order_by(Organisation.name, Organisation.id)
    )
    found = db.session.execute(query)
    return [Seat(number, key, name, Role(role)) for number, key, name, role in found]


def members(organisation_id: int) -> list[Member]:
    """The people of an organisation, by e-mail."""
    seen = (
        select(func.max(Session.seen_at))
        .where(Session.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
    )
    query = (
        select(User, Membership.role, Membership.since, seen)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == organisation_id)
        .order_by(User.email)
    )
    found = db.session.execute(query)
    return [Member(user, Role(role), since, at) for user, role, since, at in found]


def tell(user: User, verb: str, by: str, at: datetime, /, **detail: object) -> None:
    """A line about an account, in the trail of each organisation that the person is in."""
    with tenancy.within(None):
        inside = [seat.organisation_id for seat in seats(user)] or [organisations.main().id]
        for number in inside:
            trail.write_in(number, verb, by, at, **detail)
        db.session.flush()


def role_of(word: str) -> Role:
    """A role by its word; raises Invalid with `role`."""
    if word not in set(Role):
        why = say("One of %(known)s.", known=", ".join(Role))
        raise Invalid("field_value", "There is no such role.", fields={"role": why})
    return Role(word)


def join(user: User, organisation_id: int, role: Role, by: str, at: datetime) -> None:
    """Take an account into an organisation; raises Conflict `member_already`."""
    if find_member(user.id, organisation_id) is not None:
        raise Conflict("member_already", "This person is a member already.")
    db.session.add(
        Membership(user_id=user.id, organisation_id=organisation_id, role=role.value, since=at)
    )
    said = {"user": user.email, "role": role.value}
    trail.write_in(organisation_id, "member.add", by, at, **said)
    db.session.commit()


def change_role(organisation_id: int, user_id: int, role: Role, by: str, at: datetime) -> None:
    """Give a member another role, at once, in the sessions they have too.

    Raises NotFound `member_unknown`, Conflict `last_owner`.
    """
    _lock(organisation_id)
    user, membership = _member(organisation_id, user_id)
    before, membership.role = membership.role, role.value
    if before == role.value:
        return
    said = {"user": user.email, "role": role.value, "before": before}
    trail.write_in(organisation_id, "member.role", by, at, **said)
    back = {"user": user_id, "was": before, "now": role.value}
    undoing.keep("role", by, at, user.email, back, organisation=organisation_id)
    if before == Role.OWNER:
        _keep_an_owner(organisation_id)
    db.session.commit()


def remove_member(organisation_id: int, user_id: int, by: str, at: datetime) -> None:
    """Take a person out of an organisation, and sign them out everywhere at once.

    Raises NotFound `member_unknown`, Conflict `last_owner`. The account stays, for the other
    organisations it may be in.
    """
    _lock(organisation_id)
    user, membership = _member(organisation_id, user_id)
    db.session.delete(membership)
    db.session.execute(delete(Session).where(Session.user_id == user.id))
    said = {"user": user.email, "role": membership.role}
    trail.write_in(organisation_id, "member.remove", by, at, **said)
    back = {"user": user_id, "role": membership.role}
    undoing.keep("member", by, at, user.email, back, organisation=organisation_id)
    if membership.role == Role.OWNER:
        _keep_an_owner(organisation_id)
    db.session.commit()


def bring_back(organisation_id: int, user_id: int, role: Role, by: str, at: datetime) -> None:
    """Take somebody who was removed in again, as what they were; they sign in anew.

    Raises NotFound `member_unknown` where the account is gone, Conflict `member_already`.
    """
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("member_unknown", "The account of this person is gone.")
    join(user, organisation_id, role, by, at)


def role_back(
    organisation_id: int, user_id: int, was: Role, now: Role, by: str, at: datetime
) -> None:
    """Give a member the role they had, where they still have the one they were given then.

    Raises NotFound `member_unknown`, Conflict `changed_since`, `last_owner`.
    """
    _, membership = _member(organisation_id, user_id)
    if membership.role != now:
        raise Conflict("changed_since", "The role was changed again since.")
    change_role(organisation_id, user_id, was, by, at)


def remove_user(user: User, by: str, at: datetime) -> None:
    """Delete an account with whatever hangs on it: memberships, sessions, ways to sign in.

    Raises Conflict `last_owner`. What it did stays in the trail.
    """
    told = seats(user)
    tell(user, "user.remove", by, at, user=user.email)
    for seat in sorted(told):
        _lock(seat.organisation_id)
    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table.name == User.__tablename__:
                db.session.execute(delete(table).where(key.parent == user.id))
    for seat in told:
        if seat.role == Role.OWNER:
            _keep_an_owner(seat.organisation_id)
    db.session.delete(user)
    db.session.commit()


def find_member(user_id: int, organisation_id: int) -> Membership | None:
    ours = (Membership.user_id == user_id, Membership.organisation_id == organisation_id)
    return db.session.scalar(select(Membership).where(*ours))


def _member(organisation_id: int, user_id: int) -> tuple[User, Membership]:
    membership = find_member(user_id, organisation_id)
    if membership is None:
        raise NotFound("member_unknown", "There is no such person in this organisation.")
    return db.session.get_one(User, user_id), membership


def _lock(organisation_id: int) -> None:
    """Two owners who demote each other take turns (on SQLite writers do anyway)."""
    mine = select(Organisation.id).where(Organisation.id == organisation_id)
    db.session.execute(mine.with_for_update())


def _keep_an_owner(organisation_id: int) -> None:
    """Asked after the change, within its transaction, so that nothing comes in between."""
    db.session.flush()
    ours = (
        Membership.organisation_id == organisation_id,
        Membership.role == Role.OWNER.value,
    )
    if not db.session.scalar(select(func.count()).select_from(Membership).where(*ours)):
        db.session.rollback()
        why = "This is the last owner. Make somebody else an owner first."
        raise Conflict("last_owner", why)
