"""A witness over real HTTP: it signs what continues, and nothing else, whatever happens to it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from consent.signing import Cosigner, LogKey, ed25519, ml_dsa_44
from consent.tlog import checkpoint, merkle, note
from consent.tlog.merkle import EMPTY, Wrong
from consent.tlog.note import ML_DSA_44, parse_vkey
from consent.tlog.spelling import encode
from consent.witness import Refused, Witness, memory
from tests.conftest import START, Clock
from tests.outside import Log, Outside, cosigners
from tests.prepare import ROOT
from tests.server import free_port

ORIGIN = "consent.example.com/log"
Answer = tuple[int, str, str]


def ask(url: str, body: bytes | None = None) -> Answer:
    """Status, kind and body of a GET, or of a POST."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def add(outside: Outside, body: bytes) -> Answer:
    return ask(f"{outside.url}/add-checkpoint", body)


@pytest.fixture
def log() -> Log:
    return Log(ORIGIN, 300)


@pytest.fixture
def outside(tmp_path: Path, clock: Clock, log: Log) -> Iterator[Outside]:
    made = Outside(tmp_path / "witness", clock, "witness.example.com/w1")
    made.witness.know(log.key.verifier)
    yield made
    made.door.shut()


def test_what_continues_is_cosigned_with_the_time_and_can_be_checked_by_anybody(
    outside: Outside, log: Log, clock: Clock
) -> None:
    for old, new in ((0, 5), (5, 5), (5, 6), (6, 256), (256, 300)):
        clock.advance(seconds=1)
        status, kind, lines = add(outside, log.question(old, new))
        assert (status, kind) == (200, "text/plain; charset=utf-8")
        keys = [parse_vkey(line) for line in ask(f"{outside.url}/vkey")[2].splitlines()]
        served = f"{log.text(new)}\n{lines}"
        assert cosigners(served, keys) == keys == outside.witness.verifiers
        times = {note.cosignature_time(one) for one in note.parse(served)[1]}
        assert times == {int(clock().timestamp())}


def test_the_last_checkpoint_is_served_with_the_logs_signature_and_the_cosignatures(
    outside: Outside, log: Log
) -> None:
    address = f"{outside.url}/{memory.origin_hash(ORIGIN)}/checkpoint"
    assert ask(address)[0] == 404
    stranger = LogKey("somebody.example.com", ed25519(b"\7" * 32))
    signed = note.sign(log.text(9), [stranger, log.key])
    assert add(outside, f"old 0\n\n{signed}".encode())[0] == 200
    served = ask(address)[2]
    found = cosigners(served, [log.key.verifier, *outside.witness.verifiers])
    assert found == [log.key.verifier, *outside.witness.verifiers]
    assert stranger.name not in served  # nobody has verified that line
    assert ask(f"{outside.url}/{'A' * 64}/checkpoint")[0] == 404


def test_every_status_is_the_one_of_the_specification(outside: Outside, log: Log) -> None:
    assert add(outside, log.question(0, 100))[0] == 200
    mallory = Log(ORIGIN, 300, seed=b"\2" * 32)
    _, signed = note.parse(note.sign(log.text(100), [log.key]))
    broken = f"old 100\n\n{note.join(log.text(120), signed)}".encode()
    nobodys = note.join(log.text(120), [note.Signature(ORIGIN, b"1234", b"1" * 64)])
    empty = f"{ORIGIN}\n0\n{encode(merkle.leaf_hash(b''))}\n"
    cases = {
        "nobody knows the log": (404, Log("unknown.example.com/log", 9).question(0, 9)),
        "another key": (403, mallory.question(100, 120)),
        "a signature by nobody": (403, f"old 100\n\n{nobodys}".encode()),
        "a broken signature": (403, broken),
        "back": (400, log.question(50, 100).replace(b"old 50", b"old 101")),
        "no old size": (400, log.question(100, 120)[4:]),
        "a number with a zero": (400, log.question(100, 120).replace(b"old 100", b"old 0100")),
        "64 hashes": (400, log.question(100, 120, [b"\0" * 32] * 64)),
        "a short hash": (400, log.question(100, 120, [b"\0" * 31])),
        "no checkpoint": (400, b"old 100\n\nhello\n"),
        "not text": (400, b"\xff\xfe"),
        "nothing": (400, b""),
        "another old size": (409, log.question(99, 120)),
        "for the first time again": (409, log.question(0, 120)),
        "a bad proof": (422, log.question(100, 120, [b"\0" * 32] * 3)),
        "63 hashes": (422, log.question(100, 120, [b"\0" * 32] * 63)),
        "another root": (422, log.forked(99, 100).question(100, 100)),
        "a proof that is not needed": (422, log.question(100, 100, [b"\0" * 32])),
        "an empty tree with a root": (
            422,
            f"old 0\n\n{note.join(empty, [note.Signature(ORIGIN, b'1234', b'1' * 64)])}".encode(),
        ),
    }
    for name, (status, body) in cases.items():
        found, kind, said = add(outside, body)
        assert found == status, f"{name}: {found} {said}"
        if status == 409:
            assert (kind, said) == ("text/x.tlog.size", "100\n")
    assert add(outside, log.question(100, 120))[0] == 200
    assert ask(f"{outside.url}/add-checkpoint")[0] == 405
    assert add(outside, b"x" * (600 * 1024))[0] == 413


