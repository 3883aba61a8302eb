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
from flask import Flask
from flask.testing import FlaskClient

from consent.tlog import note, tiles
from consent.verify import page
from tests.conftest import Clock
from tests.evidence import (
    SETTINGS,
    SITE,
    Members,
    choose,
    erase,
    fetch,
    history,
    judge,
    key_of,
    lines,
    spelt,
    tick,
    unzip,
    zipped,
)

ENTRIES = "log/tile/entries/000.p/{}"
STRANGER = "example.com+00000000+AQ=="
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


def entries_of(members: Members) -> tuple[str, list[bytes]]:
    name = next(name for name in members if name.startswith("log/tile/entries/"))
    return name, tiles.unpack_entries(members[name])


# -- what is whole -----------------------------------------------------------------------------


def test_an_untouched_bundle_is_accepted_and_says_what_it_does_not_prove(
    members: Members, verify: Any
) -> None:
    code, said = verify(members)
    assert code == 0, said
    assert "nothing was found wrong" in said and "9, each against its entry" in said
    for expected in ("CHECKED", "PROVEN", "NOT PROVEN", "no outside witness", "never logged"):
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


def edit(number: int, **changes: Any) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        records = lines(members)
        records[number] |= changes
        members["records.ndjson"] = spelt(records)

    return change


def reorder(order: Callable[[list[Any]], list[Any]]) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        members["records.ndjson"] = spelt(order(lines(members)))

    return change


def relog(order: Callable[[list[bytes]], list[bytes]], resize: bool = False) -> Any:
    def change(members: Members) -> None:
        name, entries = entries_of(members)
        changed = order(entries)
        del members[name]
        new = ENTRIES.format(len(changed)) if resize else name
        members[new] = tiles.pack_entries(changed)

    return change


def other_salt(members: Members) -> None:
    records = lines(members)
    records[0]["log"]["salt"] = "0" * 32
    members["records.ndjson"] = spelt(records)


def consent_in(entries: list[bytes]) -> int:
    return next(n for n, entry in enumerate(entries) if b'"k":"consent"' in entry)


def other_commitment(entries: list[bytes]) -> list[bytes]:
    place, log = consent_in(entries), list(entries)
    log[place] = log[place].replace(log[place][6:10], b"0000")
    return log


def other_day(entries: list[bytes]) -> list[bytes]:
    place, log = consent_in(entries), list(entries)
    log[place] = log[place].replace(b"2026-", b"2025-")
    return log


def replace(name: str, old: bytes, new: bytes) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        assert old in members[name]
        members[name] = members[name].replace(old, new, 1)

    return change


def without(name: str) -> Callable[[Members], None]:
    return lambda members: [members.pop(one) for one in list(members) if one.startswith(name)][:0]


def without_visitor(members: Members) -> None:
    records = lines(members)
    victim = records[1]["visitor"]
    kept = [record for record in records if record["visitor"] != victim]
    assert 0 < len(kept) < len(records)
    members["records.ndjson"] = spelt(kept)


def other_notice(members: Members) -> None:
    name = next(name for name in members if name.endswith(".json") and "notices/" in name)
    members[name] = members[name].replace(b"Example Ltd", b"Another Ltd")


def smuggled_notice(members: Members) -> None:
    name = next(name for name in members if name.endswith(".json") and "notices/" in name)
    body = members[name].replace(b"Example Ltd", b"Another Ltd")
    digest = hashlib.sha256(body).hexdigest()
    members[f"notices/{digest}.json"] = body
    members[f"notices/{digest}.html"] = page.render(json.loads(body), digest)


def other_page(members: Members) -> None:
    name = next(name for name in members if name.endswith(".html"))
    members[name] = members[name].replace(b"Example Ltd", b"Another Ltd")


def faked_erasure(members: Members) -> None:
    records = lines(members)
    kept = {"v": 1, "id": records[3]["id"], "site": SITE, "erased": True}
    records[3] = kept | {"log": records[3]["log"] | {"salt": None}}
    members["records.ndjson"] = spelt(records)


def changed_act(members: Members) -> None:
    acts = lines(members, "access.ndjson")
    place = next(n for n, act in enumerate(acts) if act["salt"])
    acts[place]["actor"] = "somebody@else.example"
    members["access.ndjson"] = spelt(acts)


def fewer_acts(members: Members) -> None:
    acts = lines(members, "access.ndjson")
    members["access.ndjson"] = spelt(acts[1:])


def unlogged(members: Members) -> None:
    extra = lines(members)[0] | {"log": None}
    members["records.ndjson"] += spelt([extra])


