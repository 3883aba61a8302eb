"""Building the index of visitors (`visitors.py`): in small steps, each a transaction of its own.

The tail's oldest records, SIZE to MOST of them, become a run, of level 1 where they are MOST: so a
long tail (a busy minute, an import) is soon short. FAN runs of a level become one of the next; what
is left of a month that is over becomes one run. A merge goes on from where its run ends, so any
process may take the next step, and a crash loses nothing. Of two that step at once the second waits
for the site's line, and then sees what the first has done.

Records are committed in order of time only nearly: processes' clocks differ a little. So nothing
younger than LATE_US is taken. A clock that went back further may store records before the edge:
what was built from then on is taken apart, and built again (`_back`).
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from ..db import db, micros, walk
from ..sites import Site
from .plain import fetch
from .rows import Row, is_test
from .visitors import (
    BLOCK,
    CODE,
    ENTRY,
    HOLD,
    LIVE,
    MAKING,
    RETIRED,
    Block,
    Edge,
    Run,
    entries,
    hold,
    month,
    packed,
)

SIZE = 2048
FAN = 8
MOST = SIZE * FAN
READ = 72  # blocks of all sources in one step of a merge
CLEAR = 512  # blocks of retired runs that go in one step
LATE_US = 60_000_000
STEPS = 20  # of one call: then the ledger ticks
REST = timedelta(seconds=60)  # between two looks at a site that had nothing to do
PAUSE_S = 0.01  # at least, after each step: others write for as long as it took
QUIET = {"synchronize_session": False}


class Indexing:
    """The chore. True where there is more to do."""

    def __init__(self, size: int = SIZE, most: int = MOST) -> None:
        self._size, self._most = size, most
        self._rest: dict[int, datetime] = {}

    def __call__(self, at: datetime) -> bool:
        """Call it in an app context."""
        ahead = Edge.edge > micros(at) - LATE_US // 2
        for site_id in db.session.scalars(select(Edge.site_id).where(ahead)).all():
            _back(site_id, at)
        left = STEPS
        for site_id in db.session.scalars(select(Site.id).order_by(Site.id)).all():
            if abs(self._rest.get(site_id, at) - at) > REST:  # the clock moved
                self._rest.pop(site_id)
            if self._rest.get(site_id, at) > at:
                continue
            began = time.monotonic()
            while left and step(site_id, at, self._size, self._most):
                left -= 1
                time.sleep(max(PAUSE_S, time.monotonic() - began))
                began = time.monotonic()
            if not left:
                return True
            self._rest[site_id] = at + REST
        return False


def step(site_id: int, at: datetime, size: int = SIZE, most: int = MOST) -> bool:
    """The next thing to do for a site, if there is any; commits."""
    walk()
    if not _due(site_id, at, size):
        db.session.rollback()
        return False
    db.session.rollback()
    walk()
    edge = hold(site_id)
    done = _clear(site_id) or _merge(site_id) or _plan(site_id, edge)
    done = done or _add(site_id, edge, at, size, most)
    db.session.commit()
    return done


def _due(site_id: int, at: datetime, size: int) -> bool:
    """Whether it is worth to hold the site's line."""
    runs = _runs(site_id)
    if any(run.state != LIVE for run in runs):
        return True
    edge = db.session.scalar(select(Edge.edge).where(Edge.site_id == site_id))
    if edge is not None and _ripe(runs, edge):
        return True
    tail = _tail(site_id, -1 if edge is None else edge, at)
    return db.session.scalar(tail.offset(size - 1).limit(1)) is not None


def _tail(site_id: int, edge: int, at: datetime, *more: Any) -> Any:
    late = micros(at) - LATE_US
    query = select(Row.seq, *more).where(Row.site_id == site_id, Row.seq > edge, Row.seq < late)
    return query.order_by(Row.seq)


def _add(site_id: int, edge: int, at: datetime, size: int, most: int) -> bool:
    """A run of the oldest of the tail, as far as they are of one month."""
    found = fetch(_tail(site_id, edge, at, _code()).limit(most))
    if len(found) < size:
        return False
    begin, end = month(found[0][0]), month(found[0][0], later=1)
    rows = [row for row in found if row[0] < end]
    (low, _), (high, _) = rows[0], rows[-1]
    made = sorted(packed(code, seq - begin) for seq, code in rows if code)
    if made:
        level = int(len(rows) >= FAN * size)
        run = Run(site_id=site_id, level=level, state=LIVE, low=low, high=high)
        db.session.add(run)
        db.session.flush()
        _write(run, made)
    _move(site_id, high)
    return True


def _code() -> ColumnElement[bytes | None]:
    """As much of a visitor's code as an entry has; None where the record goes into no run."""
    whole = db.engine.dialect.name == "postgresql"
    code = func.uuid_send(Row.visitor) if whole else Row.visitor
    return case((~is_test(Row.flags), func.substr(code, 1, CODE)))


