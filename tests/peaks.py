"""What an export holds at most, measured in a process that does nothing else.

    python -m tests.peaks json | ndjson | csv | parquet

Of the site of tests/evidence.py, in the database that the environment names: copies of its last
record make it 200, then 2,000. Prints as JSON how many records each export told of, and Python's
peak meanwhile in bytes; `hoarded` is the twin, which keeps all pages before it sends the first.
"""

from __future__ import annotations

import gc
import json
import os
import secrets
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, insert, select

from app import create_app
from consent import config, evidence
from consent.db import db
from consent.evidence import walk
from consent.records import RecordFilter
from consent.records.rows import Row
from tests.evidence import SITE


def main(kind: str) -> dict[str, list[int]]:
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


if __name__ == "__main__":
    made = create_app(config.load(dict(os.environ)))
    with made.app_context():
        print(json.dumps(main(sys.argv[1])))
    made.extensions["crumbtrail"].close()
