"""The operator's edge: alive, ready, and what to mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

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
