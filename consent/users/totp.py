"""Authenticator apps: six digits from a shared secret and the time (RFC 6238, SHA-1, 30 seconds).

A code is taken once (OWASP ASVS 5.0 6.5.1), and one step early or late.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import struct
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from sqlalchemy import update

from consent import envelope, trail
from consent.db import db
from consent.errors import Conflict, Invalid

from .proofs import Totp
from .second import begun, ended
from .tables import Session, User

STEP = 30  # seconds
DIGITS = 6
SECRET_BYTES = 20  # as RFC 4226 section 4 recommends: 160 bits
CODE = re.compile(r"\d{6}")
FOR_EVER = timedelta(days=36500)


def code_at(secret: bytes, step: int) -> str:
    """The code of one step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(at: datetime) -> int:
    """How many steps of 30 seconds have passed since 1970."""
    return int(at.timestamp()) // STEP


def matching(secret: bytes, code: str, at: datetime) -> int | None:
    """The step whose code this is, among now and its two neighbours; the comparison tells nothing
    by its time."""
    typed = "".join(code.split())
    if not CODE.fullmatch(typed) or not typed.isascii():
        return None
    now = step_of(at)
    found = [s for s in (now - 1, now, now + 1) if hmac.compare_digest(code_at(secret, s), typed)]
    return max(found, default=None)


def enrol(user: User, secret_key: str, at: datetime) -> None:
    """Make a secret that waits for its first code; a confirmed one is not touched."""
    kept = db.session.get(Totp, user.id)
    if kept is not None and kept.confirmed_at is not None:
        raise Conflict("app_exists", "An app is connected already. Remove it first.")
    sealed = _sealed(secret_key, user, secrets.token_bytes(SECRET_BYTES), at)
    if kept is None:
        db.session.add(Totp(user_id=user.id, secret=sealed, last_step=0, confirmed_at=None))
    else:
        kept.secret = sealed
    db.session.commit()


def enrolling(user: User, secret_key: str, at: datetime) -> bytes | None:
    """The secret that waits for its first code."""
    kept = db.session.get(Totp, user.id)
    if kept is None or kept.confirmed_at is not None:
        return None
    return _open(secret_key, user, kept, at)


def confirm(user: User, code: str, secret_key: str, here: Session, at: datetime) -> list[str]:
    """Turn the app on by its first code. Answers recovery codes if these are the first; every other
    session of this person ends."""
    secret = enrolling(user, secret_key, at)
    if secret is None:
        raise Conflict("app_none", "There is no app to confirm. Begin again.")
    step = matching(secret, code, at)
    if step is None:
        message = "This code is not right. Look at the clock of the phone, then try the next code."
        raise Invalid("code_wrong", message, fields={"code": message})
    kept = db.session.get_one(Totp, user.id)
    kept.confirmed_at, kept.last_step = at, step
    codes = begun(user, here)
    trail.write("user.app_add", user.email, at)
    db.session.commit()
    return codes


def take(user: User, code: str, secret_key: str, at: datetime) -> bool:
    """Whether this is a code of the user's app that was not taken before. Writes; the caller
    commits."""
    kept = db.session.get(Totp, user.id)
    if kept is None or kept.confirmed_at is None:
        return False
    step = matching(_open(secret_key, user, kept, at), code, at)
    if step is None:
        return False
    newer = update(Totp).where(Totp.user_id == user.id, Totp.last_step < step)
    taken = db.session.execute(newer.values(last_step=step))
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def remove_app(user: User, here: Session, at: datetime) -> None:
    """Take the app away; a second time changes nothing."""
    kept = db.session.get(Totp, user.id)
    if kept is None:
        return
    was_on = kept.confirmed_at is not None
    db.session.delete(kept)
    if was_on:
        ended(user, here)
        trail.write("user.app_remove", user.email, at)
    db.session.commit()


def spelt(secret: bytes) -> str:
    """The secret as people type it into an app: base32 in groups of four."""
    plain = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def address(secret: bytes, email: str, issuer: str) -> str:
    """What the picture says to the app (the Key URI format of authenticator apps)."""
    label = quote(f"{issuer}:{email}", safe="")
    plain = spelt(secret).replace(" ", "")
    return f"otpauth://totp/{label}?" + urlencode({"secret": plain, "issuer": issuer})


def _sealed(secret_key: str, user: User, secret: bytes, at: datetime) -> str:
    return envelope.close(secret_key, f"totp/{user.id}", at, secret=secret.hex())


def _open(secret_key: str, user: User, kept: Totp, at: datetime) -> bytes:
    values = envelope.unclose(secret_key, f"totp/{user.id}", kept.secret, at, FOR_EVER)
    if values is None:
        message = "The app's secret cannot be read: SECRET_KEY is not the one it was made with."
        raise Conflict("app_unreadable", message)
    return bytes.fromhex(values["secret"])
