"""Somebody who may do everything in the database: which rows are changed, and how.

An edit is of one row: a column gets another value of its type, or the row is deleted, or it is
copied under a new key. Every column of the tables below is tried, save those named in SILENT.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, delete, insert, select, text
from sqlalchemy.engine import Connection

from consent.db import Base, db
from consent.ledger.rows import unpack
from consent.tlog.merkle import Wrong
from consent.waiting import CONSENT, ENTRY, Waiting

# Table -> what fsck calls the place. A row that many records share is named through them.
NAMED = {
    "record": ("record",),
    "notice": ("notice", "record"),
    "answer": ("answer", "record"),
    "rule": ("record",),
    "place": ("record",),
    "page": ("record",),
    "log_head": ("log_head", "log_tile", "there is no log", "site "),
    "log_tile": ("log_tile", "log_head"),
    "waiting": ("waiting", "record", "notice", "trail", "inventory"),
    "trail": ("trail",),
}
# Columns without evidential meaning: nothing that is proven to anybody depends on them.
SILENT = {
    ("trail", "id"): "the order of lines on a page; each line carries its own time",
    ("notice", "by"): "who published; the trail says it, and the log vouches for the trail",
    ("notice", "told"): "why visitors were asked again, for the page; both versions show it",
    ("waiting", "id"): "the order in which entries will enter the log, which is not promised",
}
"""Silent too, by their very form:

- microseconds below the millisecond in `trail.at`, `notice.published_at` and `effective_at`: what
  is committed to is the time as it is shown, in milliseconds;
- the microsecond of an entry that is not a record, in `waiting.seq` and inside `log_tile.body`:
  the entry commits to its day, and the day is checked;
- a line that waits to say what the inventory was, where a later one says it again;
- rows of answer, rule, place and page that no record names.
"""


@dataclass
class Edit:
    """One change of one row, with what undoes it."""

    table: Table
    key: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any] | None  # None: deleted
    copied: bool = False

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.table.name} {self.key} deleted"
        if self.copied:
            return f"{self.table.name} {self.key} copied"
        new = {n: (self.before[n], v) for n, v in self.after.items() if v != self.before[n]}
        return f"{self.table.name} {self.key}: {new}"

    def make(self, connection: Connection) -> None:
        if not self.copied:
            connection.execute(delete(self.table).where(*_is(self.table, self.key)))
        if self.after is not None:
            connection.execute(insert(self.table).values(self.after))
        connection.commit()

    def undo(self, connection: Connection) -> None:
        if self.after is not None:
            made = {column.name: self.after[column.name] for column in self.table.primary_key}
            connection.execute(delete(self.table).where(*_is(self.table, made)))
        if not self.copied:
            connection.execute(insert(self.table).values(self.before))
        connection.commit()


def _is(table: Table, key: dict[str, Any]) -> list[Any]:
    return [table.c[name] == value for name, value in key.items()]


class Vandal:
    """Picks a table, a row, a column and another value."""

    def __init__(
        self, connection: Connection, seed: int, tables: Iterable[str] = tuple(NAMED)
    ) -> None:
        self.connection = connection
        self.dice = random.Random(seed)
        self.tables = [Base.metadata.tables[name] for name in tables]

    def edit(self) -> Edit:
        while True:
            table = self.dice.choice(self.tables)
            rows = [dict(row._mapping) for row in self.connection.execute(_vouched(table))]
            self.connection.rollback()
            row = self.dice.choice(rows)
            key = {column.name: row[column.name] for column in table.primary_key}
            how = self.dice.random()
            if how < 0.1:
                edit = Edit(table, key, row, None)
            elif how < 0.2:
                edit = Edit(table, key, row, self.copy(table, row), copied=True)
            else:
                names = [c.name for c in table.c if (table.name, c.name) not in SILENT]
                name = self.dice.choice(names)
                edit = Edit(table, key, row, {**row, name: self.other(row, table, name)})
            if not _silent(edit):
                return edit

    def copy(self, table: Table, row: dict[str, Any]) -> dict[str, Any]:
        """The same row under another key; what must be unique is made so."""
        fresh = dict(row)
        unique = {
            column.name
            for found in [*table.constraints, *table.indexes]
            if getattr(found, "unique", False) or type(found).__name__ == "UniqueConstraint"
            for column in found.columns
        }
        for name in {c.name for c in table.primary_key} | unique:
            value = row[name]
            if isinstance(value, int):
                value += 1000 + self.dice.randrange(1000)
            elif name != "site" or table.name != "waiting":
                value = self.other(row, table, name)
            fresh[name] = value
        return fresh

    def other(self, row: dict[str, Any], table: Table, name: str) -> Any:
        """Another value of the column's type."""
        column, value = table.c[name], row[name]
        if value is None:
            kind = column.type.python_type
            return b"\x01" * 16 if kind is bytes else self.dice.randrange(3)
        if column.nullable and self.dice.random() < 0.2:
            return None
        if isinstance(value, bytes):
            return _flipped(value, self.dice)
        if isinstance(value, int):
            return value + self.dice.choice((-1, 1))
        if isinstance(value, datetime):
            return value + timedelta(milliseconds=self.dice.choice((-1, 1, 60_000)))
        if isinstance(value, dict):
            return {**value, "added": "x"} if not value else _one_less(value, self.dice)
        return _retyped(str(value), self.dice)


