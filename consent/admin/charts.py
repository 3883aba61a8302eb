"""Charts of statistics: what each says, in words, in numbers, and as shapes. A page draws its lines
and a CSV file has them: the same lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from consent import rollup
from consent.admin import figures, show, tongue
from consent.admin.figures import lasted, percent
from consent.admin.tongue import _
from consent.admin.world import world
from consent.rollup import OTHER

HIGH = 100  # units of height of a chart of bars
STEPS = 5  # shades of the map
PARTS = ("granted", "partly", "refused")
Line = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """`lines` as `rollup.read` has them, each with "label"; `shape`: columns, rows, map, waits."""

    name: str
    title: str
    shape: str
    lines: list[Line]
    summary: str
    more: dict[str, Any] = field(default_factory=dict)


def charts(read: dict[str, Any]) -> list[Chart]:
    """All charts of a period, those that have something to show."""
    every = [
        _course(read),
        _countries(read),
        _rows(read, "categories", _("By category"), _categories()),
        _rows(read, "actions", _("By what was done"), {n: _(w) for n, w in show.ACTIONS.items()}),
        _waits(read),
        _rows(read, "devices", _("By device"), _devices()),
        _rows(read, "languages", _("By language"), _languages()),
        _rows(read, "layers", _("By layer"), _layers()),
        _rows(read, "regimes", _("By rules of the place"), {}),
        _rows(read, "versions", _("By version of the notice"), _versions(read["versions"])),
        _rows(read, "browsers", _("By browser"), {"other": _("Another browser")}),
        _hours(read),
        _rows(read, "again", _("Those who chose again"), _again()),
        _rows(read, "suspects", _("Suspect, and counted nowhere else"), _suspects()),
        _first(read),
    ]
    return [chart for chart in every if any(line["count"] for line in chart.lines)]


def _course(read: dict[str, Any]) -> Chart:
    lines = [{**line, "label": figures.moment(line["value"])} for line in read["course"]]
    most = max(lines, key=lambda line: line["count"])
    summary = _(
        "%(n)s choices. The peak: %(most)s, %(when)s.",
        n=tongue.number(read["choices"]),
        most=tongue.number(most["count"]),
        when=most["label"],
    )
    title = _("Choices by month") if read["steps"] == "month" else _("Choices by day")
    return Chart("course", title, "columns", lines, summary, columns(lines))


def _hours(read: dict[str, Any]) -> Chart:
    lines = [{**line, "label": f"{line['value']}:00"} for line in read["hours"]]
    most = max(lines, key=lambda line: line["count"])
    summary = _("The most choices, %(share)s, come in the hour from %(when)s UTC.",
                share=percent(most["share"]), when=most["label"])  # fmt: skip
    return Chart("hours", _("By hour of the day"), "columns", lines, summary, columns(lines))


def _waits(read: dict[str, Any]) -> Chart:
    lines = [
        {**wait, "label": _bounds(wait["from_ms"], wait["to_ms"]), "granted": wait["count"]}
        for wait in read["waits"]
    ]
    summary = _(
        "Half of them took less than about %(half)s; the middle half, about %(low)s to %(high)s.",
        half=lasted(read["median_ms"]),
        low=lasted(read["quarter_ms"]),
        high=lasted(read["three_quarters_ms"]),
    )
    shapes = columns([{**line, "partly": 0, "refused": 0} for line in lines])
    return Chart("waits", _("Time to choose"), "waits", lines, summary, shapes)


def _bounds(start: int, end: int | None) -> str:
    if end is None:
        return _("%(from)s or more", **{"from": lasted(start)})
    return _("%(from)s to %(to)s", **{"from": lasted(start), "to": lasted(end)})


def _countries(read: dict[str, Any]) -> Chart:
    names = world()["names"][tongue.language()]
    chart = _rows(read, "countries", _("By country"), {"": _("Not known"), **names}, "map")
    most = max(
        (line["count"] for line in chart.lines if line["value"] not in ("", OTHER)), default=0
    )
    shades = {
        line["value"]: (shade(line["count"], most), _telling(line))
        for line in chart.lines
        if line["value"] not in ("", OTHER)
    }
    return Chart(chart.name, chart.title, "map", chart.lines, chart.summary, {"shades": shades})


def _rows(
    read: dict[str, Any], name: str, title: str, words: dict[str, str], shape: str = "rows"
) -> Chart:
    lines = [{**line, "label": _label(line["value"], words)} for line in read[name]]
    most = max(lines, key=lambda line: line["count"], default=None)
    summary = ""
    if most is not None and name != "categories":
        summary = _("The most: %(label)s, %(share)s of %(n)s.", label=most["label"],
                    share=percent(most["share"]),
                    n=tongue.number(sum(line["count"] for line in lines)))  # fmt: skip
    longest = max((line["count"] for line in lines), default=0)
    return Chart(name, title, shape, lines, summary, {"longest": longest})


def _first(read: dict[str, Any]) -> Chart:
    """The comparison of versions: only first answers, so each visitor counts once."""
    words = _versions(read["first"])
    lines = [{**line, "label": words[line["value"]]} for line in read["first"]]
    return Chart("first", _("Versions compared"), "compared", lines, verdict(lines))


def verdict(lines: Sequence[Line]) -> str:
    """What can be said of two versions, and what not."""
    if len(lines) != 2:
        return _("Choose two versions to compare them.") if len(lines) > 2 else ""
    one, other = lines
    shares = {
        "one": one["label"],
        "p": percent(one["granted"] / one["count"] if one["count"] else None),
        "other": other["label"],
        "q": percent(other["granted"] / other["count"] if other["count"] else None),
    }
    differ = rollup.differ((one["granted"], one["count"]), (other["granted"], other["count"]))
    if differ is None:
        return _("One of the two has no first answers in this period.")
    if differ:
        return _(
            "%(one)s: %(p)s granted all. %(other)s: %(q)s. Chance alone hardly explains it (95%%).",
            **shares,
        )
    return _(
        "%(one)s: %(p)s granted all. %(other)s: %(q)s. Chance alone can explain the difference.",
        **shares,
    )


def columns(lines: Sequence[Line]) -> dict[str, Any]:
    """Where the stacked bars stand: one unit wide each, HIGH units for the highest."""
    top = _round_up(max((line["count"] for line in lines), default=0))
    bars = []
    for number, line in enumerate(lines):
        y = float(HIGH)
        for part in PARTS:
            height = HIGH * line[part] / top if top else 0
            y -= height
            if height:
                bars.append((part, number, round(y, 2), round(height, 2), number))
    return {"bars": bars, "top": top, "wide": len(lines), "told": [_telling(one) for one in lines]}


def _round_up(most: int) -> int:
    """The next round number above, for the top of a scale."""
    if most <= 10:
        return max(most, 1)
    tenth: int = 10 ** (len(str(most)) - 2)
    return next(
        n * tenth for n in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100) if n * tenth >= most
    )


def shade(count: int, most: int) -> int:
    """1 to STEPS, so that a country with a hundredth of the largest still differs from none."""
    share = (count / most) ** 0.4 if most else 0
    return max(1, min(STEPS, 1 + int(share * STEPS)))


def _telling(line: Line) -> str:
    if "to_ms" in line:
        return _("%(label)s: %(n)s", label=line["label"], n=tongue.number(line["count"]))
    return _(
        "%(label)s: %(n)s choices; all granted %(all)s, some %(some)s, none %(none)s",
        label=line["label"],
        n=tongue.number(line["count"]),
        all=tongue.number(line["granted"]),
        some=tongue.number(line["partly"]),
        none=tongue.number(line["refused"]),
    )


def _label(value: str, words: dict[str, str]) -> str:
    if value == OTHER:
        return _("Others, fewer than %(n)s each", n=rollup.SMALL)
    return words.get(value) or value or _("Not said")


def _versions(lines: Sequence[Line]) -> dict[str, str]:
    return {line["value"]: _("Version %(n)s", n=line["value"]) for line in lines}


def _categories() -> dict[str, str]:
    return {name: show.category_name(name) for name in show.CATEGORIES}


def _devices() -> dict[str, str]:
    return {"phone": _("Phone"), "tablet": _("Tablet"), "desktop": _("Computer")}


def _languages() -> dict[str, str]:
    return {tag: show.language_name(tag) for tag in show.LANGUAGES}


def _layers() -> dict[str, str]:
    return {
        "0": _("No layer: by signal or by the page"),
        "1": _("First layer"),
        "2": _("Settings"),
        "3": _("The visitor's own page"),
    }


def _again() -> dict[str, str]:
    return {
        "asked": _("Asked again, because the notice asks for more"),
        "own": _("Changed their mind, or their choice had ended"),
        "unknown": _("The choice before is no longer here"),
    }


def _suspects() -> dict[str, str]:
    return {
        "burst": _("Many from one address in a short time"),
        "fast": _("Answered faster than a hand can"),
        "clock": _("The browser's clock is far off, or it sent days later"),
    }
