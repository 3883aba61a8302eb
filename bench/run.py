"""`make bench`: ours beside the peer, in one run on one machine, rounds interleaved.

    python -m bench.run [NAME=VALUE ...]

The names and what they stand for are in PARAMETERS. The outcome goes to bench/results/latest.json,
and from there into docs/benchmarks.md (report.py) and docs/scaling.md (capacity.py). PEER=0 leaves
the peer out, WRITE=0 the files.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import audit, capacity, report
from bench.fill import fill
from bench.load import CONNECTIONS, load, request
from bench.parameters import parameters
from bench.processes import Watch, cpu, each
from bench.servers import (
    PEER,
    SITE,
    Floor,
    Ours,
    Peer,
    Postgresql,
    Sqlite,
    node,
)
from consent.db import sqlite_build  # type: ignore[attr-defined]
from tests.postgres import Cluster, Missing, cluster
from tests.prepare import ROOT

RESULTS = ROOT / "bench/results/latest.json"
PARAMETERS = {
    "SECONDS": 6.0,  # of each closed loop
    "ROUNDS": 3,
    "ROWS": 1_000_000,  # records that are there already, in the second part
    "RATE": 2700,  # requests a second of the open loop
    "MINUTES": 1.0,  # of the open loop
    "WORKERS": 2,  # processes of ours that answer
    "ASKED": 50,  # times of each question of an audit
    "PEER": 1,
    "WRITE": 1,
}
VARIANTS_S = 20.0  # in which a script for every place of the world is made and made small
WARM_S = 2.0  # before a closed loop, or as long as the loop where that is shorter
Server = Ours | Peer | Floor
Figures = dict[str, Any]


def main(words: Sequence[str]) -> Figures:
    told = parameters(words, PARAMETERS)
    if told["PEER"] and not (PEER / "node_modules").exists():
        raise SystemExit("The peer is not installed: `make bench` does it, PEER=0 leaves it out.")
    with cluster(synced=True) as postgres, tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), postgres, told)
    if told["WRITE"]:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        report.put(report.text(found))
        capacity.into_docs(found)
    print(report.text(found))
    return found


def measured(folder: Path, postgres: Cluster, told: dict[str, float]) -> Figures:
    ours: list[Ours] = [
        Ours(folder / "ours-sqlite", Sqlite(folder / "ours-rows"), told["WORKERS"]),
        Ours(folder / "ours-postgresql", Postgresql(postgres, "ours"), told["WORKERS"]),
    ]
    peers: list[Peer] = []
    if told["PEER"]:
        peers = [Peer(Postgresql(postgres, "peer")), Peer(Sqlite(folder / "peer-rows"))]
    found: Figures = {
        "began": now(),
        "machine": machine(ours[1].database),
        "parameters": {**told, "connections": CONNECTIONS},
    }
    say("Writing into empty tables")
    found["writes"] = rounds([*ours, *peers, Floor()], told, writing)
    say("Reading")
    found["reads"] = reading(ours[0], peers[:1], told)
    say(f"{told['ROWS']:,} records are there already")
    found |= among_rows(ours, peers, told)
    say(f"Open loop, {told['RATE']} requests a second")
    found["open"] = {one.name: steady(one, told) for one in ours}
    return found | {"ended": now(), "load_after": os.getloadavg()[0]}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", flush=True)


def machine(database: Any) -> Figures:
    """What the figures hold for."""
    model = next((s for s in _lines("/proc/cpuinfo") if s.startswith("model name")), ": unknown")
    system = next((s for s in _lines("/etc/os-release") if s.startswith("PRETTY_NAME")), "=")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with psycopg.connect(database.url(copy=False)) as connection:
        version = connection.info.parameter_status("server_version")
    shown = subprocess.run([node(), "--version"], capture_output=True, text=True, check=False)
    return {
        "cores": os.cpu_count(),
        "processor": model.partition(":")[2].strip(),
        "memory_gib": round(memory),
        "system": system.partition("=")[2].strip('"') or platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite_build.sqlite_version,
        "postgresql": version,
        "node": shown.stdout.strip().removeprefix("v"),
        "load_before": os.getloadavg()[0],
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).exists() else []


def rounds(
    servers: Sequence[Server],
    told: dict[str, float],
    one: Callable[[Any, dict[str, float]], Figures],
) -> dict[str, list[Figures]]:
    """Each server in turn, so many times over: by name, what each round found."""
    found: dict[str, list[Figures]] = {server.name: [] for server in servers}
    for _ in range(int(told["ROUNDS"])):
        for server in servers:
            found[server.name].append(one(server, told))
            say(f"  {server.name}: {report.brief(found[server.name][-1])}")
    return found


def writing(server: Server, told: dict[str, float]) -> Figures:
    """A closed loop on empty tables."""
    server.copy()
    server.start()
    try:
        before = server.rows()
        warm = load(server.port, server.choice, min(WARM_S, told["SECONDS"]))
        figures = costs(server, server.choice, told["SECONDS"])
        figures["missing"] = lost(server, before, warm["ok"] + figures["ok"])
        return figures
    finally:
        server.stop()


def lost(server: Server, before: int, acknowledged: float) -> float:
    """How many of the acknowledged choices the database does not have. More than were acknowledged
    may be there: those whose answer did not come in time."""
    if server.database is None:
        return 0
    return max(0, acknowledged - (server.rows() - before))


def costs(server: Server, request: str, seconds: float, rate: float = 0) -> Figures:
    """What a load came to, and what it cost server and database until all of it was in the log."""
    database = server.database.process if server.database else None
    of_server, of_database = cpu(server.process), cpu(database) if database else 0.0
    before = each(server.process)
    with Watch(server.process) as watch:
        found = load(server.port, request, seconds, rate)
    server.settle()
    of_server = cpu(server.process) - of_server
    busiest = max(used - before.get(one, 0.0) for one, used in each(server.process).items())
    of_database = cpu(database) - of_database if database else 0.0
    return {
        **found,
        "server_cpu_s": round(of_server, 2),
        "busiest_cpu_s": round(busiest, 2),
        "database_cpu_s": round(of_database, 2),
        "per_cpu_s": round(found["ok"] / max(0.01, of_server + of_database), 1),
        "memory_mib": round(watch.most, 1),
        "growth_mib": round(watch.growth, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def reading(ours: Ours, peers: Sequence[Peer], told: dict[str, float]) -> dict[str, list[Figures]]:
    """What a page asks for first: ours whole and unchanged, and the peer's."""
    script = f"/v1/{SITE}/consent.js"
    seconds = told["SECONDS"] / 2
    servers: list[Server] = [ours, *peers]
    for server in servers:
        server.copy()
        server.start()
    try:
        tag = etag(ours, script)
        whole = request("GET", script, Accept_Encoding="br")
        asked: list[tuple[Server, str, str]] = [(ours, "consent.js", whole)]
        same = {"X_Forwarded_For": "192.0.2.1", "Accept_Encoding": "br", "If_None_Match": tag}
        if tag:
            asked.append((ours, "consent.js, unchanged (304)", request("GET", script, **same)))
        init = request("GET", "/api/c15t/init", X_C15T_Country="AT", Accept_Encoding="br")
        asked += [(peer, "c15t, GET init", init) for peer in peers]
        found: dict[str, list[Figures]] = {name: [] for _, name, _ in asked}
        for server, _, wanted in asked:
            load(server.port, wanted, min(VARIANTS_S, 4 * told["SECONDS"]))
        for _ in range(int(told["ROUNDS"])):
            for server, name, wanted in asked:
                found[name].append(costs(server, wanted, seconds))
                say(f"  {name}: {report.brief(found[name][-1])}")
        return found
    finally:
        for server in servers:
            server.stop()


