"""The figures: what they count, who may read them, and that nobody's data is among them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from tests.acts import SECRET, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.prepare import ROOT

TOKEN = "a-token-for-the-metrics"
NAME = re.compile(r"\bcrumbtrail_[a-z_]+\b")


def figures(client: FlaskClient, **headers: str) -> dict[str, float]:
    """`name{label="value"}` and its value."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = client.get("/metrics", headers=named)
    assert reply.status_code == 200, reply.text
    found = {}
    for family in text_string_to_metric_families(reply.text):
        for one in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}" if labels else one.name] = one.value
    return found


def test_choices_are_counted_by_what_became_of_them(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    body = choice_body(notice.digest, clock())
    for sent in (body, body, {**body, "layer": 2}, {**body, "id": 7}):
        post_choice(client, "example.com", sent)
    said = figures(client)
    assert said["crumbtrail_choices_total{outcome=stored}"] == 1
    assert said["crumbtrail_choices_total{outcome=repeated}"] == 1
    assert said["crumbtrail_choices_total{outcome=id_reused}"] == 1
    assert (
        sum(value for name, value in said.items() if name.startswith("crumbtrail_choices_total"))
        == 4
    )
    assert said["crumbtrail_requests_total{edge=visitor.consents,status=201}"] == 1
    assert said["crumbtrail_request_seconds_count{edge=visitor.consents}"] == 4
    assert 1 <= said["crumbtrail_writer_batches_total"] <= 3
    assert said["crumbtrail_writer_choices_total"] == 3 and said["crumbtrail_writer_queue"] == 0


def test_the_log_is_said_to_be_behind_until_it_was_integrated(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    post_choice(client, "example.com", choice_body(notice.digest, clock()))
    clock.advance(seconds=90)
    said = figures(client)
    assert said["crumbtrail_ledger_waiting"] > 0
    assert 89 <= said["crumbtrail_ledger_lag_seconds"] <= 91
    app.extensions["crumbtrail"].ledger.tick(clock())
    clock.advance(seconds=5)
    said = figures(client)
    assert said["crumbtrail_ledger_waiting"] == said["crumbtrail_ledger_lag_seconds"] == 0
    assert said["crumbtrail_checkpoint_age_seconds"] == 5
    assert said["crumbtrail_log_entries"] == said["crumbtrail_log_signed_entries"] > 0
    assert said["crumbtrail_log_site_entries"] > 0 and said["crumbtrail_database_bytes"] > 10_000


def test_a_refused_sign_in_is_counted(client: FlaskClient) -> None:
    form = {"email": "nobody@example.com", "password": "wrong wrong wrong"}
    client.post("/admin/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert figures(client)["crumbtrail_sign_ins_total{outcome=refused}"] == 1


def test_nothing_in_the_figures_is_anybodys(app: Flask, client: FlaskClient, clock: Clock) -> None:
    notice = make_site(app, clock())
    body = choice_body(notice.digest, clock(), page="https://example.com/a-secret-page")
    sent = {"User_Agent": "A-Very-Own-Browser", "X_Forwarded_For": "203.0.113.77"}
    post_choice(client, "example.com", body, **sent)
    for path in ("/v1/unknown-site/consent.js", "/nobody@example.org?q=canary", "/admin/sites/x"):
        client.get(path)
    client.open("/v1/example.com/consents", method="BREW-canary")
    said = client.get("/metrics").text
    for word in (
        SECRET,
        body["id"],
        "secret-page",
        "Own-Browser",
        "203.0",
        "canary",
        "nobody@",
        "unknown-site",
        "example",
    ):
        assert word not in said, word


def test_labels_stay_few_whatever_is_asked(app: Flask, client: FlaskClient, clock: Clock) -> None:
    make_site(app, clock())
    for number in range(200):
        client.get(f"/v1/site{number}/consent.js")
        client.get(f"/nowhere/{number}")
        post_choice(client, "example.com", {"v": number, f"field{number}": number})
    assert len(figures(client)) < 300


def test_a_hostile_code_is_not_a_label(app: Flask) -> None:
    counted = app.extensions["metrics"]
    assert counted.code('x"} 1\ncrumbtrail_fake 1') == "other"
    assert {counted.code(f"made_up_{chr(97 + n // 26)}{chr(97 + n % 26)}") for n in range(300)} > {
        "other"
    }
    assert len(counted.codes) == 100


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("settings_", "address", "headers", "status"),
    [
        ({}, "127.0.0.1", {}, 200),
        ({}, "::1", {}, 200),
        ({}, "10.1.2.3", {}, 404),
        ({"METRICS_FROM": "10.1.0.0/16"}, "10.1.2.3", {}, 200),
        ({"METRICS_FROM": "10.1.0.0/16"}, "127.0.0.1", {}, 404),
        ({}, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ({}, "127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 404),
        ({}, "127.0.0.1", {"Via": "1.1 proxy"}, 404),
        ({"METRICS_TOKEN": TOKEN}, "203.0.113.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"METRICS_TOKEN": TOKEN}, "203.0.113.7", {"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"METRICS_TOKEN": TOKEN}, "127.0.0.1", {"Authorization": "Bearer é"}, 401),
        ({"METRICS_TOKEN": TOKEN}, "203.0.113.7", {}, 404),
        ({}, "203.0.113.7", {"Authorization": "Bearer "}, 404),
    ],
)
def test_only_the_token_or_a_near_machine_opens_them(
    make_app: Callable[..., Flask],
    settings_: dict[str, str],
    address: str,
    headers: dict[str, str],
    status: int,
) -> None:
    client = make_app(**settings_).test_client()
    reply = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert reply.status_code == status
    assert (status == 200) == ("crumbtrail_" in reply.text)


@pytest.mark.sqlite_only
def test_a_database_that_is_away_costs_only_its_own_figures(make_app: Callable[..., Flask]) -> None:
    client = make_app(DATABASE_URL="sqlite:////nowhere/at/all.db").test_client()
    said = figures(client)
    assert said["crumbtrail_database_up"] == 0 and "crumbtrail_writer_queue" in said


# -- what we hand to Prometheus and Grafana ------------------------------------------------------


@pytest.fixture
def names(app: Flask, client: FlaskClient, clock: Clock) -> set[str]:
    """Every metric there is, once each thing has happened."""
    notice = make_site(app, clock())
    post_choice(client, "example.com", choice_body(notice.digest, clock()))
    form = {"email": "nobody@example.com", "password": "wrong wrong wrong"}
    client.post("/admin/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    known = app.extensions["crumbtrail"]
    known.warnings["forwarding"] = "A warning."
    known.ledger.tick(clock())
    client.get("/healthz")
    app.test_cli_runner().invoke(args=["retention", "run"])
    text = client.get("/metrics").text
    return set(re.findall(r"^(?:# TYPE )?(crumbtrail_[a-z_]+)", text, re.MULTILINE))


@pytest.mark.sqlite_only
def test_every_query_of_the_dashboard_names_a_metric_that_exists(names: set[str]) -> None:
    board = json.loads((ROOT / "deploy/grafana/crumbtrail.json").read_text("utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in NAME.findall(query)}
    assert len(queries) > 15 and all(NAME.search(query) for query in queries)
    assert asked <= names, asked - names
    spots = [tuple(panel["gridPos"][key] for key in "xy") for panel in board["panels"]]
    assert len(set(spots)) == len(spots)


@pytest.mark.sqlite_only
def test_every_alert_names_a_metric_that_exists_and_says_what_it_means(names: set[str]) -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) > 10
    for rule in alerts:
        asked = set(NAME.findall(rule["expr"]))
        assert (asked or rule["expr"].startswith("up{")) and asked <= names, asked - names
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_dashboard_is_what_its_table_makes() -> None:
    file = ROOT / "deploy/grafana/make.py"
    spec = spec_from_file_location("grafana_make", file)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "deploy/grafana/crumbtrail.json").read_text("utf-8") == module.written()
