"""One writer for all choices: requests hand over their row and wait for its batch to be synced.

A request that was answered 201 is on disk: the answer waits for the commit. If the process dies
before the commit, nobody was told anything, and the browser sends the same id again. If the
commit fails, every waiting request is refused with 503 and nothing of the batch is kept.
"""

from __future__ import annotations

import logging
import queue
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Engine, Table, delete, exists, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..directory import moved
from ..errors import Busy
from ..many import put
from ..turns import turn
from ..waiting import Waiting
from . import pulse
from .beside import Denial, KeptAddress
from .job import WAITING, Job, reused, same
from .room import SLOW_S, Room
from .rows import ERASED, TEST, Line, Page, Place, Row, Rule, is_test
from .suspicion import Flag, reasons_of

_LOG = logging.getLogger(__name__)
BATCH = 256
QUEUE = 1024
WAIT_S = 10.0
SWEEP_S = 600
PAGES = 20_000  # distinct pages kept by name, per site; later ones are kept as the origin
ORIGINS = 100  # of those, before a page is kept as *
TRIES = 5  # of a batch, where other processes were faster
LANES = 16  # of microseconds, of which a process that meets others keeps to one
TEST_LIFE_US = 24 * 3600 * 1_000_000
COLUMNS = tuple(column.name for column in Row.__table__.columns)
VALUES = attrgetter(*COLUMNS)
PLACE = ("country", "subdivision", "source", "database")
_rule, _place, _page = attrgetter("rule"), attrgetter("place"), attrgetter("row.site_id", "page")