TAMPERED: dict[str, tuple[Callable[[Members], Any], str]] = {
    "a grant in a record": (edit(4, categories={"statistics": True}), "it was changed"),
    "a salt": (other_salt, "it was changed"),
    "the time of a record": (edit(0, received_at="2026-11-21T10:00:09.000Z"), "was changed"),
    "the site of a record": (edit(0, site="other.example"), "another site"),
    "a field more": (edit(2, note="x"), "it was changed"),
    "a float": (edit(2, layer=1.5), "cannot be what was committed to"),
    "a record removed": (reorder(lambda r: r[:3] + r[4:]), "A record was left out"),
    "the last record removed": (reorder(lambda r: r[:-1]), "A record was left out"),
    "all records removed": (reorder(lambda r: []), "A record was left out"),
    "a record twice": (reorder(lambda r: [*r[:2], r[1], *r[2:]]), "out of order, or here twice"),
    "two records swapped": (reorder(lambda r: [r[1], r[0], *r[2:]]), "out of order"),
    "a record moved": (
        reorder(lambda r: [r[0] | {"log": r[0]["log"] | {"index": 0}}, *r[1:]]),
        "added or moved",
    ),
    "a record beyond the log": (
        reorder(lambda r: [*r, r[0] | {"log": r[0]["log"] | {"index": 999}}]),
        "where the log has ended",
    ),
    "a record outside the log": (unlogged, "is not in the log"),
    "a visitor left out": (without_visitor, "A record was left out"),
    "an erasure that no entry tells of": (faked_erasure, "marked as erased"),
    "no record file": (without("records.ndjson"), "records.ndjson is missing"),
    "a line that is no JSON": (replace("records.ndjson", b'"v"', b"v"), "is not JSON"),
    "a half line": (lambda m: m.update({"records.ndjson": m["records.ndjson"][:-9]}), "line 9"),
    "an entry changed": (relog(other_commitment), "another commitment than the record names"),
    "the day of an entry": (relog(other_day), "which is not its place"),
    "an entry dropped": (relog(lambda e: e[:5] + e[6:]), "entries and not"),
    "an entry added": (relog(lambda e: [*e, e[0]]), "entries and not"),
    "two entries swapped": (relog(lambda e: [e[1], e[0], *e[2:]]), "do not make the root"),
    "an entry doubled for another": (relog(lambda e: [e[1], *e[1:]]), "do not make the root"),
    "the tail truncated": (relog(lambda e: e[:-3], resize=True), "is missing"),
    "the entries gone": (without("log/tile"), "is missing"),
    "a file more": (lambda m: m.update({"notes.txt": b"hello"}), "holds notes.txt"),
    "a tile more": (lambda m: m.update({"log/tile/entries/009": b""}), "tile/entries/009"),
    "the size in the checkpoint": (replace("log/checkpoint", b"\n3", b"\n2"), "does not hold"),
    "no signature": (
        lambda m: m.update({"log/checkpoint": m["log/checkpoint"].split(b"\n\n")[0] + b"\n\n"}),
        "The log",
    ),
    "no keys": (without("log/vkeys"), "log/vkeys is missing"),
    "the head in the deployment log": (replace("chain.json", b'"n', b'"m'), "deployment log"),
    "no chain": (without("chain.json"), "chain.json is missing"),
    "a notice": (other_notice, "was changed: its SHA-256"),
    "a notice that was never published": (smuggled_notice, "is not in the log"),
    "the page of a notice": (other_page, "does not show what"),
    "no notices": (without("notices/"), "is missing"),
    "the rules": (replace("regimes.yaml", b"opt-in", b"opt-on"), "regimes.yaml was changed"),
    "the list of rules": (replace("regimes.json", b'"entry": ', b'"entry": 1'), "other tables"),
    "an act": (changed_act, "it was changed or added"),
    "an act left out": (fewer_acts, "not in access.ndjson"),
    "the period": (
        replace("manifest.json", b'"from": null', b'"from": "x"'),
        "a time that is none",
    ),
    "the period cut": (
        replace("manifest.json", b'"to": null', b'"to": "2026-11-22T00:00:00.000Z"'),
        "which is not its place",
    ),
    "the site": (replace("manifest.json", b"example.com", b"example.org"), "another site"),
    "no manifest": (without("manifest.json"), "manifest.json is missing"),
}


@pytest.mark.parametrize("name", TAMPERED)
@pytest.mark.sqlite_only
def test_what_was_changed_is_found_and_named(members: Members, verify: Any, name: str) -> None:
    change, expected = TAMPERED[name]
    assert verify(members)[0] == 0
    change(members)
    code, said = verify(members)
    assert code == 1, said
    assert expected in said.partition("WRONG")[2]
    assert "\nPROVEN" not in said


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
