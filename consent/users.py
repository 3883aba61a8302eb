"""The people who run Crumbtrail, their sessions, and the keys they hand to auditors.

In this release every account is an owner: whoever can sign in may do everything, and everything
they do is in the trail. What is stored of a secret (password, session, key) never lets a reader of
the database use it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import unicodedata
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from . import trail
from .db import Base, Instant, Json, db
from .errors import Busy, Invalid, NotFound, Unauthorised

SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=1)
KEY_LIFE = timedelta(days=366)
PASSWORD_LEAST = 12
PASSWORD_MOST = 256
TOUCH_EVERY = timedelta(minutes=1)

# Twelve characters or more that guessing tools try first; shorter ones are refused anyway.
GUESSED = frozenset(
    """
    123456789012 123456123456 1234567890123 qwertyuiop12 qwertyuiopas qwerty123456 1qaz2wsx3edc
    1q2w3e4r5t6y abcdefghijkl abcd1234abcd asdfghjkl123 password1234 password12345 password123456
    passwordpassword passw0rd1234 p@ssw0rd1234 administrator admin1234567 adminadminadmin
    letmeinletmein welcome12345 changeme1234 changemechangeme iloveyou1234 correcthorsebatterystaple
    crumbtrail123 crumbtrailcrumbtrail cookieconsent
    """.split()
)

EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")
KEY = re.compile(r"ctk_(?P<id>[0-9a-z]{1,32})_(?P<secret>[A-Za-z0-9_-]{43})")

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_dummy = _hasher.hash(secrets.token_urlsafe(16))
# Each hash takes 19 MiB and tens of milliseconds: guesses may never take the whole machine.
_hashing = threading.BoundedSemaphore(2)


class User(Base):
    """A person who may sign in."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    password_changed_at: Mapped[datetime] = mapped_column(Instant)


class Session(Base):
    """One signed-in browser; `token_hash` is the SHA-256 of what its cookie holds."""

    __tablename__ = "session"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class ApiKey(Base):
    """A key to the auditor's API: some sites, perhaps a period, always an end."""

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(200))
    sites: Mapped[list[str]] = mapped_column(Json)
    period_from: Mapped[datetime | None] = mapped_column(Instant)
    period_to: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    def state(self, at: datetime) -> str:
        """`active`, `expired` or `revoked`, as of `at`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= at else "active"


def add_user(email: str, password: str | None, by: str, at: datetime) -> tuple[User, str]:
    """Add an owner; without a password one is made up. Answers the user and the password."""
    email = clean_email(email)
    if user_by_email(email) is not None:
        raise Invalid(
            "user_exists", "This e-mail already has an account.", fields={"email": "Taken."}
        )
    password = password if password is not None else new_password()
    check_password(password, email)
    user = User(email=email, password_hash=_hash(password), created_at=at, password_changed_at=at)
    db.session.add(user)
    trail.write("user.add", by, at, user=email)
    db.session.commit()
    return user, password


def users() -> list[User]:
    """Every account, in order of e-mail."""
    return list(db.session.scalars(select(User).order_by(User.email)))


def user_by_email(email: str) -> User | None:
    """The account with this e-mail, whatever its letter case."""
    return db.session.scalars(select(User).where(User.email == _fold(email))).one_or_none()


def change_password(user: User, old: str, new: str, at: datetime) -> None:
    """Change the password of someone who knows the old one; ends every session of theirs."""
    if not _verify(user.password_hash, old):
        raise Invalid(
            "password_wrong", "The current password is not right.", fields={"old": "Not right."}
        )
    check_password(new, user.email, field="new")
    if hmac.compare_digest(_normal(old), _normal(new)):
        raise Invalid(
            "password_same", "The new password is the old one.", fields={"new": "Not new."}
        )
    _set_password(user, new, at)
    trail.write("user.password", user.email, at)
    db.session.commit()


def reset_password(email: str, by: str, at: datetime) -> str:
    """Give an account a made-up password, end its sessions, and answer the password."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("user_unknown", "No account has this e-mail.")
    password = new_password()
    _set_password(user, password, at)
    trail.write("user.password_reset", by, at, user=user.email)
    db.session.commit()
    return password


