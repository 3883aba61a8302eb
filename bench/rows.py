"""What a record costs once there are many: bytes, inserts, the ways to find one, and to be rid of
a month of them.

    ROWS=1000000 SITES=1 nice -n 15 python bench/rows.py [sqlite | postgresql]

Fills a database with ROWS records of two years, spread over SITES sites: copies of real ones, each
with an id, a visitor, a salt and a place in the log of its own. The index of visitors is built by
its own chore. Then batches of 30 go through the real writer, in turn into that database and into
an empty one; records are asked for in this process and over HTTP from a real server; and the
oldest month is taken away while others write. Everything is made in a folder under TMPDIR, or in a
PostgreSQL of its own (synced), and is gone at the end. With KEPT=folder the filled file of SQLite
stays there and is used again, as far as the last two figures go less a month each time. On
PostgreSQL the CPU time of its own process counts too. The outcome goes to bench/results/rows.json
and docs/benchmarks.md, unless WRITE=0.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from sqlalchemy import Engine, func, insert, select, text, update

import app as wiring
from bench import audit, many
from bench import report as said
from bench.size import SITE, job, used
from consent import cli, config, ledger, notices, records, rollup, sites, users
from consent.db import db, from_micros, micros, rfc3339
from consent.ledger.rows import Head, Item
from consent.ledger.tree import Growth, Tree
from consent.parts import Parts, parts
from consent.records import RecordFilter, Writer
from consent.records.rows import Line, Row, uuid_text
from consent.records.runs import step
from consent.records.visitors import month
from consent.records.writer import now_us
from consent.retention import job as retention
from consent.sites import Site
from consent.waiting import CONSENT
from tests.postgres import cluster
from tests.server import Server

CHUNK, BATCH, SPAN = 50_000, 30, timedelta(days=730)
BEGIN, END = (wiring.utc_now() - back for back in (SPAN, timedelta(minutes=5)))
COLUMNS = [column.name for column in Row.__table__.columns]
OWN = ("site_id", "seq", "id", "visitor", "salt")
ROOT = Path(__file__).resolve().parent.parent
RESULTS, DOCS = ROOT / "bench/results/rows.json", ROOT / "docs/benchmarks.md"
MARKS = "<!-- bench/rows.py begins -->", "<!-- bench/rows.py ends -->"
SECRET = "not a secret"
TIMES = {"ROUNDS": 60, "TRIES": 500}


@dataclass(frozen=True)
class Figures:
    """Bytes a record; inserts into the full database over those into the empty one, per second of
    CPU and of the clock; of each way to find one milliseconds: p50 and p99 of this process's CPU,
    p50 and p99 of the clock; the same over HTTP, p50 and p99 of the clock; how many records of the
    oldest month went in how many seconds, and the longest a batch of others took meanwhile, ms."""

    size: float
    by_cpu: float
    by_clock: float
    found: dict[str, tuple[float, ...]]
    http: dict[str, dict[str, float]]
    month: dict[str, float]


def main(
    rows: int, engine: str, several: int, rounds: int = 60, tries: int = 500, kept: str = ""
) -> Figures:
    with databases(engine, kept) as (empty, full):
        now = [BEGIN - timedelta(hours=1)]

        def clock() -> datetime:
            return now[0] if now else wiring.utc_now()

        bare, _ = opened(empty, clock)
        app, home = opened(full, clock, kept)
        note = Path(kept or home, "filled.json")
        with app.app_context():
            if note.exists():
                size, last = json.loads(note.read_text("ascii"))[str(rows)]
                now.clear()
            else:
                samples, ids = sampled(), [sites.get(SITE).id, *more_sites(parts(), several - 1)]
                now.clear()  # what stands in the logs so far is older than all that follows
                size = filled(parts(), rows, samples, ids)
                last = micros(END)
                note.write_text(json.dumps({rows: [size, last]}), "ascii")
            found = {name: timed(ask, tries) for name, ask in asked(last).items()}
        by_cpu, by_clock = compared(bare, app, rounds)
        with app.app_context():
            http = over_http(home, full, last, tries)
            gone = without_a_month(app)
        for one in (bare, app):
            one.extensions["crumbtrail"].close()
            with one.app_context():
                db.session.remove()
                db.engine.dispose()
        return Figures(size, by_cpu, by_clock, found, http, gone)


@contextmanager
def databases(engine: str, kept: str = "") -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/empty.db", f"sqlite:///{kept or folder}/full.db"
        else:
            with cluster(synced=True) as server:
                yield server.create("empty"), server.create("full")


def opened(url: str, clock: Callable[[], datetime], kept: str = "") -> tuple[Flask, str]:
    """A demo on this database, with its records in the log, and its folder."""
    home = kept or tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))
    values = {"INSTANCE_PATH": home, "DEMO": "1", "DATABASE_URL": url, "SIGNER_STATE": home}
    app = wiring.create_app(config.load(values | {"SECRET_KEY": SECRET}), clock)
    if not Path(home, "filled.json").exists():
        with app.app_context():
            cli.upgrade()
            cli.first_run()
            known = parts()
            known.ledger.tick(known.clock())
    return app, home


def filled(known: Parts, rows: int, samples: list[dict[str, Any]], ids: list[int]) -> float:
    """Bytes a record, once everything that belongs to it is built."""
    before, first, last = bytes_used(), micros(BEGIN), micros(END)
    if db.engine.dialect.name == "sqlite":
        each = (last - first) // rows
        many.fill(samples, logs(ids), range(first, first + rows * each, each))
        for site_id in ids:
            many.indexed(site_id, known.clock())
    else:
        seqs = spread(first, last, rows)
        for start in range(0, rows, CHUNK):
            store(samples, ids, [next(seqs) for _ in range(min(CHUNK, rows - start))])
        for site_id in ids:
            while step(site_id, known.clock()):
                pass
    known.ledger.tick(known.clock())
    return (bytes_used() - before) / max(rows, 1)


def logs(ids: list[int]) -> dict[int, str]:
    """The sites by number, each with a log."""
    found = db.session.execute(select(Site.id, Site.key).where(Site.id.in_(ids)))
    keys = {number: key for number, key in found}
    for key in keys.values():
        parts().ledger.open(key)
    return keys


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
        own = (
            site_id,
            seq,
            made + os.urandom(1) + b"\x80" + os.urandom(7),
            os.urandom(16),
            os.urandom(16),
        )
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


def asked(last: int) -> dict[str, Callable[[], object]]:
    """Each asks for another random record or moment of one site, up to `last`."""
    rows = [drawn(last) for _ in range(500)]
    codes = [row.visitor for row in rows if row.visitor]
    seqs = [row.seq for row in rows]
    first = min(seqs)
    db.session.expunge_all()
    site = sites.get(SITE)

    def look_up() -> object:
        found = records.all_of(site, random.choice(codes))
        assert found
        return found

    def page() -> object:
        period = RecordFilter(from_=from_micros(random.randint(first, last)))
        found, _ = records.find(site, period, None, 100)
        return [records.Names(found).record(row, SITE) for row in found[:1]]

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


def over_http(home: str, url: str, last: int, tries: int) -> dict[str, dict[str, float]]:
    """The same questions as an auditor asks them, of a server with this database."""
    at = wiring.utc_now()
    key = users.create_key("bench", [SITE], at + timedelta(days=1), "bench", at)
    parts().ledger.tick(at)
    rows = [drawn(last) for _ in range(50)]
    records = f"/v1/audit/{SITE}/records"
    moments = [rfc3339(from_micros(row.seq)) for row in rows]
    ids = [uuid_text(row.id) for row in rows]
    asked = {
        "look-up by visitor": [f"{records}?visitor={(row.visitor or b'').hex()}" for row in rows],
        "page of 100": [f"{records}?limit=100&from={moment}" for moment in moments],
        "one record": [f"{records}/{number}" for number in ids],
        "proof": [f"{records}/{number}/proof" for number in ids],
    }
    db.session.remove()
    server = Server(Path(home), url, SECRET_KEY=SECRET, RATE_SITE="0", SIGNER_STATE=home)
    server.start()
    try:
        with audit.line(server) as to:
            told = {"Authorization": f"Bearer {key}", "Connection": "close"}
            for paths in asked.values():
                audit.timed(to, paths, 5, **told)
            return {name: audit.timed(to, paths, tries, **told) for name, paths in asked.items()}
    finally:
        server.stop()


def drawn(last: int) -> Row:
    """A record of SITE, the last before a random moment between its first and `last`."""
    mine = select(Row).where(Row.site_id == sites.get(SITE).id).limit(1)
    first = db.session.scalars(mine.order_by(Row.seq)).one().seq
    before = mine.where(Row.seq <= random.randint(first, last))
    return db.session.scalars(before.order_by(Row.seq.desc())).one()


def without_a_month(app: Flask) -> dict[str, float]:
    """Take the oldest month of SITE away as retention does, while another thread writes."""
    site, over, waits = sites.get(SITE), threading.Event(), [0.0]
    _, writer, ids, notice = writing(app)

    def write() -> None:
        while not over.is_set():
            batch, start = [job(ids[0], notice) for _ in range(BATCH)], time.perf_counter()
            writer._commit(batch)
            waits.append((time.perf_counter() - start) * 1000)
            assert all(isinstance(one.outcome, Line) for one in batch)

    oldest = db.session.scalars(
        select(Row.seq).where(Row.site_id == site.id).order_by(Row.seq).limit(1)
    ).one()
    before, start = month(oldest, later=1), time.perf_counter()
    here = select(func.count()).where(Row.site_id == site.id, Row.seq < before)
    count = db.session.scalar(here) or 0
    other = threading.Thread(target=write)
    other.start()
    retention._months(site, before, count=False)
    over.set()
    other.join()
    took = time.perf_counter() - start
    writer.close()
    assert not db.session.scalar(here)
    return {"records": count, "seconds": took, "longest_ms": max(waits), "batches": len(waits) - 1}


def report(found: dict[str, Any]) -> str:
    """Every size that was measured, the latest run of each."""
    head = ["", "date, load", "bytes a record", "inserts ÷ empty table's, CPU · clock"]
    head += ["look-up, page, proof: p99 ms of CPU", "the same by the clock"]
    head += ["over HTTP", "a month away: records, seconds, longest batch meanwhile"]
    return said.table(head, [_line(name, one) for name, one in found.items()])


def _line(name: str, one: dict[str, Any]) -> list[str]:
    three = [one["found"][kind] for kind in ("look-up by visitor", "page of 100", "proof")]
    http = [one["http"][kind] for kind in ("look-up by visitor", "page of 100", "proof")]
    gone = one["month"]
    took, longest = said.number(gone["seconds"]), said.number(gone["longest_ms"])
    return [
        name,
        f"{one['began'][:16].replace('T', ' ')}, {one['load'][0]:.1f} to {one['load'][1]:.1f}",
        f"{one['size']:.1f}",
        f"{one['by_cpu']:.2f} · {one['by_clock']:.2f}",
        " · ".join(f"{spent[1]:.1f}" for spent in three),
        " · ".join(f"{spent[3]:.1f}" for spent in three),
        " · ".join(f"{spent['p50_ms']:.1f} ({spent['p99_ms']:.1f})" for spent in http),
        f"{gone['records']:,.0f}, {took}, {longest} ms",
    ]


if __name__ == "__main__":
    wanted, several = int(os.environ.get("ROWS", 100_000)), int(os.environ.get("SITES", 1))
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    began, load = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", os.getloadavg()[0]
    rounds, tries = (int(os.environ.get(name, most)) for name, most in TIMES.items())
    done = main(wanted, kind, several, rounds, tries, os.environ.get("KEPT", ""))
    here = {"cores": os.cpu_count(), "load": [load, os.getloadavg()[0]], "began": began}
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    name = f"{kind}, {wanted:,} records, {several} {'site' if several == 1 else 'sites'}"
    known[name] = asdict(done) | here
    print(json.dumps(known[name], indent=1))
    if os.environ.get("WRITE") != "0":
        RESULTS.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
        said.put(report(known), DOCS, *MARKS)
