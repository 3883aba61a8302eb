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

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from .. import notices, sites
from ..db import db, from_micros, micros, walk
from ..records import visitors
from ..records.rows import CATEGORIES, ERASED, GRANTED, TEST, Row
from ..records.verb import NEWEST, OLDEST
from ..sites import Site

LEAST = OLDEST + NEWEST  # a purged id is then too old to be sent again, so no tombstone is needed
SECOND = 1_000_000
COUNTED = 10_000
CHUNK = 500
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
        """The condition under which a record's time has passed at `at` (µs), but for those of
        `withdrawal` that a later one ended: see `_ended`."""
        end = at - self.kept
        if self.anchor == "choice":
            return Row.seq < end
        if self.anchor == "expiry":
            return Row.seq < end - self.life
        return or_(Row.seq < end - self.life, and_(Row.seq < end, *_grants_nothing()))

    def end(self, site: Site, row: Row) -> int:
        """When the time of this record has passed, in µs, as far as is known now."""
        begin = row.seq + (0 if self.anchor == "choice" else self.life)
        if self.anchor == "withdrawal":
            mine = visitors.seqs(site.id, row.visitor or b"")
            later = [seq for seq in mine if seq >= row.seq]
            refused = select(Row.seq).where(*_held(site), *_grants_nothing())
            ended = next(iter(visitors.among(refused, later)), None)
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
            refused = db.session.scalar(here.where(*_grants_nothing()))
            begin = begin if refused is None else min(begin, refused)
        return begin + self.kept


def ends(site: Site, row: Row, at: datetime) -> datetime:
    """When a record that was not erased goes: what its own notice promised, or the one in force
    where that is sooner. A later choice or publish may bring it forward."""
    own = db.session.get(notices.Notice, row.notice_id)
    bound = [notice for notice in (own, notices.current(site, at)) if notice is not None]
    return from_micros(min(Rule.of(notice.content).end(site, row) for notice in bound))


def whole(site: Site, at: datetime) -> int:
    """The beginning of a month (seq) before which every record of the site is due, whatever its
    notice, its visitor and what was chosen."""
    newest = notices.current(site, at)
    bound = [newest] if newest else notices.versions(site)
    promised = [Rule.of(notice.content) for notice in bound]
    ends = [rule.kept + (0 if rule.anchor == "choice" else rule.life) for rule in promised]
    return visitors.month(max(micros(at) - max(ends), 0)) if ends else 0


def batches(site: Site, at: datetime, limit: int, erased: bool = False) -> Iterator[list[int]]:
    """The seq of all due records, so many at a time; with `erased` their tombstones too. A record
    may come twice where nothing takes it away meanwhile."""
    due = _past(site, at)
    if erased:
        rest = [and_(where, Row.seq < micros(at) - rule.kept) for where, rule in _rules(site, at)]
        tombs = and_(Row.site_id == site.id, Row.flags.bitwise_and(ERASED) != 0)
        due = or_(due, and_(tombs, or_(false(), *rest)))
    yield from _ended(site, at, limit)  # first, while what ended them is there
    query = select(Row.seq).where(Row.site_id == site.id, due)
    after = -1
    while found := _after(query, after, limit):
        yield found
        after = found[-1]


def coming(site: Site, at: datetime) -> Coming:
    """The day on which records are due next, not before today, and how many by the end of it."""
    begins = [rule.first(site, where) for where, rule in _rules(site, at)]
    known = [begin for begin in begins if begin is not None]
    if not known:
        return Coming(None, 0)
    on = max(at, from_micros(min(known)))
    end = on.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Coming(on, count(site, end, COUNTED))


def count(site: Site, at: datetime, most: int | None = None) -> int:
    """How many records are due; `most` means at least so many."""
    some = select(Row.seq).where(_past(site, at)).limit(most).subquery()
    plain = db.session.scalar(select(func.count()).select_from(some)) or 0
    ended: set[int] = set()
    for seqs in _ended(site, at, CHUNK):
        if most is not None and plain + len(ended) >= most:
            break
        ended.update(visitors.among(select(Row.seq).where(~_past(site, at)), seqs))
    return plain + len(ended) if most is None else min(plain + len(ended), most)


def _past(site: Site, at: datetime) -> ColumnElement[bool]:
    """The condition of records of `site` that are due at `at`, but for what `_ended` finds."""
    now = micros(at)
    found = [and_(where, rule.past(site, now)) for where, rule in _rules(site, at)]
    return and_(*_held(site), or_(false(), *found))


def _ended(site: Site, at: datetime, limit: int) -> Iterator[list[int]]:
    """Records that a later one of the same visitor ended, long enough ago. Each is found from the
    one that ended it; those go too where they are bound by the same promise, so that there are few.
    """
    now = micros(at)
    for where, rule in _rules(site, at):
        if rule.anchor != "withdrawal":
            continue
        end, after = now - rule.kept, -1
        refused = select(Row.seq).where(*_held(site), Row.seq < end, *_grants_nothing())
        while lasts := _after(refused, after, limit):
            after = lasts[-1]
            here = select(Row.seq, Row.visitor).where(Row.site_id == site.id, Row.seq.in_(lasts))
            said = {row.visitor: row.seq for row in db.session.execute(here.order_by(Row.seq))}
            mine = {one: visitors.seqs(site.id, one) for one in said}
            ended = sorted(seq for one, last in said.items() for seq in mine[one] if seq <= last)
            found = visitors.among(select(Row.seq).where(*_held(site), where), ended)
            yield from (found[n : n + limit] for n in range(0, len(found), limit))


def _after(query: Select[int], after: int, limit: int) -> list[int]:
    walk()
    return list(db.session.scalars(query.where(Row.seq > after).order_by(Row.seq).limit(limit)))


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


def _grants_nothing() -> tuple[ColumnElement[bool], ...]:
    return Row.categories.bitwise_and(GRANTS) == 0, Row.flags.bitwise_and(ERASED | TEST) == 0
