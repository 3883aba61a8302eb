"""Signed notes: a text, and under it who stands by it (c2sp.org/signed-note).

A verifier is a key with a name. What is signed depends on the key's kind: the text itself, or, by
a witness, the text with the time (c2sp.org/tlog-cosignature). Signatures by unknown keys are passed
over, so keys may come and go; one bad signature by a known key condemns the note.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from consent.tlog import checkpoint, ed25519
from consent.tlog.merkle import Wrong
from consent.tlog.spelling import NUMBER_MAX, decode, encode, is_name, plain

ED25519 = 1
COSIGNATURE = 4
ML_DSA_44 = 6

SIGNATURES_MAX = 100

_PUBLIC_BYTES = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}
_SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 8 + 64, ML_DSA_44: 8 + 2420}
_ID_BYTES = 4
_TIME_BYTES = 8

# (public key, message, signature) -> whether it holds.
Verify = Callable[[bytes, bytes, bytes], bool]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that tell one key of a name from another; they prove nothing."""
    named = name.encode("utf-8") + b"\n" + bytes([kind]) + public
    return hashlib.sha256(named).digest()[:_ID_BYTES]


@dataclass(frozen=True)
class Verifier:
    """A public key of one of the three kinds, under its name."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not is_name(plain(self.name)):
            raise Wrong("the name of a key has neither spaces nor plus signs")
        if self.kind not in _PUBLIC_BYTES:
            raise Wrong(f"there is no key of kind {self.kind}")
        if len(self.public) != _PUBLIC_BYTES[self.kind]:
            raise Wrong(f"a key of kind {self.kind} is {_PUBLIC_BYTES[self.kind]} bytes long")

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.kind, self.public)

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode(bytes([self.kind]) + self.public)}"


@dataclass(frozen=True)
class Signature:
    """One line under a note: who claims to have signed, and the bytes that should show it."""

    name: str
    id: bytes
    value: bytes


class Signer(Protocol):
    """Who can sign: the bytes of a note's text go in, the value of a Signature comes out."""

    @property
    def name(self) -> str: ...
    @property
    def id(self) -> bytes: ...
    def sign(self, text: bytes) -> bytes: ...


def parse_vkey(text: str) -> Verifier:
    """The verifier that `Verifier.vkey` spells; Wrong for anything else."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Wrong("a verifier key is a name, eight hex digits and a key, joined by plus signs")
    key = decode(parts[2])
    verifier = Verifier(parts[0], key[0] if key else 0, key[1:])
    if verifier.id.hex() != parts[1]:
        raise Wrong("this verifier key has the digits of another")
    return verifier


def sign(text: str, signers: Sequence[Signer]) -> str:
    """The note of a text that ends in a newline, signed by each of the signers in turn."""
    signed = text.encode("utf-8")
    return join(text, [Signature(by.name, by.id, by.sign(signed)) for by in signers])


def join(text: str, signatures: Sequence[Signature]) -> str:
    """The note of a text and signatures made elsewhere; Wrong if nobody could parse it."""
    lines = [f"— {s.name} {encode(s.id + s.value)}\n" for s in signatures]
    note = f"{text}\n{''.join(lines)}"
    if parse(note) != (text, list(signatures)):
        raise Wrong("a note is a text that ends in a newline, and signatures with names")
    return note


def parse(note: str | bytes) -> tuple[str, list[Signature]]:
    """The text and the signatures of a note, of which none is verified yet."""
    text, blank, lines = plain(note).rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Wrong("a note is a text, an empty line and signatures")
    signatures = lines[:-1].split("\n")
    if len(signatures) > SIGNATURES_MAX:
        raise Wrong(f"a note has at most {SIGNATURES_MAX} signatures")
    return text + "\n", [parse_signature(line) for line in signatures]


def parse_signature(line: str) -> Signature:
    """One signature line, without its newline."""
    dash, *rest = plain(line).split(" ")
    if dash != "—" or len(rest) != 2 or not is_name(rest[0]):
        raise Wrong("a signature is a dash, a name and base64, with single spaces")
    value = decode(rest[1])
    if len(value) <= _ID_BYTES:
        raise Wrong("a signature is longer than the number of its key")
    return Signature(rest[0], value[:_ID_BYTES], value[_ID_BYTES:])


def open_note(
    note: str | bytes, verifiers: Sequence[Verifier], mldsa: Verify | None = None
) -> tuple[str, list[Verifier]]:
    """The text of a note and those of the verifiers who signed it, in the order of signing.

    Wrong if nobody known signed it, or if one signature by a known key does not hold. Without
    `mldsa` a key of kind ML_DSA_44 counts as unknown.
    """
    known = _known(verifiers)
    text, signatures = parse(note)
    signed: list[Verifier] = []
    for signature in signatures:
        verifier = known.get((signature.name, signature.id))
        if verifier is None or (verifier.kind == ML_DSA_44 and mldsa is None):
            continue
        if not _holds(verifier, text, signature.value, mldsa):
            raise Wrong(f"the signature by {verifier.name} does not hold")
        if verifier not in signed:
            signed.append(verifier)
    if not signed:
        raise Wrong("nobody known has signed this note")
    return text, signed


def cosigned_message(kind: int, name: str, time: int, text: str) -> bytes:
    """What the witness `name` signs under the text of a checkpoint, at POSIX second `time`.

    The value of its Signature is `time` in eight bytes, big-endian, and then the signature itself.
    A message of kind ML_DSA_44 leaves extension lines out; its time may be 0, which claims nothing.
    """
    if not 0 <= time <= NUMBER_MAX:
        raise Wrong("a time is a whole number of seconds since 1970")
    signed = checkpoint.parse(text, others=True)
    if kind == COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    if kind != ML_DSA_44:
        raise Wrong(f"a key of kind {kind} makes no cosignatures")
    fields = [
        b"subtree/v1\n\0",
        _short(name),
        time.to_bytes(_TIME_BYTES, "big"),
        _short(signed.origin),
        (0).to_bytes(8, "big"),
        signed.size.to_bytes(8, "big"),
        signed.root,
    ]
    return b"".join(fields)


def cosignature_time(signature: Signature) -> int:
    """The POSIX second in a witness's signature. It counts only once the note has been opened."""
    if len(signature.value) not in (_SIGNATURE_BYTES[COSIGNATURE], _SIGNATURE_BYTES[ML_DSA_44]):
        raise Wrong("this signature holds no time")
    return int.from_bytes(signature.value[:_TIME_BYTES], "big")


def _known(verifiers: Sequence[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.id), verifier) != verifier:
            raise Wrong(f"two known keys of {verifier.name} have the same number")
    return known


def _holds(verifier: Verifier, text: str, value: bytes, mldsa: Verify | None) -> bool:
    if len(value) != _SIGNATURE_BYTES[verifier.kind]:
        return False
    if verifier.kind == ED25519:
        return ed25519.verify(verifier.public, text.encode("utf-8"), value)
    time = int.from_bytes(value[:_TIME_BYTES], "big")
    message = cosigned_message(verifier.kind, verifier.name, time, text)
    verify = mldsa if verifier.kind == ML_DSA_44 else ed25519.verify
    return verify is not None and verify(verifier.public, message, value[_TIME_BYTES:])


def _short(text: str) -> bytes:
    """A string of 1 to 255 bytes after its length in one byte."""
    data = text.encode("utf-8")
    if not 1 <= len(data) <= 255:
        raise Wrong("a cosigned name is 1 to 255 bytes long")
    return bytes([len(data)]) + data
