"""What waits for the log: written in the transaction of the verb it tells of, taken by the ledger.

A record waits as its commitment, made when it was stored, so that a row which is changed before it
is logged does not get a proof. Everything else waits as the entry itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from . import leaf
from .db import Base, BigKey, db, micros

CONSENT, ENTRY, HEAD = 0, 1, 2
DEPLOYMENT = ""  # the name of the log over the heads of all sites' logs


class Waiting(Base):
    """`body` is a commitment (32 bytes) or an entry; `seq` is the record's, or the moment in µs."""

    __tablename__ = "waiting"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site: Mapped[str] = mapped_column(String(80))
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    # A number is never given twice: a ledger that slept strikes off only what it has read.
    __table_args__ = {"sqlite_autoincrement": True}


def entry(site: str, at: datetime, kind: str, **facts: Any) -> None:
    """Let an entry of `kind` wait for the log of `site`; the caller commits."""
    body = leaf.jcs({"d": at.strftime("%Y-%m-%d"), "k": kind, "v": 1, **facts})
    db.session.add(Waiting(site=site, seq=micros(at), kind=ENTRY, body=body))
