"""The ledger at a terminal: run elsewhere, checked, and its key changed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent.db import db, open_sqlite
from consent.ledger import Ledger, Signer
from consent.records.rows import Row
from tests.acts import SECRET, choice_body, make_site, post_choice, refusal
from tests.conftest import Clock
from tests.prepare import ROOT
from tests.server import Reply, Server

SITE = "voipstudio.pl"


def test_fsck_says_that_all_agrees_and_names_what_does_not(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    digest = make_site(app, clock()).digest
    post_choice(client, "example.com", choice_body(digest, clock()))
    cli = app.test_cli_runner()
    ticked = cli.invoke(args=["ledger", "tick"])
    assert ticked.exit_code == 0 and "entries added" in ticked.output
    good = cli.invoke(args=["ledger", "fsck"])
    assert (good.exit_code, good.output) == (0, "Everything agrees.\n")
    with app.app_context():
        db.session.scalars(select(Row)).one().layer = 2
        db.session.commit()
    bad = cli.invoke(args=["ledger", "fsck"])
    assert bad.exit_code == 1
    assert bad.output.startswith("record of example.com at ") and "1 things" in bad.output


def test_rotating_prints_the_new_key_which_the_log_then_lists_first(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock(), publish_log=True)
    before = client.get("/log/vkeys").text.splitlines()
    clock.advance(hours=1)
    made = app.test_cli_runner().invoke(args=["ledger", "rotate"])
    assert made.exit_code == 0
    after = client.get("/log/vkeys").text.splitlines()
    assert after[0] == made.output.strip() != before[0]
    assert set(before) < set(after)


def test_there_is_nothing_to_recover_where_nothing_was_rolled_back(
    app: Flask, clock: Clock
) -> None:
    make_site(app, clock())
    cli = app.test_cli_runner()
    assert cli.invoke(args=["ledger", "tick"]).exit_code == 0
    done = cli.invoke(args=["ledger", "recover", "--yes"])
    assert (done.exit_code, done.output) == (0, "")


def test_a_server_that_does_not_integrate_sees_that_its_database_went_back(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(LEDGER="0")
    tick = [sys.executable, "-m", "flask", "--app", "app", "ledger", "tick"]
    subprocess.run(tick, cwd=ROOT, env=server.environ, check=True, capture_output=True)
    assert refuse(server).status == 201
    memory = open_sqlite(server.instance / "signer/state.db")
    memory.execute("UPDATE head SET size = size + 5")
    memory.close()
    end = time.monotonic() + 60
    while (answer := refuse(server)).status == 201 and time.monotonic() < end:
        time.sleep(0.5)
    assert (answer.status, answer.json()["error"]["code"]) == (503, "busy")
    assert "older database" in server.get("/readyz").text


def refuse(server: Server) -> Reply:
    """A refusal from a page of the demo."""
    notice = server.get(f"/v1/{SITE}/notice").json()
    body = refusal(notice, server.url + "/demo/")
    headers = {"Origin": server.url, "Content_Type": "text/plain"}
    return server.post(f"/v1/{SITE}/consents", json.dumps(body).encode(), **headers)


def test_a_ledger_elsewhere_integrates_what_a_server_without_one_stores(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(LEDGER="0")
    made = refuse(server).json()

    def proof() -> object:
        return server.get(made["receipt"], Authorization=f"Visitor {SECRET}").json()["proof"]

    time.sleep(2)
    assert proof() is None
    program = [sys.executable, "-m", "flask", "--app", "app", "ledger", "run"]
    elsewhere = subprocess.Popen(program, cwd=ROOT, env=server.environ, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + 60
        while proof() is None and time.monotonic() < end:
            time.sleep(0.2)
        assert proof() is not None
    finally:
        elsewhere.send_signal(signal.SIGINT)
        _, said = elsewhere.communicate(timeout=30)
    assert elsewhere.returncode == 0, said.decode()


@pytest.fixture
def elsewhere(app: Flask, clock: Clock, tmp_path: Path) -> Ledger:
    """The ledger of a server on another machine: the keys were copied, the memory was not."""
    make_site(app, clock())
    here: Ledger = app.extensions["crumbtrail"].ledger
    here.tick(clock())
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copy(here.signer.folder / "keys.json", folder)
    return Ledger(Signer(folder), here.base, here.told)


def test_a_server_with_the_keys_and_no_memory_goes_by_the_word_of_the_ledger(
    app: Flask, clock: Clock, elsewhere: Ledger
) -> None:
    here: Ledger = app.extensions["crumbtrail"].ledger
    elsewhere.look(clock())
    assert elsewhere.stopped is None
    memory = open_sqlite(here.signer.folder / "state.db")
    memory.execute("UPDATE head SET size = size + 5")
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert elsewhere.stopped == here.stopped
    assert "older database" in str(elsewhere.stopped)
    memory.execute("UPDATE head SET size = size - 5")
    memory.close()
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert (here.stopped, elsewhere.stopped) == (None, None)


def test_twin_a_ledger_that_tells_nobody_lets_the_others_go_on(
    app: Flask, clock: Clock, elsewhere: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    here: Ledger = app.extensions["crumbtrail"].ledger
    monkeypatch.setattr("consent.ledger.word.leave", lambda *_: None)
    memory = open_sqlite(here.signer.folder / "state.db")
    memory.execute("UPDATE head SET size = size + 5")
    memory.close()
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert here.stopped and elsewhere.stopped is None


def test_a_server_with_keys_of_its_own_takes_no_choice(
    app: Flask, clock: Clock, elsewhere: Ledger
) -> None:
    (elsewhere.signer.folder / "keys.json").unlink()
    elsewhere.look(clock())
    assert "keys.json" in str(elsewhere.stopped)


def test_a_server_with_the_keys_of_before_a_change_goes_on(
    app: Flask, clock: Clock, elsewhere: Ledger
) -> None:
    here: Ledger = app.extensions["crumbtrail"].ledger
    here.signer.rotate(clock.advance(seconds=1))
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert elsewhere.stopped is None


def test_who_integrates_without_a_memory_is_stopped_as_ever(
    app: Flask, clock: Clock, elsewhere: Ledger
) -> None:
    elsewhere.tick(clock())
    assert "SIGNER_STATE" in str(elsewhere.stopped)
