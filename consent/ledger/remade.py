"""What a record's row makes now, so that it can be held against what was committed to."""

from __future__ import annotations

from sqlalchemy import select

from .. import leaf
from ..db import db
from ..notices import Notice
from ..records import Names
from ..records.rows import (
    ACTIONS,
    BROWSERS,
    CATEGORIES,
    DEVICES,
    DNT,
    DNT_SAID,
    ERASED,
    SUPERSEDED,
    TEST,
    Row,
    pack_categories,
    pack_services,
    unpack_categories,
    unpack_services,
)
from ..sites import Site


def remade(site: str, seqs: list[int]) -> dict[int, tuple[Row, str, str]]:
    """Row, commitment it makes now and what is odd about it, by seq."""
    if not seqs:
        return {}
    query = (
        select(Row).join(Site, Site.id == Row.site_id).where(Site.key == site, Row.seq.in_(seqs))
    )
    found = {}
    rows = list(db.session.scalars(query))
    names = Names(rows)
    for row in rows:
        try:
            odd = _odd(row)
            record = names.record(row, site)
            made = leaf.commitment(record, row.salt or b"")
            if not odd and not _canonical(row):
                odd = "a column holds bits that mean nothing"
            if not odd and names.pages[row.page_id].site_id != row.site_id:
                odd = "its page is another site's"
            answer = names.answers.get(row.answer_id) if row.answer_id else None
            if not odd and answer and answer.notice_id != row.notice_id:
                odd = "its answer is another notice's"
            found[row.seq] = (row, "" if odd else made, odd or "its columns were changed")
        except (LookupError, ValueError, TypeError, OverflowError) as error:
            found[row.seq] = (row, "", f"it cannot be read: {type(error).__name__}")
    return found


def _odd(row: Row) -> str:
    limits = (
        ("action", row.action, len(ACTIONS)),
        ("browser", row.browser, len(BROWSERS)),
        ("device", row.device or 0, len(DEVICES)),
        ("categories", row.categories, 1 << 2 * len(CATEGORIES)),
        ("signals", row.signals, 8),
        ("flags", row.flags, 8),
        ("language", row.language, 64),
    )
    for name, value, limit in limits:
        if not 0 <= value < limit:
            return f"{name} is {value}"
    return "it is marked as a test" if row.flags & TEST else ""


def _canonical(row: Row) -> bool:
    """Whether the packed columns hold nothing that the record does not show."""
    notice = db.session.get(Notice, row.notice_id)
    if notice is None:
        return False
    order = [service["id"] for service in notice.content["services"]]
    services = pack_services(unpack_services(row.services, order), order) == row.services
    categories = pack_categories(unpack_categories(row.categories)) == row.categories
    silent = row.signals & DNT and not row.signals & DNT_SAID
    return services and categories and not silent and not row.flags & ~(SUPERSEDED | TEST | ERASED)
