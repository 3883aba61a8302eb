"""Empties the stream into the database: stored by the writer's own way, committed, then acked.

A batch that was committed and not acked comes again and finds itself. What was acknowledged to a
visitor and cannot be stored as it is goes to the stream of conflicts, for a person.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, select, tuple_
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..directory import moved
from ..records.job import Job
from ..records.rows import ERASED, Line, Row
from ..records.runs import LATE_US, reopen
from ..records.writer import BATCH, SWEEP_S, Writer
from ..sites import Site
from .buffer import KEPT_S
from .message import Taken, decode
from .stream import Away, Message, Stream

_LOG = logging.getLogger(__name__)
WAIT_S = 1.0  # for the first message of a batch, and between two tries
PURGE_S = 60.0
MS = 1000
AWAY = (OperationalError, InterfaceError, PoolTimeout)
MALFORMED, REUSED, DOUBLED, REFUSED = "malformed", "id_reused", "doubled", "refused"
ELSEWHERE = "elsewhere"  # and no conflict: the site has left this database, or is about to


class Keeper(Writer):
    """A writer whose choices come out of the stream. Several may run: each message goes to one."""

    def __init__(
        self,
        engine: Engine,
        stream: Stream,
        now_us: Callable[[], int],
        also: Callable[[Connection, Sequence[Job]], None],
        take: Callable[[int, float], list[Message]] | None = None,
        lives: Callable[[str], bool] = lambda _site: True,
    ) -> None:
        """With SHARDS: `take` is of the inbox of this database, and `lives` says for certain that
        a site is in it."""
        self._stream = stream
        self._take = take or stream.take
        self._lives = lives
        self._over = threading.Event()
        self._seen: deque[tuple[float, int]] = deque()
        self._swept = time.monotonic()
        super().__init__(engine, now_us, also)

    def close(self) -> None:
        """End after the batch that is under way."""
        self._over.set()
        self._thread.join(WAIT_S * 10)

    def step(self, wait: float = WAIT_S) -> int:
        """Store one batch; how many messages it had. Raises Away, and what a database that is away
        raises: the batch comes again then."""
        messages = self._take(BATCH, wait)
        try:
            self._keep(messages)
        except AWAY:
            self._stream.again(messages)
            raise
        self._purge()
        return len(messages)

    def _run(self) -> None:
        told = False
        while not self._over.is_set():
            try:
                self.step()
            except (Away, *AWAY) as error:
                if not told:
                    _LOG.warning("nothing is stored (%s): the stream keeps it", _name(error))
                told = True
                self._over.wait(WAIT_S)
            except Exception:
                _LOG.exception("a batch could not be stored; it comes again")
                self._over.wait(WAIT_S)
            else:
                told = False

    def _keep(self, messages: Sequence[Message]) -> None:
        """Store all at once, or each alone where they cannot be stored together."""
        jobs: list[tuple[Message, Taken]] = []
        for message in messages:
            try:
                jobs.append((message, decode(message.data)))
            except ValueError:
                self._stream.refuse(message, MALFORMED)
        if not jobs and time.monotonic() - self._swept < SWEEP_S:
            return
        self._swept = time.monotonic()
        self._keep_together(jobs)

    def _keep_together(self, jobs: Sequence[tuple[Message, Taken]]) -> None:
        """Or by site, and then each alone, where that cannot be."""
        why = self._refused([job for _, job in jobs])
        sites = sorted({job.row.site_id for _, job in jobs})
        if why is None:
            self._answer(jobs)
        elif why == ELSEWHERE and len(sites) == 1 and not self._gone(jobs[0][1]):
            self._stream.again([message for message, _ in jobs], later=True)
        elif len(jobs) == 1:
            self._stream.refuse(jobs[0][0], REFUSED)
        elif len(sites) == 1:
            for one in jobs:
                self._keep_together([one])
        else:
            for site in sites:
                self._keep_together([one for one in jobs if one[1].row.site_id == site])

    def _gone(self, job: Taken) -> bool:
        """Whether a site that is not here is nowhere else either."""
        if not self._lives(job.facts.site):
            return False
        with self._engine.connect() as connection:
            here = connection.scalar(select(Site.id).where(Site.id == job.row.site_id))
        return here is None and self._lives(job.facts.site)

    def _refused(self, jobs: list[Taken]) -> str | None:
        """Why the batch was not committed, or None; a lost race is tried again, as for any
        writer."""
        for _ in range(3):
            for job in jobs:
                job.fresh, job.outcome = True, None
            try:
                with self._engine.begin() as connection:
                    self._store(connection, list(jobs))
            except IntegrityError:
                self._forget()
            except AWAY:
                self._forget()
                raise
            except (DBAPIError, ValueError, TypeError) as error:
                self._forget()
                return ELSEWHERE if moved(error) else REFUSED
            else:
                self.batches += 1
                self.written += len(jobs)
                return None
        return REFUSED

    def _answer(self, jobs: Sequence[tuple[Message, Taken]]) -> None:
        """Committed: now the stream may let go of them."""
        wrong = {id(message): why for message, job in jobs if (why := _conflict(job))}
        self._stream.done([message for message, _ in jobs if id(message) not in wrong])
        for message, job in jobs:
            if why := wrong.get(id(message)):
                _LOG.error("a choice of %s could not be stored: %s", job.facts.site, why)
                self._stream.refuse(message, why)

    def _store(self, connection: Connection, batch: list[Job]) -> None:
        self._settle(connection, batch)
        self._reopen(connection, batch)
        super()._store(connection, batch)
        for job in batch:
            held = job.outcome
            if not job.fresh and isinstance(held, Line) and not _itself(held, job.row):
                job.outcome = ValueError(DOUBLED)

    def _reopen(self, connection: Connection, batch: Sequence[Job]) -> None:
        """What waited long is stored behind others, and is to be found by its visitor."""
        late = self._now_us() - LATE_US // 2
        oldest: dict[int, int] = {}
        for job in batch:
            site_id, seq = job.row.site_id, job.row.seq
            if seq < late:
                oldest[site_id] = min(seq, oldest.get(site_id, seq))
        for site_id in sorted(oldest):
            reopen(connection, site_id, oldest[site_id])

    def _settle(self, connection: Connection, batch: Sequence[Job]) -> None:
        """A microsecond that another process gave as well becomes one that is free in the same
        millisecond, which is all that record and commitment know of it."""
        table = Row.__table__
        keys = [(job.row.site_id, job.row.seq) for job in batch]
        place = tuple_(table.c.site_id, table.c.seq)
        query = select(table.c.site_id, table.c.seq, table.c.id).where(place.in_(keys))
        owners: dict[Any, bytes] = {(s, q): i for s, q, i in connection.execute(query)}
        for job in batch:
            row = job.row
            if owners.setdefault((row.site_id, row.seq), row.id) == row.id:
                continue
            first = row.seq // MS * MS
            within = table.c.site_id == row.site_id, table.c.seq.between(first, first + MS - 1)
            near = select(table.c.site_id, table.c.seq, table.c.id).where(*within)
            owners |= {(s, q): i for s, q, i in connection.execute(near)}
            free = (first + n for n in range(MS) if (row.site_id, first + n) not in owners)
            row.seq = next(free, row.seq)
            owners[row.site_id, row.seq] = row.id

    def _capped(self, connection: Connection, site_id: int, text: str) -> str:
        """The page stands in a commitment that was answered."""
        return text

    def _purge(self) -> None:
        """Once a minute: what was stored a while ago goes from the stream. Ids that the stream
        alone can vouch for are younger (KEPT_S); twice that, for browsers whose clock is fast."""
        now = self._now_us() / 1_000_000
        if self._seen and now - self._seen[-1][0] < PURGE_S:
            return
        self._seen.append((now, self._stream.stored()))
        while self._seen and now - self._seen[0][0] > 2 * KEPT_S:
            _, number = self._seen.popleft()
            if not self._seen or now - self._seen[0][0] <= 2 * KEPT_S:
                self._stream.forget(number)


def _itself(held: Line, sent: Line) -> bool:
    """Whether the stored row is the one that was answered, and not another of the same content."""
    if held.flags & ERASED:
        return True
    return held.salt == sent.salt and held.seq // MS == sent.seq // MS


def _conflict(job: Taken) -> str | None:
    if isinstance(job.outcome, Line):
        return None
    return DOUBLED if isinstance(job.outcome, ValueError) else REUSED


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__
