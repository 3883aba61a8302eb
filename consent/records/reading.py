"""Finding records: pages in order of arrival or back, each at a bounded cost whatever the filter.

Nothing is counted: a page is a walk along the primary key from where the one before it ended. Where
a filter is rare, a page may be short or empty and still have a next one: it looked through `scan`
rows and says how far it came.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from ..db import db, from_micros, micros, walk
from ..errors import Invalid
from ..notices import Notice
from ..saying import in_field, say
from ..sites import Site
from . import plain, visitors
from .rows import (
    ACTIONS,
    CATEGORIES,
    DENIED,
    DEVICES,
    ERASED,
    GPC,
    GRANTED,
    SUPERSEDED,
    TEST,
    Page,
    Place,
    Row,
    Rule,
    of_site,
)
from .suspicion import REASONS, Flag

T = TypeVar("T")
SCAN = 20_000  # rows looked at for one page; a rare match then takes several short pages


@dataclass(frozen=True)
class RecordFilter:
    """All parts are optional; `from_` ≤ received_at < `to`; `category` is 'marketing' (granted)
    or '!marketing' (denied); `visitor` is the 32 hex digits of a record; `page` a part of its
    page's address; `device` '-' where the browser named none; `suspect` 'yes', 'no', or one of
    REASONS. Whatever asks for what a record says leaves erased ones out."""

    from_: datetime | None = None
    to: datetime | None = None
    visitor: str | None = None
    action: str | None = None
    category: str | None = None
    country: str | None = None
    notice: str | None = None
    regime: str | None = None
    language: str | None = None
    layer: int | None = None
    device: str | None = None
    gpc: bool | None = None
    superseded: bool | None = None
    page: str | None = None
    suspect: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether it may pass over many rows to find one: anything but the period."""
        return any(
            value is not None
            for name, value in self.__dict__.items()
            if name not in ("from_", "to", "visitor")
        )


@dataclass(frozen=True)
class Found:
    """One page. `after` leads to the next and is None only at the end; `seen` is how far back or
    forth was looked where the page is not full."""

    rows: list[Row]
    after: str | None
    seen: datetime | None = None


def find(
    site: Site, wanted: RecordFilter, after: str | None = None, limit: int = 100
) -> tuple[list[Row], str | None]:
    """One page and the cursor of the next; the cursor is None only at the end.

    Raises Invalid `field_value` for a cursor or a filter that means nothing.
    """
    rows, edge = _page(select(Row), visitors.whole, site, wanted, after, limit)
    last = rows[limit - 1].seq if len(rows) > limit else edge
    return rows[:limit], _following(wanted, last)


def find_plain(
    site: Site, wanted: RecordFilter, after: str | None = None, limit: int = 100
) -> tuple[list[plain.Plain], str | None]:
    """The same with the rows as `plain` has them."""
    rows, edge = _page(plain.columns(), plain.fetch, site, wanted, after, limit)
    last = rows[limit - 1][plain.SEQ] if len(rows) > limit else edge
    return rows[:limit], _following(wanted, last)


def plain_of(site: Site, seqs: Sequence[int]) -> list[plain.Plain]:
    """The rows with these numbers, as `plain` has them, in order of arrival."""
    query = plain.columns().where(Row.site_id == site.id, Row.seq.in_(seqs))
    return plain.fetch(query.order_by(Row.seq))


def _page(
    query: Select[Any],
    read: Callable[[Select[Any]], list[T]],
    site: Site,
    wanted: RecordFilter,
    after: str | None,
    limit: int,
) -> tuple[list[T], int | None]:
    """One page and one row more, and how far was looked: None for to the end."""
    conditions = _conditions(site, wanted)
    start = max(_from_cursor(after), micros(wanted.from_) - 1 if wanted.from_ else -1)
    query = query.where(Row.site_id == site.id, Row.seq > start, *conditions)
    if wanted.visitor is not None:
        code = _hex16(wanted.visitor)
        theirs = visitors.likely(site.id, code)
        return visitors.read_among(read, query.where(Row.visitor == code), theirs, limit + 1), None
    walk()
    edge = _window(site, start) if wanted.narrow else None
    if edge is not None:
        query = query.where(Row.seq <= edge)
    return read(query.order_by(Row.seq).limit(limit + 1)), edge


