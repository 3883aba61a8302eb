"""Rows of a site from one database to another, with their numbers, by COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection, sql
from sqlalchemy import Engine

from .fence import MOVER
from .tables import NAMED, SHARED, columns

PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
# A site of which the statistics know nothing looks small: left alone, PostgreSQL would read or sort
# all of it again for each row or chunk. `db.WALK` says the same for pages.
PLAINLY = (
    "SET LOCAL enable_nestloop = off; SET LOCAL enable_sort = off;"
    " SET LOCAL max_parallel_workers_per_gather = 0"
)
THROUGH = f"SET LOCAL {MOVER} = 'on'; {PATIENT}; {PLAINLY}"
Raw = Connection[Any]


@contextmanager
def moving(engine: Engine) -> Iterator[Raw]:
    """One transaction of whoever moves a site: the fence lets it through, and it may take long."""
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        try:
            raw.execute(THROUGH)
            yield raw
            raw.commit()
        except BaseException:
            raw.rollback()
            raise


@dataclass(frozen=True)
class Taken:
    """What is taken of a table where it is not its columns as they are: expressions, and joins."""

    columns: str
    joins: str


def copy(
    source: Raw, target: Raw, table: str, where: sql.Composed, taken: Taken | None = None
) -> int:
    """The rows under a condition; how many."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns(table)))
    out = sql.SQL("COPY (SELECT {} FROM {} {} WHERE {}) TO STDOUT (FORMAT BINARY)").format(
        _plain(taken.columns) if taken else names,
        sql.Identifier(table),
        _plain(taken.joins if taken else ""),
        where,
    )
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)")
    with source.cursor() as reader, target.cursor() as writer:
        with (
            reader.copy(out) as rows,
            writer.copy(into.format(sql.Identifier(table), names)) as stored,
        ):
            for part in rows:
                stored.write(part)
        return writer.rowcount


def _plain(text: LiteralString) -> sql.Composed:
    """Our own words as SQL, see `record_as_there`."""
    return sql.Composed([sql.SQL(text)])


def count(raw: Raw, table: str, where: sql.Composed) -> int:
    return int(one(raw, _COUNT.format(sql.Identifier(table), where)))


def holds(raw: Raw, table: str, where: sql.Composed) -> bool:
    return bool(one(raw, _HOLDS.format(sql.Identifier(table), where)))


def delete(raw: Raw, table: str, where: sql.Composed) -> None:
    raw.execute(_DELETE.format(sql.Identifier(table), where))


_COUNT = sql.SQL("SELECT count(*) FROM {} WHERE {}")
_HOLDS = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})")
_DELETE = sql.SQL("DELETE FROM {} WHERE {}")


def named(source: Raw, target: Raw) -> None:
    """What is the same everywhere under its own name: taken over where it is not there yet."""
    for table in NAMED:
        [key] = [name for name in columns(table) if name in ("digest", "id")]
        ask = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(key), sql.Identifier(table))
        there = [row[0] for row in target.execute(ask)]
        where = sql.SQL("NOT {} = ANY({})").format(sql.Identifier(key), sql.Literal(there))
        copy(source, target, table, where)


def mapped(source: Raw, target: Raw, table: str) -> dict[int, int]:
    """The number at the target of each row of `table`, which is made there if need be."""
    names = sql.SQL(", ").join(map(sql.Identifier, SHARED[table]))
    table_ = sql.Identifier(table)
    here = source.execute(sql.SQL("SELECT id, {} FROM {}").format(names, table_)).fetchall()
    marks = sql.SQL(", ").join(sql.Placeholder() * len(SHARED[table]))
    made = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING")
    with target.cursor() as cursor:
        cursor.executemany(made.format(table_, names, marks), [row[1:] for row in here])
    ask = sql.SQL("SELECT id, {} FROM {}").format(names, table_)
    there = {tuple(row[1:]): int(row[0]) for row in target.execute(ask)}
    return {int(row[0]): there[tuple(row[1:])] for row in here}


def record_as_there(rules: dict[int, int], places: dict[int, int]) -> Taken:
    """A record's columns, with rule and place as they are numbered at the target.

    0, as erased records have it, stays; a number that is not known is refused there (not null).
    """
    told = {"rule_id": ("r", rules), "place_id": ("p", places)}
    names = [f"{told[n][0]}.n" if n in told else f'"{n}"' for n in columns("record")]
    joins = [_numbers(alias, name, known) for name, (alias, known) in told.items()]
    return Taken(", ".join(names), " ".join(joins))


def _numbers(alias: str, name: str, known: dict[int, int]) -> str:
    pairs = ", ".join(f"({int(old)}, {int(new)})" for old, new in [(0, 0), *known.items()])
    return f'LEFT JOIN (VALUES {pairs}) AS {alias} (o, n) ON {alias}.o = "{name}"'


def seqs(number: int, low: int, high: int) -> sql.Composed:
    """The records of the site after `low`, up to `high`."""
    return sql.SQL("site_id = {} AND seq > {} AND seq <= {}").format(
        sql.Literal(number), sql.Literal(low), sql.Literal(high)
    )


def among(number: int, wanted: Sequence[int]) -> sql.Composed:
    """The records of the site with these seq."""
    return sql.SQL("site_id = {} AND seq = ANY({})").format(
        sql.Literal(number), sql.Literal(list(wanted))
    )


def one(raw: Raw, ask: sql.Composed | sql.SQL) -> Any:
    """The first column of the first row, or None."""
    row = raw.execute(ask).fetchone()
    return row[0] if row else None


def head_of(source: Raw, target: Raw, key: str) -> int | None:
    """The log's number, with its head as it is now also at the target; None before there is one.

    The deployment log there does not hold it yet.
    """
    row = source.execute(
        "SELECT id, site, origin, size, root, signed, note, told::text"
        " FROM log_head WHERE site = %s",
        (key,),
    ).fetchone()
    if row is None:
        return None
    target.execute(
        "INSERT INTO log_head (id, site, origin, size, root, signed, note, told)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s::json) ON CONFLICT (id) DO UPDATE"
        " SET size = excluded.size, root = excluded.root, signed = excluded.signed,"
        " note = excluded.note, told = excluded.told",
        row,
    )
    return int(row[0])
