"""What was done and can be taken back: an act that removes or overwrites keeps what was there.

A verb calls `keep` in its own transaction. Whoever takes the act back calls `take`, then the verb
of the noun that does the reverse, in one transaction: both happen, or neither. An act is taken back
once, and within LIFE.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Index, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import tenancy, trail
from .db import Base, BigKey, Instant, Words, db
from .errors import Conflict, NotFound
from .sealing import Sealed

LIFE = timedelta(days=30)


class Deed(Base):
    """One act. `kind` says which verb takes it back, `said` what that verb needs, `what` names the
    thing for a person. The columns `site` and `actor` are as in the trail."""

    __tablename__ = "deed"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    organisation_id: Mapped[int] = mapped_column(default=tenancy.owner_of_act)
    site: Mapped[str | None] = mapped_column(String(80))
    actor: Mapped[str] = mapped_column(String(320))
    kind: Mapped[str] = mapped_column(String(30))
    what: Mapped[str] = mapped_column(Words(320))
    name: Mapped[str] = mapped_column(String(32), unique=True)
    sealed_said: Mapped[str] = mapped_column("said", Text)
    closed = Sealed[str]("sealed_said", by="name")
    undone_at: Mapped[datetime | None] = mapped_column(Instant)
    undone_by: Mapped[str | None] = mapped_column(String(320))
    __table_args__ = (Index("deed_by_organisation", "organisation_id", "id"),)

    @property
    def said(self) -> dict[str, Any]:
        """Opened: what was there may be a secret, or somebody's address."""
        found: dict[str, Any] = json.loads(self.closed)
        return found


def keep(
    kind: str,
    actor: str,
    at: datetime,
    what: str,
    said: dict[str, Any],
    site: str | None = None,
    organisation: int | None = None,
) -> None:
    """Remember an act in the running transaction; the caller commits."""
    made = Deed(kind=kind, actor=actor, at=at, what=what, name=uuid4().hex, site=site)
    made.closed = json.dumps(said)
    if organisation is not None:
        made.organisation_id = organisation
    db.session.add(made)


def lately(at: datetime, site: str | None = None, limit: int = 100) -> list[Deed]:
    """What can still be taken back, the newest first."""
    query = select(Deed).where(Deed.undone_at.is_(None), Deed.at > at - LIFE)
    if site is not None:
        query = query.where(Deed.site == site)
    return list(db.session.scalars(query.order_by(Deed.id.desc()).limit(limit)))


def get(number: int) -> Deed:
    """Raises NotFound `deed_unknown`."""
    found = find(number)
    if found is None:
        raise NotFound("deed_unknown", "What was done there is not kept any more.")
    return found


def find(number: int) -> Deed | None:
    """The act of that number, if it is kept."""
    return db.session.scalar(select(Deed).where(Deed.id == number))


def can(deed: Deed, at: datetime) -> bool:
    """Whether it can still be taken back."""
    return deed.undone_at is None and deed.at > at - LIFE


def take(deed: Deed, by: str, at: datetime) -> None:
    """Mark it as taken back, with a line in the trail; the verb that does it commits.

    Raises Conflict `deed_undone`, also to the slower of two who ask at once.
    """
    mine = update(Deed).where(Deed.id == deed.id, Deed.undone_at.is_(None), Deed.at > at - LIFE)
    done = db.session.execute(
        mine.values(undone_at=at, undone_by=by),
        execution_options={"synchronize_session": False},
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise Conflict("deed_undone", "This was taken back before, or is too long ago.")
    told = {"act": deed.kind, "what": str(deed.what), "of": deed.actor}
    if deed.site is None:
        trail.write_in(deed.organisation_id, "act.undo", by, at, **told)
    else:
        trail.write("act.undo", by, at, deed.site, **told)


def purge(at: datetime) -> int:
    """Forget what can no more be taken back; returns how many."""
    old = delete(Deed).where(Deed.at <= at - LIFE)
    done = db.session.execute(old, execution_options={"synchronize_session": False})
    db.session.commit()
    return int(done.rowcount)  # type: ignore[attr-defined]
