"""The tables of scans."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigKey, Instant, Json, Words
from ..sealing import Sealed

STATES = ("queued", "running", "done", "failed", "stopped")
ACTIVE = STATES[:2]
# Why a scan failed, by the word that is stored.
PROBLEMS = {
    "gone": "The server that ran it was stopped.",
    "slow": "It took longer than a scan may, and was ended.",
    "broken": "The browser, or the program that drives it, ended with an error.",
    "browser_missing": "There is no Chromium on this server; install the package chromium.",
    "browser_failed": "The browser on this server did not start.",
    "address": "The address leads to where a scan may not go.",
    "unsafe": "This server cannot keep the browser away from its own network; see the guide.",
    "unreachable": "The first page could not be opened.",
    "time": "Not even the first page was seen in the time a scan has.",
    "large": "It saw more than can be kept.",
    "unproven": "Nobody has shown that this website is yours; see below how.",
    "stopped": "It was stopped.",
}


class Scan(Base):
    """One visit. `progress` is what was told last while it ran, {pass, pages, what}. `seen` is the
    whole observation as `findings.to_json` gives it, as JSON text, None once it is old. `found`
    are the findings as JSON. `summary` counts them by severity, and pages and things."""

    __tablename__ = "scan"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    url: Mapped[str] = mapped_column(String(2000))
    state: Mapped[str] = mapped_column(String(8))
    by: Mapped[str] = mapped_column(String(320))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    beat_at: Mapped[datetime | None] = mapped_column(Instant)
    progress: Mapped[dict[str, Any]] = mapped_column(Json)
    summary: Mapped[dict[str, Any]] = mapped_column(Json)
    problem: Mapped[str | None] = mapped_column(String(16))
    seen: Mapped[str | None] = mapped_column(Text)
    found: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    __table_args__ = (
        Index("scan_by_site", "site_id", "id"),
        Index("scan_by_state", "state"),
        {"sqlite_autoincrement": True},
    )


class Proposal(Base):
    """What a scan or a policy suggests: a tracker to add, or with `tracker` one to change.

    `fields` are what accepting writes, `service` what it makes where it is missing. `suggestion` is
    {category, confidence, reason, …} of the classifier; `percent` its confidence, 0 to 100.
    `evidence` says where it comes from. `key` tells equal proposals of a site from others, so that
    what was dismissed is not proposed again.
    """

    __tablename__ = "proposal"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    scan_id: Mapped[int | None] = mapped_column(BigKey)
    source: Mapped[str] = mapped_column(String(8))
    key: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(9))
    tracker: Mapped[int | None]
    fields: Mapped[dict[str, Any]] = mapped_column(Json)
    service: Mapped[dict[str, Any] | None] = mapped_column(Json)
    suggestion: Mapped[dict[str, Any]] = mapped_column(Json)
    evidence: Mapped[dict[str, Any]] = mapped_column(Json)
    percent: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(320))
    why: Mapped[str | None] = mapped_column(String(500))
    __table_args__ = (
        UniqueConstraint("site_id", "key"),
        Index("proposal_by_state", "site_id", "state"),
    )


class Watch(Base):
    """How often a site is scanned by itself, and who is told of what is new. `every` is one of
    watching.EVERY; `secret` signs what is sent to `webhook`."""

    __tablename__ = "scan_watch"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    every: Mapped[str] = mapped_column(String(8))
    url: Mapped[str] = mapped_column(String(2000))
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    sealed_webhook: Mapped[str | None] = mapped_column("webhook", Text)
    sealed_secret: Mapped[str | None] = mapped_column("secret", Text)
    sealed_email: Mapped[str | None] = mapped_column("email", Text)
    webhook = Sealed[str | None]("sealed_webhook", by="site_id")
    secret = Sealed[str | None]("sealed_secret", by="site_id")
    email = Sealed[str | None]("sealed_email", by="site_id")


class Alert(Base):
    """One message on its way: `way` is webhook or mail, `state` waiting, sent or failed. `name` is
    the same at every try, so that its receiver can tell a repeat."""

    __tablename__ = "scan_alert"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    scan_id: Mapped[int] = mapped_column(BigKey)
    name: Mapped[str] = mapped_column(String(40))
    way: Mapped[str] = mapped_column(String(7))
    sealed_target: Mapped[str] = mapped_column("target", Text)
    target = Sealed[str]("sealed_target", by="name")
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(7))
    tries: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[datetime] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(Words(200))
    __table_args__ = (Index("scan_alert_by_state", "state", "next_at"),)
