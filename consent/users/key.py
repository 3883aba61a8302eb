"""Keys: what auditors hold. Some sites, some scopes, perhaps a period, always an end.

A key that is rotated keeps its number and gets another secret; the one before it works for the
overlap, so two secrets live at most.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from consent import trail
from consent.db import db
from consent.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthorised

from .password import fingerprint
from .session import TOUCH_EVERY
from .tables import ApiKey

KEY_LIFE = timedelta(days=365)
OVERLAP = timedelta(days=7)
SCOPES = ("read:records", "read:proof", "export", "stats")
KEY = re.compile(r"ctk_(?P<id>[0-9a-z]{1,32})_(?P<secret>[A-Za-z0-9_-]{43})")


def create_key(
    label: str,
    sites: list[str],
    expires_at: datetime,
    by: str,
    at: datetime,
    period_from: datetime | None = None,
    period_to: datetime | None = None,
    organisation: int | None = None,
    scopes: Sequence[str] = SCOPES,
) -> str:
    """Make a key and answer it whole, the only time it can be read. It is of the organisation that
    is entered where none is named, and opens sites of that one alone: the door of the API looks.

    Raises Invalid `key` with `fields`.
    """
    wrong: dict[str, str] = {}
    if not label.strip() or len(label) > 200:
        wrong["label"] = "Say in a few words who holds this key."
    if not sites:
        wrong["sites"] = "Choose at least one site."
    if not scopes or not set(scopes) <= set(SCOPES):
        wrong["scopes"] = "Choose at least one thing that the key may do."
    if not at < expires_at <= at + KEY_LIFE:
        wrong["expires_at"] = "A key ends in the future, within a year."
    if period_from and period_to and period_from >= period_to:
        wrong["period_to"] = "The period ends before it begins."
    if wrong:
        raise Invalid("key", "This key cannot be made yet.", fields=wrong)
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(
        id=key_id,
        secret_hash=fingerprint(secret),
        label=label.strip(),
        sites=sorted(set(sites)),
        period_from=period_from,
        period_to=period_to,
        created_at=at,
        expires_at=expires_at,
        scopes=[scope for scope in SCOPES if scope in scopes],
    )
    if organisation is not None:
        key.organisation_id = organisation
    db.session.add(key)
    db.session.flush()
    said = {"key": key_id, "label": key.label, "sites": key.sites, "scopes": key.scopes}
    trail.write_in(key.organisation_id, "key.create", by, at, **said)
    db.session.commit()
    return f"ctk_{key_id}_{secret}"


def key_for(header_value: str | None, at: datetime) -> ApiKey:
    """The key in an `Authorization: Bearer` header, or a refusal (401) that says what is wrong."""
    scheme, _, text = (header_value or "").partition(" ")
    parts = KEY.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
    if parts is None:
        raise Unauthorised("key_missing", "Send a key: Authorization: Bearer ctk_…")
    key = db.session.get(ApiKey, parts["id"])
    sent, known = fingerprint(parts["secret"]), _live(key, at)
    if not any([hmac.compare_digest(one, sent) for one in known]) or key is None:
        raise Unauthorised("key_unknown", "This key is not known here.")
    if (state := key.state(at)) != "active":
        raise Unauthorised(f"key_{state}", f"This key is {state}.")
    if key.last_used_at is None or at - key.last_used_at >= TOUCH_EVERY:
        key.last_used_at = at
        db.session.commit()
    return key


def need_scope(key: ApiKey, scope: str | None) -> None:
    """Raises Forbidden `scope` unless the key may do that; None is what no key may do."""
    if scope is None or scope not in scopes_of(key):
        raise Forbidden("scope", "This key may not do that: its scopes do not name it.")


def scopes_of(key: ApiKey) -> list[str]:
    """What the key may do, in the order of SCOPES."""
    return list(SCOPES) if key.scopes is None else key.scopes


def refuse_in_address(values: Iterable[str]) -> None:
    """Raises Refusal `key_in_address` (400) where a key stands in an address, which is logged and
    handed on; it is given in a header alone."""
    if any(KEY.search(value) for value in values):
        raise Refusal(
            "key_in_address",
            "A key belongs in the header Authorization, never in an address. Rotate this one: an"
            " address is kept in logs.",
        )


def rotate_key(key_id: str, by: str, at: datetime, overlap: timedelta = OVERLAP) -> str:
    """Give a key another secret and answer it whole, the only time; the one before works for
    `overlap` (from nothing to OVERLAP), an earlier one ends at once.

    Raises NotFound `key_unknown`, Conflict `key_ended`.
    """
    key = one_key(key_id)
    if key.state(at) != "active":
        raise Conflict("key_ended", "This key has ended; make a new one.")
    secret = secrets.token_urlsafe(32)
    kept = timedelta(0) < overlap <= OVERLAP
    key.old_hash = key.secret_hash if kept else None
    key.old_until = at + overlap if kept else None
    key.secret_hash = fingerprint(secret)
    days = overlap.days if kept else 0
    said = {"key": key.id, "label": key.label, "overlap_days": days}
    trail.write_in(key.organisation_id, "key.rotate", by, at, **said)
    db.session.commit()
    return f"ctk_{key.id}_{secret}"


def revoke_key(key_id: str, by: str, at: datetime) -> None:
    """End a key at once; a second time changes nothing."""
    key = one_key(key_id)
    if key.revoked_at is None:
        key.revoked_at, key.old_hash, key.old_until = at, None, None
        said = {"key": key.id, "label": key.label}
        trail.write_in(key.organisation_id, "key.revoke", by, at, **said)
        db.session.commit()


def one_key(key_id: str) -> ApiKey:
    """Raises NotFound `key_unknown`."""
    key = db.session.get(ApiKey, key_id)
    if key is None:
        raise NotFound("key_unknown", "There is no such key.")
    return key


def keys() -> list[ApiKey]:
    """Every key, the newest first."""
    return list(db.session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)))


def _live(key: ApiKey | None, at: datetime) -> list[str]:
    """Two fingerprints, so that every look takes as long: those that open the key at `at`."""
    nothing = fingerprint("")
    if key is None:
        return [nothing, nothing]
    old = key.old_hash if key.old_until is not None and at < key.old_until else None
    return [key.secret_hash, old or nothing]
