"""Our log before its witnesses: cosigned when they do, unharmed when they do not."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from consent import config, ledger
from consent.db import db
from consent.ledger import Ledger, run, running, witnessing
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head
from consent.ledger.witnessing import Answer, over_http
from consent.signing import Cosigner, ed25519
from consent.tlog import checkpoint, note, proof
from consent.tlog.note import Verifier, parse_vkey
from consent.waiting import DEPLOYMENT
from tests.acts import SECRET, choice_body, make_site, post_choice
from tests.conftest import START, Clock
from tests.databases import Databases, lent
from tests.outside import Crooked, Outside, cosigners

SITE = "example.com"
MINE = {"Authorization": f"Visitor {SECRET}"}
NAMES = ("w1.example.com", "w2.example.com", "w3.example.com")


def policy(folder: Path, quorum: str, *lines: tuple[str, Verifier, str]) -> str:
    """A file with these witnesses; `quorum` is a witness, or how many of them."""
    file = folder / f"policy-{quorum}-{len(lines)}"
    spelt = [f"witness {name} {key.vkey} {url}" for name, key, url in lines]
    if quorum.isdigit():
        spelt.append(f"group all-of-them {quorum} {' '.join(name for name, _, _ in lines)}")
        quorum = "all-of-them"
    file.write_text("\n".join([*spelt, f"quorum {quorum}", ""]))
    return str(file)


class Deployer:
    """One installation, as a stranger, a visitor and its own ledger see it."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock, self.client = app, clock, app.test_client()
        self.digest = make_site(app, clock(), publish_log=True).digest

    @property
    def ledger(self) -> Ledger:
        found: Ledger = self.app.extensions["crumbtrail"].ledger
        return found

    def keys(self) -> list[Verifier]:
        lines = self.client.get("/log/vkeys").text.splitlines()
        return [parse_vkey(line) for line in lines]

    def choose(self) -> dict[str, Any]:
        """A choice, acknowledged, and a tick; nobody outside is asked."""
        reply = post_choice(self.client, SITE, choice_body(self.digest, self.clock()))
        assert reply.status_code == 201, reply.text
        with self.app.app_context():
            assert self.ledger.tick(self.clock.advance(seconds=1)).added >= 1
        answer: dict[str, Any] = reply.get_json()
        return answer

    def witness(self) -> None:
        with self.app.app_context():
            self.ledger.witness(self.clock())

    def served(self) -> str:
        """The deployment's checkpoint; its own signature holds."""
        text = self.client.get("/log/checkpoint").text
        note.open_note(text, self.keys())
        return text

    def size(self) -> int:
        return checkpoint.parse(note.parse(self.served())[0]).size

    def foreign(self) -> set[str]:
        """The names under the served checkpoint that are not the log's own."""
        own = {key.name for key in self.keys()}
        return {line.name for line in note.parse(self.served())[1]} - own


