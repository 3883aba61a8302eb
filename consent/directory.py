"""Which database a site is in, where SHARDS names several; see consent/shards and decision 0043.

Every database has these tables. In the one of DATABASE_URL (`home`) `shard_site` is the directory:
a site that is not listed there is at home. In each it also says whether the site may be written
there, which the fence of that database (a trigger, shards/fence.py) asks.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, db

MOVED = "CT001"  # the SQLSTATE with which the fence refuses
OPEN, COPYING, CLOSING, CLOSED = "open", "copying", "closing", "closed"


class Shard(Base):
    """A database of SHARDS, by the name it has for ever; home knows all, each one knows itself
    (`here`). What is numbered in it has `number` as the rest of a division by 32."""

    __tablename__ = "shard"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(unique=True, autoincrement=False)
    here: Mapped[bool]


class Whereabouts(Base):
    """Where a site is. `state` is of the site in this database, if it is the one of `shard`:

    open      as everywhere
    copying   the same; changes of records up to `boundary` (seq) are noted in `shard_change`
    closing   nobody writes but the ledger
    closed    nobody writes

    `target` is where it is on its way to, `copied` the last seq that is certainly there.
    """

    __tablename__ = "shard_site"
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    shard: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8))
    target: Mapped[str | None] = mapped_column(String(16))
    boundary: Mapped[int] = mapped_column(BigInteger)
    copied: Mapped[int] = mapped_column(BigInteger)


class Change(Base):
    """A record that was changed after it may have been copied."""

    __tablename__ = "shard_change"
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


def listed(key: str) -> bool:
    """Whether the directory has a site of that key: it is, or was, in another database too."""
    return db.session.get(Whereabouts, key) is not None


def moved(error: BaseException | None) -> bool:
    """Whether the database refused because the site is not there, or is about to leave."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlstate", None) == MOVED
