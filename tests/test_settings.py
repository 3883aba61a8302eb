"""The settings: a wrong value stops the start with a sentence, and no sentence tells a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from consent import config
from tests.prepare import ROOT

KEY = "a:" + "A" * 43 + "="
WRONG = [
    (
        "PORT",
        "eight thousand",
        "PORT must be a whole number from 0 to 65535, not 'eight thousand'.",
    ),
    ("PORT", "65536", "PORT must be a whole number from 0 to 65535"),
    ("WORKERS", "0", "WORKERS must be a whole number from 1 to 64, not '0'."),
    ("HOST", "http://here", "HOST must be an address or a name of this machine."),
    ("BASE_URL", "consent.example.com", "BASE_URL must look like https://consent.example.com"),
    ("BASE_URL", "https://x.example/?a=b", "BASE_URL must look like"),
    ("DATABASE_URL", "mysql://root:hunter22@db", "DATABASE_URL must begin with sqlite:///"),
    ("SHARDS", "two=sqlite:///hunter22", "SHARDS: part 1 is not name=postgresql://…."),
    ("SHARDS", "home=postgresql://hunter22/a", "SHARDS: part 1 names what was named before it."),
    ("SHARDS", "two=postgresql://hunter22/a", "SHARDS means nothing without a DATABASE_URL of"),
    ("SHARD", "two", "SHARD must be one of home, not 'two'."),
    ("INSTANCE_PATH", "{file}", "INSTANCE_PATH must be a folder"),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "TRUSTED_PROXIES: '10.0.0.0/33' does not appear to be"),
    ("CDN_COUNTRY_HEADER", "CF IPCountry:", "CDN_COUNTRY_HEADER must be a header's name."),
    ("SECRET_KEY", "short", "SECRET_KEY must be 8 characters or more."),
    ("FIELD_KEYS", "hunter22", "FIELD_KEYS must be id:key"),
    ("FIELD_KEYS", "a:hunter22", "FIELD_KEYS must be id:key"),
    ("FIELD_KEYS", "A" + KEY, "FIELD_KEYS must be id:key"),
    ("FIELD_KEYS", f"{KEY},{KEY}", "FIELD_KEYS names two keys with the same id."),
    ("SIGNER_STATE", "{file}", "SIGNER_STATE must be a folder"),
    ("LEDGER", "yes", "LEDGER must be 0 or 1, not 'yes'."),
    ("WITNESS_POLICY", "/nowhere/policy", "WITNESS_POLICY cannot be read: No such file"),
    ("DEMO", "true", "DEMO must be 0 or 1, not 'true'."),
    ("RATE_SITE", "-1", "RATE_SITE must be a whole number from 0"),
    ("RATE_CLIENT", "1.5", "RATE_CLIENT must be a whole number from 0"),
    ("RATE_KEY", "٣", "RATE_KEY must be a whole number from 0"),
    ("SMTP_URL", "user:hunter22@host", "SMTP_URL must look like smtp://"),
    ("MAIL_FROM", "nobody", "MAIL_FROM must be an e-mail address."),
    ("REQUIRE_SECOND_FACTOR", "some", "REQUIRE_SECOND_FACTOR must be one of off, owners, all"),
    ("OIDC_ISSUER", "login.example.com", "OIDC_ISSUER must look like https://"),
    ("OIDC_CLIENT_ID", "us", "OIDC_CLIENT_ID means nothing without OIDC_ISSUER."),
    ("OIDC_CLIENT_SECRET", "hunter22", "OIDC_CLIENT_SECRET means nothing without OIDC_ISSUER."),
    ("OIDC_ROLE", "king", "OIDC_ROLE must be one of owner, editor, auditor, viewer"),
    ("REGION", "Europe", "REGION must be one of EEA, GB, CH, NA"),
    ("METRICS_TOKEN", "hunter22", "METRICS_TOKEN must be 16 to 200 signs without a space."),
    ("METRICS_FROM", "everyone", "METRICS_FROM: 'everyone' does not appear to be"),
    ("LOG_FORMAT", "xml", "LOG_FORMAT must be one of text, json, not 'xml'."),
    ("LOG_REQUESTS", "on", "LOG_REQUESTS must be 0 or 1, not 'on'."),
    ("ALERTS_PRIVATE", "2", "ALERTS_PRIVATE must be 0 or 1, not '2'."),
    ("CONSENT_ALERTS", "maybe", "0 or 1"),
    (
        "INGEST",
        "http://hunter22@10.0.0.1:4222",
        "INGEST must be the addresses of one server or three",
    ),
    (
        "INGEST",
        "nats://10.0.0.1:4222/hunter22",
        "INGEST must be the addresses of one server or three",
    ),
    (
        "INGEST",
        "nats://10.0.0.1:4222,nats://10.0.0.2:4222",
        "INGEST must be the addresses of one server or three",
    ),
    ("RENDERINGS", "yes", "RENDERINGS must be 0 or 1, not 'yes'."),
]
# Whatever stands in it, the server starts: a file that cannot be used is a warning at /readyz.
NEVER_WRONG = {"GEO_DB"}


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG, ids=lambda text: str(text)[:30])
@pytest.mark.parametrize("by_file", [False, True], ids=["environment", "file"])
def test_a_wrong_value_is_one_sentence(
    tmp_path: Path, name: str, value: str, sentence: str, by_file: bool
) -> None:
    file = tmp_path / "a file"
    file.write_text("", "utf-8")
    value = value.format(file=file) if "{file}" in value else value
    environ = {"INSTANCE_PATH": str(tmp_path / "instance"), name: value}
    if by_file:
        (tmp_path / "value").write_text(f"{value}\n", "utf-8")
        environ = {key: kept for key, kept in environ.items() if key != name}
        environ[f"{name}_FILE"] = str(tmp_path / "value")
    with pytest.raises(config.ConfigError) as stopped:
        config.load(environ)
    said = str(stopped.value)
    assert sentence in said and said.endswith(".") and "hunter22" not in said


def test_every_setting_has_a_wrong_value_here() -> None:
    named = {name for name, _, _ in WRONG}
    assert named | NEVER_WRONG == {setting.name for setting in config.SETTINGS}


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_and_its_file_exclude_each_other(setting: config.Setting) -> None:
    with pytest.raises(config.ConfigError, match=f"Set {setting.name} or {setting.name}_FILE"):
        config.load({setting.name: "1", f"{setting.name}_FILE": "/dev/null"})
    with pytest.raises(config.ConfigError, match=f"{setting.name}_FILE cannot be read"):
        config.load({f"{setting.name}_FILE": "/nowhere/at/all"})


def flask(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], **environ}
    program = [sys.executable, "-m", "flask", "--app", "app", *words]
    return subprocess.run(program, cwd=ROOT, env=bare, capture_output=True, text=True)


def test_the_command_prints_every_setting_with_its_origin_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("canary-canary-canary", "utf-8")
    done = flask(
        "settings",
        INSTANCE_PATH=str(tmp_path),
        SECRET_KEY="canary-of-the-key",
        SMTP_URL="smtp://user:canary@host:25",
        METRICS_TOKEN_FILE=str(tmp_path / "token"),
        TRUSTED_PROXY="10.0.0.0/8",
    )
    assert done.returncode == 0, done.stderr
    lines = {line.split("\t")[0]: line.split("\t")[1:3] for line in done.stdout.splitlines()}
    assert list(lines) == [setting.name for setting in config.SETTINGS]
    assert lines["PORT"] == ["8000", "(default)"] and lines["GEO_DB"] == ["-", "(default)"]
    assert lines["INSTANCE_PATH"] == [str(tmp_path), "(environment)"]
    assert lines["METRICS_TOKEN"] == ["(set)", "(file)"]
    assert lines["SECRET_KEY"] == lines["SMTP_URL"] == ["(set)", "(environment)"]
    assert "canary" not in done.stdout + done.stderr
    assert "TRUSTED_PROXY is not a setting; did you mean TRUSTED_PROXIES?" in done.stderr


def test_a_wrong_setting_ends_any_command_without_a_traceback(tmp_path: Path) -> None:
    done = flask("site", "list", INSTANCE_PATH=str(tmp_path), LEDGER="maybe")
    assert done.returncode == 1
    assert done.stderr.strip() == ("Crumbtrail cannot start: LEDGER must be 0 or 1, not 'maybe'.")


@pytest.mark.parametrize("name", ["BASE_URLS", "DATABASE_URI", "SECRET_KEYS_FILE", "RATE_SITES"])
def test_a_slip_in_a_name_is_said(name: str) -> None:
    [said] = config.slips({name: "x", "PATH": "/bin", "HOME": "/", "LANG": "C"})
    assert re.match(rf"{name} is not a setting; did you mean [A-Z_]+\?", said)


def test_ordinary_variables_are_no_slips() -> None:
    usual = (
        "PATH HOME LANG USER SHELL TERM PWD HOSTNAME LOGNAME MAIL PYTHONPATH LC_ALL TZ DISPLAY"
        " EDITOR XDG_RUNTIME_DIR SSH_AUTH_SOCK POSTGRES_PASSWORD KUBERNETES_PORT"
    ).split()
    assert config.slips(dict.fromkeys(usual, "x")) == []


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p%40w@db1:5432,db2:5433/name?target_session_attrs=read-write", None),
        ("postgresql+psycopg://u@db1,db2/name", None),
        ("postgresql://u@db/name", "db"),
        ("postgresql://u@/name?host=%2Frun%2Fpg", "/run/pg"),
    ],
)
def test_postgresql_may_be_at_several_hosts(tmp_path: Path, url: str, hosts: str | None) -> None:
    known = config.load({"DATABASE_URL": url, "INSTANCE_PATH": str(tmp_path)})
    made = make_url(known.database_url)
    [_, arguments] = made.get_dialect()().create_connect_args(made)
    assert (arguments["dbname"], arguments["user"]) == ("name", "u")
    assert arguments["host"] == (hosts or "db1,db2")
    if "p%40w" in url:
        assert (arguments["password"], arguments["port"]) == ("p@w", "5432,5433")
        assert arguments["target_session_attrs"] == "read-write"
