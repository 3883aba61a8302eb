"""Test visits: what somebody's own visits found in the log, as they told it here (verify/probe).

The word of whoever brought it: nothing in the log says who made which visit.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from .. import trail
from ..db import Base, Instant, db
from ..sites import Site


class Visits(Base):
    """The last report about a site: how many visits were demanded, and the verifier's exit code
    (0 all found, 1 something is wrong, 2 some still wait)."""

    __tablename__ = "test_visits"
    site_id: Mapped[int] = mapped_column(
        ForeignKey("site.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(320))
    visits: Mapped[int]
    code: Mapped[int] = mapped_column(SmallInteger)


def tell(site: Site, visits: int, code: int, by: str, at: datetime) -> None:
    """Keep the last report; the one before it is in the trail alone."""
    db.session.merge(Visits(site_id=site.id, at=at, by=by, visits=visits, code=code))
    trail.write("visits.tell", by, at, site.key, visits=visits, code=code)
    db.session.commit()


def told(site: Site) -> Visits | None:
    """The last report about the site, if there ever was one."""
    return db.session.get(Visits, site.id)
