"""A reader in another language, with none of our code, follows the log over HTTP."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acts import refusal
from tests.prepare import ROOT
from tests.server import Server

SITE = "voipstudio.pl"
SECRET = "a-stranger-keeps-this_01"


def receipt_of(server: Server) -> dict[str, Any]:
    """The receipt of a new choice, once it is proven."""
    notice = server.get(f"/v1/{SITE}/notice").json()
    body = refusal(notice, server.url + "/demo/") | {"visitor": SECRET}
    path = f"/v1/{SITE}/consents"
    headers = {"Origin": server.url, "Content_Type": "text/plain"}
    made = server.post(path, json.dumps(body).encode(), **headers)
    assert made.status == 201, made.text
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = server.get(made.json()["receipt"], Authorization=f"Visitor {SECRET}").json()
        if found["proof"]:
            return dict(found)
        time.sleep(0.2)
    raise AssertionError("the record never came into the log")


def stranger(server: Server, receipt: Path) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node") or str(ROOT / ".venv/bin/node")
    program = [node, str(ROOT / "tests/stranger.mjs"), server.url, SITE, str(receipt)]
    return subprocess.run(program, capture_output=True, text=True, timeout=60)


def test_a_reader_in_another_language_follows_the_log_and_checks_a_receipt(
    server: Server, tmp_path: Path
) -> None:
    held = receipt_of(server)
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(held), "utf-8")
    done = stranger(server, file)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["proven"] == held["record"]["log"]["index"] < said["size"]
    assert said["heads"] > 0


@pytest.mark.parametrize("lie", ["record", "entry", "proof", "chain"])
def test_the_same_reader_refuses_a_receipt_that_was_changed(
    server: Server, tmp_path: Path, lie: str
) -> None:
    held = receipt_of(server)
    if lie == "record":
        held["record"]["categories"]["marketing"] = True
    elif lie == "entry":
        held["proof"]["entry"] = held["proof"]["entry"].replace('"d":"20', '"d":"19')
    elif lie == "proof":
        lines = held["proof"]["proof"].split("\n")
        held["proof"]["proof"] = "\n".join([*lines[:2], *reversed(lines[2:4]), *lines[4:]])
    else:
        held["proof"]["chain"]["entry"] = held["proof"]["chain"]["entry"].replace('"n":', '"n":1')
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(held), "utf-8")
    assert stranger(server, file).returncode == 1