def new_password() -> str:
    """Five groups of four characters that nobody mistakes for one another: 98 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


def check_password(password: str, email: str, field: str = "password") -> None:
    """Refuse what is short, guessed first, or the e-mail itself."""
    plain = unicodedata.normalize("NFKC", password)
    if len(plain) < PASSWORD_LEAST:
        raise _bad_password(f"Use at least {PASSWORD_LEAST} characters.", field)
    if len(plain) > PASSWORD_MOST:
        raise _bad_password(f"Use at most {PASSWORD_MOST} characters.", field)
    folded = plain.casefold()
    if folded in GUESSED or len(set(folded)) < 4 or folded == email.casefold():
        raise _bad_password("This one is among the first that are tried. Choose another.", field)


def clean_email(email: str) -> str:
    """The e-mail as it is stored, or a refusal."""
    folded = _fold(email)
    if not EMAIL.fullmatch(folded):
        raise Invalid("email", "This is not an e-mail address.", fields={"email": "Not one."})
    return folded


def sign_in(
    email: str, password: str, at: datetime, browser: str = "", previous: str | None = None
) -> tuple[str, Session]:
    """Check the password and open a session; answers its token, which is stored nowhere.

    A wrong password and an unknown e-mail cost the same time and say the same. `previous` is the
    token this browser came with: it ends here, so a planted one is worth nothing afterwards.
    """
    user = user_by_email(email)
    right = _verify(user.password_hash if user else _dummy, password)
    if user is None or not right:
        trail.write("user.sign_in_refused", user.email if user else "unknown", at)
        db.session.commit()
        raise Unauthorised("sign_in", "The e-mail or the password is not right.")
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hash(password)
    db.session.execute(delete(Session).where(_over(at)))
    if previous is not None:
        db.session.execute(delete(Session).where(Session.token_hash == _sha256(previous)))
    token = secrets.token_urlsafe(32)
    session = Session(
        user_id=user.id, token_hash=_sha256(token), browser=browser, created_at=at, seen_at=at
    )
    db.session.add(session)
    trail.write("user.sign_in", user.email, at)
    db.session.commit()
    return token, session


def session_for(token: str, at: datetime) -> tuple[Session, User] | None:
    """The live session of this token and whose it is; notes the visit once a minute at most."""
    found = db.session.execute(
        select(Session, User)
        .join(User, User.id == Session.user_id)
        .where(Session.token_hash == _sha256(token), ~_over(at))
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
    others = delete(Session).where(Session.user_id == user.id, Session.id != keep.id)
    db.session.execute(others)
    trail.write("user.sign_out", user.email, at, others=True)
    db.session.commit()


def create_key(
    label: str,
    sites: list[str],
    expires_at: datetime,
    by: str,
    at: datetime,
    period_from: datetime | None = None,
    period_to: datetime | None = None,
) -> str:
    """Make a key and answer it whole, the only time it can be read."""
    wrong: dict[str, str] = {}
    if not label.strip() or len(label) > 200:
        wrong["label"] = "Say in a few words who holds this key."
    if not sites:
        wrong["sites"] = "Choose at least one site."
    if not at < expires_at <= at + KEY_LIFE:
        wrong["expires_at"] = "A key ends in the future, within a year."
    if period_from and period_to and period_from >= period_to:
        wrong["period_to"] = "The period ends before it begins."
    if wrong:
        raise Invalid("key", "This key cannot be made yet.", fields=wrong)
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(
        id=key_id,
        secret_hash=_sha256(secret),
        label=label.strip(),
        sites=sorted(set(sites)),
        period_from=period_from,
        period_to=period_to,
        created_at=at,
        expires_at=expires_at,
    )
    db.session.add(key)
    trail.write("key.create", by, at, key=key_id, label=key.label, sites=key.sites)
    db.session.commit()
    return f"ctk_{key_id}_{secret}"


def key_for(header_value: str | None, at: datetime) -> ApiKey:
    """The key in an `Authorization: Bearer` header, or a refusal (401) that says what is wrong."""
    scheme, _, text = (header_value or "").partition(" ")
    parts = KEY.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
    if parts is None:
        raise Unauthorised("key_missing", "Send a key: Authorization: Bearer ctk_…")
    key = db.session.get(ApiKey, parts["id"])
    stored = key.secret_hash if key is not None else _sha256("")
    if not hmac.compare_digest(stored, _sha256(parts["secret"])) or key is None:
        raise Unauthorised("key_unknown", "This key is not known here.")
    if (state := key.state(at)) != "active":
        raise Unauthorised(f"key_{state}", f"This key is {state}.")
    if key.last_used_at is None or at - key.last_used_at >= TOUCH_EVERY:
        key.last_used_at = at
        db.session.commit()
    return key


def revoke_key(key_id: str, by: str, at: datetime) -> None:
    """End a key at once; a second time changes nothing."""
    key = db.session.get(ApiKey, key_id)
    if key is None:
        raise NotFound("key_unknown", "There is no such key.")
    if key.revoked_at is None:
        key.revoked_at = at
        trail.write("key.revoke", by, at, key=key.id, label=key.label)
        db.session.commit()


def keys() -> list[ApiKey]:
    """Every key, the newest first."""
    return list(db.session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)))


def _set_password(user: User, password: str, at: datetime) -> None:
    user.password_hash = _hash(password)
    user.password_changed_at = at
    db.session.execute(delete(Session).where(Session.user_id == user.id))


def _over(at: datetime) -> ColumnElement[bool]:
    return (Session.created_at <= at - SESSION_LIFE) | (Session.seen_at <= at - SESSION_IDLE)


def _bad_password(message: str, field: str) -> Invalid:
    return Invalid("password_weak", message, fields={field: message})


def _fold(email: str) -> str:
    return unicodedata.normalize("NFC", email).strip().lower()


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password)[:PASSWORD_MOST].encode("utf-8", "replace")


def _hash(password: str) -> str:
    with _Turn():
        return _hasher.hash(_normal(password))


def _verify(password_hash: str, password: str) -> bool:
    with _Turn():
        try:
            return _hasher.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


class _Turn:
    """One of the few places where a password is being hashed; whoever waits too long is refused."""

    def __enter__(self) -> None:
        if not _hashing.acquire(timeout=5):
            message = "Too many people are signing in. Try again in a moment."
            raise Busy("busy", message, retry_after=5)

    def __exit__(self, *_: object) -> None:
        _hashing.release()


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
