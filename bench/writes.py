"""Durable choices per second and per CPU-second of the server, through the front door.

    python bench/writes.py [SECONDS]

Starts the server on a fresh SQLite database three times a round, interleaved: as it is, by Flask's
road alone, and so with a writer that commits each row by the ORM in its own request (the usual
way). The generator is
openload.c, one thread, closed loop with 64 connections. Prints one JSON line a round and a
summary; docs/benchmarks.md says what was measured where.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = "voipstudio.pl"
CONNECTIONS = 64
ROUNDS = 3
WAYS = ("hot", "flask", "orm")


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    generator = compiled()
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    costs: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in rates:
            with tempfile.TemporaryDirectory() as instance:
                found = measured(generator, Path(instance), way, seconds)
            rates[way].append(found["rps"])
            costs[way].append(found["cpu_ms"])
            print(json.dumps({"way": way, **found}), flush=True)
    summary: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, generator on the same machine",
        "seconds": seconds,
        "connections": CONNECTIONS,
        "load": os.getloadavg()[0],
    }
    for way in WAYS:
        ratios = [a / b for a, b in zip(rates["hot"], rates[way], strict=True)]
        cheaper = [b / a for a, b in zip(costs["hot"], costs[way], strict=True)]
        summary[way] = {
            "per_s": statistics.median(rates[way]),
            "cpu_ms": statistics.median(costs[way]),
            "hot_is_times_as_many": round(statistics.median(ratios), 2),
            "hot_is_times_cheaper": round(statistics.median(cheaper), 2),
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
        delays: list[float] = []
        stop = threading.Event()
        asking = threading.Thread(target=proven, args=(port, stop, delays))
        asking.start()
        before = cpu_s(server.pid)
        found = load(generator, port, seconds)
        stop.set()
        asking.join()
        found["cpu_ms"] = round((cpu_s(server.pid) - before) / found["ok"] * 1000, 3)
        delays.sort()
        return found | {
            "proven_p50_s": round(delays[len(delays) // 2], 2),
            "proven_max_s": round(delays[-1], 2),
            "proven_n": len(delays),
        }
    finally:
        stopped(server)


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process and its children have had (Linux)."""
    said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_s(int(child)) for child in children)


def proven(port: int, stop: threading.Event, delays: list[float]) -> None:
    """Under the load: how long after its 201 a choice has a signed proof, one after the other."""
    base, secret = f"http://127.0.0.1:{port}/v1/{SITE}", secrets.token_urlsafe(24)
    with urllib.request.urlopen(f"{base}/notice") as answer:
        shown = json.load(answer)
    while not stop.is_set():
        now = datetime.now(UTC)
        number = f"{int(now.timestamp() * 1000):012x}7{secrets.token_hex(2)[1:]}8"
        number += secrets.token_hex(8)[1:]
        cuts = (0, 8, 12, 16, 20, 32)
        body = {
            "v": 1,
            "id": "-".join(number[a:b] for a, b in pairwise(cuts)),
            "visitor": secret,
            "notice": shown["notice"],
            "action": "reject_all",
            "categories": dict.fromkeys(shown["categories"], False),
            "language": shown["lang"],
            "layer": 1,
            "page": f"https://{SITE}/",
            "at": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "signals": {"gpc": False},
        }
        sent = urllib.request.Request(
            f"{base}/consents",
            json.dumps(body).encode(),
            {"Origin": f"https://{SITE}", "Content-Type": "text/plain"},
        )
        with urllib.request.urlopen(sent) as answer:
            answer.read()
        start = time.perf_counter()
        mine = urllib.request.Request(
            f"{base}/receipts/{body['id']}", headers={"Authorization": f"Visitor {secret}"}
        )
        while True:
            with urllib.request.urlopen(mine) as answer:
                if json.load(answer)["proof"]:
                    break
            time.sleep(0.05)
        delays.append(time.perf_counter() - start)


def started(instance: Path, port: int, way: str) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        "DEMO": "1",
        "PORT": str(port),
        "INSTANCE_PATH": str(instance),
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "RATE_SITE": "0",
        "RATE_CLIENT": "0",
        "RENDERINGS": "0",
        "BENCH_WAY": way,
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
