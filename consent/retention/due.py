"""Which records are past their time.

A record is due when what its own notice promised has passed, or what the notice in force promises
now: whichever is shorter. So nothing is kept longer than its visitor was told, and what an owner
shortens holds for old records once it is published.

The anchor says where the time begins:
choice      at receipt
expiry      when the choice stopped counting: the notice's life of a choice after receipt
withdrawal  when the consent ended: at the first record of the same visitor that grants nothing,
            this one or a later one; without one, at expiry
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import aliased

from .. import notices, sites
from ..db import db, from_micros, micros
from ..records.rows import CATEGORIES, ERASED, GRANTED, TEST, Row
from ..records.verb import NEWEST, OLDEST
from ..sites import Site

LEAST = OLDEST + NEWEST  # a purged id is then too old to be sent again, so no tombstone is needed
SECOND = 1_000_000
COUNTED = 10_000
GRANTS = sum(GRANTED << 2 * position for position in range(len(CATEGORIES)))


@dataclass(frozen=True)
class Coming:
    """The next records to go: on which day, and how many by its end (COUNTED means at least)."""

    on: datetime | None
    count: int


@dataclass(frozen=True)
class Rule:
    """One notice's promise: `kept` and `life` in µs."""

    anchor: str
    kept: int
    life: int

    @classmethod
    def of(cls, content: dict[str, Any]) -> Rule:
        """The promise of a notice; without an anchor the time begins at receipt."""
        said = content["retention"]
        kept = max(timedelta(seconds=sites.seconds(said)), LEAST)
        life = sites.seconds(content["choice_lifetime"]) * SECOND
        return cls(said.get("anchor", "choice"), kept // timedelta(microseconds=1), life)

    def outlasts(self, other: Rule) -> bool:
        """Whether no record is due by this one before it is by the other."""
        longer = self.kept >= other.kept and self.life >= other.life
        return self.anchor == other.anchor and longer

    def past(self, site: Site, at: int) -> ColumnElement[bool]:
        """The condition under which a record's time has passed at `at` (µs)."""
        end = at - self.kept
        if self.anchor == "choice":
            return Row.seq < end
        if self.anchor == "expiry":
            return Row.seq < end - self.life
        last = aliased(Row)
        ended = (
            select(last.seq)
            .where(
                last.site_id == site.id,
                last.visitor == Row.visitor,
                last.seq >= Row.seq,
                last.seq < end,
                *_grants_nothing(last),
            )
            .exists()
        )
        return or_(Row.seq < end - self.life, and_(Row.seq < end, ended))

    def end(self, site: Site, row: Row) -> int:
        """When the time of this record has passed, in µs, as far as is known now."""
        begin = row.seq + (0 if self.anchor == "choice" else self.life)
        if self.anchor == "withdrawal":
            ended = db.session.scalar(
                select(func.min(Row.seq)).where(
                    *_held(site),
                    Row.visitor == row.visitor,
                    Row.seq >= row.seq,
                    *_grants_nothing(Row),
                )
            )
            begin = begin if ended is None else min(begin, ended)
        return begin + self.kept

    def first(self, site: Site, where: ColumnElement[bool]) -> int | None:
        """When the first record among `where` is due, in µs."""
        here = select(func.min(Row.seq)).where(*_held(site), where)
        oldest = db.session.scalar(here)
        if oldest is None:
            return None
        begin = oldest + (0 if self.anchor == "choice" else self.life)
        if self.anchor == "withdrawal":
            refused = db.session.scalar(here.where(*_grants_nothing(Row)))
            begin = begin if refused is None else min(begin, refused)
        return begin + self.kept


def past(site: Site, at: datetime) -> ColumnElement[bool]:
    """The condition of records of `site` that are due at `at`."""
    now = micros(at)
    found = [and_(where, rule.past(site, now)) for where, rule in _rules(site, at)]
    return and_(*_held(site), or_(false(), *found))


def ends(site: Site, row: Row, at: datetime) -> datetime:
    """When a record that was not erased goes: what its own notice promised, or the one in force
    where that is sooner. A later choice or publish may bring it forward."""
    own = db.session.get(notices.Notice, row.notice_id)
    bound = [notice for notice in (own, notices.current(site, at)) if notice is not None]
    return from_micros(min(Rule.of(notice.content).end(site, row) for notice in bound))


def batch(site: Site, at: datetime, after: int, limit: int, erased: bool) -> list[int]:
    """The seq of the next due records, in order of arrival; with `erased` their tombstones too."""
    due = past(site, at)
    if erased:
        rest = [and_(where, Row.seq < micros(at) - rule.kept) for where, rule in _rules(site, at)]
        tombs = and_(Row.site_id == site.id, Row.flags.bitwise_and(ERASED) != 0)
        due = or_(due, and_(tombs, or_(false(), *rest)))
    query = select(Row.seq).where(Row.site_id == site.id, Row.seq > after, due)
    return list(db.session.scalars(query.order_by(Row.seq).limit(limit)))


def coming(site: Site, at: datetime) -> Coming:
    """The day on which records are due next, not before today, and how many by the end of it."""
    begins = [rule.first(site, where) for where, rule in _rules(site, at)]
    known = [begin for begin in begins if begin is not None]
    if not known:
        return Coming(None, 0)
    on = max(at, from_micros(min(known)))
    end = on.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    some = select(Row.seq).where(past(site, end)).limit(COUNTED).subquery()
    return Coming(on, db.session.scalar(select(func.count()).select_from(some)) or 0)


def _rules(site: Site, at: datetime) -> list[tuple[ColumnElement[bool], Rule]]:
    """Each promise and the records that it binds. The one in force binds all, so older ones that
    could only be longer are left out."""
    promised: dict[Rule, list[int]] = {}
    for notice in notices.versions(site):
        promised.setdefault(Rule.of(notice.content), []).append(notice.id)
    newest = notices.current(site, at)
    now = Rule.of(newest.content) if newest else None
    found: list[tuple[ColumnElement[bool], Rule]] = [
        (Row.notice_id.in_(ids), rule)
        for rule, ids in promised.items()
        if now is None or not rule.outlasts(now)
    ]
    return found if now is None else [(Row.site_id == site.id, now), *found]


def _held(site: Site) -> tuple[ColumnElement[bool], ...]:
    return Row.site_id == site.id, Row.flags.bitwise_and(ERASED | TEST) == 0


def _grants_nothing(row: Any) -> tuple[ColumnElement[bool], ...]:
    nothing = row.categories.bitwise_and(GRANTS) == 0
    return nothing, row.flags.bitwise_and(ERASED | TEST) == 0
