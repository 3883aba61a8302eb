"""Encryption at rest: personal fields and secrets are sealed before the database sees them.

    class Request(Base):
        number: Mapped[str] = mapped_column(String(20), unique=True)
        sealed_contact: Mapped[str] = mapped_column("contact", Text)
        contact = Sealed[str]("sealed_contact", by="number")

`by` names the column that tells one row from every other: set it before the field, never change it.
What is stored is `s1.<key id>.<base64url of nonce, ciphertext, tag>`, AES-256-GCM with table,
column and row as associated data (NIST SP 800-38D): what was sealed for one row opens in no other.
A sealed field cannot be searched. One key may seal 2^32 values; new keys come by `rotate`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from sqlalchemy import Column, String, Text, delete, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, db
from .errors import Refusal

T = TypeVar("T", str, str | None)
FORM = "s1"
PLAIN = "plain."  # from before there was any sealing: migration 0017 marks it, `rotate` seals it
NONCE = 12
BATCH = 200
FIELDS: list[Sealed[Any]] = []


class Unusable(Refusal):
    """The keys do not fit the database; the message is what the operator reads."""

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__("sealed", message)


class FieldKey(Base):
    """One row for each key that sealed something here: by `proof` a wrong key is known at boot."""

    __tablename__ = "field_key"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    proof: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Keyring:
    """The keys by their ids, 32 bytes each; the first one seals, all of them open."""

    keys: tuple[tuple[str, bytes], ...] = field(repr=False)

    @property
    def current(self) -> str:
        return self.keys[0][0]

    @property
    def ids(self) -> set[str]:
        return {name for name, _ in self.keys}

    def derived(self, purpose: str) -> bytes:
        """A key of its own for another use, 32 bytes, from the one that seals now."""
        return hmac.digest(self.keys[0][1], purpose.encode(), "sha256")

    def seal(self, value: str, table: str, column: str, row: object) -> str:
        name, key = self.keys[0]
        nonce = os.urandom(NONCE)
        closed = nonce + AESGCM(key).encrypt(nonce, value.encode(), _bound(table, column, row))
        return f"{FORM}.{name}.{base64.urlsafe_b64encode(closed).decode().rstrip('=')}"

    def open(self, envelope: str, table: str, column: str, row: object) -> str:
        """Raises Unusable: a key that is not here, or a value that is not what was sealed there."""
        form, _, rest = envelope.partition(".")
        name, _, closed = rest.partition(".")
        if form != FORM or not name or not closed:
            raise Unusable(f"A value in {table}.{column} is not sealed.")
        key = dict(self.keys).get(name)
        if key is None:
            raise Unusable(f"A value in {table}.{column} needs the key {name} of FIELD_KEYS.")
        try:
            raw = base64.b64decode(closed + "=" * (-len(closed) % 4), altchars=b"-_", validate=True)
            bound = _bound(table, column, row)
            return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], bound).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise Unusable(
                f"A value in {table}.{column} was not sealed for this row by the key {name}."
            ) from None


class Sealed(Generic[T]):
    """A text of a row that the database sees sealed. Reading or setting it needs the app's context.

    Raises Unusable (`sealed`, 500) where it cannot be opened.
    """

    def __init__(self, stored: str, by: str) -> None:
        self.stored, self.by = stored, by

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner
        FIELDS.append(self)

    @overload
    def __get__(self, row: None, owner: type) -> Sealed[T]: ...
    @overload
    def __get__(self, row: object, owner: type) -> T: ...
    def __get__(self, row: object | None, owner: type) -> T | Sealed[T]:
        if row is None:
            return self
        envelope = getattr(row, self.stored)
        if envelope is None:
            return cast(T, None)
        value: Any = keyring().open(envelope, *self.place, self.identity(row))
        return cast(T, value)

    def __set__(self, row: object, value: T) -> None:
        if value is None:
            setattr(row, self.stored, None)
            return
        setattr(row, self.stored, keyring().seal(value, *self.place, self.identity(row)))

    def identity(self, row: object) -> object:
        known = getattr(row, self.by)
        if known is None:
            raise ValueError(f"{self.by} must be set before what is sealed for it")
        return known

    @property
    def column(self) -> Column[str]:
        return cast("Column[str]", getattr(self.owner, self.stored).property.columns[0])

    @property
    def place(self) -> tuple[str, str]:
        """Table and column, as the database names them."""
        table: str = cast(Any, self.owner).__tablename__
        return table, self.column.name

    def count(self, begins: str, but: bool = False) -> int:
        """How many rows hold a value that begins so; with `but`, one that does not."""
        like = self.column.like(f"{begins}%")
        query = select(func.count()).where(self.column.is_not(None), ~like if but else like)
        return db.session.scalar(query) or 0


def keyring() -> Keyring:
    return cast(Keyring, current_app.extensions["sealing"])


def check() -> None:
    """Whether the keys at hand are those of this database; notes the current one if it is new.

    Raises Unusable with what to do.
    """
    ring = keyring()
    known = {row.id: row.proof for row in db.session.scalars(select(FieldKey))}
    for name, proof in known.items():
        if name in ring.ids:
            _prove(ring, name, proof)
        elif count := _used(name):
            raise Unusable(
                f"{count} values in this database are sealed with the key {name}, which FIELD_KEYS"
                f" does not name. {WHERE}"
            )
    if ring.current not in known:
        proof = ring.seal(ring.current, "field_key", "proof", ring.current)
        db.session.add(FieldKey(id=ring.current, proof=proof))
    db.session.commit()


def settle() -> None:
    """At boot: `check`, and seal what was there before there was any sealing."""
    check()
    for _ in rotate(only_plain=True):
        pass


def rotate(batch: int = BATCH, only_plain: bool = False) -> Iterator[int]:
    """Seal with the current key whatever is not; yields the number of values after each batch.

    Each batch is one transaction, and what is done is known by its envelope: a run that was cut off
    goes on where it was. A row that changed meanwhile is left to its writer. Raises Unusable at a
    value that cannot be opened; what came before it stays done.
    """
    for one in FIELDS:
        yield from _batches(one, batch, only_plain)
    scrub()


def left() -> int:
    """How many values are not sealed with the current key."""
    return sum(one.count(f"{FORM}.{keyring().current}.", but=True) for one in FIELDS)


def retire() -> list[str]:
    """Forget the keys that seal nothing any more; their ids. The caller commits."""
    ids = db.session.scalars(select(FieldKey.id).where(FieldKey.id != keyring().current))
    unused = [name for name in ids if not _used(name)]
    db.session.execute(delete(FieldKey).where(FieldKey.id.in_(unused)))
    return unused


def scrub() -> None:
    """On SQLite: what was replaced goes from the write-ahead log too (freed pages are overwritten,
    `secure_delete`). PostgreSQL's dead rows go with VACUUM."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


