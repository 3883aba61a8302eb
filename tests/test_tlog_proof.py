"""A proof holds for one entry at one place in one log, and for nothing else."""

import random
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.tlog import Wrong, checkpoint, merkle, note, proof
from consent.tlog.checkpoint import Checkpoint
from consent.tlog.proof import Proof
from tests.tampering import SIGNED_MUTATIONS, tampered_bytes, tampered_hashes
from tests.tlog_keys import Key

ORIGIN = "log.example/one"
LOG = Key(ORIGIN)
WITNESS = Key("witness.example/w1", note.COSIGNATURE)
KNOWN = [LOG.verifier, WITNESS.verifier]
ENTRIES = [b"entry %d" % index for index in range(100)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


def subtree(height, index):
    return merkle.root_of(LEAVES[index << height : index + 1 << height])


def proven(index, size, signers=(LOG,), origin=ORIGIN, extra=None):
    head = Checkpoint(origin, size, merkle.root(size, subtree))
    signed = note.sign(checkpoint.text(head), signers)
    return Proof(index, tuple(merkle.inclusion_proof(index, size, subtree)), signed, extra)


GOOD = proven(17, 100, (LOG, WITNESS))
TEXT = proof.text(GOOD)


def test_a_proof_is_an_index_hashes_and_a_signed_checkpoint():
    lines = TEXT.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 17"]
    assert [len(line) for line in lines[2:9]] == [44] * 7
    assert "\n".join(lines[9:]) == "\n" + GOOD.checkpoint
    with_extra = proof.text(replace(GOOD, extra=b"more"))
    assert with_extra.split("\n")[:3] == ["c2sp.org/tlog-proof@v1", "extra bW9yZQ==", "index 17"]
    assert proof.parse(with_extra) == replace(GOOD, extra=b"more")


def test_every_entry_is_proven_by_its_proof():
    for size in (1, 2, 3, 64, 99, 100):
        for index in range(size):
            found = proof.parse(proof.text(proven(index, size)))
            head = proof.verify(found, ENTRIES[index], KNOWN, ORIGIN)
            assert head == Checkpoint(ORIGIN, size, merkle.root(size, subtree))


def test_the_witnesses_of_a_proof_do_not_replace_its_log():
    alone = proven(17, 100, (WITNESS,))
    assert proof.verify(GOOD, ENTRIES[17], KNOWN, ORIGIN)
    with pytest.raises(Wrong, match=f"{ORIGIN} has not signed"):
        proof.verify(alone, ENTRIES[17], KNOWN, ORIGIN)
    with pytest.raises(Wrong, match=f"{ORIGIN} has not signed"):
        proof.verify(GOOD, ENTRIES[17], [WITNESS.verifier], ORIGIN)


def test_a_proof_of_another_log_is_refused():
    other = Key("log.example/two")
    theirs = proven(17, 100, (other,), other.name)
    known = [*KNOWN, other.verifier]
    assert proof.verify(theirs, ENTRIES[17], known, other.name)
    with pytest.raises(Wrong, match="this is a checkpoint of log"):
        proof.verify(theirs, ENTRIES[17], known, ORIGIN)
    with pytest.raises(Wrong, match="has not signed"):
        proof.verify(proven(17, 100, (other,)), ENTRIES[17], known, ORIGIN)
    with pytest.raises(Wrong, match="nobody known"):
        proof.verify(theirs, ENTRIES[17], KNOWN, ORIGIN)


def test_another_entry_or_another_place_is_refused():
    assert proof.verify(GOOD, ENTRIES[17], KNOWN, ORIGIN)
    for bad, entry in (
        (GOOD, ENTRIES[18]),
        (GOOD, b""),
        (GOOD, b"\0" + ENTRIES[17]),
        (replace(GOOD, index=16), ENTRIES[17]),
        (replace(GOOD, index=100), ENTRIES[17]),
        (replace(GOOD, hashes=GOOD.hashes[:-1]), ENTRIES[17]),
        (replace(GOOD, hashes=proven(18, 100).hashes), ENTRIES[17]),
        (replace(GOOD, checkpoint=proven(17, 99).checkpoint), ENTRIES[17]),
    ):
        with pytest.raises(Wrong):
            proof.verify(bad, entry, KNOWN, ORIGIN)


def test_a_node_is_no_entry_of_a_proof():
    above = proven(8, 50)
    smaller = replace(above, hashes=proven(16, 100).hashes[1:])
    assert proof.verify(above, ENTRIES[8], KNOWN, ORIGIN)
    for bad in (above, smaller, replace(GOOD, index=8, hashes=GOOD.hashes[1:])):
        for forged in (LEAVES[16] + LEAVES[17], b"\x01" + LEAVES[16] + LEAVES[17]):
            with pytest.raises(Wrong):
                proof.verify(bad, forged, KNOWN, ORIGIN)


def test_no_tampered_proof_file_verifies():
    chance = random.Random("files")
    single = proven(17, 100)
    text = proof.text(single).encode()
    assert proof.verify(proof.parse(text.decode()), ENTRIES[17], KNOWN, ORIGIN)
    for _ in range(SIGNED_MUTATIONS):
        changed = tampered_bytes(chance, text).decode("utf-8", "surrogateescape")
        with pytest.raises(Wrong):
            proof.verify(proof.parse(changed), ENTRIES[17], KNOWN, ORIGIN)


def test_no_tampered_proof_verifies():
    # The size stands in the signed text, so a claim of one leaf more or fewer dies there.
    chance = random.Random("proofs")
    for _ in range(SIGNED_MUTATIONS // 10):
        size = chance.randrange(2, 99)
        index = chance.randrange(size)
        good, entry = proven(index, size), ENTRIES[index]
        assert proof.verify(good, entry, KNOWN, ORIGIN)
        one_off = good.checkpoint.replace(f"\n{size}\n", f"\n{size + chance.choice([-1, 1])}\n")
        for bad, claimed in (
            (replace(good, hashes=tuple(tampered_hashes(chance, list(good.hashes)))), entry),
            (replace(good, index=chance.choice([index - 1, index + 1])), entry),
            (replace(good, checkpoint=one_off), entry),
            (replace(good, checkpoint=proven(index, size + 1).checkpoint), entry),
            (good, tampered_bytes(chance, entry)),
        ):
            with pytest.raises(Wrong):
                proof.verify(bad, claimed, KNOWN, ORIGIN)


HASH = TEXT.split("\n")[2]
MALFORMED = {
    "empty": "",
    "another_version": TEXT.replace("@v1", "@v2"),
    "no_header": TEXT.partition("\n")[2],
    "no_index": TEXT.replace("index 17\n", ""),
    "no_index_but_extra": TEXT.replace("index 17", "extra bW9yZQ=="),
    "index_without_number": TEXT.replace("index 17", "index "),
    "index_with_leading_zero": TEXT.replace("index 17", "index 017"),
    "negative_index": TEXT.replace("index 17", "index -1"),
    "huge_index": TEXT.replace("index 17", "index " + "9" * 5000),
    "two_spaces": TEXT.replace("index 17", "index  17"),
    "space_after": TEXT.replace("index 17", "index 17 "),
    "two_indices": TEXT.replace("index 17", "index 17\nindex 17"),
    "extra_after_the_index": TEXT.replace("index 17", "index 17\nextra bW9yZQ=="),
    "two_extras": TEXT.replace("index 17", "extra bW9yZQ==\nextra bW9yZQ==\nindex 17"),
    "extra_of_nothing": TEXT.replace("index 17", "extra \nindex 17"),
    "extra_without_a_space": TEXT.replace("index 17", "extra\nindex 17"),
    "extra_misspelt": TEXT.replace("index 17", "extra bW9yZR==\nindex 17"),
    "a_short_hash": TEXT.replace(HASH, "bW9yZQ=="),
    "a_misspelt_hash": TEXT.replace(HASH, HASH[:-1]),
    "too_many_hashes": TEXT.replace("index 17\n", "index 17\n" + (HASH + "\n") * 64),
    "no_empty_line": TEXT.replace("=\n\n", "=\n", 1),
    "no_checkpoint": TEXT.partition("\n\n")[0] + "\n\n",
    "an_unsigned_checkpoint": TEXT.rpartition("\n\n")[0] + "\n",
    "a_note_that_is_no_checkpoint": TEXT.partition("\n\n")[0] + "\n\n" + note.sign("a\n", [LOG]),
    "carriage_return": TEXT.replace("\n", "\r\n"),
    "lone_surrogate": TEXT + "\ud800",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_proof_is_refused(text):
    assert proof.parse(TEXT) == GOOD
    with pytest.raises(Wrong):
        proof.parse(text)


@pytest.mark.parametrize(
    "change",
    [{"index": -1}, {"index": 2**63}, {"hashes": (b"short",)}, {"extra": b""},
     {"checkpoint": ""}, {"checkpoint": "no note\n"}],
    ids=repr,
)  # fmt: skip
def test_a_proof_that_could_not_be_read_back_is_not_written(change):
    with pytest.raises(Wrong):
        proof.text(replace(GOOD, **change))


def test_a_checkpoint_with_extension_lines_can_be_kept_but_is_not_ours():
    lines = checkpoint.text(Checkpoint(ORIGIN, 1, LEAVES[0]))
    longer = Proof(0, (), note.sign(lines + "extension\n", [LOG]))
    assert proof.parse(proof.text(longer)) == longer
    assert proof.verify(Proof(0, (), note.sign(lines, [LOG])), ENTRIES[0], KNOWN, ORIGIN)
    with pytest.raises(Wrong, match="three lines"):
        proof.verify(longer, ENTRIES[0], KNOWN, ORIGIN)


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.none() | st.binary(min_size=1),
)
def test_every_proof_comes_back(index, hashes, extra):
    made = Proof(index, hashes, GOOD.checkpoint, extra)
    assert proof.parse(proof.text(made)) == made


PIECES = ["c2sp.org/tlog-proof@v1\n", "extra ", "bW9yZQ==\n", "index ", "0\n", "17\n", f"{HASH}\n",
          "\n", GOOD.checkpoint, " ", "é"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
@example(TEXT)
def test_whatever_is_read_as_a_proof_is_spelt_that_way(text):
    try:
        found = proof.parse(text)
    except Wrong:
        return
    assert proof.text(found) == text
