"""Many rows in one statement are the rows that were given, on both databases."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    select,
)
from sqlalchemy.exc import IntegrityError

from consent.db import Bytes16, db
from consent.many import Row, put

MADE = Table(
    "made",
    MetaData(),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("small", SmallInteger),
    Column("plain", Integer),
    Column("words", String(40)),
    Column("code", Bytes16),
    Column("raw", LargeBinary),
)
NAMES = ("number", "small", "plain", "words", "code", "raw")
WORDS = ("", "a, {b}", 'a "quote"', "back\\slash", "NULL", "żółć", "?", "%s")


@pytest.fixture
def made(app: Flask) -> Table:
    with app.app_context():
        MADE.create(db.session.connection())
        db.session.commit()
    return MADE


def row(number: int) -> Row:
    """Each column is null in some rows, the first among them."""
    words = None if number % 5 == 0 else WORDS[number % len(WORDS)]
    code = None if number % 3 == 0 else number.to_bytes(16)
    raw = None if number % 2 == 0 else bytes((number % 256, 0, 255))
    small, plain = (None, None) if number % 7 == 0 else (-number, 2**31 - 1 - number)
    return number * 2**40, small, plain, words, code, raw


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_what_is_put_is_what_stands_there(app: Flask, made: Table, count: int) -> None:
    rows = [row(number) for number in range(count)]
    with app.app_context():
        put(db.session.connection(), made, NAMES, rows)
        db.session.commit()
        found = db.session.execute(select(made).order_by(made.c.number)).all()
        assert [tuple(one) for one in found] == rows


def test_one_row_that_is_there_already_stops_its_whole_statement(app: Flask, made: Table) -> None:
    with app.app_context():
        with pytest.raises(IntegrityError):
            put(db.session.connection(), made, NAMES, [row(1), row(2), row(1)])
        db.session.rollback()
        assert db.session.execute(select(made)).all() == []


def test_what_follows_a_conflict_is_done_with_each_row(app: Flask, made: Table) -> None:
    more = "ON CONFLICT (number) DO UPDATE SET plain = made.plain + excluded.plain"
    with app.app_context():
        for _ in range(3):
            pairs = [(number, 10 + number) for number in range(70)]
            put(db.session.connection(), made, ("number", "plain"), pairs, more)
        db.session.commit()
        found = db.session.execute(select(made.c.number, made.c.plain)).all()
        assert sorted(map(tuple, found)) == [(n, 3 * (10 + n)) for n in range(70)]
