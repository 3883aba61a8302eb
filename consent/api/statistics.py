"""Statistics of a site, read from counts alone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from flask import Blueprint
from marshmallow import Schema

from consent import rollup
from consent.errors import Invalid
from consent.rollup import Period
from consent.wire import Facts, Text, Word

from . import door
from .frame import operation

calls = Blueprint("statistics", __name__, url_prefix="/sites/<key>/statistics")
TAG = "admin-statistics"
DAY = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
VERSIONS = re.compile(r"[1-9][0-9]{0,8}(?:,[1-9][0-9]{0,8}){0,19}")
USUAL = 30
LONGEST = timedelta(days=366 * 20)


class StatisticsQuery(Schema):
    from_ = Text(DAY, data_key="from", metadata={"description": "First day, in UTC."})
    to = Text(DAY, metadata={"description": "Last day; today where it is not said."})
    versions = Text(VERSIONS, metadata={"description": "Of the notice, to compare: `3,4`."})


class StatisticsAnswer(Schema):
    """A period, told by day or by month. `read` has the counts and shares of docs/statistics.md;
    values that fewer than five visitors share are together under `*`."""

    from_ = Text(DAY, data_key="from", attribute="from")
    to = Text(DAY)
    steps = Word(("day", "month"))
    read = Facts()


@operation(
    calls,
    "GET",
    "Statistics of a site",
    tag=TAG,
    query=StatisticsQuery(),
    answer=StatisticsAnswer(),
    more="The last 30 days where no period is said.",
)
def one(key: str, query: dict[str, Any]) -> dict[str, Any]:
    site, today = door.site(key), door.now().date()
    last = min(_day(query, "to") or today, today)
    first = _day(query, "from_") or last - timedelta(days=USUAL - 1)
    if first > last or last - first > LONGEST:
        why = "Not after the last day, and at most twenty years before it."
        raise Invalid("field_value", f"from: {why}", fields={"from": why})
    versions = [int(one) for one in query["versions"].split(",")] if "versions" in query else []
    read = rollup.read(site, Period(first, last), versions)
    apart = ("site", "from", "to", "steps")
    told = {name: read[name] for name in apart[1:]}
    return told | {"read": {name: value for name, value in read.items() if name not in apart}}


def _day(query: dict[str, Any], name: str) -> date | None:
    if name not in query:
        return None
    try:
        return date.fromisoformat(query[name])
    except ValueError:
        why = "There is no such day."
        said = name.rstrip("_")
        raise Invalid("field_value", f"{said}: {why}", fields={said: why}) from None
