"""A mixed load for long: choices, scripts, exports and new versions. Nothing that the server holds
goes on growing: files, threads, connections to the database, the WAL, memory."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import psycopg
import pytest

from bench.memory import Sample, course, look
from consent import notices, sites
from tests.acts import BY, refusal
from tests.faults.load import SITE, post
from tests.faults.sizes import size
from tests.owner import inside
from tests.prepare import ROOT
from tests.server import Reply, Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what is held is read from /proc"),
]

PATIENCE = 60.0
VISITORS = 4
CHOICES = 60  # at least, in each part
SPARE = 16  # of files, threads and connections, more than after the warming up
WAL = 64  # MiB
GROWTH, LONG_S = 5, 1_200  # MiB of memory, where it is watched for so long


class Mixed:
    """Visitors who choose and read scripts, an auditor who exports, an owner who publishes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.replies: list[Reply] = []
        self.chosen = self.published = 0
        self._over = threading.Event()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        self._over.clear()
        jobs = [self._choose] * VISITORS + [self._export]
        threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(PATIENCE)

    def publish(self) -> None:
        self.published += 1
        with inside(self.server) as (_, at):
            site = sites.get(SITE)
            sites.change(site, BY, at, name=f"Version {self.published}")
            notices.publish(site, BY, at)

    def _choose(self) -> None:
        while not self._over.wait(0.02):
            notice = self.server.get(f"/v1/{SITE}/notice")
            script = self.server.get(f"/v1/{SITE}/consent.js", Accept_Encoding="br")
            told = post(self.server, refusal(notice.json(), self.server.url + "/demo/"))
            self.replies += (notice, script, told)
            self.chosen += told.status == 201

    def _export(self) -> None:
        key = f"Bearer {self.server.auditor_key}"
        for kind in cycle(("csv", "ndjson", "json")):
            path = f"/v1/audit/{SITE}/export?format={kind}"
            self.replies.append(self.server.get(path, Authorization=key))
            if self._over.wait(0.5):
                return


def held(server: Server, at_s: float = 0.0) -> Sample:
    assert server.process
    return look(server.process.pid, at_s)


def connections(server: Server) -> int:
    """That it has to PostgreSQL; of SQLite the files tell."""
    url = server.environ["DATABASE_URL"]
    if url.startswith("sqlite"):
        return 0
    query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    with psycopg.connect(url) as asking:
        [count] = asking.execute(query).fetchone() or (0,)
        return int(count)


def wal(server: Server) -> float:
    """MiB of the WAL of SQLite."""
    file = Path(server.environ["DATABASE_URL"].removeprefix("sqlite:///") + "-wal")
    return file.stat().st_size / 2**20 if file.exists() else 0.0


def part(mixed: Mixed, seconds: float) -> list[Sample]:
    """Under way so long at least, and until CHOICES more were taken; what was held meanwhile."""
    found, before, began = list[Sample](), mixed.chosen, time.monotonic()
    with mixed.under_way():
        mixed.publish()
        while (past := time.monotonic() - began) < seconds or mixed.chosen < before + CHOICES:
            assert past < seconds + PATIENCE, f"nothing is taken: {mixed.replies[-1:]}"
            found.append(held(mixed.server, past))
            assert wal(mixed.server) <= WAL
            time.sleep(min(5.0, seconds / 6))
    return found


def stays(server: Server, seconds: float, patience: float = PATIENCE) -> None:
    """The oracle."""
    mixed = Mixed(server)
    part(mixed, seconds / 6)
    warm, joined = held(server), connections(server)
    samples = part(mixed, seconds)
    found, end = course(samples), time.monotonic() + patience
    print(
        f"\n{mixed.chosen} choices, {mixed.published} versions, WAL {wal(server):.1f} MiB, {found}"
    )
    assert not {reply.status for reply in mixed.replies} - {200, 201}
    if seconds >= LONG_S:
        assert found.end <= found.begin + GROWTH
    while (now := held(server)).files > warm.files + SPARE:
        assert time.monotonic() < end, f"files go on growing: {warm.files} to {now.files}"
        time.sleep(0.2)
    assert held(server).threads <= warm.threads + SPARE
    assert connections(server) <= joined + SPARE
    server.stop()
    assert "Traceback" not in server.words(), server.words()


def test_F28_under_a_mixed_load_nothing_goes_on_growing(make_server: Callable[..., Server]) -> None:
    stays(make_server(RATE_SITE="0"), size("soak"))


@pytest.mark.sqlite_only
def test_F28_twin_a_server_that_leaves_files_open_is_found_out(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(RATE_SITE="0", PYTHONPATH=str(ROOT / "tests/faults/leaking"))
    with pytest.raises(AssertionError, match="files go on growing"):
        stays(server, size("soak") / 3, patience=3)
