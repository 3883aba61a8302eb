"""How much every fault test does: one table, and one number that scales it.

FAULTS is a share in percent of the long run: 1 where it is not set (CI), 100 under `make faults`.
Nothing goes below its smallest size, with which the whole folder takes about a minute.
"""

from __future__ import annotations

import os

FAULTS = int(os.environ.get("FAULTS", "1"))

SIZES = {  # what: (smallest, long)
    "kills": (2, 200),  # kill -9 under load, on each database
    "cuts": (300, 10_000),  # power cuts
    "movers": (1, 20),  # of a site, killed within each step
    "rows": (120_000, 3_000_000),  # records of a large site that moves
    "edits": (60, 1_000),  # changed rows, on each database
    "flips": (20, 200),  # changed rows of heads and tiles, then a tick
    "lifeless": (1, 20),  # writers that die, and as many that hang, on each database
    "stops": (2, 100),  # servers told to stop under load, on each database
    "lines": (1, 20),  # faults of each kind between a server and its PostgreSQL
    "line cuts": (10, 200),  # of that line, at a random byte
    "outage": (3, 60),  # seconds for which the database is stopped behind a stream
    "leaders": (1, 20),  # of the stream that are killed, and a web server each time
    "choices": (150, 10_000),  # sent while eight ledgers tick
    "crowd": (600, 20_000),  # choices that come at once at a server with a cap on memory
    "flood": (400, 20_000),  # choices, more than a server can store or one network may send
    "slow": (50, 500),  # clients, in each of four ways to be slow, all at once
    "idle": (400, 2_000),  # connections that say nothing, to a server with 256 files
    "heads": (5, 200),  # times that each request with too large a head is sent
    "soak": (6, 1_800),  # seconds of a mixed load, on each database
    "restores": (1, 20),  # older backups put back
    "walks": (10, 500),  # of the state machine, 30 steps each
    "pages": (10, 40),  # hostile ones that are scanned
    "leaves": (200, 10_000),  # that a dictionary is tried on
    "payloads": (1, 300),  # of SQL, at each place that takes a text, on each database
}


def size(name: str) -> int:
    """How often, or how many, in this run."""
    smallest, long = SIZES[name]
    return max(smallest, long * FAULTS // 100)