def _following(wanted: RecordFilter, last: int | None) -> str | None:
    if last is None or (wanted.to and last >= micros(wanted.to) - 1):
        return None
    return _cursor(last)


def look(
    site: Site,
    wanted: RecordFilter,
    after: str | None = None,
    limit: int = 50,
    newest: bool = True,
    scan: int = SCAN,
) -> Found:
    """One page of the explorer, the newest first or the oldest; at most `scan` rows are examined.

    Raises Invalid `field_value` as `find` does.
    """
    here = [Row.site_id == site.id]
    if wanted.from_:
        here.append(Row.seq >= micros(wanted.from_))
    if wanted.to:
        here.append(Row.seq < micros(wanted.to))
    if after is not None:
        start = _from_cursor(after)
        here.append(Row.seq < start if newest else Row.seq > start)
    order = Row.seq.desc() if newest else Row.seq
    edge = None
    if wanted.visitor is not None:
        code = _hex16(wanted.visitor)
        mine = select(Row).where(*here, *_conditions(site, wanted), Row.visitor == code)
        rows = visitors.among(mine, visitors.likely(site.id, code), limit + 1, newest)
        return Found(rows[:limit], _cursor(rows[limit - 1].seq) if len(rows) > limit else None)
    walk()
    if wanted.narrow:
        far = select(Row.seq).where(*here).order_by(order).offset(scan - 1).limit(1)
        edge = db.session.scalar(far)
    query = select(Row).where(*here, *_conditions(site, wanted))
    if edge is not None:
        query = query.where(Row.seq >= edge if newest else Row.seq <= edge)
    rows = list(db.session.scalars(query.order_by(order).limit(limit + 1)))
    if len(rows) > limit:
        return Found(rows[:limit], _cursor(rows[limit - 1].seq))
    if edge is None:
        return Found(rows, None)
    return Found(rows, _cursor(edge), from_micros(edge))


def held(site_id: int, record_id: bytes) -> Row | None:
    """The row of that id, erased and test ones included."""
    query = select(Row).where(of_site(site_id), Row.id == record_id)
    return db.session.scalar(query)


def all_of(site: Site, visitor: bytes) -> list[Row]:
    """Every record of a visitor that was not erased, in order of arrival; test ones left out."""
    mine = Row.site_id == site.id, Row.visitor == visitor, Row.flags.bitwise_and(TEST) == 0
    return visitors.among(select(Row).where(*mine), visitors.likely(site.id, visitor))


def meant(site: Site, row: Row, scope: str) -> list[Row]:
    """What a wish to erase a record means: that one or, with the scope `visitor`, all of them."""
    return all_of(site, row.visitor) if scope == "visitor" and row.visitor else [row]


def neighbours(site: Site, row: Row) -> tuple[Row | None, Row | None]:
    """The records of the same visitor just before and just after, test ones left out."""
    if row.visitor is None:
        return None, None
    mine = select(Row).where(Row.site_id == site.id, Row.flags.bitwise_and(TEST) == 0)
    seqs = visitors.seqs(site.id, row.visitor)
    before = visitors.among(mine, [seq for seq in seqs if seq < row.seq], 1, newest=True)
    after = visitors.among(mine, [seq for seq in seqs if seq > row.seq], 1)
    return before[0] if before else None, after[0] if after else None