def etag(ours: Ours, path: str) -> str:
    """What names the script as a visitor from 192.0.2.1 gets it; empty if nothing does."""
    assert ours.server
    told = {"X_Forwarded_For": "192.0.2.1", "Accept_Encoding": "br"}
    reply = ours.server.get(path, **told)
    assert reply.status == 200, reply.text
    return reply.headers["ETag"] or ""


def among_rows(ours: Sequence[Ours], peers: Sequence[Peer], told: dict[str, float]) -> Figures:
    """Audits with few records and with ROWS, and choices that come to ROWS others."""
    few: Figures = {}
    many: Figures = {}
    sent: Figures = {}
    rows = int(told["ROWS"])
    servers: list[Ours | Peer] = [*ours, *peers]
    try:
        for server in servers:
            server.copy()
            server.start()
            since = datetime.now(UTC)
            load(server.port, server.choice, min(1, told["SECONDS"]))
            server.settle()
            few[server.name] = asked(server, since, told)
            server.stop()
            few_rows, start = server.rows(), time.monotonic()
            fill(server, rows)
            say(f"  {server.name}: filled in {time.monotonic() - start:.0f} s")
            server.start()
            if isinstance(server, Ours):
                start = time.monotonic()
                server.index(few_rows)
                say(f"  {server.name}: indexed in {time.monotonic() - start:.0f} s")
            many[server.name] = asked(server, since, told)
            if isinstance(server, Ours):
                sent[server.name] = audit.exports(server, rows)
        writes = rounds(servers, told, among)
    finally:
        for server in servers:
            server.stop()
    return {"audit_few": few, "audit": many, "exports": sent, "writes_at_rows": writes}


def asked(server: Ours | Peer, since: datetime, told: dict[str, float]) -> Figures:
    times = int(told["ASKED"])
    if isinstance(server, Ours):
        return audit.questions(server, since, times)
    return audit.look_up(server, times)


def among(server: Ours | Peer, told: dict[str, float]) -> Figures:
    """A closed loop on the server as it stands."""
    before = server.rows()
    figures = costs(server, server.choice, told["SECONDS"])
    figures["missing"] = lost(server, before, figures["ok"])
    return figures


def steady(server: Ours, told: dict[str, float]) -> Figures:
    """RATE choices a second, come what may, beside one visitor who waits for proofs."""
    server.copy()
    empty = server.database.size()
    server.start()
    try:
        before = server.rows()
        warm = load(server.port, server.choice, min(WARM_S, told["SECONDS"]))
        over, delays = threading.Event(), list[float]()
        waiting = threading.Thread(target=wait_for_proofs, args=(server, over, delays))
        waiting.start()
        try:
            figures = costs(server, server.choice, told["MINUTES"] * 60, told["RATE"])
        finally:
            over.set()
            waiting.join()
        sent = warm["ok"] + figures["ok"] + len(delays)
        figures["missing"] = lost(server, before, sent)
        figures["proof_s"] = sorted(delays)
        server.settle()
        stored = server.rows()
    finally:
        server.stop()
    figures["bytes_per_record"] = round((server.database.size() - empty) / stored, 1)
    say(f"  {server.name}: {report.brief(figures)}")
    return figures


def wait_for_proofs(server: Ours, over: threading.Event, delays: list[float]) -> None:
    while not over.is_set():
        delays.append(round(audit.proven(server), 2))


if __name__ == "__main__":
    if not shutil.which("cc"):
        raise SystemExit("The generator is written in C: install a compiler (gcc or clang).")
    try:
        main(sys.argv[1:])
    except Missing as missing:
        raise SystemExit(str(missing)) from None
