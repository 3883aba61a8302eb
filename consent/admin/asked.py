"""What a form or an address asks, read in one way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta


def day(text: str, field: str, wrong: dict[str, str]) -> datetime | None:
    """The start of a day written as YYYY-MM-DD; one that is none is noted in `wrong`."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        wrong[field] = "Write the day as YYYY-MM-DD."
        return None


def day_after(text: str, field: str, wrong: dict[str, str]) -> datetime | None:
    """Where that day ends: the start of the next, or of the last one that can be written."""
    found = day(text, field, wrong)
    return found and (found + timedelta(days=1) if found.date() < date.max else found)
