"""A checkpoint is three lines in one spelling, and a witness signs it with its time."""

import base64
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import example, given
from hypothesis import strategies as st

from consent.tlog import Wrong, checkpoint, merkle, note
from consent.tlog.checkpoint import Checkpoint
from consent.tlog.note import Signature, Verifier
from tests.tampering import MUTATIONS, SIGNED_MUTATIONS, tampered_bytes
from tests.tlog_keys import Key, MlDsaKey, verifying


def spelt(data):
    return base64.b64encode(data).decode()


HEAD = Checkpoint("log.example/one", 17, merkle.leaf_hash(b"root"))
LINES = checkpoint.text(HEAD)
ROOT = spelt(HEAD.root)


def test_a_checkpoint_is_three_lines():
    assert LINES == f"log.example/one\n17\n{ROOT}\n"
    assert checkpoint.parse(LINES) == HEAD
    nothing = Checkpoint("log.example/one", 0, merkle.EMPTY)
    assert checkpoint.parse(checkpoint.text(nothing)) == nothing


MALFORMED_CHECKPOINTS = {
    "empty": "",
    "no_last_newline": LINES[:-1],
    "two_lines": "log.example/one\n17\n",
    "no_origin": f"\n17\n{ROOT}\n",
    "leading_zero": f"log.example/one\n017\n{ROOT}\n",
    "plus_sign": f"log.example/one\n+17\n{ROOT}\n",
    "minus_sign": f"log.example/one\n-17\n{ROOT}\n",
    "hex": f"log.example/one\n0x11\n{ROOT}\n",
    "space": f"log.example/one\n17 \n{ROOT}\n",
    "underscore": f"log.example/one\n1_7\n{ROOT}\n",
    "arabic_digits": f"log.example/one\n١٧\n{ROOT}\n",
    "no_size": f"log.example/one\n\n{ROOT}\n",
    "too_large": f"log.example/one\n{2**63}\n{ROOT}\n",
    "thousands_of_digits": f"log.example/one\n{'9' * 5000}\n{ROOT}\n",
    "short_root": f"log.example/one\n17\n{spelt(HEAD.root[:-1])}\n",
    "long_root": f"log.example/one\n17\n{spelt(HEAD.root + b'0')}\n",
    "no_root": "log.example/one\n17\n\n",
    "hex_root": f"log.example/one\n17\n{HEAD.root.hex()}\n",
    "unpadded_root": f"log.example/one\n17\n{ROOT[:-1]}\n",
    "nothing_with_a_root": f"log.example/one\n0\n{ROOT}\n",
    "carriage_return": LINES.replace("\n", "\r\n"),
    "lone_surrogate": "\ud800" + LINES,
    "an_empty_extension": LINES + "\n",
    "an_empty_line_among_extensions": LINES + "one\n\ntwo\n",
}


@pytest.mark.parametrize("others", [False, True], ids=["ours", "others"])
@pytest.mark.parametrize("text", MALFORMED_CHECKPOINTS.values(), ids=MALFORMED_CHECKPOINTS)
def test_a_malformed_checkpoint_is_refused(text, others):
    assert checkpoint.parse(LINES, others) == HEAD
    with pytest.raises(Wrong):
        checkpoint.parse(text, others)


def test_only_checkpoints_of_others_may_have_more_lines_or_spaces_in_their_origin():
    longer = LINES + "extension\nanother one\n"
    assert checkpoint.parse(longer, others=True) == HEAD
    with pytest.raises(Wrong, match="three lines"):
        checkpoint.parse(longer)
    # Go's own tests have this one, and its size is that of a large log.
    spaced = "go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n"
    theirs = checkpoint.parse(spaced, others=True)
    assert theirs == Checkpoint(
        "go.sum database tree", 123456789012, merkle.leaf_hash(b"hello world")
    )
    for refused in (lambda: checkpoint.parse(spaced), lambda: checkpoint.text(theirs)):
        with pytest.raises(Wrong, match="spaces"):
            refused()


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, HEAD.root), ("a\nb", 1, HEAD.root), ("a", -1, HEAD.root), ("a", 2**63, HEAD.root),
     ("a", 1, b""), ("a", 0, HEAD.root), ("\ud800", 1, HEAD.root)],
)  # fmt: skip
def test_there_is_no_checkpoint_that_could_not_be_written(origin, size, root):
    assert Checkpoint("a", 1, HEAD.root)
    with pytest.raises(Wrong):
        Checkpoint(origin, size, root)


