"""The tables of what people prove themselves with besides a password.

Nothing here lets a reader of the database sign in: the secret of an app is sealed, codes and links
are fingerprints, a passkey is a public key.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from consent.db import Base, Instant


def _whose() -> ForeignKey:
    return ForeignKey("account.id", ondelete="CASCADE")


class Totp(Base):
    """An authenticator app (RFC 6238); `last_step` is the newest step whose code was taken."""

    __tablename__ = "totp"
    user_id: Mapped[int] = mapped_column(_whose(), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCode(Base):
    """One of ten ways in without the second factor; a used one is gone."""

    __tablename__ = "recovery_code"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(_whose(), index=True)


class Passkey(Base):
    """A WebAuthn credential; `credential` is its id in base64url."""

    __tablename__ = "passkey"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(_whose(), index=True)
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class Reset(Base):
    """A lost password: asked for, and perhaps a link that was made for it."""

    __tablename__ = "password_reset"
    user_id: Mapped[int] = mapped_column(_whose(), primary_key=True)
    asked_at: Mapped[datetime | None] = mapped_column(Instant)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class Identity(Base):
    """Who somebody is at an OpenID provider: issuer and subject, never an e-mail."""

    __tablename__ = "identity"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(_whose(), index=True)
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (UniqueConstraint("issuer", "subject", name="identity_once"),)
