"""Records as CSV (RFC 4180): one column for each path of the JSON, whatever the record holds.

A spreadsheet runs what it takes for a formula. So a cell that would begin as one, also after a sign
at which some programs cut cells, gets an apostrophe there. CSV is for reading; the exact bytes are
in JSON.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..records.rows import CATEGORIES

ERASED = "[erased]"

_BEFORE = ("v", "id", "site", "visitor", "action", *(f"categories.{name}" for name in CATEGORIES))
_AFTER = (
    "notice answer regime regime_shown regimes place.country place.subdivision place.source "
    "place.database language layer device browser received_at claimed_at shown_at page signals.gpc "
    "signals.dnt previous superseded erased log.index log.commitment log.salt"
).split()
# Apostrophes that stand there already get one more, so that taking one away gives the text back.
_ACTIVE = re.compile(r"(^|[;\t\r\n])(?='*[=+\-@\t\r])")


def columns(services: Iterable[str]) -> list[str]:
    """The columns of a site whose notices ever named these services."""
    return [*_BEFORE, *(f"services.{name}" for name in sorted(set(services))), *_AFTER]


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as they are in the file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_quiet(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def row(record: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The cells of a record under these columns; an erased one has nothing but its place."""
    cells = [_cell(record, name) for name in wanted]
    if record.get("erased"):
        cells[wanted.index("visitor")] = ERASED
    return cells


def _cell(record: Mapping[str, Any], path: str) -> str:
    name, _, rest = path.partition(".")
    value = record.get(name)
    if rest:
        value = value.get(rest) if isinstance(value, Mapping) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quiet(cell: str) -> str:
    return _ACTIVE.sub(r"\1'", cell)
