"""A period as days, and as the fewest spans that cover it. Pure."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

BY_DAY = 92  # days; longer periods are drawn by month
LONGEST = 366 * 20


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included, in UTC."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, right before."""
        length = timedelta(days=self.days)
        return Period(self.first - length, self.last - length)

    @property
    def by_month(self) -> bool:
        """Whether its course is told by month."""
        return self.days > BY_DAY

    def spans(self) -> list[int]:
        """Whole months (202611), and the days (20261121) of months that are not whole."""
        found, day = [], self.first
        while day <= self.last:
            end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
            if day.day == 1 and end <= self.last:
                found.append(day.year * 100 + day.month)
                day = end + timedelta(days=1)
            else:
                found.append(number(day))
                day += timedelta(days=1)
        return found

    def step_spans(self) -> list[int]:
        """Spans none of which holds two steps of its course."""
        if self.by_month:
            return self.spans()
        return [number(self.first + timedelta(days=n)) for n in range(self.days)]

    def steps(self) -> list[str]:
        """What its course is told in: '2026-11-21' for days, '2026-11' for months."""
        if not self.by_month:
            days = (self.first + timedelta(days=n) for n in range(self.days))
            return [day.isoformat() for day in days]
        months = range(
            self.first.year * 12 + self.first.month, self.last.year * 12 + self.last.month + 1
        )
        return [f"{(m - 1) // 12:04}-{(m - 1) % 12 + 1:02}" for m in months]


def number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def step(span: int, by_month: bool) -> str:
    """The step of a span."""
    month = span // 100 if span > 999_999 else span
    name = f"{month // 100:04}-{month % 100:02}"
    return name if by_month else f"{name}-{span % 100:02}"
