"""Envelopes: a few values that leave the house in a cookie or a form and come back unread.

AES-256-GCM (NIST SP 800-38D) under a key derived from SECRET_KEY by HKDF (RFC 5869), one for each
purpose: what was closed for one purpose opens for no other. An envelope carries the moment it was
closed, so it ends by itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .db import from_micros, micros

NONCE = 12
LONGEST = 8192


def close(secret_key: str, purpose: str, at: datetime, **values: Any) -> str:
    """The values as base64url text; whoever carries it can neither read nor change it."""
    nonce = os.urandom(NONCE)
    plain = json.dumps({**values, "at": micros(at)}).encode()
    sealed = _key(secret_key, purpose).encrypt(nonce, plain, purpose.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")


def unclose(
    secret_key: str, purpose: str, text: str, at: datetime, life: timedelta
) -> dict[str, Any] | None:
    """The values, with `at` as a moment; None for what we did not close, or closed too long ago."""
    try:
        raw = base64.b64decode(text[:LONGEST] + "=" * (-len(text) % 4), b"-_", validate=True)
        plain = _key(secret_key, purpose).decrypt(raw[:NONCE], raw[NONCE:], purpose.encode())
    except (InvalidTag, ValueError, binascii.Error):
        return None
    values = cast(dict[str, Any], json.loads(plain))
    values["at"] = from_micros(values["at"])
    return values if values["at"] <= at < values["at"] + life else None


def _key(secret_key: str, purpose: str) -> AESGCM:
    info = f"crumbtrail/envelope/v1/{purpose}".encode()
    return AESGCM(HKDF(SHA256(), 32, None, info).derive(secret_key.encode()))
