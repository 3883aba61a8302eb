"""Power cuts under load, on SQLite: what was acknowledged is on the disk and nothing is corrupt.

PostgreSQL's own tests do this for PostgreSQL; what we need of it are settings.
"""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask

import consent.db
from app import create_app
from consent import config, sites
from consent.db import db, sqlite_build
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from tests.acts import choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.faults.conftest import SITE
from tests.faults.power import Disk, Driver
from tests.faults.sizes import size

VISITORS = 4
WHOLE_EACH = 25  # cuts between two on which a server is started and everything checked


@dataclass
class Found:
    """What so many cuts came to."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    corrupt: int = 0
    forgot: int = 0  # times that the signer did not know its last signature any more
    refused: list[str] = field(default_factory=list)


class Cutter:
    """Takes pictures of the disk at random writes and syncs, with what was acknowledged by then."""

    def __init__(self, disk: Disk, count: int, seed: int) -> None:
        self.disk = disk
        self.dice = random.Random(seed)
        self.wanted = count
        self.acknowledged: list[str] = []
        self.signed = 0  # the entries of the deployment log that the signer has vouched for
        self.pictures: list[tuple[list[str], int, dict[str, bytes]]] = []
        self.wait = self._pause()

    def _pause(self) -> int:
        return self.dice.randrange(1, 60)

    def look(self) -> None:
        """After each write and sync of the disk, in the thread that wrote."""
        self.wait -= 1
        if self.wait <= 0 and len(self.pictures) < self.wanted:
            self.wait = self._pause()
            known, signed = list(self.acknowledged), self.signed  # promised before the picture
            self.pictures.append((known, signed, self.disk.cut(self.dice)))

    @property
    def full(self) -> bool:
        return len(self.pictures) >= self.wanted


def cuts(
    start: Callable[[str, Path], Flask],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    count: int,
    synchronous: str | None,
) -> Found:
    """Real requests on a disk of ours, and after every cut the product's own SQLite."""
    found = Found()
    seed = 0
    while found.cuts < count:
        seed += 1
        folder = tmp_path / f"disk{seed}"
        cutter = loaded(start, monkeypatch, folder, min(300, count - found.cuts), seed, synchronous)
        for known, signed, files in cutter.pictures:
            whole = found.cuts % WHOLE_EACH == 0
            after(start, tmp_path / "after", known, files, found, whole)
            found.forgot += remembered(tmp_path / "after") < signed
        shutil.rmtree(folder)
    return found


def loaded(
    start: Callable[[str, Path], Flask],
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    count: int,
    seed: int,
    synchronous: str | None,
) -> Cutter:
    disk = Disk(f"disk{seed}{synchronous}")
    cutter = Cutter(disk, count, seed)
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(consent.db, "sqlite_build", Driver(disk, synchronous))
        app = start(f"sqlite:///{folder / 'main.db'}", folder)
        clock: Clock = app.extensions["crumbtrail"].clock
        app.test_cli_runner().invoke(args=["migrate"], catch_exceptions=False)
        digest = make_site(app, clock()).digest
        disk.on_write = cutter.look
        threads = [
            threading.Thread(target=choose, args=(app, clock, digest, cutter))
            for _ in range(VISITORS)
        ]
        for thread in threads:
            thread.start()
        ledger: Ledger = app.extensions["crumbtrail"].ledger
        while any(thread.is_alive() for thread in threads):
            with app.app_context():
                ledger.tick(clock())
                signed = ledger.signer.last(f"{ledger.base}/log")
            cutter.signed = signed[0] if signed else 0
            threads[0].join(0.02)
        for thread in threads:
            thread.join()
        disk.on_write = lambda: None
        close(app)
    return cutter


def choose(app: Flask, clock: Clock, digest: str, cutter: Cutter) -> None:
    client = app.test_client()
    while not cutter.full:
        body = choice_body(digest, clock())
        if post_choice(client, SITE, body).status_code == 201:
            cutter.acknowledged.append(body["id"])


