"""The log as it is stored: a head for each log, and its tiles.

A tile of level 0 holds up to 256 entries, packed; their hashes are computed from them. Tiles of
higher levels hold the 32-byte roots of 256 full tiles below and are stored when they are full.
Partial ones are computed. So an entry costs its commitment and some three bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from .. import leaf
from ..db import Base, Json, from_micros
from ..tlog.merkle import Wrong
from ..waiting import CONSENT, ENTRY, HEAD

HASH = 32
DAY_US = 86_400_000_000
BUNDLES = text("level = 0")


class Head(Base):
    """How far a log has come. `size` and `root` are what is stored, `signed` how much of it `note`
    vouches for; `chained` is where the deployment log holds this head. `told` is what the log
    already knows of rules, build and keys, by digest. Changed by compare-and-swap only."""

    __tablename__ = "log_head"
    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(String(80), unique=True)
    origin: Mapped[str] = mapped_column(String(300), unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    signed: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(Text)
    chained: Mapped[int | None] = mapped_column(BigInteger)
    told: Mapped[dict[str, Any]] = mapped_column(Json)


class Tile(Base):
    """`body` is packed entries (level 0) or hashes; `root` is there once the tile is full. `most`
    is the highest seq up to and with this tile, so it never falls from one tile to the next."""

    __tablename__ = "log_tile"
    log_id: Mapped[int] = mapped_column(ForeignKey("log_head.id"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes | None] = mapped_column(LargeBinary)
    most: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        Index("log_tile_by_most", "log_id", "most", sqlite_where=BUNDLES, postgresql_where=BUNDLES),
    )


@dataclass(frozen=True)
class Item:
    """One entry as it is stored. `seq`: microseconds since 1970, of a record its own seq."""

    kind: int
    seq: int
    body: bytes

    def entry(self) -> bytes:
        """What the log commits to."""
        if self.kind == ENTRY:
            return self.body
        if self.kind == CONSENT:
            return leaf.entry(self.body.hex(), day(self.seq))
        log, size, root = unpack_head(self.body)
        facts = {"d": day(self.seq), "h": root.hex(), "k": "head", "l": log, "n": size, "v": 1}
        return leaf.jcs(facts)


def head_item(log: int, size: int, root: bytes, seq: int) -> Item:
    """The deployment log's entry of a site's head: log number, size and root."""
    return Item(HEAD, seq, bytes([*_varint(log), *_varint(size), *root]))


def unpack_head(body: bytes) -> tuple[int, int, bytes]:
    log, at = _read_varint(body, 0)
    size, at = _read_varint(body, at)
    return log, size, body[at:]


def day(seq: int) -> str:
    """The UTC day of a moment in microseconds: 2026-11-21."""
    return _day(seq // DAY_US)


@lru_cache(maxsize=512)
def _day(number: int) -> str:
    return from_micros(number * DAY_US).strftime("%Y-%m-%d")


def pack(items: Iterable[Item]) -> bytes:
    """Kind and distance in time in one number, then 32 bytes (a record) or length and bytes."""
    out = bytearray()
    before = 0
    for item in items:
        distance = item.seq - before
        before = item.seq
        out += _varint((distance << 1 if distance >= 0 else (-distance << 1) - 1) << 2 | item.kind)
        out += item.body if item.kind == CONSENT else _varint(len(item.body)) + item.body
    return bytes(out)


def unpack(body: bytes) -> list[Item]:
    """The inverse of `pack`; Wrong for anything it did not make."""
    return [Item(kind, seq, body[start:end]) for kind, seq, start, end in spans(body)]


def spans(body: bytes) -> list[tuple[int, int, int, int]]:
    """Kind and seq of each entry of a bundle, and from where to where its bytes lie; Wrong for
    anything that `pack` did not make."""
    found = []
    at, seq, whole = 0, 0, len(body)
    while at < whole:
        word, at = _read_varint(body, at)
        kind, folded = word & 3, word >> 2
        seq += -((folded + 1) >> 1) if folded & 1 else folded >> 1
        length = HASH
        if kind != CONSENT:
            length, at = _read_varint(body, at)
        end = at + length
        if end > whole or kind > HEAD:
            raise Wrong("a bundle ends within an entry")
        found.append((kind, seq, at, end))
        at = end
    return found


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(body: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; it has one spelling, the shortest."""
    value = shift = 0
    while True:
        if at >= len(body) or shift > 70:
            raise Wrong("a bundle ends within a number")
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if shift and not byte:
                raise Wrong("a bundle is not packed as we pack it")
            return value, at
        shift += 7
