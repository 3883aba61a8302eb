"""Memory of the serving process at full load, over time: what it begins with, ends with, and the
slope between.

    make bench-memory [MINUTES=30] [SCRIPTS=50] [PER=5] [WORKERS=1]

Choices come as fast as they are answered (a closed loop of 64 connections), beside SCRIPTS requests
a second for `consent.js` by visitors of every place, on each database in turn. Every PER seconds
the process is asked for its resident memory, its threads and its open files, and the server's other
one, which keeps the log, for its memory. The first sixth of the time is warming up. Memory does not
depend on what else the machine does, so nothing else has to rest; the rate does, and is told.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from bench.load import load, request
from bench.parameters import parameters
from bench.processes import family, kinds, resident
from bench.servers import SITE, Ours, Postgresql, Sqlite
from tests.postgres import cluster

PARAMETERS = {"MINUTES": 30.0, "SCRIPTS": 50.0, "PER": 5.0, "WORKERS": 1.0}
MIB = 2**20
ENOUGH = 200  # samples that a slope is drawn through


@dataclass(frozen=True)
class Sample:
    """At `at_s` of the load: bytes resident, and of them those that no file stands behind; `log`
    are those resident in the process that keeps the log."""

    at_s: float
    resident: int
    anonymous: int
    threads: int
    files: int
    log: int


@dataclass(frozen=True)
class Course:
    """MiB at first (after the warming up), at last and at most, MiB an hour between, and how many
    threads and files were open at first and at last; `log` is the most of what keeps the log."""

    begin: float
    end: float
    most: float
    slope: float
    threads: tuple[int, int]
    files: tuple[int, int]
    log: float


def main(words: Sequence[str]) -> dict[str, Course]:
    """Of each database."""
    told, found = parameters(words, PARAMETERS), {}
    with cluster(synced=True) as postgres, tempfile.TemporaryDirectory() as folder:
        for database in (Sqlite(Path(folder) / "rows"), Postgresql(postgres, "memory")):
            ours = Ours(Path(folder) / database.name, database, told["WORKERS"])
            found[ours.name] = watched(ours, told)
    return found


def watched(ours: Ours, told: dict[str, float]) -> Course:
    """Prints as it goes."""
    scripts = request("GET", f"/v1/{SITE}/consent.js", Accept_Encoding="br")
    seconds = told["MINUTES"] * 60
    ours.copy()
    ours.start()
    try:
        print(f"{ours.name}: {shown(look(ours.process, 0))} before the load", flush=True)
        with ThreadPoolExecutor(2) as threads:
            loads = [threads.submit(load, ours.port, ours.choice, seconds)]
            if told["SCRIPTS"]:
                loads.append(threads.submit(load, ours.port, scripts, seconds, told["SCRIPTS"]))
            samples = list(samples_of(ours, told["PER"], lambda: all(one.done() for one in loads)))
        written = loads[0].result()
        found = course(samples)
    finally:
        ours.stop()
    print(
        f"{ours.name}: {seconds / 60:g} min, {written['per_s']:,.0f} choices a second"
        f" ({written['ok']:,.0f} in all, {written['refused']:,.0f} refused,"
        f" {written['broken']:,.0f} broken), load {os.getloadavg()[0]:.1f};"
        f" memory {found.begin:.1f} to {found.end:.1f} MiB, at most {found.most:.1f},"
        f" slope {found.slope:+.1f} MiB an hour; threads {found.threads[0]} to {found.threads[1]},"
        f" files {found.files[0]} to {found.files[1]}; at most {found.log:.1f} MiB for the log",
        flush=True,
    )
    return found


def samples_of(ours: Ours, per: float, over: Callable[[], bool]) -> Sequence[Sample]:
    began, found = time.monotonic(), list[Sample]()
    while not over():
        at = time.monotonic() - began
        found.append(look(ours.process, at))
        if len(found) % max(1, round(60 / per)) == 0:
            print(f"{ours.name}: {at:.0f} s, {shown(found[-1])}", flush=True)
        time.sleep(per)
    return found


def look(root: int, at_s: float) -> Sample:
    """The first process keeps the log; the largest of those that it made serves."""
    first, *made = family(root)
    process = max(made, key=resident)
    folder = Path(f"/proc/{process}")
    return Sample(
        at_s,
        resident(process),
        kinds(process)["Anonymous"],
        len(list((folder / "task").iterdir())),
        len(list((folder / "fd").iterdir())),
        resident(first),
    )


def shown(one: Sample) -> str:
    return (
        f"{one.resident / MIB:.1f} MiB, {one.anonymous / MIB:.1f} of them of its own,"
        f" {one.threads} threads, {one.files} files; {one.log / MIB:.1f} MiB for the log"
    )


def course(samples: Sequence[Sample]) -> Course:
    """Begin and end are medians over a sixth of the time each; the slope is Theil and Sen's."""
    sixth = max(1, len(samples) // 6)
    warm = samples[sixth:] or samples
    begin, end = (
        statistics.median(o.resident for o in some) for some in (warm[:sixth], warm[-sixth:])
    )
    first, last = warm[0], warm[-1]
    return Course(
        begin / MIB,
        end / MIB,
        max(one.resident for one in samples) / MIB,
        slope([(one.at_s / 3600, one.resident / MIB) for one in warm]),
        (first.threads, last.threads),
        (first.files, last.files),
        max(one.log for one in samples) / MIB,
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between all pairs (Theil-Sen); 0 where there is only one point."""
    some = points[:: -(-len(points) // ENOUGH)]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(some, 2) if x2 > x1]
    return statistics.median(slopes) if slopes else 0.0


if __name__ == "__main__":
    main(sys.argv[1:])
