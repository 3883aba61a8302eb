"""Passwords and other secrets: which are refused, and what is stored of them.

What is stored never lets a reader of the database use it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import unicodedata
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from consent.errors import Busy, Invalid
from consent.saying import say

PASSWORD_LEAST = 12
PASSWORD_MOST = 256

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

# The same of a published list of 20,000, without the short ones (NOTICE says whose it is).
COMMON = frozenset(
    (Path(__file__).parents[1] / "data" / "passwords.txt").read_text("utf-8").splitlines()
)

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_dummy = _hasher.hash(secrets.token_urlsafe(16))
# Each hash takes 19 MiB and tens of milliseconds: guesses may never take the whole machine.
_hashing = threading.BoundedSemaphore(2)


def new_password() -> str:
    """Five groups of four characters that nobody mistakes for one another: 98 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


def check_password(password: str, email: str, field: str = "password") -> None:
    """Refuse what is short, guessed first, or the e-mail itself."""
    plain = unicodedata.normalize("NFKC", password)
    if len(plain) < PASSWORD_LEAST:
        raise _bad_password(
            say("Use at least %(password_least)s characters.", password_least=PASSWORD_LEAST),
            field,
        )
    if len(plain) > PASSWORD_MOST:
        raise _bad_password(
            say("Use at most %(password_most)s characters.", password_most=PASSWORD_MOST),
            field,
        )
    folded = plain.casefold()
    if folded in GUESSED or folded in COMMON or len(set(folded)) < 4 or folded == email.casefold():
        raise _bad_password("This one is among the first that are tried. Choose another.", field)


def normal(password: str) -> bytes:
    return unicodedata.normalize("NFKC", password)[:PASSWORD_MOST].encode("utf-8", "replace")


def hashed(password: str) -> str:
    with _Turn():
        return _hasher.hash(normal(password))


def verify(password_hash: str, password: str) -> bool:
    with _Turn():
        try:
            return _hasher.verify(password_hash, normal(password))
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


def _bad_password(message: str, field: str) -> Invalid:
    return Invalid("password_weak", message, fields={field: message})


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; for nobody's hash (None) it takes as long and is wrong."""
    right = verify(password_hash or _dummy, password)
    return right and password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether the parameters have grown since this hash was made."""
    return _hasher.check_needs_rehash(password_hash)


def fingerprint(secret: str) -> str:
    """The SHA-256 in hex of a secret that was made at random (a session, a key, a link)."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
