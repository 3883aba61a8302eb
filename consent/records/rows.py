"""The stored form of a record, and the JSON it stands for.

A row names what it can by number (immutable rows of notice, answer, rule, place and page) and
packs the rest, so that a record costs at most 220 bytes with its indexes. `encode` is frozen for
v = 1: commitments in the log are made from its bytes, so it may never change what it writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    SQLColumnExpression,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, BigKey, Bytes16, from_micros, rfc3339

# Positions are stored: these tuples may only grow at the end.
ACTIONS = ("accept_all", "reject_all", "save", "withdraw", "gpc", "dismiss", "migrate", "api")
CATEGORIES = ("preferences", "statistics", "marketing")
DEVICES = ("phone", "tablet", "desktop")
BROWSERS = ("other", "Chrome", "Firefox", "Safari", "Edge", "Opera", "Samsung Internet")

GPC, DNT_SAID, DNT = 1, 2, 4
SUPERSEDED, TEST, ERASED = 1, 2, 4
ABSENT, DENIED, GRANTED = 0, 1, 2


TESTS = text(f"flags & {TEST} != 0")  # the few rows of test origins, found without a scan


class Rule(Base):
    """A regime as one table of regimes had it."""

    __tablename__ = "rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    regime: Mapped[str] = mapped_column(String(12))
    regimes: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("regime", "regimes"),)


class Place(Base):
    """Where a visitor was, no finer than the subdivision; '' stands for not known."""

    __tablename__ = "place"
    id: Mapped[int] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    subdivision: Mapped[str] = mapped_column(String(3))
    source: Mapped[str] = mapped_column(String(10))
    database: Mapped[str] = mapped_column(String(120))
    __table_args__ = (UniqueConstraint("country", "subdivision", "source", "database"),)


class Page(Base):
    """A page as it is kept: origin and at most two path segments."""

    __tablename__ = "page"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    text: Mapped[str] = mapped_column(String(400))
    __table_args__ = (UniqueConstraint("site_id", "text"),)


class Row(Base):
    """One record. `seq` is the microsecond of receipt, made unique and rising by the writer:
    order of arrival, pages and periods need no other index."""

    __tablename__ = "record"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    claimed: Mapped[int] = mapped_column(BigKey)  # claimed_at - received_at, ms
    shown: Mapped[int | None] = mapped_column(BigKey)  # shown_at - claimed_at, ms
    notice_id: Mapped[int]
    answer_id: Mapped[int | None]
    rule_id: Mapped[int]
    place_id: Mapped[int]
    page_id: Mapped[int]
    id: Mapped[bytes] = mapped_column(Bytes16)
    visitor: Mapped[bytes | None] = mapped_column(Bytes16)
    salt: Mapped[bytes | None] = mapped_column(Bytes16)
    previous: Mapped[bytes | None] = mapped_column(Bytes16)
    action: Mapped[int] = mapped_column(SmallInteger)
    categories: Mapped[int] = mapped_column(SmallInteger)
    language: Mapped[int] = mapped_column(SmallInteger)
    layer: Mapped[int] = mapped_column(SmallInteger)
    device: Mapped[int | None] = mapped_column(SmallInteger)
    browser: Mapped[int] = mapped_column(SmallInteger)
    signals: Mapped[int] = mapped_column(SmallInteger)
    flags: Mapped[int] = mapped_column(SmallInteger)
    services: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (
        Index("record_by_id", "id", "site_id", unique=True),
        Index("record_of_tests", "seq", sqlite_where=TESTS, postgresql_where=TESTS),
        Index("record_of_testers", "visitor", sqlite_where=TESTS, postgresql_where=TESTS),
        {"sqlite_with_rowid": False},
    )


@dataclass(slots=True)
class Line:
    """A Row as plain values, of which thousands are made in a second. The writer gives those that
    have a default; a `seq` of 0 is none yet."""

    site_id: int
    shown: int | None
    notice_id: int
    answer_id: int | None
    id: bytes
    visitor: bytes | None
    previous: bytes | None
    action: int
    categories: int
    language: int
    layer: int
    device: int | None
    browser: int
    signals: int
    flags: int
    services: bytes | None
    seq: int = 0
    claimed: int = 0
    rule_id: int = 0
    place_id: int = 0
    page_id: int = 0
    salt: bytes | None = None


def of_site(*site_ids: int) -> ColumnElement[bool]:
    """The SQL condition that a row is of one of these sites, for whoever asks by id: spelled so
    that no database walks a site's records for it, as it may where it takes the site for small."""
    return (Row.site_id + 0).in_(site_ids)