class Writer:
    """Owns the thread, its connection and the numbers of interned rows."""

    def __init__(
        self,
        engine: Engine,
        now_us: Callable[[], int],
        also: Callable[[Connection, Sequence[Job]], None] = lambda *_: None,
    ) -> None:
        """`also` is told of what a batch stores, in its transaction, with times and seals made."""
        self._engine = engine
        self._now_us = now_us
        self._also = also
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._known: dict[tuple[Any, ...], int] = {}
        self._pages: dict[int, int] = {}
        self._last_seq = 0
        self._lane: int | None = None  # the time of receipt is this one modulo LANES
        self._last_sweep = 0
        self._began: float | None = None  # when the batch under way was begun
        self.room = Room()
        self.batches = self.written = 0
        self._thread = threading.Thread(target=self._run, name="records-writer", daemon=True)
        self._thread.start()

    def write(self, job: Job) -> tuple[Line, bool]:
        """The stored row and whether this call stored it (False: it was there already).

        Raises Invalid `id_reused` where the id holds another content, Busy where nothing was
        stored.
        """
        self.begin(job)
        try:
            self._wait(job)
        finally:
            self.leave(job)
        return self.outcome(job)

    def begin(self, job: Job) -> None:
        """Put `job` before the next batch; whoever does that must `leave` in the end. Raises Busy
        where there is no room for it."""
        self.room.enter(job.row.site_id, job.withdrawal)
        if self.depth >= QUEUE or self.crowded(job):
            self.leave(job)
            raise busy()
        self._queue.put(job)

    def leave(self, job: Job) -> None:
        """Nobody waits for `job` any more: if it is not written yet, it need not be."""
        if not job.left:
            job.left = True
            self.room.leave(job.row.site_id, job.withdrawal)

    def outcome(self, job: Job) -> tuple[Line, bool]:
        """What `write` says, once the batch is over; Busy before."""
        if not job.over:
            raise busy()
        if isinstance(job.outcome, Line):
            return job.outcome, job.fresh
        raise job.outcome or busy()

    def crowded(self, job: Job) -> bool:
        """Whether too many wait for a stuck batch; then `job` has left."""
        if self._stuck and not job.left and not self.lost:
            job.left = self.room.crowded(job.row.site_id, job.withdrawal)
        return job.left or self.lost

    def _wait(self, job: Job) -> None:
        """Until the batch of `job` is written; raises Busy where too many wait for a stuck one."""
        for _ in range(round(WAIT_S / SLOW_S)):
            if job.done.acquire(timeout=SLOW_S):
                return
            if self.crowded(job):
                break
        raise busy()

    def turn_away(self, site_id: int, withdrawal: bool) -> None:
        """Raises Busy where a choice for that site would have to leave at once."""
        if self.lost or (self._stuck and self.room.full(site_id, withdrawal)):
            raise busy()

    @property
    def _stuck(self) -> bool:
        began = self._began
        return began is not None and time.monotonic() - began >= SLOW_S

    @property
    def late(self) -> bool:
        """Whether nothing is stored at the moment."""
        return pulse.late(self._thread, self._began)

    @property
    def lost(self) -> bool:
        """Whether nothing will be stored again, unless another process does it."""
        return pulse.lost(self._thread, self._began)

    @property
    def depth(self) -> int:
        """How many choices wait for the next batch."""
        return self._queue.qsize()

    def close(self) -> None:
        """Write what is queued, then stop."""
        self._queue.put(None)
        self._thread.join(WAIT_S)

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._collect()
            self._commit(batch)
            if batch:
                self.batches += 1
                self.written += len(batch)

    def _collect(self) -> tuple[list[Job], bool]:
        try:
            first = self._queue.get(timeout=SWEEP_S)
        except queue.Empty:
            return [], True
        batch = []
        while first is not None:
            if not first.left:
                batch.append(first)
            if len(batch) == BATCH:
                return batch, True
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, batch: list[Job]) -> None:
        """One transaction for the batch; a lost race with another process is run again."""
        self._began = time.monotonic()
        for tried in range(1, TRIES + 1):
            try:
                with self._engine.connect() as connection, turn(self._engine), connection.begin():
                    self._began = time.monotonic()
                    self._store(connection, batch)
                break
            except IntegrityError:
                self._forget()
                self._lane = random.randrange(LANES)  # noqa: S311
                self._last_seq += LANES << 2 * tried  # where others are ahead, or our clock behind
                for job in batch:  # the time of receipt may be what another process took
                    job.row.seq = 0
                    job.record = {}
                if tried == TRIES:
                    _fail(batch, busy())
            except SQLAlchemyError as error:
                self._forget()
                away = moved(error)
                if away and len(sites := {job.row.site_id for job in batch}) > 1:
                    for site in sites:  # the others of the batch go nowhere
                        self._commit([job for job in batch if job.row.site_id == site])
                    return
                _fail(batch, elsewhere() if away else busy(error))
                break
            except Exception as error:  # a dead writer would refuse every choice from now on
                _LOG.exception("a batch of %d could not be written", len(batch))
                self._forget()
                _fail(batch, busy(error))
                break
        self._began = None
        _tell(batch)

    def _store(self, connection: Connection, batch: list[Job]) -> None:
        present = self._present(connection, batch)
        values: list[tuple[Any, ...]] = []
        waits: list[tuple[Any, ...]] = []
        denials: list[dict[str, Any]] = []
        fresh: list[Job] = []
        self._name(connection, batch)
        for job in batch:
            key = (job.row.site_id, job.row.id)
            self._stamp(job)
            held = present.get(key)
            if held is not None:
                job.fresh = False
                erased = held.flags & ERASED  # nothing is left to compare with
                job.outcome = held if erased or same(held, job.row) else reused()
                continue
            job.outcome = present[key] = job.row
            values.append(VALUES(job.row))
            denials += [job.denial()] if job.facts.denied else []
            job.seal()
            if not job.row.flags & TEST:
                job.reasons = reasons_of(job.row, job.facts.burst)
                waits.append(job.waiting())
                fresh.append(job)
        put(connection, _table(Row), COLUMNS, values)
        put(connection, _table(Waiting), WAITING, waits)
        if flags := [job.flag() for job in fresh if job.reasons]:
            connection.execute(insert(_table(Flag)), flags)
        if kept := [job.address() for job in fresh if job.facts.kept]:
            connection.execute(insert(_table(KeptAddress)), kept)
        if denials:
            connection.execute(insert(_table(Denial)), denials)
        if fresh:
            self._also(connection, fresh)
        self._sweep(connection)

    def _name(self, connection: Connection, batch: list[Job]) -> None:
        """Give each row the numbers of its rule, place and page. What is new is made in one order,
        so that of two writers neither waits for the other crosswise."""
        for job in sorted(batch, key=_rule):
            regime, regimes = job.rule
            job.row.rule_id = self._number(connection, Rule, regime=regime, regimes=regimes)
        for job in sorted(batch, key=_place):
            values = dict(zip(PLACE, job.place, strict=True))
            job.row.place_id = self._number(connection, Place, **values)
        for job in sorted(batch, key=_page):
            site_id = job.row.site_id
            job.page = self._capped(connection, site_id, job.page)
            job.row.page_id = self._number(connection, Page, site_id=site_id, text=job.page)

    def _stamp(self, job: Job) -> None:
        """Give the row its time and salt, where it has none yet."""
        row = job.row
        if not row.seq:
            self._last_seq = row.seq = self._received()
            row.claimed = job.claimed - row.seq // 1000
            row.salt = secrets.token_bytes(16)

    def _received(self) -> int:
        """The time, or soon after: a microsecond that no other record of this process has."""
        at = max(self._last_seq + 1, self._now_us())
        return at if self._lane is None else at + (self._lane - at) % LANES

    def _present(self, connection: Connection, batch: list[Job]) -> dict[tuple[int, bytes], Line]:
        """Rows with these ids, by site and id; there may be those of other sites among them."""
        table = _table(Row)
        ids = [job.row.id for job in batch]
        found = connection.execute(select(table).where(table.c.id.in_(ids)))
        rows = (Line(**line._mapping) for line in found)
        return {(row.site_id, row.id): row for row in rows}

    def _capped(self, connection: Connection, site_id: int, text: str) -> str:
        """The page as it is kept: named while the site has fewer than PAGES, then its origin, then
        (origins are claimed, so they can be invented) nothing."""
        table = _table(Page)
        if site_id not in self._pages:
            rows = select(table.c.id).where(table.c.site_id == site_id).limit(PAGES + ORIGINS)
            self._pages[site_id] = len(connection.execute(rows).all())
        for kept, most in ((text, PAGES), ("/".join(text.split("/")[:3]) + "/*", PAGES + ORIGINS)):
            if (Page, site_id, kept) in self._known:
                return kept
            there = select(table.c.id).where(table.c.site_id == site_id, table.c.text == kept)
            if connection.execute(there).first():
                return kept
            if self._pages[site_id] < most:
                self._pages[site_id] += 1
                return kept
        return "*"

    def _number(self, connection: Connection, noun: type[Any], **values: Any) -> int:
        key = (noun, *values.values())
        known = self._known.get(key)
        if known is not None:
            return known
        table = _table(noun)
        same_row = [table.c[name] == value for name, value in values.items()]
        found = connection.execute(select(table.c.id).where(*same_row)).scalar()
        if found is None:
            made = insert(table).values(values).returning(table.c.id)
            found = connection.execute(made).scalar_one()
        self._known[key] = int(found)
        return int(found)

    def _forget(self) -> None:
        """After a roll-back the numbers of rows made in it are void."""
        self._known.clear()
        self._pages.clear()

    def _sweep(self, connection: Connection) -> None:
        """Every ten minutes: records of test origins older than 24 h go."""
        now = self._now_us()
        if now - self._last_sweep < SWEEP_S * 1_000_000:
            return
        self._last_sweep = now
        table, beside = _table(Row), _table(Denial)
        old = table.c.seq < now - TEST_LIFE_US, is_test(table.c.flags)
        same = table.c.site_id == beside.c.site_id, table.c.seq == beside.c.seq
        connection.execute(delete(beside).where(exists().where(*same, *old)))
        connection.execute(delete(table).where(*old))


def busy(cause: Exception | None = None) -> Busy:
    """Nothing was stored; come back in 1 to 5 seconds (spread, so that not all do at once)."""
    refusal = Busy("busy", "Nothing was stored; please repeat.", retry_after=random.randint(1, 5))  # noqa: S311
    refusal.__cause__ = cause
    return refusal


def elsewhere() -> Busy:
    """The site has left this database, or is about to: nothing was stored."""
    return Busy("moved", "The site moves; nothing was stored, please repeat.", retry_after=1)


def _tell(batch: Sequence[Job]) -> None:
    """Everybody who waits, that their outcome is there."""
    others: dict[Callable[[list[Job]], None], list[Job]] = {}
    for job in batch:
        job.over = True
        job.done.release()
        if job.tell is not None:
            others.setdefault(job.tell, []).append(job)
    for tell, jobs in others.items():
        tell(jobs)


def _fail(batch: Sequence[Job], error: Exception) -> None:
    for job in batch:
        job.outcome = error


def _table(noun: type[Any]) -> Table:
    table: Table = noun.__table__
    return table


def now_us() -> int:
    """Microseconds since 1970, of the system's clock."""
    return time.time_ns() // 1000
