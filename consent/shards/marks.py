"""What is noted of a site on its way: where it leaves, where it comes to, and at home."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Error
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, select

from .. import leaf
from ..databases import HOME
from ..db import db, micros
from ..directory import Whereabouts
from ..ledger import Ledger
from ..ledger.rows import Head, day
from ..sites import Site
from ..waiting import DEPLOYMENT, ENTRY, Waiting
from .copying import Raw, moving
from .fence import LOCK

ALONE_MS = 5000  # until the lock of a mover that was killed is free
MOVING = "SELECT pg_advisory_lock(hashtextextended(%s, 27))"
SEEN = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
LOCK_MS = 400  # less than others wait for a lock, so that nobody is refused for our waiting
DRAIN_S = 60.0


class Unmovable(Exception):
    """The move stopped; the message says why, and what stands."""


@dataclass(frozen=True)
class Place:
    """A database of SHARDS: how to be in its app, and what keeps its log."""

    name: str
    number: int
    engine: Engine
    context: Callable[[], AbstractContextManager[object]]
    ledger: Ledger


@contextmanager
def alone(home: Engine, key: str) -> Iterator[Raw]:
    """The connection that holds the lock of whoever moves the site. Home gives it up when that
    process, or its machine, is gone. Raises Unmovable."""
    with home.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw: Any = connection.connection.driver_connection
        connection.detach()  # closed at the end, and the lock with it
        raw.execute(f"{SEEN}; SET lock_timeout = {ALONE_MS}")
        try:
            raw.execute(MOVING, (key,))
        except LockNotAvailable:
            raise Unmovable(f"{key} is being moved right now: wait for that.") from None
        try:
            yield raw
        finally:
            with suppress(Error):
                raw.execute("SELECT pg_advisory_unlock_all()")


@contextmanager
def unwritten(engine: Engine, key: str, pause: Callable[[float], None]) -> Iterator[Raw]:
    """A transaction while nobody else has one that writes of the site. Raises Unmovable."""
    with ExitStack() as held:
        end = time.monotonic() + DRAIN_S
        while True:
            raw = held.enter_context(moving(engine))
            try:
                raw.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
                raw.execute(f"SELECT pg_advisory_xact_lock({LOCK.format('%s')})", (key,))
                break
            except LockNotAvailable:
                held.close()
                if time.monotonic() > end:
                    raise Unmovable(f"{key} is written to without a pause.") from None
                pause(LOCK_MS / 1000)
        yield raw


def where(home: Engine, key: str) -> str:
    """The name of the database that the site is in, by the directory."""
    known = read(home, key)
    return known.shard if known else HOME


def read(engine: Engine, key: str) -> Any:
    """The row of `shard_site` there, or None."""
    with engine.connect() as connection:
        asked = select(Whereabouts.__table__).where(Whereabouts.site == key)
        return connection.execute(asked).one_or_none()


def number_of(engine: Engine, key: str) -> int | None:
    with engine.connect() as connection:
        return connection.scalar(select(Site.id).where(Site.key == key))


def mark(raw: Raw, key: str, shard: str, state: str, target: str | None) -> None:
    raw.execute(
        "INSERT INTO shard_site (site, shard, state, target, boundary, copied)"
        " VALUES (%s, %s, %s, %s, 0, 0) ON CONFLICT (site) DO UPDATE"
        " SET shard = excluded.shard, state = excluded.state, target = excluded.target",
        (key, shard, state, target),
    )


def row_there(raw: Raw, key: str) -> bool:
    return raw.execute("SELECT FROM shard_site WHERE site = %s", (key,)).fetchone() is not None


def leave(raw: Raw, key: str, to: str, at: datetime) -> None:
    """An entry for the deployment log of the database that the site's log leaves."""
    ask = "SELECT id, size, root FROM log_head WHERE site = %s"
    row = raw.execute(ask, (key,)).fetchone()
    if row is not None:
        facts = {"l": row[0], "n": row[1], "h": bytes(row[2]).hex(), "to": to}
        body = leaf.jcs({"d": day(micros(at)), "k": "left", "v": 1, **facts})
        raw.execute(
            "INSERT INTO waiting (site, seq, kind, body) VALUES (%s, %s, %s, %s)",
            (DEPLOYMENT, micros(at), ENTRY, body),
        )


def waits(key: str) -> bool:
    """Whether something of the site is not in its log yet, or not signed."""
    db.session.rollback()
    unsigned = select(Head.id).where(Head.site == key, Head.signed < Head.size)
    waiting = select(Waiting.id).where(Waiting.site == key).limit(1)
    return db.session.scalar(waiting) is not None or db.session.scalar(unsigned) is not None
