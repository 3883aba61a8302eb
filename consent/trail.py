"""The trail: who did or read what, when. Written in the transaction of the verb it tells of."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from . import leaf, tenancy, waiting
from .db import Base, BigKey, Bytes16, Instant, Json, db, rfc3339

ABOUT = 40
SCAN = 20_000


class Entry(Base):
    """One act: `actor` is an e-mail, `<e-mail> (token <id>)`, `key <id>`, `cli` or
    `visitor`; never which visitor."""

    __tablename__ = "trail"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    organisation_id: Mapped[int] = mapped_column(default=tenancy.owner_of_act)
    site: Mapped[str | None] = mapped_column(String(80))
    actor: Mapped[str] = mapped_column(String(320))
    verb: Mapped[str] = mapped_column(String(60))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    salt: Mapped[bytes | None] = mapped_column(Bytes16)
    about: Mapped[str | None] = mapped_column(String(40))  # the record it is about, to be found by
    __table_args__ = (
        Index("trail_by_site", "site", "id"),
        Index("trail_by_organisation", "organisation_id", "id"),
        Index("trail_by_actor", "actor", "id"),
        Index("trail_by_record", "about", "id"),
    )


def write(verb: str, actor: str, at: datetime, site: str | None = None, **detail: Any) -> None:
    """Add one line to the running transaction; the caller commits.

    The line is one organisation's: that of the site, else see `tenancy.owner_of_act`. An act on a
    site (whatever is not a read) also waits for the site's log, as a commitment: the line names a
    person.
    """
    about = detail.get("record")
    entry = Entry(
        verb=verb,
        actor=actor,
        at=at,
        site=site,
        detail=detail,
        about=about if isinstance(about, str) and len(about) <= ABOUT else None,
    )
    if site is not None and not verb.endswith(".read"):
        entry.salt = secrets.token_bytes(leaf.SALT_BYTES)
        waiting.entry(site, at, "admin", c=leaf.commitment(facts(entry), entry.salt))
    db.session.add(entry)


def write_in(organisation: int, verb: str, actor: str, at: datetime, **detail: Any) -> None:
    """The same for an act that is about no site, in the trail of that organisation."""
    told: dict[str, Any] = {"organisation_id": organisation, "site": None, "detail": detail}
    db.session.add(Entry(verb=verb, actor=actor, at=at, **told))


def entries(
    site: str | None = None,
    limit: int = 100,
    before: int | None = None,
    actor: str | None = None,
    about: str | None = None,
) -> list[Entry]:
    """The newest first; `before` is the id of the last one seen, `about` the id of a record."""
    query = select(Entry).order_by(Entry.id.desc()).limit(limit)
    for column, value in ((Entry.site, site), (Entry.actor, actor), (Entry.about, about)):
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(Entry.id < before)
    return list(db.session.scalars(query))


def person(actor: str) -> str:
    """Who an actor is, to compare: the e-mail, also of what a token of theirs did."""
    return actor.partition(" (")[0].casefold()


def last(site: str, verb: str, **detail: Any) -> dict[str, Any]:
    """The newest line of a verb whose detail has these values; {} where there is none."""
    query = select(Entry).where(Entry.site == site, Entry.verb == verb).order_by(Entry.id.desc())
    for entry in db.session.scalars(query):
        if detail.items() <= entry.detail.items():
            return entry.detail
    return {}


@dataclass(frozen=True)
class Wanted:
    """All parts are optional: `record` is an id, `reads` readings alone (False: the rest),
    `from_` ≤ at < `to`."""

    site: str | None = None
    actor: str | None = None
    record: str | None = None
    reads: bool | None = None
    from_: datetime | None = None
    to: datetime | None = None


def look(
    wanted: Wanted, before: int | None = None, limit: int = 50, scan: int = SCAN
) -> tuple[list[Entry], int | None]:
    """The newest first, and the `before` of the next page (None only at the end).

    At most `scan` lines are looked at, so a page may be short, or empty, and still have a next.
    """
    top = before
    if top is None:
        top = (db.session.scalar(select(func.max(Entry.id))) or 0) + 1
    floor = top - scan
    query = select(Entry).where(Entry.id < top, Entry.id >= floor, *_conditions(wanted))
    found = list(db.session.scalars(query.order_by(Entry.id.desc()).limit(limit + 1)))
    if len(found) > limit:
        return found[:limit], found[limit - 1].id
    return found, _rest(wanted, floor)


def _rest(wanted: Wanted, floor: int) -> int | None:
    """Where to go on below `floor`, if something can be there: lines are in order of time."""
    last = select(Entry.at).where(Entry.id < floor).order_by(Entry.id.desc()).limit(1)
    at = db.session.scalar(last)
    gone = at is None or (wanted.from_ is not None and at < wanted.from_)
    return None if gone else floor


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    named = (Entry.site, wanted.site), (Entry.actor, wanted.actor), (Entry.about, wanted.record)
    found: list[ColumnElement[bool]] = [column == text for column, text in named if text]
    if wanted.reads is not None:
        read = Entry.verb.endswith(".read", autoescape=True)
        found.append(read if wanted.reads else ~read)
    if wanted.from_:
        found.append(Entry.at >= wanted.from_)
    if wanted.to:
        found.append(Entry.at < wanted.to)
    return found


def facts(entry: Entry) -> dict[str, Any]:
    """What the log commits to of an act."""
    return {
        "at": rfc3339(entry.at),
        "site": entry.site,
        "actor": entry.actor,
        "verb": entry.verb,
        "detail": entry.detail,
    }
