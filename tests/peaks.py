"""What is held in memory, measured in a process that does nothing else; each with its twin.

    python -m tests.peaks export json | ndjson | csv | parquet
    python -m tests.peaks scripts Recent | Unbounded

On the database that the environment names. An export is of the site of tests/evidence.py, whose
last record is copied until there are 200, then 2,000: printed as JSON are how many records each
told of, and Python's peak meanwhile in bytes; `hoarded` keeps all pages before it sends the first.
Of scripts, all sites' are asked for once, with shelves of a twentieth: printed are what the shelves
weigh, what Python holds, and what the shelves may weigh; the twin of a shelf keeps all.
"""

from __future__ import annotations

import gc
import json
import os
import secrets
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from sqlalchemy import func, insert, select

from app import create_app
from consent import config, evidence
from consent.db import db
from consent.evidence import walk
from consent.records import RecordFilter
from consent.records.rows import Row
from consent.sites import Site
from consent.visitor import shelf
from consent.visitor.recent import Recent
from tests.evidence import SITE
from tests.prepare import ROOT


def measured(app: Flask, instance: Path, *words: str) -> Any:
    """What a process of its own finds in the database of `app`."""
    told = {"DATABASE_URL": app.extensions["crumbtrail"].config.database_url}
    told |= {"INSTANCE_PATH": str(instance), "SECRET_KEY": "not a secret", "RATE_CLIENT": "0"}
    command = [sys.executable, "-m", "tests.peaks", *words]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def export(kind: str) -> dict[str, list[int]]:
    walk.PAGE = 50
    copied(200)
    peak(kind)  # whatever is loaded once is loaded,
    gc.freeze()  # and not looked through at each collection
    told, small = peak(kind)
    kept = peak(kind, hoarded)[1]
    copied(2000)
    more, large = peak(kind)
    return {"told": [told, more], "peak": [small, large], "hoarded": [kept, peak(kind, hoarded)[1]]}


def copied(count: int) -> None:
    """So many records, by copies of the last one, each with an id of its own."""
    there = db.session.scalars(select(func.count()).select_from(Row)).one()
    one = db.session.scalars(select(Row).order_by(Row.seq.desc()).limit(1)).one()
    values = {name: getattr(one, name) for name in Row.__table__.columns.keys()}
    own = ({"seq": one.seq + n, "id": secrets.token_bytes(16)} for n in range(1, count - there + 1))
    db.session.execute(insert(Row), [values | more for more in own])
    db.session.commit()


def hoarded(pages: Iterator[Any]) -> Iterator[Any]:
    return iter(list(pages))


def peak(kind: str, through: Callable[..., Iterator[Any]] = iter) -> tuple[int, int]:
    """How many records an export of this form tells of, and Python's peak meanwhile."""
    seen: list[int] = []
    pages = evidence.pages(SITE, RecordFilter(), told=seen.append)
    tracemalloc.start()
    try:
        for _ in evidence.records(kind, SITE, through(pages)):
            gc.collect()  # what a page leaves in rings is not what an export keeps
        return sum(seen), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Unbounded(Recent[Any]):
    """The twin of a shelf: it keeps all it is given."""

    def __init__(self, limit: int) -> None:
        super().__init__(1 << 60)


def scripts(kind: str) -> dict[str, int]:
    shelf.LIMITS = {name: limit // 20 for name, limit in shelf.LIMITS.items()}
    shelf.Recent = {"Recent": Recent, "Unbounded": Unbounded}[kind]  # type: ignore[misc]
    client = current_app.test_client()
    keys = list(db.session.scalars(select(Site.key).order_by(Site.id)))
    for key in keys[:20]:  # what the first requests load for good
        assert client.get(f"/v1/{key}/consent.js").status_code == 200
    tracemalloc.start()
    for key in keys[20:]:
        assert client.get(f"/v1/{key}/consent.js").status_code == 200
    gc.collect()  # what is held, and not what nobody holds any more
    held = tracemalloc.get_traced_memory()[0]
    weigh = sum(shelf.shelf(name).weight for name in shelf.LIMITS)
    return {"weigh": weigh, "held": held, "most": sum(shelf.LIMITS.values())}


if __name__ == "__main__":
    made = create_app(config.load(dict(os.environ)))
    with made.app_context():
        print(json.dumps({"export": export, "scripts": scripts}[sys.argv[1]](sys.argv[2])))
    made.extensions["crumbtrail"].close()
