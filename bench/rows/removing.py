"""The oldest month taken away while others write."""

from __future__ import annotations

import threading
import time

from flask import Flask
from sqlalchemy import func, select

from bench.rows.inserting import BATCH, writing
from bench.size import SITE, job
from consent import sites
from consent.db import db
from consent.records.rows import Line, Row
from consent.records.visitors import month
from consent.retention import job as retention


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
