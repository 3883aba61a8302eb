"""One entry's place in the log, to keep and to check offline (c2sp.org/tlog-proof).

A proof carries everything but the entry and the keys: whoever has those two needs no server.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from consent.tlog import checkpoint, merkle, note
from consent.tlog.merkle import Wrong
from consent.tlog.note import Verifier, Verify
from consent.tlog.spelling import decode, encode, number, plain

_HEADER = "c2sp.org/tlog-proof@v1"
_HASHES_MAX = 63


@dataclass(frozen=True)
class Proof:
    """`checkpoint` is the signed note as it was received; nobody vouches for `extra`."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None


def text(proof: Proof) -> str:
    """The proof as a `.tlog-proof` file; Wrong if it would not come back as the same proof."""
    extra = [] if proof.extra is None else [f"extra {encode(proof.extra)}"]
    lines = [_HEADER, *extra, f"index {proof.index}", *map(encode, proof.hashes)]
    spelt = "\n".join([*lines, "", proof.checkpoint])
    if parse(spelt) != proof:
        raise Wrong("this proof cannot be written down")
    return spelt


def parse(text: str) -> Proof:
    """The proof that a file spells, of which nothing is verified yet; Wrong for anything else."""
    head, _, signed = plain(text).partition("\n\n")
    header, *lines = head.split("\n")
    if header != _HEADER:
        raise Wrong(f"a proof begins with {_HEADER}")
    extra = _value("extra", lines.pop(0)) if lines and lines[0].startswith("extra ") else None
    if not lines:
        raise Wrong("a proof has an index")
    index = number(_value("index", lines.pop(0)))
    hashes = tuple(decode(line) for line in lines)
    if len(hashes) > _HASHES_MAX or any(len(h) != merkle.HASH_BYTES for h in hashes):
        raise Wrong(f"a proof has at most {_HASHES_MAX} hashes of {merkle.HASH_BYTES} bytes")
    checkpoint.parse(note.parse(signed)[0], others=True)
    return Proof(index, hashes, signed, None if extra is None else decode(extra))


def verify(
    proof: Proof,
    entry: bytes,
    verifiers: Sequence[Verifier],
    origin: str,
    mldsa: Verify | None = None,
) -> checkpoint.Checkpoint:
    """The checkpoint under which `entry` stands at the proof's index.

    The key of the log is the one among `verifiers` whose name is `origin`; it must have signed.
    Those of witnesses may be among them too: which of them suffice is for a policy to say. Raises
    Wrong unless everything holds.
    """
    signed, by = note.open_note(proof.checkpoint, verifiers, mldsa)
    found = checkpoint.parse(signed)
    if found.origin != origin:
        raise Wrong(f"this is a checkpoint of {found.origin}")
    if all(verifier.name != origin for verifier in by):
        raise Wrong(f"{origin} has not signed this checkpoint")
    leaf = merkle.leaf_hash(entry)
    merkle.verify_inclusion(proof.index, found.size, leaf, proof.hashes, found.root)
    return found


def _value(word: str, line: str) -> str:
    found, _, value = line.partition(" ")
    if found != word or not value:
        raise Wrong(f"a proof has no such line where it says {word}")
    return value
