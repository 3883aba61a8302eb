"""Statistics: what visitors chose, over time and by what is known, read from counts alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from consent import notices, rollup, sites
from consent.admin import charts, figures, guard, tongue
from consent.admin.charts import Chart
from consent.admin.tongue import _
from consent.admin.world import world
from consent.errors import NotFound
from consent.rollup import Period

pages = Blueprint("statistics", __name__)
USUAL = 30
LATEST = 20  # versions that can be compared
LONGEST = timedelta(days=366 * 20)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMNS = ("value", "label", "count", "granted", "partly", "refused", "share")
SPECIAL = {
    "waits": ("from_ms", "to_ms", "label", "count"),
    "first": (*COLUMNS, "low", "high"),
    "course": COLUMNS[:-1],
}


@pages.get("/statistics/")
def every() -> str:
    """A line a site, for whoever has several."""
    today = guard.now().date()
    wrong: dict[str, str] = {}
    period, days = _period(today, wrong)
    lines = rollup.read_all(sites.all_sites(), period)
    lines.sort(key=lambda line: (-line["choices"], line["name"]))
    return render_template("admin/statistics_all.html", lines=lines, **_common(period, days, wrong))


@pages.get("/sites/<key>/statistics/")
def one(key: str) -> Response:
    """The dashboard of a site."""
    site = sites.get(key)
    wrong: dict[str, str] = {}
    period, days = _period(guard.now().date(), wrong)
    known = [notice.version for notice in notices.versions(site)][:LATEST]
    compared = _compared(known)
    read = rollup.read(site, period, compared)
    page = render_template(
        "admin/statistics.html",
        site=site,
        read=read,
        charts={chart.name: chart for chart in charts.charts(read)},
        world=world(),
        known=known,
        compared=compared,
        asked=_asked(),
        **_common(period, days, wrong),
    )
    return make_response(page, 422 if wrong else 200)


@pages.get("/sites/<key>/statistics/<chart>.csv")
def download(key: str, chart: str) -> BaseResponse:
    """The lines of one chart as the page shows them (RFC 4180); no cell starts a formula."""
    site = sites.get(key)
    wrong: dict[str, str] = {}
    period, _days = _period(guard.now().date(), wrong)
    known = [notice.version for notice in notices.versions(site)]
    read = rollup.read(site, period, _compared(known))
    found = next((one for one in charts.charts(read) if one.name == chart), None)
    if found is None or wrong:
        raise NotFound("not_found", "There is no such chart in this period.")
    name = f"{site.key}-{chart}-{read['from']}-{read['to']}.csv"
    answer = make_response(as_csv(found))
    answer.headers["Content-Type"] = "text/csv; charset=utf-8; header=present"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def as_csv(chart: Chart) -> str:
    """Counts as whole numbers, shares from 0 to 1 with a point, names in the reader's language."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    columns = SPECIAL.get(chart.name, COLUMNS)
    writer.writerow(columns)
    for line in chart.lines:
        writer.writerow([_cell(line.get(column)) for column in columns])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _common(period: Period, days: int, wrong: dict[str, str]) -> dict[str, Any]:
    """What both pages are shown with."""
    return {
        "period": period,
        "days": days,
        "wrong": wrong,
        "number": tongue.number,
        "figures": figures,
        "lengths": (
            (7, _("7 days")),
            (30, _("30 days")),
            (90, _("90 days")),
            (365, _("12 months")),
        ),
    }


def _period(today: date, wrong: dict[str, str]) -> tuple[Period, int]:
    """The period of the address and its length where it is one of the usual ones, else 0.

    What is not a period is said in `wrong`, and the usual one is shown.
    """
    first, last = _day("from", wrong), _day("to", wrong)
    if (first or last) and not wrong:
        last = min(last or today, today)
        first = first or last
        if first > last:
            wrong["from"] = _("The first day is after the last.")
        elif last - first > LONGEST or first.year < 2000:
            wrong["from"] = _("At most twenty years, and none before 2000.")
        else:
            return Period(first, last), 0
    asked = request.args.get("days", "")
    if asked == "365":  # whole months, this one included, so that the columns are alike
        return Period(_months_back(today, 11), today), 365
    days = int(asked) if asked in ("7", "30", "90") else USUAL
    return Period(today - timedelta(days=days - 1), today), days


def _months_back(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def _day(name: str, wrong: dict[str, str]) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = _("Write the day as YYYY-MM-DD.")
        return None


def _compared(known: Sequence[int]) -> list[int]:
    asked = request.args.getlist("version")
    return [version for version in known if str(version) in asked]


def _asked() -> dict[str, Any]:
    """The question of this page, for the addresses of its files."""
    names = ("days", "from", "to")
    asked: dict[str, Any] = {n: v for n in names if (v := request.args.get(n))}
    if versions := request.args.getlist("version"):
        asked["version"] = versions
    return asked