def test_no_tampered_checkpoint_is_read_as_the_same_one():
    chance = random.Random("checkpoints")
    assert checkpoint.parse(LINES) == HEAD
    for _ in range(MUTATIONS):
        changed = tampered_bytes(chance, LINES.encode()).decode("utf-8", "surrogateescape")
        try:
            found = checkpoint.parse(changed)
        except Wrong:
            continue
        assert found != HEAD and checkpoint.text(found) == changed


@given(
    st.text()
    | st.builds(
        "{}\n{}\n{}\n".format, st.text(), st.integers(-1, 2**64), st.binary(max_size=40).map(spelt)
    )
)
@example(LINES)
def test_whatever_is_read_as_a_checkpoint_is_spelt_that_way(text):
    try:
        found = checkpoint.parse(text)
    except Wrong:
        return
    assert checkpoint.text(found) == text


# -- cosignatures ------------------------------------------------------------------------------

LOG = Key("log.example/one")
WITNESS = Key("witness.example/w1", note.COSIGNATURE, 1_679_315_147)
SECRET = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
MODERN = MlDsaKey("witness.example/w2", SECRET, 1_700_000_001)
BY_MLDSA = verifying(mldsa.MLDSA44PublicKey.from_public_bytes)


def test_a_witness_signs_the_time_and_the_whole_text():
    message = note.cosigned_message(note.COSIGNATURE, "any.example", 1_679_315_147, LINES)
    assert message == b"cosignature/v1\ntime 1679315147\n" + LINES.encode()
    longer = note.cosigned_message(note.COSIGNATURE, "any.example", 0, LINES + "more\n")
    assert longer == b"cosignature/v1\ntime 0\n" + LINES.encode() + b"more\n"


def test_a_modern_witness_signs_its_name_the_time_and_the_tree():
    # struct { label[12]; name<1..255>; u64 time; origin<1..255>; u64 start, end; hash[32] }
    expected = b"".join(
        [
            b"subtree/v1\n\0",
            b"\x12witness.example/w2",
            (1_700_000_001).to_bytes(8, "big"),
            b"\x0flog.example/one",
            bytes(8),
            (17).to_bytes(8, "big"),
            HEAD.root,
        ]
    )
    assert len(expected) == 12 + 1 + 18 + 8 + 1 + 15 + 8 + 8 + 32
    for text in (LINES, LINES + "extension lines are not signed\n"):
        message = note.cosigned_message(note.ML_DSA_44, "witness.example/w2", 1_700_000_001, text)
        assert message == expected


@pytest.mark.parametrize(
    ("kind", "name", "time", "text"),
    [(4, "w", -1, LINES), (4, "w", 2**63, LINES), (6, "w", 2**63, LINES), (1, "w", 0, LINES),
     (4, "w", 0, "no checkpoint\n"), (6, "w", 0, "no checkpoint\n"), (4, "w", 0, LINES[:-1]),
     (6, "", 0, LINES), (6, "w" * 256, 0, LINES),
     (6, "w", 0, LINES.replace("log.example", "log" * 99))],
)  # fmt: skip
def test_what_no_witness_signs_has_no_message(kind, name, time, text):
    assert note.cosigned_message(4, "w", 2**63 - 1, LINES)
    assert note.cosigned_message(6, "w" * 255, 2**63 - 1, LINES)
    with pytest.raises(Wrong):
        note.cosigned_message(kind, name, time, text)


def test_log_and_witnesses_sign_one_checkpoint():
    signed = note.sign(LINES, [LOG, WITNESS, MODERN])
    known = [LOG.verifier, WITNESS.verifier, MODERN.verifier]
    assert note.open_note(signed, known, BY_MLDSA) == (LINES, known)
    _, [_, cosignature, modern] = note.parse(signed)
    assert note.cosignature_time(cosignature) == 1_679_315_147
    assert note.cosignature_time(modern) == 1_700_000_001
    assert (len(cosignature.value), len(modern.value)) == (72, 2428)


