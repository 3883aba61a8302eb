"""Which records are of a visitor: an index of our own, in packed runs (decision 0039).

A database's index over a code drawn at random is written all over, and ruins inserts once it
outgrows memory. So nothing is written here when a record is stored. Records after a site's `edge`
are its tail, and are found by walking the primary key. Those before it stand in runs: sorted
entries of eleven bytes, built in bulk by `runs.py`, never changed but to strike an entry.

entry  five bytes of the visitor's code, six of its seq (µs from the start of the run's month, UTC)
block  up to BLOCK entries, kept by its first; small enough that PostgreSQL leaves it in its row
run    the blocks of an unbroken stretch of a site's records, of one month

An entry is a hint: the row has the whole code, and is asked. That of a record which is erased or
purged is struck in the same transaction (`strike`). Whoever writes here holds the site's line
(`hold`). Records of test origins are in no run: they have a small index of their own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    LargeBinary,
    Select,
    SmallInteger,
    UniqueConstraint,
    and_,
    delete,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigKey, db, from_micros, micros
from .rows import Row, is_test

CODE, ENTRY = 5, 11
BLOCK = 116  # three blocks to a page of SQLite, six to one of PostgreSQL
MANY = 500  # rows asked for by number at once
MAKING, LIVE, RETIRED = 0, 1, 2
T = TypeVar("T")
HOLD = text(
    "INSERT INTO visitor_index (site_id, edge) VALUES (:site_id, -1)"
    " ON CONFLICT (site_id) DO UPDATE SET edge = visitor_index.edge RETURNING edge"
)


class Edge(Base):
    """A site's line: every record up to `edge` is in a run, or has no visitor."""

    __tablename__ = "visitor_index"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    edge: Mapped[int] = mapped_column(BigInteger)


class Run(Base):
    """Records of a site with low ≤ seq ≤ high; `state` is MAKING, LIVE or RETIRED. Only live runs
    are read; one becomes live in the transaction that retires what it was made from."""

    __tablename__ = "visitor_run"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int]
    level: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[int] = mapped_column(SmallInteger)
    low: Mapped[int] = mapped_column(BigInteger)
    high: Mapped[int] = mapped_column(BigInteger)
    # A number is never given twice: what is left of a run that is gone is no part of another.
    __table_args__ = (
        UniqueConstraint("site_id", "low", "level"),
        {"sqlite_autoincrement": True},
    )


class Block(Base):
    """Entries in order, the first of them also as the key."""

    __tablename__ = "visitor_block"
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first: Mapped[bytes] = mapped_column(LargeBinary(ENTRY), primary_key=True)
    site_id: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


def seqs(site_id: int, visitor: bytes) -> list[int]:
    """The seq of every record of a visitor, in order of arrival, test ones included."""
    mine = select(Row.seq).where(Row.site_id == site_id, Row.visitor == visitor)
    found: set[int] = set(db.session.scalars(_tests(site_id, visitor)))
    found.update(among(mine, likely(site_id, visitor)))
    return sorted(found)


def likely(site_id: int, visitor: bytes) -> list[int]:
    """The seq of every record of a visitor, in order of arrival, test ones left out or not; and of
    a few others, whose rows have another code."""
    edge, hints = _hints(site_id, visitor)
    mine = Row.site_id == site_id, Row.visitor == visitor
    tail = db.session.scalars(select(Row.seq).where(*mine, Row.seq > edge).order_by(Row.seq))
    return hints + list(tail)


def whole(query: Select[Any]) -> list[Any]:
    """The objects a query finds."""
    return list(db.session.scalars(query))


def among(
    query: Select[T], seqs: Sequence[int], limit: int | None = None, newest: bool = False
) -> list[T]:
    """What `query` finds of these records, in order or back; `limit` of them at most."""
    return read_among(whole, query, seqs, limit, newest)


def read_among(
    read: Callable[[Select[Any]], list[T]],
    query: Select[Any],
    seqs: Sequence[int],
    limit: int | None = None,
    newest: bool = False,
) -> list[T]:
    """The same, as `read` reads a query."""
    seqs, order = (seqs[::-1], Row.seq.desc()) if newest else (seqs, Row.seq.asc())
    found: list[T] = []
    for at in range(0, len(seqs), MANY):
        part = query.where(Row.seq.in_(seqs[at : at + MANY])).order_by(order)
        found += read(part if limit is None else part.limit(limit - len(found)))
        if len(found) == limit:
            break
    return found


def hold(site_id: int) -> int:
    """The site's edge; nobody else writes the site's runs until the transaction ends."""
    return int(db.session.connection().execute(HOLD, {"site_id": site_id}).scalar_one())


