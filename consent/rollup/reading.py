"""Statistics of a site over a period, read from the counts alone: one question, whatever the
period."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, union_all

from ..db import db
from ..notices import Notice
from ..records.rows import ACTIONS, CATEGORIES
from ..sites import Site
from .cells import WAITS, WIDTH
from .chances import quantile, wilson
from .period import Period, step
from .table import Cell, Kind

SMALL = 5  # fewer than so many are not named
OTHER = "*"  # what is not named, together
Numbers = dict[str, tuple[int, int, int]]
Counts = dict[int, Numbers]
Waits = list[tuple[int, int | None, int]]  # from and to in ms, and how many
Part = tuple[Sequence[Kind], Sequence[str]]  # kinds and values; all of them where none is named
EVERYTHING: tuple[Part, ...] = (((), ()),)
NAMED = {  # what a visitor could be told by; see docs/statistics.md
    "countries": Kind.COUNTRY,
    "languages": Kind.LANGUAGE,
    "devices": Kind.DEVICE,
    "browsers": Kind.BROWSER,
    "regimes": Kind.REGIME,
}
PLAIN = {
    "actions": Kind.ACTION,
    "layers": Kind.LAYER,
    "again": Kind.AGAIN,
    "suspects": Kind.SUSPECT,
}


def read(site: Site, period: Period, versions: Sequence[int] = ()) -> dict[str, Any]:
    """All statistics of the days of `period`, plain enough for JSON.

    {"site", "from", "to", "steps": "day" or "month", "total": COUNT, "before": SHORT,
    "course": [COUNT + {"value"}], "hours", "actions", "categories", "countries", "languages",
    "devices", "layers", "regimes", "browsers", "versions", "first", "again", "suspects":
    [COUNT + {"value", "share"}], "waits": [{"from_ms", "to_ms", "count"}], and SHORT: "choices",
    "granted_share", "category_shares", "gpc_share", "again_share", "asked_again", "withdrawals",
    "suspect", "median_ms", "quarter_ms", "three_quarters_ms"}.

    COUNT is {"count", "granted", "partly", "refused"}. A share is 0 to 1, None where there is
    nothing to share. In countries, languages, devices, browsers and regimes, values with fewer
    than SMALL are together under "*". `versions` leaves out other versions of the notice in
    "first", the first answers of visitors, with "low" and "high", Wilson's interval of "granted".
    """
    counts = _counts([site.id], period)[site.id]
    before = _counts([site.id], period.before, SHORT)[site.id]
    numbers = {number: version for number, version in db.session.execute(_versions(site))}
    answered = _named(counts.get(Kind.FIRST, {}), numbers)
    found: dict[str, Any] = {
        "site": site.key,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "steps": "month" if period.by_month else "day",
        "total": _count(counts.get(Kind.TOTAL, {}).get("", (0, 0, 0))),
        **short(counts),
        "before": short(before),
        "course": _course([site.id], period),
        "hours": _lines({f"{h:02}": (0, 0, 0) for h in range(24)} | counts.get(Kind.HOUR, {})),
        "categories": _lines(counts.get(Kind.CATEGORY, {}), CATEGORIES),
        "versions": _lines(_named(counts.get(Kind.NOTICE, {}), numbers)),
        "first": [_trusted(one) for one in _lines(answered) if wanted(one, versions)],
        "waits": [{"from_ms": start, "to_ms": end, "count": n} for start, end, n in _waits(counts)],
    }
    for name, kind in PLAIN.items():
        order = ACTIONS if kind == Kind.ACTION else ()
        lines = {v: n for v, n in counts.get(kind, {}).items() if v or kind != Kind.SUSPECT}
        found[name] = _lines(lines, order)
    for name, kind in NAMED.items():
        found[name] = _folded(counts.get(kind, {}))
    return found


def wanted(line: dict[str, Any], versions: Sequence[int]) -> bool:
    """Whether a line of a version is asked for."""
    return not versions or line["value"] in {str(version) for version in versions}


def read_all(sites: Sequence[Site], period: Period) -> list[dict[str, Any]]:
    """For each site "site", "name", "total", "before" and SHORT, as `read` has them, but for what
    GPC, choosing again and the time to choose are."""
    ids = [site.id for site in sites]
    now = _counts(ids, period, BRIEF)
    before = _counts(ids, period.before, BRIEF)
    return [
        {
            "site": site.key,
            "name": site.name,
            "total": _count(now[site.id].get(Kind.TOTAL, {}).get("", (0, 0, 0))),
            **_brief(now[site.id]),
            "before": _brief(before[site.id]),
        }
        for site in sites
    ]


def _brief(counts: Counts) -> dict[str, Any]:
    return {name: value for name, value in short(counts).items() if name not in UNTOLD}


def short(counts: Counts) -> dict[str, Any]:
    """The few numbers at the top of a page."""
    total = counts.get(Kind.TOTAL, {}).get("", (0, 0, 0))
    many = sum(total)
    waits = _waits(counts)
    again = {value: sum(n) for value, n in counts.get(Kind.AGAIN, {}).items()}
    of = counts.get(Kind.CATEGORY, {})
    return {
        "choices": many,
        "granted_share": _share(total[0], many),
        "category_shares": {
            name: _share(of[name][0], sum(of[name])) for name in CATEGORIES if name in of
        },
        "gpc_share": _share(sum(counts.get(Kind.SIGNAL, {}).get("gpc", ())), many),
        "again_share": _share(sum(again.values()), many),
        "asked_again": again.get("asked", 0),
        "withdrawals": sum(counts.get(Kind.ACTION, {}).get("withdraw", ())),
        "suspect": sum(counts.get(Kind.SUSPECT, {}).get("", ())),
        "median_ms": quantile(waits, 0.5),
        "quarter_ms": quantile(waits, 0.25),
        "three_quarters_ms": quantile(waits, 0.75),
    }


# What `short` looks at; and the few lines of it that many sites at once are asked for.
BRIEF: tuple[Part, ...] = (
    ((Kind.TOTAL, Kind.SUSPECT), ("",)),
    ((Kind.CATEGORY,), CATEGORIES),
    ((Kind.ACTION,), ("withdraw",)),
)
SHORT: tuple[Part, ...] = (
    (
        (
            Kind.TOTAL,
            Kind.SUSPECT,
            Kind.CATEGORY,
            Kind.ACTION,
            Kind.WAIT,
            Kind.SIGNAL,
            Kind.AGAIN,
        ),
        (),
    ),
)
UNTOLD = ("gpc_share", "again_share", "asked_again", "median_ms", "quarter_ms", "three_quarters_ms")


def counts_of(site: Site, period: Period, parts: Sequence[Part] = EVERYTHING) -> Counts:
    """The sums of one site over a period, by kind and value."""
    return _counts([site.id], period, parts)[site.id]


def course_of(site: Site, period: Period) -> list[dict[str, Any]]:
    """COUNT of each step of a period, with its "value"; steps without choices included."""
    return _course([site.id], period)


def _counts(
    ids: Sequence[int], period: Period, parts: Sequence[Part] = EVERYTHING
) -> dict[int, Counts]:
    """The sums over a period, by site, kind and value. One question; each of its parts is found by
    the whole key, so what is not asked for is not read."""
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        # A thousand lines are read before a helping process has started.
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
    query = union_all(*(_part(ids, period, *part) for part in parts))
    found: dict[int, Counts] = {number: {} for number in ids}
    for site_id, kind, value, *more in db.session.execute(query):
        granted, partly, refused = (int(n) for n in more)
        found[site_id].setdefault(kind, {})[value] = granted, partly, refused
    return found


def _part(ids: Sequence[int], period: Period, kinds: Sequence[Kind], values: Sequence[str]) -> Any:
    sums = [func.sum(column) for column in (Cell.granted, Cell.partly, Cell.refused)]
    query = (
        select(Cell.site_id, Cell.kind, Cell.value, *sums)
        .where(Cell.site_id.in_(ids), Cell.span.in_(period.spans()))
        .group_by(Cell.site_id, Cell.kind, Cell.value)
    )
    if kinds:
        query = query.where(Cell.kind.in_([int(kind) for kind in kinds]))
    return query.where(Cell.value.in_(values)) if values else query


def _course(ids: Sequence[int], period: Period) -> list[dict[str, Any]]:
    """What was chosen in each step of the period, steps without choices included."""
    query = select(Cell.span, Cell.granted, Cell.partly, Cell.refused).where(
        Cell.site_id.in_(ids), Cell.span.in_(period.step_spans()), Cell.kind == int(Kind.TOTAL)
    )
    held = {name: (0, 0, 0) for name in period.steps()}
    for span, granted, partly, refused in db.session.execute(query):
        name = step(span, period.by_month)
        a, b, c = held[name]
        held[name] = a + granted, b + partly, c + refused
    return [{"value": name, **_count(numbers)} for name, numbers in held.items()]


def _waits(counts: Counts) -> Waits:
    return waits_of(counts.get(Kind.WAIT, {}))


def waits_of(held: Numbers) -> Waits:
    """The counts of buckets as (from, to, count), rising; every bucket there is."""
    ends: Iterable[int | None] = (*WAITS[1:], None)
    return [
        (start, end, sum(held.get(f"{start:0{WIDTH}}", ())))
        for start, end in zip(WAITS, ends, strict=True)
    ]


def _lines(numbers: Numbers, order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One line a value: in the order given, else by value."""
    values = (
        [value for value in order if value in numbers] if order else sorted(numbers, key=by_length)
    )
    whole = sum(sum(n) for n in numbers.values())
    return [
        {"value": v, **_count(numbers[v]), "share": _share(sum(numbers[v]), whole)} for v in values
    ]


