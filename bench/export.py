"""Exports of a million records from a server that goes on taking choices: processor time, memory,
completeness, answers (K04 of docs/attacks.md).

    python bench/export.py [records] [postgresql://…] [rounds]

bench/filling.py makes the records, in a log. A real server then sends them over HTTP as NDJSON, CSV
and Parquet in turn, while another client sends a choice every 100 ms. Processor time and memory
are those of all the server's processes, a database server's not among them. Without an address:
SQLite in a folder of its own.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyarrow.parquet as pq

import app as wiring
from bench.filling import SITE, filled
from bench.processes import cpu, family, resident
from tests.acts import choice_body
from tests.server import Server

RECORDS, ROUNDS, PAUSE_S, PIECE = 1_000_000, 3, 0.1, 1 << 20
KINDS = ("ndjson", "csv", "parquet")


@dataclass
class Export:
    """One export: what came, what it took, and the server's memory while it came."""

    records: int
    wall_s: float
    cpu_s: float
    bytes: int
    sizes: list[int] = field(default_factory=list)


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        named = sys.argv[2] if len(sys.argv) > 2 else ""
        url = named or f"sqlite:///{home / 'crumbtrail.db'}"
        digest, key = filled(home, url, records)
        server = Server(home, url, DEMO="0", RATE_SITE="0")
        server.start()
        try:
            alone, _ = beside(server, digest, lambda: time.sleep(10.0))
            for _ in range(rounds):
                for kind in KINDS:
                    run(server, digest, key, kind, records)
            shown("alone", alone)
        finally:
            server.stop()


def run(server: Server, digest: str, key: str, kind: str, records: int) -> None:
    load = os.getloadavg()[0]
    answers, made = beside(server, digest, lambda: exported(server, key, kind))
    mib = [size / 2**20 for size in made.sizes]
    print(
        f"{kind}: {made.records} records, {made.bytes / 1e6:.0f} MB, {made.cpu_s:.1f} s of"
        f" processor time, {made.wall_s:.1f} s, memory {mib[0]:.0f} to {max(mib):.0f} MiB;"
        f" load {load:.1f}"
    )
    shown(f"beside {kind}", answers)
    assert records <= made.records, "records are missing"


def exported(server: Server, key: str, kind: str) -> Export:
    """Take a whole export and count what came, each record once, after the clock has stopped."""
    path = f"{server.url}/v1/audit/{SITE}/export?format={kind}"
    asked = urllib.request.Request(path, headers={"Authorization": f"Bearer {key}"})
    assert server.process is not None
    root = server.process.pid
    sizes, last, start, spent = list[int](), 0.0, time.monotonic(), cpu(root)
    with tempfile.TemporaryFile() as file:
        with urllib.request.urlopen(asked, timeout=600) as reply:
            while piece := reply.read(PIECE):
                file.write(piece)
                if time.monotonic() - last > 0.5:
                    last = time.monotonic()
                    sizes.append(sum(map(resident, family(root))))
        took, spent = time.monotonic() - start, cpu(root) - spent
        size = file.tell()
        file.seek(0)
        return Export(counted(kind, file), took, spent, size, sizes)


def counted(kind: str, file: io.IOBase) -> int:
    """How many different records a file holds."""
    if kind == "parquet":
        return len(set(pq.read_table(file, columns=["id"])["id"].to_pylist()))
    if kind == "csv":
        return len({line.split(b",", 2)[1] for line in file}) - 1
    return len({json.loads(line)["id"] for line in file})


def beside(server: Server, digest: str, work: Callable[[], Any]) -> tuple[list[float], Any]:
    """What the work gives, and how long choices took meanwhile."""
    stop, answers = threading.Event(), list[float]()
    other = threading.Thread(target=choose, args=(server, digest, stop, answers))
    other.start()
    try:
        return answers, work()
    finally:
        stop.set()
        other.join()


def choose(server: Server, digest: str, stop: threading.Event, answers: list[float]) -> None:
    """Send choices until told to stop; anything but 201 ends the run."""
    headers = {"Origin": f"https://{SITE}", "Content-Type": "text/plain;charset=UTF-8"}
    while not stop.wait(PAUSE_S):
        body = json.dumps(choice_body(digest, wiring.utc_now())).encode()
        asked = urllib.request.Request(f"{server.url}/v1/{SITE}/consents", body, headers)
        start = time.monotonic()
        with urllib.request.urlopen(asked, timeout=60) as reply:
            assert reply.status == 201
        answers.append(time.monotonic() - start)


def shown(name: str, times: list[float]) -> None:
    ranked = sorted(times)
    print(
        f"  choices {name}: {len(ranked)}, all 201, median {statistics.median(ranked) * 1000:.0f}"
        f" ms, 99 of 100 in {ranked[int(len(ranked) * 0.99)] * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
