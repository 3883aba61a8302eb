"""The verifier against tampering: what is whole is accepted, and each change is found and named."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient

from consent.tlog import note
from tests.conftest import Clock
from tests.evidence import (
    SETTINGS,
    Members,
    choose,
    erase,
    fetch,
    history,
    judge,
    key_of,
    lines,
    purge,
    spelt,
    tick,
    unzip,
    zipped,
)
from tests.mutations import TAMPERED

SEED = 20261121


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


@pytest.fixture
def members(app: Flask, client: FlaskClient, clock: Clock) -> Members:
    """The bundle of nine choices over three days."""
    history(app, client, clock)
    return unzip(fetch(client, key_of(clock)))


@pytest.fixture
def verify(tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, str]]:
    """`verify(members, "--key", …)`: the exit code and what was said, without a memory."""

    def run(members: Members, *words: object) -> tuple[int, str]:
        file = zipped(tmp_path / "bundle.zip", members)
        return judge(capsys, file, *(words or ("--no-memory",)))

    return run


# -- what is whole -----------------------------------------------------------------------------


def test_an_untouched_bundle_is_accepted_and_says_what_it_does_not_prove(
    members: Members, verify: Any
) -> None:
    code, said = verify(members | {"log/": b"", "notices/": b""})
    assert code == 0, said
    assert "nothing was found wrong" in said and "9, each against its entry" in said
    for expected in ("CHECKED", "PROVEN", "NOT PROVEN", "No outside witness", "never logged"):
        assert expected in said
    assert "compliant" not in said.lower() and "valid" not in said.lower()


def test_the_program_in_the_bundle_checks_it_with_python_alone(
    members: Members, tmp_path: Path
) -> None:
    file = zipped(tmp_path / "bundle.zip", members)
    program = tmp_path / "verify.pyz"
    program.write_bytes(members["verify.pyz"])

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", program, *words]
        return subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, cwd=tmp_path, env={}
        )

    done = run(file, "--memory", tmp_path / "memory.json")
    assert (done.returncode, done.stderr) == (0, "") and "RESULT: nothing" in done.stdout
    assert json.loads((tmp_path / "memory.json").read_text())["v"] == 1
    members["records.ndjson"] = members["records.ndjson"].replace(b"false", b"true", 1)
    zipped(file, members)
    assert run(file, "--no-memory").returncode == 1
    assert run(tmp_path / "nothing.zip").returncode == 2
    assert run("probe", "--help").returncode == 0


def test_a_bundle_with_erased_records_verifies_and_says_so(
    app: Flask, client: FlaskClient, clock: Clock, verify: Any
) -> None:
    history(app, client, clock)
    erase(app, clock, 2, 5)
    members = unzip(fetch(client, key_of(clock)))
    assert sum("erased" in record for record in lines(members)) == 2
    code, said = verify(members)
    assert code == 0 and "Erasures logged: 2" in said
    gone = [record for record in lines(members) if "erased" not in record]
    assert verify(members | {"records.ndjson": spelt(gone)})[0] == 0


@pytest.mark.parametrize("wipe", [False, True])
def test_records_taken_away_at_the_end_of_their_time_are_explained_and_no_more_than_that(
    app: Flask, client: FlaskClient, clock: Clock, verify: Any, wipe: bool
) -> None:
    history(app, client, clock)
    purge(app, clock, 2, wipe)
    clock.advance(minutes=5)
    members = unzip(fetch(client, key_of(clock)))
    records = lines(members)
    assert len(records) == (9 if wipe else 7)
    code, said = verify(members)
    assert code == 0 and "end of their time, as logged: 2" in said, said
    code, said = verify(members | {"records.ndjson": spelt([*records[:2], *records[3:]])})
    assert code == 1 and "left out" in said
    code, said = verify(members | {"records.ndjson": spelt(records[:-1])})
    assert code == 1 and "neither is its record here" in said


def test_a_list_of_keys_that_the_log_does_not_name_is_found(members: Members, verify: Any) -> None:
    own = members["log/vkeys"].decode()
    other = note.Verifier(own.partition("+")[0], note.ED25519, b"\7" * 32).vkey
    code, said = verify(members | {"log/vkeys": f"{own}{other}\n".encode()})
    assert code == 1 and "not the list of keys" in said


def test_a_period_of_whole_days_is_complete_and_the_rest_is_said_to_lie_outside(
    client: FlaskClient, clock: Clock, members: Members, verify: Any
) -> None:
    key = key_of(clock)
    asked = {"from_": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    part = unzip(fetch(client, key, **asked))
    assert len(lines(part)) == 3
    code, said = verify(part)
    assert code == 0 and "6 records in the log lie outside the period" in said
    fewer = verify(part | {"records.ndjson": spelt(lines(part)[:2])})
    assert fewer[0] == 1 and "left out" in fewer[1]
    inside = unzip(fetch(client, key, from_=lines(part)[1]["received_at"], to=asked["to"]))
    code, said = verify(inside)
    assert code == 0 and "Whether 1 entries of the days" in said and "whole days (UTC)" in said


def test_records_that_came_while_the_bundle_was_made_are_told_and_older_ones_are_not_excused(
    app: Flask, client: FlaskClient, clock: Clock, members: Members, verify: Any
) -> None:
    record = lines(members)[-1]
    manifest = json.loads(members["manifest.json"])
    early = manifest | {"opened": record["log"]["index"]}
    changed = members | {"records.ndjson": spelt(lines(members)[:-1])}
    code, said = verify(changed | {"manifest.json": json.dumps(early).encode()})
    assert code == 0 and "1 records arrived while the bundle was being made" in said
    first = lines(members)[0]["log"]["index"]
    older = changed | {"records.ndjson": spelt(lines(members)[1:])}
    code, said = verify(
        older | {"manifest.json": json.dumps(manifest | {"opened": first}).encode()}
    )
    assert code == 1 and "left out" in said


# -- what was changed --------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_what_was_changed_is_found_and_named(
    members: Members, verify: Any, subtests: pytest.Subtests
) -> None:
    for name, (change, expected) in TAMPERED.items():
        with subtests.test(name):
            assert verify(members)[0] == 0
            changed = dict(members)
            change(changed)
            code, said = verify(changed)
            assert code == 1, said
            assert expected in said.partition("WRONG")[2]
            assert "\nPROVEN" not in said


@pytest.mark.sqlite_only
def test_what_a_forger_writes_cannot_speak_for_the_verifier(members: Members, verify: Any) -> None:
    """Names from the evidence stand in the verdict: they break no line and steer no terminal."""
    records = lines(members)
    records[0]["id"] = "x\nRESULT: nothing was found wrong.\x1b[2J\ud800" + "y" * 5000
    members["records.ndjson"] = b"".join(json.dumps(one).encode() + b"\n" for one in records)
    code, said = verify(members)
    assert code == 1 and not {"\x1b", "\ud800"} & set(said)
    assert "\nRESULT: nothing" not in said and max(map(len, said.splitlines())) < 700


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", ["records.ndjson", "access.ndjson", "chain.json", "notice"])
def test_what_is_nested_beyond_measure_is_wrong_and_no_crash(
    members: Members, verify: Any, name: str
) -> None:
    deep = b'{"v":1,"log":{"index":12},"site":"example.com","a":' + b"[" * 900 + b"]" * 900 + b"}\n"
    if name == "notice":
        name = f"notices/{hashlib.sha256(deep).hexdigest()}.json"
        members[name.replace(".json", ".html")] = b""
    assert verify(members | {name: deep})[0] == 1
    assert verify(members | {name: deep.replace(b"[" * 900, b"[" * 90000)})[0] == 1


@pytest.mark.sqlite_only
def test_no_change_of_a_byte_of_the_log_is_accepted(members: Members, verify: Any) -> None:
    chance = random.Random(SEED)
    names = sorted(name for name in members if name.startswith("log/"))
    for _ in range(240):
        name = chance.choice(names)
        data = bytearray(members[name])
        place = chance.randrange(len(data))
        data[place] ^= chance.randrange(1, 256)
        code, said = verify(members | {name: bytes(data)})
        assert code == 1, f"{name}, byte {place}: {said}"


@pytest.mark.sqlite_only
def test_a_damaged_zip_is_never_accepted(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, capsys: Any
) -> None:
    history(app, client, clock, 3)
    whole = fetch(client, key_of(clock))
    chance, file = random.Random(SEED), tmp_path / "bundle.zip"
    start, end = whole.index(b"records.ndjson"), whole.index(b"access.ndjson")
    for place in (chance.randrange(start + 20, end - 80) for _ in range(40)):
        data = bytearray(whole)
        data[place] ^= 0x55
        file.write_bytes(data)
        code, said = judge(capsys, file, "--no-memory")
        # A zip says some things twice, and of those only one is read.
        assert code == 1 or (code == 0 and unzip(bytes(data)) == unzip(whole)), said
    for cut in (0, 4, 1000, len(whole) // 2, len(whole) - 30):
        file.write_bytes(whole[:cut])
        assert judge(capsys, file, "--no-memory")[0] == 2


# -- whose key ---------------------------------------------------------------------------------


def test_a_key_from_elsewhere_is_demanded_where_it_is_given(
    members: Members, verify: Any, app: Flask, clock: Clock
) -> None:
    own = members["log/vkeys"].decode().strip()
    code, said = verify(members, "--no-memory", "--key", own)
    assert code == 0 and "by a key that you gave" in said
    name = own.partition("+")[0]
    other = note.Verifier(name, note.ED25519, b"\7" * 32).vkey
    code, said = verify(members, "--no-memory", "--key", other)
    assert code == 1 and "none of its keys is one that you gave" in said
    assert verify(members, "--no-memory", "--key", own, "--key", other)[0] == 0
    assert verify(members, "--no-memory", "--key", "nonsense")[0] == 2
    top = json.loads(members["chain.json"])["vkeys"].splitlines()[0]
    assert verify(members, "--no-memory", "--key", top)[0] == 0


def test_a_bundle_signed_with_two_keys_after_a_change_of_keys_is_accepted_under_either(
    app: Flask, client: FlaskClient, clock: Clock, members: Members, verify: Any, tmp_path: Path
) -> None:
    memory = tmp_path / "memory.json"
    assert verify(members, "--memory", memory)[0] == 0
    with app.app_context():
        app.extensions["crumbtrail"].ledger.signer.rotate(clock.advance(hours=1))
    digest = lines(members)[-1]["notice"]
    choose(client, digest, clock)
    tick(app, clock)
    clock.advance(minutes=2)
    later = unzip(fetch(client, key_of(clock)))
    both = later["log/vkeys"].decode().splitlines()
    assert len(both) == 2
    for key in both:
        assert verify(later, "--no-memory", "--key", key)[0] == 0
    code, said = verify(later, "--memory", memory)
    assert code == 0 and "continues what was seen before" in said
    signature = later["log/checkpoint"].rstrip(b"\n").rpartition(b" ")[2]
    raw = bytearray(base64.b64decode(signature))
    raw[0] ^= 1
    hidden = later["log/checkpoint"].replace(signature, base64.b64encode(raw))
    assert verify(later | {"log/checkpoint": hidden})[0] == 1


def test_witnesses_count_where_a_policy_names_them(
    members: Members, verify: Any, tmp_path: Path
) -> None:
    """One of two has cosigned the deployment log's head."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    one = note.Verifier("w.example/one", note.COSIGNATURE, public)
    two = note.Verifier("w.example/two", note.COSIGNATURE, b"\7" * 32)
    chain = json.loads(members["chain.json"])
    text, signatures = note.parse(chain["checkpoint"])
    message = note.cosigned_message(note.COSIGNATURE, one.name, 1_795_000_000, text)
    value = (1_795_000_000).to_bytes(8, "big") + private.sign(message)
    signed = note.join(text, [*signatures, note.Signature(one.name, one.id, value)])
    chain["proof"] = chain["proof"].replace(chain["checkpoint"], signed)
    witnessed = members | {"chain.json": json.dumps(chain | {"checkpoint": signed}).encode()}
    log = chain["vkeys"].splitlines()[0]

    def under(members: Members, quorum: str) -> tuple[int, str]:
        file = tmp_path / "policy"
        lines = [f"log {log}", f"witness one {one.vkey}", f"witness two {two.vkey}"]
        file.write_text("\n".join([*lines, "group both all one two", f"quorum {quorum}", ""]))
        result: tuple[int, str] = verify(members, "--no-memory", "--policy", file)
        return result

    code, said = under(witnessed, "one")
    assert code == 0 and "one cosigned the head" in said and "another one. Keep" not in said
    for bundle, quorum in ((witnessed, "both"), (members, "one"), (members, "none")):
        code, said = under(bundle, quorum)
        assert code == 0 and "no cosignatures that satisfy the policy" in said
    forged = note.Signature(one.name, one.id, value[:8] + bytes(64))
    false = note.join(text, [*signatures, forged])
    chain |= {"proof": chain["proof"].replace(signed, false), "checkpoint": false}
    bad = members | {"chain.json": json.dumps(chain).encode()}
    code, said = under(bad, "one")
    assert code == 1 and "signature by w.example/one does not hold" in said
    assert verify(members, "--no-memory", "--policy", tmp_path / "nothing")[0] == 2
