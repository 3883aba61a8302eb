"""The log's costs: integration, bytes a record with the log, a tick over many sites, proofs.

DEMO=1 INSTANCE_PATH=$(mktemp -d) python bench/ledger.py [RECORDS] [SITES] [ENTRIES ...]

RECORDS go through the writer and into the log; SITES sites have one record each in one tick; trees
of so many ENTRIES (random commitments, no records) are proven from. Times are of this process.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert

import app as wiring
from bench.size import SITE, job, used
from consent import cli, leaf, notices, sites
from consent.db import db, micros
from consent.ledger.rows import Head, Item
from consent.ledger.tree import Growth, Tree
from consent.parts import Parts, parts
from consent.records import Writer
from consent.records.writer import BATCH, now_us
from consent.waiting import CONSENT, Waiting

CHUNK = 20_000


def main() -> None:
    wanted, many, *entries = [int(text) for text in sys.argv[1:]] or [100_000, 1000, 10_000]
    app = wiring.create_app()
    with app.app_context():
        cli.upgrade()
        cli.first_run()
        known = parts()
        known.ledger.tick(known.clock())
        records(known, wanted)
        many_sites(known, many)
        for count in entries:
            prove(count)
    os._exit(0)


def records(known: Parts, wanted: int) -> None:
    site = sites.get(SITE)
    notice = notices.latest(site)
    assert notice is not None and notice.body
    db.session.refresh(notice)
    site_id = site.id
    db.session.expunge_all()  # a tick ends the session
    writer = Writer(db.engine, now_us)
    before, stored, spent, cpu = used(), 0, 0.0, 0.0
    while stored < wanted:
        for _ in range(4):
            writer._commit([job(site_id, notice) for _ in range(BATCH)])
            stored += BATCH
        start, used_cpu = time.perf_counter(), time.process_time()
        assert known.ledger.tick(known.clock()).added >= 4 * BATCH
        spent += time.perf_counter() - start
        cpu += time.process_time() - used_cpu
    writer.close()
    print(f"integration: {stored / spent:,.0f} records a second, ticks of {4 * BATCH}")
    print(f"  at 1,000 records a second: {100_000 * cpu / stored:.1f} % of one core")
    print(f"{(used() - before) / stored:.1f} bytes a record, log included, at {stored:,} records")


def many_sites(known: Parts, count: int) -> None:
    at = known.clock()
    for number in range(count):
        db.session.add(sites.Site(key=f"s{number}.example", created_at=at, **_like(SITE)))
    db.session.commit()
    spent = []
    for _ in range(3):
        rows = []
        for number in range(count):
            body = leaf.jcs({"d": "2026-11-21", "h": secrets.token_hex(32), "k": "build", "v": 1})
            rows.append({"site": f"s{number}.example", "seq": micros(at), "kind": 1, "body": body})
        db.session.execute(insert(Waiting), rows)
        db.session.commit()
        start = time.perf_counter()
        assert known.ledger.tick(known.clock()).added == count
        spent.append(time.perf_counter() - start)
    print(
        f"a tick with news of {count} sites: {min(spent[1:]):.2f} s (the first: {spent[0]:.2f} s)"
    )


def _like(key: str) -> dict[str, object]:
    site = sites.get(key)
    names = [column.name for column in sites.Site.__table__.columns]
    return {n: getattr(site, n) for n in names if n not in ("id", "key", "created_at")}


def prove(count: int) -> None:
    """Proof of random entries of a tree of `count` entries, each from a cold reader."""
    head = Head(
        site=f"bench {count}",
        origin=f"bench/{count}",
        size=0,
        root=b"",
        signed=0,
        note="",
        chained=None,
        told={},
    )
    db.session.add(head)
    db.session.commit()
    log_id, size, seq = head.id, 0, micros(datetime(2026, 1, 1, tzinfo=UTC))
    while size < count:
        grown = Growth(Tree(db.session(), log_id), size)
        for _ in range(min(CHUNK, count - size)):
            seq += random.randint(1, 2000)
            grown.add(Item(CONSENT, seq, os.urandom(32)))
        grown.save(db.session())
        db.session.commit()
        size = grown.size
    spent, hashes = [], 0
    for _ in range(400):
        index = random.randrange(count)
        start = time.perf_counter()
        hashes = len(Tree(db.session(), log_id).inclusion(index, count))
        spent.append((time.perf_counter() - start) * 1000)
    spent.sort()
    print(
        f"proof at {count:,} entries: p50 {spent[200]:.2f} ms, p99 {spent[395]:.2f} ms, "
        f"{hashes} hashes"
    )


if __name__ == "__main__":
    main()
