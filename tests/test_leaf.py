"""The bytes that the log commits to: they may never change."""

import hashlib
import json
from datetime import date

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consent import leaf
from consent.tlog.merkle import leaf_hash

SALT = bytes(range(16))
RECORD = {
    "v": 1,
    "id": "019aa5e4-6c00-7000-8000-000000000001",
    "site": "voip.example",
    "visitor": "00112233445566778899aabbccddeeff",
    "action": "save",
    "categories": {"statistics": True, "marketing": False},
    "services": {},
    "place": {"country": "PL", "subdivision": None, "source": "database", "database": "T 1"},
    "language": "pl",
    "page": "https://voip.example/zażółć",
    "received_at": "2026-11-21T10:00:00.000Z",
}


def test_a_record_has_these_bytes_for_ever():
    assert leaf.jcs(RECORD).decode() == (
        '{"action":"save","categories":{"marketing":false,"statistics":true},'
        '"id":"019aa5e4-6c00-7000-8000-000000000001","language":"pl",'
        '"page":"https://voip.example/zażółć",'
        '"place":{"country":"PL","database":"T 1","source":"database","subdivision":null},'
        '"received_at":"2026-11-21T10:00:00.000Z","services":{},"site":"voip.example","v":1,'
        '"visitor":"00112233445566778899aabbccddeeff"}'
    )


def test_the_published_order_of_keys_is_kept():
    # RFC 8785, section 3.2.3: by UTF-16 code units, so the emoji stands before U+FB33.
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(leaf.jcs(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_the_published_escapes_are_used():
    # RFC 8785, section 3.2.2: its string, without the numbers.
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"
    assert leaf.jcs(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()
    assert leaf.jcs("\b\t\n\f\r\x00\x1f\x7f\u2028") == (
        b'"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8"'
    )


GOLDEN = [
    (
        "digest",
        lambda: leaf.digest(RECORD),
        "bfe93f6953b74701b32e707f6aa501dd8ce45ee5bb761db52c82faff110bbf97",
    ),
    (
        "visitor_id",
        lambda: leaf.visitor_id("voip.example", "AAAAAAAAAAAAAAAAAAAAAA"),
        "d9fb668490111847444185c71972226b",
    ),
    (
        "commitment",
        lambda: leaf.commitment(RECORD, SALT),
        "3259ee882a6fa0d25b011d2ab71c19bc51b748fb87e8da7086d5f2cd74773ea9",
    ),
    (
        "leaf_hash",
        lambda: leaf_hash(leaf.entry("ab" * 32, "2026-11-21")).hex(),
        "8508b69cdc97275688be1fbe5c89cc564e2aeb05cc99c24a66b6d9a9ce7e639c",
    ),
]


@pytest.mark.parametrize(("name", "compute", "expected"), GOLDEN, ids=[row[0] for row in GOLDEN])
def test_is_the_same_for_ever(name, compute, expected):
    assert compute() == expected


def test_a_commitment_is_what_the_contract_says_it_is():
    committed = b"crumbtrail/leaf/v1\x00" + SALT + rfc8785.dumps(RECORD)
    assert leaf.commitment(RECORD, SALT) == hashlib.sha256(committed).hexdigest()


def test_a_visitor_id_is_what_the_contract_says_it_is():
    named = hashlib.sha256(b"crumbtrail/visitor/v1\x00voip.example\x00s3cret").hexdigest()
    assert leaf.visitor_id("voip.example", "s3cret") == named[:32]


def test_a_leaf_holds_a_commitment_and_a_day_and_nothing_else():
    entry = leaf.entry("ab" * 32, "2026-11-21")
    assert entry == b'{"c":"' + b"ab" * 32 + b'","d":"2026-11-21","k":"consent","v":1}'
    assert leaf_hash(entry) == hashlib.sha256(b"\x00" + entry).digest()


def test_where_the_log_put_a_record_does_not_change_its_commitment():
    logged = RECORD | {"log": {"index": 7, "commitment": "ab" * 32, "salt": SALT.hex()}}
    assert leaf.commitment(logged, SALT) == leaf.commitment(RECORD | {"log": None}, SALT)
    assert leaf.commitment(logged, SALT) == leaf.commitment(RECORD, SALT)
    assert "log" in logged, "the record itself is left alone"


def test_another_salt_site_or_secret_gives_another_value():
    assert leaf.commitment(RECORD, SALT) != leaf.commitment(RECORD, bytes(16))
    assert leaf.visitor_id("a.example", "s") != leaf.visitor_id("b.example", "s")
    assert leaf.visitor_id("a.example", "s") != leaf.visitor_id("a.example", "t")


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17), bytes(32)])
def test_a_salt_of_another_length_is_refused(salt):
    with pytest.raises(ValueError, match="16 bytes"):
        leaf.commitment(RECORD, salt)


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), b"bytes", {1, 2}, {1: "a"}, {None: 1}, "\ud800",
     {"\ud800": 1}, [[{"a": 0.5}]], pytest.param(object(), id="an object")],
    ids=repr,
)  # fmt: skip
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(ValueError):
        leaf.jcs(value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_agrees_with_another_encoder_and_comes_back(value):
    canonical = leaf.jcs(value)
    assert canonical == rfc8785.dumps(value)
    assert json.loads(canonical) == value
    assert leaf.jcs(json.loads(canonical)) == canonical


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9)))
def test_the_order_of_arrival_does_not_matter(value):
    assert leaf.jcs(dict(reversed(value.items()))) == leaf.jcs(value)


@given(st.binary(min_size=32, max_size=32), st.dates())
def test_the_entry_written_out_is_the_canonical_one(digest: bytes, day: date) -> None:
    c, d = digest.hex(), day.isoformat()
    assert leaf.entry(c, d) == leaf.jcs({"v": 1, "k": "consent", "d": d, "c": c})