def test_every_kind_of_verifier_key_comes_back():
    for key in (LOG, WITNESS, MODERN):
        assert note.parse_vkey(key.verifier.vkey) == key.verifier


def test_a_note_with_sixteen_modern_signatures_opens():
    keys = [MlDsaKey(f"witness.example/{number}", SECRET) for number in range(16)]
    known = [key.verifier for key in keys]
    assert note.open_note(note.sign(LINES, keys), known, BY_MLDSA) == (LINES, known)


def test_without_the_means_to_verify_it_a_modern_signature_is_passed_over():
    signed = note.sign(LINES, [LOG, MODERN])
    known = [LOG.verifier, MODERN.verifier]
    assert note.open_note(signed, known) == (LINES, [LOG.verifier])
    assert note.open_note(signed, known, BY_MLDSA) == (LINES, known)
    with pytest.raises(Wrong, match="nobody known"):
        note.open_note(signed, [MODERN.verifier])


def test_one_key_under_two_kinds_is_two_keys():
    both = [Verifier("a", kind, LOG.verifier.public) for kind in (note.ED25519, note.COSIGNATURE)]
    assert both[0].id != both[1].id
    plain = LOG.secret.sign(LINES.encode())
    signature = Signature("a", both[0].id, plain)
    assert note.open_note(note.join(LINES, [signature]), both) == (LINES, [both[0]])
    passed_off = Signature("a", both[1].id, bytes(8) + plain)
    with pytest.raises(Wrong, match="does not hold"):
        note.open_note(note.join(LINES, [passed_off]), both)


@pytest.mark.parametrize("key", [WITNESS, MODERN], ids=["Ed25519", "ML-DSA-44"])
def test_a_cosignature_is_bound_to_time_text_and_length(key):
    def opened(text, value):
        signed = note.join(text, [Signature(key.name, key.id, value)])
        return note.open_note(signed, [key.verifier], BY_MLDSA)

    value = key.sign(LINES.encode())
    assert opened(LINES, value) == (LINES, [key.verifier])
    later = (key.time + 1).to_bytes(8, "big") + value[8:]
    never = b"\xff" * 8 + value[8:]
    for bad in (later, never, value[8:], value[:-1], value + b"\0", value[:8]):
        with pytest.raises(Wrong):
            opened(LINES, bad)
    for text in (LINES.replace("17", "18"), LINES.replace("one", "two"), "no checkpoint\n"):
        with pytest.raises(Wrong):
            opened(text, value)


def test_a_modern_signature_of_another_length_is_not_even_tried():
    value = MODERN.sign(LINES.encode())
    for cut, holds in ((value, True), (value[:-1], False), (value + b"\0", False)):
        signed = note.join(LINES, [Signature(MODERN.name, MODERN.id, cut)])
        if holds:
            assert note.open_note(signed, [MODERN.verifier], lambda *_: True)
        else:
            with pytest.raises(Wrong, match="does not hold"):
                note.open_note(signed, [MODERN.verifier], lambda *_: True)


def test_a_modern_signature_is_bound_to_its_name():
    renamed = MlDsaKey("witness.example/other", SECRET, MODERN.time)
    signed = note.join(LINES, [Signature(renamed.name, renamed.id, MODERN.sign(LINES.encode()))])
    with pytest.raises(Wrong, match="does not hold"):
        note.open_note(signed, [renamed.verifier], BY_MLDSA)


def test_a_plain_signature_holds_no_time():
    _, [plain, cosigned] = note.parse(note.sign(LINES, [LOG, WITNESS]))
    assert note.cosignature_time(cosigned) == WITNESS.time
    with pytest.raises(Wrong, match="no time"):
        note.cosignature_time(plain)


@pytest.mark.parametrize("key", [WITNESS, MODERN], ids=["Ed25519", "ML-DSA-44"])
def test_no_tampered_cosignature_opens(key):
    chance = random.Random("cosignatures")
    signed = note.sign(LINES, [key]).encode()
    known = [key.verifier]
    assert note.open_note(signed, known, BY_MLDSA) == (LINES, known)
    for _ in range(SIGNED_MUTATIONS):
        with pytest.raises(Wrong):
            note.open_note(tampered_bytes(chance, signed), known, BY_MLDSA)