def is_test(flags: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """The SQL condition of TESTS, spelled as the partial index spells it."""
    return flags.op("&")(literal_column(str(TEST))) != literal_column("0")


def pack_categories(chosen: dict[str, bool]) -> int:
    """Two bits a category, in the order of CATEGORIES."""
    bits = 0
    for position, name in enumerate(CATEGORIES):
        if name in chosen:
            bits |= (GRANTED if chosen[name] else DENIED) << (2 * position)
    return bits


def unpack_categories(bits: int) -> dict[str, bool]:
    states = ((name, bits >> (2 * p) & 3) for p, name in enumerate(CATEGORIES))
    return {name: state == GRANTED for name, state in states if state}


def pack_services(chosen: dict[str, bool] | None, order: list[str]) -> bytes | None:
    """Two bits a service, in the order of the notice; None when the choice named none."""
    if chosen is None:
        return None
    packed = bytearray((len(order) + 3) // 4)
    for position, name in enumerate(order):
        if name in chosen:
            state = GRANTED if chosen[name] else DENIED
            packed[position // 4] |= state << (2 * (position % 4))
    return bytes(packed)


def unpack_services(packed: bytes | None, order: list[str]) -> dict[str, bool] | None:
    if packed is None:
        return None
    states = ((n, packed[p // 4] >> (2 * (p % 4)) & 3) for p, n in enumerate(order))
    return {name: state == GRANTED for name, state in states if state}


def uuid_text(value: bytes | None) -> str | None:
    """Sixteen bytes as the canonical text of a UUID (RFC 9562)."""
    if value is None:
        return None
    h = value.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def received(row: Row | Line) -> int:
    """Milliseconds since 1970 at which the record arrived."""
    return row.seq // 1000


def _at(milliseconds: int) -> str:
    return rfc3339(from_micros(milliseconds * 1000))


def encode(
    row: Row | Line,
    site: str,
    notice: dict[str, Any],
    notice_digest: str,
    answer: tuple[str, str] | None,
    rule: tuple[str, str],
    place: tuple[str, str, str, str],
    page: str,
) -> dict[str, Any]:
    """The record of `row` (v = 1) without "log". Frozen: see the module's first lines.

    `notice` is the notice's content, `answer` (digest, regime shown), `rule` (regime, table
    digest), `place` (country, subdivision, source, database).
    """
    claimed = received(row) + row.claimed
    signals = {"gpc": bool(row.signals & GPC)}
    if row.signals & DNT_SAID:
        signals["dnt"] = bool(row.signals & DNT)
    return {
        "v": 1,
        "id": uuid_text(row.id),
        "site": site,
        "visitor": row.visitor.hex() if row.visitor else None,
        "action": ACTIONS[row.action],
        "categories": unpack_categories(row.categories),
        "services": unpack_services(row.services, [s["id"] for s in notice["services"]]),
        "notice": notice_digest,
        "answer": answer[0] if answer else None,
        "regime": rule[0],
        "regime_shown": answer[1] if answer else None,
        "regimes": rule[1],
        "place": dict(
            zip(
                ("country", "subdivision", "source", "database"),
                (v or None for v in place),
                strict=True,
            )
        ),
        "language": notice["languages"][row.language],
        "layer": row.layer,
        "device": None if row.device is None else DEVICES[row.device],
        "browser": BROWSERS[row.browser],
        "received_at": _at(received(row)),
        "claimed_at": _at(claimed),
        "shown_at": None if row.shown is None else _at(claimed + row.shown),
        "page": page,
        "signals": signals,
        "previous": uuid_text(row.previous),
        "superseded": bool(row.flags & SUPERSEDED),
    }
