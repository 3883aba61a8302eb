"""What is kept beside a record and never in it: of the visitor's address what the notice says, and
why nothing was granted.

A record's JSON is fixed and committed to; none of this is part of either. It goes with what the
record said: erased, or past its time.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from sqlalchemy import BigInteger, SmallInteger, String, Text, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, db
from ..sealing import Keyring, Sealed
from ..sites import IP_MODES, Site, ip_mode
from . import visitors
from .suspicion import Flag

# Positions are stored: this tuple may only grow at the end.
REASONS = (AGE := "age",)
WIDTHS = {4: 24, 6: 48}  # bits of an address that a shortened one keeps, by its version


class KeptAddress(Base):
    """What a notice said is kept of an address; none where it said that nothing is.

    `record` is "<site id>/<id in hex>", known before the time of receipt is: the seal binds to it.
    """

    __tablename__ = "record_address"
    record: Mapped[str] = mapped_column(String(60), primary_key=True)
    site_id: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    sealed_address: Mapped[str] = mapped_column("address", Text)
    address = Sealed[str]("sealed_address", by="record")
    __table_args__ = (UniqueConstraint("site_id", "seq"),)


class Denial(Base):
    """Why everything optional was denied, whatever was sent: a position in REASONS."""

    __tablename__ = "record_denial"
    site_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reason: Mapped[int] = mapped_column(SmallInteger)


@dataclass(frozen=True)
class Beside:
    """Of one record: what is kept of the address and its mode, "" for nothing; and the reason of
    REASONS for which nothing was granted, or None."""

    mode: str = ""
    address: str = ""
    denied: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As JSON: {address: {mode, value} | null, denied: reason | null}."""
        kept = {"mode": self.mode, "value": self.address} if self.address else None
        return {"address": kept, "denied": self.denied}


def mode_now(said: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The mode that the notice's facts `said`; "none" once the site's present facts want less."""
    told = ip_mode(said)
    return told if IP_MODES.index(ip_mode(wanted)) >= IP_MODES.index(told) else IP_MODES[0]


def reduced(mode: str, site: str, address: IPv4Address | IPv6Address, ring: Keyring) -> str | None:
    """What is kept of an address: its network, a keyed code, all of it, or None.

    The code is HMAC-SHA-256 under a key derived from the current one of FIELD_KEYS, whose id stands
    before it: one address has one code on a site until that key changes, and none without it.
    """
    if mode == "truncated":
        return str(ip_network((address, WIDTHS[address.version]), strict=False))
    if mode == "hashed":
        key = ring.derived("crumbtrail/address/v1")
        code = hmac.digest(key, f"{site}\0{address}".encode(), "sha256")
        return f"{ring.current}.{code[:16].hex()}"
    return str(address) if mode == "full" else None


def sealed(site_id: int, record_id: bytes, mode: str, kept: str) -> tuple[str, str]:
    """(key, envelope) of what is to be stored; the writer adds the time of receipt."""
    row = KeptAddress(record=f"{site_id}/{record_id.hex()}")
    row.address = f"{mode} {kept}"
    return row.record, row.sealed_address


def beside(site: Site, seqs: Sequence[int]) -> dict[int, Beside]:
    """What stands beside these records, by seq; those with nothing beside them are left out."""
    if not seqs:
        return {}
    kept = select(KeptAddress).where(KeptAddress.site_id == site.id, KeptAddress.seq.in_(seqs))
    why = select(Denial.seq, Denial.reason).where(Denial.site_id == site.id, Denial.seq.in_(seqs))
    addresses = {row.seq: row.address.partition(" ") for row in db.session.scalars(kept)}
    denied = {seq: REASONS[reason] for seq, reason in db.session.execute(why)}
    found = {}
    for seq in sorted(addresses.keys() | denied):
        mode, _, address = addresses.get(seq, ("", "", ""))
        found[seq] = Beside(mode, address, denied.get(seq))
    return found


def last_denial(site_id: int, visitor: bytes) -> str | None:
    """Why the newest record of a visitor was denied, of REASONS; None where it was not."""
    newest = visitors.seqs(site_id, visitor)[-1:]
    why = select(Denial.reason).where(Denial.site_id == site_id, Denial.seq.in_(newest))
    found = db.session.scalar(why)
    return None if found is None else REASONS[found]


def forget(site: Site, seqs: Sequence[int]) -> None:
    """All that stands beside records goes with what they said; the caller commits."""
    for noun in (Flag, KeptAddress, Denial):
        gone = delete(noun).where(noun.site_id == site.id, noun.seq.in_(seqs))
        db.session.execute(gone, execution_options={"synchronize_session": False})


def forget_before(site: Site, seq: int) -> None:
    """The same for all records of a site before `seq`; the caller commits."""
    for noun in (Flag, KeptAddress, Denial):
        gone = delete(noun).where(noun.site_id == site.id, noun.seq < seq)
        db.session.execute(gone, execution_options={"synchronize_session": False})
