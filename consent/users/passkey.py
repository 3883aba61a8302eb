"""Passkeys (W3C WebAuthn Level 3): made, named, removed, and as a proof.

The signatures are checked by py_webauthn. A challenge is not stored: it comes back closed in an
envelope with the moment it was made, and a passkey takes none that is older than its last use.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import select

from consent import trail
from consent.db import db
from consent.errors import Conflict, Invalid, NotFound, Unauthorised
from consent.later import Later

from .proofs import Passkey
from .second import begun, ended
from .tables import Session, User

if TYPE_CHECKING:
    import webauthn
    from webauthn.helpers import exceptions, structs
else:
    webauthn = Later("webauthn")
    exceptions, structs = Later("webauthn.helpers.exceptions"), Later("webauthn.helpers.structs")

CHALLENGE_BYTES = 32
LONGEST = 20_000  # characters of a browser's answer
MOST = 20  # passkeys of one person


class Party(NamedTuple):
    """Who asks: the host a passkey belongs to, and the origin its page must have."""

    host: str
    origin: str


class Challenge(NamedTuple):
    """Random bytes that an answer must sign, and when they were made."""

    value: bytes
    at: datetime


def new_challenge(at: datetime) -> Challenge:
    return Challenge(secrets.token_bytes(CHALLENGE_BYTES), at)


def offer(user: User, party: Party, challenge: Challenge) -> dict[str, Any]:
    """What the browser is told to make a passkey: one it can find by itself, that asks for the
    finger or the PIN. The handle names the account by a digest, not by its e-mail."""
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name="Crumbtrail",
        user_name=user.email,
        user_id=hashlib.sha256(f"crumbtrail/handle/v1/{user.id}".encode()).digest(),
        challenge=challenge.value,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_known(user),
    )
    return cast(dict[str, Any], json.loads(webauthn.options_to_json(options)))


def add_passkey(
    user: User, party: Party, challenge: Challenge, answer: str, name: str, here: Session,
    at: datetime,
) -> list[str]:  # fmt: skip
    """Keep the passkey the browser made. Answers recovery codes if this is the first factor; every
    other session of this person ends."""
    name = " ".join(name.split())[:80] or "Passkey"
    if len(_known(user)) >= MOST:
        raise Conflict("passkeys_many", "That is the most there may be. Remove one first.")
    try:
        made = webauthn.verify_registration_response(
            credential=_parsed(answer),
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (exceptions.WebAuthnException, ValueError, KeyError, TypeError):
        raise Invalid("passkey", "The browser's answer is not that of a new passkey.") from None
    credential = webauthn.helpers.bytes_to_base64url(made.credential_id)
    if _by_credential(credential) is not None:
        raise Conflict("passkey_known", "This passkey is known already.")
    db.session.add(
        Passkey(
            user_id=user.id,
            credential=credential,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name,
            created_at=at,
            used_at=None,
        )
    )
    db.session.flush()
    codes = begun(user, here)
    trail.write("user.passkey_add", user.email, at, name=name)
    db.session.commit()
    return codes


def ask(party: Party, challenge: Challenge, user: User | None) -> dict[str, Any]:
    """What the browser is told to prove one: any it has for us, or one of this user's."""
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge.value,
        allow_credentials=_known(user) if user is not None else None,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return cast(dict[str, Any], json.loads(webauthn.options_to_json(options)))


def prove(
    party: Party, challenge: Challenge, answer: str, at: datetime, user: User | None = None
) -> User:
    """Whose passkey signed the challenge; `user`, where only theirs will do. Raises Unauthorised.
    Writes; the caller commits."""
    refused = Unauthorised("passkey", "This passkey was not accepted.")
    try:
        parsed = _parsed(answer)
        kept = _by_credential(str(parsed.get("id", "")))
        if kept is None or (user is not None and kept.user_id != user.id):
            raise refused
        if kept.used_at is not None and challenge.at < kept.used_at:
            raise refused
        proven = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=challenge.value,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=kept.public_key,
            credential_current_sign_count=kept.sign_count,
            require_user_verification=True,
        )
    except (exceptions.WebAuthnException, ValueError, KeyError, TypeError):
        raise refused from None
    kept.sign_count, kept.used_at = proven.new_sign_count, at
    return db.session.get_one(User, kept.user_id)


def name_passkey(user: User, number: int, name: str, at: datetime) -> None:
    """Call a passkey something else."""
    kept = _own(user, number)
    kept.name = " ".join(name.split())[:80] or kept.name
    trail.write("user.passkey_name", user.email, at, name=kept.name)
    db.session.commit()


def remove_passkey(user: User, number: int, here: Session, at: datetime) -> None:
    """Forget a passkey; what the device keeps of it opens nothing any more."""
    kept = _own(user, number)
    db.session.delete(kept)
    ended(user, here)
    trail.write("user.passkey_remove", user.email, at, name=kept.name)
    db.session.commit()


def _own(user: User, number: int) -> Passkey:
    kept = db.session.get(Passkey, number)
    if kept is None or kept.user_id != user.id:
        raise NotFound("passkey_unknown", "There is no such passkey.")
    return kept


def _known(user: User) -> list[structs.PublicKeyCredentialDescriptor]:
    mine = select(Passkey.credential).where(Passkey.user_id == user.id)
    return [
        structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one))
        for one in db.session.scalars(mine)
    ]


def _by_credential(credential: str) -> Passkey | None:
    return db.session.scalars(select(Passkey).where(Passkey.credential == credential)).one_or_none()


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST:
        raise ValueError("too long")
    parsed = json.loads(answer)
    if not isinstance(parsed, dict):
        raise TypeError("not an object")
    return parsed
