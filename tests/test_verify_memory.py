"""What the verifier remembers, and what single visitors hold: receipts and promises."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from consent.db import db
from consent.ledger import Signer
from consent.tlog import note, tiles
from consent.tlog.checkpoint import Checkpoint, text
from consent.tlog.merkle import leaf_hash, root_of
from consent.waiting import Waiting
from tests.acts import SECRET, choice_body, post_choice
from tests.conftest import Clock
from tests.evidence import (
    OTHER,
    SETTINGS,
    SITE,
    Members,
    choose,
    fetch,
    history,
    judge,
    key_of,
    lines,
    tick,
    unzip,
    zipped,
)

MINE = {"Authorization": f"Visitor {SECRET}"}
ORIGIN = f"127.0.0.1:8000/log/{SITE}"


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


@pytest.fixture
def answers(app: Flask, client: FlaskClient, clock: Clock) -> list[dict[str, Any]]:
    return history(app, client, clock)


@pytest.fixture
def take(
    app: Flask, client: FlaskClient, clock: Clock, answers: list[Any], tmp_path: Path
) -> Callable[[str], Path]:
    """`take("a.zip")`: the bundle of now."""
    key = key_of(clock)

    def fetched(name: str) -> Path:
        return zipped(tmp_path / name, unzip(fetch(client, key)))

    return fetched


@pytest.fixture
def more(app: Flask, client: FlaskClient, clock: Clock) -> Callable[[], dict[str, Any]]:
    """One more choice, in the log, some minutes ago; the answer to it."""

    def chosen() -> dict[str, Any]:
        digest = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
        answer = choose(client, digest, clock)
        tick(app, clock)
        clock.advance(minutes=5)
        return answer

    return chosen


def paper(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps(content), "utf-8")
    return file


# -- the memory --------------------------------------------------------------------------------


def test_a_later_bundle_continues_what_was_remembered_and_an_earlier_one_does_not(
    take: Callable[[str], Path], more: Callable[[], Any], tmp_path: Path, capsys: Any
) -> None:
    first = take("first.zip")
    more()
    second = take("second.zip")
    memory = tmp_path / "memory.json"
    assert judge(capsys, first, "--memory", memory)[0] == 0
    code, said = judge(capsys, second, "--memory", memory)
    assert code == 0 and "continues what was seen before" in said
    code, said = judge(capsys, first, "--memory", memory)
    assert code == 1 and "does not continue" in said, "also where this very head was seen"
    code, said = judge(capsys, first, "--kept", "--memory", memory)
    assert code == 0 and "an older one" in said and "continues what was seen" not in said
    fresh = tmp_path / "fresh.json"
    assert judge(capsys, second, "--memory", fresh)[0] == 0
    before = fresh.read_bytes()
    code, said = judge(capsys, first, "--memory", fresh)
    assert code == 1 and "does not continue" in said and "older" in said
    assert fresh.read_bytes() == before, "nothing that is wrong is remembered"


def test_a_history_that_was_rewritten_and_signed_anew_is_found_by_who_remembers(
    app: Flask, take: Callable[[str], Path], more: Callable[[], Any], tmp_path: Path, capsys: Any
) -> None:
    """The holder of the key drops a record and signs the shorter tree, entry for entry in order."""
    memory = tmp_path / "memory.json"
    assert judge(capsys, take("first.zip"), "--memory", memory)[0] == 0
    more()
    second = take("second.zip")
    forged = zipped(tmp_path / "forged.zip", rewritten(app, unzip(second.read_bytes())))
    code, said = judge(capsys, forged, "--memory", memory)
    assert code == 1 and "its history was rewritten" in said
    assert judge(capsys, second, "--memory", memory)[0] == 0


def rewritten(app: Flask, members: Members) -> Members:
    name = next(name for name in members if name.startswith("log/tile/entries/"))
    entries = tiles.unpack_entries(members[name])
    entries[3] = entries[3].replace(b"2026-11-21", b"2026-11-20")
    members[name] = tiles.pack_entries(entries)
    head = Checkpoint(ORIGIN, len(entries), root_of([leaf_hash(entry) for entry in entries]))
    signer: Signer = app.extensions["crumbtrail"].ledger.signer
    key = signer._all_keys(app.extensions["crumbtrail"].clock())[0]
    own = key.verifier(ORIGIN)

    class By:
        name, id = own.name, own.id

        @staticmethod
        def sign(data: bytes) -> bytes:
            return key.private.sign(data)

    members["log/checkpoint"] = note.sign(text(head), [By()]).encode()
    return members


def test_a_memory_that_is_not_ours_is_left_alone_and_one_that_cannot_be_written_is_told(
    take: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    bundle, memory = take("a.zip"), tmp_path / "letter.txt"
    memory.write_text("Dear Sir or Madam")
    assert judge(capsys, bundle, "--memory", memory)[0] == 2
    assert memory.read_text() == "Dear Sir or Madam"
    code, said = judge(capsys, bundle, "--memory", tmp_path / "no" / "such" / "folder.json")
    assert code == 0 and "could not be written" in said


# -- receipts ----------------------------------------------------------------------------------


@pytest.fixture
def receipt(client: FlaskClient, answers: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(answers[0]["receipt"], headers=MINE).get_json()
    return found


@pytest.fixture
def vkey(client: FlaskClient, answers: list[Any]) -> str:
    return client.get("/log/vkeys").text.splitlines()[0]


def test_a_receipt_is_proven_under_a_key_from_elsewhere_beside_a_bundle_or_by_memory(
    receipt: dict[str, Any], vkey: str, take: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    file = paper(tmp_path, "receipt.json", receipt)
    code, said = judge(capsys, file, "--key", vkey, "--no-memory")
    assert code == 0 and f"is entry {receipt['record']['log']['index']} of the log" in said
    assert judge(capsys, file, "--no-memory")[0] == 1
    bundle, memory = take("a.zip"), tmp_path / "memory.json"
    assert judge(capsys, bundle, file, "--memory", memory)[0] == 0
    assert judge(capsys, file, "--memory", memory)[0] == 0
    other = note.Verifier("x", note.ED25519, b"\7" * 32).vkey
    assert judge(capsys, file, "--key", other, "--no-memory")[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["record"].update(action="accept_all"),
        lambda r: r["record"]["categories"].update(marketing=True),
        lambda r: r["record"]["log"].update(index=1),
        lambda r: r["record"]["log"].update(salt="0" * 32),
        lambda r: r["record"].pop("log"),
        lambda r: r["proof"].update(entry=r["proof"]["entry"] + " "),
        lambda r: r["proof"].update(proof=r["proof"]["proof"].replace("index ", "index 1", 1)),
        lambda r: r["proof"]["chain"].update(entry="{}"),
        lambda r: r["proof"].pop("chain"),
        lambda r: r["proof"]["chain"].update(proof=r["proof"]["proof"]),
        lambda r: r["record"].update(site="other.example"),
    ],
)
def test_a_receipt_that_was_changed_is_refused(
    receipt: dict[str, Any], vkey: str, tmp_path: Path, capsys: Any, change: Callable[[Any], Any]
) -> None:
    change(receipt)
    file = paper(tmp_path, "receipt.json", receipt)
    code, said = judge(capsys, file, "--key", vkey, "--no-memory")
    assert code == 1 and "WRONG" in said and "\nPROVEN" not in said


def test_a_receipt_of_another_history_than_the_bundles_is_found(
    app: Flask, receipt: dict[str, Any], take: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    file = paper(tmp_path, "receipt.json", receipt)
    forged = zipped(tmp_path / "forged.zip", rewritten(app, unzip(take("a.zip").read_bytes())))
    code, said = judge(capsys, forged, file, "--no-memory")
    assert code == 1 and "signed under another history" in said


def test_a_receipt_without_a_proof_cannot_be_checked_yet(
    client: FlaskClient, clock: Clock, answers: list[Any], tmp_path: Path, capsys: Any, vkey: str
) -> None:
    digest = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    answer = choose(client, digest, clock)
    waiting = client.get(answer["receipt"], headers=MINE).get_json()
    file = paper(tmp_path, "receipt.json", waiting)
    code, said = judge(capsys, file, "--key", vkey, "--no-memory")
    assert code == 2 and "not in the log yet" in said
    assert judge(capsys, paper(tmp_path, "x.json", {"a": 1}), "--no-memory")[0] == 2
    assert judge(capsys, tmp_path / "none.json", "--no-memory")[0] == 2


# -- promises ----------------------------------------------------------------------------------


def test_a_promise_is_checked_and_looked_up_in_the_log_of_a_bundle(
    answers: list[dict[str, Any]],
    take: Callable[[str], Path],
    vkey: str,
    tmp_path: Path,
    capsys: Any,
) -> None:
    file = paper(tmp_path, "promise.json", answers[0])
    code, said = judge(capsys, file, "--key", vkey, "--no-memory")
    assert code == 0 and "has signed that this record arrived" in said
    assert judge(capsys, take("a.zip"), file, "--no-memory")[0] == 0
    for name, value in (
        ("commitment", "0" * 64),
        ("received_at", "2026-11-21T10:00:00.000Z"),
        ("promise", None),
        ("promise", "AAAA"),
        ("receipt", "/v1/other.example/receipts/01a1fd8c-6ce8-7037-8000-000000000037"),
        ("receipt", None),
    ):
        file = paper(tmp_path, "promise.json", answers[0] | {name: value})
        assert judge(capsys, file, "--key", vkey, "--no-memory")[0] == 1, name


def test_a_promise_that_was_not_kept_is_found_and_a_young_one_is_not_yet_due(
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    answers: list[Any],
    take: Callable[[str], Path],
    tmp_path: Path,
    capsys: Any,
) -> None:
    digest = client.get(f"/v1/{SITE}/notice").get_json()["notice"]
    body = choice_body(digest, clock.advance(seconds=1), visitor=OTHER)
    answer = post_choice(client, SITE, body).get_json()
    file = paper(tmp_path, "promise.json", answer)
    clock.advance(seconds=30)
    code, said = judge(capsys, take("young.zip"), file, "--no-memory")
    assert code == 0 and "younger than this bundle" in said
    clock.advance(seconds=31)
    waiting = take("waiting.zip")
    assert len(lines(unzip(waiting.read_bytes()))) == 10
    code, said = judge(capsys, waiting, file, "--no-memory")
    assert code == 1 and "A promise was broken" in said and "is not in the log" in said
    with app.app_context():
        db.session.execute(delete(Waiting))
        db.session.commit()
    code, said = judge(capsys, take("broken.zip"), file, "--no-memory")
    assert code == 1 and "A promise was broken" in said
    assert judge(capsys, take("silent.zip"), "--no-memory")[0] == 0, "only the promise tells of it"


def test_several_files_end_with_one_verdict_over_all_of_them(
    take: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    good = take("good.zip")
    bad = zipped(tmp_path / "bad.zip", unzip(good.read_bytes()) | {"stranger": b""})
    for files, last in (
        ((good, good), "ALL FILES: nothing was found wrong."),
        ((bad, good), "ALL FILES: something is WRONG: see above."),
    ):
        _, said = judge(capsys, *files, "--no-memory")
        assert said.rstrip().endswith(last)