def by_length(value: str) -> tuple[int, str]:
    """Numbers in their order, written as they are."""
    return len(value), value


def _folded(numbers: Numbers) -> list[dict[str, Any]]:
    """The largest first; what is small is counted together and not named."""
    large = {value: n for value, n in numbers.items() if sum(n) >= SMALL}
    small = [n for value, n in numbers.items() if value not in large]
    whole = sum(sum(n) for n in numbers.values())
    order = sorted(large, key=lambda value: (-sum(large[value]), value))
    if small:
        large[OTHER] = tuple(map(sum, zip(*small, strict=True)))  # type: ignore[assignment]
        order.append(OTHER)
    return [{"value": v, **_count(large[v]), "share": _share(sum(large[v]), whole)} for v in order]


def _named(numbers: Numbers, versions: dict[int, int]) -> Numbers:
    """Counts by a notice's row, by its version."""
    return {str(versions[int(value)]): n for value, n in numbers.items() if int(value) in versions}


def _versions(site: Site) -> Any:
    return select(Notice.id, Notice.version).where(Notice.site_id == site.id)


def _trusted(line: dict[str, Any]) -> dict[str, Any]:
    low, high = wilson(line["granted"], line["count"]) or (None, None)
    return {**line, "low": low, "high": high}


def _count(numbers: Sequence[int]) -> dict[str, int]:
    granted, partly, refused = numbers
    return {
        "count": granted + partly + refused,
        "granted": granted,
        "partly": partly,
        "refused": refused,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
