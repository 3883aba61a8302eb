"""Organisations: the tenants of a server. Each has its sites, its people and its keys.

The first one, `main`, is made with the database and holds whatever names no other. An organisation
is never taken away: its logs and its trail stay.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import trail
from .db import Base, Instant, db
from .errors import Conflict, Invalid, NotFound

KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MAIN = "main"


class Organisation(Base):
    """`key` is in addresses and never changes."""

    __tablename__ = "organisation"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Instant)


def get(key: str) -> Organisation:
    """The organisation of that key; raises NotFound `organisation_unknown`."""
    found = db.session.scalar(select(Organisation).where(Organisation.key == key))
    if found is None:
        raise NotFound("organisation_unknown", "There is no such organisation here.")
    return found


def main() -> Organisation:
    """The one of the first run."""
    return db.session.scalars(select(Organisation).order_by(Organisation.id).limit(1)).one()


def every() -> list[Organisation]:
    """All of them, by name."""
    return list(db.session.scalars(select(Organisation).order_by(Organisation.name)))


def add(key: str, name: str, by: str, at: datetime) -> Organisation:
    """Make one, with nobody in it yet; raises Invalid with `fields`, Conflict
    `organisation_exists`."""
    key, name, wrong = key.strip().lower(), name.strip(), {}
    if not KEY.fullmatch(key):
        wrong["key"] = "Lower-case letters, digits and dashes, at most forty."
    if not name or len(name) > 120:
        wrong["name"] = "The organisation needs a name, at most 120 characters."
    if wrong:
        raise Invalid("field_value", "The organisation cannot be made like this.", fields=wrong)
    if db.session.scalar(select(Organisation.id).where(Organisation.key == key)) is not None:
        why = "There is an organisation with this key already."
        raise Conflict("organisation_exists", why, fields={"key": "Taken."})
    made = Organisation(key=key, name=name, created_at=at)
    db.session.add(made)
    db.session.flush()
    trail.write_in(made.id, "organisation.add", by, at, key=key)
    db.session.commit()
    return made


def numbered(number: int) -> Organisation:
    """The organisation of that number, which the caller has from a row that refers to it."""
    return db.session.get_one(Organisation, number)
