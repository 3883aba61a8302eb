"""What a record costs once there are many: bytes, inserts, the ways to find one, and to be rid of
a month of them.

    ROWS=1000000 SITES=1 nice -n 15 python -m bench.rows [sqlite | postgresql]

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
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from bench.rows import report
from bench.rows.measure import measure

TIMES = {"ROUNDS": 60, "TRIES": 500}

if __name__ == "__main__":
    wanted, several = int(os.environ.get("ROWS", 100_000)), int(os.environ.get("SITES", 1))
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    began, load = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", os.getloadavg()[0]
    rounds, tries = (int(os.environ.get(name, most)) for name, most in TIMES.items())
    done = measure(wanted, kind, several, rounds, tries, os.environ.get("KEPT", ""))
    here = {"cores": os.cpu_count(), "load": [load, os.getloadavg()[0]], "began": began}
    name = f"{kind}, {wanted:,} records, {several} {'site' if several == 1 else 'sites'}"
    figures = asdict(done) | here
    print(json.dumps(figures, indent=1))
    if os.environ.get("WRITE") != "0":
        report.keep(name, figures)
