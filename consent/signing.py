"""Private keys at work: how a log signs a checkpoint and how a witness cosigns one.

The signatures are those of `tlog.note`; what makes and checks them is the `cryptography` library.
ML-DSA-44 is there only where its OpenSSL is new enough.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from .tlog import note
from .tlog.note import COSIGNATURE, ED25519, ML_DSA_44, Verifier


@dataclass(frozen=True)
class LogKey:
    """An Ed25519 key that signs the text itself."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, ED25519, self.private.public_key().public_bytes_raw())

    @property
    def id(self) -> bytes:
        return self.verifier.id

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


@dataclass(frozen=True)
class Cosigner:
    """An Ed25519 or ML-DSA-44 key that signs a checkpoint's text with the POSIX second `time`."""

    name: str
    private: Ed25519PrivateKey | MLDSA44PrivateKey
    time: int

    @property
    def verifier(self) -> Verifier:
        kind = COSIGNATURE if isinstance(self.private, Ed25519PrivateKey) else ML_DSA_44
        return Verifier(self.name, kind, self.private.public_key().public_bytes_raw())

    @property
    def id(self) -> bytes:
        return self.verifier.id

    def sign(self, text: bytes) -> bytes:
        message = note.cosigned_message(self.verifier.kind, self.name, self.time, text.decode())
        return self.time.to_bytes(8, "big") + self.private.sign(message)


def ed25519(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def ml_dsa_44(seed: bytes) -> MLDSA44PrivateKey | None:
    """The key of that seed, or None where OpenSSL is too old for it."""
    try:
        return MLDSA44PrivateKey.from_seed_bytes(seed)
    except UnsupportedAlgorithm:
        return None


def ml_dsa_44_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an ML-DSA-44 signature holds; never, where OpenSSL is too old to tell."""
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


# For `note.open_note`: None lets it pass over what this machine cannot check.
verify_ml_dsa_44 = ml_dsa_44_holds if ml_dsa_44(bytes(32)) else None


def write_private(file: Path, text: str, exclusive: bool = False) -> None:
    """Put a file of mode 600 in place whole and synced; where `exclusive`, only if there is none.

    Of two processes that race for the first, one wins, and both then find the same file.
    """
    fresh = file.with_name(f"{file.stem}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        if exclusive:
            os.link(fresh, file)  # fails where another process was first
        else:
            os.replace(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