def test_a_proof_for_the_first_sight_and_the_empty_tree_are_answered(outside: Outside) -> None:
    log = Log(ORIGIN, 8)
    assert add(outside, log.question(3, 8))[0::2] == (409, "0\n")
    assert add(outside, log.question(0, 8, [b"\0" * 32]))[0] == 422
    assert add(outside, log.question(0, 0))[0] == 200
    assert log.text(0).splitlines()[2] == encode(EMPTY)
    assert add(outside, log.question(0, 8))[0] == 200


def test_a_fork_at_any_size_is_refused_a_hundred_times_of_a_hundred(
    outside: Outside, log: Log
) -> None:
    chance = random.Random(7)
    size, refused = 0, 0
    for _ in range(100):
        if size < 200:
            grown = size + chance.randint(1, 4)
            assert add(outside, log.question(size, grown))[0] == 200
            size = grown
        at = chance.randrange(size)
        twin = log.forked(at, size + chance.randint(0, 50))
        grown = len(twin.leaves)
        # Its own proof, that of the true tree, and none: whatever a liar may send.
        proofs = [twin.proof(size, grown), log.proof(size, min(grown, 300)), []]
        refused += add(outside, twin.question(size, grown, chance.choice(proofs)))[0] == 422
    assert refused == 100
    assert add(outside, log.question(size, 300))[0] == 200


def test_a_restart_forgets_nothing(outside: Outside, log: Log) -> None:
    add(outside, log.question(0, 40))
    keys = outside.witness.verifiers
    outside.restart()
    assert outside.witness.verifiers == keys
    assert add(outside, log.question(0, 50))[0::2] == (409, "40\n")
    assert add(outside, log.forked(20, 50).question(40, 50))[0] == 422
    assert add(outside, log.question(40, 50))[0] == 200
    assert outside.witness.logs() == [(log.key.verifier, 50)]


