"""Records page by page; between two pages nothing is held, neither rows nor a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from .. import ledger, sites
from ..db import db, micros
from ..ledger.rows import Head, Tile
from ..ledger.tree import LATE_US, Tree
from ..records import Names, RecordFilter, find_plain, plain_of
from ..records.plain import FLAGS, NUMBERS, SEQ, Plain
from ..records.rows import ERASED
from ..sites import Site
from ..tlog import tiles
from ..waiting import CONSENT, Waiting
from .lines import Logged, Step

PAGE = 2000
GRACE = timedelta(seconds=60)

Told = Callable[[int], None]  # is told how many records were done


def pages(
    site: str, wanted: RecordFilter, after: str | None = None, told: Told | None = None
) -> Iterator[Step]:
    """All records that match, in order of arrival."""
    names = Names()
    while True:
        step, after = page(sites.get(site), wanted, after, PAGE, names)
        released()
        if told:
            told(len(step.rows))
        yield step
        if after is None:
            return


def page(
    site: Site, wanted: RecordFilter, after: str | None, limit: int, names: Names
) -> tuple[Step, str | None]:
    """What `ledger.page_of` finds, to be written as lines."""
    rows, following = find_plain(site, wanted, after, limit)
    places = ledger.located(site, [row[SEQ] for row in rows])
    return _step(site, rows, places, names), following


def logged(
    site: str, size: int, from_: datetime | None, to: datetime | None, told: Told | None = None
) -> Iterator[Step]:
    """The records of the period among the first `size` entries, in the order of the log.

    Bundles are in order of commit, which may differ from that of arrival by LATE_US at most.
    """
    start, end = micros(from_) if from_ else 0, micros(to) if to else 2**63
    head = db.session.scalars(select(Head).where(Head.site == site)).one()
    log_id, names = head.id, Names()
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
            item.seq: (number * tiles.WIDTH + place, item.body.hex())
            for place, item in enumerate(items)
            if item.kind == CONSENT and start <= item.seq < end
        }
        rows = plain_of(sites.get(site), list(places))
        rows.sort(key=lambda row: places[row[SEQ]])
        yield _step(sites.get(site), rows, places, names)
        released()
        if told:
            told(len(places))
        if items and min(item.seq for item in items) > end + LATE_US:
            return


def overdue(site: str, from_: datetime | None, to: datetime | None, at: datetime) -> Iterator[Step]:
    """The records that wait for the log for longer than they may."""
    start, end = micros(from_) if from_ else 0, min(micros(to or at), micros(at - GRACE))
    last, names = start - 1, Names()
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
        yield _step(sites.get(site), plain_of(sites.get(site), seqs), {}, names)
        released()
        if len(seqs) < PAGE:
            return
        last = seqs[-1]


def released() -> None:
    """Give the connection back and forget the rows."""
    db.session.expunge_all()  # first: what the caller holds keeps its values
    db.session.rollback()


def _step(site: Site, rows: list[Plain], places: Logged, names: Names) -> Step:
    names.learn({row[NUMBERS] for row in rows if not row[FLAGS] & ERASED})
    return Step(site.key, rows, places, names)
