"""One run: two databases, one of them filled, and what is asked of both."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import app as wiring
from bench.rows.databases import databases, opened
from bench.rows.filling import BEGIN, END, filled, indexed, more_sites, sampled
from bench.rows.finding import asked, over_http, timed
from bench.rows.inserting import compared
from bench.rows.removing import without_a_month
from bench.size import SITE
from consent import sites
from consent.db import db, micros
from consent.parts import parts


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


def measure(
    rows: int, engine: str, several: int, rounds: int = 60, tries: int = 500, kept: str = ""
) -> Figures:
    with folders(kept) as (spare, home), databases(engine, spare, home) as (empty, full):
        now = [BEGIN - timedelta(hours=1)]

        def clock() -> datetime:
            return now[0] if now else wiring.utc_now()

        bare, app = opened(empty, clock, spare), opened(full, clock, home)
        note = home / "filled.json"
        with app.app_context():
            if note.exists():
                size, last = json.loads(note.read_text("ascii"))[str(rows)]
                now.clear()
                indexed(parts())  # what the last run has added
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
def folders(kept: str) -> Iterator[tuple[Path, Path]]:
    """One for each database; both are gone at the end, but for one to be kept."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as full:
        yield Path(empty), Path(kept or full)
