"""Purging: records that are past their time are taken away, and the log says how many.

A record is taken in the transaction that counts it in `Purged`; the log's entry follows once for
each site and run (`tell`). A crash between the two loses no count: the next run tells it. The
commitments stay in the tree, and without rows and salts they confirm no guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from .. import records, rollup, trail, waiting
from ..db import Base, db, walk
from ..records import visitors
from ..records.rows import ERASED, TEST, Row
from ..sites import Site
from ..waiting import CONSENT, Waiting
from .erasure import WIPED
from .rows import DAY_US, day

Told = tuple[str, int]  # the day up to which, and how many


class Purged(Base):
    """What was taken from a site's records and is not told to its log yet; `day` is the latest."""

    __tablename__ = "purged"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10))
    count: Mapped[int]


def take(site: Site, seqs: Sequence[int], wipe: bool) -> list[Any]:
    """Delete these records, or wipe them as an erasure does; the caller commits.

    Returns (seq, action, categories, place_id …) of each that was taken now. Of two that take at
    once the second waits and finds nothing. A record that still waits for the log is left, for the
    log has to know it first; erased ones leave only where rows are deleted, and count as erased.
    """
    _lock(site)
    visitors.hold(site.id)
    late = select(Waiting.seq).where(Waiting.site == site.key, Waiting.kind == CONSENT)
    here = (Row.site_id == site.id, Row.seq.in_(seqs), Row.flags.bitwise_and(TEST) == 0)
    columns = (Row.seq, Row.action, Row.categories, Row.place_id, Row.flags, Row.visitor)
    found = db.session.execute(
        select(*columns).where(*here, Row.seq.not_in(late)).order_by(Row.seq).with_for_update()
    ).all()
    visitors.strike(site.id, [(row.visitor, row.seq) for row in found if row.visitor])
    ours = (Row.site_id == site.id, Row.seq.in_([row.seq for row in found]))
    quiet = {"synchronize_session": False}
    if wipe:
        kept = Row.flags.bitwise_and(ERASED) == 0
        db.session.execute(update(Row).where(*ours, kept).values(WIPED), execution_options=quiet)
    else:
        db.session.execute(delete(Row).where(*ours), execution_options=quiet)
    taken = [row for row in found if not row.flags & ERASED]
    if taken:
        records.forget(site, [row.seq for row in taken])
        _note(site, taken)
    return taken


def take_before(site: Site, before: int, limit: int) -> tuple[list[Any], bool]:
    """Delete the oldest records with seq < `before`, all of which must be due, so many at most; the
    caller commits.

    Returns what `take` does, where the seq is that of some record of the same day and kind, and
    whether any row was deleted. What waits for the log and what is younger is left; so are the
    entries of a run of visitors until the last of its records goes, and the run with it.
    """
    _lock(site)
    visitors.hold(site.id)
    walk()
    late = select(func.min(Waiting.seq)).where(Waiting.site == site.key, Waiting.kind == CONSENT)
    end = min(before, db.session.scalar(late) or before)
    rest = select(Row.seq).where(Row.site_id == site.id, Row.seq < end).order_by(Row.seq)
    end = db.session.scalar(rest.offset(limit).limit(1)) or end
    here = Row.site_id == site.id, Row.seq < end
    kind = Row.seq // DAY_US, Row.action, Row.categories, Row.place_id
    told = select(func.max(Row.seq).label("seq"), *kind[1:], func.count().label("many"))
    kept = Row.flags.bitwise_and(ERASED | TEST) == 0
    found = db.session.execute(told.where(*here, kept).group_by(*kind)).all()
    gone = delete(Row).where(*here, Row.flags.bitwise_and(TEST) == 0)
    count = db.session.execute(gone, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]
    records.forget_before(site, end)
    visitors.retire(site.id, end)
    taken = sorted((row for row in found for _ in range(row.many)), key=lambda row: int(row.seq))
    if taken:
        _note(site, taken)
    return taken, count > 0


def _note(site: Site, taken: Sequence[Any]) -> None:
    """Count what was taken, for statistics and for the log; in order of arrival."""
    rollup.gone(site, [row.seq for row in taken])
    held = db.session.get_one(Purged, site.id)
    held.day, held.count = max(held.day, day(taken[-1].seq)), held.count + len(taken)


def tell(site: Site, by: str, at: datetime) -> int:
    """One `purge` entry for what was taken since the last one; returns how many that was."""
    held = _lock(site)
    count = held.count
    if count:
        waiting.entry(site.key, at, "purge", u=held.day, n=count)
        trail.write("records.purge", by, at, site.key, until=held.day, count=count)
        held.day, held.count = "", 0
    db.session.commit()
    return count


def untold(site: Site) -> list[Told]:
    """What was taken and is not even waiting for the log."""
    rows = db.session.execute(select(Purged.day, Purged.count).where(Purged.site_id == site.id))
    return [(until, count) for until, count in rows if count]


def unexplained(gone: Sequence[tuple[int, str]], told: Sequence[Told]) -> Iterator[str]:
    """What does not agree between records that are gone (log index, day) and what was told.

    An entry accounts for at most as many as it says, none of a later day than it says. The latest
    are matched first, so nothing is called unexplained that some matching would explain.
    """
    room, free, extra = sorted(told, reverse=True), 0, 0
    for index, when in sorted(gone, key=lambda one: one[1], reverse=True):
        while room and room[0][0] >= when:
            free += room.pop(0)[1]
        if free:
            free -= 1
        elif told and when <= max(told)[0]:
            extra += 1
        else:
            yield f"entry {index}: it is gone, and no entry says why"
    if extra:
        yield f"{extra} more are gone than were purged"
    if left := free + sum(count for _, count in room):
        yield f"{left} that were purged are in the table"


def _lock(site: Site) -> Purged:
    """The site's line, held until the transaction ends; on SQLite the write itself is the lock.

    It is the first thing in its transaction: where another process makes the line first, nothing
    is lost by beginning again.
    """
    if db.session.get(Purged, site.id) is None:
        db.session.add(Purged(site_id=site.id, day="", count=0))
        try:
            db.session.flush()
        except IntegrityError:
            db.session.rollback()
    db.session.execute(
        update(Purged).where(Purged.site_id == site.id).values(count=Purged.count),
        execution_options={"synchronize_session": False},
    )
    query = select(Purged).where(Purged.site_id == site.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
