"""Versions of the site's privacy policy: number, day, language, and the digest of the text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from consent import trail
from consent.db import db, rfc3339
from consent.errors import Conflict, Invalid, NotFound
from consent.policy import BIGGEST, Document, Unreadable, document
from consent.sites import Site

from .table import PolicyVersion


def policies(site: Site) -> list[PolicyVersion]:
    """All versions that were ever kept, by language, the newest first."""
    order = (PolicyVersion.language, PolicyVersion.number.desc())
    query = select(PolicyVersion).where(PolicyVersion.site_id == site.id).order_by(*order)
    return list(db.session.scalars(query))


def policy(site: Site, language: str, number: int) -> PolicyVersion:
    """Raises NotFound `not_found`."""
    query = select(PolicyVersion).where(
        PolicyVersion.site_id == site.id,
        PolicyVersion.language == language,
        PolicyVersion.number == number,
    )
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "There is no such version of the policy.")
    return found


def add_policy(
    site: Site,
    language: str,
    text: bytes,
    by: str,
    at: datetime,
    *,
    media: str = "text/plain",
    url: str | None = None,
    effective_at: datetime | None = None,
) -> PolicyVersion:
    """Keep the next version of the policy, byte for byte; `effective_at` absent is now.

    The same bytes at the same address as the newest version are that version. Raises Invalid with
    `fields`, Conflict `policy_meanwhile`.
    """
    effective_at, digest = effective_at or at, hashlib.sha256(text).hexdigest()
    if problems := _problems(site, language, text, url):
        raise Invalid("field_value", "The policy cannot be kept like this.", fields=problems)
    of = PolicyVersion.site_id == site.id, PolicyVersion.language == language
    last = db.session.scalar(select(func.max(PolicyVersion.number)).where(*of)) or 0
    if last and _same(policy(site, language, last), digest, url):
        return policy(site, language, last)
    made = PolicyVersion(
        site_id=site.id,
        language=language,
        number=last + 1,
        url=url,
        effective_at=effective_at,
        digest=digest,
        media=media[:100],
        text=text,
        by=by,
        at=at,
    )
    told = {"language": language, "version": made.number, "sha256": digest}
    told["effective_at"] = rfc3339(effective_at)
    try:
        db.session.add(made)
        trail.write("policy.published", by, at, site.key, **told)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        why = "Somebody else kept a version of this policy at the same moment."
        raise Conflict("policy_meanwhile", why) from None
    return made


def named(site: Site, at: datetime | None) -> dict[str, dict[str, Any]]:
    """By language of the site, the version that applies at `at`; None: the newest, from whenever.

    Of two that apply, the one with the higher number.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in reversed(policies(site)):
        if one.language in site.languages and (at is None or one.effective_at <= at):
            found[one.language] = {
                "number": one.number,
                "effective_at": rfc3339(one.effective_at),
                "sha256": one.digest,
                "url": one.url,
            }
    return found


def texts_of(named: Mapping[str, Mapping[str, Any]]) -> list[Document]:
    """The kept versions that a notice names (`named`), as far as they can be read."""
    digests = {str(one["sha256"]) for one in named.values()}
    query = select(PolicyVersion.text).where(PolicyVersion.digest.in_(digests)).distinct()
    found = []
    for text in db.session.scalars(query) if digests else ():
        with suppress(Unreadable):
            found.append(document(text))
    return found


def _same(last: PolicyVersion, digest: str, url: str | None) -> bool:
    return (last.digest, last.url) == (digest, url)


def _problems(site: Site, language: str, text: bytes, url: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if language not in site.languages:
        found["language"] = "Choose one of the site's languages."
    if not text.strip():
        found["text"] = "The text of the policy is missing."
    elif len(text) > BIGGEST:
        found["text"] = "At most 8 MB."
    if url and not _whole(url):
        found["url"] = "A whole address, like https://example.com/privacy."
    return found


def _whole(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(url) <= 500