def _flipped(value: bytes, dice: random.Random) -> bytes:
    if not value:
        return b"\x00"
    found = bytearray(value)
    found[dice.randrange(len(found))] ^= 1 << dice.randrange(8)
    return bytes(found)


def _retyped(value: str, dice: random.Random) -> str:
    if not value:
        return "x"
    at = dice.randrange(len(value))
    other = dice.choice([c for c in "abcdefghijklmnopqrstuvwxyz0123456789" if c != value[at]])
    return value[:at] + other + value[at + 1 :]


def _one_less(value: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    gone = dice.choice(sorted(value))
    return {name: kept for name, kept in value.items() if name != gone}


def _vouched(table: Table) -> Any:
    """The rows of a table that the log vouches for."""
    query = select(table)
    record = Base.metadata.tables["record"]
    if table.name in ("answer", "rule", "place", "page"):
        return query.where(table.c.id.in_(select(record.c[f"{table.name}_id"])))
    if table.name == "trail":
        return query.where(table.c.salt.is_not(None))
    return query


def _silent(edit: Edit) -> bool:
    """Whether an edit changes nothing that is evidence: see SILENT."""
    name, after = edit.table.name, edit.after
    if name in ("answer", "rule", "place", "page") and edit.copied:
        return True  # no record names the copy
    if name == "waiting":
        return _silent_wait(edit)
    if name != "log_tile" or after is None or edit.copied or edit.before["level"] != 0:
        return False
    try:
        was, now = unpack(edit.before["body"]), unpack(after["body"])
        same = [(i.kind, i.entry(), i.seq if i.kind == CONSENT else 0) for i in was] == [
            (i.kind, i.entry(), i.seq if i.kind == CONSENT else 0) for i in now
        ]
    except (Wrong, ValueError, OverflowError):
        return False
    return edit.before["body"] != after["body"] and same


def _silent_wait(edit: Edit) -> bool:
    before, after = edit.before, edit.after
    if before["kind"] != ENTRY:
        return False
    moved = after is not None and {**after, "seq": 0} == {**before, "seq": 0}
    said = b'"k":"inventory"' in before["body"]
    return moved or (said and (edit.copied or not _last_inventory(before)))


def _last_inventory(line: dict[str, Any]) -> bool:
    of = db.session.scalars(
        select(Waiting).where(Waiting.site == line["site"]).order_by(Waiting.id)
    )
    last = [one.id for one in of if b'"k":"inventory"' in one.body][-1]
    db.session.rollback()
    return bool(last == line["id"])


@contextmanager
def insider() -> Iterator[Connection]:
    """A connection of somebody who may do everything, and whom no foreign key stops."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA foreign_keys=OFF"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.commit()
        yield connection
        connection.rollback()
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA foreign_keys=ON"))
        else:
            connection.execute(text("SET session_replication_role = DEFAULT"))
        connection.commit()
