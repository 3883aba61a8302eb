"""The imported database of cookies: kept in one table, so that every process knows the same.

What it says is weighed in `classify`; here it is only kept, as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from . import inventory, trail
from .classify import Catalogue, Decision, Imported, builtin, read_database
from .db import Base, db
from .sites import Site


class Row(Base):
    """One row as it was published; `category` is theirs."""

    __tablename__ = "catalogue_row"
    id: Mapped[str] = mapped_column(String(400), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    prefix: Mapped[bool] = mapped_column(Boolean)
    domain: Mapped[str] = mapped_column(String(500))
    platform: Mapped[str] = mapped_column(String(120))
    provider: Mapped[str] = mapped_column(String(200))
    category: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(Text)
    duration: Mapped[str] = mapped_column(Text)


FIELDS = tuple(column.name for column in Row.__table__.columns)


@dataclass(frozen=True)
class Found:
    """What a file holds: rows, and (line, code, why) of those that cannot be used."""

    rows: tuple[Imported, ...]
    refused: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Done:
    """What an import changed."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0


def read(text: str) -> Found:
    """The rows of a CSV; raises classify.Unreadable for what is not such a file."""
    found: list[Imported] = []
    refused: list[tuple[int, str, str]] = []
    for one in read_database(text):
        if isinstance(one, Imported):
            found.append(one)
        else:
            refused.append(one)
    return Found(tuple(found), tuple(refused))


def bring(found: Found, by: str, at: datetime, dry: bool = False) -> Done:
    """Make the table hold what was read. Where a row was refused, none is removed."""
    held = {row.id: row for row in db.session.scalars(select(Row))}
    new = {one.id: one for one in found.rows}
    added = [one for one in found.rows if one.id not in held]
    changed = [one for one in found.rows if one.id in held and _values(held[one.id]) != vars(one)]
    gone = [] if found.refused else [key for key in held if key not in new]
    same = len(found.rows) - len(added) - len(changed)
    done = Done(len(added), len(changed), len(gone), same)
    if dry:
        db.session.rollback()
        return done
    db.session.add_all(Row(**vars(one)) for one in added)
    for one in changed:
        for name, value in vars(one).items():
            setattr(held[one.id], name, value)
    for key in gone:
        db.session.delete(held[key])
    trail.write("catalogue.import", by, at, **vars(done))
    db.session.commit()
    return done


def clear(by: str, at: datetime) -> int:
    """Forget it all; how many rows there were."""
    count = len(rows())
    db.session.execute(delete(Row))
    trail.write("catalogue.clear", by, at, removed=count)
    db.session.commit()
    return count


def rows() -> tuple[Imported, ...]:
    return tuple(Imported(**_values(row)) for row in db.session.scalars(select(Row)))


def known(site: Site | None = None) -> Catalogue:
    """Our list, the imported rows, and what the owner of `site` has decided."""
    decisions = () if site is None else tuple(_decisions(site))
    return builtin().beside(decisions, rows())


def _decisions(site: Site) -> list[Decision]:
    by_service = {service.key: service.category for service in inventory.services(site)}
    return [
        Decision(one.name, category, one.match, one.kind, one.service or "")
        for one in inventory.trackers(site)
        if one.name
        and one.kind in inventory.STORED
        and (category := one.category or by_service.get(one.service or ""))
    ]


def _values(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}
