"""A note is read in one way, and says only what a known key has signed."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.tlog import Wrong, note
from consent.tlog.note import Signature, Verifier
from tests.tampering import MUTATIONS, SIGNED_MUTATIONS, tampered_bytes, vectors
from tests.tlog_keys import Key

LOG = Key("log.example/one")
OTHER = Key("log.example/two")
GOLANG = vectors("golang_note.json")
PETER, ENOCH = map(note.parse_vkey, GOLANG["vkeys"])
TEXT = GOLANG["text"]
BY_PETER, BY_ENOCH = GOLANG["signatures"]


# -- notes that others made --------------------------------------------------------------------


def test_a_note_that_others_signed_opens():
    whole = TEXT + "\n" + BY_PETER + BY_ENOCH
    assert note.open_note(whole, [PETER]) == (TEXT, [PETER])
    assert note.open_note(whole, [ENOCH, PETER]) == (TEXT, [PETER, ENOCH])
    assert note.open_note(whole.encode(), [ENOCH]) == (TEXT, [ENOCH])
    assert [verifier.vkey for verifier in (PETER, ENOCH)] == GOLANG["vkeys"]


def test_a_note_that_nobody_known_has_signed_is_refused():
    with pytest.raises(Wrong, match="nobody known"):
        note.open_note(TEXT + "\n" + BY_PETER, [])
    with pytest.raises(Wrong, match="nobody known"):
        note.open_note(TEXT + "\n" + BY_PETER, [ENOCH])


def test_one_bad_signature_by_a_known_key_condemns_the_note():
    bad = BY_ENOCH[:60] + "ABCD" + BY_ENOCH[60:]
    swapped = BY_PETER.replace("ZJku", "ZJkv")
    assert note.open_note(TEXT + "\n" + BY_PETER + bad, [PETER]) == (TEXT, [PETER])
    for known in ([PETER, ENOCH], [ENOCH]):
        with pytest.raises(Wrong, match="EnochRoot does not hold"):
            note.open_note(TEXT + "\n" + BY_PETER + bad, known)
    with pytest.raises(Wrong, match="PeterNeumann does not hold"):
        note.open_note(TEXT + "\n" + swapped, [PETER])
    with pytest.raises(Wrong, match="PeterNeumann does not hold"):
        note.open_note(TEXT + "\n" + BY_PETER + swapped, [PETER])


def test_a_signature_under_another_name_or_number_is_somebody_elses():
    for changed in (
        BY_PETER.replace("PeterNeumann", "CarmenSandiego"),
        BY_PETER.replace("x08g", "xxxx"),
    ):
        with pytest.raises(Wrong, match="nobody known"):
            note.open_note(TEXT + "\n" + changed, [PETER])
        both = TEXT + "\n" + changed + BY_PETER
        assert note.open_note(both, [PETER]) == (TEXT, [PETER])


def test_signing_twice_counts_once():
    assert note.open_note(TEXT + "\n" + BY_PETER * 3, [PETER, PETER]) == (TEXT, [PETER])


def test_as_many_signatures_as_others_take_and_no_more():
    hundred = TEXT + "\n" + BY_ENOCH * 99 + BY_PETER
    assert note.open_note(hundred, [PETER]) == (TEXT, [PETER])
    with pytest.raises(Wrong, match="at most 100"):
        note.open_note(hundred + BY_PETER, [PETER])


def test_two_keys_that_cannot_be_told_apart_are_refused(monkeypatch):
    whole = TEXT + "\n" + BY_PETER
    assert note.open_note(whole, [PETER, ENOCH])
    monkeypatch.setattr(note, "key_id", lambda *_: b"same")
    double = [PETER, Verifier(PETER.name, PETER.kind, ENOCH.public)]
    with pytest.raises(Wrong, match="same number"):
        note.open_note(whole, double)


# -- one form ----------------------------------------------------------------------------------

MALFORMED = {
    "empty": "",
    "only_a_newline": "\n",
    "only_the_text": TEXT,
    "no_signature": TEXT + "\n",
    "no_empty_line": TEXT + BY_PETER,
    "no_last_newline": TEXT + "\n" + BY_PETER[:-1],
    "an_empty_line_at_the_end": TEXT + "\n" + BY_PETER + "\n",
    "another_line_at_the_end": TEXT + "\n" + BY_PETER + "Unexpected line.\n",
    "an_empty_line_between": TEXT + "\n" + BY_PETER + "\n\n" + BY_PETER[:-1],
    "nul": "\0" + TEXT + "\n" + BY_PETER,
    "control_character": "\x01" + TEXT + "\n" + BY_PETER,
    "tab": "\t" + TEXT + "\n" + BY_PETER,
    "carriage_return": (TEXT + "\n" + BY_PETER).replace("\n", "\r\n"),
    "carriage_return_in_the_signature": TEXT + "\n" + BY_PETER[:-1] + "\r\n",
    "lone_surrogate": "\ud800" + TEXT + "\n" + BY_PETER,
    "hyphen": TEXT + "\n" + BY_PETER.replace("—", "-"),
    "en_dash": TEXT + "\n" + BY_PETER.replace("—", "–"),
    "no_dash": TEXT + "\n" + BY_PETER[2:],
    "space_before": TEXT + "\n " + BY_PETER,
    "space_after": TEXT + "\n" + BY_PETER[:-1] + " \n",
    "two_spaces": TEXT + "\n" + BY_PETER.replace("— ", "—  "),
    "no_break_space": TEXT + "\n" + BY_PETER.replace("— ", "—\u00a0"),
    "name_with_a_space": TEXT + "\n" + BY_PETER.replace("Peter", "Peter "),
    "name_with_a_no_break_space": TEXT + "\n" + BY_PETER.replace("Peter", "Peter\u00a0"),
    "name_with_a_line_separator": TEXT + "\n" + BY_PETER.replace("Peter", "Peter\u2028"),
    "name_with_a_plus": TEXT + "\n" + BY_PETER.replace("Peter", "Peter+"),
    "no_name": TEXT + "\n" + BY_PETER.replace("PeterNeumann", ""),
    "no_padding": TEXT + "\n" + BY_PETER.replace("=", ""),
    "stray_bits": TEXT + "\n" + BY_PETER.replace("nAM=", "nAN="),
    "more_padding": TEXT + "\n" + BY_PETER.replace("=", "=="),
    "url_alphabet": TEXT + "\n" + BY_PETER.replace("/", "_"),
    "newline_in_base64": TEXT + "\n" + BY_PETER.replace("ZJku", "ZJ\nku"),
    "base64_of_nothing": TEXT + "\n— PeterNeumann \n",
    "number_without_signature": TEXT + "\n— PeterNeumann x08goA==\n",
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_note_is_refused(text):
    assert note.parse(TEXT + "\n" + BY_PETER)[0] == TEXT
    with pytest.raises(Wrong):
        note.parse(text)


@pytest.mark.parametrize("byte", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x80"])
def test_what_is_not_utf_8_is_refused(byte):
    assert note.parse((TEXT + "\n" + BY_PETER).encode())
    with pytest.raises(Wrong, match="UTF-8"):
        note.parse(byte + (TEXT + "\n" + BY_PETER).encode())


def test_the_last_empty_line_ends_the_text():
    text = "one\n\ntwo\n\n\n— three AAAAAAA=\n\n"
    found, signatures = note.parse(text + "\n" + BY_PETER)
    assert found == text
    assert [signature.name for signature in signatures] == ["PeterNeumann"]


def test_a_name_may_have_any_other_letter():
    key = Key("żółw.example/—ß")
    signed = note.sign("é\n", [key])
    assert note.open_note(signed, [key.verifier]) == ("é\n", [key.verifier])


# -- signing -----------------------------------------------------------------------------------


def test_what_is_signed_opens():
    signed = note.sign("hello\n", [LOG, OTHER])
    assert note.open_note(signed, [OTHER.verifier, LOG.verifier]) == (
        "hello\n",
        [LOG.verifier, OTHER.verifier],
    )
    text, signatures = note.parse(signed)
    assert note.join(text, signatures) == signed
    more = note.join(text, [*signatures, signatures[0]])
    assert note.parse(more) == (text, [*signatures, signatures[0]])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n", "\0\n"])
def test_a_text_that_is_no_note_is_not_signed(text):
    assert note.sign("text\n", [LOG])
    with pytest.raises(Wrong):
        note.sign(text, [LOG])


def test_a_note_without_signers_is_not_made():
    with pytest.raises(Wrong):
        note.sign("text\n", [])


@pytest.mark.parametrize(
    "signature",
    [Signature("a b", b"1234", b"5"), Signature("", b"1234", b"5"), Signature("a", b"1234", b""),
     Signature("a+b", b"1234", b"5"), Signature("a\nb", b"1234", b"5"),
     Signature("a", b"123", b"45")],
    ids=repr,
)  # fmt: skip
def test_a_signature_that_cannot_be_read_back_is_not_written(signature):
    assert note.join("text\n", [Signature("a", b"1234", b"5")])
    with pytest.raises(Wrong):
        note.join("text\n", [signature])


# -- verifier keys -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", GOLANG["bad_vkeys"])
def test_verifier_keys_that_others_refuse_are_refused(text):
    with pytest.raises(Wrong):
        note.parse_vkey(text)


def test_no_piece_of_a_verifier_key_is_one():
    whole = GOLANG["vkeys"][0]
    assert note.parse_vkey(whole) == PETER
    for start in range(len(whole) + 1):
        for end in range(start, len(whole) + 1):
            if (start, end) != (0, len(whole)):
                with pytest.raises(Wrong):
                    note.parse_vkey(whole[start:end])


def test_no_tampered_verifier_key_is_accepted():
    chance = random.Random("vkeys")
    whole = LOG.verifier.vkey
    assert note.parse_vkey(whole) == LOG.verifier
    for _ in range(MUTATIONS):
        changed = tampered_bytes(chance, whole.encode()).decode("utf-8", "surrogateescape")
        with pytest.raises(Wrong):
            note.parse_vkey(changed)


@pytest.mark.parametrize(
    ("name", "kind", "public"),
    [("", 1, bytes(32)), ("a b", 1, bytes(32)), ("a+b", 1, bytes(32)), ("a\n", 1, bytes(32)),
     ("a\x7f\u2003", 1, bytes(32)), ("\ud800", 1, bytes(32)), ("a", 0, bytes(32)),
     ("a", 2, bytes(32)), ("a", 5, bytes(32)), ("a", 255, bytes(32)), ("a", 1, bytes(31)),
     ("a", 4, bytes(33)), ("a", 6, bytes(32)), ("a", 6, b"")],
)  # fmt: skip
def test_there_is_no_verifier_with_an_odd_name_kind_or_key(name, kind, public):
    assert Verifier("a", 1, bytes(32)) and Verifier("a", 6, bytes(1312))
    with pytest.raises(Wrong):
        Verifier(name, kind, public)


# -- tampering ---------------------------------------------------------------------------------


def test_no_tampered_note_opens():
    chance = random.Random("notes")
    signed = note.sign("log.example/one\n17\nthree lines\n", [LOG]).encode()
    assert note.open_note(signed, [LOG.verifier])
    for _ in range(SIGNED_MUTATIONS):
        with pytest.raises(Wrong):
            note.open_note(tampered_bytes(chance, signed), [LOG.verifier])


def test_no_tampering_makes_a_known_key_stand_by_another_text():
    # One of two names may be spoilt: then that key is unknown, and the other one speaks.
    chance = random.Random("two keys")
    text = "a\n\nb\n"
    signed = note.sign(text, [LOG, OTHER]).encode()
    known = [LOG.verifier, OTHER.verifier]
    assert note.open_note(signed, known) == (text, known)
    refused = 0
    for _ in range(SIGNED_MUTATIONS):
        try:
            found, by = note.open_note(tampered_bytes(chance, signed), known)
        except Wrong:
            refused += 1
        else:
            assert found == text and len(by) == 1
    assert refused > SIGNED_MUTATIONS / 2


def test_a_signature_of_one_text_or_key_is_none_of_another():
    one, two = note.sign("one\n", [LOG]), note.sign("two\n", [LOG])
    other = note.sign("one\n", [OTHER])
    assert note.open_note(one, [LOG.verifier]) and note.open_note(other, [OTHER.verifier])
    with pytest.raises(Wrong, match="does not hold"):
        note.open_note(one.replace("one\n\n", "two\n\n"), [LOG.verifier])
    with pytest.raises(Wrong, match="does not hold"):
        note.open_note("one\n\n" + two.partition("\n\n")[2], [LOG.verifier])
    stolen = note.parse(other)[1][0]
    with pytest.raises(Wrong, match="does not hold"):
        claimed = Signature(LOG.name, LOG.id, stolen.value)
        note.open_note(note.join("one\n", [claimed]), [LOG.verifier])


# -- whatever comes ----------------------------------------------------------------------------

LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))))
)
BODY = st.lists(LINE, min_size=1).map(lambda lines: "\n".join([*lines, ""]))
SIGNATURE = st.builds(
    Signature,
    LINE.filter(lambda name: name and not any(s.isspace() or s == "+" for s in name)),
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=80),
)


@given(BODY, st.lists(SIGNATURE, min_size=1, max_size=17))
def test_every_note_comes_back(text, signatures):
    assert note.parse(note.join(text, signatures)) == (text, signatures)


PIECES = ["\n", "\n\n", "— ", "—", " ", "a", "+", "=", "AAAAAAA=", BY_PETER, TEXT, "\0", "\r", "é"]
SOUP = st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join)


@given(SOUP | st.binary())
@example(TEXT + "\n" + BY_PETER)
def test_whatever_is_read_as_a_note_is_spelt_that_way(text):
    try:
        body, signatures = note.parse(text)
    except Wrong:
        return
    again = note.join(body, signatures)
    assert again == (text.decode() if isinstance(text, bytes) else text)


@given(SOUP | st.from_regex(r"[a-z]{1,9}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{4,48}={0,2}"))
@example(LOG.verifier.vkey)
def test_whatever_is_read_as_a_verifier_key_is_spelt_that_way(text):
    try:
        verifier = note.parse_vkey(text)
    except Wrong:
        return
    assert verifier.vkey == text
