"""Records of two years, with everything that belongs to them, and how many bytes that is."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text

import app as wiring
from bench.rows import postgresql, sqlite
from bench.size import SITE, job, used
from consent import notices, rollup, sites
from consent.db import db, micros
from consent.parts import Parts, parts
from consent.records import Writer
from consent.records.rows import Row
from consent.sites import Site

SPAN = timedelta(days=730)
BEGIN, END = (wiring.utc_now() - back for back in (SPAN, timedelta(minutes=5)))


def filled(known: Parts, rows: int, samples: list[dict[str, Any]], ids: list[int]) -> float:
    """Bytes a record, once everything that belongs to it is built."""
    before, first, last = bytes_used(), micros(BEGIN), micros(END)
    each = (last - first) // rows
    _kind().fill(samples, logs(ids), range(first, first + rows * each, each))
    indexed(known)
    known.ledger.tick(known.clock())
    return (bytes_used() - before) / rows


def indexed(known: Parts) -> None:
    """Build the index of visitors as far as its chore would."""
    for site_id in db.session.scalars(select(Site.id)).all():
        _kind().indexed(site_id, known.clock())


def _kind() -> Any:
    return sqlite if db.engine.dialect.name == "sqlite" else postgresql


def logs(ids: list[int]) -> dict[int, str]:
    """The sites by number, each with a log."""
    found = db.session.execute(select(Site.id, Site.key).where(Site.id.in_(ids)))
    keys = {number: key for number, key in found}
    for key in keys.values():
        parts().ledger.open(key)
    return keys


def sampled() -> list[dict[str, Any]]:
    """Records as the writer stores them, without what is each one's own."""
    site, known = sites.get(SITE), parts()
    notice = notices.latest(site)
    assert notice is not None
    writer = Writer(db.engine, lambda: micros(known.clock()), rollup.add)
    writer._commit([job(site.id, notice) for _ in range(200)])
    writer.close()
    known.ledger.tick(known.clock())
    held = db.session.scalars(select(Row).where(Row.site_id == sites.get(SITE).id)).all()
    given = [name for name in sqlite.COLUMNS if name not in sqlite.OWN]
    made = [{name: getattr(row, name) for name in given} for row in held]
    return [one | {"claimed": -random.randint(20, 3000)} for one in made]


def more_sites(known: Parts, count: int) -> list[int]:
    like = sites.get(SITE)
    names = [c.name for c in Site.__table__.columns if c.name not in ("id", "key", "created_at")]
    shared, at = {name: getattr(like, name) for name in names}, known.clock()
    made = [Site(key=f"s{n}.example", created_at=at, **shared) for n in range(count)]
    db.session.add_all(made)
    db.session.commit()
    return [site.id for site in made]


def bytes_used() -> int:
    if db.engine.dialect.name == "sqlite":
        return used()
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        size = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        return int(connection.execute(text(size)).scalar_one())
