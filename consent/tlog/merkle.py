"""The Merkle tree of RFC 6962, section 2.1: its root, its proofs, and their verification.

A leaf and a node are hashed with different first bytes, so no node can be passed off as an entry.
Hashes are SHA-256 digests of 32 bytes; sizes count leaves, indices start at 0.
"""

import hashlib
from collections.abc import Callable, Sequence

HASH_BYTES = 32
EMPTY = hashlib.sha256(b"").digest()

# (height, index) -> the root of the perfect subtree of 2**height leaves from index * 2**height on.
Subtree = Callable[[int, int], bytes]


class Wrong(ValueError):
    """What was handed in is not what it claims to be; the message says how."""


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these leaves, or over these roots of perfect subtrees of one height."""
    _check_hashes(hashes)
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(left, right) for left, right in pairs] + odd
    return level[0] if level else EMPTY


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree of the first `size` leaves; asks for no subtree beyond them."""
    if size < 0:
        raise Wrong("a tree has no negative size")
    return _span(0, size, subtree) if size else EMPTY


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes beside the way from leaf `index` up to the root, lowest first (section 2.1.1)."""
    _check_index(index, size)
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_span(middle, end, subtree))
            end = middle
        else:
            proof.append(_span(start, middle, subtree))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """What shows that the tree of `old` leaves begins the tree of `new` ones (section 2.1.2).

    Empty if the two are the same or the old one is empty.
    """
    _check_sizes(old, new)
    if old == 0:
        return []
    proof = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_span(middle, end, subtree))
            end = middle
        else:
            proof.append(_span(start, middle, subtree))
            start = middle
    # A verifier who knows the old root needs no hash of a subtree that is the whole old tree.
    if start:
        proof.append(_span(start, old, subtree))
    return proof[::-1]


def verify_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raises Wrong unless `leaf` is the hash of entry `index` under `root` (RFC 9162, 2.1.3.2)."""
    _check_index(index, size)
    _check_hashes([leaf, root, *proof])
    place, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            raise Wrong("the inclusion proof is too long")
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _climb(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise Wrong("the inclusion proof is too short")
    if found != root:
        raise Wrong("the inclusion proof leads to another root")


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raises Wrong unless the tree under `old_root` begins the one under `new_root`.

    The algorithm is that of RFC 9162, section 2.1.4.2. Every tree continues the empty one.
    """
    _check_sizes(old, new)
    _check_hashes([old_root, new_root, *proof])
    for size, claimed in ((old, old_root), (new, new_root)):
        if size == 0 and claimed != EMPTY:
            raise Wrong("an empty tree has another root")
    if old in (0, new):
        if proof:
            raise Wrong("the consistency proof is too long")
        if old == new and old_root != new_root:
            raise Wrong("two trees of one size have two roots")
        return
    # A perfect old tree is itself the first node on the way.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise Wrong("the consistency proof is too short")
    if _roots_along(old, new, path) != (old_root, new_root):
        raise Wrong("the consistency proof leads to other roots")


def _roots_along(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency path leads to."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Wrong("the consistency proof is too long")
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            place, last = _climb(place, last)
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise Wrong("the consistency proof is too short")
    return before, after


def _climb(place: int, last: int) -> tuple[int, int]:
    """Past the levels on which the last node has no sibling and is carried up as it is."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _split(count: int) -> int:
    """The largest power of two below `count`: how many leaves go left."""
    return 1 << (count - 1).bit_length() - 1


def _span(start: int, end: int, subtree: Subtree) -> bytes:
    """The root over leaves `start` to `end`, at least one; they must begin where a node does."""
    count = end - start
    found = b""
    while count:
        height = (count & -count).bit_length() - 1
        end -= 1 << height
        left = subtree(height, end >> height)
        found = node_hash(left, found) if found else left
        count &= count - 1
    return found


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise Wrong(f"a tree of {size} leaves has no leaf {index}")


def _check_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new:
        raise Wrong(f"a tree of {new} leaves does not continue one of {old}")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise Wrong(f"a hash is {HASH_BYTES} bytes long")
