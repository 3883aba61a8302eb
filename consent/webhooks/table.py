"""The tables of webhooks, and of what is on its way to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from consent.db import Base, BigKey, Instant, Json

TEST = "webhook.test"
EVENTS = (
    "notice.published",
    "scan.finished",
    "tracker.found",
    "request.received",
    "request.due",
)


class Webhook(Base):
    """Where a site's events are sent. Its secret is made of `salt` and the server's own key, so
    that the database alone signs nothing; `salt_before` signs too until `before_until`.
    `failing_since` is the first try that failed since one arrived; until `rest_until` nothing is
    sent, because the last try failed. `why` says why it was switched off by itself."""

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[str]] = mapped_column(Json)
    active: Mapped[bool]
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    salt_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    before_until: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    rest_until: Mapped[datetime | None] = mapped_column(Instant)
    why: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Delivery(Base):
    """One message to one webhook. `name` is the same at every try, so that its receiver can tell a
    repeat. `state` is waiting, sent or dead. `attempts` are {at, status, problem} of the last
    tries; of an answer no more is kept. `about` names what must be told once only."""

    __tablename__ = "webhook_delivery"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40), unique=True)
    event: Mapped[str] = mapped_column(String(40))
    about: Mapped[str | None] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(7))
    tries: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[datetime] = mapped_column(Instant)
    made_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    __table_args__ = (
        Index("webhook_delivery_by_state", "state", "next_at"),
        Index("webhook_delivery_by_webhook", "webhook_id", "id"),
        {"sqlite_autoincrement": True},
    )
