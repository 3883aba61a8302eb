"""The trail: who did or read what, when. Written in the transaction of the verb it tells of."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import leaf, waiting
from .db import Base, BigKey, Bytes16, Instant, Json, db, rfc3339


class Entry(Base):
    """One act: `actor` is an e-mail, `key <id>`, `cli` or `visitor`; never which visitor."""

    __tablename__ = "trail"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    site: Mapped[str | None] = mapped_column(String(80))
    actor: Mapped[str] = mapped_column(String(320))
    verb: Mapped[str] = mapped_column(String(60))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    salt: Mapped[bytes | None] = mapped_column(Bytes16)
    __table_args__ = (Index("trail_by_site", "site", "id"),)


def write(verb: str, actor: str, at: datetime, site: str | None = None, **detail: Any) -> None:
    """Add one line to the running transaction; the caller commits.

    An act on a site (whatever is not a read) also waits for the site's log, as a commitment: the
    line names a person.
    """
    entry = Entry(verb=verb, actor=actor, at=at, site=site, detail=detail)
    if site is not None and not verb.endswith(".read"):
        entry.salt = secrets.token_bytes(leaf.SALT_BYTES)
        waiting.entry(site, at, "admin", c=leaf.commitment(facts(entry), entry.salt))
    db.session.add(entry)


def entries(site: str | None = None, limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest first; `before` is the id of the last one seen."""
    query = select(Entry).order_by(Entry.id.desc()).limit(limit)
    if site is not None:
        query = query.where(Entry.site == site)
    if before is not None:
        query = query.where(Entry.id < before)
    return list(db.session.scalars(query))


def facts(entry: Entry) -> dict[str, Any]:
    """What the log commits to of an act."""
    return {
        "at": rfc3339(entry.at),
        "site": entry.site,
        "actor": entry.actor,
        "verb": entry.verb,
        "detail": entry.detail,
    }
