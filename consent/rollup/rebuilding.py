"""Counting again from the records themselves, a day at a time, while the server goes on.

A day of which records were erased or purged cannot be counted again: what stands for it stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.engine import Connection

from ..db import db, micros
from ..notices import Notice
from ..notices.table import parsed
from ..records.rows import ERASED, TEST, Place, Row, Rule
from ..records.suspicion import Flag
from ..sites import Site
from . import cells, counting
from .cells import Counts, Seen
from .table import Cell, Due, Kind

CHUNK = 5000
LINES = 500  # ids looked up at once
NUMBERS = (Cell.granted, Cell.partly, Cell.refused)


@dataclass
class Rebuilt:
    """How many days were counted again, how many were kept because records of them are gone, and
    the days (20261121) whose counts were not what the records say."""

    counted: int
    kept: int
    wrong: list[int]


def rebuild(site: Site) -> Rebuilt:
    """Count every day of a site again; each day is a transaction of its own, so it may be broken
    off and begun again at any time."""
    done = Rebuilt(0, 0, [])
    for day in list(_days(site)):
        db.session.rollback()
        outcome = _day(db.session.connection(), site.id, day)
        db.session.commit()
        if outcome is None:
            done.kept += 1
            continue
        done.counted += 1
        if not outcome:
            done.wrong.append(day)
    return done


def fill() -> int:
    """Count the sites whose records are older than this table; returns how many there were."""
    due = list(db.session.scalars(select(Due.site_id).order_by(Due.site_id)))
    for site_id in due:
        site = db.session.get(Site, site_id)
        if site is not None:
            rebuild(site)
        db.session.execute(delete(Due).where(Due.site_id == site_id))
        db.session.commit()
    return len(due)


def _day(connection: Connection, site_id: int, day: int) -> bool | None:
    """Whether what stood was right; None where it was left as it is.

    The table is locked before the records are read, so whoever stores one meanwhile adds to the new
    counts. On SQLite the first write is the lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        connection.execute(text("LOCK TABLE rollup IN EXCLUSIVE MODE"))
    # A write that changes nothing: the lock on SQLite.
    connection.execute(delete(Cell).where(Cell.site_id == site_id, Cell.span == 0))
    held = _held(connection, site_id, day)
    kept = any(kind == Kind.GONE for _, kind, _ in held) and len(held) > 1
    counts = held if kept else _counted(connection, site_id, day)
    right = _put(connection, site_id, day, held, counts)
    month = day // 100
    of_month = _put(
        connection,
        site_id,
        month,
        _held(connection, site_id, month),
        _sum(connection, site_id, month),
    )
    return None if kept else right and of_month


def _put(connection: Connection, site_id: int, span: int, held: Counts, counts: Counts) -> bool:
    """Whether what stood is what should stand; it stands afterwards."""
    if held == counts:
        return True
    connection.execute(delete(Cell).where(Cell.site_id == site_id, Cell.span == span))
    counting.add_to(connection, site_id, counts)
    return False


def _held(connection: Connection, site_id: int, span: int) -> Counts:
    query = select(Cell.kind, Cell.value, *NUMBERS).where(
        Cell.site_id == site_id, Cell.span == span
    )
    return {(span, kind, value): list(more) for kind, value, *more in connection.execute(query)}


def _sum(connection: Connection, site_id: int, month: int) -> Counts:
    """What the days of a month come to."""
    days = (Cell.site_id == site_id, Cell.span.between(month * 100, month * 100 + 99))
    sums = [func.sum(column) for column in NUMBERS]
    query = select(Cell.kind, Cell.value, *sums).where(*days).group_by(Cell.kind, Cell.value)
    return {
        (month, kind, value): [int(n) for n in more]
        for kind, value, *more in connection.execute(query)
    }


def _counted(connection: Connection, site_id: int, day: int) -> Counts:
    start = datetime(day // 10_000, day // 100 % 100, day % 100, tzinfo=UTC)
    after, end = micros(start) - 1, micros(start + timedelta(days=1))
    counts: Counts = {}
    notices = _notices(connection, site_id)
    places = {n: c for n, c in connection.execute(select(Place.id, Place.country))}
    rules = {n: r for n, r in connection.execute(select(Rule.id, Rule.regime))}
    while rows := _chunk(connection, site_id, after, end):
        flagged = _flagged(connection, site_id, rows)
        earlier = _earlier(connection, rows)
        for row in rows:
            languages, asks = notices[row.notice_id]
            seen = Seen(
                row=row,
                country=places.get(row.place_id, ""),
                language=languages[row.language],
                regime=rules.get(row.rule_id, ""),
                again=counting.again(row, asks, earlier),
                reasons=flagged.get(row.seq, 0),
            )
            cells.count(seen, counts)
        after = rows[-1].seq
    return counts


def _chunk(connection: Connection, site_id: int, after: int, end: int) -> list[Row]:
    table = Row.__table__
    here = (table.c.site_id == site_id, table.c.seq > after, table.c.seq < end)
    alive = table.c.flags.bitwise_and(TEST | ERASED) == 0
    query = select(table).where(*here, alive).order_by(table.c.seq).limit(CHUNK)
    return [Row(**found._mapping) for found in connection.execute(query)]


def _flagged(connection: Connection, site_id: int, rows: list[Row]) -> dict[int, int]:
    between = Flag.seq.between(rows[0].seq, rows[-1].seq)
    query = select(Flag.seq, Flag.reasons).where(Flag.site_id == site_id, between)
    return {seq: reasons for seq, reasons in connection.execute(query)}


def _earlier(connection: Connection, rows: list[Row]) -> dict[tuple[int, bytes], tuple[int, int]]:
    ids = sorted({row.previous for row in rows if row.previous})
    known: dict[tuple[int, bytes], tuple[int, int]] = {}
    for start in range(0, len(ids), LINES):
        known |= counting.found(connection, ids[start : start + LINES])
    return known


def _notices(connection: Connection, site_id: int) -> dict[int, tuple[list[str], int]]:
    query = select(Notice.id, Notice.body, Notice.asks).where(Notice.site_id == site_id)
    return {
        number: (parsed(body)["languages"], asks)
        for number, body, asks in connection.execute(query)
    }


def _days(site: Site) -> Iterator[int]:
    """Every day that has records or counts, the oldest first."""
    spans = select(Cell.span).where(Cell.site_id == site.id, Cell.span > 9_999_99).distinct()
    known = set(db.session.scalars(spans))
    after = -1
    while True:
        query = select(func.min(Row.seq)).where(Row.site_id == site.id, Row.seq > after)
        seq = db.session.scalar(query)
        if seq is None:
            break
        day = cells.when(seq)[0]
        known.add(day)
        end = datetime(day // 10_000, day // 100 % 100, day % 100, tzinfo=UTC) + timedelta(days=1)
        after = micros(end) - 1
    yield from sorted(known)
