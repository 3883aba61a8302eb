"""The keys of an installation under a passphrase: argon2id makes the key, AES-256-GCM closes."""

from __future__ import annotations

import base64
import json
import os

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .package import Broken

# RFC 9106, section 4, the second recommended option: 64 MiB, three passes, four lanes.
COST = {"memory_cost": 65_536, "time_cost": 3, "parallelism": 4}
BOUND = b"crumbtrail backup keys 1"
SHORTEST = 12


def close(keys: dict[str, str], passphrase: str) -> str:
    """JSON with the salt and what it costs; each call differs."""
    salt, nonce = os.urandom(16), os.urandom(12)
    closed = AESGCM(_key(passphrase, salt)).encrypt(nonce, json.dumps(keys).encode(), BOUND)
    said = {"kdf": "argon2id", **COST, "salt": salt, "nonce": nonce, "closed": closed}
    return json.dumps({name: _spelt(value) for name, value in said.items()}, indent=1)


def open_(text: str, passphrase: str) -> dict[str, str]:
    """Raises Broken where the passphrase is another."""
    try:
        said = json.loads(text)
        salt, nonce, closed = (base64.b64decode(said[name]) for name in ("salt", "nonce", "closed"))
        opened = AESGCM(_key(passphrase, salt)).decrypt(nonce, closed, BOUND)
    except (InvalidTag, KeyError, ValueError):
        raise Broken("The passphrase does not open the keys of this backup.") from None
    found: dict[str, str] = json.loads(opened)
    return found


def _key(passphrase: str, salt: bytes) -> bytes:
    return hash_secret_raw(passphrase.encode(), salt, hash_len=32, type=Type.ID, version=19, **COST)


def _spelt(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
