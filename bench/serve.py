"""The server of bench/writes.py: as it is, by Flask's road alone (BENCH_WAY=flask), or so and with
one ORM commit a request (BENCH_WAY=orm)."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy.orm import Session

import app as wiring
from consent import cli
from consent.records import Writer
from consent.records.job import Job
from consent.records.rows import Line, Row
from consent.records.writer import now_us
from consent.waiting import CONSENT, Waiting


class OneByOne(Writer):
    """The usual way: every request adds its row by the ORM and commits it by itself."""

    lock = threading.Lock()

    def write(self, job: Job) -> tuple[Line, bool]:
        with Session(self._engine, expire_on_commit=False) as session:
            with self.lock:
                self._fill(session.connection(), job)
            job.seal()
            body = bytes.fromhex(job.commitment)
            waits = Waiting(site=job.facts.site, seq=job.row.seq, kind=CONSENT, body=body)
            session.add_all([Row(**asdict(job.row)), waits])
            session.commit()
        return job.row, True


def worker() -> Flask:
    """What serves: the ledger integrates in it, as in the product."""
    app, way = wiring.worker(), os.environ["BENCH_WAY"]
    if way != "hot":
        outer: Any = app.wsgi_app  # the demo's wrapper, round the hot road
        outer.wsgi_app = outer.wsgi_app._flask
    if way == "orm":
        engine = wiring.engine(app)
        app.extensions["crumbtrail"].open_writer = lambda: OneByOne(engine, now_us)
    return app


if __name__ == "__main__":
    with wiring.create_app().app_context():
        cli.upgrade()
        cli.first_run()
    Granian(
        "bench.serve:worker",
        factory=True,
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=cli.THREADS,
        backpressure=2048,
        websockets=False,
        log_enabled=False,
    ).serve()
