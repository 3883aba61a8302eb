"""What the people of a site should hear of: a proposal that waits, a publish, consent that fell.

Written in the transaction of what it tells of, or by the daily look; letters are sent from here by
`telling`, and whoever gets no mail reads the same in the admin.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import trail
from .db import Base, BigKey, Instant, Json, db
from .sites import Site

SHOWN = timedelta(days=14)
LATE = timedelta(days=1)  # what could not be sent for so long is not sent any more
AT_ONCE = 20


class News(Base):
    """`kind` is proposal, publish, fell or silent; `about` tells two of a kind apart (a number or a
    day), so that nothing is told twice. `sent_at`: when its letters were handed over."""

    __tablename__ = "news"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    kind: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant)
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    sent_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    __table_args__ = (UniqueConstraint("site_id", "kind", "about"),)


class Quiet(Base):
    """A site whose owners want no letters about consent that fell; no row is the usual."""

    __tablename__ = "news_quiet"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)


def add(site: Site, kind: str, about: str, said: dict[str, Any], at: datetime) -> bool:
    """Add one to the running transaction, and whether it was new; the caller commits."""
    same = (News.site_id == site.id, News.kind == kind, News.about == about)
    if db.session.scalar(select(News.id).where(*same)) is not None:
        return False
    db.session.add(News(site_id=site.id, kind=kind, about=about, said=said, at=at))
    return True


def lately(site: Site, at: datetime) -> list[News]:
    """Of the last days, the newest first."""
    query = select(News).where(News.site_id == site.id, News.at > at - SHOWN)
    return list(db.session.scalars(query.order_by(News.id.desc()).limit(10)))


def unsent(at: datetime) -> list[tuple[News, Site]]:
    """What no letter left about, each marked as sent before it leaves: of two processes one sends
    it, and a broken mail server causes silence, never a flood. Commits."""
    query = select(News, Site).join(Site, Site.id == News.site_id)
    query = query.where(News.sent_at.is_(None), News.at > at - LATE).order_by(News.id)
    found = []
    for one, site in db.session.execute(query.limit(AT_ONCE)).all():
        mine = update(News).where(News.id == one.id, News.sent_at.is_(None)).values(sent_at=at)
        if db.session.execute(mine).rowcount == 1:  # type: ignore[attr-defined]
            found.append((one, site))
    db.session.commit()
    return found


def quiet(site: Site) -> bool:
    """Whether nobody is told when consent falls."""
    return db.session.get(Quiet, site.id) is not None


def set_quiet(site: Site, on: bool, by: str, at: datetime) -> None:
    """Switch the watch over consent off or on; the same again changes nothing."""
    row = db.session.get(Quiet, site.id)
    if on == (row is not None):
        return
    if row is None:
        db.session.add(Quiet(site_id=site.id))
    else:
        db.session.delete(row)
    trail.write("site.quiet", by, at, site.key, on=on)
    db.session.commit()