def _plan(site_id: int, edge: int) -> bool:
    """Begin to merge, where enough runs stand beside each other."""
    runs = _runs(site_id)
    ripe = _ripe(runs, edge)
    if not ripe:
        return False
    made = Run(site_id=site_id, state=MAKING, low=ripe[0].low, high=ripe[-1].high)
    made.level = 1 + max(run.level for run in runs if _within(run, made))
    db.session.add(made)
    return True


def _ripe(runs: Sequence[Run], edge: int) -> list[Run]:
    """The runs that are to become one; none of them is in the making."""
    for begin, of in groupby(runs, key=lambda run: month(run.low)):
        whole = list(of)
        if begin < month(edge) and len(whole) > 1:
            return whole
        for level in sorted({run.level for run in whole}):
            same = [run for run in whole if run.level == level]
            if len(same) >= FAN:
                return same
    return []


def _merge(site_id: int) -> bool:
    """The next blocks of the run that is in the making; the last ones make it live."""
    target = next((run for run in _runs(site_id) if run.state == MAKING), None)
    if target is None:
        return False
    sources = [run for run in _runs(site_id) if run.state == LIVE and _within(run, target)]
    done = select(Block.body).where(Block.run_id == target.id).order_by(Block.first.desc())
    last = db.session.scalar(done.limit(1)) or b""
    share = max(READ // max(len(sources), 1), 2)
    parts = [_next(source, last[-ENTRY:], share) for source in sources]
    ends = [part[-1] for part, more in parts if more]
    made = sorted(one for part, _ in parts for one in part)
    if ends:
        made = made[: bisect_right(made, min(ends))]
        made = made[: len(made) // BLOCK * BLOCK] or made
    _write(target, made)
    if not ends:
        target.state = LIVE
        for source in sources:
            source.state = RETIRED
    return True


def _next(source: Run, last: bytes, limit: int) -> tuple[list[bytes], bool]:
    """The entries after `last` of so many blocks, and whether there may be more."""
    here = Block.run_id == source.id
    begin = select(Block.first).where(here, Block.first <= last).order_by(Block.first.desc())
    from_ = db.session.scalar(begin.limit(1)) or last
    blocks = select(Block.body).where(here, Block.first >= from_).order_by(Block.first)
    bodies = db.session.scalars(blocks.limit(limit)).all()
    found = [one for body in bodies for one in entries(body) if one > last]
    return found, len(bodies) == limit


def _clear(site_id: int) -> bool:
    """Some blocks of the runs that were retired; with the last of its blocks a run goes."""
    retired, left = [run for run in _runs(site_id) if run.state == RETIRED], CLEAR
    for run in retired:
        some = select(Block.first).where(Block.run_id == run.id).order_by(Block.first).limit(left)
        firsts = db.session.scalars(some).all()
        here = delete(Block).where(Block.run_id == run.id, Block.first.in_(firsts))
        db.session.execute(here, execution_options=QUIET)
        left -= len(firsts)
        if not left:
            break
        db.session.delete(run)
    return bool(retired)


def _back(site_id: int, at: datetime) -> None:
    """Make everything from a little before `at` on the tail again. Commits."""
    db.session.rollback()
    edge, bound, runs = hold(site_id), micros(at) - LATE_US, _runs(site_id)
    edge = min([edge, bound, *(run.low - 1 for run in runs if run.high >= bound)])
    for run in runs:
        if run.high > edge:
            run.state = RETIRED
    _move(site_id, edge)
    db.session.commit()


def reopen(connection: Connection, site_id: int, seq: int) -> None:
    """Before records from `seq` on are stored late: what stands from there on is tail again. The
    site's line is held until the caller's transaction ends."""
    edge = int(connection.execute(HOLD, {"site_id": site_id}).scalar_one())
    if edge < seq:
        return
    over = select(Run.low).where(Run.site_id == site_id, Run.high >= seq)
    edge = min([seq, *connection.scalars(over)]) - 1
    later = Run.site_id == site_id, Run.high > edge
    connection.execute(update(Run).where(*later).values(state=RETIRED))
    connection.execute(update(Edge).where(Edge.site_id == site_id).values(edge=edge))


def _runs(site_id: int) -> list[Run]:
    held = select(Run).where(Run.site_id == site_id).order_by(Run.low, Run.level)
    return list(db.session.scalars(held.execution_options(populate_existing=True)))


def _within(run: Run, other: Run) -> bool:
    return other.low <= run.low and run.high <= other.high


def _write(run: Run, made: Sequence[bytes]) -> None:
    lines = [
        {"run_id": run.id, "site_id": run.site_id, "first": part[0], "body": b"".join(part)}
        for part in (made[at : at + BLOCK] for at in range(0, len(made), BLOCK))
    ]
    if lines:
        db.session.execute(insert(Block), lines)


def _move(site_id: int, edge: int) -> None:
    moved = update(Edge).where(Edge.site_id == site_id).values(edge=edge)
    db.session.execute(moved, execution_options=QUIET)
