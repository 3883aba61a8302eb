"""The tables of notices, of the variants that were served, and of what publishing needs beside."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consent.db import Base, Bytes16, Instant, Json

VERSION_KEYS = ("version", "asks", "published_at", "effective_at")


class Notice(Base):
    """`body` is the RFC 8785 JSON; `digest` its SHA-256 in hex. These, the numbers and the times
    that stand in the body never change.

    `by` published it (None: before this was kept); `told` is {reasons: why all are asked again,
    material, rollback: the version whose content it is, proposed: who froze the draft where another
    published it, word}, as far as there is something to tell. A version that was taken back before
    it bound anybody, or whose trial was stopped, has `withdrawn_at`: it is kept, and never becomes
    current.
    """

    __tablename__ = "notice"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    version: Mapped[int]
    asks: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    published_at: Mapped[datetime] = mapped_column(Instant)
    effective_at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str | None] = mapped_column(String(320))
    told: Mapped[dict[str, Any] | None] = mapped_column(Json)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("site_id", "version"), UniqueConstraint("site_id", "digest"))

    @property
    def content(self) -> dict[str, Any]:
        return parsed(self.body)


class Answer(Base):
    """One served variant: build, notice, effective regime, layout and language."""

    __tablename__ = "answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    regime: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(12))
    __table_args__ = (UniqueConstraint("site_id", "digest"),)


class Trial(Base):
    """A version that is shown to `share` percent of the networks visitors come from.

    `kind` is `canary`, or `test` where it asks what the version beside it (`against`) asks in other
    words. `key` decides which networks; it is wiped when the trial ends, `kept` says how.
    """

    __tablename__ = "notice_trial"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), unique=True)
    against: Mapped[int]
    kind: Mapped[str] = mapped_column(String(6))
    share: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[bytes | None] = mapped_column(Bytes16)
    by: Mapped[str] = mapped_column(String(320))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    kept: Mapped[bool | None]


class Proposal(Base):
    """A draft that one person froze for another to publish: `body` without VERSION_KEYS.

    `state` is open, approved, declined or taken (back by whoever proposed it).
    """

    __tablename__ = "notice_proposal"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    state: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    material: Mapped[bool]
    effective_at: Mapped[datetime | None] = mapped_column(Instant)
    share: Mapped[int | None] = mapped_column(SmallInteger)
    rollback: Mapped[int | None]
    by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(320))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    word: Mapped[str | None] = mapped_column(String(500))
    __table_args__ = (Index("notice_proposal_by_site", "site_id", "state"),)

    @property
    def content(self) -> dict[str, Any]:
        return parsed(self.body)


class Rule(Base):
    """How a site publishes; no row is one person alone."""

    __tablename__ = "notice_rule"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    two_people: Mapped[bool]


class PolicyVersion(Base):
    """A privacy policy in one language, as it was read: `text` are the bytes, `digest` their
    SHA-256. It applies from `effective_at`."""

    __tablename__ = "policy_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    language: Mapped[str] = mapped_column(String(12))
    number: Mapped[int]
    url: Mapped[str | None] = mapped_column(String(500))
    effective_at: Mapped[datetime] = mapped_column(Instant)
    digest: Mapped[str] = mapped_column(String(64))
    media: Mapped[str] = mapped_column(String(100))
    text: Mapped[bytes] = mapped_column(LargeBinary)
    by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("site_id", "language", "number"),)


@lru_cache(maxsize=256)
def parsed(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found
