"""What looks odd about a record that is otherwise in order, kept beside it and never in it.

A record is what was sent and is committed to; a flag is our opinion of it. Flagged records are
stored, logged and binding like any other. Statistics count them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, SmallInteger, select
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, db
from ..sites import Site
from .rows import ACTIONS, Line, Row

# Bits are stored: this table may only grow at the end.
REASONS = ("burst", "fast", "clock")
BURST, FAST, CLOCK = 1, 2, 4
# What somebody does with a notice before their eyes; the rest is done for them, or later.
ANSWERS = frozenset(ACTIONS.index(name) for name in ("accept_all", "reject_all", "save", "dismiss"))
HAND_MS = 100  # nobody reads, decides and clicks in less
AHEAD_MS = 3600 * 1000
BEHIND_MS = 7 * 24 * 3600 * 1000  # a browser may have been without a network for days


class Flag(Base):
    """Why a record is suspect: bits in the order of REASONS. Records without reasons have none."""

    __tablename__ = "record_flag"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reasons: Mapped[int] = mapped_column(SmallInteger)


def reasons_of(row: Row | Line, burst: bool) -> int:
    """The bits for a row that has its time of receipt; `burst`: its client sent many at once."""
    found = BURST if burst else 0
    if row.shown is not None and row.action in ANSWERS and -HAND_MS < row.shown <= 0:
        found |= FAST
    late = row.shown is not None and row.shown > 0  # shown after it was answered
    if late or row.claimed > AHEAD_MS or row.claimed < -BEHIND_MS:
        found |= CLOCK
    return found


def words(reasons: int) -> tuple[str, ...]:
    """The names of the bits."""
    return tuple(name for bit, name in enumerate(REASONS) if reasons >> bit & 1)


def flags(site: Site, seqs: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Why these records are suspect, by seq; those that are not are left out."""
    if not seqs:
        return {}
    query = select(Flag.seq, Flag.reasons).where(Flag.site_id == site.id, Flag.seq.in_(seqs))
    return {seq: words(reasons) for seq, reasons in db.session.execute(query)}
