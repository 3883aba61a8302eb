"""Signers for tests, with keys made from their names."""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent.tlog import note
from consent.tlog.note import Verifier


@dataclass(frozen=True)
class Key:
    """A secret key of kind ED25519 or COSIGNATURE; a witness signs at `time`."""

    name: str
    kind: int = note.ED25519
    time: int = 1_700_000_000

    @property
    def secret(self):
        seed = hashlib.sha256(f"{self.name} {self.kind}".encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def verifier(self):
        return Verifier(self.name, self.kind, self.secret.public_key().public_bytes_raw())

    @property
    def id(self):
        return self.verifier.id

    def sign(self, text):
        if self.kind == note.ED25519:
            return self.secret.sign(text)
        message = note.cosigned_message(self.kind, self.name, self.time, text.decode())
        return self.time.to_bytes(8, "big") + self.secret.sign(message)


@dataclass(frozen=True)
class MlDsaKey:
    """A key of kind ML_DSA_44 around a library's secret key."""

    name: str
    secret: object
    time: int = 0

    @property
    def verifier(self):
        return Verifier(self.name, note.ML_DSA_44, self.secret.public_key().public_bytes_raw())

    @property
    def id(self):
        return self.verifier.id

    def sign(self, text):
        message = note.cosigned_message(note.ML_DSA_44, self.name, self.time, text.decode())
        return self.time.to_bytes(8, "big") + self.secret.sign(message)


def verifying(public_key_of):
    """The callable that `open_note` wants, from a library's reader of public keys."""

    def verify(public, message, signature):
        try:
            public_key_of(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    return verify
