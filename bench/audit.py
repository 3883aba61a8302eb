"""What auditors and visitors ask of a server, one question after the other on one connection."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from math import inf
from tempfile import TemporaryFile
from typing import Any

import pyarrow.parquet as pq

from bench.processes import Watch
from bench.servers import SITE, Ours, Peer

EXPORT_S = 40.0
PROOF_S = 60.0


@contextmanager
def line(server: Ours | Peer) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        yield connection
    finally:
        connection.close()


def ask(to: http.client.HTTPConnection, path: str, **headers: str) -> Any:
    """The JSON at `path`."""
    to.request("GET", path, headers=headers)
    reply = to.getresponse()
    body = reply.read()
    assert reply.status == 200, (path, reply.status, body[:300])
    return json.loads(body)


def timed(
    to: http.client.HTTPConnection, paths: list[str], times: int, **headers: str
) -> dict[str, float]:
    """Milliseconds of so many answers, `paths` in turn."""
    spent = []
    for path in islice(cycle(paths), times):
        start = time.perf_counter()
        ask(to, path, **headers)
        spent.append((time.perf_counter() - start) * 1000)
    spent.sort()
    return {"p50_ms": spent[(len(spent) - 1) // 2], "p99_ms": spent[-(-99 * len(spent) // 100) - 1]}


def questions(server: Ours, since: datetime, times: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each question. What came after `since` is in the log."""
    records, found = f"/v1/audit/{SITE}/records", dict[str, dict[str, float]]()
    key = {"Authorization": f"Bearer {server.key}"}
    with line(server) as to:
        first = ask(to, f"{records}?limit=100", **key)
        began = datetime.fromisoformat(first["records"][0]["received_at"])
        middle = began + (datetime.now(UTC) - began) / 2
        inside = ask(to, f"{records}?limit=20&from={_moment(middle)}", **key)
        proven = ask(to, f"{records}?limit=20&from={_moment(since)}", **key)["records"]
        some = first["records"] + inside["records"]
        after = inside["next"] or ask(to, f"{records}?limit=1", **key)["next"]
        asked = {
            "a page of 100 records": [f"{records}?limit=100&from={_moment(since)}"],
            "a page of 100 of the copies": [f"{records}?limit=100&after={after}"],
            "the records of one visitor": [
                f"{records}?visitor={one['visitor']}" for one in some[::20]
            ],
            "one record": [f"{records}/{one['id']}" for one in some],
            "the proof of one record": [f"{records}/{one['id']}/proof" for one in proven],
        }
        for path in asked["the records of one visitor"]:
            assert ask(to, path, **key)["records"], "a visitor's record is not found"
        for name, paths in asked.items():
            found[name] = timed(to, paths, times, **key)
        told = {"Authorization": f"Bearer {server.token}"}
        found["statistics"] = timed(to, [f"/v1/admin/sites/{SITE}/statistics"], times, **told)
    return found


def look_up(server: Peer, times: int) -> dict[str, dict[str, float]]:
    """The peer's counterpart: a subject with its consents."""
    subject = server.database.ask('SELECT "subjectId" FROM "consent" ORDER BY id LIMIT 1')
    with line(server) as to:
        return {"the records of one visitor": timed(to, [f"/api/c15t/subjects/{subject}"], times)}


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def exports(server: Ours, rows: int) -> dict[str, dict[str, float]]:
    """Rows a second of each format, and whether all came within EXPORT_S, but for Parquet, which is
    waited for; memory in MiB."""
    found = {}
    for kind in ("ndjson", "csv", "parquet"):
        with line(server) as to, Watch(server.process) as watch, TemporaryFile() as file:
            start = time.monotonic()
            path = f"/v1/audit/{SITE}/export?format={kind}"
            to.request("GET", path, headers={"Authorization": f"Bearer {server.key}"})
            reply, lines = to.getresponse(), 0
            assert reply.status == 200, reply.read()
            # Of a Parquet file that was broken off nobody can tell how many records it has.
            most = inf if kind == "parquet" else EXPORT_S
            while (chunk := reply.read1(1 << 20)) and time.monotonic() - start < most:
                if kind == "parquet":
                    file.write(chunk)
                else:
                    lines += chunk.count(b"\n")
            took, whole = time.monotonic() - start, not chunk
            if kind == "parquet":
                lines = pq.read_metadata(file).num_rows
        assert not whole or lines >= rows, f"{kind}: {lines} lines of {rows} records"
        found[kind] = {"rows_per_s": lines / took, "whole": whole, "memory_mib": watch.most}
    return found


def proven(server: Ours) -> float:
    """Seconds from a 201 to the signed proof of that choice."""
    head, _, body = server.choice.partition("\r\n\r\n")
    at = datetime.now(UTC)
    number = f"{int(at.timestamp() * 1000):012x}"
    unique = f"{time.monotonic_ns():015x}"[-15:]
    named = f"{number[:8]}-{number[8:]}-7000-8{unique[:3]}-{unique[3:]}"
    secret = f"bench-{unique}-xyz"
    moment = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for slot, value in (("uuid7", named), ("token", secret), ("now", moment)):
        body = body.replace("{" + slot + "}", value)
    headers = dict(one.split(": ", 1) for one in head.split("\r\n")[1:])
    headers = {"Origin": headers["Origin"], "Content-Type": headers["Content-Type"]}
    with line(server) as to:
        to.request("POST", f"/v1/{SITE}/consents", body, headers)
        reply = to.getresponse()
        assert reply.status == 201, reply.read()
        reply.read()
        start = time.monotonic()
        mine = {"Authorization": f"Visitor {secret}"}
        while not ask(to, f"/v1/{SITE}/receipts/{named}", **mine)["proof"]:
            assert time.monotonic() - start < PROOF_S, "no proof came"
            time.sleep(0.02)
        return time.monotonic() - start
