"""The tables of the inventory, and the words its columns may hold."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigKey, Instant, Json, Words

CATEGORIES = ("necessary", "preferences", "statistics", "marketing")
STORED = ("cookie", "local_storage", "session_storage", "indexeddb")
KINDS = [*STORED, "beacon", "script", "iframe"]
PARTIES = ("first", "third")
MATCHES = ("exact", "prefix")
ALIASES = {"performance": "statistics", "analytics": "statistics", "functional": "preferences"}
ALIASES |= {"advertising": "marketing", "targeting": "marketing"}
WORDS: dict[str, tuple[str | None, ...]] = {
    "kind": tuple(KINDS),
    "match": MATCHES,
    "party": (None, *PARTIES),
    "category": (None, *CATEGORIES),
}
SERVICE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
DURATION = re.compile(r"(\d{1,4}) (minute|hour|day|month|year)s?")


class Service(Base):
    """A tool that stores or sends things; `key` is what pages write in data-service."""

    __tablename__ = "service"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    key: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(120))
    category: Mapped[str | None] = mapped_column(String(20))
    provider: Mapped[str | None] = mapped_column(String(120))
    policy_url: Mapped[str | None] = mapped_column(String(500))
    hosts: Mapped[list[str]] = mapped_column(Json)
    __table_args__ = (UniqueConstraint("site_id", "key"),)


class Tracker(Base):
    """One thing a service stores or sends. `name` None matches nothing; its purpose is shown."""

    __tablename__ = "tracker"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(256))
    match: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20))
    party: Mapped[str | None] = mapped_column(String(5))
    service: Mapped[str | None] = mapped_column(String(63))
    category: Mapped[str | None] = mapped_column(String(20))
    published_label: Mapped[str | None] = mapped_column(String(120))
    purpose: Mapped[dict[str, str]] = mapped_column(Json)
    duration: Mapped[Any] = mapped_column(Json, nullable=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    set_by: Mapped[str | None] = mapped_column(String(120))


class Version(Base):
    """The inventory as it was after one change. `state` is {services, trackers}, the trackers with
    their numbers; `digest` is that of the log's entry."""

    __tablename__ = "inventory_version"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str] = mapped_column(String(320))
    what: Mapped[str] = mapped_column(Words(200))
    digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[dict[str, Any]] = mapped_column(Json)
    # A number is never given twice: whoever undoes names the version that they saw.
    __table_args__ = (
        Index("inventory_version_by_site", "site_id", "id"),
        {"sqlite_autoincrement": True},
    )


TRACKER_DEFAULTS: dict[str, Any] = {
    "name": None,
    "match": "exact",
    "kind": "cookie",
    "party": None,
    "service": None,
    "category": None,
    "published_label": None,
    "purpose": {},
    "duration": None,
    "reason": None,
    "set_by": None,
}
SERVICE_DEFAULTS: dict[str, Any] = {
    "category": None,
    "provider": None,
    "policy_url": None,
    "hosts": [],
}
