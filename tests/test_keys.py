"""Keys: what each scope opens, two secrets for a while, and nowhere a key that leaks."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from consent import auditor, ledger, trail, users
from consent.db import db
from consent.errors import Conflict, Unauthorised
from consent.users import SCOPES
from tests import acts
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]  # fixtures

SITE = "example.com"


def make(clock: Clock, *scopes: str, **more: Any) -> str:
    end = clock() + timedelta(days=30)
    return users.create_key("A", [SITE], end, acts.BY, clock(), scopes=scopes or SCOPES, **more)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def record(app: Flask, client: FlaskClient, clock: Clock) -> str:
    """The id of a record that is in the signed log."""
    notice = acts.make_site(app, clock())
    body = acts.choice_body(notice.digest, clock())
    assert acts.post_choice(client, SITE, body).status_code == 201
    app.extensions["crumbtrail"].ledger.tick(clock())
    found: str = body["id"]
    return found


def addresses(app: Flask, client: FlaskClient, record: str, key: str) -> dict[str, tuple[str, str]]:
    """(address, scope it needs) of every route that a key opens, by endpoint; from the app."""
    notice = client.get(f"/v1/audit/{SITE}/records/{record}", headers=bearer(key)).json["notice"]  # type: ignore[index]
    known = {
        "site": SITE,
        "record_id": record,
        "digest": notice,
        "rest": "0/000.p/" + str(ledger.head_of(SITE).signed),
    }
    found = {}
    for rule in app.url_map.iter_rules():
        name = rule.endpoint
        if rule.endpoint == "auditor.read_only":
            continue
        ours = name.startswith("log.site_")
        if not ours and not rule.rule.startswith("/v1/audit/"):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda word: str(known[word[1]]), rule.rule)
        found[name] = (path, "read:proof" if ours else auditor.SCOPE[name])
    return found


def test_every_scope_opens_its_own_routes_and_no_other(
    app: Flask, client: FlaskClient, record: str, clock: Clock
) -> None:
    routes = addresses(app, client, record, make(clock))
    assert len(routes) >= 8
    seen, wanted = {}, {}
    for scope in SCOPES:
        key = make(clock, scope)
        for endpoint, (path, needed) in routes.items():
            reply = client.get(path, headers=bearer(key))
            seen[scope, endpoint] = reply.headers.get("X-Consent-Refused", reply.status_code)
            wanted[scope, endpoint] = 200 if scope == needed else "scope"
    assert seen == wanted


def test_a_route_without_a_row_is_closed_to_every_key(
    client: FlaskClient, record: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(auditor.SCOPE, "auditor.one")
    reply = client.get(f"/v1/audit/{SITE}/records/{record}", headers=bearer(make(clock)))
    assert (reply.status_code, acts.code_of(reply)) == (403, "scope")


def test_a_key_from_before_there_were_scopes_has_all(
    client: FlaskClient, record: str, clock: Clock
) -> None:
    key = make(clock, "stats")
    at = f"/v1/audit/{SITE}/records/{record}"
    assert client.get(at, headers=bearer(key)).status_code == 403
    users.one_key(key.split("_")[1]).scopes = None
    db.session.commit()
    assert client.get(at, headers=bearer(key)).status_code == 200


def test_a_proof_without_its_record_says_nothing_of_the_choice(
    client: FlaskClient, record: str, clock: Clock
) -> None:
    at = f"/v1/audit/{SITE}/records/{record}/proof"
    reply = client.get(at, headers=bearer(make(clock, "read:proof")))
    assert reply.json is not None and set(reply.json) == {"id", "proof"}
    assert reply.json["proof"]["entry"].startswith('{"c":"')
    assert "reject_all" not in reply.text and "visitor" not in reply.text


# -- rotation ------------------------------------------------------------------------------------


def test_a_rotated_key_has_two_secrets_for_a_week_and_never_three(app: Flask, clock: Clock) -> None:
    first = make(clock)
    number = first.split("_")[1]
    second = users.rotate_key(number, acts.BY, clock())
    assert second.split("_")[1] == number and second != first
    assert opens(first, clock) and opens(second, clock)
    third = users.rotate_key(number, acts.BY, clock.advance(days=1))
    assert not opens(first, clock) and opens(second, clock) and opens(third, clock)
    clock.advance(days=7)
    assert not opens(second, clock) and opens(third, clock)
    assert [entry.verb for entry in trail.entries()][:2] == ["key.rotate", "key.rotate"]


def test_a_secret_that_leaked_ends_at_once_and_a_key_that_ended_is_not_rotated(
    app: Flask, clock: Clock
) -> None:
    first = make(clock)
    number = first.split("_")[1]
    second = users.rotate_key(number, acts.BY, clock(), timedelta(0))
    assert not opens(first, clock) and opens(second, clock)
    third = users.rotate_key(number, acts.BY, clock())
    users.revoke_key(number, acts.BY, clock())
    assert not opens(second, clock) and not opens(third, clock)
    with pytest.raises(Conflict):
        users.rotate_key(number, acts.BY, clock())


def opens(key: str, clock: Clock) -> bool:
    try:
        users.key_for(f"Bearer {key}", clock())
    except Unauthorised:
        return False
    return True


def test_an_owner_sees_what_a_key_read_rotates_it_and_the_new_secret_is_shown_once(
    app: Flask, client: FlaskClient, record: str, clock: Clock, owner: Owner
) -> None:
    old = make(clock)
    at = f"/keys/{old.split('_')[1]}"
    assert client.get(f"/v1/audit/{SITE}/records/{record}", headers=bearer(old)).status_code == 200
    page = owner.page(at)
    assert "record.read" in page and f"record: {record}" in page and "read:proof" in page
    made = owner.send(f"{at}/rotate", {"overlap": "none"})
    found = re.search(r"ctk_[0-9a-z]+_[\w-]{43}", made.text)
    assert made.status_code == 201 and found is not None
    assert not opens(old, clock) and opens(found[0], clock)
    assert found[0] not in owner.page(at)
    assert owner.send(f"{at}/revoke").status_code == 303
    assert "Rotate" not in owner.page(at) and not opens(found[0], clock)


# -- where no key may stand ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["key", "after", "visitor", "access_token"])
@pytest.mark.parametrize("path", [f"/v1/audit/{SITE}/records", f"/log/{SITE}/checkpoint"])
def test_a_key_in_an_address_is_refused_even_beside_a_good_header(
    client: FlaskClient, record: str, clock: Clock, path: str, name: str
) -> None:
    key = make(clock)
    for value in (key, f"Bearer {key}"):
        for headers in ({}, bearer(key)):
            reply = client.get(path, query_string={name: value}, headers=headers)
            assert (reply.status_code, acts.code_of(reply)) == (400, "key_in_address")
            assert key not in reply.text


def test_of_a_hundred_keys_none_is_in_the_database_the_logs_or_a_page_of_errors(
    app: Flask,
    client: FlaskClient,
    record: str,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = [make(clock) for _ in range(99)]
    keys.append(users.rotate_key(keys[0].split("_")[1], acts.BY, clock()))
    told = []
    paths = ("records", "records?limit=0", f"records/{record}", "records/none", "nowhere", "export")
    for number, key in enumerate(keys):
        path = f"/v1/audit/{SITE}/{paths[number % len(paths)]}"
        told.append(client.get(path, headers=bearer(key)).text)
        told.append(client.get(f"{path}?key={key}", headers=bearer(key)).text)
        told.append(client.post(path, headers=bearer(key), data=key).text)
    monkeypatch.setattr(users, "need_scope", broken)
    app.testing = False
    last = client.get(f"/v1/audit/{SITE}/records", headers=bearer(keys[1]))
    assert last.status_code == 500 and caplog.text.count("RuntimeError")
    kept = {
        "answers": "".join(told) + last.text,
        "logs": caplog.text,
        "database": dump(database_url),
    }
    assert kept["database"].count(keys[0].split("_")[1]) >= 2  # the dump is one
    for place, words in kept.items():
        assert [key for key in keys if key.split("_", 2)[2] in words] == [], place


def broken(*_: object) -> None:
    raise RuntimeError("broken on purpose")


def dump(url: str) -> str:
    """Every value of every table, as the database gives it; of SQLite the bytes of its files."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        folder = file.parent.glob(f"{file.name}*")
        return "".join(one.read_bytes().decode("latin-1") for one in folder)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema='public'")
        )
        found = [
            str(connection.execute(text(f'SELECT * FROM "{name}"')).all()) for (name,) in tables
        ]
    engine.dispose()
    return "".join(found)
