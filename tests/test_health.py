"""The operator's edge: alive, ready, and what to mend."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Map, Rule

from app import create_app
from consent import config
from consent.db import db
from tests import acts
from tests.conftest import Clock


def test_a_server_with_its_database_is_ready(client: FlaskClient) -> None:
    reply = client.get("/readyz")
    assert (reply.status_code, reply.get_json()["status"]) == (200, "ready")
    assert not {"geo", "database"} & set(reply.get_json()["warnings"])


@pytest.mark.sqlite_only
def test_a_server_without_its_tables_is_alive_but_not_ready(tmp_path: Path) -> None:
    app = create_app(config.load({"INSTANCE_PATH": str(tmp_path), "SECRET_KEY": "not a secret"}))
    client = app.test_client()
    alive = client.get("/healthz")
    assert (alive.status_code, alive.get_json()) == (200, {"status": "ok"})
    reply = client.get("/readyz")
    assert (reply.status_code, reply.get_json()["status"]) == (503, "not ready")
    assert reply.get_json()["warnings"]["database"] == "The database does not answer."
    assert "sqlite3" not in reply.text and "SELECT" not in reply.text
    with app.app_context():
        db.engine.dispose()


def test_a_missing_geo_file_is_said_and_does_not_stop_the_server(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    client = make_app(GEO_DB=str(tmp_path / "none.mmdb")).test_client()
    reply = client.get("/readyz")
    assert (reply.status_code, reply.get_json()["status"]) == (200, "ready")
    assert reply.get_json()["warnings"]["geo"]


def test_an_untrusted_proxy_is_named_with_the_setting_to_paste(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app()
    notice, client = acts.make_site(app, clock()), app.test_client()
    assert "forwarding" not in client.get("/readyz").get_json()["warnings"]
    body = acts.choice_body(notice.digest, clock())
    sent = acts.post_choice(client, "example.com", body, X_Forwarded_For="203.0.113.7")
    assert sent.status_code == 201
    reply = client.get("/readyz")
    assert "TRUSTED_PROXIES=127.0.0.1" in reply.get_json()["warnings"]["forwarding"]
    assert "203.0.113.7" not in reply.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_key_and_is_only_read(client: FlaskClient, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_a_database_of_another_version_is_not_ready(app: Flask, client: FlaskClient) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    reply = client.get("/readyz")
    assert (reply.status_code, reply.get_json()["status"]) == (503, "not ready")
    assert "flask --app app migrate" in reply.get_json()["warnings"]["migrations"]


def test_a_log_that_is_behind_is_said(app: Flask, client: FlaskClient, clock: Clock) -> None:
    acts.make_site(app, clock())
    clock.advance(seconds=119)
    assert "ledger" not in client.get("/readyz").get_json()["warnings"]
    clock.advance(seconds=2)
    assert "behind" in client.get("/readyz").get_json()["warnings"]["ledger"]
    app.extensions["crumbtrail"].ledger.tick(clock())
    assert "ledger" not in client.get("/readyz").get_json()["warnings"]


@pytest.mark.sqlite_only
def test_the_region_is_what_the_operator_states(make_app: Callable[..., Flask]) -> None:
    assert make_app().test_client().get("/readyz").get_json()["region"] is None
    assert make_app(REGION="EEA").test_client().get("/readyz").get_json()["region"] == "EEA"


@pytest.mark.sqlite_only
def test_an_old_geo_file_a_full_disk_and_foreign_keys_are_said(
    make_app: Callable[..., Flask],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "instance").mkdir()
    client = make_app(FIELD_KEYS=f"a:{'A' * 43}=").test_client()
    assert not {"geo", "disk", "sealing"} & set(client.get("/readyz").get_json()["warnings"])
    clock.advance(days=500)
    full = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    other = make_app(FIELD_KEYS=f"a:{'B' * 43}=").test_client()
    said = other.get("/readyz").get_json()["warnings"]
    assert "year old" in said["geo"] and "500 MB" in said["disk"] and "key a" in said["sealing"]


@pytest.mark.sqlite_only
def test_every_address_is_built_as_the_router_builds_it(app: Flask) -> None:
    def built(rule: Rule, words: dict[str, object], unknown: bool) -> object:
        try:
            return rule.build(words, unknown)
        except ValueError as refused:
            return str(refused)

    whole = 0
    for rule in app.url_map.iter_rules():
        theirs = Rule(rule.rule, **rule.get_empty_kwargs())
        Map([theirs], converters=app.url_map.converters)
        for value, unknown in product((7, "json"), (False, True)):
            words = {"said": "ś & ć", "list": [1, 2], **dict.fromkeys(rule.arguments, value)}
            ours = built(rule, words, unknown)
            assert ours == built(theirs, words, unknown), rule
            whole += isinstance(ours, tuple)
    assert whole > len(list(app.url_map.iter_rules())) * 2
