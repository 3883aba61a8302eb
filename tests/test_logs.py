"""The log: one line an event whatever was sent, and nobody's data or secret in it."""

from __future__ import annotations

import base64
import io
import json
import logging
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from consent import config, logs
from consent.logs import Cleaner, Lines
from tests.acts import choice_body, make_site, post_choice
from tests.conftest import START, Clock

HOSTILE = [
    *(
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\u2028",
        "\u2029",
        "\u0085",
        "\x0b",
    ),
    *('"', "\\", "{", "}", '{"level":"error"}', "%s", "%n", "%(x)s", "{0}", "${jndi:x}", "\u202e"),
    *("\ud800", "\uffff", "😀", "ż", "\t", "'", "</script>", "2026-11-22 error", "\x7f", "\x9b"),
]


@pytest.fixture
def written() -> Iterator[Callable[..., io.StringIO]]:
    """`written(formatter)`: what every logger writes from now on, until the test ends."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def begin(formatter: logging.Formatter) -> io.StringIO:
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(formatter)
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        return out

    yield begin
    root.handlers[:] = before
    root.setLevel(level)


def hostile(chance: random.Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz "
    return "".join(
        chance.choice(HOSTILE) if chance.random() < 0.5 else chance.choice(letters)
        for _ in range(chance.randint(1, 12))
    )


def test_ten_thousand_hostile_strings_are_ten_thousand_lines(
    written: Callable[..., io.StringIO],
) -> None:
    out, log, chance = written(Lines(Cleaner(), True)), logging.getLogger("x"), random.Random(4)
    for number in range(10_000):
        said = hostile(chance)
        if number % 3 == 0:
            log.warning("%s", said)
        elif number % 3 == 1:
            log.warning(said)
        else:
            try:
                raise ValueError(said)
            except ValueError:
                log.exception("broken", extra={"facts": {"said": said}})
    lines = out.getvalue().split("\n")
    assert lines.pop() == "" and len(lines) == 10_000
    assert all(line.isascii() and line.isprintable() for line in lines)
    parsed = [json.loads(line) for line in lines]
    assert {one["level"] for one in parsed} == {"warning", "error"}
    assert all({"at", "level", "logger", "message"} <= set(one) for one in parsed)


def test_in_text_no_word_begins_a_line_or_colours_one(written: Callable[..., io.StringIO]) -> None:
    out, log, chance = written(Lines(Cleaner(), False)), logging.getLogger("x"), random.Random(5)
    for _ in range(2_000):
        log.warning("%s", hostile(chance))
    lines = out.getvalue().split("\n")
    assert len(lines) == 2_001 and all(line.isprintable() for line in lines)


PRIVATE = [
    ("from 203.0.113.7 again", "203.0.113.7"),
    ("from 2001:db8:1:2::7 again", "2001:db8"),
    ("peer ::ffff:203.0.113.7", "203.0"),
    ("mail to anna.kowalska+x@example.org failed", "kowalska"),
    ("GET /v1/x/consent.js?visitor=abc&x=1 failed", "visitor=abc"),
    ("visitor a-secret-of-the-visitor_01 unknown", "of-the-visitor"),
    ("Bearer ctk_3f_aaaabbbbccccddddeeee refused", "aaaabbbb"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpw"),
    ("postgresql://crumb:p4ssw0rd@db/x", "p4ssw0rd"),
    ("password=hunter22 wrong", "hunter22"),
    ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8"),
    ("id 0190b2f0-1c6e-7cc3-98c4-dc0c0c07398f", "0190b2f0"),
    ("(psycopg.errors.X) dup\nDETAIL:  Key (email)=(anna) exists", "anna"),
    ("no such table [SQL: SELECT x] [parameters: ('anna', 1)]", "anna"),
]


@pytest.mark.parametrize(("said", "private"), PRIVATE, ids=lambda text: text[:20])
def test_what_is_somebodys_gives_way_to_its_kind(said: str, private: str) -> None:
    cleaned = Cleaner()(said)
    assert private in said and private not in cleaned and "<" in cleaned


@pytest.mark.parametrize(
    "said",
    [
        "the log is stopped: The signer has signed 12 entries of the log, and the database has 3",
        "a batch of 256 could not be written",
        "retention: 3 records of example.com",
        "unexpected error in visitor.consents",
        "The geo database DBIP-Country-Lite (compat=GeoLite2) 2026-11-01 cannot be read.",
        "no scan of shop.example: rate_site at 10:15:22",
    ],
)
def test_what_an_operator_needs_stays(said: str) -> None:
    assert Cleaner()(said) == said


def canaries() -> dict[str, str]:
    """Fifty secrets, each in the shape in which it is sent or set."""
    chance = random.Random(6)
    word = lambda n: "".join(chance.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(n))  # noqa: E731
    names = ["secret_key", "db_password", "smtp_password", "metrics_token", "field_key"]
    shapes = [
        "visitor",
        "password",
        "email",
        "session",
        "bearer",
        "query",
        "header",
        "form",
        "page",
    ]
    return {f"{name}{n}": f"zq{word(22)}" for n in range(5) for name in shapes} | {
        name: f"zq{word(30)}" for name in names
    }


def storm(app: Flask, known: dict[str, str]) -> int:
    """Send every secret to a server whose database has no tables; how many answers said 5xx."""
    client, failed = app.test_client(), 0
    for n in range(5):
        said = {name[:-1]: value for name, value in known.items() if name.endswith(str(n))}
        own = {
            "Authorization": f"Bearer ctk_{said['bearer']}_{said['header']}",
            "Cookie": f"session={said['session']}; __Host-session={said['session']}",
            "X-Forwarded-For": said["header"],
            "User-Agent": said["header"],
            "Sec-Fetch-Site": "same-origin",
        }
        form = {
            "email": f"{said['email']}@example.com",
            "contact": f"{said['email']}@example.com",
            "password": said["password"],
            "token": said["form"],
            "text": said["form"],
            "kind": "access",
        }
        body = {"visitor": said["visitor"], "page": f"https://example.com/{said['page']}"}
        for reply in (
            client.post("/admin/sign-in", data=form, headers=own),
            client.get(f"/admin/sites/{said['query']}?q={said['query']}", headers=own),
            client.get(f"/v1/{said['query']}/consent.js?v={said['visitor']}", headers=own),
            client.post(f"/v1/{said['query']}/consents", data=json.dumps(body), headers=own),
            client.get(f"/v1/audit/{said['query']}/records?page={said['page']}", headers=own),
            client.post(f"/v1/{said['query']}/requests", data=form, headers=own),
            client.get(f"/v1/{said['query']}/receipts/{said['visitor']}", headers=own),
            client.get(f"/broken/{said['query']}?password={said['password']}", headers=own),
        ):
            failed += reply.status_code >= 500
            # An answer may echo its own address; it never holds a trace.
            assert "Traceback" not in reply.text and "sqlite" not in reply.text.lower()
    return failed


@pytest.mark.sqlite_only
@pytest.mark.parametrize("form", ["json", "text"])
def test_fifty_secrets_through_every_error_are_in_no_line(
    tmp_path: Path, written: Callable[..., io.StringIO], form: str
) -> None:
    known = canaries()
    assert len(known) == 50
    key = base64.b64encode((known["field_key"] * 2)[:32].encode()).decode()
    settings = config.load(
        {
            "INSTANCE_PATH": str(tmp_path),
            "SECRET_KEY": known["secret_key"],
            "SMTP_URL": f"smtp://user:{known['smtp_password']}@host:25",
            "METRICS_TOKEN": known["metrics_token"],
            "FIELD_KEYS": f"a:{key}",
            "LOG_FORMAT": form,
            "LOG_REQUESTS": "1",
        }
    )
    # Each request comes so late that the database is worth asking again.
    moments = (START + timedelta(seconds=10 * n) for n in count())
    app = create_app(settings, lambda: next(moments))

    def raise_all(word: str) -> None:
        """An error whose words hold what no error should: every secret of the server."""
        shown = {name: known[name] for name in ("secret_key", "smtp_password", "metrics_token")}
        try:
            raise KeyError(f"postgresql://crumbtrail:{known['db_password']}@db/x")
        except KeyError as error:
            raise RuntimeError(word, shown, settings, key, *known.values()) from error

    app.add_url_rule("/broken/<word>", "broken", raise_all)
    secrets = [*known.values(), key]
    clean = Cleaner(logs.known_secrets(settings))
    out = written(Lines(clean, settings.log_json))
    assert storm(app, known) >= 20
    logged = out.getvalue()
    assert logged.count("unexpected error") >= 20
    assert [secret for secret in secrets if secret in logged] == []
    if form == "json":
        lines = [json.loads(line) for line in logged.splitlines()]
        assert all(one["request"] and "route" in one for one in lines if "error" in one)
    # The broken twin: Python's own formatter tells most of them.
    out = written(logging.Formatter())
    storm(app, known)
    assert len([secret for secret in secrets if secret in out.getvalue()]) >= 40
    app.extensions["crumbtrail"].close()


@pytest.mark.sqlite_only
def test_a_request_is_a_line_with_its_route_and_without_its_address(
    make_app: Callable[..., Flask], written: Callable[..., io.StringIO], clock: Clock
) -> None:
    app = make_app(LOG_REQUESTS="1", LOG_FORMAT="json")
    notice = make_site(app, clock())
    root = logging.getLogger()
    before = root.handlers[:], root.level, app.logger.handlers[:]
    try:
        logs.settle(app, app.extensions["crumbtrail"].config)
        out = written(root.handlers[0].formatter)
        post_choice(app.test_client(), "example.com", choice_body(notice.digest, clock()))
        app.test_client().get("/v1/example.com/consent.js?canary=1")
    finally:
        root.handlers[:], app.logger.handlers[:] = before[0], before[2]
        root.setLevel(before[1])
    [sent, got] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (sent["method"], sent["status"], sent["route"]) == (
        "POST",
        201,
        "/v1/<site>/consents",
    )
    assert got["route"] == "/v1/<site>/consent.js" and got["request"] != sent["request"]
    assert "canary" not in out.getvalue() and "127.0.0.1" not in out.getvalue()


@pytest.mark.sqlite_only
def test_an_error_page_names_the_line_of_the_log(
    make_app: Callable[..., Flask], written: Callable[..., io.StringIO]
) -> None:
    app = make_app()
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    out = written(Lines(Cleaner(), True))
    reply = app.test_client().get("/broken")
    [line] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert reply.status_code == 500 and reply.headers["X-Request-Id"] == line["request"]
    assert line["error"][0]["kind"] == "builtins.ZeroDivisionError" and line["error"][0]["where"]
