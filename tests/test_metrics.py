"""The figures: what they count, who may read them, and that nobody's data is among them."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from bench.processes import family
from tests.acts import SECRET, choice_body, make_site, post_choice, refusal
from tests.conftest import Clock
from tests.faults.load import SITE, post
from tests.prepare import ROOT
from tests.server import Server

TOKEN = "a-token-for-the-metrics"
NAME = re.compile(r"\bcrumbtrail_[a-z_]+\b")


def figures(client: FlaskClient, **headers: str) -> dict[str, float]:
    """`name{label="value"}` and its value."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = client.get("/metrics", headers=named)
    assert reply.status_code == 200, reply.text
    return read(reply.text)


def read(text: str) -> dict[str, float]:
    found = {}
    for kind in text_string_to_metric_families(text):
        for one in kind.samples:
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


# -- several processes behind one port ------------------------------------------------------------

PATIENCE = 60.0
OTHERS = "PROMETHEUS_MULTIPROC_DIR"  # an operator may have it in the environment for other programs
COUNTED = re.compile(r"crumbtrail_(requests|request_seconds|choices|sign_ins)_")


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def scraped(server: Server) -> dict[str, float]:
    """As every request of these tests, over a connection of its own: whichever process answers."""
    reply = server.get("/metrics")
    assert reply.status == 200, reply.text
    return read(reply.text)


def folder_of(server: Server) -> Path:
    """Where its two processes count, once both do."""
    assert server.process
    (found,) = {
        word.partition("=")[2]
        for one in family(server.process.pid)[1:]
        for word in Path(f"/proc/{one}/environ").read_text("utf-8").split("\0")
        if word.startswith(f"{OTHERS}=")
    }
    folder = Path(found)
    until(lambda: len(list(folder.glob("counter_*.db"))) == 2, "only one of them began")
    return folder


def alone(folder: Path, name: str, **labels: str) -> list[float]:
    """What each process has counted by itself."""
    return [
        sum(
            one.value
            for kind in MultiProcessCollector.merge([str(file)])
            for one in kind.samples
            if one.name == name and labels.items() <= one.labels.items()
        )
        for file in sorted(folder.glob("counter_*.db"))
    ]


def choose(server: Server) -> None:
    notice = server.get(f"/v1/{SITE}/notice").json()
    assert post(server, refusal(notice, server.url + "/demo/")).status == 201


@pytest.mark.sqlite_only
def test_each_of_several_processes_tells_the_figures_of_all(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(WORKERS="2")
    folder, sent = folder_of(server), 0
    while min(alone(folder, "crumbtrail_choices_total", outcome="stored")) < 2:
        choose(server)
        sent += 1
    until(lambda: scraped(server)["crumbtrail_writer_choices_total"] == sent, "one tells nothing")
    said: list[dict[str, float]] = []
    before = min(alone(folder, "crumbtrail_requests_total", edge="metrics"))
    while (
        len(said) < 4 or min(alone(folder, "crumbtrail_requests_total", edge="metrics")) <= before
    ):
        said.append(scraped(server))
    for one in said:
        assert one["crumbtrail_choices_total{outcome=stored}"] == sent
        assert one["crumbtrail_requests_total{edge=visitor.consents,status=201}"] == sent
        assert one["crumbtrail_request_seconds_count{edge=visitor.consents}"] == sent
        assert one["crumbtrail_request_seconds_bucket{edge=visitor.consents,le=+Inf}"] == sent
        assert one["crumbtrail_writer_choices_total"] == sent
        assert 2 <= one["crumbtrail_writer_batches_total"] <= sent
        assert one["crumbtrail_writer_queue"] == 0
        assert one["crumbtrail_log_stopped"] == 0 and one["crumbtrail_database_up"] == 1
    times = [one["crumbtrail_requests_total{edge=metrics,status=200}"] for one in said]
    assert times == [times[0] + number for number in range(len(said))]
    assert len({one["crumbtrail_choices_created{outcome=stored}"] for one in said}) == 1
    assert folder.stat().st_mode & 0o777 == 0o700
    sizes = [file.stat() for file in folder.iterdir()]
    assert all(size.st_blocks * 512 >= size.st_size for size in sizes), "a full disk would kill"
    assert server.terminate() == 0
    assert not folder.exists()


@pytest.mark.sqlite_only
def test_a_new_start_counts_from_zero_and_a_process_that_dies_ends_all(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(WORKERS="2")
    left = folder_of(server)
    choose(server)
    server.kill()
    assert left.exists()
    server.start()
    folder, said = folder_of(server), scraped(server)
    assert not left.exists()
    assert said["crumbtrail_writer_choices_total"] == 0
    assert not any(name.startswith("crumbtrail_choices") for name in said)
    assert server.process
    dies = next(folder.glob("counter_*.db")).stem.removeprefix("counter_")
    os.kill(int(dies), signal.SIGKILL)
    assert server.process.wait(PATIENCE) == 1
    server.process = None
    assert not folder.exists()


def named(server: Server) -> set[str]:
    """Every line of help and type, and the labels of what is counted, once it all has happened."""
    choose(server)
    form = b"email=nobody@example.com&password=wrong+wrong+wrong"
    server.post("/admin/sign-in", form, Sec_Fetch_Site="same-origin")
    late = {"crumbtrail_checkpoint_age_seconds", "crumbtrail_retention_age_seconds"}
    until(lambda: scraped(server).keys() >= late, "nothing is signed, or nothing due")
    lines = server.get("/metrics").text.splitlines()
    return {
        line if line.startswith("#") else line.rpartition(" ")[0]
        for line in lines
        if line.startswith("#") or COUNTED.match(line)
    }


@pytest.mark.sqlite_only
def test_the_figures_of_several_processes_bear_the_names_of_those_of_one(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(WORKERS="1", **{OTHERS: "/nowhere/at/all"})
    one = named(server)
    server.terminate()
    server.environ["WORKERS"] = "2"
    server.start()
    several = named(server)
    server.terminate()
    assert one == several
    assert "# TYPE crumbtrail_requests_created gauge" in one


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
