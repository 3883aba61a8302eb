"""A table of cookies in a PDF's text laid out in columns: rows put together again.

Only below a heading row that names the columns of a cookie table; a line that crosses a column
ends it, and what is not a row stays a line.
"""

from __future__ import annotations

import re

from . import tables
from .document import Block

RUN = re.compile(r"\S+(?: \S+)*")
Runs = list[tuple[int, str]]


def laid(lines: list[str]) -> list[str | Block] | None:
    """The lines in order, with each table's rows as blocks; None where there is no such table."""
    made: list[str | Block] = []
    at, number = 0, 0
    while at < len(lines):
        header, known, below = _heading(lines, at)
        first = _first_row(lines, below, len(header)) if known else None
        if first is None:
            made.append(lines[at])
            at += 1
            continue
        number += 1
        starts = [start for start, _ in _runs(lines[first])]
        rows, at = _rows(lines, first, starts, known["name"])
        for cells in rows:
            made.append(Block("\t".join(cells), 0, "row", cells, header, table=10_000 + number))
    return made if number else None


def _runs(line: str) -> Runs:
    return [(found.start(), found.group()) for found in RUN.finditer(line)]


def _heading(lines: list[str], at: int) -> tuple[tuple[str, ...], dict[str, int], int]:
    """The headings that begin on that line, the columns they name, none where they are no cookie
    table's, and the line below them. A heading may go on beneath itself, centred."""
    runs = _runs(lines[at])
    cells = [text for _, text in runs]
    while len(runs) > 2:
        at += 1
        if known := tables.columns(tuple(cells)):
            return tuple(cells), known, at
        more = _runs(lines[at]) if at < len(lines) else []
        if not more:
            break
        for run in more:
            above = [number for number, one in enumerate(runs) if _meet(one, run)]
            if len(above) != 1:
                return (), {}, at
            cells[above[0]] += f" {run[1]}"
    return (), {}, at


def _meet(one: tuple[int, str], other: tuple[int, str]) -> bool:
    return other[0] < one[0] + len(one[1]) and one[0] < other[0] + len(other[1])


def _first_row(lines: list[str], at: int, columns: int) -> int | None:
    """The first line with a text in every column; headings are often centred, and may wrap."""
    looked = 0
    while at < len(lines) and looked < 3:
        runs = _runs(lines[at])
        looked += bool(runs)
        if len(runs) == columns:
            return at
        at += 1
    return None


def _rows(
    lines: list[str], at: int, starts: list[int], name: int
) -> tuple[list[tuple[str, ...]], int]:
    rows: list[list[str]] = []
    blank = 0
    while at < len(lines) and blank < 4:
        runs = _runs(lines[at])
        blank = 0 if runs else blank + 1
        placed = _placed(runs, starts)
        if placed is None or (runs and not rows and not placed[name]):
            break
        if rows and placed[name] and rows[-1][name].endswith(("-", "_")):  # a name that is cut
            rows[-1][name] += placed[name]
            placed[name] = ""
        if runs and placed[name]:
            rows.append(placed)
        elif runs:
            rows[-1] = [f"{old} {new}".strip() for old, new in zip(rows[-1], placed, strict=True)]
        at += 1
    return [tuple(row) for row in rows], at


def _placed(runs: Runs, starts: list[int]) -> list[str] | None:
    """Each run in its column; None where one lies across two, or a line is no row."""
    cells = [""] * len(starts)
    for start, text in runs:
        column = max((n for n, begin in enumerate(starts) if begin <= start + 2), default=0)
        ends = starts[column + 1] if column + 1 < len(starts) else start + len(text)
        if start + len(text) > ends + 1 or abs(start - starts[column]) > 3:
            return None
        cells[column] = f"{cells[column]} {text}".strip()
    return cells
