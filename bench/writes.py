"""Durable choices per second through the front door: group commit against one commit a request.

    python bench/writes.py [SECONDS]

Starts the server on a fresh SQLite database twice a round, interleaved: as it is, and with a writer
that commits each row by the ORM in its own request (the usual way). Then it stores 100,000 records
and divides the size of the database by their number. The generator is openload.c, one thread,
closed loop with 64 connections. Prints one JSON line a round and a summary; docs/benchmarks.md says
what was measured where.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = "voipstudio.pl"
CONNECTIONS = 64
ROUNDS = 3
RECORDS = 100_000


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    generator = compiled()
    rates: dict[str, list[float]] = {"group": [], "orm": []}
    for _ in range(ROUNDS):
        for way in rates:
            with tempfile.TemporaryDirectory() as instance:
                found = measured(generator, Path(instance), way, seconds)
            rates[way].append(found["rps"])
            print(json.dumps({"way": way, **found}), flush=True)
    ratio = statistics.median(g / o for g, o in zip(rates["group"], rates["orm"], strict=True))
    with tempfile.TemporaryDirectory() as instance:
        size = bytes_a_record(generator, Path(instance))
    summary = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, generator on the same machine",
        "seconds": seconds,
        "connections": CONNECTIONS,
        "group_per_s": statistics.median(rates["group"]),
        "orm_per_s": statistics.median(rates["orm"]),
        "ratio": round(ratio, 2),
        "bytes_a_record": size,
    }
    print(json.dumps(summary, indent=1))


def compiled() -> Path:
    program = ROOT / "bench" / "openload"
    source = ROOT / "bench" / "openload.c"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", program, source, "-lm"], check=True)
    return program


def measured(generator: Path, instance: Path, way: str, seconds: int) -> dict[str, float]:
    port = free_port()
    server = started(instance, port, way)
    try:
        load(generator, port, 2)
        return load(generator, port, seconds)
    finally:
        stopped(server)


def bytes_a_record(generator: Path, instance: Path) -> float:
    """Growth of the database file by RECORDS records, indexes included, after a checkpoint."""
    port = free_port()
    server = started(instance, port, "group")
    try:
        before = size_of(instance)
        stored = 0
        while stored < RECORDS:
            stored += int(load(generator, port, 10)["ok"])
        return round((size_of(instance) - before) / stored, 1)
    finally:
        stopped(server)


def size_of(instance: Path) -> int:
    """Bytes of the pages in use; the write-ahead log is folded in first."""
    program = (
        "import sys; from consent.db import sqlite_build as s; c = s.connect(sys.argv[1]);"
        "c.execute('PRAGMA wal_checkpoint(TRUNCATE)');"
        "n = lambda p: c.execute('PRAGMA ' + p).fetchone()[0];"
        "print((n('page_count') - n('freelist_count')) * n('page_size'))"
    )
    command = [sys.executable, "-c", program, str(instance / "crumbtrail.db")]
    return int(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)


def started(instance: Path, port: int, way: str) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "DEMO": "1",
        "PORT": str(port),
        "INSTANCE_PATH": str(instance),
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "RATE_SITE": "0",
        "RATE_CLIENT": "0",
        "BENCH_WRITER": way,
    }
    command = [sys.executable, str(ROOT / "bench" / "serve.py")]
    server = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def stopped(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    server.wait(20)


def load(generator: Path, port: int, seconds: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/{SITE}/notice") as answer:
        notice = json.load(answer)["notice"]
    command = [generator, str(port), "0", str(seconds), str(CONNECTIONS), "crumb"]
    done = subprocess.run(
        [*command, f"/v1/{SITE}/consents"],
        env={"NOTICE": notice, "ORIGIN": f"https://{SITE}"},
        capture_output=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    if found["bad"] or found["err"]:
        raise SystemExit(f"refused: {done.stderr.decode()[:2000]}")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
