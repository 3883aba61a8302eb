"""Answers a choice from the stream, without waiting for the database.

What the writer's thread gives a row (time, salt, page) is given here, then it is sealed and put
into the stream. A 201 means that a majority of the stream's servers hold it. Numbers of rows are
the database's business, so a keeper gives them later.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import AbstractContextManager

from sqlalchemy import Engine, and_, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..errors import Busy
from ..records.job import Job, reused, same
from ..records.rows import ERASED, Line, Page, Row
from ..records.writer import ORIGINS, PAGES, busy, elsewhere
from ..sites import Site
from .message import Taken, agree, cuts, decode, encode
from .stream import Away, Stream

LOOK_S = 1.0  # for the database to say whether it knows an id
READERS = 4
KEPT_S = 600  # an id made this long ago may have been stored and purged from the stream
Asking = Callable[[], AbstractContextManager[None]]


class Buffer:
    """In the writer's place where INGEST is set. `asking` says whether the database is worth a
    question, and raises Busy where it is not."""

    late = lost = False  # it has no thread that could be

    def __init__(
        self, stream: Stream, engine: Engine, now_us: Callable[[], int], asking: Asking
    ) -> None:
        self._stream = stream
        self._engine = engine
        self._now_us = now_us
        self._asking = asking
        self._readers = ThreadPoolExecutor(READERS, "ingest-look")
        self._lock = threading.Lock()
        self._last_seq = 0
        self._known: dict[int, set[str]] = {}
        self.depth = self.batches = self.written = 0

    def write(self, job: Job) -> tuple[Line, bool]:
        """The row as it will be stored, and whether this call put it into the stream.

        Raises Invalid `id_reused` where the id holds another content, Busy where nothing is
        promised: the stream is away, or the database is and nobody else can know the id.
        """
        page = job.page
        held = self._looked_up(job)
        if held is not None:
            job.fresh = False
            return held, False
        self._stamp(job)
        try:
            if self._stream.put(job.facts.site, job.row.id, encode(job)):
                return job.row, True
            first = self.first(job.facts.site, job.row.id)
        except Away as error:
            raise busy(error) from None
        if first is None:  # purged between the two: stored long ago
            raise busy()
        return self._repeated(first, job, page)

    def turn_away(self, site_id: int, withdrawal: bool) -> None:
        """Raises Busy where a choice would have to leave at once."""
        if self._stream.failed:
            raise busy()

    def first(self, site: str, record_id: bytes) -> Taken | None:
        """What the stream holds of an id, stored or not. Raises Away."""
        body = self._stream.first(site, record_id)
        return decode(body) if body is not None else None

    def close(self) -> None:
        self._readers.shutdown(cancel_futures=True)

    def _repeated(self, first: Taken, job: Job, page: str) -> tuple[Line, bool]:
        """The first answer again; this very call's where a try was heard and its answer lost."""
        if first.row.salt == job.row.salt:
            return job.row, True
        if not agree(first, job, page):
            raise reused()
        job.fresh, job.record, job.commitment = False, first.record, first.commitment
        return first.row, False

    def _looked_up(self, job: Job) -> Line | None:
        """The stored row of this id. Raises Invalid `id_reused`, and Busy where the database is
        away and the id so old that the stream alone cannot tell."""
        try:
            with self._asking():
                found = self._readers.submit(self._look, job)
                try:
                    held, text = found.result(LOOK_S) or (None, "")
                except Late as late:
                    raise PoolTimeout("no answer in time") from late
                if held is not None and not held.flags & ERASED:  # asked now, or by the stream
                    job.retell(held)
        except LookupError:
            raise elsewhere() from None
        except (SQLAlchemyError, Busy):
            made = int.from_bytes(job.row.id[:6])
            if abs(self._now_us() // 1000 - made) > KEPT_S * 1000:
                raise busy() from None
            return None
        if held is None or held.flags & ERASED:
            return held
        if text in cuts(job.page):
            job.row.page_id = held.page_id
        self._stamp_claim(job, held.seq)
        if not same(held, job.row):
            raise reused()
        return held

    def _look(self, job: Job) -> tuple[Line, str] | None:
        """Raises LookupError where the site is not in this database."""
        table, page = Row.__table__, Page.__table__
        where = table.c.site_id == job.row.site_id, table.c.id == job.row.id
        query = (
            select(table, page.c.text)
            .select_from(Site)
            .outerjoin(table, and_(*where))
            .outerjoin(page, page.c.id == table.c.page_id)
            .where(Site.id == job.row.site_id)
        )
        with self._engine.connect() as connection:
            line = connection.execute(query).one_or_none()
            if line is None:  # the site has left this database, and what is known of it with it
                raise LookupError(job.row.site_id)
            if line.seq is None:
                self._learn(connection, job.row.site_id)
                return None
        values = dict(line._mapping)
        text = values.pop("text")
        return Line(**values), text

    def _learn(self, connection: Connection, site_id: int) -> None:
        """Which pages a site has already, once, so that it is known while the database is away."""
        if site_id in self._known:
            return
        query = select(Page.text).where(Page.site_id == site_id).limit(PAGES + ORIGINS)
        self._known[site_id] = set(connection.scalars(query))

    def _stamp(self, job: Job) -> None:
        """Time, salt and page, and the seal over them."""
        with self._lock:
            self._last_seq = seq = max(self._last_seq + 1, self._now_us())
            job.page = self._cut(job.row.site_id, job.page)
        job.row.seq = seq
        self._stamp_claim(job, seq)
        job.row.salt = secrets.token_bytes(16)
        job.seal()

    def _stamp_claim(self, job: Job, seq: int) -> None:
        job.row.seq = seq
        job.row.claimed = job.claimed - seq // 1000

    def _cut(self, site_id: int, text: str) -> str:
        """The page as it is kept, by what this process knows of the site: see Writer."""
        known = self._known.setdefault(site_id, set())
        for kept, most in zip(cuts(text), (PAGES, PAGES + ORIGINS), strict=False):
            if kept in known:
                return kept
            if len(known) < most:
                known.add(kept)
                return kept
        return "*"


def settled(stream: Stream) -> None:
    """Raises Busy while something that was acknowledged before this call is not stored."""
    try:
        if stream.last() > stream.stored():
            raise busy()
    except Away as error:
        raise busy(error) from None
