"""Inserts into the full database over those into the empty one."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, select, text

from bench.size import SITE, job
from consent import notices, rollup, sites
from consent.db import db
from consent.records import Writer
from consent.records.rows import Line
from consent.records.writer import now_us
from consent.sites import Site

BATCH = 30


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
        serves = backends(other)
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