def test_killed_between_memory_and_answer_it_goes_on_from_what_it_remembers(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = Witness(tmp_path, "w.example.com")
    witness.know(log.key.verifier)
    witness.add(log.question(0, 10), START)

    class Dead(Witness):
        def add(self, *values: Any) -> str:
            super().add(*values)
            raise SystemExit

    with pytest.raises(SystemExit):
        Dead(tmp_path).add(log.question(10, 20), START)
    again = Witness(tmp_path)
    with pytest.raises(Refused) as refused:
        again.add(log.forked(5, 20).question(10, 20), START)
    assert (refused.value.status, refused.value.size) == (409, 20)
    assert again.add(log.question(20, 20), START)

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(memory.note, "join", die)  # before the memory is written
        with pytest.raises(SystemExit):
            again.add(log.question(20, 30), START)
    assert Witness(tmp_path).logs()[0][1] == 20


def test_of_two_who_ask_at_once_from_one_size_one_is_told_the_other(
    outside: Outside, log: Log
) -> None:
    add(outside, log.question(0, 10))
    for start in range(10, 60, 10):
        questions = [log.question(start, start + 10), log.question(start, start + 5)]
        with ThreadPoolExecutor(2) as both:
            found = [answer[0] for answer in both.map(partial(add, outside), questions)]
        assert sorted(found) == [200, 409]
        size = outside.witness.logs()[0][1]
        add(outside, log.question(size, start + 10))
        assert outside.witness.logs()[0][1] == start + 10


def test_a_log_of_others_may_have_extension_lines_and_an_ml_dsa_key(tmp_path: Path) -> None:
    private = ml_dsa_44(b"\3" * 32)
    if private is None:
        pytest.skip("this machine's OpenSSL has no ML-DSA-44")
    signer = Cosigner("go.example.com", private, START.second)
    witness = Witness(tmp_path, "w.example.com")
    witness.know(signer.verifier)
    log = Log("go.example.com", 3)
    signed = note.sign(f"{log.text(3)}extension\n", [signer])
    lines = witness.add(f"old 0\n\n{signed}".encode(), START)
    assert "go.example.com" in (witness.latest(memory.origin_hash("go.example.com")) or "")
    assert cosigners(f"{log.text(3)}extension\n\n{lines}", witness.verifiers)


def test_a_name_is_for_ever_and_the_key_of_a_witness_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Witness(tmp_path)
    with pytest.raises(ValueError, match="needs a name"):
        Witness(tmp_path, "two words")
    witness = Witness(tmp_path, "w.example.com")
    with pytest.raises(ValueError, match="for ever"):
        Witness(tmp_path, "other.example.com")
    [cosigner, *_] = witness.verifiers
    with pytest.raises(ValueError, match="of a witness"):
        witness.know(cosigner)
    assert (tmp_path / "witness.json").stat().st_mode & 0o077 == 0


def test_no_bytes_make_it_stumble(tmp_path: Path, log: Log) -> None:
    """Anything but a question is refused in words, and nothing is remembered."""
    witness, chance = Witness(tmp_path, "w.example.com"), random.Random(3)
    witness.know(log.key.verifier)
    sound = log.question(0, 100)
    for _ in range(300):
        body = bytearray(sound)
        for _ in range(chance.randint(1, 3)):
            where = chance.randrange(len(body))
            body[where : where + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        try:
            lines = witness.add(bytes(body), START)
        except Refused as refused:
            assert refused.status in (400, 403, 404, 409, 422)
        else:
            text = bytes(body).decode().partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
            assert checkpoint.parse(text).size == 100 and lines
            assert text == log.text(100)
    assert witness.logs()[0][1] in (0, 100)


@pytest.mark.slow
def test_the_commands_run_a_witness_that_needs_no_database(tmp_path: Path, log: Log) -> None:
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "PYTHONUNBUFFERED": "1",
    }
    logs = tmp_path / "logs"
    logs.write_text(f"# ours\n{log.key.verifier.vkey}\n")
    command = [sys.executable, "-m", "flask", "--app", "app", "witness"]
    run = [*command, "run", "--port", str(port), "--name", "w.example.com", "--logs", str(logs)]
    process = subprocess.Popen(
        run, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                status, _, keys = ask(f"http://127.0.0.1:{port}/vkey")
                break
            except OSError:
                time.sleep(0.1)
        assert status == 200
        answer = ask(f"http://127.0.0.1:{port}/add-checkpoint", log.question(0, 7))
        assert answer[0] == 200
        known = [parse_vkey(line) for line in keys.splitlines()]
        assert cosigners(f"{log.text(7)}\n{answer[2]}", known)
        other = Log("other.example.com/log").key.verifier.vkey
        subprocess.run([*command, "add", other], cwd=ROOT, env=environ, check=True)
        listed = subprocess.run(
            [*command, "list"], cwd=ROOT, env=environ, check=True, capture_output=True, text=True
        ).stdout
        assert f"7\t{log.key.verifier.vkey}\n" in listed and f"0\t{other}\n" in listed
        wrong = subprocess.run(
            [*command, "add", "no key"], cwd=ROOT, env=environ, capture_output=True, text=True
        )
        assert wrong.returncode == 1 and "verifier key" in wrong.stderr
    finally:
        process.terminate()
        words = process.communicate(timeout=30)[0].decode()
    assert "w.example.com answers on" in words and "Traceback" not in words
    assert not list((tmp_path / "instance").glob("*.db"))


def test_the_key_of_kind_ml_dsa_44_is_offered_where_the_library_has_it(tmp_path: Path) -> None:
    kinds = {one.kind for one in Witness(tmp_path, "w.example.com").verifiers}
    assert (ML_DSA_44 in kinds) == (ml_dsa_44(bytes(32)) is not None)
    with pytest.raises(Wrong):
        parse_vkey("w.example.com+00000000+AAAA")
