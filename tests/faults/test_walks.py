"""Any order of choices, ticks, crashes, restarts, second ledgers and new keys, against a list."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from app import create_app
from consent import config, ledger, notices, sites
from consent.db import db
from consent.ledger import Ledger, Signer
from consent.ledger.fsck import fsck
from consent.ledger.rows import Tile, unpack
from consent.records.rows import Row
from consent.tlog import proof
from consent.waiting import CONSENT
from tests.acts import BY, make_site, post_choice
from tests.acts import choice_body as body_of
from tests.conftest import Clock
from tests.databases import migrate
from tests.faults.chain import one_chain
from tests.faults.crash import Crash, watched
from tests.faults.sizes import size
from tests.faults.test_crashes import again, published

SITE = "example.com"
WALK = settings(
    max_examples=size("walks"),
    stateful_step_count=30,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Walk(RuleBasedStateMachine):
    """The model is `made`, the list of what was acknowledged, and `notes`, what was published."""

    folder: Path
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.home = self.folder / str(next(self.numbers))
        self.home.mkdir()
        shutil.copyfile(self.folder / "template.db", self.home / "main.db")
        self.clock = Clock()
        values = {
            "DATABASE_URL": f"sqlite:///{self.home / 'main.db'}",
            "INSTANCE_PATH": str(self.home),
            "SECRET_KEY": "not a secret",
            "RATE_CLIENT": "0",
        }
        self.app = create_app(config.load(values), self.clock)
        self.app.testing = True
        self.digest = make_site(self.app, self.clock(), SITE).digest
        self.context = self.app.app_context()
        self.context.push()
        self.first: Ledger = self.app.extensions["crumbtrail"].ledger
        self.second = again(self.app, self.first)
        self.made: list[str] = []
        self.notes: set[str] = set()
        self.watching = watched(db.engine)
        self.steps = self.watching.__enter__()

    @rule(count=st.integers(1, 4))
    def choose(self, count: int) -> None:
        for _ in range(count):
            reply = post_choice(self.app.test_client(), SITE, body_of(self.digest, self.clock()))
            assert reply.status_code == 201, reply.text
            self.made.append(reply.get_json()["commitment"])

    @rule()
    def publish(self) -> None:
        self.digest = notices.publish(sites.get(SITE), BY, self.clock.advance(seconds=1)).digest

    @rule(second=st.booleans())
    def tick(self, second: bool) -> None:
        ledger = self.second if second else self.first
        ledger.tick(self.clock.advance(seconds=1))
        assert not ledger.alarms
        self.look()

    @rule(at=st.integers(1, 80))
    def crash(self, at: int) -> None:
        self.steps.begin(at)
        try:
            self.first.tick(self.clock.advance(seconds=1))
        except Crash:
            db.session.remove()
        self.steps.end()
        self.first = again(self.app, self.first)
        self.look()

    @rule()
    def rotate(self) -> None:
        Signer(self.first.signer._folder).rotate(self.clock.advance(seconds=1))

    @rule(which=st.integers(0, 10**6))
    def prove(self, which: int) -> None:
        rows = list(db.session.scalars(select(Row).order_by(Row.seq)))
        if not rows:
            return
        row = rows[which % len(rows)]
        found = ledger.receipt(sites.get(SITE), row.seq)
        if found is not None:
            origin = f"{self.first.base}/log/{SITE}"
            keys = self.first.signer.verifiers(origin, self.clock())
            proof.verify(proof.parse(found.proof), found.entry.encode(), keys, origin)
            assert self.made[rows.index(row)] in found.entry
        db.session.rollback()

    def look(self) -> None:
        """What is published now continues what was published before."""
        seen = published()
        one_chain(seen - self.notes, self.first.signer, self.clock())
        self.notes |= seen

    def teardown(self) -> None:
        try:
            self.first.tick(self.clock.advance(seconds=1))
            assert list(fsck(self.first.signer, self.clock())) == []
            one_chain(self.notes, self.first.signer, self.clock())
            entered = Counter(
                item.body.hex()
                for body in db.session.scalars(select(Tile.body).where(Tile.level == 0))
                for item in unpack(body)
                if item.kind == CONSENT
            )
            assert entered == Counter(self.made)
        finally:
            self.watching.__exit__(None, None, None)
            self.app.extensions["crumbtrail"].close()
            db.session.remove()
            db.engine.dispose()
            self.context.pop()
            shutil.rmtree(self.home)


def walk(folder: Path) -> None:
    migrate(f"sqlite:///{folder / 'template.db'}")
    here = type("Here", (Walk,), {"folder": folder})
    run_state_machine_as_test(here, settings=WALK)


def test_no_order_of_events_breaks_the_log(tmp_path: Path) -> None:
    walk(tmp_path)


def test_twin_a_tick_of_several_transactions_does_not_survive_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = Ledger._move

    def hasty(self: Ledger, *values: object) -> None:
        move(self, *values)  # type: ignore[arg-type]
        db.session.commit()

    monkeypatch.setattr(Ledger, "_move", hasty)
    with pytest.raises(AssertionError):
        walk(tmp_path)
