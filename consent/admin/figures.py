"""How numbers of statistics read: counts, shares, times, and the change since the period before."""

from __future__ import annotations

from datetime import date

from consent.admin import tongue
from consent.admin.tongue import _


def percent(share: float | None) -> str:
    """A share of 0 to 1; a dash where there is nothing to share."""
    if share is None:
        return "–"
    text = tongue.number(share * 100, 1)
    return f"{text}%" if tongue.language() == "en" else f"{text}\N{NO-BREAK SPACE}%"


def lasted(ms: float | None) -> str:
    """A time to choose, as exactly as it is known."""
    if ms is None:
        return "–"
    if ms < 60_000:
        return _("%(n)s s", n=tongue.number(ms / 1000, 1 if ms < 10_000 and ms % 1000 else 0))
    return _("%(n)s min", n=tongue.number(ms / 60_000, 1 if ms % 60_000 else 0))


def points(now: float | None, before: float | None) -> str:
    """What a share gained or lost, in percentage points."""
    if now is None or before is None:
        return _("nothing to compare with")
    change = (now - before) * 100
    if abs(change) < 0.05:
        return _("as in the period before")
    by = tongue.number(abs(change), 1)
    if change > 0:
        return _("up %(n)s points", n=by)
    return _("down %(n)s points", n=by)


def times(now: float | None, before: float | None) -> str:
    """What a number gained or lost, in percent of what it was."""
    if not before or now is None:
        return _("nothing to compare with")
    change = now / before - 1
    if abs(change) < 0.0005:
        return _("as in the period before")
    by = percent(abs(change))
    return _("up by %(n)s", n=by) if change > 0 else _("down by %(n)s", n=by)


def moment(step: str) -> str:
    """A day (2026-11-21) or a month (2026-11) of a course."""
    if len(step) == 10:
        return _day(date.fromisoformat(step))
    month = _(tongue.MONTHS[int(step[5:]) - 1])
    return f"{month} {step[:4]}"


def _day(day: date) -> str:
    month = _(tongue.MONTHS[day.month - 1])
    return _("%(day)s %(month)s %(year)s", day=day.day, month=month, year=day.year)
