"""The served variants of a notice, kept by digest."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from consent import leaf
from consent.db import db
from consent.errors import NotFound
from consent.sites import Site

from .table import Answer, Notice


def answers(notice: Notice) -> list[Answer]:
    """Every variant of a version that was ever served, the newest first."""
    query = select(Answer).where(Answer.notice_id == notice.id).order_by(Answer.id.desc())
    return list(db.session.scalars(query))


def answer(site: Site, digest: str) -> Answer:
    """Raises NotFound `not_found`."""
    query = select(Answer).where(Answer.site_id == site.id, Answer.digest == digest)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "No answer of this site has that digest.")
    return found


def served(site: Site, notice: Notice, body: dict[str, Any]) -> str | None:
    """Keep one served variant and return its digest; None when it could not be kept.

    `body` is {v, build, notice, regime, layout, language}. A digest is only ever handed out after
    its row is committed, so a record's `answer` always resolves.
    """
    digest = leaf.digest(body)
    query = select(Answer.id).where(Answer.site_id == site.id, Answer.digest == digest)
    if db.session.scalar(query) is None:
        db.session.add(
            Answer(
                site_id=site.id,
                notice_id=notice.id,
                digest=digest,
                body=leaf.jcs(body),
                regime=body["regime"]["id"],
                language=body["language"],
            )
        )
        try:
            db.session.commit()
        except IntegrityError:  # another process kept the same variant first
            db.session.rollback()
    return digest
