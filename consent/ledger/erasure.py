"""Erasure: what a record said is gone, and the log says that it was.

The commitment stays in the tree, and without the salt it confirms no guess (EDPB guidelines
02/2025 on blockchain, 4.2). The journal outside the database is written first, so a restored
backup is erased again before it serves (`replay`). (site, id) stays: a late repeat is 410.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select, text

from .. import records, rollup, trail, waiting
from ..db import db
from ..errors import Busy
from ..records import visitors
from ..records.rows import ERASED, TEST, Line, Row, of_site
from ..sites import Site
from ..waiting import Waiting
from .rows import Head
from .signer import Signer
from .tree import Tree

CHUNK = 500
WIPED = {
    "visitor": None,
    "salt": None,
    "previous": None,
    "services": None,
    "shown": None,
    "claimed": 0,
    "answer_id": None,
    "place_id": 0,
    "page_id": 0,
    "device": None,
    "action": 0,
    "categories": 0,
    "language": 0,
    "layer": 0,
    "browser": 0,
    "signals": 0,
    "flags": ERASED,
}


def erase(
    signer: Signer,
    site: Site,
    rows: Sequence[Row],
    by: str,
    at: datetime,
    again: bool = False,
    reason: str = "",
) -> list[int]:
    """Wipe these records of the site; returns the log index of each, in order.

    The trail keeps who did it and, where given, why. Raises Busy `busy` while one of them still
    waits for the log: a moment later it is there. With `again` (a restored database) such a one is
    wiped all the same, and never gets into the log.
    """
    due = [row for row in rows if not row.flags & (ERASED | TEST)]
    found = places_of(site, due)
    if not again and any(row.seq not in found for row in due):
        raise Busy("busy", "The record is still on its way into the log.", retry_after=2)
    for start in range(0, len(due), CHUNK):
        part = due[start : start + CHUNK]
        signer.journal(site.key, [row.id for row in part], at)
        visitors.hold(site.id)
        visitors.strike(site.id, [(row.visitor, row.seq) for row in part if row.visitor])
        for row in part:
            for name, value in WIPED.items():
                setattr(row, name, value)
            if row.seq in found:
                waiting.entry(site.key, at, "erase", r=found[row.seq])
        rollup.gone(site, [row.seq for row in part])
        records.forget(site, [row.seq for row in part])
        lost = [row.seq for row in part if row.seq not in found]
        db.session.execute(
            delete(Waiting).where(Waiting.site == site.key, Waiting.seq.in_(lost)),
            execution_options={"synchronize_session": False},
        )
        why = {"reason": reason} if reason else {}
        trail.write("record.erase", by, at, site.key, count=len(part), **why)
        db.session.commit()
    if due:
        scrub()
    everything = places_of(site, rows)
    return [everything[row.seq] for row in rows if row.seq in everything]


def replay(signer: Signer, at: datetime) -> int:
    """Erase again what the journal says was erased; returns how many records had come back."""
    by_site: dict[str, list[bytes]] = {}
    for key, record, _ in signer.erased():
        by_site.setdefault(key, []).append(record)
    count = 0
    for key, ids in by_site.items():
        site = db.session.scalar(select(Site).where(Site.key == key))
        if site is None:
            continue
        for start in range(0, len(ids), CHUNK):
            back = _not_erased(site, ids[start : start + CHUNK])
            erase(signer, site, back, "erase journal", at, again=True)
            count += len(back)
    return count


def places_of(site: Site, rows: Iterable[Row | Line]) -> dict[int, int]:
    """Index in the log of each row that is there, by seq."""
    head = db.session.scalar(select(Head).where(Head.site == site.key))
    if head is None:
        return {}
    mine = [row.seq for row in rows]
    found = Tree(db.session(), head.id).locate(mine)
    return {seq: found[seq][0] for seq in mine if seq in found}


def scrub() -> None:
    """On SQLite: nothing of what was wiped stays in the write-ahead log. (Freed pages are
    overwritten as they are freed: `secure_delete`.) PostgreSQL's dead rows go with VACUUM."""
    if db.engine.dialect.name != "sqlite":
        return
    with db.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def _not_erased(site: Site, ids: Sequence[bytes]) -> list[Row]:
    query = select(Row).where(of_site(site.id), Row.id.in_(ids))
    return [row for row in db.session.scalars(query) if not row.flags & ERASED]