def strike(site_id: int, gone: Sequence[tuple[bytes, int]]) -> None:
    """Take the entries of these (visitor, seq) out of every run; the caller holds the site's line
    and commits."""
    if not gone:
        return
    lowest, highest = min(seq for _, seq in gone), max(seq for _, seq in gone)
    over = select(Run.id, Run.low, Run.high).where(
        Run.site_id == site_id, Run.low <= highest, Run.high >= lowest
    )
    for run_id, low, high in db.session.execute(over).all():
        keys = {entry(code, seq) for code, seq in gone if low <= seq <= high}
        struck: dict[bytes, bytes] = {}
        for key in sorted(keys):
            at = select(Block.first, Block.body).where(Block.run_id == run_id, Block.first <= key)
            held = db.session.execute(at.order_by(Block.first.desc()).limit(1)).one_or_none()
            if held is not None:
                struck[held.first] = held.body
        for first, body in struck.items():
            _rewrite(run_id, first, b"".join(one for one in entries(body) if one not in keys))


def retire(site_id: int, before: int) -> None:
    """The runs whose records are all gone go too; the caller holds the site's line and commits."""
    over = update(Run).where(Run.site_id == site_id, Run.high < before).values(state=RETIRED)
    db.session.execute(over, execution_options={"synchronize_session": False})


def entry(visitor: bytes, seq: int) -> bytes:
    return packed(visitor, seq - month(seq))


def packed(visitor: bytes, since: int) -> bytes:
    """The entry of a record `since` µs after its month began."""
    return visitor[:CODE] + since.to_bytes(ENTRY - CODE)


def entries(body: bytes) -> list[bytes]:
    return [body[at : at + ENTRY] for at in range(0, len(body), ENTRY)]


def month(seq: int, later: int = 0) -> int:
    """The seq with which the UTC month of `seq` begins, or one so many months later."""
    at = from_micros(seq)
    years, number = divmod(at.year * 12 + at.month - 1 + later, 12)
    return micros(datetime(years, number + 1, 1, tzinfo=UTC))


def _tests(site_id: int, visitor: bytes) -> Select[int]:
    """Spelled so that SQLite takes the small index, and does not walk the site's records."""
    return select(Row.seq).where(
        Row.site_id + 0 == site_id, Row.visitor == visitor, is_test(Row.flags)
    )


def _hints(site_id: int, visitor: bytes) -> tuple[int, list[int]]:
    """The site's edge, and the records up to it that may be this visitor's. Of each run the last
    block that can hold the code is read in one statement, so that no run is missed that becomes
    live or retired meanwhile; the few codes that fill more blocks take another."""
    code = visitor[:CODE]
    most = code + b"\xff" * (ENTRY - CODE)
    near = select(Block.body).where(Block.run_id == Run.id, Block.first <= most)
    last = near.order_by(Block.first.desc()).limit(1).correlate(Run).scalar_subquery()
    live = and_(Run.site_id == Edge.site_id, Run.state == LIVE)
    query = select(Edge.edge, Run.id, Run.low, last).outerjoin(Run, live)
    lines = db.session.execute(query.where(Edge.site_id == site_id)).all()
    found: list[int] = []
    for _, run_id, low, body in lines:
        bodies = [body] if body else []
        if body and body.startswith(code):
            more = _earlier(run_id, body[:ENTRY], code)
            if more is None:
                return _hints(site_id, visitor)
            bodies += more
        found += (seq for one in bodies for seq in _seqs(one, code, month(low)))
    return (lines[0].edge if lines else -1), sorted(found)


def _earlier(run_id: int, first: bytes, code: bytes) -> list[bytes] | None:
    """The blocks before `first` that hold the code; None where the run was retired meanwhile."""
    found: list[bytes] = []
    while first.startswith(code):
        before = select(Block.body).where(Block.run_id == run_id, Block.first < first)
        body = db.session.scalar(before.order_by(Block.first.desc()).limit(1))
        if body is None:
            break
        found.append(body)
        first = body[:ENTRY]
    state = db.session.scalar(select(Run.state).where(Run.id == run_id))
    return found if state == LIVE else None


def _seqs(body: bytes, code: bytes, base: int) -> list[int]:
    at = bisect_left(range(0, len(body), ENTRY), code, key=lambda place: body[place : place + CODE])
    found = []
    for place in range(at * ENTRY, len(body), ENTRY):
        if body[place : place + CODE] != code:
            break
        found.append(base + int.from_bytes(body[place + CODE : place + ENTRY]))
    return found


def _rewrite(run_id: int, first: bytes, body: bytes) -> None:
    """The key goes with the entry that it was made of."""
    here = Block.run_id == run_id, Block.first == first
    quiet = {"synchronize_session": False}
    if body:
        values = {"first": body[:ENTRY], "body": body}
        db.session.execute(update(Block).where(*here).values(values), execution_options=quiet)
    else:
        db.session.execute(delete(Block).where(*here), execution_options=quiet)
