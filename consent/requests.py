"""Requests of visitors: what they ask about their data, and by when they must get an answer.

The day an answer is due is fixed when a request arrives: the earlier one of what the site promises
and what the law at the visitor's place says. Whoever cannot be placed has the strictest law. A
request is received, in progress, answered or refused, with its ground (GDPR 12(4)).
"""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from . import sites, trail, undoing, webhooks
from .db import Base, BigKey, Bytes16, Instant, Words, db, rfc3339
from .errors import Conflict, Invalid, NotFound
from .regime import Place
from .saying import say
from .sealing import Sealed
from .sites import Site

KINDS = ("access", "correction", "erasure", "objection", "other")
STATES = ("open", "progress", "done", "refused")
WAITING = STATES[:2]
# What a refusal may rest on; `other` leaves it to the explanation.
GROUNDS = {
    "unfounded": "Manifestly unfounded (GDPR art. 12(5))",
    "excessive": "Excessive, because it repeats itself (GDPR art. 12(5))",
    "identity": "The person could not be identified (GDPR art. 11(2), 12(6))",
    "duty": "A law demands that the data be kept (GDPR art. 17(3)(b))",
    "claims": "Needed for legal claims (GDPR art. 17(3)(e))",
    "others": "It would harm the rights of others (GDPR art. 15(4))",
    "law": "Another law at the visitor's place restricts it (such as PIPEDA s. 9)",
    "other": "Another ground, written below",
}
EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]{2,}")
LONGEST = 4000
USUAL_DAYS = 30
KEPT_MONTHS = 24  # a closed request, to show that it was answered; then it goes
SOON = timedelta(days=3)


@dataclass(frozen=True)
class Law:
    """How soon an answer is due, in calendar months or in days, and where that is written;
    `more` is the same again for an extension, once, with its reason told to the visitor."""

    months: int
    days: int
    citation: str
    more: tuple[int, int] = (0, 0)

    def due(self, created: datetime, extended: bool = False) -> datetime:
        months, days = self.more if extended else (0, 0)
        return later(created, self.months + months) + timedelta(days=self.days + days)


GDPR = Law(1, 0, "GDPR art. 12(3)", (2, 0))
LAWS: Mapping[str, Law] = {
    **dict.fromkeys(
        "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
        " IS LI NO".split(),
        GDPR,
    ),
    "GB": Law(1, 0, "UK GDPR art. 12(3)", (2, 0)),
    "US-CA": Law(0, 45, "Cal. Civ. Code 1798.130(a)(2)", (0, 45)),
}


class Request(Base):
    """`number` is what the visitor was given; `country` is `PL` or `US-CA`, None where not known;
    `because` says whose time limit `due_at` comes from."""

    __tablename__ = "request"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    sealed_contact: Mapped[str] = mapped_column("contact", Text)
    sealed_text: Mapped[str] = mapped_column("text", Text)
    contact = Sealed[str]("sealed_contact", by="number")
    text = Sealed[str]("sealed_text", by="number")
    record: Mapped[bytes | None] = mapped_column(Bytes16)
    country: Mapped[str | None] = mapped_column(String(6))
    language: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    because: Mapped[str] = mapped_column(Words(120))
    state: Mapped[str] = mapped_column(String(8))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    sealed_note: Mapped[str | None] = mapped_column("note", Text)
    note = Sealed[str | None]("sealed_note", by="number")
    ground: Mapped[str | None] = mapped_column(String(20))
    extended_at: Mapped[datetime | None] = mapped_column(Instant)
    extended_why: Mapped[str | None] = mapped_column(Text)
    told: Mapped[int | None] = mapped_column(SmallInteger)  # which letters left, see reminding.py
    __table_args__ = (Index("request_by_site", "site_id", "state", "due_at"),)

    def overdue(self, at: datetime) -> bool:
        """Not closed, and the day it was due has passed (in UTC)."""
        return self.state in WAITING and self.due_at.date() < at.date()

    def soon(self, at: datetime) -> bool:
        """Not closed, and due within SOON."""
        return self.state in WAITING and not self.overdue(at) and self.due_at - at <= SOON


