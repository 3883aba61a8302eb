"""The database: one typed `Base`, the column types, and how each engine is opened.

A verb is one transaction: it commits or it raises. On SQLite every write begins with BEGIN
IMMEDIATE (so a reader never has to be upgraded), the journal is a WAL and a commit is synced
(`synchronous=FULL`): what was answered 201 survives a power cut.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    Integer,
    LargeBinary,
    String,
    Text,
    Uuid,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

from .saying import read, written

try:
    import pysqlite3.dbapi2 as sqlite_build
except ImportError:  # no wheel for this machine: Python's own build serves, see sqlite_warning
    import sqlite3 as sqlite_build

WAL_RESET_FIXED = (3, 51, 3)  # earlier builds can corrupt a WAL with two connections


class Base(DeclarativeBase):
    """Parent of every table; a `datetime` is stored as UTC microseconds, a `dict` as JSON."""


# Who people are and what they may: in the database of DATABASE_URL, whichever a site is in.
PEOPLE = "people"  # the bind by which another database of SHARDS reaches them
AT_HOME = frozenset(
    "account admin_token api_key identity invitation membership organisation passkey "
    "password_reset recovery_code session totp".split()
)


class Unit(Session):
    """A session in which several verbs can be one transaction, see `together`; of a shard
    (consent/shards) it asks AT_HOME's tables at home."""

    def get_bind(
        self, mapper: Any | None = None, clause: Any | None = None, bind: Any = None, **more: Any
    ) -> Any:
        home = self._db.engines.get(PEOPLE)
        if home is not None and bind is None:
            asked = clause if mapper is None else inspect(mapper).local_table
            if getattr(getattr(asked, "table", asked), "name", None) in AT_HOME:
                return home
        return super().get_bind(mapper, clause, bind, **more)

    def commit(self) -> None:
        if self.info.get(HELD):
            self.flush()
        else:
            super().commit()


HELD = "together"
db = SQLAlchemy(model_class=Base, session_options={"class_": Unit})


@contextmanager
def together(keep: bool = True) -> Iterator[None]:
    """Verbs called inside are one transaction: all of them, or none where one raises.

    Without `keep` they are tried, and nothing stays. For verbs that never roll back themselves.
    """
    session = db.session()
    session.info[HELD] = True
    try:
        yield
        session.flush()
    except BaseException:
        session.info.pop(HELD)
        session.rollback()
        raise
    session.info.pop(HELD)
    if keep:
        session.commit()
    else:
        session.rollback()


WALK = select(
    func.set_config("enable_sort", "off", True),
    func.set_config("max_parallel_workers_per_gather", "0", True),
)


def walk() -> None:
    """Until the transaction ends PostgreSQL reads along an index that gives the order asked for.

    Left alone it may read a whole site and sort it for each page, where its statistics are missing
    or old, or do not tell how many rows a condition on bits leaves.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(WALK)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as integer microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Words(TypeDecorator[str]):
    """A sentence for people, at most `length` long where that is said: as text, or as the JSON of
    words and values where `say` made it, so that it can be said in any language later."""

    impl = Text
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String(self.length) if self.length else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        whole = written(value)
        return whole if self.length is None or len(whole) <= self.length else value[: self.length]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else read(value)


class Bytes16(TypeDecorator[bytes]):
    """Sixteen bytes: a blob on SQLite, a `uuid` (16 bytes, no header) on PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Uuid() if dialect.name == "postgresql" else LargeBinary(16)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "postgresql":
            return value
        return uuid.UUID(bytes=value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return value.bytes if isinstance(value, uuid.UUID) else value


Json = JSON(none_as_null=True)
BigKey = BigInteger().with_variant(Integer(), "sqlite")


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exactly."""
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    seconds, rest = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def rfc3339(at: datetime) -> str:
    """UTC with milliseconds, as every answer shows a time: 2026-11-21T10:00:00.000Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


# Each has memory of its own (of SQLite: the schema, statements, pages), and is used for moments.
CONNECTIONS = 16


def engine_options(url: str) -> dict[str, Any]:
    """What create_engine needs for `url` beyond the address."""
    if url.startswith("sqlite"):
        return {
            "module": sqlite_build,
            "pool_size": CONNECTIONS,
            "max_overflow": 0,
            "pool_use_lifo": True,
            "connect_args": {"timeout": 10, "isolation_level": "IMMEDIATE"},
        }
    return {
        "pool_size": CONNECTIONS // 2,
        "max_overflow": CONNECTIONS // 2,
        "pool_use_lifo": True,
        "pool_pre_ping": True,
        "connect_args": {
            "connect_timeout": 2,
            "tcp_user_timeout": 5000,  # ms until a connection whose other end is silent is given up
            "options": "-c statement_timeout=30000 -c lock_timeout=1000"
            " -c idle_in_transaction_session_timeout=10000 -c timezone=UTC",
        },
    }


def away(error: BaseException) -> bool:
    """Whether the database could not be reached, or gave us up because it heard nothing of us
    (25P03, idle_in_transaction_session_timeout), which the driver calls an internal error."""
    silent = getattr(getattr(error, "orig", None), "sqlstate", None) == "25P03"
    return silent or isinstance(error, OperationalError | PoolTimeout)


def open_sqlite(file: Path) -> Any:
    """A connection of its own to a small file beside the database; every commit is synced.

    EXTRA syncs the folder too: with FULL the journal, deleted at each commit, may be there again
    after a power cut, and take that commit back.
    """
    connection = sqlite_build.connect(str(file), timeout=10, isolation_level=None)
    connection.execute("PRAGMA synchronous=EXTRA")
    return connection


def sqlite_warning() -> str | None:
    """A sentence when this SQLite build has the WAL-reset bug, else None."""
    version = sqlite_build.sqlite_version_info
    if version >= WAL_RESET_FIXED:
        return None
    return (
        f"SQLite {sqlite_build.sqlite_version} can corrupt a busy WAL, so changes go through a"
        " rollback journal, which is slow; install pysqlite3 0.6.1."
    )


WAL = ("journal_mode=WAL", "synchronous=FULL")
# With FULL the journal, deleted at a commit, may be there again after a power cut, and undo it.
NO_WAL = ("journal_mode=DELETE", "synchronous=EXTRA")
PRAGMAS = (
    "foreign_keys=ON",
    "secure_delete=ON",  # freed bytes are overwritten: what was erased cannot be read from the file
    "cache_size=-512",  # KiB a connection; each commit of another empties it, the system keeps more
)


@event.listens_for(Engine, "connect")
def _open_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite_build.Connection):
        return
    cursor = connection.cursor()
    for pragma in (*(NO_WAL if sqlite_warning() else WAL), *PRAGMAS):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
