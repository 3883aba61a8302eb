"""Counting as records come and go: in the transaction that stores or takes them, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.engine import Connection

from ..db import db
from ..many import put
from ..notices import Notice
from ..records.job import Job
from ..records.rows import TEST, Line, Row
from ..sites import Site
from . import cells
from .cells import Counts, Seen
from .table import Cell, Kind

COLUMNS = ("site_id", "span", "kind", "value", "granted", "partly", "refused")
ADD = (
    "ON CONFLICT (site_id, span, kind, value) DO UPDATE SET"
    " granted = rollup.granted + excluded.granted, partly = rollup.partly + excluded.partly,"
    " refused = rollup.refused + excluded.refused"
)


def add(connection: Connection, jobs: Sequence[Job]) -> None:
    """Count what a batch stores, in its transaction: the writer's `also`. Tests count nowhere."""
    fresh = [job for job in jobs if not job.row.flags & TEST]
    earlier = _earlier(connection, fresh)
    by_site: dict[int, Counts] = {}
    for job in fresh:
        row = job.row
        seen = Seen(
            row=row,
            country=job.place[0],
            language=job.choice.language,
            regime=job.rule[0],
            again=again(row, job.facts.notice["asks"], earlier),
            reasons=job.reasons,
        )
        cells.count(seen, by_site.setdefault(row.site_id, {}))
        earlier[row.site_id, row.id] = row.seq, job.facts.notice["asks"]
    for site_id in sorted(by_site):
        pour(connection, site_id, by_site[site_id])


def pour(connection: Connection, site_id: int, counts: Counts) -> None:
    """Add counts of days to the table, and to their months.

    Always in the order of the key, so that two writers never wait for each other in a ring.
    """
    months: Counts = {}
    for (day, kind, value), more in counts.items():
        held = months.setdefault((day // 100, kind, value), [0, 0, 0])
        for which in range(3):
            held[which] += more[which]
    add_to(connection, site_id, {**counts, **months})


def add_to(connection: Connection, site_id: int, counts: Counts) -> None:
    """Add counts to what the table has."""
    lines = [(site_id, s, int(kind), v, *n) for (s, kind, v), n in sorted(counts.items())]
    put(connection, cast("Table", Cell.__table__), COLUMNS, lines, ADD)


def gone(site: Site, seqs: Sequence[int]) -> None:
    """Note how many records of each day are erased or purged, so that `rebuild` lets those days
    be. The counts stay: they say nothing of anybody. The caller commits."""
    counts: Counts = {}
    for seq in seqs:
        counts.setdefault((cells.when(seq)[0], Kind.GONE, ""), [0, 0, 0])[cells.REFUSED] += 1
    pour(db.session.connection(), site.id, counts)


def again(row: Row | Line, asks: int, earlier: dict[tuple[int, bytes], tuple[int, int]]) -> str:
    """Why somebody chose again: 'asked', because more is asked than before; 'own', for any other
    reason; 'unknown', where the choice before is not here. `earlier` is (seq, asks) by site, id."""
    if row.previous is None:
        return ""
    before = earlier.get((row.site_id, row.previous))
    if before is None or before[0] >= row.seq:
        return "unknown"
    return "asked" if asks > before[1] else "own"


def _earlier(connection: Connection, jobs: Sequence[Job]) -> dict[tuple[int, bytes], Any]:
    wanted = {job.row.previous for job in jobs if job.row.previous}
    return found(connection, sorted(wanted)) if wanted else {}


def found(connection: Connection, ids: Collection[bytes]) -> dict[tuple[int, bytes], Any]:
    """(seq, asks) by (site, id) of the records with these ids, whichever site they are of."""
    query = (
        select(Row.site_id, Row.id, Row.seq, Notice.asks)
        .join(Notice, Notice.id == Row.notice_id)
        .where(Row.id.in_(ids))
    )
    return {(site, number): (seq, asks) for site, number, seq, asks in connection.execute(query)}
