"""What the log commits to: canonical JSON, visitor ids, commitments and entries.

Every function here is frozen for version 1: stored commitments are recomputed with them years
later, so a change of one byte is a new version and never an edit.
"""

import hashlib
import json

MAX_INTEGER = 2**53 - 1
SALT_BYTES = 16

_VISITOR = b"crumbtrail/visitor/v1\x00"
_LEAF = b"crumbtrail/leaf/v1\x00"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def jcs(value: object) -> bytes:
    """The RFC 8785 form of a value made of null, booleans, integers, strings, lists and objects.

    Floats are refused, because no record holds one and their printing is where encoders differ.
    Raises ValueError for anything else that has no canonical form.
    """
    return _ENCODER.encode(_ordered(value)).encode()


def digest(value: object) -> str:
    """The SHA-256 of a value's canonical form, in hex."""
    return hashlib.sha256(jcs(value)).hexdigest()


def visitor_id(site: str, secret: str) -> str:
    """The pseudonym of a visitor: another one on every site, and useless without the secret."""
    return hashlib.sha256(_VISITOR + site.encode() + b"\x00" + secret.encode()).digest()[:16].hex()


def commitment(record: dict[str, object], salt: bytes) -> str:
    """The salted digest of a record without its ``log`` member, in hex.

    Without the salt nobody can confirm a guess, so erasing record and salt erases the person.
    """
    return committed(jcs({key: value for key, value in record.items() if key != "log"}), salt)


def committed(canonical: bytes, salt: bytes) -> str:
    """The same of a record's canonical form."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes long")
    return hashlib.sha256(_LEAF + salt + canonical).hexdigest()


def entry(commitment: str, day: str) -> bytes:
    """The log entry of one consent; ``day`` is the day of arrival, ``YYYY-MM-DD``."""
    # Written out, because every tile and proof makes 256 of them; a test holds it to `jcs`.
    return f'{{"c":"{commitment}","d":"{day}","k":"consent","v":1}}'.encode("ascii")


def promised(origin: str, commitment: str, received_at: str, key_id: bytes) -> bytes:
    """What a promise signs: four lines, each ended by a newline, under a name of their own."""
    lines = ("crumbtrail/promise/v1", origin, commitment, received_at, key_id.hex())
    return "".join(f"{line}\n" for line in lines).encode()


def _ordered(value: object) -> object:
    """The same value with sorted keys, once every part of it is known to have one spelling."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("an integer is beyond 2^53-1")
        return value
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        plain = all(isinstance(key, str) and key.isascii() for key in value)
        keys = sorted(value) if plain else sorted(value, key=_utf16)  # the same order, and quicker
        return {key: _ordered(value[key]) for key in keys}
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _utf16(key: object) -> bytes:
    # RFC 8785 sorts by UTF-16 code units: a supplementary character comes before U+E000.
    if not isinstance(key, str):
        raise ValueError("the keys of an object are strings")
    return key.encode("utf-16-be")
