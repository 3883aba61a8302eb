"""The pictures at work beside the server: one version at a time, in a process of its own.

It is the scanner's way (`scans.running`): the program gets a folder and nothing of ours, tells how
far it is through files, and is ended with all that it started.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..db import db
from ..notices import Notice
from ..scans.running import begin, end
from ..sites import Site
from ..stage import Stage
from . import book
from .rows import Job

_LOG = logging.getLogger(__name__)
COMMAND = (sys.executable, "-m", "consent.renderings.child")
SCREENS = {"phone": (360, 640), "desktop": (1280, 800)}
START_S, EACH_S = 120.0, 15.0  # for the browser to start, and for each picture
PNG = b"\x89PNG\r\n\x1a\n"
LARGEST = 16 * 1024 * 1024

# The build of a stage as answers name it, and its files: {path: (media type, text)}.
Staged = Callable[[Stage], tuple[str, Mapping[str, tuple[str, str]]]]


@dataclass(frozen=True)
class Picture:
    """What is to be taken; see `rows.Rendering`."""

    language: str
    face: str
    place: str
    layer: int
    screen: str


@dataclass
class Work:
    """A job that runs; `ends` by the monotonic clock, `builds` in the order of `pictures`."""

    number: int
    folder: Path
    process: subprocess.Popen[bytes]
    ends: float
    pictures: Sequence[Picture]
    builds: Sequence[str]


@dataclass
class Renderer:
    """A chore: call it with the time, again and again. `folder` is where pictures stay, `faces`
    says how the rules of a day ask, each with a place where they do."""

    folder: Path
    staged: Staged
    faces: Callable[[date], Mapping[str, str]]
    command: Sequence[str] = COMMAND
    steady: Callable[[], float] = time.monotonic
    _work: Work | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, at: datetime) -> bool:
        """Returns whether there is something at work."""
        with self._lock:
            book.queue_due(at)
            if self._work is not None:
                self._look(self._work, at)
            if self._work is None and (job := book.claim(at)) is not None:
                self._begin(job, at)
            return self._work is not None

    def close(self) -> None:
        """End what runs; it is told as broken off by whoever looks next."""
        with self._lock:
            if self._work is not None:
                end(self._work.process)
                self._work = None

    def _begin(self, job: Job, at: datetime) -> None:
        number = job.notice_id
        notice = db.session.get_one(Notice, number)
        pictures = list(plan(notice, self.faces(at.date())))
        folder = self.folder / "work" / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        builds = self._write(folder, notice, pictures)
        process = begin(self.command, folder)
        ends = self.steady() + START_S + EACH_S * len(pictures)
        self._work = Work(number, folder, process, ends, pictures, builds)

    def _write(self, folder: Path, notice: Notice, pictures: Sequence[Picture]) -> list[str]:
        """The job's file; returns the build of each picture."""
        site = db.session.get_one(Site, notice.site_id)
        bodies: dict[str, str] = {}
        told, builds = [], []
        for one in pictures:
            build, files = self.staged(
                Stage(site.key, notice.digest, one.place, False, one.language, one.layer)
            )
            builds.append(build)
            named: dict[str, Any] = {}
            for path, (kind, body) in files.items():
                name = hashlib.sha256(body.encode()).hexdigest()
                bodies[name] = body
                named[path] = (kind, name)
            width, height = SCREENS[one.screen]
            told.append({**asdict(one), "width": width, "height": height, "files": named})
        job = {"pictures": told, "bodies": bodies}
        (folder / "job.json").write_text(json.dumps(job, ensure_ascii=False), "utf-8")
        return builds

    def _look(self, work: Work, at: datetime) -> None:
        ended = work.process.poll() is not None
        late = self.steady() > work.ends
        taken = 0
        with suppress(OSError):
            taken = (work.folder / "progress.jsonl").read_bytes().count(b"\n")
        runs = book.progress(work.number, len(work.pictures), taken, at)
        if runs and not ended and not late:
            return
        end(work.process)
        self._work = None
        if late and not ended:
            book.fail(work.number, "slow", at)
        elif ended:
            self._keep(work, at)

    def _keep(self, work: Work, at: datetime) -> None:
        try:
            browser = json.loads((work.folder / "done.json").read_bytes())["browser"]
            rows = [self._kept(work, i) for i in range(len(work.pictures))]
        except (OSError, ValueError, KeyError) as error:
            _LOG.error("version %d has no pictures: %s", work.number, error)
            book.fail(work.number, self._why(work), at)
            return
        book.finish(work.number, browser, rows, at)
        shutil.rmtree(work.folder, ignore_errors=True)

    def _kept(self, work: Work, number: int) -> dict[str, Any]:
        """A picture, put where its digest says."""
        data = (work.folder / f"{number}.png").read_bytes()
        if not data.startswith(PNG) or len(data) > LARGEST:
            raise ValueError("no picture")
        digest = hashlib.sha256(data).hexdigest()
        file = book.where(self.folder, digest)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_suffix(".part")
        with part.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
        told = {"build": work.builds[number], "digest": digest, "size": len(data)}
        return asdict(work.pictures[number]) | told

    def _why(self, work: Work) -> str:
        with suppress(OSError, ValueError, AttributeError):
            told = json.loads((work.folder / "failed.json").read_bytes()).get("code")
            return told if told in book.PROBLEMS else "broken"
        return "broken"


def plan(notice: Notice, faces: Mapping[str, str]) -> Iterator[Picture]:
    """Every language, way to ask, layer and screen of a version."""
    for language in notice.content["languages"]:
        for face, place in faces.items():
            for layer in (1, 2):
                for screen in SCREENS:
                    yield Picture(language, face, place, layer, screen)
