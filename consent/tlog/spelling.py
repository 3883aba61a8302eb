"""How bytes and numbers are spelt in the lines of the log: each in one way only.

If a value had two spellings, somebody could change a signed or hashed line without changing what
we read in it. So base64 has its padding and no stray bits, and numbers have no leading zeros.
"""

import base64
import binascii
import re

from consent.tlog.merkle import Wrong

NUMBER_MAX = 2**63 - 1

_NUMBER = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Wrong("this is not base64") from error
    if encode(data) != text:
        raise Wrong("this base64 has another spelling")
    return data


def number(text: str) -> int:
    """A whole number from 0 to 2**63 - 1."""
    if not _NUMBER.fullmatch(text) or int(text) > NUMBER_MAX:
        raise Wrong("this is not a whole number as the log spells it")
    return int(text)


def plain(text: str | bytes) -> str:
    """The text, once it is known to be UTF-8 without control characters other than newline."""
    try:
        known = text.decode("utf-8") if isinstance(text, bytes) else text
        known.encode("utf-8")
    except UnicodeError as error:
        raise Wrong("this is not UTF-8") from error
    if _CONTROL.search(known):
        raise Wrong("there is a control character")
    return known


def is_name(text: str) -> bool:
    """Whether a key or a log may be called this: no space of any kind, no plus, not nothing."""
    return bool(text) and not any(sign == "+" or sign.isspace() or sign < " " for sign in text)
