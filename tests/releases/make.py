"""Makes the dumps of a release: run it in a clone of that release, once.

    python <this file> FOLDER

FOLDER gets `sqlite.sql` and `postgresql.sql` (the database), `signer-….sql` (what the signer then
remembered) and `answers.json` (what the release answered). The log's keys are made from a sentence,
so none is kept.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, ".")

from app import create_app
from consent import config, ledger, requests, scans, sites, users
from consent.db import db
from tests.acts import SECRET, choice_body, make_site, post_choice
from tests.conftest import START, Clock
from tests.databases import Databases, PostgresqlDatabases, SqliteDatabases, lent
from tests.postgres import cluster

SITE = "example.com"
MAIL, TEXT = "anna.kowalska@example.org", "Please erase what you have of me."


def keys(folder: Path) -> None:
    """The log's keys of every release that is kept here."""
    folder.mkdir(parents=True, exist_ok=True)
    seeds = (hashlib.sha256(name.encode()).digest() for name in ("kept one", "kept two"))
    one, two = (base64.b64encode(seed).decode() for seed in seeds)
    said = [{"since": START.isoformat(), "ed25519": one, "ml-dsa-44": two}]
    (folder / "keys.json").write_text(json.dumps(said), "ascii")


def settings(url: str, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "SECRET_KEY": "not a secret",
        "BASE_URL": "https://consent.example.net",
    }


def fill(folder: Path, url: str) -> dict[str, Any]:
    """Six choices, an erasure, a request, a watch, an account, a key; all of it in the log."""
    clock = Clock()
    keys(folder / "signer")
    app = create_app(config.load(settings(url, folder)), clock)
    notice, client, known = make_site(app, clock()), app.test_client(), app.extensions["crumbtrail"]
    receipts = []
    for number in range(6):
        clock.advance(minutes=1)
        body = choice_body(notice.digest, clock())
        if number == 5:
            body["visitor"] = "another-visitor-of-the-site"
        reply = post_choice(client, SITE, body)
        assert reply.status_code == 201, reply.text
        receipts.append(reply.get_json()["receipt"])
    with app.app_context():
        known.ledger.tick(clock.advance(seconds=1))
        site = sites.get(SITE)
        wish = requests.Wish("erasure", MAIL, TEXT, None, "en")
        requests.add(site, "KEPT-KEPT-KEPT", wish, "PL", clock())
        hook = ("https://chat.example.net/hook", MAIL)
        scans.put_watch(site, "daily", "https://example.com/", *hook, "owner@example.com", clock())
        users.add_user("owner@example.com", "a password that opens nothing", "cli", clock())
        users.create_key("kept", [SITE], clock() + timedelta(days=9), "cli", clock())
        row, _ = ledger.one(site, bytes.fromhex(receipts[0].rsplit("/", 1)[1].replace("-", "")))
        ledger.erase(known.ledger.signer, site, [row], "cli", clock())
        known.ledger.tick(clock.advance(seconds=1))
        known.ledger.tick(clock.advance(seconds=1))
    paths = ["/log/checkpoint", f"/log/{SITE}/checkpoint", "/log/vkeys", f"/v1/{SITE}/notice"]
    answers = {path: client.get(path).text for path in paths}
    for path in receipts[1:5]:
        answers[path] = client.get(path, headers={"Authorization": f"Visitor {SECRET}"}).text
    known.close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return answers


def sqlite_dump(file: Path) -> str:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def postgresql_dump(url: str) -> str:
    words = ["pg_dump", f"--dbname={url}", "--inserts", "--no-owner", "--no-privileges"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    lines = said.splitlines()
    # Comments, psql's own commands and settings of the session go; an empty line may be a text's.
    kept = [one for one in lines if not one.startswith(("--", "\\", "SET "))]
    return "\n".join(kept) + "\n"


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    made: dict[str, dict[str, Any]] = {}

    def one(databases: Databases) -> None:
        with lent(databases) as url, TemporaryDirectory() as folder:
            made[databases.name] = fill(Path(folder), url)
            text = postgresql_dump(url) if "post" in url else sqlite_dump(Path(url[10:]))
            (target / f"{databases.name}.sql").write_text(text, "utf-8")
            state = sqlite_dump(Path(folder) / "signer/state.db")
            (target / f"signer-{databases.name}.sql").write_text(state, "utf-8")

    with TemporaryDirectory() as folder:
        one(SqliteDatabases(Path(folder)))
    with cluster() as private:
        one(PostgresqlDatabases(private))
    (target / "answers.json").write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
