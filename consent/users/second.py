"""The second factor: whether somebody has one, and the codes for the day it is lost.

A recovery code has 120 random bits, so its SHA-256 is kept (OWASP ASVS 5.0 6.5.2 asks for a slow
hash below 112 bits). Each opens once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select

from consent import trail
from consent.db import db
from consent.errors import Conflict, NotFound

from .account import user_by_email
from .password import fingerprint
from .proofs import Passkey, RecoveryCode, Totp
from .tables import Session, User

CODES = 10
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # 32 of them, without i l o u
LENGTH = 24  # letters: 120 bits


class Factors(NamedTuple):
    """What somebody has besides the password."""

    app: bool
    passkeys: Sequence[Passkey]
    codes: int

    @property
    def any(self) -> bool:
        return self.app or bool(self.passkeys)


def factors(user: User) -> Factors:
    """The second factors of a user; recovery codes alone are none."""
    app = db.session.scalar(
        select(func.count()).where(Totp.user_id == user.id, Totp.confirmed_at.is_not(None))
    )
    keys = select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)
    codes = db.session.scalar(select(func.count()).where(RecoveryCode.user_id == user.id))
    return Factors(bool(app), db.session.scalars(keys).all(), codes or 0)


def new_codes(user: User, at: datetime) -> list[str]:
    """Ten fresh recovery codes in place of whatever was there; the only time they can be read."""
    if not factors(user).any:
        message = "Recovery codes stand in for a second factor. Set one up first."
        raise Conflict("factor_none", message)
    codes = _fresh(user)
    trail.write("user.codes", user.email, at)
    db.session.commit()
    return codes


def take_code(user: User, code: str) -> bool:
    """Use up a recovery code. Writes; the caller commits."""
    plain = "".join(code.split()).replace("-", "").lower()
    mine = RecoveryCode.user_id == user.id
    one = delete(RecoveryCode).where(mine, RecoveryCode.code_hash == _hash(user, plain))
    return bool(db.session.execute(one).rowcount == 1)  # type: ignore[attr-defined]


def begun(user: User, here: Session) -> list[str]:
    """After a factor was added: the first one brings recovery codes, and other sessions end.
    Writes; the caller commits."""
    end_others(user, here)
    have = db.session.scalar(select(func.count()).where(RecoveryCode.user_id == user.id))
    return [] if have else _fresh(user)


def ended(user: User, here: Session) -> None:
    """After a factor was removed: codes without a factor go, and other sessions end. Writes; the
    caller commits."""
    end_others(user, here)
    db.session.flush()
    if not factors(user).any:
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def forget_factors(email: str, by: str, at: datetime) -> User:
    """For somebody who lost them: without app, passkeys and codes from now on, and signed out."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("user_unknown", "No account has this e-mail.")
    for table in (Totp, Passkey, RecoveryCode, Session):
        db.session.execute(delete(table).where(table.user_id == user.id))
    trail.write("user.factors_forgotten", by, at, user=user.email)
    db.session.commit()
    return user


def end_others(user: User, here: Session) -> None:
    others = delete(Session).where(Session.user_id == user.id, Session.id != here.id)
    db.session.execute(others)


def _fresh(user: User) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(LETTERS) for _ in range(LENGTH)) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(code_hash=_hash(user, c), user_id=user.id) for c in codes)
    return ["-".join(c[i : i + 4] for i in range(0, LENGTH, 4)) for c in codes]


def _hash(user: User, code: str) -> str:
    return fingerprint(f"recovery/{user.id}/{code}")
