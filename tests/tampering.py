"""What an attacker with a hex editor does: one small change to bytes, text or a list of hashes."""

import json
import os
import random

from tests.prepare import ROOT

# How often each test tampers; a signature takes longer to check than a hash.
MUTATIONS = int(os.environ.get("TLOG_MUTATIONS", "10000"))
SIGNED_MUTATIONS = MUTATIONS // 4


def vectors(name):
    return json.loads((ROOT / "tests/vectors" / name).read_text("utf-8"))


def flip(chance: random.Random, data: bytes) -> bytes:
    bit = chance.randrange(8 * len(data))
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def tampered_bytes(chance: random.Random, data: bytes) -> bytes:
    """Other bytes: a bit flipped, a byte dropped, put in or doubled, two swapped, the rest cut."""
    while True:
        at = chance.randrange(len(data))
        changed = chance.choice(
            [
                flip(chance, data),
                data[:at] + data[at + 1 :],
                data[:at] + chance.randbytes(1) + data[at:],
                data[: at + 1] + data[at:],
                data[:at] + data[at : at + 2][::-1] + data[at + 2 :],
                data[:at],
                data + chance.randbytes(1),
            ]
        )
        if changed != data:
            return changed


def tampered_hashes(chance: random.Random, hashes: list[bytes]) -> list[bytes]:
    """Another list than this: a bit flipped, a hash dropped, doubled or put in, two swapped."""
    while True:
        changed = list(hashes)
        at = chance.randrange(len(hashes))
        match chance.choice(["flip", "drop", "double", "extend", "swap", "shorten"]):
            case "flip":
                changed[at] = flip(chance, changed[at])
            case "drop":
                del changed[at]
            case "double":
                changed.insert(at, changed[at])
            case "extend":
                changed.insert(chance.choice([0, len(changed)]), chance.randbytes(32))
            case "swap":
                other = chance.randrange(len(hashes))
                changed[at], changed[other] = changed[other], changed[at]
            case "shorten":
                changed[at] = changed[at][:-1]
        if changed != hashes:
            return changed
