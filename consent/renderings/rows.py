"""The tables of renderings: a job for each notice, and a row for each of its pictures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigKey, Instant

STATES = ("queued", "running", "done", "failed")


class Job(Base):
    """`wanted` pictures, of which `taken` are there. `manifest` is the SHA-256 of what `manifest`
    in book says of them all; `browser` the version that took them."""

    __tablename__ = "rendering_job"
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    tries: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[datetime] = mapped_column(Instant)
    beat_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(String(16))
    wanted: Mapped[int]
    taken: Mapped[int]
    browser: Mapped[str | None] = mapped_column(String(40))
    manifest: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (Index("rendering_job_by_state", "state", "next_at"),)


class Rendering(Base):
    """One picture. `face` is how the rules ask (dialog, bar), `place` an example of where they do,
    empty for a place that nobody knows; `screen` is phone or desktop; `build` names the script as
    answers do. `digest` is the SHA-256 of the PNG, in hex, and the name of its file."""

    __tablename__ = "rendering"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    language: Mapped[str] = mapped_column(String(12))
    face: Mapped[str] = mapped_column(String(8))
    layer: Mapped[int] = mapped_column(SmallInteger)
    screen: Mapped[str] = mapped_column(String(8))
    place: Mapped[str] = mapped_column(String(12))
    build: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    __table_args__ = (UniqueConstraint("notice_id", "language", "face", "layer", "screen"),)
