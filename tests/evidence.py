"""What the tests of exports and of the verifier share: a site with some history, and its bundle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent import ledger, notices, sites, users
from consent.db import db
from consent.ledger import purging
from consent.records.rows import Row
from consent.verify.__main__ import main
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock

SITE = "example.com"
SETTINGS = {"RATE_CLIENT": "0", "RATE_SITE": "0", "RATE_KEY": "0"}
OTHER = "a-secret-of-someone-else_02"

Members = dict[str, bytes]


def tick(app: Flask, clock: Clock) -> None:
    with app.app_context():
        app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))


def key_of(clock: Clock, **more: Any) -> dict[str, str]:
    until = clock() + timedelta(days=90)
    made = users.create_key("An auditor", more.pop("sites", [SITE]), until, BY, clock(), **more)
    return {"Authorization": f"Bearer {made}"}


def choose(client: FlaskClient, digest: str, clock: Clock, **more: Any) -> dict[str, Any]:
    reply = post_choice(client, SITE, choice_body(digest, clock.advance(seconds=1), **more))
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.get_json()
    return found


def history(app: Flask, client: FlaskClient, clock: Clock, count: int = 9) -> list[dict[str, Any]]:
    """Two notices, `count` choices of two visitors over three days; the answers."""
    digest, answers = make_site(app, clock(), publish_log=True).digest, []
    for number in range(count):
        if number == count // 2:
            with app.app_context():
                site = sites.get(SITE)
                sites.change(site, BY, clock(), name="Another name <b>&</b>")
                digest = notices.publish(site, BY, clock(), material=True).digest
        if number in (count // 3, 2 * count // 3):
            tick(app, clock)
            clock.advance(days=1)
        more = {"visitor": OTHER} if number % 2 else {}
        answers.append(choose(client, digest, clock, services={"ads": False}, **more))
    tick(app, clock)
    clock.advance(minutes=5)
    return answers


def erase(app: Flask, clock: Clock, *places: int) -> None:
    """Erase the records that came first, second …"""
    with app.app_context():
        rows = list(db.session.scalars(select(Row).order_by(Row.seq)))
        signer = app.extensions["crumbtrail"].ledger.signer
        ledger.erase(signer, sites.get(SITE), [rows[place] for place in places], BY, clock())
    tick(app, clock)


def purge(app: Flask, clock: Clock, count: int, wipe: bool = False) -> None:
    """Take away the oldest records, as the retention job does."""
    with app.app_context():
        seqs = list(db.session.scalars(select(Row.seq).order_by(Row.seq).limit(count)))
        purging.take(sites.get(SITE), seqs, wipe)
        db.session.commit()
        purging.tell(sites.get(SITE), BY, clock())
    tick(app, clock)


def fetch(client: FlaskClient, key: Mapping[str, str], **asked: str) -> bytes:
    named = {name.rstrip("_"): value for name, value in asked.items()}
    query = {"format": "bundle", **named}
    reply = client.get(f"/v1/audit/{SITE}/export", query_string=query, headers=key)
    assert reply.status_code == 200, reply.text
    return reply.data


def unzip(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(file: Path, members: Members) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def lines(members: Members, name: str = "records.ndjson") -> list[dict[str, Any]]:
    return [json.loads(line) for line in members[name].splitlines()]


def spelt(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records)


Verdict = tuple[int, str]
Judge = Callable[..., Verdict]


def judge(capsys: Any, *words: object) -> Verdict:
    """The verifier's exit code and all that it says."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out + said.err
