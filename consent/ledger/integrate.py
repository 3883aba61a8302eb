"""Integration: what waits becomes entries, every log's head moves on, and the heads are signed.

A tick is one transaction for all sites with news, fenced by compare-and-swap on the head rows: of
two ledgers that tick at once, one changes nothing. Then the signer signs what is stored, and the
notes are published. A crash between the two leaves a head that is stored and not yet signed; the
next tick, by whomever, begins by signing it. So recovery is the normal path.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from .. import leaf
from ..db import db, micros
from ..records import Names
from ..records.rows import ERASED, Line, Row
from ..saying import Said, of_error, say
from ..sites import Site
from ..tlog import merkle
from ..tlog.merkle import Wrong
from ..turns import turn
from ..waiting import CONSENT, DEPLOYMENT, ENTRY, Waiting
from . import word
from .doubt import doubt
from .rows import Head, Item, day, head_item
from .signer import Refused, Signer, Wanted
from .tree import Growth, Tree
from .witnessing import Witnessing

_LOG = logging.getLogger(__name__)
TICK_MAX = 20_000  # entries of one tick; more than that waits for the next
CHUNK = 500
AHEAD = 200  # logs that are grown, in memory, before a choice has to wait for what is written


class Lost(Exception):
    """Another ledger moved a head first; nothing was changed here."""


@dataclass
class Outcome:
    """What a tick did: entries added, and records whose row is not what was acknowledged."""

    added: int = 0
    changed: list[str] = field(default_factory=list)


@dataclass
class Ledger:
    """Whoever has the database and the signer can tick; `base` is BASE_URL without its scheme.
    `told` are digests that every log should know: rules and build, by kind of entry. `shard` names
    a further database, whose deployment log is one of its own."""

    signer: Signer
    base: str
    told: Mapping[str, str]
    witnessing: Witnessing | None = None
    alarms: dict[str, str] = field(default_factory=dict)
    shard: str = ""
    _known: str | None = None  # why it was stopped when the server's log was last told

    @property
    def stopped(self) -> str | None:
        """Why nothing is signed and no choice is taken, or None."""
        return self.alarms.get("log")

    def look(self, at: datetime) -> None:
        """By one that leaves ticking to another process: whether it may go on, by what it sees and
        by that one's word. Alarms stay as they are where the database does not answer."""
        try:
            why = doubt(self.signer, self._origin(DEPLOYMENT))
            told = word.heard(self.signer, at)
        finally:
            db.session.remove()
        self.alarms = told if why is None else {**told, "log": _stopping(why)}
        self._log()

    def tell(self, at: datetime) -> None:
        """By one that ticks, to those that look: whether they may go on."""
        try:
            self.check()
        finally:
            db.session.remove()
        self._log()
        word.leave(self.signer, self.alarms, at)

    def witness(self, at: datetime) -> None:
        """Have the published head cosigned as the policy asks. Call it in an app context."""
        if self.witnessing is None:
            return
        try:
            self.witnessing.step(at)
        finally:
            db.session.remove()
            alarm = self.witnessing.alarm(at)
            if alarm is None:
                self.alarms.pop("witness", None)
            else:
                if "witness" not in self.alarms:
                    _LOG.error("%s", alarm)
                self.alarms["witness"] = alarm

    def tick(self, at: datetime) -> Outcome:
        """Sign what is unsigned, integrate what waits, sign that. Call it in an app context.

        Never raises Refused: a refusal is an alarm, and stops everything until a person acts.
        """
        outcome = Outcome()
        try:
            self.check()
            if self.stopped is None:
                self.publish(at)
                outcome = self.integrate(at)
                self.publish(at)
        except Lost:
            pass
        except Refused as refused:
            self.alarm(of_error(refused))
        finally:
            db.session.remove()
            self._log()
        word.leave(self.signer, self.alarms, at)
        return outcome

    def alarm(self, why: str) -> None:
        self.alarms["log"] = _stopping(why)

    def _log(self) -> None:
        """Tell the server's log why this one is stopped, when that is new."""
        if self.stopped not in (None, self._known):
            _LOG.error("the log is stopped: %s", self.stopped)
        self._known = self.stopped

    def check(self) -> None:
        """By one that ticks: whether the database is the one whose heads were signed last; else an
        alarm. It stays where the database does not answer."""
        why = doubt(self.signer, self._origin(DEPLOYMENT), ticks=True)
        if why is None:
            self.alarms.pop("log", None)
        else:
            self.alarm(why)

    def open(self, site: str) -> Head:
        """The head of a site's log, made at first use; its origin never changes afterwards."""
        head = db.session.scalar(select(Head).where(Head.site == site))
        if head is not None:
            return head
        empty = Head(
            site=site,
            origin=self._origin(site),
            size=0,
            root=merkle.EMPTY,
            signed=0,
            note="",
            chained=None,
            told={},
        )
        db.session.add(empty)
        try:
            db.session.commit()
        except IntegrityError:  # another process opened it first
            db.session.rollback()
        return db.session.scalars(select(Head).where(Head.site == site)).one()

    def integrate(self, at: datetime) -> Outcome:
        """One transaction: entries, tiles and heads of all logs with news, then the deployment's.

        Raises Lost where another ledger was faster.
        """
        waits = select(*Waiting.__table__.columns).order_by(Waiting.id).limit(TICK_MAX)
        lines = db.session.execute(waits).all()
        sound, changed = self._examined([line for line in lines if line.kind == CONSENT])
        taken = [line for line in lines if line.kind != CONSENT or line.id in sound]
        by_site: dict[str, list[Item]] = {}
        for line in taken:
            item = Item(line.kind, line.seq, line.body)
            by_site.setdefault(line.site, []).append(item)
        ids = [line.id for line in taken]
        deployment = by_site.pop(DEPLOYMENT, [])
        told = self._told(at)
        if not by_site and not deployment and not self._rotated(told):
            return Outcome(0, changed)
        heads = self._heads([*sorted(by_site), DEPLOYMENT])
        above = heads.pop(DEPLOYMENT)
        sizes = {head.id: head.size for head in [*heads.values(), above]}
        try:
            grown = self._grown(heads, above, by_site, deployment, told, at)
            some = list(islice(grown, AHEAD))
            with turn(db.engine):
                for head, growth, chained in chain(some, grown):
                    self._move(head, growth, chained, told)
                self._take(ids)
                db.session.commit()
        except Wrong:  # the tiles are not those of the heads: another ledger, or damage
            if self._moved_on(sizes):
                raise Lost from None
            raise
        return Outcome(len(taken), changed)

    def _grown(
        self,
        heads: dict[str, Head],
        above: Head,
        by_site: dict[str, list[Item]],
        deployment: list[Item],
        told: Mapping[str, str],
        at: datetime,
    ) -> Iterator[tuple[Head, Growth, int | None]]:
        """What was taken, added to each site's log, and their heads, added to the deployment's,
        which comes last; with each the index of its head there. Nothing is written here."""
        top = Growth(Tree(db.session(), above.id), above.size)
        for item in [*self._news(above, told, at), *deployment]:
            top.add(item)
        for site, head in heads.items():
            grown = Growth(Tree(db.session(), head.id), head.size)
            for item in [*self._news(head, told, at), *by_site[site]]:
                grown.add(item)
            chained = top.add(head_item(head.id, grown.size, grown.root(), micros(at)))
            yield head, grown, chained
        yield above, top, None

    def publish(self, at: datetime) -> None:
        """Sign every head that is stored and not signed, and publish the notes.

        Raises Refused; nothing is published then.
        """
        db.session.rollback()
        query = select(Head).where(Head.signed < Head.size).order_by(Head.id)
        wanted = [_wanted(head.id, head) for head in db.session.scalars(query)]
        if not wanted:
            return
        try:
            notes = self.signer.sign(wanted, at)
        except Refused:
            if self._overtaken(wanted):
                raise Lost from None
            raise
        for head, signed in zip(wanted, notes, strict=True):
            db.session.execute(
                update(Head)
                .where(Head.origin == head.origin, Head.signed < head.size)
                .values(signed=head.size, note=signed),
                execution_options={"synchronize_session": False},
            )
        db.session.commit()

    def _overtaken(self, wanted: Sequence[Wanted]) -> bool:
        """Whether another ledger signed more meanwhile, which is no reason for an alarm."""
        sizes = {head.origin: head.size for head in wanted}
        db.session.rollback()
        now = db.session.execute(select(Head.origin, Head.size).where(Head.origin.in_(sizes)))
        return any(size > sizes[origin] for origin, size in now)

    def _heads(self, sites: Sequence[str]) -> dict[str, Head]:
        """The heads of these logs; those that are new are opened."""
        found: dict[str, Head] = {}
        for start in range(0, len(sites), CHUNK):
            query = select(Head).where(Head.site.in_(sites[start : start + CHUNK]))
            found |= {head.site: head for head in db.session.scalars(query)}
        missing = [site for site in sites if site not in found]
        if missing:  # opening one commits, so all are read again
            for site in missing:
                self.open(site)
            return self._heads(sites)
        return {site: found[site] for site in sites}

    def _move(
        self, head: Head, grown: Growth, chained: int | None, told: Mapping[str, str]
    ) -> None:
        """Compare and swap: only who still finds the head as it was read may write its tiles."""
        moved = db.session.execute(
            update(Head)
            .where(Head.id == head.id, Head.size == head.size, Head.root == head.root)
            .values(size=grown.size, root=grown.root(), chained=chained, told=dict(told)),
            execution_options={"synchronize_session": False},
        )
        if moved.rowcount != 1:  # type: ignore[attr-defined]
            db.session.rollback()
            raise Lost
        grown.save(db.session())

    def _moved_on(self, sizes: dict[int, int]) -> bool:
        """Whether a head is not as long any more as it was read."""
        db.session.rollback()
        now = db.session.execute(select(Head.id, Head.size).where(Head.id.in_(sizes)))
        return any(size != sizes[number] for number, size in now)

    def _take(self, ids: Sequence[int]) -> None:
        """What was integrated waits no longer; a line that another ledger took is not ours."""
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            gone = db.session.execute(
                delete(Waiting).where(Waiting.id.in_(part)),
                execution_options={"synchronize_session": False},
            )
            if gone.rowcount != len(part):  # type: ignore[attr-defined]
                db.session.rollback()
                raise Lost

    def _told(self, at: datetime) -> dict[str, str]:
        """What every log should know now: rules and build of this release, and the keys."""
        return {**self.told, "key": self.signer.digest(at)}

    def _rotated(self, told: Mapping[str, str]) -> bool:
        """Whether the deployment log, which is not empty, does not know the newest key.

        A site's log is told with its next entry; a new key must not wait for that here.
        """
        known = db.session.scalar(select(Head.told).where(Head.site == DEPLOYMENT, Head.size > 0))
        return known is not None and known.get("key") != told["key"]

    def _news(self, head: Head, told: Mapping[str, str], at: datetime) -> list[Item]:
        """Entries for the digests that this log does not know yet: rules, build and keys."""
        found = []
        for kind, digest in told.items():
            if head.told.get(kind) != digest:
                body = leaf.jcs({"d": day(micros(at)), "h": digest, "k": kind, "v": 1})
                found.append(Item(ENTRY, micros(at), body))
        return found

    def _examined(self, lines: Sequence[Any]) -> tuple[set[int], list[str]]:
        """The waiting records whose row still makes what was committed to; and the others' ids.

        The others go on waiting, and are named in `alarms` until somebody has looked at them.
        """
        sound: set[int] = set()
        wrong: list[str] = []
        for start in range(0, len(lines), CHUNK):
            part = lines[start : start + CHUNK]
            made = commitments([(line.site, line.seq) for line in part])
            for line in part:
                if made.get((line.site, line.seq)) == line.body.hex():
                    sound.add(line.id)
                else:
                    wrong.append(f"{line.site} {line.seq}")
        if wrong:
            self.alarms["changed"] = say(
                "%(wrong)s records are not what was acknowledged, and are kept out of the log: "
                "run flask --app app ledger fsck.",
                wrong=len(wrong),
            )
        else:
            self.alarms.pop("changed", None)
        return sound, wrong

    def _origin(self, site: str) -> str:
        if site:
            return f"{self.base}/log/{site}"
        return f"{self.base}/shards/{self.shard}/log" if self.shard else f"{self.base}/log"


def _stopping(why: str) -> str:
    return say(
        "%(why)s Nothing is signed and no choice is taken until this is settled: see "
        "docs/reliability.md, and flask --app app ledger recover.",
        why=Said.of(why),
    )


def _wanted(log_id: int, head: Head) -> Wanted:
    size = head.size

    def prove(old: int) -> list[bytes]:
        return Tree(db.session(), log_id).consistency(old, size)

    return Wanted(head.origin, size, head.root, prove, strong=head.site == DEPLOYMENT)


def commitments(wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The commitment that each record's row makes now, by (site, seq); erased ones make none."""
    found: dict[tuple[str, int], str] = {}
    for site in {site for site, _ in wanted}:
        seqs = [seq for other, seq in wanted if other == site]
        query = (
            select(*Row.__table__.columns)
            .join(Site, Site.id == Row.site_id)
            .where(Site.key == site, Row.seq.in_(seqs))
        )
        rows = [Line(**row._mapping) for row in db.session.execute(query)]
        names = Names(rows)
        for row in rows:
            if row.salt is not None and not row.flags & ERASED:
                made = leaf.commitment(names.record(row, site), row.salt)
                found[site, row.seq] = made
    return found
