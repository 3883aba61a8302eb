"""Records by the million, as quickly as SQLite takes them.

The database makes the rows itself: copies of samples, each with an id, a visitor and a salt of its
own, in order of time. Their places in the logs are made here, a whole bundle at a time, and are
what the product's own `Growth` would make of the same records. Nothing is synced meanwhile.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from consent.db import db, from_micros, micros
from consent.ledger.rows import HASH, Head, Item, Tile, day, pack
from consent.ledger.tree import Growth, Tree
from consent.records.rows import Row
from consent.records.runs import step
from consent.records.visitors import month
from consent.tlog import merkle, tiles
from consent.waiting import CONSENT

CHUNK = LARGE = 1_000_000
UUID7 = "unhex(printf('%012x7%03x8%015x', seq / 1000, random() & 4095, random() & {most}))"
OWN = {
    "site_id": "(SELECT id FROM temp.named WHERE rowid = 1 + abs(random()) % {sites})",
    "seq": "seq",
    "id": UUID7.format(most=2**60 - 1),
    "visitor": "randomblob(16)",
    "salt": "randomblob(16)",
}
COLUMNS = [column.name for column in Row.__table__.columns]


class Bundles(Growth):
    """A tree that grows by whole bundles of records with random commitments."""

    def __init__(self, tree: Tree, size: int) -> None:
        super().__init__(tree, size)
        self._made: list[dict[str, object]] = []

    def bundle(self, seqs: Sequence[int]) -> None:
        """WIDTH records in order of time, later than all that stand here in whole bundles."""
        number = self.size // tiles.WIDTH
        body, root = packed(seqs)
        self._keep(0, number, root=root, most=seqs[-1], body=body)
        self._push(1, number // tiles.WIDTH, root)
        self.size += tiles.WIDTH

    def save(self, connection: Any) -> None:
        table: Table = Tile.__table__  # type: ignore[assignment]
        for level, number in self._full:
            hashes = self.tree.read(level, number)
            root, body = merkle.root_of(hashes), b"".join(hashes)
            self._keep(level, number, root=root, most=None, body=body)
        if self._made:
            connection.execute(insert(table), self._made)

    def _keep(self, level: int, number: int, **values: object) -> None:
        self._made.append({"log_id": self.tree.log_id, "level": level, "number": number} | values)


def packed(seqs: Sequence[int]) -> tuple[bytes, bytes]:
    """A bundle as it is stored, and its root."""
    drawn = os.urandom(HASH * len(seqs))
    bodies = [drawn[at : at + HASH] for at in range(0, len(drawn), HASH)]
    written, first = drawn.hex().encode(), day(seqs[0])
    days = repeat(first) if first == day(seqs[-1]) else map(day, seqs)
    entry = b'\0{"c":"%b","d":"%b","k":"consent","v":1}'  # leaf.entry, and what is hashed before it
    lines = (
        entry % (written[at : at + 2 * HASH], of.encode())
        for at, of in zip(range(0, len(written), 2 * HASH), days, strict=False)
    )
    root = merkle.root_of([hashlib.sha256(line).digest() for line in lines])
    return pack(Item(CONSENT, *one) for one in zip(seqs, bodies, strict=True)), root


def fill(samples: Sequence[dict[str, Any]], keys: dict[int, str], seqs: range) -> None:
    """A record for each of these moments, at random somewhat later and on one of these sites (key
    by id), which have a log each. Nobody else may use the database."""
    with alone() as connection:
        given = prepared(connection, samples, keys)
        own = {name: sql.format(sites=len(keys)) for name, sql in OWN.items()}
        copies = (
            f"INSERT INTO record ({', '.join((*own, *given))})"
            " WITH RECURSIVE step AS (SELECT ? AS at, 1 AS number UNION ALL"
            f" SELECT at + {seqs.step}, number + 1 FROM step WHERE number < ?),"
            f" moment AS MATERIALIZED (SELECT at + abs(random()) % {seqs.step} AS seq FROM step)"
            f" SELECT {', '.join((*own.values(), *given))} FROM moment"
            f" CROSS JOIN temp.sample AS s ON s.rowid = 1 + abs(random()) % {len(samples)}"
        )
        for begin in range(0, len(seqs), CHUNK):
            part = seqs[begin : begin + CHUNK]
            connection.exec_driver_sql(copies, (part[0], len(part)))
            into_logs(connection, keys, part[0], part[-1] + seqs.step - 1)
            connection.commit()


def indexed(site_id: int, at: datetime) -> None:
    """Build the runs of visitors, by the chore's own steps. Those of months that are over are one
    run each in the end, however large the first ones were."""
    db.session.remove()
    db.engine.dispose()
    unsynced = db.session.connection()
    unsynced.exec_driver_sql("PRAGMA synchronous=OFF")
    while step(site_id, from_micros(month(micros(at))), LARGE, LARGE):
        pass
    while step(site_id, at):
        pass
    db.session.remove()
    db.engine.dispose()
    os.sync()  # or whoever writes first would wait for all of it


@contextmanager
def alone() -> Iterator[Connection]:
    """A connection without journal and sync; a crash would leave a file that is of no use."""
    db.session.remove()
    db.engine.dispose()
    with db.engine.connect() as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.commit()
        yield connection
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    db.engine.dispose()


def prepared(
    connection: Connection, samples: Sequence[dict[str, Any]], keys: dict[int, str]
) -> list[str]:
    """What the copies are made of, in tables of this connection; the columns of a sample."""
    given = [name for name in COLUMNS if name not in OWN]
    for table, names, rows in (
        ("named", ["id"], [(one,) for one in keys]),
        ("sample", given, [tuple(one[name] for name in given) for one in samples]),
    ):
        marks = ", ".join("?" for _ in names)
        connection.exec_driver_sql(f"CREATE TEMP TABLE {table} ({', '.join(names)})")
        connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)
    connection.commit()
    return given


def into_logs(connection: Connection, keys: dict[int, str], first: int, last: int) -> None:
    """Every record from `first` to `last`; the caller commits."""
    record, heads = Row.__table__.c, Head.__table__
    for site_id, key in keys.items():
        here = record.site_id == site_id, record.seq >= first, record.seq <= last
        found = connection.execute(select(record.seq).where(*here).order_by(record.seq))
        seqs = list(found.scalars())
        log, size = connection.execute(
            select(heads.c.id, heads.c.size).where(heads.c.site == key)
        ).one()
        begin = min(-size % tiles.WIDTH, len(seqs))
        end = begin + (len(seqs) - begin) // tiles.WIDTH * tiles.WIDTH
        for part, kind in (
            (seqs[:begin], Growth),
            (seqs[begin:end], Bundles),
            (seqs[end:], Growth),
        ):
            if part:
                grown = kind(Tree(connection, log), size)
                add(grown, part)
                moved = update(heads).where(heads.c.id == log)
                connection.execute(moved.values(size=grown.size, root=grown.root()))
                grown.save(connection)
                size = grown.size


def add(grown: Growth, seqs: Sequence[int]) -> None:
    if isinstance(grown, Bundles):
        for at in range(0, len(seqs), tiles.WIDTH):
            grown.bundle(seqs[at : at + tiles.WIDTH])
    else:
        for seq in seqs:
            grown.add(Item(CONSENT, seq, os.urandom(HASH)))
