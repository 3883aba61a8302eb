"""What the numbers in rows stand for: notice, answer, rule, place and page. None ever changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from ..db import db
from ..notices import Answer, Notice
from .rows import Line, Page, Place, Row, Rule, encode

MOST = 20_000  # of each that are remembered; then all are asked for again


class Names:
    """What the numbers in some rows stand for, fetched in a handful of queries."""

    def __init__(self, rows: Iterable[Row | Line] = ()) -> None:
        self.notices: dict[int, Notice] = {}
        self.answers: dict[int, Answer] = {}
        self.rules: dict[int, Rule] = {}
        self.places: dict[int, Place] = {}
        self.pages: dict[int, Page] = {}
        self.learn((r.notice_id, r.answer_id, r.rule_id, r.place_id, r.page_id) for r in rows)

    def learn(self, numbers: Iterable[tuple[int, int | None, int, int, int]]) -> None:
        """Fetch what is not known yet, of notice, answer, rule, place and page of each row."""
        nouns = (Notice, Answer, Rule, Place, Page)
        known: tuple[dict[int, Any], ...] = (
            self.notices,
            self.answers,
            self.rules,
            self.places,
            self.pages,
        )
        for noun, there, ids in zip(nouns, known, zip(*numbers, strict=True), strict=False):
            if len(there) > MOST:
                there.clear()
            there.update(_by_id(noun, {one for one in ids if one} - there.keys()))

    def record(self, row: Row | Line, site: str) -> dict[str, Any]:
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


def _by_id(noun: type[Any], ids: set[int]) -> dict[int, Any]:
    if not ids:
        return {}
    return {row.id: row for row in db.session.scalars(select(noun).where(noun.id.in_(ids)))}
