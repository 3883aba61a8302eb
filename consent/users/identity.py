"""Who somebody is at an OpenID provider: issuer and subject, never an e-mail.

An account is linked by whoever is signed in to it. An e-mail that a provider states opens no
account that is there already: anybody may run a provider, and mailboxes change hands.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from consent import trail
from consent.db import db
from consent.errors import Conflict, Forbidden, NotFound
from consent.permissions import Role

from .account import add_user, user_by_email
from .proofs import Identity
from .tables import User


def identities(user: User) -> list[Identity]:
    """The providers a user is linked with."""
    query = select(Identity).where(Identity.user_id == user.id).order_by(Identity.id)
    return list(db.session.scalars(query))


def user_at(issuer: str, subject: str) -> User | None:
    """Whose account is linked with this subject of this issuer."""
    query = select(User).join(Identity, Identity.user_id == User.id)
    mine = query.where(Identity.issuer == issuer, Identity.subject == subject)
    return db.session.scalars(mine).one_or_none()


def link(user: User, issuer: str, subject: str, at: datetime) -> None:
    """Let this subject open the account of whoever is signed in."""
    holder = user_at(issuer, subject)
    if holder is not None and holder.id != user.id:
        message = "This sign-in belongs to another account here."
        raise Conflict("identity_taken", message)
    if holder is None:
        db.session.add(Identity(user_id=user.id, issuer=issuer, subject=subject, created_at=at))
        trail.write("user.link", user.email, at, issuer=issuer)
        db.session.commit()


def unlink(user: User, number: int, at: datetime) -> None:
    """End one of a user's own links."""
    kept = db.session.get(Identity, number)
    if kept is None or kept.user_id != user.id:
        raise NotFound("identity_unknown", "There is no such link.")
    db.session.delete(kept)
    trail.write("user.unlink", user.email, at, issuer=kept.issuer)
    db.session.commit()


def newcomer(issuer: str, subject: str, email: str | None, role: Role, at: datetime) -> User:
    """An account in the first organisation for somebody the provider vouches for; `email` only
    where it verified it."""
    if email is None:
        message = "The provider did not confirm an e-mail address, so no account was made."
        raise Forbidden("identity_email", message)
    if user_by_email(email) is not None:
        message = (
            "An account with this e-mail is there already. Sign in to it as usual, and link it"
            " on the page Account."
        )
        raise Conflict("identity_email_taken", message)
    user, _ = add_user(email, None, f"provider {issuer}"[:320], at, role=role)
    link(user, issuer, subject, at)
    return user
