"""Rows as plain tuples, for whoever reads many: no object is made of one, and what is sixteen bytes
comes as 32 hex digits, which both databases write faster than we do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, select

from ..db import Bytes16, db
from .rows import Row

Plain = tuple[Any, ...]  # in the order of NAMES
NAMES = (
    "seq", "claimed", "shown", "notice_id", "answer_id", "rule_id", "place_id", "page_id", "id",
    "visitor", "salt", "previous", "action", "categories", "language", "layer", "device",
    "browser", "signals", "flags", "services",
)  # fmt: skip
SEQ, ID, SALT, FLAGS = (NAMES.index(name) for name in ("seq", "id", "salt", "flags"))
NUMBERS = slice(NAMES.index("notice_id"), NAMES.index("page_id") + 1)  # what Names.learn takes


def columns() -> Select[Any]:
    """What to select; `fetch` takes it with its conditions."""
    return select(*(_written(Row.__table__.columns[name]) for name in NAMES))


def fetch(query: Select[Any]) -> list[Plain]:
    """The rows of a query of which nothing needs a type (`columns`), as the driver has them."""
    result = db.session.connection().execute(query)
    cursor: Any = result.cursor
    rows: list[Plain] = cursor.fetchall()
    result.close()
    return rows


def _written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if not isinstance(column.type, Bytes16):
        return column
    if db.engine.dialect.name == "postgresql":
        return func.replace(cast(column, String), "-", "")
    return func.lower(func.hex(column))
