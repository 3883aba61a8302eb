"""Eight ledgers tick one database with one signer's memory; some are stopped for a while."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from consent.db import db
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from consent.ledger.rows import Tile, unpack
from consent.tlog.merkle import Wrong
from consent.waiting import CONSENT, Waiting
from tests.acts import choice_body, make_site, post_choice, rows
from tests.conftest import Clock
from tests.faults.chain import one_chain
from tests.faults.sizes import size
from tests.prepare import ROOT

LEDGERS = 8
SITES = ("example.com", "example.org")
PATIENCE = 300.0


@contextlib.contextmanager
def ledgers(app: Flask, folder: Path, **more: str) -> Iterator[list[int]]:
    """The pids of so many processes that tick."""
    known = app.extensions["crumbtrail"].config
    folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "INSTANCE_PATH": str(folder),
        "SIGNER_STATE": str(known.signer_state),
        "SECRET_KEY": "not a secret",
        **more,
    }
    command = [sys.executable, "-m", "tests.faults.tickers", str(LEDGERS)]
    with (folder / "words").open("wb") as words:
        running = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=words, stderr=words, start_new_session=True
        )
    try:
        end = time.monotonic() + PATIENCE
        while len(list(folder.glob("pid.*"))) < LEDGERS:
            if running.poll() is not None or time.monotonic() > end:
                pytest.fail((folder / "words").read_text())  # no twin is broken by that
            time.sleep(0.05)
        yield [int(file.read_text()) for file in folder.glob("pid.*")]
        (folder / "stop").touch()
        running.wait(PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(PATIENCE)


def load(app: Flask, digests: dict[str, str], count: int, seed: int) -> list[str]:
    """So many choices, each sent until it is answered; their commitments."""
    client, dice = app.test_client(), random.Random(seed)
    found = []
    for _ in range(count):
        site = dice.choice(SITES)
        body = choice_body(digests[site], app.extensions["crumbtrail"].clock())
        while (reply := post_choice(client, site, body)).status_code not in (200, 201):
            assert reply.status_code == 503, reply.text
            time.sleep(0.05)
        found.append(reply.get_json()["commitment"])
    return found


def hold(pids: list[int], over: threading.Event) -> None:
    """Stop one of them in the middle of whatever it does, let the others lead, and wake it."""
    while not over.wait(0.3):
        pid = random.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(pid, signal.SIGCONT)


def one_log(
    app: Flask, digests: dict[str, str], made: list[str], folder: Path, **more: str
) -> None:
    """The oracle: all that was acknowledged, now or before (`made`), is in one chain, once."""
    over = threading.Event()
    count = size("choices") // 4
    with ledgers(app, folder, **more) as pids:
        holder = threading.Thread(target=hold, args=(pids, over))
        holder.start()
        loads = [
            threading.Thread(target=lambda n=n: made.extend(load(app, digests, count, n)))
            for n in range(4)
        ]
        for thread in loads:
            thread.start()
        for thread in loads:
            thread.join()
        over.set()
        holder.join()
        end = time.monotonic() + PATIENCE
        while left() and not forked(folder):
            assert time.monotonic() < end, f"{left()} still wait"
            time.sleep(0.2)
    ledger: Ledger = app.extensions["crumbtrail"].ledger
    assert len(made) == len(rows()) >= 4 * count
    assert not forked(folder), forked(folder)
    assert list(fsck(ledger.signer, datetime.now(UTC))) == []
    entered = Counter(
        item.body.hex()
        for body in db.session.scalars(select(Tile.body).where(Tile.level == 0))
        for item in unpack(body)
        if item.kind == CONSENT
    )
    assert entered == Counter(made)
    written = [file.read_text("utf-8").splitlines() for file in folder.glob("notes.*")]
    notes = {json.loads(line) for lines in written for line in lines}
    assert len(notes) > 2
    one_chain(notes, ledger.signer, datetime.now(UTC))


def left() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Waiting)) or 0


def forked(folder: Path) -> str:
    """What a ledger said when it stopped itself, or fell over."""
    alarms = {line for file in folder.glob("alarms.*") for line in file.read_text().splitlines()}
    return "\n".join(sorted(alarms))


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}


def test_eight_ledgers_make_one_log(app: Flask, clock: Clock, tmp_path: Path) -> None:
    one_log(app, some_sites(app, clock), [], tmp_path / "ledgers")


def test_twin_ledgers_that_do_not_compare_before_they_swap_break_it(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    digests, made = some_sites(app, clock), list[str]()
    with pytest.raises((AssertionError, Wrong)):
        for attempt in range(12):  # what comes while one dawdles is chance; one mostly does
            one_log(app, digests, made, tmp_path / f"ledgers{attempt}", UNFENCED="1")


def some_sites(app: Flask, clock: Clock) -> dict[str, str]:
    return {site: make_site(app, clock(), site).digest for site in SITES}
