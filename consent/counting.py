"""What is counted as it happens: by one process in its memory, by several of WORKERS in files.

The files are those of prometheus_client's multiprocess mode: each process writes its own, in a
folder that the server makes for one run, and whichever process is asked adds up.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import Metric
from prometheus_client.metrics import _use_created
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

CODE = re.compile(r"[a-z][a-z0-9_]{1,40}")
CODES_MAX = 100  # codes are ours; beyond this many something is wrong, and they are `other`
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's name for it
MEMORY = "/dev/shm"  # noqa: S108 - the folder made there is nobody else's
RUN = "crumbtrail-metrics-"  # and some letters: the folder of one run
KINDS = ("counter", "histogram", "gauge_min", "gauge_sum", "gauge_livesum", "gauge_livemax")
ROOM = 128 * 1024  # bytes of a file of those: what is counted of one database fits in
T = TypeVar("T", Counter, Histogram)


@contextmanager
def together(workers: int) -> Iterator[None]:
    """While it lasts, processes that this one spawns count together, if there are several.

    The folder is in memory where the system has files there: to write into a page that is on its
    way to a disk can take as long as the disk. One that the operator's environment names is for
    other programs, and not used.
    """
    for name in (FOLDER, FOLDER.lower()):
        os.environ.pop(name, None)
    if workers == 1:
        yield
        return
    where = Path(MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else gettempdir())
    for left in where.glob(f"{RUN}*"):
        _clear(left)
    made = Path(mkdtemp(prefix="crumbtrail-new-", dir=where))
    lock = _lock(made)
    folder = made.rename(where / made.name.replace("crumbtrail-new-", RUN))
    os.environ[FOLDER] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _lock(folder: Path) -> int:
    """Held until it is closed, or the process ends, however that comes. Raises OSError where
    another process holds it."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _clear(folder: Path) -> None:
    """Away with what a server left that was killed; one that runs, or is another user's, stays."""
    with suppress(OSError):
        if folder.stat().st_uid == os.getuid():
            lock = _lock(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


@cache
def _take_room(folder: Path) -> None:
    """Make this process's files at once and whole: a disk that is full later kills nobody who
    writes to them, and nobody reads one that is half made."""
    for kind in KINDS:
        file = folder / f"{kind}_{os.getpid()}.db"
        made = file.with_suffix(".new")
        made.write_bytes(bytes(ROOM))
        made.rename(file)
    atexit.register(mark_process_dead, os.getpid(), str(folder))


@dataclass(frozen=True)
class Own:
    """What a process knows by itself, or several of them together."""

    queue: float = 0.0
    batches: float = 0.0
    written: float = 0.0
    warnings: frozenset[str] = frozenset()


class Counted(Collector):
    """What is counted of one app, in the memory of this process."""

    beside: tuple[str, ...] = ()  # the labels that stand beside those which are read

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.codes: set[str] = set()
        self.requests = Counter(
            "crumbtrail_requests",
            "Answers sent.",
            ("edge", "status", *self.beside),
            registry=None,
        )
        self.seconds = Histogram(
            "crumbtrail_request_seconds",
            "From the first byte read to the answer ready.",
            ("edge", *self.beside),
            buckets=BUCKETS,
            registry=None,
        )
        self.choices = Counter(
            "crumbtrail_choices",
            "Choices sent by visitors: stored, repeated, or the code they were refused with.",
            ("outcome", *self.beside),
            registry=None,
        )
        self.sign_ins = Counter(
            "crumbtrail_sign_ins",
            "Sign-ins to the admin.",
            ("outcome", *self.beside),
            registry=None,
        )
        self.metrics = (self.requests, self.seconds, self.choices, self.sign_ins)
        self.registry.register(self)

        # To find the counter of a label takes longer than to count.
        self.of = cache(lambda edge, status: self.child(self.requests, edge, str(status)))
        self.time = cache(lambda edge: self.child(self.seconds, edge))
        self.choice = cache(lambda outcome: self.child(self.choices, outcome))
        self.sign_in = cache(lambda outcome: self.child(self.sign_ins, outcome))

    def code(self, said: str) -> str:
        if said not in self.codes and (not CODE.fullmatch(said) or len(self.codes) >= CODES_MAX):
            return "other"
        self.codes.add(said)
        return said

    def child(self, metric: T, *labels: str) -> T:
        return metric.labels(*labels)

    def collect(self) -> Iterator[Metric]:
        for metric in self.metrics:
            yield from metric.collect()

    def tell(self, own: Own) -> None:
        """Remember what this process knows by itself, where others shall say it too."""

    def all(self, own: Own) -> Own:
        """What is known by all, of which this process knows `own`."""
        return own


class Together(Counted):
    """The same where several processes count in a folder; `database` is that of the app, for the
    files of a process hold what is counted of all its databases."""

    beside = ("database",)

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__()
        self._folder, self._database = folder, database
        self._warned: frozenset[str] = frozenset()
        self._queue = _gauge("queue", "livesum")
        self._batches = _gauge("batches", "sum")
        self._written = _gauge("written", "sum")
        self._warning = _gauge("warning", "livemax", "about")
        self._created = {
            one._name: _gauge(f"{one._name}_created", "min", *one._labelnames[:-1])
            for one in self.metrics
        }

    def child(self, metric: T, *labels: str) -> T:
        if _use_created:
            self._created[metric._name].labels(*labels, self._database).set(time.time())
        return metric.labels(*labels, self._database)

    def collect(self) -> Iterator[Metric]:
        found = self._read("counter", "histogram", "gauge_min")
        for metric in self.metrics:
            for family in metric.describe():
                family.samples = found[family.name] + found[f"{family.name}_created"]
                yield family

    def tell(self, own: Own) -> None:
        self._queue.labels(self._database).set(own.queue)
        self._batches.labels(self._database).set(own.batches)
        self._written.labels(self._database).set(own.written)
        self._warned |= own.warnings
        for about in self._warned:
            self._warning.labels(about, self._database).set(about in own.warnings)

    def all(self, own: Own) -> Own:
        self.tell(own)
        found = self._read("gauge_sum", "gauge_live*")
        queue, batches, written = (
            sum(one.value for one in found[name]) for name in ("queue", "batches", "written")
        )
        warnings = frozenset(one.labels["about"] for one in found["warning"] if one.value)
        return Own(queue, batches, written, warnings)

    def _read(self, *kinds: str) -> dict[str, list[Sample]]:
        """By name, what all processes together have counted of this database."""
        files = [str(one) for kind in kinds for one in self._folder.glob(f"{kind}_*.db")]
        found: dict[str, list[Sample]] = defaultdict(list)
        for family in MultiProcessCollector.merge(files):  # type: ignore[no-untyped-call]
            for one in family.samples:
                labels = dict(one.labels)
                if labels.pop("database") == self._database:
                    found[family.name].append(one._replace(labels=labels))
        return found


def _gauge(name: str, mode: Literal["min", "sum", "livesum", "livemax"], *labels: str) -> Gauge:
    """One whose values of all processes come together in that `mode`."""
    labels = (*labels, *Together.beside)
    return Gauge(name, name, labels, registry=None, multiprocess_mode=mode)


def begun(workers: int, database: str) -> Counted:
    """For the app of that `database` in a process that answers beside others, or alone."""
    folder = os.environ.get(FOLDER)
    if workers == 1 or folder is None:
        return Counted()
    _take_room(Path(folder))
    return Together(Path(folder), database)
