"""Accounts: the people who may sign in."""

from __future__ import annotations

import hmac
import re
import unicodedata
from datetime import datetime

from sqlalchemy import delete, select

from consent import organisations, trail
from consent.db import db
from consent.errors import Invalid, NotFound
from consent.permissions import Role

from .members import tell
from .password import check_password, hashed, new_password, normal, verify
from .tables import Membership, Session, User

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


def add_user(
    email: str,
    password: str | None,
    by: str,
    at: datetime,
    role: Role = Role.OWNER,
    organisation: int | None = None,
) -> tuple[User, str]:
    """Add an account with a role in an organisation, the first one where none is named; without a
    password one is made up. Answers the user and the password. The first account of all runs the
    server: it is an operator."""
    user, password = make_user(email, password, at)
    inside = organisation if organisation is not None else organisations.main().id
    db.session.add(Membership(user_id=user.id, organisation_id=inside, role=role.value, since=at))
    trail.write_in(inside, "user.add", by, at, user=user.email, role=role.value)
    db.session.commit()
    return user, password


def make_user(email: str, password: str | None, at: datetime) -> tuple[User, str]:
    """The account alone, within the running transaction; for verbs that say what it may do."""
    email = clean_email(email)
    if user_by_email(email) is not None:
        raise Invalid(
            "user_exists", "This e-mail already has an account.", fields={"email": "Taken."}
        )
    password = password if password is not None else new_password()
    check_password(password, email)
    user = User(
        email=email,
        password_hash=hashed(password),
        created_at=at,
        password_changed_at=at,
        operator=db.session.scalar(select(User.id).limit(1)) is None,
    )
    db.session.add(user)
    db.session.flush()
    return user, password


def make_operator(email: str, operator: bool, by: str, at: datetime) -> User:
    """Say who may make organisations. Raises NotFound `user_unknown`."""
    user = known(email)
    user.operator = operator
    tell(user, "user.operator", by, at, user=user.email, operator=operator)
    db.session.commit()
    return user


def known(email: str) -> User:
    """The account with this e-mail; raises NotFound `user_unknown`."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("user_unknown", "No account has this e-mail.")
    return user


def users() -> list[User]:
    """Every account, in order of e-mail."""
    return list(db.session.scalars(select(User).order_by(User.email)))


def user_by_email(email: str) -> User | None:
    """The account with this e-mail, whatever its letter case."""
    return db.session.scalars(select(User).where(User.email == folded(email))).one_or_none()


def change_password(user: User, old: str, new: str, at: datetime) -> None:
    """Change the password of someone who knows the old one; ends every session of theirs."""
    if not verify(user.password_hash, old):
        raise Invalid(
            "password_wrong", "The current password is not right.", fields={"old": "Not right."}
        )
    check_password(new, user.email, field="new")
    if hmac.compare_digest(normal(old), normal(new)):
        raise Invalid(
            "password_same", "The new password is the old one.", fields={"new": "Not new."}
        )
    set_password(user, new, at)
    tell(user, "user.password", user.email, at)
    db.session.commit()


def reset_password(email: str, by: str, at: datetime) -> str:
    """Give an account a made-up password, end its sessions, and answer the password."""
    user = known(email)
    password = new_password()
    set_password(user, password, at)
    tell(user, "user.password_reset", by, at, user=user.email)
    db.session.commit()
    return password


def clean_email(email: str) -> str:
    """The e-mail as it is stored, or a refusal."""
    clean = folded(email)
    if not EMAIL.fullmatch(clean):
        raise Invalid("email", "This is not an e-mail address.", fields={"email": "Not one."})
    return clean


def set_password(user: User, password: str, at: datetime) -> None:
    """Keep a new password and end every session of its owner; the caller commits."""
    user.password_hash = hashed(password)
    user.password_changed_at = at
    db.session.execute(delete(Session).where(Session.user_id == user.id))


def folded(email: str) -> str:
    return unicodedata.normalize("NFC", email).strip().lower()
