"""An export of a million records from a server that goes on taking choices: memory, completeness,
answers (K04 of docs/attacks.md).

    python bench/export.py [records] [postgresql://…]

The records are copies of one real choice, each with an id, a visitor and a salt of its own. A real
server then sends them as NDJSON over HTTP, while another client sends a choice every 100 ms. The
memory is that of all its processes, from the first page on. Without an address: SQLite in a folder
of its own.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import insert, select

import app as wiring
from consent import cli, config, users
from consent.db import db
from consent.records.rows import Row
from tests.acts import BY, choice_body, make_site, post_choice
from tests.server import Server

RECORDS, CHUNK, PAUSE_S = 1_000_000, 10_000, 0.1
SITE = "example.com"
PARTS = "site_id notice_id answer_id rule_id place_id page_id claimed shown previous action".split()
MORE = "categories language layer device browser signals flags services".split()


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{home / 'crumbtrail.db'}"
        digest, key = filled(home, url, records)
        server = Server(home, url, DEMO="0", RATE_SITE="0")
        server.start()
        try:
            alone = sent(server, digest, 10.0)
            report(records, alone, *exported(server, digest, key))
        finally:
            server.stop()


def filled(home: Path, url: str, records: int) -> tuple[str, str]:
    """A database with a site of so many records; the notice's digest and a key that reads them."""
    values = {"INSTANCE_PATH": str(home), "SECRET_KEY": "not a secret", "DATABASE_URL": url}
    app = wiring.create_app(config.load(values))
    at = wiring.utc_now()
    with app.app_context():
        cli.upgrade()
        users.add_user("bench@example.com", secrets.token_urlsafe(24), BY, at)
        notice = make_site(app, at)
        post_choice(app.test_client(), SITE, choice_body(notice.digest, at))
        one = db.session.scalars(select(Row)).one()
        shared = {name: getattr(one, name) for name in (*PARTS, *MORE)}
        for start in range(1, records, CHUNK):
            numbers = range(start, min(start + CHUNK, records))
            db.session.execute(insert(Row), [copied(shared, one.seq + n) for n in numbers])
            db.session.commit()
        key = users.create_key("bench", [SITE], at + timedelta(days=1), BY, at)
        db.session.remove()
        db.engine.dispose()
    app.extensions["crumbtrail"].close()
    return notice.digest, key


def copied(shared: dict[str, object], seq: int) -> dict[str, object]:
    drawn = {name: secrets.token_bytes(16) for name in ("id", "visitor", "salt")}
    return {**shared, **drawn, "seq": seq}


def exported(server: Server, digest: str, key: str) -> tuple[int, list[int], list[float], float]:
    """How many records came, each once; the server's memory meanwhile, in bytes; the seconds that
    choices took meanwhile; and the seconds it all took."""
    stop, answers, sizes = threading.Event(), list[float](), list[int]()
    beside = threading.Thread(target=choose, args=(server, digest, stop, answers))
    path = f"{server.url}/v1/audit/{SITE}/export?format=ndjson"
    asked = urllib.request.Request(path, headers={"Authorization": f"Bearer {key}"})
    beside.start()
    start, seen, last = time.monotonic(), set[bytes](), 0.0
    try:
        with urllib.request.urlopen(asked, timeout=600) as reply:
            for line in reply:
                seen.add(bytes.fromhex(json.loads(line)["id"].replace("-", "")))
                if time.monotonic() - last > 1:
                    last = time.monotonic()
                    sizes.append(memory(server))
    finally:
        stop.set()
        beside.join()
    return len(seen), sizes, answers, time.monotonic() - start


def sent(server: Server, digest: str, seconds: float) -> list[float]:
    """How long choices take while nothing is exported."""
    stop, answers = threading.Event(), list[float]()
    beside = threading.Thread(target=choose, args=(server, digest, stop, answers))
    beside.start()
    time.sleep(seconds)
    stop.set()
    beside.join()
    return answers


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


def memory(server: Server) -> int:
    """Resident bytes of the server's processes: its session's."""
    assert server.process is not None
    total = 0
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(one.name)) != server.process.pid:
                continue
            said = (one / "statm").read_text("ascii").split()
        except OSError:  # it has ended meanwhile
            continue
        total += int(said[1]) * os.sysconf("SC_PAGE_SIZE")
    return total


def report(
    records: int, alone: list[float], found: int, sizes: list[int], beside: list[float], took: float
) -> None:
    print(f"{found} records of {records} and {len(beside)} that came meanwhile, in {took:.0f} s")
    mib = [size / 2**20 for size in sizes]
    tenth = max(1, len(mib) // 10)
    print(
        f"memory: {mib[0]:.0f} MiB at the first page, {max(mib):.0f} at most, the last tenth"
        f" {statistics.mean(mib[-tenth:]):.0f}, the first {statistics.mean(mib[:tenth]):.0f}"
    )
    for name, times in (("alone", alone), ("beside the export", beside)):
        ranked = sorted(times)
        print(
            f"choices {name}: {len(ranked)}, all 201, median {statistics.median(ranked) * 1000:.0f}"
            f" ms, 99 of 100 in {ranked[int(len(ranked) * 0.99)] * 1000:.0f} ms"
        )
    assert records <= found, "records are missing"


if __name__ == "__main__":
    main()
