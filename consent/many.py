"""Many rows in one statement, as plain values.

A statement for each row costs more than the row: SQLAlchemy binds each value through its type, and
Python's lock changes hands at every step of SQLite and every answer of PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection, Dialect

SIZES = (
    64,
    32,
    16,
    8,
    4,
    2,
    1,
)  # rows of a statement on SQLite: few, so that each is kept prepared
Row = tuple[Any, ...]


def put(
    connection: Connection, table: Table, names: Row, rows: Sequence[Row], conflict: str = ""
) -> None:
    """Insert `rows`, whose values are those of the columns `names`, of the type that the column
    says: int, str, bytes or None. `conflict` is what follows, from ON CONFLICT on.

    All or none, as one statement; raises what the database does.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        text, kinds = _arrays(connection.dialect, table, names, conflict)
        columns = zip(kinds, zip(*rows, strict=True), strict=True)
        connection.exec_driver_sql(text, tuple(_array(kind, values) for kind, values in columns))
        return
    for part in _parts(rows):
        text = _values(table, names, len(part), conflict)
        connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    at = 0
    for size in SIZES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


@lru_cache(maxsize=64)
def _values(table: Table, names: Row, count: int, conflict: str) -> str:
    one = f"({', '.join('?' * len(names))})"
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    return f"{into} VALUES {', '.join([one] * count)} {conflict}"


@lru_cache(maxsize=64)
def _arrays(
    dialect: Dialect, table: Table, names: Row, conflict: str
) -> tuple[str, tuple[str, ...]]:
    """One array for each column: one text, whatever the number of rows, and so one plan."""
    kinds = tuple(table.c[name].type.compile(dialect).partition("(")[0] for name in names)
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    return f"{into} SELECT * FROM unnest({arrays}) {conflict}", kinds  # noqa: S608


def _array(kind: str, values: Row) -> object:
    if kind.endswith("INT") or kind == "INTEGER":
        return f"{{{','.join('NULL' if one is None else str(one) for one in values)}}}"
    if kind == "UUID":
        return f"{{{','.join('NULL' if one is None else one.hex() for one in values)}}}"
    return list(values)