def named(sites: Sequence[Site], ids: Sequence[bytes]) -> list[Row]:
    """The records of these ids on any of these sites, erased ones too, test ones left out."""
    if not sites or not ids:
        return []
    query = select(Row).where(
        of_site(*(site.id for site in sites)),
        Row.id.in_(ids),
        Row.flags.bitwise_and(TEST) == 0,
    )
    return sorted(db.session.scalars(query), key=lambda row: (row.site_id, row.seq))


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
    if replace(wanted, notice=None).narrow:  # of erased ones nothing else is known
        found.append(Row.flags.bitwise_and(ERASED) == 0)
    if wanted.action is not None:
        found.append(Row.action == _one_of("action", wanted.action, ACTIONS))
    if wanted.category is not None:
        found.append(_category(wanted.category))
    if wanted.country is not None:
        if not re.fullmatch("[A-Za-z]{2}", wanted.country):
            raise _bad("country", say("Two letters, like PL."))
        here = select(Place.id).where(Place.country == wanted.country.upper())
        found.append(Row.place_id.in_(here))
    if wanted.notice is not None:
        if not re.fullmatch("[0-9a-f]{64}", wanted.notice):
            raise _bad("notice", say("64 hexadecimal digits."))
        of = select(Notice.id).where(Notice.site_id == site.id, Notice.digest == wanted.notice)
        found.append(Row.notice_id.in_(of))
    return found + _said(site, wanted) + _signalled(wanted)


def _said(site: Site, wanted: RecordFilter) -> list[ColumnElement[bool]]:
    """What stands in other tables: rule, language of the notice, page."""
    found: list[ColumnElement[bool]] = []
    if wanted.regime is not None:
        found.append(Row.rule_id.in_(select(Rule.id).where(Rule.regime == wanted.regime)))
    if wanted.language is not None:
        found.append(_spoken(site, wanted.language))
    if wanted.page is not None:
        part = Page.text.contains(wanted.page, autoescape=True)
        found.append(Row.page_id.in_(select(Page.id).where(Page.site_id == site.id, part)))
    return found


def _signalled(wanted: RecordFilter) -> list[ColumnElement[bool]]:
    """What stands in the row itself, or in a flag beside it."""
    found: list[ColumnElement[bool]] = []
    if wanted.layer is not None:
        found.append(Row.layer == wanted.layer)
    if wanted.device == "-":
        found.append(Row.device.is_(None))
    elif wanted.device is not None:
        found.append(Row.device == _one_of("device", wanted.device, DEVICES))
    if wanted.gpc is not None:
        found.append(Row.signals.bitwise_and(GPC) == (GPC if wanted.gpc else 0))
    if wanted.superseded is not None:
        mark = SUPERSEDED if wanted.superseded else 0
        found.append(Row.flags.bitwise_and(SUPERSEDED) == mark)
    if wanted.suspect is not None:
        found.append(_suspected(wanted.suspect))
    return found


def _suspected(wanted: str) -> ColumnElement[bool]:
    """Flags stand beside the record, in a table of their own."""
    held = select(Flag.seq).where(Flag.site_id == Row.site_id, Flag.seq == Row.seq)
    if wanted in ("yes", "no"):
        return held.exists() if wanted == "yes" else ~held.exists()
    bit = 1 << _one_of("suspect", wanted, REASONS)
    return held.where(Flag.reasons.bitwise_and(bit) != 0).exists()


def _spoken(site: Site, language: str) -> ColumnElement[bool]:
    """A row names its language by its place in the notice's list, so versions are asked apart."""
    at: dict[int, list[int]] = {}
    for notice in db.session.scalars(select(Notice).where(Notice.site_id == site.id)):
        spoken = notice.content["languages"]
        if language in spoken:
            at.setdefault(spoken.index(language), []).append(notice.id)
    places = (and_(Row.language == n, Row.notice_id.in_(ids)) for n, ids in at.items())
    return or_(false(), *places)


def _one_of(field: str, text: str, known: tuple[str, ...]) -> int:
    if text not in known:
        raise _bad(field, say("One of %(known)s.", known=", ".join(known)))
    return known.index(text)


def _category(text: str) -> ColumnElement[bool]:
    name, state = (text[1:], DENIED) if text.startswith("!") else (text, GRANTED)
    if name not in CATEGORIES:
        raise _bad(
            "category",
            say("One of %(known)s, with ! before it for denied.", known=", ".join(CATEGORIES)),
        )
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
        raise _bad("visitor", say("32 hexadecimal digits.")) from None
    if len(raw) != 16:
        raise _bad("visitor", say("32 hexadecimal digits."))
    return raw


def _bad(field: str, why: str) -> Invalid:
    return Invalid("field_value", in_field(field, why), fields={field: why})
