"""The run: what is past its time is counted where that was asked for, taken away, and told.

Months in which every record is due go first, in long stretches of the key; the rest in batches.
Each is a transaction of its own, so a choice that arrives waits for one at most. A run that is cut
short loses nothing: what it took is counted and told by the next.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from .. import notices, requests, sites, undoing
from ..db import Base, db, from_micros
from ..ledger import Ledger
from ..ledger.erasure import scrub
from ..ledger.purging import take, take_before, tell
from ..records.rows import Place
from ..saying import say
from ..sites import Site
from . import due
from .clock import DRIFT, believe, problem

_LOG = logging.getLogger(__name__)
BATCH = 500
STRETCH = 2000  # a writer waits for each: the longest at 8 M records was 1.3 s with 5000
PAUSE_S = 0.01  # between batches, for whoever else wants to write
DAY = timedelta(days=1)
RETRY = timedelta(hours=1)
BY = "retention"


class DailyCount(Base):
    """What is left of records whose action is aggregate or anonymise: how many of a kind on a day.

    `action` and `categories` as in a record; a country that was not known is ''.
    """

    __tablename__ = "daily_count"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    action: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    categories: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    count: Mapped[int]


@dataclass
class Run:
    """What a run did, or would do: records by site. `why` says why it took nothing, if so."""

    taken: dict[str, int] = field(default_factory=dict)
    why: str | None = None


def run(
    ledger: Ledger,
    at: datetime,
    by: str = BY,
    *,
    dry: bool = False,
    moved: bool = False,
    overruled: bool = False,
) -> Run:
    """Take away every record past its time; `dry` only counts, and asks nobody for the date.

    Nothing is taken while the date is in doubt (clock.py) or the log is stopped, because the log
    could not be told.
    """
    if dry:
        return Run({site.key: n for site in sites.all_sites() if (n := due.count(site, at))})
    ledger.look(at)
    if ledger.stopped:
        return Run(why=say("Retention waits: %(stopped)s", stopped=ledger.stopped))
    if not believe(ledger.signer, at, moved, overruled):
        return Run(why=problem())
    taken: dict[str, int] = {}
    for site in sites.all_sites():
        _site(site, at)
        if told := tell(site, by, at):
            taken[site.key] = told
    undoing.purge(at)
    if requests.purge(at) or taken:
        scrub()
    return Run(taken)


def _site(site: Site, at: datetime) -> None:
    action = _action(site, at)
    if action != "anonymise":
        _months(site, due.whole(site, at), count=action != "delete")
    for seqs in due.batches(site, at, BATCH, erased=action != "anonymise"):
        db.session.rollback()
        rows = take(site, seqs, wipe=action == "anonymise")
        if action != "delete":
            _count_daily(site, rows)
        db.session.commit()
        time.sleep(PAUSE_S)
    db.session.rollback()


def _months(site: Site, before: int, count: bool) -> None:
    """Whole months go in stretches, without a look at single records."""
    gone = True
    while gone:
        db.session.rollback()
        rows, gone = take_before(site, before, STRETCH)
        if count:
            _count_daily(site, rows)
        db.session.commit()
        time.sleep(PAUSE_S)


def _action(site: Site, at: datetime) -> str:
    """What the notice in force says becomes of records; deleted where it does not say."""
    notice = notices.current(site, at)
    said: str = notice.content["retention"].get("action", "delete") if notice else "delete"
    return said


def _count_daily(site: Site, rows: Sequence[Any]) -> None:
    """Add these rows to the counts of their days. The site's line is locked (`take`)."""
    wanted = select(Place.id, Place.country).where(Place.id.in_({row.place_id for row in rows}))
    countries = {number: country for number, country in db.session.execute(wanted)}
    kinds = Counter(
        (
            from_micros(row.seq).strftime("%Y-%m-%d"),
            row.action,
            row.categories,
            countries.get(row.place_id, ""),
        )
        for row in rows
    )
    for kind, count in kinds.items():
        key = dict(zip(("day", "action", "categories", "country"), kind, strict=True))
        same = [getattr(DailyCount, name) == value for name, value in key.items()]
        more = (
            update(DailyCount)
            .where(DailyCount.site_id == site.id, *same)
            .values(count=DailyCount.count + count)
        )
        found = db.session.execute(more, execution_options={"synchronize_session": False})
        if not found.rowcount:  # type: ignore[attr-defined]
            db.session.add(DailyCount(site_id=site.id, count=count, **key))
            db.session.flush()


class Daily:
    """The job as a chore of whoever runs the ledger: once a day, and at the start."""

    def __init__(self, ledger: Ledger, steady: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._steady = steady
        self._last: tuple[datetime, float] | None = None

    def __call__(self, at: datetime) -> None:
        """Run if a day has passed, by the clock in either direction or by the monotonic one."""
        steady = self._steady()
        moved = False
        if self._last is not None:
            clock, mono = at - self._last[0], timedelta(seconds=steady - self._last[1])
            if abs(clock) < DAY and mono < DAY:
                return
            moved = abs(clock - mono) > DRIFT
        self._last = (at, steady)
        try:
            outcome = run(self._ledger, at, moved=moved)
        except Exception:  # the database is away, or another process was faster
            early = DAY - RETRY
            self._last = (at - early, steady - early.total_seconds())
            raise
        if outcome.why:
            _LOG.error("%s", outcome.why)
        for site, count in outcome.taken.items():
            _LOG.info("retention: %d records of %s", count, site)
