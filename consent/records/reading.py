"""Finding records: pages in order of arrival, each at a bounded cost whatever the filter."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from ..db import db, micros
from ..errors import Invalid
from ..notices import Answer, Notice
from ..sites import Site
from .rows import ACTIONS, CATEGORIES, DENIED, ERASED, GRANTED, TEST, Page, Place, Row, Rule, encode

SCAN = 20_000  # rows looked at for one page; a rare match then takes several short pages


@dataclass(frozen=True)
class RecordFilter:
    """All parts are optional; `from_` ≤ received_at < `to`; `category` is 'marketing' (granted)
    or '!marketing' (denied); `visitor` is the 32 hex digits of a record."""

    from_: datetime | None = None
    to: datetime | None = None
    visitor: str | None = None
    action: str | None = None
    category: str | None = None
    country: str | None = None
    notice: str | None = None


class Names:
    """What the numbers in some rows stand for, fetched in a handful of queries."""

    def __init__(self, rows: list[Row]) -> None:
        self.notices = _by_id(Notice, {row.notice_id for row in rows})
        self.answers = _by_id(Answer, {row.answer_id for row in rows if row.answer_id})
        self.rules = _by_id(Rule, {row.rule_id for row in rows})
        self.places = _by_id(Place, {row.place_id for row in rows})
        self.pages = _by_id(Page, {row.page_id for row in rows})

    def record(self, row: Row, site: str) -> dict[str, Any]:
        """The record of `row`, without "log"."""
        notice, rule = self.notices[row.notice_id], self.rules[row.rule_id]
        place = self.places[row.place_id]
        answer = self.answers[row.answer_id] if row.answer_id else None
        return encode(
            row,
            site,
            notice.content,
            notice.digest,
            (answer.digest, answer.regime) if answer else None,
            (rule.regime, rule.regimes),
            (place.country, place.subdivision, place.source, place.database),
            self.pages[row.page_id].text,
        )


def find(
    site: Site, wanted: RecordFilter, after: str | None = None, limit: int = 100
) -> tuple[list[Row], str | None]:
    """One page and the cursor of the next; the cursor is None only at the end.

    Raises Invalid `field_value` for a cursor or a filter that means nothing.
    """
    conditions = _conditions(site, wanted)
    start = max(_from_cursor(after), micros(wanted.from_) - 1 if wanted.from_ else -1)
    window = None if wanted.visitor else _window(site, start)
    query = select(Row).where(Row.site_id == site.id, Row.seq > start, *conditions)
    if window is not None:
        query = query.where(Row.seq <= window)
    rows = list(db.session.scalars(query.order_by(Row.seq).limit(limit + 1)))
    next_seq = window if len(rows) <= limit else rows[limit - 1].seq
    if wanted.to and next_seq is not None and next_seq >= micros(wanted.to) - 1:
        next_seq = None
    return rows[:limit], None if next_seq is None else _cursor(next_seq)


def held(site_id: int, record_id: bytes) -> Row | None:
    """The row of that id, erased and test ones included."""
    query = select(Row).where(Row.site_id == site_id, Row.id == record_id)
    return db.session.scalar(query)


def all_of(site: Site, visitor: bytes) -> list[Row]:
    """Every record of a visitor that was not erased, in order of arrival; test ones left out."""
    query = select(Row).where(
        Row.site_id == site.id, Row.visitor == visitor, Row.flags.bitwise_and(TEST) == 0
    )
    return list(db.session.scalars(query.order_by(Row.seq)))


def count_since(site: Site, at: datetime) -> int:
    """How many records arrived since `at`, test ones left out."""
    query = select(func.count()).where(
        Row.site_id == site.id, Row.seq >= micros(at), Row.flags.bitwise_and(TEST) == 0
    )
    return db.session.scalar(query) or 0


def count_between(site: Site, from_: datetime | None, to: datetime | None) -> int:
    """How many records arrived in `from_` ≤ received_at < `to`, test ones left out."""
    query = select(func.count()).where(Row.site_id == site.id, Row.flags.bitwise_and(TEST) == 0)
    if from_:
        query = query.where(Row.seq >= micros(from_))
    if to:
        query = query.where(Row.seq < micros(to))
    return db.session.scalar(query) or 0


def _conditions(site: Site, wanted: RecordFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Row.flags.bitwise_and(TEST) == 0]
    if wanted.to:
        found.append(Row.seq < micros(wanted.to))
    if wanted.visitor is not None:
        found.append(Row.visitor == _hex16(wanted.visitor))
    if wanted.action is not None:
        if wanted.action not in ACTIONS:
            raise _bad("action", f"One of {', '.join(ACTIONS)}.")
        found.append(Row.action == ACTIONS.index(wanted.action))
        found.append(Row.flags.bitwise_and(ERASED) == 0)  # of those no action is known
    if wanted.category is not None:
        found.append(_category(wanted.category))
    if wanted.country is not None:
        if not re.fullmatch("[A-Za-z]{2}", wanted.country):
            raise _bad("country", "Two letters, like PL.")
        here = select(Place.id).where(Place.country == wanted.country.upper())
        found.append(Row.place_id.in_(here))
    if wanted.notice is not None:
        if not re.fullmatch("[0-9a-f]{64}", wanted.notice):
            raise _bad("notice", "64 hexadecimal digits.")
        of = select(Notice.id).where(Notice.site_id == site.id, Notice.digest == wanted.notice)
        found.append(Row.notice_id.in_(of))
    return found


def _category(text: str) -> ColumnElement[bool]:
    name, state = (text[1:], DENIED) if text.startswith("!") else (text, GRANTED)
    if name not in CATEGORIES:
        raise _bad("category", f"One of {', '.join(CATEGORIES)}, with ! before it for denied.")
    position = 2 * CATEGORIES.index(name)
    return Row.categories.bitwise_and(3 << position) == state << position


def _window(site: Site, start: int) -> int | None:
    query = select(Row.seq).where(Row.site_id == site.id, Row.seq > start).order_by(Row.seq)
    return db.session.scalar(query.offset(SCAN).limit(1))


def _cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(seq.to_bytes(8)).decode().rstrip("=")


def _from_cursor(text: str | None) -> int:
    if text is None:
        return -1
    try:
        raw = base64.urlsafe_b64decode(text + "=")
    except (ValueError, binascii.Error):
        raise _bad("after", "Not a cursor of ours.") from None
    if len(raw) != 8 or raw[0] & 0x80:
        raise _bad("after", "Not a cursor of ours.")
    return int.from_bytes(raw)


def _hex16(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raise _bad("visitor", "32 hexadecimal digits.") from None
    if len(raw) != 16:
        raise _bad("visitor", "32 hexadecimal digits.")
    return raw


def _by_id(noun: type[Any], ids: set[int]) -> dict[int, Any]:
    if not ids:
        return {}
    return {row.id: row for row in db.session.scalars(select(noun).where(noun.id.in_(ids)))}


def _bad(field: str, why: str) -> Invalid:
    return Invalid("field_value", f"{field}: {why}", fields={field: why})
