"""The gate in a process of its owner: the three examples, the proxy, and the gate alone."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient

from consent.gate import feed
from consent.gate.feed import Feed
from consent.gate.proxy import Forward
from tests import acts
from tests.conftest import Clock
from tests.outside import Door
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import free_port

SITE = "example.com"
HELD = b'data-src="https://www.google-analytics.com/analytics.js"'


@pytest.fixture
def rules(client: FlaskClient, app: Flask, clock: Clock, tmp_path: Path) -> Path:
    """What the server publishes for a site, in a file."""
    acts.make_site(app, clock())
    reply = client.get(f"/v1/{SITE}/rules.json")
    assert reply.status_code == 200
    file = tmp_path / "rules.json"
    file.write_bytes(reply.data)
    return file


@contextmanager
def program(port: int, *command: str, **environ: str) -> Iterator[str]:
    """A server in a process of its own, until the block ends; gives its address."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=known,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until_open(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate()[0].decode()[-3000:])


def ask(url: str, **headers: str) -> tuple[int, Message, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=named), timeout=30) as got:
            return got.status, got.headers, got.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


# -- the server's rules --------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_the_server_publishes_the_rules_for_any_cache(
    client: FlaskClient, app: Flask, clock: Clock
) -> None:
    notice = acts.make_site(app, clock())
    reply = client.get(f"/v1/{SITE}/rules.json")
    body = reply.get_json()
    assert (body["site"], body["notice"], body["asks"]) == (SITE, notice.digest, 1)
    analytics = {
        "id": "google-analytics",
        "category": "statistics",
        "hosts": ["www.google-analytics.com"],
    }
    assert analytics in body["services"]
    assert {"www.google-analytics.com=google-analytics", "#_ad=ads"} <= set(body["hold"].split())
    assert ["_ga", "prefix", "cookie", "google-analytics", "statistics"] in body["trackers"]
    assert reply.headers["Cache-Control"] == "public, max-age=60"
    assert "Cookie" not in reply.headers["Vary"] and "Set-Cookie" not in reply.headers
    again = client.get(f"/v1/{SITE}/rules.json", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/v1/nobody.example/rules.json").status_code == 404


# -- the examples --------------------------------------------------------------------------------

EXAMPLES = {
    "flask": ("wsgi", "examples.flask_shop.app:app"),
    "django": ("wsgi", "examples.django_shop.app:application"),
    "fastapi": ("asgi", "examples.fastapi_shop.app:application"),
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_sends_its_page_with_everything_held(name: str, rules: Path) -> None:
    port = free_port()
    speaks, target = EXAMPLES[name]
    command = ("-m", "granian", "--interface", speaks, "--port", str(port), target)
    told = {
        "CONSENT_SITE": SITE,
        "CONSENT_SERVER": "https://consent.example",
        "CONSENT_RULES": str(rules),
    }
    with program(port, *command, **told) as url:
        status, headers, body = ask(f"{url}/")
        assert status == 200 and HELD in body
        for attribute in (b'<script async src="https://www.google', b'" href="https://www.google'):
            assert attribute not in body
        assert b'src="https://consent.example/v1/example.com/consent.js"' in body
        set_cookies = headers.get_all("Set-Cookie") or []
        assert [one.partition("=")[0] for one in set_cookies] == ["basket"]
        assert "private" in headers["Cache-Control"]
        status, headers, body = ask(f"{url}/", Accept_Encoding="gzip")
        if name == "django":
            assert headers["Content-Encoding"] == "gzip" and HELD in gzip.decompress(body)
            tag = headers["ETag"]
            assert ask(f"{url}/", Accept="text/html", If_None_Match=tag)[0] == 304
            assert ask(f"{url}/", Accept="text/html", If_None_Match='"x"')[0] == 200


# -- the proxy -----------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_the_proxy_holds_for_a_website_of_any_kind(rules: Path, elsewhere: Website) -> None:
    page = "<!doctype html><p>é<script src='//www.google-analytics.com/a.js'></script>"
    elsewhere.put("/a%20b", page, Set_Cookie="_ga=1; Path=/")
    elsewhere.put("/i.png", b"\x89PNG", kind="image/png")
    port = free_port()
    command = ("--upstream", elsewhere.url, "--site", SITE, "--server", "https://consent.example")
    listen = ("--listen", f"127.0.0.1:{port}", "--rules", str(rules))
    with program(port, "-m", "consent.gate", *command, *listen) as url:
        status, headers, body = ask(f"{url}/a%20b?q=1")
        assert status == 200 and b"data-src='//www.google-analytics.com" in body
        assert "é".encode() in body and headers["Set-Cookie"] is None
        assert ask(f"{url}/i.png")[2] == b"\x89PNG"
        assert ask(f"{url}/nothing")[0] == 404
    with pytest.raises(ValueError, match="an upstream is like"):
        Forward("ftp://x/")


@pytest.mark.sqlite_only
def test_the_proxy_passes_bodies_and_says_when_nobody_is_there(rules: Path) -> None:
    app = Flask("upstream")

    @app.post("/form")
    def form() -> Response:
        return Response(f"{request.host} {request.headers.get('X-Own')} {len(request.get_data())}")

    upstream = Door(app)
    port = free_port()
    command = ("--upstream", upstream.url, "--site", SITE, "--server", "https://consent.example")
    listen = ("--listen", f"127.0.0.1:{port}", "--rules", str(rules))
    with program(port, "-m", "consent.gate", *command, *listen) as url:
        asked = urllib.request.Request(
            f"{url}/form", data=b"x" * 300_000, headers={"X-Own": "yes", "Host": "shop.example"}
        )
        with urllib.request.urlopen(asked, timeout=30) as reply:
            assert reply.read() == b"shop.example yes 300000"
        upstream.shut()
        assert ask(f"{url}/form")[0] == 502


# -- the feed ------------------------------------------------------------------------------------

RULES = {"site": SITE, "asks": 1, "services": [{"id": "a", "category": None, "hosts": ["a.test"]}]}


def test_rules_are_read_again_stale_ones_stand_and_a_restart_remembers(
    elsewhere: Website, tmp_path: Path
) -> None:
    path, kept = f"/v1/{SITE}/rules.json", tmp_path / "kept.json"
    reading = Feed(None, elsewhere.url, SITE, keep=kept)
    assert reading.rules.needles == () and not reading.refresh()
    elsewhere.put(path, json.dumps(RULES), kind="application/json", ETag='"1"')
    assert reading.refresh() and reading.rules.hosts == ["a.test"]
    first = reading.rules
    for broken in ("{", "[]", '{"v": 2, "site": "x", "services": []}', '{"services": 7}', "x" * 99):
        elsewhere.put(path, broken)
        assert not reading.refresh() and reading.rules is first
    assert Feed(None, elsewhere.url, SITE, keep=kept).rules.hosts == ["a.test"]
    kept.write_text("{")
    assert Feed(None, elsewhere.url, SITE, keep=kept).rules.hosts == []


def test_unchanged_rules_are_not_fetched_twice(elsewhere: Website) -> None:
    said = []
    app = Flask("rules")

    @app.get("/rules.json")
    def served() -> Response:
        said.append(request.headers.get("If-None-Match"))
        response = Response(json.dumps(RULES), mimetype="application/json")
        response.set_etag("7")
        response.make_conditional(request)
        return response

    door = Door(app)
    reading = Feed(f"{door.url}/rules.json")
    assert reading.refresh()
    first = reading.rules
    assert reading.refresh() and reading.rules is first and said == [None, '"7"']
    door.shut()


def test_a_request_starts_the_reader_and_never_waits_for_it(elsewhere: Website) -> None:
    with socket.socket() as silent:  # takes the connection and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        reading = Feed(f"http://127.0.0.1:{silent.getsockname()[1]}/rules.json")
        assert reading.now().needles == ()
        reading.stop()
    elsewhere.put("/rules.json", json.dumps(RULES), kind="application/json")
    reading = Feed(f"{elsewhere.url}/rules.json", every=0.01)
    until(lambda: reading.now().hosts == ["a.test"])
    changed = {**RULES, "services": []}
    elsewhere.put("/rules.json", json.dumps(changed), kind="application/json")
    until(lambda: reading.now().hosts == [])
    reading.stop()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_rules_come_from_a_file_too_and_a_wrong_address_is_said(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(RULES))
    reading = Feed(file)
    assert reading.rules.hosts == ["a.test"] and reading.rules.stub == feed.STUB.read_text().strip()
    file.write_text(json.dumps({**RULES, "services": [], "stub": "mine"}))
    assert reading.refresh() and (reading.rules.hosts, reading.rules.stub) == ([], "mine")
    for wrong in ("ftp://x/rules.json", None):
        with pytest.raises(ValueError, match="no address"):
            Feed(wrong)


# -- alone ---------------------------------------------------------------------------------------


def test_the_gate_needs_nothing_of_ours_and_nothing_that_python_does_not_bring(
    tmp_path: Path,
) -> None:
    shutil.copytree(ROOT / "consent/gate", tmp_path / "consent/gate")
    shutil.copy(ROOT / "consent/__init__.py", tmp_path / "consent")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from consent.gate import wsgi, asgi, proxy\n"
        "import json\n"
        f"gate = wsgi.Gate(lambda e, s: (s('200 OK', [('Content-Type', 'text/html')]),"
        f" [b'<html><img src=//a.test/i>'])[1], site='s',"
        f" rules=json.loads({json.dumps(RULES)!r}))\n"
        "print(b''.join(gate({}, lambda *a: None)).decode())\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] in ('flask', 'sqlalchemy')))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert 'data-service="a" data-held="a.test" data-src=//a.test/i>' in done.stdout
    assert done.stdout.endswith("[]\n")
