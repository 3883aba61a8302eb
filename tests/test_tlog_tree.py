"""The tree is RFC 6962's: by a second writing of the RFC, by others' code, and against forgers."""

import functools
import hashlib
import random

import pytest

from consent.tlog import Wrong, merkle
from tests.tampering import MUTATIONS, flip, tampered_hashes, vectors

LARGEST = 512
LEAVES = [merkle.leaf_hash(b"leaf %d" % index) for index in range(LARGEST)]


# -- the RFC, word by word ---------------------------------------------------------------------


@functools.cache
def mth(start, end):
    """MTH(D[start:end]), section 2.1."""
    if end - start == 0:
        return hashlib.sha256().digest()
    if end - start == 1:
        return hashlib.sha256(b"\x00leaf %d" % start).digest()
    middle = start + split(end - start)
    return hashlib.sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


@functools.cache
def split(n):
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m, start, end):
    """PATH(m, D[start:end]), section 2.1.1."""
    n = end - start
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*naive_path(m, start, start + k), mth(start + k, end)]
    return [*naive_path(m - k, start + k, end), mth(start, start + k)]


def naive_subproof(m, start, end, known):
    """SUBPROOF(m, D[start:end], known), section 2.1.2."""
    n = end - start
    if m == n:
        return [] if known else [mth(start, end)]
    k = split(n)
    if m <= k:
        return [*naive_subproof(m, start, start + k, known), mth(start + k, end)]
    return [*naive_subproof(m - k, start + k, end, False), mth(start, start + k)]


@functools.cache
def subtree(height, index):
    return merkle.root_of(LEAVES[index << height : index + 1 << height])


def test_the_hashes_are_the_published_ones():
    assert merkle.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    leaves = {
        b"": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        b"L123456": "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
    }
    assert {entry: merkle.leaf_hash(entry).hex() for entry in leaves} == leaves
    node = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert merkle.node_hash(b"N123", b"N456").hex() == node


def test_the_empty_tree_has_its_own_root():
    assert merkle.root(0, subtree) == merkle.root_of([]) == merkle.EMPTY == mth(0, 0)


def test_every_root_up_to_512_is_the_rfcs():
    for size in range(LARGEST + 1):
        assert merkle.root(size, subtree) == mth(0, size)
        assert merkle.root_of(LEAVES[:size]) == mth(0, size)


def test_every_inclusion_proof_up_to_512_is_the_rfcs_and_verifies():
    checked = 0
    for size in range(1, LARGEST + 1):
        top = mth(0, size)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtree)
            assert proof == naive_path(index, 0, size)
            merkle.verify_inclusion(index, size, LEAVES[index], proof, top)
            checked += 1
    assert checked == 131_328


def test_every_consistency_proof_up_to_512_is_the_rfcs_and_verifies():
    checked = 0
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            proof = merkle.consistency_proof(old, new, subtree)
            assert proof == (naive_subproof(old, 0, new, True) if old else [])
            merkle.verify_consistency(old, new, mth(0, old), mth(0, new), proof)
            checked += 1
    assert checked == 131_841


# -- what others computed ----------------------------------------------------------------------


def test_another_implementation_computes_the_same_roots_and_proofs():
    golang = vectors("golang_tlog.json")
    for size, expected in enumerate(golang["digests"], start=1):
        found = hashlib.sha256(merkle.root(size, subtree))
        for index in range(size):
            found.update(b"".join(merkle.inclusion_proof(index, size, subtree)))
        for old in range(1, size + 1):
            found.update(b"".join(merkle.consistency_proof(old, size, subtree)))
        assert found.hexdigest() == expected, f"size {size}"
    assert len(golang["digests"]) == LARGEST
    inclusion = merkle.inclusion_proof(317, 500, subtree)
    consistency = merkle.consistency_proof(317, 500, subtree)
    assert [digest.hex() for digest in inclusion] == golang["inclusion_317_500"]
    assert [digest.hex() for digest in consistency] == golang["consistency_317_500"]


