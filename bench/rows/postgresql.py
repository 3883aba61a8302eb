"""Records by the million, as quickly as PostgreSQL takes them: rows by COPY, their places in the
logs by the product's own `Growth`."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update

from consent.db import db
from consent.ledger.rows import HASH, Head, Item
from consent.ledger.tree import Growth, Tree
from consent.parts import parts
from consent.records.rows import Row
from consent.records.runs import step
from consent.waiting import CONSENT

CHUNK = 50_000
COLUMNS = [column.name for column in Row.__table__.columns]
UUIDS = ("id", "visitor", "salt", "previous")


def fill(samples: Sequence[dict[str, Any]], keys: dict[int, str], seqs: range) -> None:
    """A record for each of these moments, at random somewhat later and on one of these sites (key
    by id), which have a log each."""
    for begin in range(0, len(seqs), CHUNK):
        part = seqs[begin : begin + CHUNK]
        store(samples, keys, [seq + random.randrange(seqs.step) for seq in part])


def indexed(site_id: int, at: datetime) -> None:
    """Build the runs of visitors, by the chore's own steps."""
    while step(site_id, at):
        pass


def store(samples: Sequence[dict[str, Any]], keys: dict[int, str], seqs: list[int]) -> None:
    """Records of these moments, and their places in the logs: one transaction."""
    lines, logged, ids = [], dict[int, list[Item]](), list(keys)
    for seq in seqs:
        made = (seq // 1000).to_bytes(6) + bytes([0x70]) + os.urandom(1)
        own = {
            "site_id": random.choice(ids),
            "seq": seq,
            "id": made + b"\x80" + os.urandom(7),
            "visitor": os.urandom(16),
            "salt": os.urandom(16),
        }
        lines.append(random.choice(samples) | own)
        logged.setdefault(own["site_id"], []).append(Item(CONSENT, seq, os.urandom(HASH)))
    put(lines)
    for site_id, items in sorted(logged.items()):
        head = parts().ledger.open(keys[site_id])
        grown = Growth(Tree(db.session(), head.id), head.size)
        for item in items:
            grown.add(item)
        moved = update(Head).where(Head.id == head.id)
        db.session.execute(moved.values(size=grown.size, root=grown.root()))
        grown.save(db.session())
    db.session.commit()
    db.session.expunge_all()


def put(lines: list[dict[str, Any]]) -> None:
    own = db.session.connection().connection.driver_connection
    assert own is not None
    with own.cursor().copy(f"COPY record ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row([plain(name, line[name]) for name in COLUMNS])


def plain(name: str, value: Any) -> Any:
    return value.hex() if name in UUIDS and value is not None else value
