"""The tree in tiles is the same tree; every path and every bundle has one spelling."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.tlog import Wrong, merkle, tiles
from tests.tampering import vectors

SIZE = 70_000
LEAVES = [merkle.leaf_hash(b"leaf %d" % index) for index in range(SIZE)]
SIZES = [1, 2, 255, 256, 257, 511, 512, 513, 4096, 65_535, 65_536, 65_537, 69_999, SIZE]


def tiled(leaves):
    """(level, number) -> hashes, made as a log makes them: a full tile becomes one hash above."""
    found = {}
    level, hashes = 0, list(leaves)
    while hashes:
        rows = [hashes[start : start + 256] for start in range(0, len(hashes), 256)]
        found |= {(level, number): row for number, row in enumerate(rows)}
        level, hashes = level + 1, [merkle.root_of(row) for row in rows if len(row) == 256]
    return found


TILES = tiled(LEAVES)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    widths = {}
    for (level, _), hashes in TILES.items():
        widths.setdefault(level, []).append(len(hashes))
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_from_tiles_is_the_same_tree(size):
    asked = []

    def read(level, number):
        asked.append((level, number))
        # A tile may already have grown beyond the tree that is asked for.
        return TILES[level, number]

    subtree = tiles.subtree_of(read)
    top = merkle.root_of(LEAVES[:size])
    assert merkle.root(size, subtree) == top
    for index in {0, size // 3, size // 2, size - 1}:
        proof = merkle.inclusion_proof(index, size, subtree)
        merkle.verify_inclusion(index, size, LEAVES[index], proof, top)
    for old in {1, size // 3 or 1, size // 2 or 1, size}:
        proof = merkle.consistency_proof(old, size, subtree)
        merkle.verify_consistency(old, size, merkle.root_of(LEAVES[:old]), top, proof)
    assert all(tiles.partial_width(size, *tile) for tile in asked), "a tile beyond the tree"


def test_every_proof_from_tiles_is_the_one_from_leaves():
    from_tiles = tiles.subtree_of(lambda level, number: TILES[level, number])

    def from_leaves(height, index):
        return merkle.root_of(LEAVES[index << height : index + 1 << height])

    for size in (300, 513, 1000):
        for index in range(0, size, 7):
            assert merkle.inclusion_proof(index, size, from_tiles) == merkle.inclusion_proof(
                index, size, from_leaves
            )
            assert merkle.consistency_proof(index, size, from_tiles) == merkle.consistency_proof(
                index, size, from_leaves
            )


@pytest.mark.parametrize("kept", [0, 1, 99])
def test_a_tile_that_is_missing_or_too_short_is_named(kept):
    whole = tiles.subtree_of(lambda level, number: TILES[level, number][:100])
    assert merkle.root(100, whole) == merkle.root_of(LEAVES[:100])
    short = tiles.subtree_of(lambda level, number: TILES[level, number][:kept])
    with pytest.raises(Wrong, match="tile/0/000 is missing or too short"):
        merkle.root(100, short)


@pytest.mark.parametrize("size", [0, *SIZES])
def test_the_width_of_every_tile_is_what_is_in_it(size):
    held = tiled(LEAVES[:size])
    for level in range(4):
        for number in range(275):
            width = len(held.get((level, number), []))
            assert tiles.partial_width(size, level, number) == width


# -- paths -------------------------------------------------------------------------------------


def test_paths_are_spelt_as_another_implementation_spells_them():
    rows = vectors("golang_tlog.json")["paths"]
    assert len(rows) == 176
    for level, number, width, theirs in rows:
        expected = theirs.replace("tile/8/", "tile/").replace("/data/", "/entries/")
        named = "entries" if level == -1 else level
        assert tiles.path(named, number, width) == expected
        assert tiles.parse_path(expected) == (named, number, width)


@pytest.mark.parametrize(
    "text",
    ["", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/0", "tile/0/00",
     "tile/0/0000", "tile/00/000", "tile/01/000", "tile/64/000", "tile/100/000", "tile/-1/000",
     "tile/+1/000", "tile/ 1/000", "tile/data/000", "tile/Entries/000", "tile/0/x000/001",
     "tile/0/x000/x001/001", "tile/0/001/234", "tile/0/x001/x234", "tile/0/X001/234",
     "tile/0/x001/234/", "tile/0/x001//234", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
     "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/999", "tile/0/000.p/1000",
     "tile/0/000.P/1", "tile/0/000.p/1\n", "tile/0/000\n", "tile/0/٠٠١", "tile/1١/000",
     "tile/0/../000", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/" + "x001/" * 99 + "000"],
)  # fmt: skip
def test_another_spelling_of_a_path_is_refused(text):
    assert tiles.parse_path("tile/0/x001/234.p/17") == (0, 1234, 17)
    with pytest.raises(Wrong):
        tiles.parse_path(text)


@pytest.mark.parametrize(
    "asked", [(-1, 0, 256), (64, 0, 256), (0, -1, 256), (0, 2**63, 256), (0, 0, 0), (0, 0, 257)]
)
def test_there_is_no_path_to_an_impossible_tile(asked):
    assert tiles.path(63, 2**63 - 1, 1) == "tile/63/x009/x223/x372/x036/x854/x775/807.p/1"
    with pytest.raises(Wrong):
        tiles.path(*asked)


LEVEL = st.just("entries") | st.integers(0, 63)


@given(LEVEL, st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_every_path_comes_back(level, number, width):
    assert tiles.parse_path(tiles.path(level, number, width)) == (level, number, width)


@given(
    st.text() | st.from_regex(r"tile/[0-9a-z]{1,7}/(x?[0-9]{1,4}/){0,3}[0-9]{3}(\.p/[0-9]{1,4})?")
)
@example("tile/0/000.p/17")
def test_whatever_is_read_as_a_path_is_spelt_that_way(text):
    try:
        level, number, width = tiles.parse_path(text)
    except Wrong:
        return
    assert tiles.path(level, number, width) == text


# -- bundles -----------------------------------------------------------------------------------


def test_a_bundle_is_entries_after_their_lengths():
    longest = bytes(tiles.ENTRY_MAX)
    assert tiles.pack_entries([b"", b"ab", b"c" * 258]) == b"\0\0\0\2ab\1\2" + b"c" * 258
    assert tiles.unpack_entries(tiles.pack_entries([longest])) == [longest]
    assert tiles.unpack_entries(b"") == []


def test_an_entry_that_is_too_long_for_its_length_is_refused():
    with pytest.raises(Wrong, match="65535"):
        tiles.pack_entries([bytes(tiles.ENTRY_MAX + 1)])


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_bundle_that_ends_within_an_entry_is_refused(cut):
    whole = tiles.pack_entries([b"first", b"second"])
    assert tiles.unpack_entries(whole) == [b"first", b"second"]
    if whole[:-cut] == tiles.pack_entries([b"first"]):
        assert tiles.unpack_entries(whole[:-cut]) == [b"first"]
    else:
        with pytest.raises(Wrong, match="ends within"):
            tiles.unpack_entries(whole[:-cut])


@given(st.lists(st.binary(max_size=300)))
def test_every_bundle_comes_back(entries):
    assert tiles.unpack_entries(tiles.pack_entries(entries)) == entries


@given(st.binary(max_size=60))
def test_whatever_is_read_as_a_bundle_is_packed_that_way(data):
    try:
        entries = tiles.unpack_entries(data)
    except Wrong:
        return
    assert tiles.pack_entries(entries) == data
