"""One trial: what the version on trial and the one beside it were answered."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

from consent import notices, rollup, sites
from consent.admin import figures, guard, tongue
from consent.errors import NotFound
from consent.notices import Notice, Trial
from consent.rollup import Period
from consent.sites import Site

pages = Blueprint("trials", __name__, url_prefix="/sites/<key>/notice/trials")
COLUMNS = (
    "version answers count granted partly refused low high timed"
    " quarter_ms median_ms three_quarters_ms"
).split()
TIMES = ("quarter_ms", "median_ms", "three_quarters_ms")  # whole milliseconds


@pages.get("/<int:version>")
def one(key: str, version: int) -> str:
    """The two versions beside each other since the trial began."""
    site = sites.get(key)
    trial, tried = _trial(site, version)
    return render_template(
        "admin/trial.html",
        site=site,
        trial=trial,
        tried=tried,
        number=tongue.number,
        figures=figures,
        **_beside(site, trial, tried),
    )


@pages.get("/<int:version>.csv")
def table(key: str, version: int) -> Response:
    """The same numbers (RFC 4180)."""
    site = sites.get(key)
    trial, tried = _trial(site, version)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for line in _beside(site, trial, tried)["lines"]:
        writer.writerow({name: _cell(name, line[name]) for name in COLUMNS})
    answer = make_response(out.getvalue())
    answer.headers["Content-Type"] = "text/csv; charset=utf-8; header=present"
    name = f"{site.key}-trial-{version}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _trial(site: Site, version: int) -> tuple[Trial, Notice]:
    found = next((pair for pair in notices.trials(site) if pair[1].version == version), None)
    if found is None:
        raise NotFound("not_found", "That version was never on trial.")
    return found


def _beside(site: Site, trial: Trial, tried: Notice) -> dict[str, Any]:
    last = (trial.ended_at or guard.now()).date()
    period = Period(trial.started_at.date(), last)
    return rollup.beside(site, (tried, notices.version(site, trial.against)), period)


def _cell(name: str, value: Any) -> Any:
    if name in TIMES:
        return "" if value is None else round(value)
    return f"{value:.4f}" if isinstance(value, float) else value