WHERE = (
    "Put it back: it stands in FIELD_KEYS, or in the file field_keys of the INSTANCE_PATH, of the"
    " server that wrote this database, or in their backup (docs/operating.md)."
)


def _batches(one: Sealed[Any], batch: int, only_plain: bool) -> Iterator[int]:
    ring, table = keyring(), one.column.table
    [key] = table.primary_key.columns
    identity = getattr(one.owner, one.by).property.columns[0]
    stale = one.column.like(f"{PLAIN}%")
    if not only_plain:
        stale = ~one.column.like(f"{FORM}.{ring.current}.%")
    query = select(key, identity, one.column).where(one.column.is_not(None), stale).order_by(key)
    last: Any = None
    while True:
        more = query if last is None else query.where(key > last)
        rows = db.session.execute(more.limit(batch)).all()
        if not rows:
            db.session.rollback()
            return
        for last, row, stored in rows:
            if stored.startswith(PLAIN):
                value = stored.removeprefix(PLAIN)
            else:
                value = ring.open(stored, *one.place, row)
            again = ring.seal(value, *one.place, row)
            same = update(table).where(key == last, one.column == stored)
            db.session.execute(same.values({one.column.name: again}))
        db.session.commit()
        yield len(rows)


def _prove(ring: Keyring, name: str, proof: str) -> None:
    try:
        ring.open(proof, "field_key", "proof", name)
    except Unusable:
        raise Unusable(
            f"The key {name} of FIELD_KEYS is not the key {name} that sealed this database. {WHERE}"
        ) from None


def _used(name: str) -> int:
    return sum(one.count(f"{FORM}.{name}.") for one in FIELDS)


def _bound(table: str, column: str, row: object) -> bytes:
    return json.dumps([table, column, str(row)]).encode()
