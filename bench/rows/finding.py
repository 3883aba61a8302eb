"""The ways to find a record, asked in this process and over HTTP from a real server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

import app as wiring
from bench import audit
from bench.rows.databases import SECRET
from bench.size import SITE
from consent import ledger, records, sites, users
from consent.db import db, from_micros, rfc3339
from consent.parts import parts
from consent.records import RecordFilter
from consent.records.rows import Row, uuid_text
from tests.server import Server


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


def over_http(home: Path, url: str, last: int, tries: int) -> dict[str, dict[str, float]]:
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
    server = Server(home, url, SECRET_KEY=SECRET, RATE_SITE="0", SIGNER_STATE=str(home))
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
