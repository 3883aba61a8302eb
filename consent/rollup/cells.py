"""How one record becomes counts. Pure: the writer and `rebuild` see a record alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from ..db import from_micros
from ..records.rows import (
    ACTIONS,
    BROWSERS,
    CATEGORIES,
    DENIED,
    DEVICES,
    DNT,
    GPC,
    GRANTED,
    Line,
    Row,
)
from ..records.suspicion import ANSWERS, words
from .table import Kind

GRANTED_ALL, GRANTED_SOME, REFUSED = range(3)
# Lower bounds of the buckets of the time to choose, in ms; the last has no end.
WAITS = (
    0, 250, 500, 1000, 1500, 2000, 2500, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000, 15_000,
    20_000, 25_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 300_000, 600_000, 1_800_000,
)  # fmt: skip
WIDTH = 8  # digits of a bucket
HOUR = 3_600_000_000  # microseconds
LONGEST = 16  # characters of a value, as the column has them

Place = tuple[int, int, str]  # day, kind, value
Counts = dict[Place, list[int]]


@dataclass(slots=True)
class Seen:
    """A record with the words behind its numbers; `again` is '' for one that follows no other."""

    row: Row | Line
    country: str
    language: str
    regime: str
    again: str
    reasons: int


def count(seen: Seen, into: Counts) -> None:
    """Add one record to the counts."""
    day, hour = when(seen.row.seq)
    if seen.reasons:
        for reason in ("", *words(seen.reasons)):
            _one(into, (day, Kind.SUSPECT, reason), outcome(seen.row.categories))
        return
    whole = outcome(seen.row.categories)
    for kind, value in _values(seen, hour):
        _one(into, (day, kind, value[:LONGEST]), whole)
    for position, name in enumerate(CATEGORIES):
        state = seen.row.categories >> (2 * position) & 3
        if state:
            _one(into, (day, Kind.CATEGORY, name), GRANTED_ALL if state == GRANTED else REFUSED)


@cache
def outcome(categories: int) -> int:
    """Whether all, some or nothing of what was asked was granted; nothing asked is nothing."""
    states = [categories >> (2 * position) & 3 for position in range(len(CATEGORIES))]
    if GRANTED not in states:
        return REFUSED
    return GRANTED_SOME if DENIED in states else GRANTED_ALL


def when(seq: int) -> tuple[int, str]:
    """The day and the hour of a time of receipt, in UTC."""
    return _hour(seq // HOUR)


@lru_cache(64)
def _hour(hours: int) -> tuple[int, str]:
    at = from_micros(hours * HOUR)
    return at.year * 10_000 + at.month * 100 + at.day, f"{at.hour:02}"


def bucket(wait_ms: int) -> str:
    """The bucket of a time to choose."""
    return f"{WAITS[bisect_right(WAITS, wait_ms) - 1]:0{WIDTH}}"


def _values(seen: Seen, hour: str) -> Iterator[tuple[Kind, str]]:
    row = seen.row
    yield Kind.TOTAL, ""
    yield Kind.HOUR, hour
    yield Kind.ACTION, ACTIONS[row.action]
    yield Kind.COUNTRY, seen.country
    yield Kind.LANGUAGE, seen.language
    yield Kind.DEVICE, "" if row.device is None else DEVICES[row.device]
    yield Kind.LAYER, str(row.layer)
    yield Kind.REGIME, seen.regime
    yield Kind.NOTICE, str(row.notice_id)
    yield Kind.BROWSER, BROWSERS[row.browser]
    if row.action in ANSWERS:
        known = row.shown is not None and row.shown <= 0
        wait = bucket(-row.shown) if known else ""  # type: ignore[operator]
        if known:
            yield Kind.WAIT, wait
        if row.previous is None:
            yield Kind.FIRST, str(row.notice_id)
            if known:
                yield Kind.FIRST_WAIT, f"{wait}{row.notice_id}"
    if row.signals & GPC:
        yield Kind.SIGNAL, "gpc"
    if row.signals & DNT:
        yield Kind.SIGNAL, "dnt"
    if seen.again:
        yield Kind.AGAIN, seen.again


def _one(into: Counts, place: Place, which: int) -> None:
    counts = into.get(place)
    if counts is None:
        counts = into[place] = [0, 0, 0]
    counts[which] += 1
