"""A site taken from one database to another, by this process or by one that is killed meanwhile."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import select

from app import create_app
from consent import cli_shard, config
from consent.db import db
from consent.directory import Shard
from consent.shards.moving import Move
from tests.conftest import Clock

STEPS = ("begun", "copied", "closing", "closed", "rest", "verified", "switched", "opened")
ALL = (*STEPS, "cleared")
Told = Callable[[str], None]


def move(home: Flask, clock: Clock, key: str, to: str, told: Told = lambda _: None) -> None:
    """As `flask shard move` does; nobody else looks at the directory, so nobody is waited for."""
    apps: dict[str, Flask] = home.extensions["crumbtrail"].fleet()
    with home.app_context():
        numbers = {one.name: one.number for one in db.session.scalars(select(Shard))}
    places = {n: cli_shard.place(n, numbers[n], app) for n, app in apps.items()}
    Move(key, places[to], places, clock, told, pause=lambda _: None).run()


class Fuse:
    """Counts what is said to the databases within each step, and ends the process at one of them:
    before it is said (even `at`), or when it was answered and nobody has heard of it (odd)."""

    def __init__(self, step: str, at: int) -> None:
        self.step, self.at = step, at
        self.now = ALL[0]
        self.counts: Counter[str] = Counter()

    def told(self, step: str) -> None:
        self.now = ALL[min(ALL.index(step) + 1, len(ALL) - 1)]

    def light(self) -> None:
        asked = psycopg.Connection.wait

        def wait(connection: Any, *words: Any) -> Any:
            number = self.counts[self.now]
            self.counts[self.now] += 1
            burns = self.now == self.step and number == self.at
            answer = None if burns and self.at % 2 == 0 else asked(connection, *words)
            if burns:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        psycopg.Connection.wait = wait  # type: ignore[method-assign,assignment]


def killed(
    values: Mapping[str, str], clock: Clock, key: str, to: str, step: str, at: int
) -> Counter[str] | None:
    """A mover in a process of its own, killed within `step`: None, or how much was said in
    each step where it came to its end. Raises AssertionError where it failed in another way."""
    here = get_context("forkserver")
    here.set_forkserver_preload(["app"])
    hears, says = here.Pipe(duplex=False)
    words = (dict(values), clock.now, key, to, step, at, says)
    process = here.Process(target=_mover, args=words)
    process.start()
    says.close()
    process.join()
    if process.exitcode == -signal.SIGKILL:
        return None
    assert process.exitcode == 0, f"the mover failed: {process.exitcode}"
    counts: Counter[str] = hears.recv()
    return counts


def _mover(
    values: dict[str, str], now: Any, key: str, to: str, step: str, at: int, says: Any
) -> None:
    clock = Clock()
    clock.now = now
    app = create_app(config.load(values), clock)
    app.extensions["crumbtrail"].fleet()
    fuse = Fuse(step, at)
    fuse.light()
    move(app, clock, key, to, fuse.told)
    says.send(fuse.counts)
