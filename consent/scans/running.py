"""The scan at work beside the server: one at a time, in a process of its own.

The program that drives the browser gets its job on standard input and the settings of nobody: no
database, no key. It writes what it tells into a folder; this chore reads there once a second, ends
it when its time is over or somebody stopped it, and keeps what it brought.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .. import catalogue, findings, inventory
from ..db import db
from ..errors import Refusal
from ..findings import Scan as Seen
from ..mail import Mail
from ..sites import Site
from ..webhooks import Send
from . import alerts, book, watching
from .drafting import from_scan
from .rows import PROBLEMS, Scan

_LOG = logging.getLogger(__name__)
LONGEST_S = 8 * 60.0  # the scan's own limit, and time to start and to end
GRACE_S = 5.0
TIDY = timedelta(hours=1)
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "consent.scans.child")
KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "PLAYWRIGHT_BROWSERS_PATH",
    "CHROMIUM",
)
BY = "schedule"

May = Callable[[Site, str, datetime], Mapping[str, Any]]  # the job's options; raises Refusal
Judge = Callable[[Site, Seen], Sequence[dict[str, Any]]]


@dataclass
class Job:
    """A scan that runs: its number, its folder and its process; `ends` by the monotonic clock."""

    number: int
    folder: Path
    process: subprocess.Popen[bytes]
    ends: float


@dataclass
class Scanner:
    """A chore: call it with the time, again and again.

    `folder` is where pictures stay. `may` says whether a site's address may be scanned now, and
    with what options. `send` and `mail` deliver alerts. `prove` looks again at proofs of ownership
    that have become old.
    """

    folder: Path
    may: May
    judge: Judge
    link: Callable[[Site, Scan], str]
    send: Send
    mail: Mail | None
    command: Sequence[str] = COMMAND
    prove: Callable[[datetime], None] = lambda at: None
    longest: float = LONGEST_S
    steady: Callable[[], float] = time.monotonic
    _job: Job | None = None
    _tidied: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, at: datetime) -> None:
        with self._lock:
            self._schedule(at)
            if self._job is not None:
                self._look(self._job, at)
            if self._job is None and (scan := book.claim(at)) is not None:
                self._begin(scan, at)
            alerts.deliver(at, self.send, self.mail)
            if self._tidied is None or abs(at - self._tidied) > TIDY:
                self._tidied = at
                self.prove(at)
                for number in book.forget_old(at):
                    shutil.rmtree(self.folder / str(number), ignore_errors=True)

    def close(self) -> None:
        """End what runs; the scan is told as broken off by whoever looks next."""
        with self._lock:
            if self._job is not None:
                end(self._job.process)
                self._job = None

    def _schedule(self, at: datetime) -> None:
        for site, kept in watching.due(at):
            try:
                self.may(site, kept.url, at)
                book.start(site, kept.url, BY, at)
            except Refusal as refusal:
                _LOG.warning("no scan of %s: %s", site.key, refusal.code)
                db.session.rollback()

    def _begin(self, scan: Scan, at: datetime) -> None:
        site = book.site_of(scan)
        try:
            options = self.may(site, scan.url, at)
        except Refusal:
            book.fail(scan.id, "unproven", at)
            return
        folder = self.folder / str(scan.id)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        job = {"url": scan.url, "options": {**options, "screenshots": str(folder)}}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        process = begin(self.command, folder)
        self._job = Job(scan.id, folder, process, self.steady() + self.longest)

    def _look(self, job: Job, at: datetime) -> None:
        ended = job.process.poll() is not None
        late = self.steady() > job.ends
        if not ended and not late and book.progress(job.number, self._told(job), at):
            return
        end(job.process)
        self._job = None
        if ended or late:
            self._keep(job, at, late and not ended)

    def _told(self, job: Job) -> dict[str, Any]:
        """The newest whole line the program wrote."""
        with suppress(OSError, ValueError, IndexError):
            lines = (job.folder / "progress.jsonl").read_bytes().split(b"\n")
            told = json.loads(lines[-2])
            return told if isinstance(told, dict) else {}
        return {}

    def _brought(self, job: Job, late: bool) -> Any:
        """What it saw; of one that was ended, the passes that were done."""
        if not late:
            return json.loads((job.folder / "scan.json").read_bytes())
        lines = (job.folder / "passes.jsonl").read_bytes().split(b"\n")[:-1]
        passes = [json.loads(line) for line in lines]
        url = json.loads((job.folder / "job.json").read_bytes())["url"]
        pages = list(dict.fromkeys(page for one in passes for page in one["pages"]))
        return {"url": url, "passes": passes, "pages": pages, "problems": [PROBLEMS["slow"]]}

    def _why(self, job: Job) -> str:
        with suppress(OSError, ValueError, AttributeError):
            told = json.loads((job.folder / "failed.json").read_bytes()).get("code")
            return told if told in PROBLEMS else "broken"
        return "broken"

    def _keep(self, job: Job, at: datetime, late: bool) -> None:
        try:
            seen = findings.from_json(self._brought(job, late))
        except (OSError, ValueError):
            _LOG.error("scan %d brought nothing; see %s", job.number, job.folder / "log.txt")
            book.fail(job.number, "slow" if late else self._why(job), at)
            return
        scan = db.session.get_one(Scan, job.number)
        site = book.site_of(scan)
        drafts = from_scan(seen, inventory.state(site), catalogue.known(site))
        found = self.judge(site, seen)
        link = self.link(site, scan)
        book.finish(job.number, findings.to_json(seen), found, drafts, at, link)


def begin(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """A program of ours for the job in that folder, where it also says what it does."""
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program, its arguments as a list
            [*command, str(folder)],
            cwd=ROOT,
            env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """The program and all it started: first asked, then killed."""
    family = _family(process.pid)
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            family |= _family(process.pid)
    for number in family:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _family(root: int) -> set[int]:
    """A process and what descends from it, as far as the system shows (Linux)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            fields = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, todo = set(), [root]
    while todo:
        children = parents.get(todo.pop(), [])
        todo += [one for one in children if one not in found]
        found |= set(children)
    return found
