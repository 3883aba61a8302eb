"""How long a bundle of many records takes to make and to check, and how much memory.

    .venv/bin/python bench/bundle.py 1000000

Rows are inserted in bulk behind the server's back; the log is then integrated as ever. Each of the
two steps runs in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import insert, select  # noqa: E402

from app import create_app  # noqa: E402
from consent import cli, config, leaf  # noqa: E402
from consent.db import db  # noqa: E402
from consent.records import Names  # noqa: E402
from consent.records.rows import Row  # noqa: E402
from consent.records.writer import COLUMNS  # noqa: E402
from consent.sites import Site  # noqa: E402
from consent.waiting import CONSENT, Waiting  # noqa: E402
from tests.acts import choice_body, make_site, post_choice  # noqa: E402

SITE = "example.com"
BATCH = 20_000


def fill(app: Any, count: int) -> None:
    """One real choice through the front door, and `count` - 1 like it."""
    clock = app.extensions["crumbtrail"].clock
    digest = make_site(app, clock(), publish_log=True).digest
    reply = post_choice(app.test_client(), SITE, choice_body(digest, clock()))
    assert reply.status_code == 201, reply.text
    ledger = app.extensions["crumbtrail"].ledger
    model = db.session.scalars(select(Row)).one()
    values = {name: getattr(model, name) for name in COLUMNS}
    site = db.session.scalars(select(Site)).one().key
    names, first = Names([model]), model.seq
    db.session.expunge_all()
    for start in range(1, count, BATCH):
        rows, waits = [], []
        for number in range(start, min(start + BATCH, count)):
            row = values | {
                "seq": first + number * 1000,
                "id": secrets.token_bytes(16),
                "visitor": secrets.token_bytes(16),
                "salt": secrets.token_bytes(16),
            }
            rows.append(row)
            made = leaf.commitment(names.record(Row(**row), site), row["salt"])
            body = bytes.fromhex(made)
            waits.append({"site": site, "seq": row["seq"], "kind": CONSENT, "body": body})
        db.session.execute(insert(Row), rows)
        db.session.execute(insert(Waiting), waits)
        db.session.commit()
        ledger.tick(clock())
        print(f"\r{start + len(rows):,} records", end="", file=sys.stderr)
    while ledger.tick(clock()).added:
        pass
    print(file=sys.stderr)


PEAK = """
import atexit, runpy, sys
def told():
    lines = open("/proc/self/status").read().splitlines()
    print(next(line for line in lines if "VmHWM" in line), file=sys.stderr)
atexit.register(told)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def measured(module: list[str], environ: dict[str, str]) -> str:
    """Seconds and peak memory of one process. It tells of its own peak, because what the system
    tells of a child begins with its parent's."""
    began = time.monotonic()
    command = [sys.executable, "-c", PEAK, *module]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    took = time.monotonic() - began
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stderr)
    if done.returncode or not peak:
        raise SystemExit(done.stdout + done.stderr)
    return f"{took:.1f} s, peak {int(peak[1]) / 1024:.0f} MB"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "INSTANCE_PATH": folder,
            "SECRET_KEY": "not a secret",
            "RATE_SITE": "0",
            "RATE_CLIENT": "0",
        }
        app = create_app(config.load(environ), lambda: datetime.now(UTC) - timedelta(hours=2))
        with app.app_context():
            cli.upgrade()
            began = time.monotonic()
            fill(app, count)
            print(f"filled in {time.monotonic() - began:.0f} s")
            db.engine.dispose()
        app.extensions["crumbtrail"].close()
        file = str(Path(folder) / "bundle.zip")
        surroundings = {**os.environ, **environ, "HOME": folder}
        export = ["flask", "--app", "app", "export", SITE, "-o", file]
        print("export:", measured(export, surroundings))
        print(f"bundle: {Path(file).stat().st_size / 1e6:.1f} MB")
        check = ["consent.verify", file, "--no-memory"]
        print("verify:", measured(check, surroundings))


if __name__ == "__main__":
    main()