@pytest.fixture
def witnesses(tmp_path: Path, clock: Clock) -> Iterator[list[Outside]]:
    """Three witnesses, running; they know nobody yet."""
    made = [Outside(tmp_path / name, clock, name) for name in NAMES]
    yield made
    for one in made:
        one.door.shut()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow, and so are witnesses on it: only who is late on purpose is late."""
    monkeypatch.setattr(witnessing, "PATIENCE_S", 60.0)


@pytest.fixture
def deploy(make_app: Callable[..., Flask], clock: Clock) -> Callable[..., Deployer]:
    def make(*known_to: Outside, **environ: str) -> Deployer:
        app = make_app(RATE_CLIENT="0", RATE_SITE="0", **environ)
        made = Deployer(app, clock)
        for outside in known_to:
            for key in made.keys():
                outside.witness.know(key)
        return made

    return make


def lines_of(witnesses: list[Outside]) -> list[tuple[str, Verifier, str]]:
    return [(f"w{n}", one.key, one.url) for n, one in enumerate(witnesses, 1)]


# -- witnesses that do what they should --------------------------------------------------------


def test_the_served_checkpoint_and_receipts_carry_the_cosignatures_of_the_quorum(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "2", *lines_of(witnesses)))
    keys = [one.key for one in witnesses]
    for _ in range(3):
        made = mine.choose()
        assert mine.foreign() == set()
        mine.witness()
        assert cosigners(mine.served(), keys) == keys
        assert mine.ledger.alarms == {}
        chain = mine.client.get(made["receipt"], headers=MINE).get_json()["proof"]["chain"]
        found = proof.parse(chain["proof"])
        assert cosigners(found.checkpoint, keys) == keys
        proof.verify(found, chain["entry"].encode(), mine.keys(), mine.keys()[0].name)
    assert [one.witness.logs()[0][1] for one in witnesses] == [mine.size()] * 3
    with mine.app.app_context():
        assert list(fsck(mine.ledger.signer, mine.clock())) == []


def test_two_deployers_witness_each_other(
    deploy: Callable[..., Deployer],
    witnesses: list[Outside],
    databases: Databases,
    tmp_path: Path,
    clock: Clock,
) -> None:
    ours, theirs, _ = witnesses
    with lent(databases) as url:
        one = deploy(
            theirs,
            BASE_URL="https://one.example.com",
            WITNESS_POLICY=policy(tmp_path, "w2", ("w2", theirs.key, theirs.url)),
        )
        two = deploy(
            ours,
            BASE_URL="https://two.example.com",
            DATABASE_URL=url,
            INSTANCE_PATH=str(tmp_path / "two"),
            WITNESS_POLICY=policy(tmp_path, "w1", ("w1", ours.key, ours.url)),
        )
        for _ in range(2):
            one.choose()
            two.choose()
            one.witness()
            two.witness()
        assert cosigners(one.served(), [theirs.key]) == [theirs.key]
        assert cosigners(two.served(), [ours.key]) == [ours.key]
        with two.app.app_context():
            db.session.remove()
            db.engine.dispose()


def test_nobody_is_asked_again_until_the_head_moves(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "3", *lines_of(witnesses)))
    asked: list[str] = []
    known = mine.ledger.witnessing
    assert known is not None

    def ask(address: str, body: bytes) -> Answer:
        asked.append(address)
        return over_http(address, body)

    known.ask = ask
    mine.choose()
    for _ in range(3):
        mine.witness()
    assert len(asked) == 3
    mine.choose()
    mine.witness()
    assert len(asked) == 6


def test_after_a_restart_the_size_is_learnt_from_the_witness(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    w1 = witnesses[0]
    environ = {"WITNESS_POLICY": policy(tmp_path, "w1", *lines_of([w1]))}
    mine = deploy(w1, **environ)
    mine.choose()
    mine.witness()
    w1.restart()
    known = mine.ledger.witnessing
    assert known is not None
    mine.ledger.witnessing = ledger.Witnessing(known.policy)
    mine.choose()
    mine.witness()
    assert mine.foreign() == {w1.key.name}
    assert mine.ledger.witnessing.sizes == {"w1": mine.size()}


def test_a_cosignature_is_never_put_under_another_checkpoint(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    """The log grows while the witness thinks."""
    w1 = witnesses[0]
    mine = deploy(w1, WITNESS_POLICY=policy(tmp_path, "w1", *lines_of([w1])))
    mine.choose()
    known = mine.ledger.witnessing
    assert known is not None
    grown = threading.Event()

    def ask(address: str, body: bytes) -> Answer:
        answer = over_http(address, body)
        if not grown.is_set():
            grown.set()
            mine.choose()
        return answer

    known.ask = ask
    mine.witness()
    assert grown.is_set() and mine.foreign() == set()
    mine.witness()
    assert cosigners(mine.served(), [w1.key]) == [w1.key]


def test_one_of_three_may_be_down_and_comes_back_later(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "2", *lines_of(witnesses)))
    witnesses[2].door.shut()
    mine.choose()
    mine.witness()
    assert mine.foreign() == {NAMES[0], NAMES[1]}
    mine.clock.advance(minutes=5)
    mine.witness()
    assert mine.ledger.alarms == {}
    witnesses[2].door.open()
    mine.witness()
    assert mine.foreign() == set(NAMES)


# -- witnesses that do not ---------------------------------------------------------------------

CROOKED = Cosigner("w1.example.com", ed25519(b"\5" * 32), int(START.timestamp()))
STRANGER = Cosigner("w1.example.com", ed25519(b"\6" * 32), int(START.timestamp()))
PLAIN = "text/plain"
SIZE = "text/x.tlog.size"


def cosigned(text: str, by: Cosigner = CROOKED) -> bytes:
    return note.sign(text, [by]).removeprefix(f"{text}\n").encode()


def text_of(body: bytes) -> str:
    return note.parse(body.partition(b"\n\n")[2])[0]


def other(body: bytes, **what: Any) -> str:
    return checkpoint.text(replace(checkpoint.parse(text_of(body)), **what))


def honest(body: bytes) -> tuple[int, str, bytes]:
    return 200, PLAIN, cosigned(text_of(body))


def bad_signature(body: bytes) -> tuple[int, str, bytes]:
    text = text_of(body)
    [line] = note.parse(note.sign(text, [CROOKED]))[1]
    spoilt = replace(line, value=line.value[:-1] + bytes([line.value[-1] ^ 1]))
    return 200, PLAIN, note.join(text, [spoilt]).removeprefix(f"{text}\n").encode()


def late(body: bytes) -> tuple[int, str, bytes]:
    time.sleep(3)
    return honest(body)


def of_size(size: int) -> Callable[[bytes], tuple[int, str, bytes]]:
    return lambda _: (409, SIZE, b"%d\n" % size)


def status(number: int) -> Callable[[bytes], tuple[int, str, bytes]]:
    return lambda body: (number, PLAIN, honest(body)[2])


LIES = {
    "a bad signature": (bad_signature, "its signature does not hold"),
    "another size": (
        lambda body: (200, PLAIN, cosigned(other(body, size=99))),
        "its signature does not hold",
    ),
    "another root": (
        lambda body: (200, PLAIN, cosigned(other(body, root=b"\1" * 32))),
        "its signature does not hold",
    ),
    "another origin": (
        lambda body: (200, PLAIN, cosigned(other(body, origin="other.example.com/log"))),
        "its signature does not hold",
    ),
    "another key": (
        lambda body: (200, PLAIN, cosigned(text_of(body), STRANGER)),
        "has not signed with the key",
    ),
    "no lines": (lambda _: (200, PLAIN, b""), "has not signed with the key"),
    "no signature": (lambda _: (200, PLAIN, b"<html>\n"), "no signature"),
    "bytes": (lambda _: (200, PLAIN, b"\xff\0" * 99), "no signature"),
    "too much": (lambda _: (200, PLAIN, b"x" * 10**6), "no signature"),
    "409 for ever": (of_size(1), "another size each time"),
    "409 from the start for ever": (of_size(0), "another size each time"),
    "409 beyond the log": (of_size(10**6), "remembers 1000000 entries"),
    "409 without a number": (lambda _: (409, SIZE, b"many\n"), "a size that is none"),
    "409 of another kind": (lambda _: (409, PLAIN, b"1\n"), "no size"),
    "422": (status(422), "does not continue"),
    "404": (status(404), "does not know this log"),
    "403": (status(403), "does not accept the signature"),
    "500": (status(500), "status 500"),
    "a redirect": (status(302), "status 302"),
    "slow": (late, "within 2 seconds"),
}


@pytest.fixture
def crooked() -> Iterator[Crooked]:
    made = Crooked(honest)
    yield made
    made.door.shut()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("lie", LIES)
def test_a_witness_that_fails_us_harms_nothing_is_named_and_is_never_published(
    lie: str,
    deploy: Callable[..., Deployer],
    crooked: Crooked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crooked.answer, words = LIES[lie]
    if crooked.answer is late:
        monkeypatch.setattr(witnessing, "PATIENCE_S", 2.0)
    mine = deploy(
        WITNESS_POLICY=policy(tmp_path, "w1", ("w1", CROOKED.verifier, crooked.url)),
    )
    mine.choose()
    mine.witness()
    assert crooked.asked in (1, 2)
    assert mine.foreign() == set() and mine.ledger.alarms == {}
    mine.clock.advance(seconds=61)
    made = mine.choose()
    mine.witness()
    assert mine.foreign() == set()
    assert words in mine.ledger.alarms["witness"] and "w1 " in mine.ledger.alarms["witness"]
    assert mine.client.get("/readyz").get_json()["warnings"]["witness"]
    receipt = mine.client.get(made["receipt"], headers=MINE).get_json()
    assert receipt["proof"] is not None
    crooked.answer = honest
    for _ in range(30):  # asked each second as in life: it may still owe an answer, or be held up
        mine.witness()
        if mine.foreign():
            break
        time.sleep(1)
    assert mine.foreign() == {"w1.example.com"} and mine.ledger.alarms == {}


@pytest.mark.sqlite_only
def test_a_witness_that_is_down_raises_the_alarm_after_a_minute_and_its_return_ends_it(
    deploy: Callable[..., Deployer], crooked: Crooked, tmp_path: Path
) -> None:
    mine = deploy(WITNESS_POLICY=policy(tmp_path, "w1", ("w1", CROOKED.verifier, crooked.url)))
    crooked.door.shut()
    for seconds in (0, 30, 29):
        mine.clock.advance(seconds=seconds)
        mine.witness()
        mine.choose() if seconds == 0 else None
        mine.witness()
        assert mine.ledger.alarms == {}
    mine.clock.advance(seconds=3)
    mine.choose()
    mine.witness()
    assert "cannot be reached" in mine.ledger.alarms["witness"]
    assert mine.ledger.stopped is None
    crooked.door.open()
    mine.witness()
    assert mine.ledger.alarms == {} and mine.foreign() == {"w1.example.com"}


@pytest.mark.sqlite_only
def test_a_liar_among_honest_witnesses_is_left_out(
    deploy: Callable[..., Deployer], witnesses: list[Outside], crooked: Crooked, tmp_path: Path
) -> None:
    crooked.answer = bad_signature
    some = [*lines_of(witnesses[1:]), ("liar", CROOKED.verifier, crooked.url)]
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "2", *some))
    mine.choose()
    mine.witness()
    assert mine.foreign() == {NAMES[1], NAMES[2]}
    with mine.app.app_context():
        words = [one.words for one in ledger.protection(mine.ledger, mine.clock())]
    assert any("2 of 3 witnesses" in one for one in words)


def test_database_and_signer_put_back_together_are_found_by_the_witness(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    """What nothing inside can notice: the whole machine as it was, and a new history from there."""
    w1 = witnesses[0]
    mine = deploy(w1, WITNESS_POLICY=policy(tmp_path, "w1", *lines_of([w1])))
    mine.choose()
    folder = mine.ledger.signer.folder
    shutil.copytree(folder, tmp_path / "backup")
    with mine.app.app_context():
        saved = {
            table.name: [dict(row) for row in db.session.execute(select(table)).mappings()]
            for table in db.metadata.sorted_tables
        }
        db.session.rollback()
    mine.choose()
    mine.choose()
    mine.witness()
    size = mine.size()
    with mine.app.app_context():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        for table in db.metadata.sorted_tables:
            if saved[table.name]:
                db.session.execute(table.insert(), saved[table.name])
        db.session.commit()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "backup", folder)
    with mine.app.app_context():
        mine.ledger.tick(mine.clock.advance(seconds=1))
    assert mine.ledger.stopped is None and mine.size() < size
    mine.witness()
    mine.clock.advance(seconds=61)
    mine.witness()
    assert f"remembers {size} entries" in mine.ledger.alarms["witness"]
    while mine.size() <= size:
        mine.choose()
    mine.witness()
    assert "does not continue" in mine.ledger.alarms["witness"]
    assert mine.foreign() == set()


@pytest.mark.sqlite_only
def test_a_witness_that_hangs_holds_up_neither_choices_nor_ticks(
    deploy: Callable[..., Deployer],
    crooked: Crooked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = threading.Event()

    def hang(body: bytes) -> tuple[int, str, bytes]:
        free.wait(300)
        return honest(body)

    crooked.answer = hang
    monkeypatch.setattr(running, "TICK_S", 0.02)
    monkeypatch.setattr(running, "EVERY_S", 0.02)
    monkeypatch.setattr(witnessing, "PATIENCE_S", 600.0)  # who waits for it, waits too long
    mine = deploy(WITNESS_POLICY=policy(tmp_path, "w1", ("w1", CROOKED.verifier, crooked.url)))
    stop = threading.Event()
    work = threading.Thread(
        target=run, args=(mine.ledger, mine.app.app_context, mine.clock, stop), daemon=True
    )
    work.start()
    for _ in range(10):
        begun = time.monotonic()
        mine.clock.advance(seconds=1)
        made = post_choice(mine.client, SITE, choice_body(mine.digest, mine.clock())).get_json()
        while not mine.client.get(made["receipt"], headers=MINE).get_json()["proof"]:
            assert time.monotonic() - begun < 100  # the witness hangs for 300
            time.sleep(0.01)
    assert crooked.asked == 1  # slow ones never pile up
    free.set()
    end = time.monotonic() + 60
    while mine.foreign() != {"w1.example.com"}:
        assert time.monotonic() < end
        time.sleep(0.05)
    stop.set()
    work.join(10)
    assert not work.is_alive()


# -- what is said ------------------------------------------------------------------------------


def test_how_far_the_log_can_be_believed_is_said_in_plain_words(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    alone = deploy(INSTANCE_PATH=str(tmp_path / "alone"))
    with alone.app.app_context():
        key, disks, outside = ledger.protection(alone.ledger, alone.clock())
        apart = db.engine.url.get_backend_name() != "sqlite"
    assert key.good and "signed" in key.words
    assert disks.good is apart and ("apart" if apart else "one disk") in disks.words
    assert not outside.good and "rewrite its whole history" in outside.words


def test_the_witnesses_are_counted_with_the_time_of_the_last(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "2", *lines_of(witnesses)))

    def said() -> ledger.Guard:
        with mine.app.app_context():
            return ledger.protection(mine.ledger, mine.clock())[2]

    assert not said().good and "0 of 3" in said().words
    mine.choose()
    mine.witness()
    assert said().good and "3 of 3" in said().words and "2026-11-21 10:00 UTC" in said().words
    mine.choose()
    assert said().good and "on its way" in said().words
    witnesses[0].door.shut()
    witnesses[1].door.shut()
    mine.clock.advance(minutes=2)
    mine.witness()
    assert (
        not said().good
        and "0 of 3" in said().words
        and "last at 2026-11-21 10:00 UTC" in said().words
    )
    assert "w1 cannot be reached" in said().words
    witnesses[0].door.open()
    witnesses[1].door.open()


def test_a_note_that_somebody_changed_in_the_database_breaks_no_page(
    deploy: Callable[..., Deployer], witnesses: list[Outside], tmp_path: Path
) -> None:
    mine = deploy(*witnesses, WITNESS_POLICY=policy(tmp_path, "2", *lines_of(witnesses)))
    mine.choose()
    with mine.app.app_context():
        db.session.execute(update(Head).where(Head.site == DEPLOYMENT).values(note="nothing"))
        db.session.commit()
    mine.witness()
    with mine.app.app_context():
        assert not ledger.protection(mine.ledger, mine.clock())[2].good


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("quorum\n", "a quorum is none"),
        ("witness w {key} ftp://w.example.com\nquorum w\n", "not http or https"),
        ("witness w {key}\nquorum w\n", "cannot satisfy it"),
        ("witness w nothing http://w.example.com\nquorum w\n", "verifier key"),
    ],
)
def test_a_policy_that_cannot_be_used_stops_the_start_with_a_sentence(
    lines: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy"
    file.write_text(lines.format(key=CROOKED.verifier.vkey))
    with pytest.raises(config.ConfigError, match=why):
        config.load({"INSTANCE_PATH": str(tmp_path), "WITNESS_POLICY": str(file)})
    with pytest.raises(config.ConfigError, match="cannot be read"):
        config.load({"INSTANCE_PATH": str(tmp_path), "WITNESS_POLICY": str(tmp_path / "none")})


def test_without_a_policy_nobody_is_asked(
    deploy: Callable[..., Deployer], client: FlaskClient
) -> None:
    mine = deploy()
    mine.choose()
    mine.witness()
    assert mine.ledger.witnessing is None and mine.ledger.alarms == {}
    assert mine.foreign() == set()
