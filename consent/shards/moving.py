"""A site moves to another database while its visitors go on choosing.

copying   the records and full tiles there are, in passes, until little is left
closing   nobody writes of the site but the ledger, until nothing waits for its log
closed    the rest is copied and compared
switched  the directory says where it is now: from here on the move only goes forward
opened    the log there says that it came, and holds its head; the old rows go

Every step may be the last before a crash: `run` again goes on where it stopped, and until it is
switched, a move back to where it is takes everything back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from psycopg import sql
from sqlalchemy import select, text

from .. import trail
from ..databases import HOME
from ..db import db
from ..directory import CLOSED, CLOSING, COPYING, OPEN, Whereabouts
from ..ledger.integrate import commitments
from ..ledger.rows import Head
from ..ledger.tree import Tree
from ..records.rows import ERASED, TEST
from . import copying, marks
from .copying import THROUGH, Raw, copy, delete, holds, moving
from .fence import MOVER, advance
from .marks import DRAIN_S, Place, Unmovable
from .tables import ENDS, LARGE, RECORDS, in_order, of_site

CHUNK = 50_000  # records of one transaction
FEW = 5_000  # records of a pass after which the site is closed for the rest
PASSES = 50
SETTLED_S = 2.0  # every process has looked at the directory again by then
VERIFIED = 500
LAST = 2**62
UNDO = "Take the move back: flask --app app shard move with the name of where it is."
Told = Callable[[str], None]


@dataclass
class Move:
    """Of the site `key` to `target`; `told` hears each step by its name."""

    key: str
    target: Place
    places: dict[str, Place]
    clock: Callable[[], datetime]
    told: Told = lambda _step: None
    pause: Callable[[float], None] = time.sleep
    _home: Raw = field(init=False)
    source: Place = field(init=False)
    site_id: int = field(init=False)

    def run(self) -> None:
        """Bring the site to its target, or go on with that. Raises Unmovable."""
        with marks.alone(self.places[HOME].engine, self.key) as self._home:
            self._run()

    def _run(self) -> None:
        self.source = self.places[marks.where(self.places[HOME].engine, self.key)]
        if self.source.name == self.target.name:
            self._settle()
            return
        self._arrived()
        self._begin()
        if self._state() == COPYING:
            self._passes()
            self._close()
        if self._state() == CLOSING:
            self._drain()
        self._rest()
        self._verify()
        self._switch()
        self._settle()

    # -- the steps -----------------------------------------------------------------------------

    def _arrived(self) -> None:
        """Before it leaves: a move to where it is that was switched, and stopped, is finished."""
        known = marks.read(self.source.engine, self.key)
        if known is not None and known.target is None and known.state != OPEN:
            replace(self, target=self.source)._run()

    def _begin(self) -> None:
        """The mark that it is on its way; what an earlier move left at the target goes."""
        self.site_id = self._number(self.source)
        known = marks.read(self.source.engine, self.key)
        if known is not None and known.target not in (None, self.target.name):
            raise Unmovable(
                f"{self.key} is on its way to {known.target}: finish that, or take it back with"
                f" flask --app app shard move {self.key} {self.source.name}."
            )
        if known is None or known.state == OPEN:
            self._clear(self.target)
            with self._alone(self.source) as raw:
                raw.execute("DELETE FROM shard_change WHERE site = %s", (self.key,))
                marks.mark(raw, self.key, self.source.name, COPYING, self.target.name)
                anew = "UPDATE shard_site SET boundary = 0, copied = 0 WHERE site = %s"
                raw.execute(anew, (self.key,))
        self.told("begun")

    def _passes(self) -> None:
        for _ in range(PASSES):
            with self._alone(self.source) as raw:
                ask = "SELECT coalesce(max(seq), 0) FROM record WHERE site_id = %s"
                [high] = raw.execute(ask, (self.site_id,)).fetchone() or (0,)
                told = "UPDATE shard_site SET boundary = %s WHERE site = %s RETURNING copied"
                [low] = raw.execute(told, (high, self.key)).fetchone() or (0,)
            spans = self._spans(self.source, "record", low, high)
            copied = sum(self._chunk(*span) for span in spans)
            self._tiles(full=True)
            self.told("copied")
            if copied < FEW:
                return
        raise Unmovable(f"{self.key} grows faster than it can be copied; nothing was closed.")

    def _spans(self, place: Place, table: str, low: int, high: int) -> Iterator[tuple[int, int]]:
        """CHUNK rows of the site each, after `low` and up to `high`."""
        ask = sql.SQL("SELECT seq FROM {} WHERE {} ORDER BY seq OFFSET {} LIMIT 1")
        while low < high:
            where = copying.seqs(self.site_id, low, high)
            with moving(place.engine) as raw:
                last = ask.format(sql.Identifier(table), where, sql.Literal(CHUNK - 1))
                end = copying.one(raw, last) or high
            yield low, end
            low = end

    def _chunk(self, low: int, high: int) -> int:
        where = copying.seqs(self.site_id, low, high)
        with moving(self.source.engine) as source, moving(self.target.engine) as target:
            count = self._records(source, target, where)
        with moving(self.source.engine) as source:
            source.execute("UPDATE shard_site SET copied = %s WHERE site = %s", (high, self.key))
        return count

    def _records(self, source: Raw, target: Raw, where: sql.Composed) -> int:
        """Records and what stands beside them, in place of what may be there of an earlier run."""
        rules = copying.mapped(source, target, "rule")
        taken = copying.record_as_there(rules, copying.mapped(source, target, "place"))
        for table in RECORDS:
            delete(target, table, where)
        for table in RECORDS[1:]:
            copy(source, target, table, where)
        return copy(source, target, "record", where, taken)

    def _tiles(self, full: bool) -> None:
        """The tiles that are not there yet. One that is full never changes."""
        with moving(self.source.engine) as source, moving(self.target.engine) as target:
            head = copying.head_of(source, target, self.key)
            if head is None:
                return
            ask = "SELECT level, max(number) FROM log_tile WHERE log_id = %s GROUP BY level"
            there = dict(target.execute(ask, (head,)).fetchall())
            ask = "SELECT DISTINCT level FROM log_tile WHERE log_id = %s"
            for (level,) in source.execute(ask, (head,)).fetchall():
                where = sql.SQL("log_id = {} AND level = {} AND number > {}").format(
                    *map(sql.Literal, (head, level, there.get(level, -1)))
                )
                if full:
                    where += sql.SQL(" AND root IS NOT NULL")
                copy(source, target, "log_tile", where)

    def _close(self) -> None:
        with self._alone(self.source) as raw:
            marks.mark(raw, self.key, self.source.name, CLOSING, self.target.name)
        self.told("closing")

    def _drain(self) -> None:
        """The ledger integrates and signs what waits; then nobody writes at all."""
        end = time.monotonic() + DRAIN_S
        while True:
            with self.source.context():
                changed = self.source.ledger.tick(self.clock()).changed
                stopped = self.source.ledger.stopped
                waits = marks.waits(self.key)
                db.session.remove()
            mine = [one_ for one_ in changed if one_.partition(" ")[0] == self.key]
            if not waits and not stopped:
                break
            if stopped or mine or time.monotonic() > end:
                with self._alone(self.source) as raw:
                    marks.mark(raw, self.key, self.source.name, COPYING, self.target.name)
                why = stopped or (
                    f"{len(mine)} of its records are not what was acknowledged: run flask --app"
                    " app ledger fsck."
                    if mine
                    else "its log is not integrated in time."
                )
                raise Unmovable(f"{self.key} stays where it is: {why}")
            self.pause(0.05)
        with self._alone(self.source) as raw:
            marks.mark(raw, self.key, self.source.name, CLOSED, self.target.name)
        self.told("closed")

    def _rest(self) -> None:
        """All that is not at the target yet, in one transaction there."""
        self._tiles(full=False)
        small = [table for table in in_order() if table not in LARGE]
        with moving(self.source.engine) as source, moving(self.target.engine) as target:
            copying.named(source, target)
            for table in reversed(small):
                delete(target, table, self._whole(table))
            for table in small:
                copy(source, target, table, self._whole(table))
            for where in self._delta(source):
                self._records(source, target, where)
                self._compare(source, target, RECORDS, where)
            for table in small:
                self._compare(source, target, [table], self._whole(table))
            if self.target.name != HOME:  # there the row is the directory's
                marks.mark(target, self.key, self.target.name, CLOSED, None)
        self.told("rest")

    def _delta(self, source: Raw) -> list[sql.Composed]:
        """The records that came after the last pass, and those that changed since they were
        copied."""
        known = marks.read(self.source.engine, self.key)
        ask = "SELECT seq FROM shard_change WHERE site = %s"
        changed = [row[0] for row in source.execute(ask, (self.key,))]
        late = copying.seqs(self.site_id, known.copied if known else 0, LAST)
        return [late, copying.among(self.site_id, changed)]

    def _compare(
        self, source: Raw, target: Raw, tables: Sequence[str], where: sql.Composed
    ) -> None:
        for table in tables:
            if copying.count(source, table, where) != copying.count(target, table, where):
                raise Unmovable(f"{table} is not the same at {self.target.name}. {UNDO}")

    def _verify(self) -> None:
        """The log at the target makes the root that was signed, and every record of the delta
        makes the commitment that stands in it."""
        with moving(self.source.engine) as source:
            delta = self._delta(source)
            seqs = [
                row[0]
                for where in delta
                for row in source.execute(
                    sql.SQL("SELECT seq FROM record WHERE {} AND flags & {} = 0").format(
                        where, sql.Literal(ERASED | TEST)
                    )
                )
            ]
        with self.target.context():
            try:
                self._proves(sorted(set(seqs)))
            finally:
                db.session.remove()
        self.told("verified")

    def _proves(self, seqs: Sequence[int]) -> None:
        head = db.session.scalar(select(Head).where(Head.site == self.key))
        if head is None:
            return
        tree = Tree(db.session(), head.id)
        if tree.root(head.size) != head.root:
            raise Unmovable(f"The log is not the same at {self.target.name}. {UNDO}")
        for start in range(0, len(seqs), VERIFIED):
            part = seqs[start : start + VERIFIED]
            made = commitments([(self.key, seq) for seq in part])
            logged = tree.locate(part)
            for seq in part:
                if seq not in logged or made.get((self.key, seq)) != logged[seq][1]:
                    raise Unmovable(f"The record {seq} is not what its log says. {UNDO}")

    def _switch(self) -> None:
        """One statement at home. Before it, the move can be taken back; after it, it goes on."""
        state = CLOSED if self.target.name == HOME else OPEN
        # Where the connection is gone, and with it the lock, somebody else may have begun.
        with self._home.transaction():
            self._home.execute(THROUGH)
            marks.mark(self._home, self.key, self.target.name, state, None)
        self.told("switched")

    def _settle(self) -> None:
        """The site is at its target by the directory: what is open there is settled."""
        self.site_id = self._number(self.target)
        known = marks.read(self.target.engine, self.key)
        if known is not None and known.target is not None:
            return self._back(self.places[known.target])
        if known is not None and known.state != OPEN:
            self._arrive(known.state)
        left = [one_ for one_ in self.places.values() if self._has_rows(one_)]
        if left:
            self.pause(SETTLED_S)
        for place in left:
            self._clear(place, self.target.name)
            with place.context():
                place.ledger.tick(self.clock())
        self.told("cleared")

    def _back(self, other: Place) -> None:
        """The move is taken back: the site goes on where it always was."""
        with self._alone(self.target) as raw:
            marks.mark(raw, self.key, self.target.name, OPEN, None)
            raw.execute("DELETE FROM shard_change WHERE site = %s", (self.key,))
        self._clear(other)
        self.told("back")

    def _arrive(self, state: str) -> None:
        """The site's log says that it came; its head is chained here; then it is open."""
        with self.target.engine.begin() as connection:
            advance(connection, self.target.number)
        with self.target.context():
            if state == CLOSED:
                db.session.execute(text("SELECT set_config(:name, 'on', true)"), {"name": MOVER})
                trail.write("shard.move", "cli", self.clock(), self.key, to=self.target.name)
                row = db.session.get_one(Whereabouts, self.key)
                row.state = CLOSING
                db.session.commit()
            end = time.monotonic() + DRAIN_S
            ledger = self.target.ledger
            while marks.waits(self.key) and not ledger.stopped and time.monotonic() < end:
                ledger.tick(self.clock())
            db.session.remove()
        with self._alone(self.target) as raw:
            marks.mark(raw, self.key, self.target.name, OPEN, None)
        self.told("opened")

    def _has_rows(self, place: Place) -> bool:
        if place.name == self.target.name:
            return False
        with moving(place.engine) as raw:
            other = place.name != HOME and marks.row_there(raw, self.key)
            return other or any(holds(raw, t, self._whole(t)) for t in (*in_order(), *ENDS))

    def _clear(self, place: Place, gone_to: str | None = None) -> None:
        """Nothing of the site stays in that database but where it is; the deployment log there
        says that its log went on elsewhere, and from which head."""
        for table in RECORDS:
            for span in self._spans(place, table, 0, LAST):
                with moving(place.engine) as raw:
                    delete(raw, table, copying.seqs(self.site_id, *span))
        with moving(place.engine) as raw:
            if gone_to is not None:
                marks.leave(raw, self.key, gone_to, self.clock())
            for table in (*ENDS, *reversed(in_order())):
                delete(raw, table, self._whole(table))
            raw.execute("DELETE FROM shard_change WHERE site = %s", (self.key,))
            if place.name != HOME:
                raw.execute("DELETE FROM shard_site WHERE site = %s", (self.key,))

    # -- small ---------------------------------------------------------------------------------

    def _whole(self, table: str) -> sql.Composed:
        return of_site(table, self.key, self.site_id)

    def _number(self, place: Place) -> int:
        found = marks.number_of(place.engine, self.key)
        if found is None:
            raise Unmovable(f"There is no site {self.key!r} at {place.name}.")
        return found

    def _state(self) -> str | None:
        known = marks.read(self.source.engine, self.key)
        return known.state if known else None

    def _alone(self, place: Place) -> AbstractContextManager[Raw]:
        return marks.unwritten(place.engine, self.key, self.pause)