class Note(Base):
    """What somebody did about a request, in their words."""

    __tablename__ = "request_note"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    request_id: Mapped[int] = mapped_column(BigKey, ForeignKey("request.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(320))
    text: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("request_note_by_request", "request_id", "id"),)


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
    if (law := _law(place)) is not None:
        unknown = "" if place else " (unknown place: the strictest)"
        ends.append((law.due(created), law.citation + unknown))
    if promised is not None:
        why = say("the site's promise: %(promised)s days", promised=promised)
        ends.append((created + timedelta(days=promised), why))
    why = say("usual time: %(usual_days)s days", usual_days=USUAL_DAYS)
    return min(ends, default=(created + timedelta(days=USUAL_DAYS), why))


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
        raise _not_like_this(wrong)
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
    told = {"number": number, "kind": wish.kind, "due_at": rfc3339(due_at)}
    try:
        webhooks.emit(site, "request.received", told, at)
        trail.write("request.add", "visitor", at, site.key, number=number, kind=wish.kind)
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


def queue(site: Site, state: str = "open", kind: str | None = None) -> list[Request]:
    """Those that wait for an answer, the one due first at the top; else those closed, the last one
    first; or those of one state alone."""
    states = {"open": WAITING, "closed": STATES[2:]}.get(state, (state,))
    query = select(Request).where(Request.site_id == site.id, Request.state.in_(states))
    if kind is not None:
        query = query.where(Request.kind == kind)
    if set(states) <= set(WAITING):
        return list(db.session.scalars(query.order_by(Request.due_at, Request.id)))
    return list(db.session.scalars(query.order_by(Request.closed_at.desc(), Request.id.desc())))


def notes(request: Request) -> list[Note]:
    """What was done about it, in order."""
    query = select(Note).where(Note.request_id == request.id).order_by(Note.id)
    return list(db.session.scalars(query))


def counts(site: Site, at: datetime) -> dict[str, int]:
    """How many wait, are overdue (among those) and closed, and how many there are of each state."""
    query = select(Request.state, func.count()).where(Request.site_id == site.id)
    by_state = {state: count for state, count in db.session.execute(query.group_by(Request.state))}
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    late = select(func.count()).where(
        Request.site_id == site.id, Request.state.in_(WAITING), Request.due_at < midnight
    )
    return {
        **{state: by_state.get(state, 0) for state in STATES},
        "open": sum(by_state.get(state, 0) for state in WAITING),
        "received": by_state.get("open", 0),
        "overdue": db.session.scalar(late) or 0,
        "closed": by_state.get("done", 0) + by_state.get("refused", 0),
    }


def begin(request: Request, site: Site, by: str, at: datetime) -> None:
    """Somebody works on it; a second time changes nothing. Raises Conflict where it is closed."""
    _still_open(request)
    if request.state == "open":
        request.state = "progress"
        trail.write("request.begin", by, at, site.key, number=request.number)
        db.session.commit()


def annotate(request: Request, site: Site, text: str, by: str, at: datetime) -> None:
    """Add what was done; the first note puts it in progress. Raises Invalid with `fields`."""
    said = text.strip()[:LONGEST]
    if not said:
        raise _not_like_this({"did": "Write what was done."})
    if request.state == "open":
        request.state = "progress"
    db.session.add(Note(request_id=request.id, at=at, by=by, text=said))
    trail.write("request.note", by, at, site.key, number=request.number)
    db.session.commit()


def extend(request: Request, site: Site, why: str, by: str, at: datetime) -> None:
    """Give it the longer time the law allows, once, while the first has not passed (GDPR 12(3)).

    Raises Invalid with `fields`, Conflict `request_late` or `request_extended`.
    """
    _still_open(request)
    if not why.strip():
        raise _not_like_this({"why": "Write why it takes longer, as the visitor was told."})
    if request.extended_at is not None:
        raise Conflict("request_extended", "The time was extended before; the law allows it once.")
    if request.overdue(at):
        raise Conflict("request_late", "The time is over; it can be extended only before its end.")
    longer = longest(request)
    if longer is None or longer <= request.due_at:
        raise Conflict("request_law", "No law known here gives more time for this request.")
    request.due_at, request.extended_at = longer, at
    request.extended_why = why.strip()[:LONGEST]
    if request.state == "open":
        request.state = "progress"
    trail.write("request.extend", by, at, site.key, number=request.number)
    db.session.commit()


def longest(request: Request) -> datetime | None:
    """The day that an extension leads to, by the law at the visitor's place; None without one."""
    law = _law(request.country)
    return None if law is None else law.due(request.created_at, extended=True)


def close(
    request: Request,
    site: Site,
    state: str,
    note: str,
    by: str,
    at: datetime,
    ground: str | None = None,
) -> None:
    """Answer a request as done, with a note of what was answered; or refuse it, which takes a
    ground and an explanation (GDPR 12(4)).

    Raises Invalid with `fields`, Conflict where it is closed already.
    """
    wrong = {}
    if state not in STATES[2:]:
        wrong["state"] = "Answered or refused."
    if not note.strip():
        wrong["note"] = "Write what was answered, or why it was refused."
    if state == "refused" and ground not in GROUNDS:
        wrong["ground"] = "Choose what the refusal rests on."
    if wrong:
        raise _not_like_this(wrong)
    _still_open(request)
    undoing.keep("request", by, at, request.number, {"was": request.state}, site.key)
    request.state, request.note, request.closed_at = state, note.strip()[:LONGEST], at
    request.ground = ground if state == "refused" else None
    why = {"ground": ground} if state == "refused" else {}
    trail.write("request.close", by, at, site.key, number=request.number, state=state, **why)
    db.session.commit()


def reopen(request: Request, site: Site, state: str, by: str, at: datetime) -> None:
    """Take a closing back: it waits again, as `state` (one of WAITING), until the day it had.

    Raises Conflict `request_open`.
    """
    if request.state in WAITING:
        raise Conflict("request_open", "This request is open already.")
    request.state = state if state in WAITING else WAITING[1]
    request.note = request.ground = request.closed_at = None
    trail.write("request.reopen", by, at, site.key, number=request.number)
    db.session.commit()


def purge(at: datetime) -> int:
    """Delete requests that were closed KEPT_MONTHS ago, with their notes; returns how many."""
    past = Request.state.in_(STATES[2:]), Request.closed_at <= later(at, -KEPT_MONTHS)
    found = db.session.execute(select(Request.id, Request.site_id).where(*past))
    old = {number: site for number, site in found}
    if not old:
        return 0
    db.session.execute(delete(Note).where(Note.request_id.in_(old)), execution_options=_PLAIN)
    db.session.execute(delete(Request).where(Request.id.in_(old)), execution_options=_PLAIN)
    keys = {
        number: key
        for number, key in db.session.execute(
            select(Site.id, Site.key).where(Site.id.in_(set(old.values())))
        )
    }
    for site, count in sorted(Counter(old.values()).items()):
        trail.write("request.purge", "retention", at, keys[site], count=count)
    db.session.commit()
    return len(old)


_PLAIN = {"synchronize_session": False}


def _law(place: str | None) -> Law | None:
    return GDPR if place is None else LAWS.get(place) or LAWS.get(place[:2])


def _still_open(request: Request) -> None:
    if request.state not in WAITING:
        raise Conflict("request_closed", "This request is closed already.")


def _not_like_this(wrong: dict[str, str]) -> Invalid:
    return Invalid("field_value", "The request cannot be kept like this.", fields=wrong)


def remind(at: datetime) -> None:
    """Tell webhooks, once each, of open requests whose answer is due within SOON, or was."""
    for site in sites.all_sites():
        for one in queue(site):
            if one.due_at <= at + SOON:
                told = {"number": one.number, "kind": one.kind, "due_at": rfc3339(one.due_at)}
                webhooks.emit(site, "request.due", told, at, about=one.number)
    db.session.commit()


def _problems(wish: Wish) -> dict[str, str]:
    found = {}
    if wish.kind not in KINDS:
        found["kind"] = "One of the kinds."
    if len(wish.contact) > 320 or not EMAIL.fullmatch(wish.contact):
        found["contact"] = "An e-mail address."
    if len(wish.text) > LONGEST or "\0" in wish.text:
        found["text"] = say("At most %(longest)s characters.", longest=LONGEST)
    return found
