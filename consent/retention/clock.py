"""A moved clock deletes nothing: whether the date may be believed before anything is taken away.

The job remembers the last moment it trusted, in the database and in the signer's folder (the later
of the two counts), and goes by three rules:

1. Behind. If the trusted moment, the newest record or the last signature is more than DRIFT ahead
   of the clock, the clock is behind, or was ahead once: nothing is deleted.
2. Ahead. Up to GAP after the trusted moment is an ordinary pause. After a longer one, up to LONG,
   the first run only notes the time; one at least STEADY later goes on, so a server that was off
   for some weeks needs nobody. Beyond LONG a person must say that the date is right. The same hold
   follows when a running server's clock moves by more than DRIFT against its monotonic one.
3. The first run ever measures from the newest record and the last signature, if there are any.

Only the trusted moment answers "how far ahead": what is received and signed under a moved clock
bears its date, so records and signatures can show a clock to be behind, never to be right.

Limits: a clock that creeps by less than GAP between two runs is believed, so a wrong clock can cost
records at most GAP of their time, or LONG after STEADY with an alarm shown. Nothing here protects
from an operator who can set the clock and overrule this. Records with dates far ahead, from a clock
that was wrong for a while, stop the job until somebody has looked: overruling excuses them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, Instant, Words, db, from_micros, rfc3339
from ..ledger import Signer
from ..records.rows import Row
from ..saying import say

DRIFT = timedelta(hours=24)
DAY = timedelta(days=1)
GAP = timedelta(days=7)
LONG = timedelta(days=40)
STEADY = timedelta(hours=24)
JOB = "retention"
OVERRULE = "flask --app app retention run --i-know-the-date"


class Clock(Base):
    """One row. `trusted` is the last moment that was believed, `held` when a doubt began, `excused`
    until when dates ahead were overruled, `problem` what the operator should read."""

    __tablename__ = "retention_clock"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    trusted: Mapped[datetime | None] = mapped_column(Instant)
    held: Mapped[datetime | None] = mapped_column(Instant)
    excused: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(Words())


def problem() -> str | None:
    """Why the job last deleted nothing, or None."""
    return db.session.scalar(select(Clock.problem))


def next_run(at: datetime) -> datetime:
    """When the daily job is expected next: a day after it last trusted the clock, or now."""
    last = db.session.scalar(select(Clock.trusted))
    return max(at, last + DAY) if last else at


def believe(signer: Signer, at: datetime, moved: bool = False, overruled: bool = False) -> bool:
    """Whether `at` may be believed; remembers it if so, and says why if not. Commits.

    `moved`: the clock was seen to move while the process ran; `overruled`: a person vouches.
    """
    known = _row()
    noted = signer.noted(JOB)
    trusted = max((one for one in (known.trusted, noted) if one), default=None)
    seen = _newest(signer)
    if overruled:
        known.excused = max((one for one in (trusted, seen) if one), default=at)
        return _trust(signer, known, at, force=True)
    known.problem = _behind(known, trusted, seen, at) or _ahead(known, trusted or seen, at, moved)
    if known.problem is None:
        return _trust(signer, known, at)
    db.session.commit()
    return False


def _behind(
    known: Clock, trusted: datetime | None, seen: datetime | None, at: datetime
) -> str | None:
    if seen and known.excused and seen <= known.excused:
        seen = None
    latest = max((one for one in (trusted, seen) if one), default=None)
    if latest is None or latest <= at + DRIFT:
        return None
    known.held = None
    return say(
        "Retention deletes nothing: the clock says %(at)s, and something is dated "
        "%(latest)s. Set the clock right; if it is, run %(overrule)s.",
        at=rfc3339(at),
        latest=rfc3339(latest),
        overrule=OVERRULE,
    )


def _ahead(known: Clock, base: datetime | None, at: datetime, moved: bool) -> str | None:
    gap = at - base if base else timedelta(0)
    if gap <= GAP and not moved and known.held is None:
        return None
    if gap > LONG:
        known.held = None
        return say(
            "Retention deletes nothing: the clock says %(at)s, %(days)s days after what "
            "was seen last. If the date is right, run %(overrule)s.",
            at=rfc3339(at),
            days=gap.days,
            overrule=OVERRULE,
        )
    if known.held and not moved and known.held + STEADY <= at <= known.held + STEADY + GAP:
        return None
    if known.held is None or moved or not known.held <= at <= known.held + STEADY + GAP:
        known.held = at
    return say(
        "Retention has paused: the clock moved to %(at)s. It goes on from %(value)s if "
        "the clock stays; if the date is right, run %(overrule)s.",
        at=rfc3339(at),
        value=rfc3339(known.held + STEADY),
        overrule=OVERRULE,
    )


def _trust(signer: Signer, known: Clock, at: datetime, force: bool = False) -> bool:
    known.trusted = at if force or known.trusted is None else max(known.trusted, at)
    known.held = known.problem = None
    db.session.commit()
    signer.note(JOB, known.trusted)
    return True


def _newest(signer: Signer) -> datetime | None:
    """The latest of the newest record and the last signature."""
    newest = db.session.scalar(select(func.max(Row.seq)))
    found = [one for one in (newest and from_micros(newest), signer.latest()) if one]
    return max(found, default=None)


def _row() -> Clock:
    known = db.session.get(Clock, 1)
    if known is None:
        known = Clock(id=1, trusted=None, held=None, excused=None, problem=None)
        db.session.add(known)
    return known
