"""A lost password: a link that lives for thirty minutes, works once, and skips no second factor."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from consent import trail
from consent.db import db
from consent.errors import NotFound

from .account import set_password, user_by_email
from .password import check_password, fingerprint
from .proofs import Reset
from .tables import User

LINK_LIFE = timedelta(minutes=30)


def ask_reset(email: str, at: datetime, by_mail: bool) -> tuple[User, str] | None:
    """Note that somebody lost a password; with `by_mail`, make the link's token for the letter.

    Known and unknown e-mails cost one transaction with one line in the trail, so that the time of
    the answer tells nothing (OWASP ASVS 5.0 6.3.8).
    """
    user, token = user_by_email(email), secrets.token_urlsafe(32)
    trail.write("user.reset_asked", user.email if user else "unknown", at)
    if user is not None:
        kept = _kept(user)
        kept.asked_at = at
        if by_mail:
            kept.token_hash, kept.expires_at = fingerprint(token), at + LINK_LIFE
    db.session.commit()
    return (user, token) if user is not None and by_mail else None


def make_link(email: str, by: str, at: datetime) -> str:
    """A token for somebody, to hand over in person; an earlier link stops working."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("user_unknown", "No account has this e-mail.")
    token, kept = secrets.token_urlsafe(32), _kept(user)
    kept.token_hash, kept.expires_at, kept.asked_at = fingerprint(token), at + LINK_LIFE, None
    trail.write("user.reset_link", by, at, user=user.email)
    db.session.commit()
    return token


def reset_for(token: str, at: datetime) -> User:
    """Whose password this link may change; raises NotFound where it is no live link."""
    query = select(User).join(Reset, Reset.user_id == User.id)
    live = query.where(Reset.token_hash == fingerprint(token), Reset.expires_at > at)
    user = db.session.scalars(live).one_or_none()
    if user is None:
        message = "This link was used already, or is too old. Ask for a new one."
        raise NotFound("link_over", message)
    return user


def use_link(token: str, new: str, at: datetime) -> User:
    """Set the password; the link and every session of its owner end. A password that is refused
    leaves the link as it was."""
    user = reset_for(token, at)
    check_password(new, user.email, field="new")
    mine = delete(Reset).where(Reset.user_id == user.id, Reset.token_hash == fingerprint(token))
    if db.session.execute(mine).rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        return reset_for(token, at)  # somebody was faster: it is over
    set_password(user, new, at)
    trail.write("user.password", user.email, at, by="link")
    db.session.commit()
    return user


def asked() -> dict[int, datetime]:
    """Who waits for a link, by number, and since when."""
    found = db.session.execute(select(Reset.user_id, Reset.asked_at)).all()
    return {number: at for number, at in found if at is not None}


def _kept(user: User) -> Reset:
    kept = db.session.get(Reset, user.id)
    if kept is None:
        kept = Reset(user_id=user.id, asked_at=None, token_hash=None, expires_at=None)
        db.session.add(kept)
    return kept
