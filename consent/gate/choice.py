"""The choice cookie as the server reads it, and what it grants. Pure: time is an argument.

Only the exact format counts; whatever else the cookie holds is no choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME = "crumbtrail"
DAY_S = 86_400
LONGEST = 4096
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WRITTEN = re.compile(
    rf"v=1&asks=(?P<asks>[0-9]{{1,9}})&t=(?P<t>[0-9]{{1,12}})&id={UUID7}"
    r"(?P<said>(?:&(?!p=)(?:s\.)?[a-z0-9-]{1,63}=[01])*)(?P<pending>&p=1)?"
)


class Choice(NamedTuple):
    """`closed`: a grant that the server has not confirmed within a day counts as none."""

    asks: int
    t: int
    said: dict[str, bool]
    closed: bool

    def grants(self, category: str | None, service: str | None, asks: int) -> bool:
        """Whether a tracker may be set. A service of its own may be refused; one that was never
        asked about is granted with its category only while the questions are the same."""
        if category is None or self.closed or not self.said.get(category, False):
            return False
        return service is None or self.said.get(f"s.{service}", self.asks >= asks)


def read(header: str, now: float) -> Choice | None:
    """The newest choice in a Cookie header; `now` in seconds since 1970."""
    found = (one for value in values(header, NAME) if (one := decode(value, now)))
    return max(found, key=lambda one: one.t, default=None)


def decode(value: str, now: float) -> Choice | None:
    written = WRITTEN.fullmatch(value) if len(value) <= LONGEST else None
    if written is None:
        return None
    t = int(written["t"])
    if t <= 0 or t > now + DAY_S:
        return None
    pairs = (pair.split("=") for pair in written["said"].split("&")[1:])
    said = {name: on == "1" for name, on in pairs}
    closed = written["pending"] is not None and now - t > DAY_S
    return Choice(int(written["asks"]), t, said, closed)


def pairs(header: str) -> Iterator[tuple[str, str]]:
    """Names and values of a Cookie header, in its order."""
    for part in header.split(";"):
        name, equals, value = part.strip(" \t").partition("=")
        if equals and name:
            yield name, value


def values(header: str, name: str) -> list[str]:
    return [value for own, value in pairs(header) if own == name]
