"""Records page by page; between two pages nothing is held, neither rows nor a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from .. import ledger, sites
from ..db import db, micros
from ..ledger.rows import Head, Tile
from ..ledger.tree import LATE_US, Tree
from ..records import RecordFilter
from ..records.rows import ERASED, Row
from ..sites import Site
from ..tlog import tiles
from ..waiting import CONSENT, Waiting

PAGE = 500
GRACE = timedelta(seconds=60)

Record = dict[str, Any]
Told = Callable[[int], None]  # is told how many records were done


def pages(
    site: str, wanted: RecordFilter, after: str | None = None, told: Told | None = None
) -> Iterator[list[Record]]:
    """All records that match, in order of arrival."""
    while True:
        found, after = ledger.page_of(sites.get(site), wanted, after, PAGE)
        released()
        if told:
            told(len(found))
        yield found
        if after is None:
            return


def logged(
    site: str, size: int, from_: datetime | None, to: datetime | None, told: Told | None = None
) -> Iterator[list[Record]]:
    """The records of the period among the first `size` entries, in the order of the log.

    Bundles are in order of commit, which may differ from that of arrival by LATE_US at most.
    """
    start, end = micros(from_) if from_ else 0, micros(to) if to else 2**63
    head = db.session.scalars(select(Head).where(Head.site == site)).one()
    log_id = head.id
    first = db.session.scalar(
        select(Tile.number)
        .where(Tile.log_id == log_id, Tile.level == 0, Tile.most >= start)
        .order_by(Tile.most, Tile.number)
        .limit(1)
    )
    for number in range(size if first is None else first, -(-size // tiles.WIDTH)):
        items = Tree(db.session(), log_id).items(number)
        items = items[: tiles.partial_width(size, 0, number)]
        places = {
            item.seq: {"index": number * tiles.WIDTH + place, "commitment": item.body.hex()}
            for place, item in enumerate(items)
            if item.kind == CONSENT and start <= item.seq < end
        }
        yield _placed(sites.get(site), places)
        released()
        if told:
            told(len(places))
        if items and min(item.seq for item in items) > end + LATE_US:
            return


def overdue(
    site: str, from_: datetime | None, to: datetime | None, at: datetime
) -> Iterator[list[Record]]:
    """The records that wait for the log for longer than they may."""
    start, end = micros(from_) if from_ else 0, min(micros(to or at), micros(at - GRACE))
    last = start - 1
    while True:
        seqs = list(
            db.session.scalars(
                select(Waiting.seq)
                .where(Waiting.site == site, Waiting.kind == CONSENT)
                .where(Waiting.seq > last, Waiting.seq < end)
                .order_by(Waiting.seq)
                .limit(PAGE)
            )
        )
        yield _described(sites.get(site), seqs, {})
        released()
        if len(seqs) < PAGE:
            return
        last = seqs[-1]


def released() -> None:
    """Give the connection back and forget the rows."""
    db.session.expunge_all()  # first: what the caller holds keeps its values
    db.session.rollback()


def _placed(site: Site, places: dict[int, dict[str, Any]]) -> list[Record]:
    found = _described(site, list(places), places)
    return sorted(found, key=lambda record: int(record["log"]["index"]))


def _described(site: Site, seqs: list[int], places: dict[int, dict[str, Any]]) -> list[Record]:
    if not seqs:
        return []
    query = select(Row).where(Row.site_id == site.id, Row.seq.in_(seqs)).order_by(Row.seq)
    rows = list(db.session.scalars(query))
    for row in rows:
        if row.seq in places:
            kept = row.salt is not None and not row.flags & ERASED
            places[row.seq]["salt"] = row.salt.hex() if kept and row.salt else None
    return ledger.described_at(site, rows, places)
