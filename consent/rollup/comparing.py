"""Two versions of a notice beside each other, from the counts alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..notices import Notice
from ..sites import Site
from .cells import WIDTH
from .chances import differ, quantile, wilson
from .falling import Day
from .period import Period
from .reading import Numbers, counts_of, course_of, waits_of
from .table import Kind

PARTS = ((Kind.NOTICE, Kind.FIRST, Kind.FIRST_WAIT), ())
TIMES = {"quarter_ms": 0.25, "median_ms": 0.5, "three_quarters_ms": 0.75}


def beside(site: Site, versions: tuple[Notice, Notice], period: Period) -> dict[str, Any]:
    """What each of two versions was answered on the days of a period.

    {"lines": [{"version", "answers", "count", "granted", "partly", "refused", "low", "high",
    "timed", "quarter_ms", "median_ms", "three_quarters_ms"}], "differ"}: `answers` are all, the
    counts after it are first answers (those of visitors who had given none before), `low` to `high`
    Wilson's interval of the share of `granted` at 95 %. `timed` of them say when they were shown;
    of these are the quartiles of the time to choose, None without any.
    `differ`: whether the two shares are further apart than chance explains, None without answers.
    """
    counts = counts_of(site, period, (PARTS,))
    lines: list[dict[str, Any]] = []
    for one in versions:
        key = str(one.id)
        granted, partly, refused = counts.get(Kind.FIRST, {}).get(key, (0, 0, 0))
        count = granted + partly + refused
        low, high = wilson(granted, count) or (None, None)
        answers = sum(counts.get(Kind.NOTICE, {}).get(key, (0, 0, 0)))
        lines.append(
            {
                "version": one.version,
                "answers": answers,
                "count": count,
                "granted": granted,
                "partly": partly,
                "refused": refused,
                "low": low,
                "high": high,
                **_times(counts.get(Kind.FIRST_WAIT, {}), key),
            }
        )
    shares = [(line["granted"], line["count"]) for line in lines]
    return {"lines": lines, "differ": differ(shares[0], shares[1])}


def _times(held: Numbers, notice: str) -> dict[str, Any]:
    """How many first answers to a notice say how long they took, and their quartiles."""
    waits = waits_of({v[:WIDTH]: n for v, n in held.items() if v[WIDTH:] == notice})
    found = {name: quantile(waits, share) for name, share in TIMES.items()}
    return {"timed": sum(n for _, _, n in waits), **found}


def daily(site: Site, first: date, last: date) -> list[Day]:
    """What was answered on each day, from the first to the last, both included."""
    lines = course_of(site, Period(first, last))
    return [Day(line["granted"] + line["partly"], line["count"]) for line in lines]
