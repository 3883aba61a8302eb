"""An auditor's own visits to a real server; exports over real HTTP and at the terminal."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import trail
from tests.conftest import Clock
from tests.evidence import (
    SETTINGS,
    SITE,
    history,
    judge,
    lines,
    unzip,
)
from tests.server import Server

DEMO = "voipstudio.pl"


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


def logged(state: Path, capsys: Any, *words: object) -> tuple[int, str]:
    """The verdict once the ledger has ticked."""
    for _ in range(50):
        code, said = judge(capsys, "probe", "--check", "--state", state, *words)
        if code != 2:
            break
        time.sleep(0.2)
    return code, said


def test_visits_of_ones_own_are_demanded_in_the_log(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    state = tmp_path / "state.json"
    code, said = judge(capsys, "probe", server.url, DEMO, "--state", state, "--visits", "5")
    assert code == 0 and "5 visits made" in said
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    code, said = logged(state, capsys, "--no-memory")
    assert code == 0 and "5 visits are in the log" in said, said
    key = server.get("/log/vkeys").text.splitlines()[0]
    assert logged(state, capsys, "--key", key, "--no-memory")[0] == 0
    known = json.loads(state.read_text())
    actions = [visit["sent"]["action"] for visit in known["visits"]]
    assert actions == ["reject_all", "accept_all", "save", "withdraw", "reject_all"]

    def changed(place: int, part: str, **values: Any) -> str:
        copy = json.loads(state.read_text())
        copy["visits"][place][part] |= values
        file = tmp_path / "changed.json"
        file.write_text(json.dumps(copy))
        code, said = judge(capsys, "probe", "--check", "--state", file, "--no-memory")
        assert code == 1 and "\nPROVEN" not in said
        return said

    lost = changed(0, "sent", id="01a1fd8c-6ce8-7037-8000-000000000037")
    assert "acknowledged, and its receipt is missing" in lost
    assert "another action" in changed(1, "sent", action="reject_all")
    assert "not by any of the keys" in changed(2, "answer", commitment="0" * 64)
    assert "not by any of the keys" in changed(3, "answer", received_at="2026-11-21T10:00:00.000Z")


def test_a_probe_that_cannot_be_made_says_why(server: Server, tmp_path: Path, capsys: Any) -> None:
    state = tmp_path / "state.json"
    assert judge(capsys, "probe", "--state", state)[0] == 2
    assert judge(capsys, "probe", "--check", "--state", state)[0] == 2
    code, said = judge(capsys, "probe", server.url, "nobody.example", "--state", state)
    assert code == 2 and "404" in said
    code, said = judge(
        capsys, "probe", server.url, DEMO, "--state", state, "--origin", "https://elsewhere.example"
    )
    assert code == 2 and "403" in said


def test_a_bundle_over_http_is_accepted_by_the_verifier(
    server: Server, tmp_path: Path, capsys: Any
) -> None:
    state, file = tmp_path / "state.json", tmp_path / "bundle.zip"
    assert judge(capsys, "probe", server.url, DEMO, "--state", state)[0] == 0
    memory = tmp_path / "memory.json"
    assert logged(state, capsys, "--memory", memory)[0] == 0
    bearer = f"Bearer {server.auditor_key}"
    reply = server.get(f"/v1/audit/{DEMO}/export?format=bundle", Authorization=bearer)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip")
    file.write_bytes(reply.body)
    key = server.get("/log/vkeys").text.split()[0]
    code, said = judge(capsys, file, "--memory", memory, "--key", key)
    assert code == 0 and "continues what was seen before" in said, said
    known = json.loads(memory.read_text())
    origin = next(name for name in known["logs"] if name.endswith(DEMO))
    known["logs"][origin]["heads"][0][1] = "0" * 64
    memory.write_text(json.dumps(known))
    code, said = judge(capsys, file, "--memory", memory)
    assert code == 1 and "its history was rewritten" in said
    table = server.get(f"/v1/audit/{DEMO}/records", Authorization=bearer, Accept="text/csv")
    assert table.status == 200 and len(table.text.splitlines()) == 1 + len(lines(unzip(reply.body)))


@pytest.mark.parametrize("kind", ["bundle", "csv", "ndjson", "json", "parquet"])
def test_the_operator_exports_to_a_file(
    app: Flask, client: FlaskClient, clock: Clock, tmp_path: Path, capsys: Any, kind: str
) -> None:
    history(app, client, clock)
    file = tmp_path / "out"
    words = ["export", SITE, "--format", kind, "--from", "2026-11-22", "--to", "2026-11-23"]
    done = app.test_cli_runner().invoke(args=[*words, "-o", str(file)])
    assert done.exit_code == 0, done.output
    assert not list(tmp_path.glob("*.part"))
    entry = trail.entries(SITE, 1)[0]
    assert (entry.verb, entry.actor, entry.detail["format"]) == ("export.read", "cli", kind)
    data = file.read_bytes()
    if kind == "bundle":
        assert len(lines(unzip(data))) == 3 and judge(capsys, file, "--no-memory")[0] == 0
    elif kind == "json":
        assert len(json.loads(data)["records"]) == 3
    elif kind == "parquet":
        assert pq.read_table(file).num_rows == 3
    else:
        assert len(data.splitlines()) == (4 if kind == "csv" else 3)


def test_an_export_of_a_site_that_is_not_there_is_a_sentence(app: Flask, tmp_path: Path) -> None:
    words = ["export", "nobody.example", "-o", str(tmp_path / "out")]
    done = app.test_cli_runner().invoke(args=words)
    assert done.exit_code == 1 and "There is no site" in done.output
    assert not (tmp_path / "out").exists()
