"""The code that visitors were given, by digest, for as long as an answer names it.

An upgrade brings other code; what was shown before it is shown again with its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import brotli
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, Instant, db

SHORT = 16  # hex digits by which an answer names its build


class Build(Base):
    """`digest` is the SHA-256 of the script, in hex; `files` {name: code} as JSON in brotli, the
    script's own name being empty."""

    __tablename__ = "build"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kept_at: Mapped[datetime] = mapped_column(Instant)
    files: Mapped[bytes] = mapped_column(LargeBinary)


def keep(digest: str, files: Mapping[str, str], at: datetime) -> None:
    """Keep a build that is not kept yet."""
    if db.session.get(Build, digest) is not None:
        return
    packed = _packed(json.dumps(files, ensure_ascii=False).encode())
    db.session.add(Build(digest=digest, kept_at=at, files=packed))
    try:
        db.session.commit()
    except IntegrityError:  # another process kept it first
        db.session.rollback()


@lru_cache(maxsize=2)
def _packed(content: bytes) -> bytes:
    """Once for all databases that a process serves."""
    packed: bytes = brotli.compress(content)
    return packed


def find(short: str) -> dict[str, str] | None:
    """The files of the build that an answer names; None where they were not kept."""
    if len(short) < SHORT:
        return None
    query = select(Build).where(Build.digest.startswith(short, autoescape=True))
    found = db.session.scalar(query.limit(1))
    if found is None:
        return None
    files: dict[str, str] = json.loads(brotli.decompress(found.files))
    return files


def pinned(digest: str) -> bytes | None:
    """The script of a kept build as pages pin it, by the SHA-256 of those bytes, in hex."""
    for known in db.session.scalars(select(Build.digest).order_by(Build.kept_at.desc())):
        if _pin(known) == digest:
            return pin_of((find(known) or {}).get("", ""))
    return None


def pin_of(code: str) -> bytes:
    """A script as pages pin it: without the answer that `consent.js` carries."""
    return f"!function(CMP_CONFIG){{{code}}}();".encode()


@lru_cache(maxsize=256)
def _pin(known: str) -> str:
    """A build never changes, so neither does what pins it."""
    return hashlib.sha256(pin_of((find(known) or {}).get("", ""))).hexdigest()
