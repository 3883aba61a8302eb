"""The tables of people, their sessions and the keys they hand out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from consent import tenancy
from consent.db import Base, Instant, Json


class User(Base):
    """A person who may sign in; what they may do is said by their memberships.

    An `operator` runs the server: may make organisations, and sees none by that.
    """

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    password_changed_at: Mapped[datetime] = mapped_column(Instant)
    operator: Mapped[bool] = mapped_column(default=False)


class Session(Base):
    """One signed-in browser; `token_hash` is the SHA-256 of what its cookie holds, `visiting` the
    organisation it was in last.

    `how` its owner signed in; `proven_at`, when its owner last proved to be there.
    """

    __tablename__ = "session"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    proven_at: Mapped[datetime] = mapped_column(Instant)
    how: Mapped[str] = mapped_column(String(20))
    visiting: Mapped[int | None]


class Membership(Base):
    """What a person is in an organisation: one role, a word of permissions.Role."""

    __tablename__ = "membership"
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime] = mapped_column(Instant)


class Invitation(Base):
    """A link sent to an e-mail; `token_hash` is the SHA-256 of what the link ends in. `over_at`:
    when it was taken, or taken back."""

    __tablename__ = "invitation"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    email: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(8))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    by: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    over_at: Mapped[datetime | None] = mapped_column(Instant)


class ApiKey(Base):
    """A key to the auditor's API: some sites of an organisation, perhaps a period, always an
    end.

    `scopes` is null for a key from before there were any: it has all. After a rotation `old_hash`
    opens too, until `old_until`.
    """

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    organisation_id: Mapped[int] = mapped_column(default=tenancy.owner)
    label: Mapped[str] = mapped_column(String(200))
    sites: Mapped[list[str]] = mapped_column(Json)
    period_from: Mapped[datetime | None] = mapped_column(Instant)
    period_to: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    scopes: Mapped[list[str] | None] = mapped_column(Json)
    old_hash: Mapped[str | None] = mapped_column(String(64))
    old_until: Mapped[datetime | None] = mapped_column(Instant)

    def state(self, at: datetime) -> str:
        """`active`, `expired` or `revoked`, as of `at`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= at else "active"
