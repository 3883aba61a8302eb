"""The table of counts, and what its numbers count."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Kind(IntEnum):
    """What a cell's value is a value of. Stored: numbers may be added, never changed."""

    TOTAL = 0  # ''
    HOUR = 1  # '00' to '23', UTC
    ACTION = 2  # of records.rows.ACTIONS
    CATEGORY = 3  # of records.rows.CATEGORIES; granted or refused
    COUNTRY = 4  # two letters, '' where not known
    LANGUAGE = 5
    DEVICE = 6  # '' where not said
    LAYER = 7
    REGIME = 8
    NOTICE = 9  # the number of the notice's row
    FIRST = 10  # the same, of first answers alone: for comparing versions
    BROWSER = 11
    WAIT = 12  # from shown to answered: the lower bound of a bucket, in ms, eight digits
    SIGNAL = 13  # 'gpc', 'dnt'
    AGAIN = 14  # chose again: 'asked', 'own', 'unknown'
    SUSPECT = 15  # of records.suspicion.REASONS, and '' once for each flagged record
    GONE = 16  # counted above or as suspect, and since erased or purged
    FIRST_WAIT = 17  # of FIRST: a bucket as in WAIT, and then the number of the notice's row


class Cell(Base):
    """How many records of a site on a day (`span` 20261121) or in a month (202611) had a value.

    `granted`, `partly` and `refused` part the count by what was granted of what was asked: all,
    some, nothing. No record can be found from a cell.
    """

    __tablename__ = "rollup"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    span: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(String(16), primary_key=True)
    granted: Mapped[int]
    partly: Mapped[int]
    refused: Mapped[int]
    __table_args__ = ({"sqlite_with_rowid": False},)


class Due(Base):
    """Sites whose records are older than their counts: `fill` counts them, then takes them off."""

    __tablename__ = "rollup_due"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
