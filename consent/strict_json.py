"""JSON as two parsers in two languages would both read it, or a refusal.

A body that one reader takes for one thing and the next for another is evidence of nothing. So
what the JSON grammar leaves open (duplicate keys, lone surrogates, huge numbers) is refused.
"""

import json
import math
import re
from typing import NoReturn

MAX_INTEGER = 2**53 - 1

# One pass and no backtracking: a string ends at its quote or at the end of the text.
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
_MAX_DIGITS = len(str(MAX_INTEGER))


class Malformed(ValueError):
    """The bytes are not JSON that everybody reads alike; the message says why."""


def parse(body: bytes, max_depth: int = 8, max_keys: int = 64, max_string: int = 512) -> object:
    """The value that the bytes spell.

    ``max_keys`` counts the keys of one object, ``max_string`` the characters of one string or
    key. Raises Malformed, and nothing else, for whatever is not acceptable.
    """
    text = _text(body)
    _check_depth(text, max_depth)

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Malformed("an object has the same key twice")
        if len(found) > max_keys:
            raise Malformed(f"an object has more than {max_keys} keys")
        return found

    try:
        value: object = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
        _check_strings(value, max_string)
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("this is not JSON") from error
    return value


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("this is not UTF-8") from error
    if text.startswith("\ufeff"):
        raise Malformed("there is a byte order mark before the JSON")
    return text


def _check_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before a parser recurses into it."""
    depth = 0
    for token in _TOKENS.finditer(text):
        match token[0][0]:
            case "[" | "{":
                depth += 1
                if depth > max_depth:
                    raise Malformed(f"the JSON is nested deeper than {max_depth}")
            case "]" | "}":
                depth -= 1


def _check_strings(value: object, max_string: int) -> None:
    if isinstance(value, str):
        if len(value) > max_string:
            raise Malformed(f"a string is longer than {max_string} characters")
        if "\x00" in value:
            raise Malformed("a string has a NUL in it")
        if not value.isascii():
            _check_surrogates(value)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item, max_string)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key, max_string)
            _check_strings(item, max_string)


def _check_surrogates(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a string has half of a surrogate pair in it") from error


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS or abs(int(digits)) > MAX_INTEGER:
        raise Malformed("an integer is beyond 2^53-1")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Malformed("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")