def test_the_trees_and_proofs_of_certificate_transparency_verify():
    given = vectors("certificate_transparency.json")
    leaves = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in given["inputs"]]
    roots = [merkle.EMPTY, *map(bytes.fromhex, given["roots"])]
    assert [merkle.root_of(leaves[:size]) for size in range(9)] == roots
    assert len(given["inclusion"]) == 5 and len(given["consistency"]) == 4
    for row in given["inclusion"]:
        index, size, proof = row["leaf"], row["size"], list(map(bytes.fromhex, row["proof"]))
        merkle.verify_inclusion(index, size, leaves[index], proof, roots[size])
        assert_no_neighbour_verifies(index, size, leaves[index], proof, roots)
    for row in given["consistency"]:
        old, new, proof = row["old"], row["new"], list(map(bytes.fromhex, row["proof"]))
        merkle.verify_consistency(old, new, roots[old], roots[new], proof)
        for bad_old, bad_new in [(old - 1, new), (old, new * 2), (old, new // 2), (new, old)]:
            if proof:
                with pytest.raises(Wrong):
                    merkle.verify_consistency(bad_old, bad_new, roots[old], roots[new], proof)


def assert_no_neighbour_verifies(index, size, leaf, proof, roots):
    """The mutations that the source of those vectors makes, too."""
    top = roots[size]
    bad = [
        (index - 1, size, leaf, proof, top),
        (index + 1, size, leaf, proof, top),
        (index ^ 2, size, leaf, proof, top),
        (index, size * 2, leaf, proof, top),
        (index, size // 2, leaf, proof, top),
        (index, size, merkle.leaf_hash(b"WrongLeaf"), proof, top),
        (index, size, leaf, proof, merkle.EMPTY),
        (index, size, leaf, [*proof, b""], top),
        (index, size, leaf, [*proof, top], top),
        (index, size, leaf, [b"", *proof], top),
        (index, size, leaf, [top, *proof], top),
    ]
    for claim in bad:
        with pytest.raises(Wrong):
            merkle.verify_inclusion(*claim)


# -- what is refused ---------------------------------------------------------------------------


def test_no_tampered_inclusion_proof_is_accepted():
    chance = random.Random("inclusion")
    for _ in range(MUTATIONS):
        size = chance.randrange(2, LARGEST)
        index = chance.randrange(size)
        leaf, top = LEAVES[index], mth(0, size)
        proof = merkle.inclusion_proof(index, size, subtree)
        merkle.verify_inclusion(index, size, leaf, proof, top)
        match chance.choice(["proof", "leaf", "root", "index", "grown", "shrunk"]):
            case "proof":
                claim = (index, size, leaf, tampered_hashes(chance, proof), top)
            case "leaf":
                claim = (index, size, flip(chance, leaf), proof, top)
            case "root":
                claim = (index, size, leaf, proof, flip(chance, top))
            case "index":
                claim = (index + chance.choice([-1, 1, size, -size]), size, leaf, proof, top)
            case "grown":
                claim = (index, size + 1, leaf, proof, mth(0, size + 1))
            case "shrunk":
                claim = (index, size - 1, leaf, proof, mth(0, size - 1))
        with pytest.raises(Wrong):
            merkle.verify_inclusion(*claim)


def test_no_tampered_consistency_proof_is_accepted():
    chance = random.Random("consistency")
    for _ in range(MUTATIONS):
        new = chance.randrange(2, LARGEST)
        old = chance.randrange(1, new)
        before, after = mth(0, old), mth(0, new)
        proof = merkle.consistency_proof(old, new, subtree)
        merkle.verify_consistency(old, new, before, after, proof)
        match chance.choice(["proof", "before", "after", "swapped", "older", "newer"]):
            case "proof":
                claim = (old, new, before, after, tampered_hashes(chance, proof))
            case "before":
                claim = (old, new, flip(chance, before), after, proof)
            case "after":
                claim = (old, new, before, flip(chance, after), proof)
            case "swapped":
                claim = (old, new, after, before, proof)
            case "older":
                claim = (old + 1, new, mth(0, old + 1), after, proof)
            case "newer":
                claim = (old, new + 1, before, mth(0, new + 1), proof)
        with pytest.raises(Wrong):
            merkle.verify_consistency(*claim)


def test_a_node_is_no_entry():
    # Without the two first bytes, the 64 bytes under a node would be an entry with its hash.
    chance = random.Random("second pre-image")
    for _ in range(MUTATIONS):
        size = chance.randrange(2, LARGEST)
        index = chance.randrange(size & ~1)
        left, right = LEAVES[index & ~1], LEAVES[index | 1]
        proof = merkle.inclusion_proof(index, size, subtree)
        above, top = proof[1:], mth(0, size)
        smaller = (size + 1) // 2
        merkle.verify_inclusion(index // 2, smaller, merkle.node_hash(left, right), above, top)
        for forged in (left + right, b"\x01" + left + right):
            with pytest.raises(Wrong):
                leaf = merkle.leaf_hash(forged)
                merkle.verify_inclusion(index // 2, smaller, leaf, above, top)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (5, 4), (0, -1)])
def test_there_is_no_proof_for_a_leaf_beyond_the_tree(index, size):
    with pytest.raises(Wrong, match="no leaf"):
        merkle.inclusion_proof(index, size, subtree)
    with pytest.raises(Wrong, match="no leaf"):
        merkle.verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


@pytest.mark.parametrize(("old", "new"), [(2, 1), (1, 0), (-1, 3)])
def test_no_tree_shrinks(old, new):
    with pytest.raises(Wrong, match="continue"):
        merkle.consistency_proof(old, new, subtree)
    with pytest.raises(Wrong, match="continue"):
        merkle.verify_consistency(old, new, LEAVES[0], LEAVES[0], [])


def test_a_tree_of_a_negative_size_is_refused():
    with pytest.raises(Wrong, match="negative"):
        merkle.root(-1, subtree)


ONE, TWO = mth(0, 1), mth(0, 2)
UNRELATED = {
    "nothing_under_another_root": (0, 0, ONE, ONE, []),
    "nothing_with_a_proof": (0, 0, merkle.EMPTY, merkle.EMPTY, [ONE]),
    "from_nothing_with_another_root": (0, 2, ONE, TWO, []),
    "from_nothing_with_a_proof": (0, 2, merkle.EMPTY, TWO, [ONE]),
    "the_same_size_with_two_roots": (2, 2, TWO, ONE, []),
    "the_same_size_with_a_proof": (2, 2, TWO, TWO, [ONE]),
    "growth_without_a_proof": (1, 2, ONE, TWO, []),
    "growth_without_a_proof_3": (3, 4, mth(0, 3), mth(0, 4), []),
    "a_short_root": (1, 2, ONE[:-1], TWO, [LEAVES[1]]),
    "a_long_root": (1, 2, ONE, TWO + b"\0", [LEAVES[1]]),
    "a_short_hash": (1, 2, ONE, TWO, [LEAVES[1][:-1]]),
    "junk_as_the_root_of_nothing": (0, 0, b"", b"", []),
    "junk_as_both_roots": (2, 2, b"junk", b"junk", []),
    "from_nothing_to_junk": (0, 2, merkle.EMPTY, b"junk", []),
}


@pytest.mark.parametrize("claim", UNRELATED.values(), ids=UNRELATED)
def test_trees_that_are_not_shown_to_be_consistent_are_refused(claim):
    merkle.verify_consistency(1, 2, ONE, TWO, [LEAVES[1]])
    with pytest.raises(Wrong):
        merkle.verify_consistency(*claim)


def test_the_way_ends_at_the_root_of_the_size_that_is_claimed():
    # Each proof below leads to the right roots, of a tree twice as high as the claimed one.
    proof = merkle.inclusion_proof(7, 8, subtree)
    merkle.verify_inclusion(7, 8, LEAVES[7], proof, mth(0, 8))
    for index, size in [(0, 1), (1, 2), (3, 4)]:
        with pytest.raises(Wrong, match="too long"):
            merkle.verify_inclusion(index, size, LEAVES[7], proof, mth(0, 8))
    proof = merkle.consistency_proof(7, 8, subtree)
    merkle.verify_consistency(7, 8, mth(0, 7), mth(0, 8), proof)
    for old, new in [(1, 2), (3, 4)]:
        with pytest.raises(Wrong, match="too long"):
            merkle.verify_consistency(old, new, mth(0, 7), mth(0, 8), proof)


def test_every_tree_continues_the_empty_one():
    merkle.verify_consistency(0, 0, merkle.EMPTY, merkle.EMPTY, [])
    merkle.verify_consistency(0, 2, merkle.EMPTY, TWO, [])


def test_a_hash_of_another_length_is_refused_everywhere():
    merkle.verify_inclusion(0, 2, LEAVES[0], [LEAVES[1]], TWO)
    for claim in (
        (LEAVES[0][:-1], [LEAVES[1]], TWO),
        (LEAVES[0], [LEAVES[1] + b"\0"], TWO),
        (LEAVES[0], [LEAVES[1]], b""),
    ):
        with pytest.raises(Wrong, match="32 bytes"):
            merkle.verify_inclusion(0, 2, *claim)
    with pytest.raises(Wrong, match="32 bytes"):
        merkle.root_of([b"short"])
