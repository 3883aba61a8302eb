"""Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 of `id.timestamp.body`."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime


def secret_of(salt: bytes, server_key: str) -> str:
    """`whsec_…`; the same for the same salt and server key, and stored nowhere."""
    made = hmac.digest(server_key.encode(), b"crumbtrail/webhook/v1\x00" + salt, hashlib.sha256)
    return "whsec_" + base64.b64encode(made).decode()


def headers(secrets: Sequence[str], name: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of one try, a signature for each secret."""
    stamp = str(int(at.timestamp()))
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(
            f"v1,{_signature(one, f'{name}.{stamp}.{body}')}" for one in secrets
        ),
    }


def _signature(secret: str, text: str) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