def after(
    start: Callable[[str, Path], Flask],
    folder: Path,
    known: list[str],
    files: dict[str, bytes],
    found: Found,
    whole: bool,
) -> None:
    """The power is back: what does the product's SQLite find?"""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "signer").mkdir(parents=True)
    for name, data in files.items():
        (folder / ("signer" if name.startswith("state") else "") / name).write_bytes(data)
    found.cuts += 1
    found.acknowledged += len(known)
    try:
        connection = sqlite_build.connect(str(folder / "main.db"))
        sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ids = {row[0].hex() for row in connection.execute("SELECT id FROM record")}
        size_now = connection.execute("SELECT size FROM log_head WHERE site = ''").fetchone()
        connection.close()
    except sqlite_build.DatabaseError:
        sound, ids, size_now = False, set(), None
    found.corrupt += not sound
    found.lost += sum(1 for one in known if one.replace("-", "") not in ids)
    if whole and sound:
        found.refused += recovered(start, folder)
    elif sound:
        found.refused += behind(folder, size_now[0] if size_now else 0)


def behind(folder: Path, now: int) -> list[str]:
    """The signer never knows more than the database: the commit is synced before the signature."""
    known = remembered(folder)
    return [f"signed {known}, stored {now}"] if known > now else []


def remembered(folder: Path) -> int:
    """How many entries of the deployment log the signer's memory says it has signed."""
    if not (folder / "signer" / "state.db").exists():
        return 0
    memory = sqlite_build.connect(str(folder / "signer" / "state.db"))
    try:
        row = memory.execute("SELECT max(size) FROM head WHERE origin LIKE '%/log'").fetchone()
    except sqlite_build.DatabaseError:  # its tables were not there yet, or are broken
        row = (None,)
    memory.close()
    return row[0] or 0


def recovered(start: Callable[[str, Path], Flask], folder: Path) -> list[str]:
    """A server starts on what is left, ticks, and everything agrees."""
    app = start(f"sqlite:///{folder / 'main.db'}", folder)
    clock: Clock = app.extensions["crumbtrail"].clock
    ledger: Ledger = app.extensions["crumbtrail"].ledger
    try:
        with app.app_context():
            ledger.tick(clock())
            said = [*ledger.alarms.values(), *fsck(ledger.signer, clock())]
            if SITE not in {site.key for site in sites.all_sites()}:
                said.append("the site is gone")
    except sqlite_build.DatabaseError as error:
        said = [f"the signer's memory: {error}"]
    finally:
        close(app)
    return said


def close(app: Flask) -> None:
    app.extensions["crumbtrail"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def start() -> Callable[[str, Path], Flask]:
    """`start(database, folder)`: an app without a limit, with its signer's memory in `folder`."""

    def made(url: str, folder: Path) -> Flask:
        values = {
            "DATABASE_URL": url,
            "INSTANCE_PATH": str(folder),
            "SECRET_KEY": "not a secret",
            "RATE_CLIENT": "0",
            "RATE_SITE": "0",
        }
        app = create_app(config.load(values), Ticking())
        app.testing = True
        return app

    return made


class Ticking(Clock):
    """A millisecond passes with every look."""

    def __call__(self) -> object:  # type: ignore[override]
        return self.advance(milliseconds=1)


def test_nothing_acknowledged_is_lost_in_power_cuts(
    start: Callable[[str, Path], Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = cuts(start, monkeypatch, tmp_path, size("cuts"), None)
    assert found.acknowledged > found.cuts
    assert (found.lost, found.corrupt, found.forgot, found.refused) == (0, 0, 0, []), found


def test_twin_without_a_sync_at_each_commit_choices_are_lost(
    start: Callable[[str, Path], Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = cuts(start, monkeypatch, tmp_path, size("cuts") // 3, "NORMAL")
    assert found.lost > 0


def test_twin_without_a_sync_of_the_folder_the_signer_forgets(
    start: Callable[[str, Path], Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = cuts(start, monkeypatch, tmp_path, size("cuts") // 3, "FULL")
    assert (found.lost, found.corrupt) == (0, 0)
    assert found.forgot > 0


def test_twin_without_any_sync_the_file_is_corrupt(
    start: Callable[[str, Path], Flask], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = cuts(start, monkeypatch, tmp_path, size("cuts") // 3, "OFF")
    assert found.corrupt > 0
