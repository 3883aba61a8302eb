"""Requests of visitors: what they ask about their data, and by when they must get an answer.

The day an answer is due is fixed when a request arrives: the earlier one of what the site promises
and what the law at the visitor's place says. Whoever cannot be placed has the strictest law.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, Text, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from . import trail
from .db import Base, BigKey, Bytes16, Instant, db
from .errors import Conflict, Invalid, NotFound
from .regime import Place
from .sites import Site

KINDS = ("access", "correction", "erasure", "objection", "other")
STATES = ("open", "done", "refused")
EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]{2,}")
LONGEST = 4000
USUAL_DAYS = 30


@dataclass(frozen=True)
class Law:
    """How soon an answer is due, in calendar months or in days, and where that is written."""

    months: int
    days: int
    citation: str

    def due(self, created: datetime) -> datetime:
        return later(created, self.months) + timedelta(days=self.days)


GDPR = Law(1, 0, "GDPR art. 12(3)")
LAWS: Mapping[str, Law] = {
    **dict.fromkeys(
        "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
        " IS LI NO".split(),
        GDPR,
    ),
    "GB": Law(1, 0, "UK GDPR art. 12(3)"),
    "US-CA": Law(0, 45, "Cal. Civ. Code 1798.130(a)(2)"),
}


class Request(Base):
    """`number` is what the visitor was given; `country` is `PL` or `US-CA`, None where not known;
    `because` says whose time limit `due_at` comes from."""

    __tablename__ = "request"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    contact: Mapped[str] = mapped_column(String(320))
    text: Mapped[str] = mapped_column(Text)
    record: Mapped[bytes | None] = mapped_column(Bytes16)
    country: Mapped[str | None] = mapped_column(String(6))
    language: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(8))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    note: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (Index("request_by_site", "site_id", "state", "due_at"),)

    def overdue(self, at: datetime) -> bool:
        """Open, and the day it was due has passed (in UTC)."""
        return self.state == "open" and self.due_at.date() < at.date()


@dataclass(frozen=True)
class Wish:
    """What a visitor sent. `record` is the id of a record of theirs, if they named one."""

    kind: str
    contact: str
    text: str
    record: bytes | None
    language: str


def later(at: datetime, months: int) -> datetime:
    """The same day so many calendar months later, or that month's last day where it is shorter
    (Regulation 1182/71, art. 3(2)(c))."""
    month = at.month - 1 + months
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def due(created: datetime, promised: int | None, place: str | None) -> tuple[datetime, str]:
    """When an answer is due, and why: the earlier of law and promise, else USUAL_DAYS.

    `promised` is in days; `place` is `PL` or `US-CA`. An unknown place has the strictest law.
    """
    ends: list[tuple[datetime, str]] = []
    law = GDPR if place is None else LAWS.get(place) or LAWS.get(place[:2])
    if law is not None:
        unknown = "" if place else " (unknown place: the strictest)"
        ends.append((law.due(created), law.citation + unknown))
    if promised is not None:
        ends.append((created + timedelta(days=promised), f"the site's promise: {promised} days"))
    usual = created + timedelta(days=USUAL_DAYS), f"usual time: {USUAL_DAYS} days"
    return min(ends, default=usual)


def place_code(place: Place, aliases: Mapping[str, str]) -> str | None:
    """The place as `due` reads it; a territory stands for the country whose law it follows."""
    if place.country is None:
        return None
    country = aliases.get(place.country, place.country)
    same = country == place.country and place.subdivision
    return f"{country}-{place.subdivision}" if same else country


def add(site: Site, number: str, wish: Wish, place: str | None, at: datetime) -> Request:
    """Keep a request; the same number again is the same request and is kept once.

    Raises Invalid with `fields` (`kind`, `contact`, `text`).
    """
    wrong = _problems(wish)
    if wrong:
        raise Invalid("field_value", "The request cannot be kept like this.", fields=wrong)
    due_at, because = due(at, site.request_days, place)
    made = Request(
        site_id=site.id,
        number=number,
        kind=wish.kind,
        contact=wish.contact,
        text=wish.text,
        record=wish.record,
        country=place,
        language=wish.language,
        created_at=at,
        due_at=due_at,
        because=because,
        state="open",
    )
    db.session.add(made)
    trail.write("request.add", "visitor", at, site.key, number=number, kind=wish.kind)
    try:
        db.session.commit()
    except IntegrityError:  # sent twice
        db.session.rollback()
        return get(site, number)
    return made


def get(site: Site, number: str) -> Request:
    """Raises NotFound `not_found`."""
    query = select(Request).where(Request.site_id == site.id, Request.number == number)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "No request of this site has that number.")
    return found


def queue(site: Site, state: str = "open") -> list[Request]:
    """Those still open, the one due first at the top; else those closed, the last one first."""
    query = select(Request).where(Request.site_id == site.id)
    if state == "open":
        waiting = query.where(Request.state == "open").order_by(Request.due_at, Request.id)
        return list(db.session.scalars(waiting))
    closed = query.where(Request.state != "open").order_by(Request.closed_at.desc())
    return list(db.session.scalars(closed))


def counts(site: Site, at: datetime) -> dict[str, int]:
    """How many are open, overdue (among the open) and closed."""
    query = select(Request.state, func.count()).where(Request.site_id == site.id)
    by_state = {state: count for state, count in db.session.execute(query.group_by(Request.state))}
    return {
        "open": by_state.get("open", 0),
        "overdue": sum(one.overdue(at) for one in queue(site)),
        "closed": by_state.get("done", 0) + by_state.get("refused", 0),
    }


def close(request: Request, site: Site, state: str, note: str, by: str, at: datetime) -> None:
    """Answer a request as done or refused, with a note of what was done or why not.

    Raises Invalid with `fields`, Conflict where it is closed already.
    """
    wrong = {}
    if state not in STATES[1:]:
        wrong["state"] = "Done or refused."
    if not note.strip():
        wrong["note"] = "Write what was answered, or why it was refused."
    if wrong:
        raise Invalid("field_value", "The request cannot be closed like this.", fields=wrong)
    if request.state != "open":
        raise Conflict("request_closed", "This request is closed already.")
    request.state, request.note, request.closed_at = state, note.strip()[:LONGEST], at
    trail.write("request.close", by, at, site.key, number=request.number, state=state)
    db.session.commit()


def _problems(wish: Wish) -> dict[str, str]:
    found = {}
    if wish.kind not in KINDS:
        found["kind"] = "One of the kinds."
    if len(wish.contact) > 320 or not EMAIL.fullmatch(wish.contact):
        found["contact"] = "An e-mail address."
    if len(wish.text) > LONGEST or "\0" in wish.text:
        found["text"] = f"At most {LONGEST} characters."
    return found
