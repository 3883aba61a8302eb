"""What a record costs once there are many: bytes, inserts, and the three ways to find one.

    ROWS=1000000 SITES=1 nice -n 15 python bench/rows.py [sqlite | postgresql]

Fills a database with ROWS records of two years, spread over SITES sites: copies of real ones, each
with an id, a visitor, a salt and a place in the log of its own. The index of visitors is built by
its own chore. Then batches of 30 go through the real writer, in turn into that database and into
an empty one. Everything is made in a folder under TMPDIR, or in a PostgreSQL of its own (synced),
and is gone at the end. On PostgreSQL the CPU time of its own process counts too.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from sqlalchemy import Engine, insert, select, text, update

import app as wiring
from bench.size import SITE, job, used
from consent import cli, config, ledger, notices, records, rollup, sites
from consent.db import db, from_micros, micros
from consent.ledger.rows import Head, Item
from consent.ledger.tree import Growth, Tree
from consent.parts import Parts, parts
from consent.records import RecordFilter, Writer
from consent.records.rows import Line, Row
from consent.records.runs import step
from consent.records.writer import now_us
from consent.sites import Site
from consent.waiting import CONSENT
from tests.postgres import cluster

CHUNK, BATCH, SPAN = 50_000, 30, timedelta(days=730)
BEGIN, END = (wiring.utc_now() - back for back in (SPAN, timedelta(minutes=5)))
COLUMNS = [column.name for column in Row.__table__.columns]
OWN = ("site_id", "seq", "id", "visitor", "salt")


@dataclass(frozen=True)
class Figures:
    """Bytes a record; inserts into the full database over those into the empty one, per second of
    CPU and of the clock; and of each way to find one milliseconds: p50 and p99 of this process's
    CPU, p50 and p99 of the clock."""

    size: float
    by_cpu: float
    by_clock: float
    found: dict[str, tuple[float, ...]]


def main(rows: int, engine: str, many: int, rounds: int = 60, tries: int = 500) -> Figures:
    with databases(engine) as (empty, full):
        kept = []
        for url, count in ((empty, 0), (full, rows)):
            now = [BEGIN - timedelta(hours=1)]
            app = opened(url, lambda now=now: now[0] if now else wiring.utc_now())
            with app.app_context():
                samples, ids = sampled(), [sites.get(SITE).id, *more_sites(parts(), many - 1)]
                now.clear()  # what stands in the logs so far is older than all that follows
                kept.append((app, filled(parts(), count, samples, ids)))
        (bare, _), (app, size) = kept
        with app.app_context():
            found = {name: timed(ask, tries) for name, ask in asked().items()}
        by_cpu, by_clock = compared(bare, app, rounds)
        for one in (bare, app):
            one.extensions["crumbtrail"].close()
            with one.app_context():
                db.session.remove()
                db.engine.dispose()
        return Figures(size, by_cpu, by_clock, found)


@contextmanager
def databases(engine: str) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/empty.db", f"sqlite:///{folder}/full.db"
        else:
            with cluster(synced=True) as server:
                yield server.create("empty"), server.create("full")


def opened(url: str, clock: Callable[[], datetime]) -> Flask:
    """A demo on this database, with its records in the log."""
    home = tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))
    values = {"INSTANCE_PATH": home, "DEMO": "1", "DATABASE_URL": url, "SIGNER_STATE": home}
    app = wiring.create_app(config.load(values), clock)
    with app.app_context():
        cli.upgrade()
        cli.first_run()
        known = parts()
        known.ledger.tick(known.clock())
    return app


def filled(known: Parts, rows: int, samples: list[dict[str, Any]], ids: list[int]) -> float:
    """Bytes a record, once everything that belongs to it is built."""
    before = bytes_used()
    seqs = spread(micros(BEGIN), micros(END), rows)
    for start in range(0, rows, CHUNK):
        store(samples, ids, [next(seqs) for _ in range(min(CHUNK, rows - start))])
    for site_id in ids:
        while step(site_id, known.clock()):
            pass
    known.ledger.tick(known.clock())
    return (bytes_used() - before) / max(rows, 1)


def spread(first: int, last: int, count: int) -> Iterator[int]:
    """So many moments in order, no two alike."""
    for number in range(count):
        least, most = (first + (last - first) * n // count for n in (number, number + 1))
        yield random.randrange(least, most)


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
    names = [name for name in COLUMNS if name not in OWN]
    made = [{name: getattr(row, name) for name in names} for row in held]
    return [one | {"claimed": -random.randint(20, 3000)} for one in made]


def more_sites(known: Parts, count: int) -> list[int]:
    like = sites.get(SITE)
    names = [c.name for c in Site.__table__.columns if c.name not in ("id", "key", "created_at")]
    shared, at = {name: getattr(like, name) for name in names}, known.clock()
    made = [Site(key=f"s{n}.example", created_at=at, **shared) for n in range(count)]
    db.session.add_all(made)
    db.session.commit()
    return [site.id for site in made]


def store(samples: list[dict[str, Any]], ids: list[int], seqs: list[int]) -> None:
    """Records of these moments, and their places in the logs: one transaction."""
    lines, logged = [], dict[int, list[Item]]()
    for seq in seqs:
        site_id, made = random.choice(ids), (seq // 1000).to_bytes(6) + bytes([0x70])
        own = site_id, seq, made + os.urandom(9), os.urandom(16), os.urandom(16)
        lines.append(random.choice(samples) | dict(zip(OWN, own, strict=True)))
        logged.setdefault(site_id, []).append(Item(CONSENT, seq, os.urandom(32)))
    put(lines)
    keys = {site.id: site.key for site in db.session.scalars(select(Site).where(Site.id.in_(ids)))}
    for site_id, items in sorted(logged.items()):
        head = parts().ledger.open(keys[site_id])
        grown = Growth(Tree(db.session(), head.id), head.size)
        for item in items:
            grown.add(item)
        moved = update(Head).where(Head.id == head.id)
        db.session.execute(moved.values(size=grown.size, root=grown.root()))
        grown.save(db.session())
    db.session.commit()
    db.session.expunge_all()


def put(lines: list[dict[str, Any]]) -> None:
    """As fast as the driver takes them."""
    if db.engine.dialect.name == "postgresql":
        own = db.session.connection().connection.driver_connection
        assert own is not None
        with own.cursor().copy(f"COPY record ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for line in lines:
                copy.write_row([plain(name, line[name]) for name in COLUMNS])
        return
    told = str(insert(Row).compile(db.engine))
    values = [tuple(line[name] for name in COLUMNS) for line in lines]
    db.session.connection().exec_driver_sql(told, values)


def plain(name: str, value: Any) -> Any:
    uuid = name in ("id", "visitor", "salt", "previous")
    return value.hex() if uuid and value is not None else value


def bytes_used() -> int:
    if db.engine.dialect.name == "sqlite":
        return used()
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        size = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        return int(connection.execute(text(size)).scalar_one())


def compared(bare: Flask, full: Flask, rounds: int) -> tuple[float, float]:
    """Inserts into the full database over those into the empty one: the median of both ratios."""
    cpu, clock = [], []
    engines = [writing(bare), writing(full)]
    for number in range(rounds + 10):
        spent = [written(*one) for one in engines]
        if number >= 10:  # the first ones fill caches
            cpu.append(spent[0][0] / spent[1][0])
            clock.append(spent[0][1] / spent[1][1])
    for _, writer, *_ in engines:
        writer.close()
    return statistics.median(cpu), statistics.median(clock)


def writing(app: Flask) -> tuple[Engine, Writer, list[int], notices.Notice]:
    with app.app_context():
        notice = notices.latest(sites.get(SITE))
        assert notice is not None and notice.body
        ids = list(db.session.scalars(select(Site.id).where(Site.key.like("s%.example"))))
        found = (db.engine, Writer(db.engine, now_us, rollup.add), ids or [notice.site_id], notice)
        db.session.refresh(notice)
        db.session.expunge_all()
        db.session.rollback()
    return found


def written(
    engine: Engine, writer: Writer, ids: list[int], notice: notices.Notice
) -> tuple[float, float]:
    """Seconds of CPU and of the clock for some batches."""
    batches = [[job(random.choice(ids), notice) for _ in range(BATCH)] for _ in range(5)]
    with engine.connect() as other:
        serves = [pid for pid in backends(other)]
    before, start = cpu_of(serves), time.perf_counter()
    for batch in batches:
        writer._commit(batch)
        assert all(isinstance(one.outcome, Line) for one in batch)
    return cpu_of(serves) - before, time.perf_counter() - start


def backends(connection: Any) -> list[int]:
    """The processes of PostgreSQL that serve this database."""
    if connection.dialect.name != "postgresql":
        return []
    mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    return [int(pid) for pid in connection.execute(text(mine)).scalars()]


def cpu_of(pids: Sequence[int]) -> float:
    """Of this process and of those."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def asked() -> dict[str, Callable[[], object]]:
    """Each asks for another random record or moment of one site."""
    site = sites.get(SITE)
    first, last = (
        db.session.execute(select(Row.seq).where(Row.site_id == site.id).order_by(order).limit(1))
        .scalars()
        .one()
        for order in (Row.seq, Row.seq.desc())
    )

    def some() -> Row:
        here = select(Row).where(Row.site_id == site.id, Row.seq >= random.randint(first, last))
        return db.session.scalars(here.order_by(Row.seq).limit(1)).one()

    drawn = [some() for _ in range(500)]
    codes = [row.visitor for row in drawn if row.visitor]
    seqs = [row.seq for row in drawn]
    db.session.expunge_all()
    site = sites.get(SITE)

    def look_up() -> object:
        found = records.all_of(site, random.choice(codes))
        assert found
        return found

    def page() -> object:
        period = RecordFilter(from_=from_micros(random.randint(first, last)))
        rows, _ = records.find(site, period, None, 100)
        return [records.Names(rows).record(row, SITE) for row in rows[:1]]

    def proof() -> object:
        found = ledger.receipt(site, random.choice(seqs))
        assert found is not None
        return found

    return {"look-up by visitor": look_up, "page of 100": page, "proof": proof}


def timed(ask: Callable[[], object], tries: int) -> tuple[float, ...]:
    cpu, clock = [], []
    for _ in range(tries):
        db.session.rollback()
        start, busy = time.perf_counter(), time.process_time()
        ask()
        cpu.append((time.process_time() - busy) * 1000)
        clock.append((time.perf_counter() - start) * 1000)
    return tuple(sorted(one)[tries * of // 100] for one in (cpu, clock) for of in (50, 99))


if __name__ == "__main__":
    wanted, several = int(os.environ.get("ROWS", 100_000)), int(os.environ.get("SITES", 1))
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    done = main(wanted, kind, several)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} {kind}, {wanted:,} records, {several} sites")
    print(f"  load {os.getloadavg()[0]:.1f}")
    print(f"  {done.size:.1f} bytes a record, indexes and log included")
    print(f"  inserts: {done.by_cpu:.2f} of an empty table's by CPU, {done.by_clock:.2f} by clock")
    for name, spent in done.found.items():
        print(
            f"  {name}: p50 {spent[0]:.2f} ms, p99 {spent[1]:.2f} ms of this process's CPU;", end=""
        )
        print(f" p50 {spent[2]:.2f} ms, p99 {spent[3]:.2f} ms by the clock")
