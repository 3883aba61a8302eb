"""Sessions: signed-in browsers. Of a session's token only its fingerprint is stored."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from consent import trail
from consent.db import db
from consent.errors import NotFound, Unauthorised

from .account import user_by_email
from .password import fingerprint, hashed, is_right, outdated
from .second import end_others, factors
from .tables import Session, User

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=30)
SESSIONS_MOST = 5  # of one person; the one seen longest ago makes room
PROOF_LIFE = timedelta(minutes=10)
TOUCH_EVERY = timedelta(minutes=1)


def recognise(email: str, password: str, at: datetime) -> User:
    """Whose e-mail and password these are, or Unauthorised.

    A wrong password and an unknown e-mail cost the same time and say the same.
    """
    user = user_by_email(email)
    right = is_right(user.password_hash if user else None, password)
    if user is None or not right:
        refused(user, at)
        raise Unauthorised("sign_in", "The e-mail or the password is not right.")
    if outdated(user.password_hash):
        user.password_hash = hashed(password)
    return user


def refused(user: User | None, at: datetime) -> None:
    """Note that somebody was not let in."""
    trail.write("user.sign_in_refused", user.email if user else "unknown", at)
    db.session.commit()


def open_session(
    user: User, how: str, at: datetime, browser: str = "", previous: str | None = None
) -> tuple[str, Session]:
    """Open a session for somebody who has proved everything that is asked for; answers its token,
    which is stored nowhere.

    `previous` is the token this browser came with: it ends here, so a planted one is worth nothing
    afterwards (OWASP ASVS 5.0 7.2.4).
    """
    db.session.execute(delete(Session).where(_over(at)))
    if previous is not None:
        db.session.execute(delete(Session).where(Session.token_hash == fingerprint(previous)))
    for old in sessions(user, at)[SESSIONS_MOST - 1 :]:
        db.session.delete(old)
    token = secrets.token_urlsafe(32)
    session = Session(
        user_id=user.id,
        token_hash=fingerprint(token),
        browser=browser,
        created_at=at,
        seen_at=at,
        proven_at=at,
        how=how,
    )
    db.session.add(session)
    trail.write("user.sign_in", user.email, at, how=how)
    db.session.commit()
    return token, session


def sign_in(
    email: str, password: str, at: datetime, browser: str = "", previous: str | None = None
) -> tuple[str, Session]:
    """Check the password and open a session, for somebody without a second factor."""
    user = recognise(email, password, at)
    if factors(user).any:
        raise Unauthorised("second_factor", "This account asks for a second factor.")
    return open_session(user, "password", at, browser, previous)


def proven(session: Session, at: datetime) -> bool:
    """Whether its owner proved to be there within the last ten minutes."""
    return at < session.proven_at + PROOF_LIFE


def prove_password(session: Session, password: str, at: datetime) -> str:
    """Prove again by the password; answers the session's new token, or raises Unauthorised."""
    user = db.session.get_one(User, session.user_id)
    if not is_right(user.password_hash, password):
        trail.write("user.proof_refused", user.email, at)
        db.session.commit()
        raise Unauthorised("proof", "The password is not right.")
    return renew(session, at)


def renew(session: Session, at: datetime) -> str:
    """After a proof: the session gets a new token, and the old one is worth nothing."""
    token = secrets.token_urlsafe(32)
    session.token_hash, session.proven_at = fingerprint(token), at
    trail.write("user.proof", db.session.get_one(User, session.user_id).email, at)
    db.session.commit()
    return token


def session_for(token: str, at: datetime) -> tuple[Session, User] | None:
    """The live session of this token and whose it is; notes the visit once a minute at most."""
    found = db.session.execute(
        select(Session, User)
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == fingerprint(token), ~_over(at))
    ).one_or_none()
    if found is None:
        return None
    session, user = found
    if at - session.seen_at >= TOUCH_EVERY:
        session.seen_at = at
        db.session.commit()
    return session, user


def sessions(user: User, at: datetime) -> list[Session]:
    """The live sessions of a user, the latest first."""
    query = select(Session).where(Session.user_id == user.id, ~_over(at))
    return list(db.session.scalars(query.order_by(Session.seen_at.desc(), Session.id.desc())))


def sign_out(session: Session, by: str, at: datetime) -> None:
    """End one session."""
    db.session.delete(session)
    trail.write("user.sign_out", by, at)
    db.session.commit()


def end_session(user: User, session_id: int, at: datetime) -> None:
    """End one of a user's own sessions, told by its number."""
    session = db.session.get(Session, session_id)
    if session is None or session.user_id != user.id:
        raise NotFound("session_unknown", "This session has ended already.")
    sign_out(session, user.email, at)


def end_other_sessions(user: User, keep: Session, at: datetime) -> None:
    """End every session of a user but one."""
    end_others(user, keep)
    trail.write("user.sign_out", user.email, at, others=True)
    db.session.commit()


def _over(at: datetime) -> ColumnElement[bool]:
    return (Session.created_at <= at - SESSION_LIFE) | (Session.seen_at <= at - SESSION_IDLE)
