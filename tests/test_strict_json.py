"""Bodies that two parsers could read in two ways are refused, and nothing else is raised."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consent.strict_json import Malformed, parse

REFUSED = {
    "nothing": b"",
    "only_space": b"  ",
    "two_values": b"1 2",
    "trailing_comma": b"[1,]",
    "single_quotes": b"{'a': 1}",
    "comment": b"[1] // one",
    "unclosed_string": b'"abc',
    "unclosed_object": b'{"a": 1',
    "latin_1": '{"a": "é"}'.encode("latin-1"),
    "utf_16": '{"a": 1}'.encode("utf-16"),
    "utf_32": '{"a": 1}'.encode("utf-32"),
    "byte_order_mark": b'\xef\xbb\xbf{"a": 1}',
    "overlong_slash": b'"\xc0\xaf"',
    "surrogate_in_utf_8": b'"\xed\xa0\x80"',
    "lone_high_surrogate": rb'"\ud800"',
    "lone_low_surrogate": rb'"\udc00"',
    "swapped_surrogates": rb'"\udc00\ud800"',
    "lone_surrogate_in_a_key": rb'{"\ud800": 1}',
    "nul": rb'"\u0000"',
    "nul_in_a_key": rb'{"a\u0000": 1}',
    "raw_nul": b'"\x00"',
    "raw_control_character": b'"a\nb"',
    "same_key_twice": b'{"a": 1, "a": 1}',
    "same_key_spelt_twice": rb'{"a": 1, "\u0061": 2}',
    "same_key_twice_below": b'[{"b": {"a": 1, "a": 2}}]',
    "nan": b"NaN",
    "infinity": b'{"a": Infinity}',
    "minus_infinity": b"[-Infinity]",
    "float_overflow": b"1e400",
    "negative_float_overflow": b"-1e400",
    "two_to_the_53": b"9007199254740992",
    "two_to_the_63": b"9223372036854775808",
    "ten_thousand_digits": b"9" * 10_000,
    "leading_zero": b"01",
    "plus_sign": b"+1",
    "hexadecimal": b"0x10",
    "nine_deep": b"[" * 9 + b"]" * 9,
    "eight_thousand_deep": b"[" * 8_000,
    "deep_behind_a_string": b'["\\"]", ' + b"[" * 8 + b"]" * 9,
    "sixty_five_keys": json.dumps(dict.fromkeys(map(str, range(65)))).encode(),
    "long_string": b'"' + b"a" * 513 + b'"',
    "long_key": b'{"' + b"a" * 513 + b'": 1}',
}

READ = [
    (b" null ", None),
    (b"true", True),
    (b"-0", 0),
    (b"9007199254740991", 2**53 - 1),
    (b"-9007199254740991", 1 - 2**53),
    (b"1.5", 1.5),
    (b'"a\\u00e9\\ud83c\\udf6a"', "aé🍪"),
    ('"\u202ezażółć"'.encode(), "\u202ezażółć"),
    (
        b'{"a": [1, {"b": null}], "c": "[[[[[[[[[[{{{{"}',
        {"a": [1, {"b": None}], "c": "[[[[[[[[[[{{{{"},
    ),
    (b"[" * 8 + b"]" * 8, [[[[[[[[]]]]]]]]),
    (b"[[],[],[],[],[],[],[],[],[],[]]", [[]] * 10),
    (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
]


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_is_refused(body):
    with pytest.raises(Malformed):
        parse(body)


@pytest.mark.parametrize(("body", "value"), READ)
def test_is_read(body, value):
    assert parse(body) == value


def test_one_and_true_stay_different():
    assert parse(b"true") is True
    assert type(parse(b"1")) is int
    assert type(parse(b"1.0")) is float


def test_the_limits_can_be_set():
    assert parse(b"[[[]]]", max_depth=3) == [[[]]]
    with pytest.raises(Malformed, match="deeper than 2"):
        parse(b"[[[]]]", max_depth=2)
    with pytest.raises(Malformed, match="more than 1 keys"):
        parse(b'{"a": 1, "b": 2}', max_keys=1)
    with pytest.raises(Malformed, match="longer than 2"):
        parse(b'"abc"', max_string=2)


def test_depth_is_no_matter_for_the_stack_even_with_a_high_limit():
    with pytest.raises(Malformed):
        parse(b"[" * 200_000 + b"]" * 200_000, max_depth=10**6)


def test_quotes_and_backslashes_cost_one_pass():
    body = b'"' + b'\\"' * 200_000
    with pytest.raises(Malformed):
        parse(body)


def test_a_refusal_says_why_without_repeating_the_body():
    with pytest.raises(Malformed) as refusal:
        parse(b'{"secret": tru}')
    assert "secret" not in str(refusal.value)


SCRAPS = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"', b"\\", b":", b",", b"1", b"e9", b"-", b"NaN", b"\xff",
         b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b" ", b"true", b'"a"', b"\xc5\xbc"]
    ),
    max_size=40,
).map(b"".join)  # fmt: skip


@given(st.binary(max_size=200) | SCRAPS)
@example(b'"\\')
@example(b'{"a":1}\x00')
def test_arbitrary_bytes_are_a_value_or_malformed(body):
    try:
        value = parse(body)
    except Malformed:
        return
    assert value == json.loads(body)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**53, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("aé🍪", max_size=5), inner),
    max_leaves=8,
)


@given(VALUES, st.booleans())
def test_what_everybody_reads_alike_comes_back(value, ascii_only):
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse(body, max_depth=50) == value
