"""A scan beside the server: its process, its end, the schedule, and the messages it leads to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from consent import config, findings, scans, sites, webhooks
from consent.db import db
from consent.errors import Forbidden, Invalid
from consent.mail import mailer
from consent.scans import Scan, Scanner
from consent.scans.alerts import PAUSES
from consent.scans.running import COMMAND, _family
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.pages import Website, listening
from tests.postbox import postbox
from tests.prepare import ROOT, chromium
from tests.sightings import analytics, finding, saw

AT = "https://example.com"
STUB = (sys.executable, str(ROOT / "tests/scan_stub.py"))


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    return add_site(clock())


class Sink:
    """What arrives by POST; `answers` are the next statuses, then 200."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []


@pytest.fixture
def sink() -> Iterator[Sink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.answers.pop(0) if made.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with listening(Handler) as server:
        made = Sink(server.server_port)
        yield made


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Scanner]]:
    made: list[Scanner] = []
    (tmp_path / "seen.json").write_text(json.dumps(findings.to_json(saw(*analytics()))), "utf-8")

    def one(**more: Any) -> Scanner:
        values: dict[str, Any] = {
            "folder": tmp_path,
            "may": lambda site, url, at: {"pages": 1},
            "judge": lambda site, seen: [finding("a"), finding("b", "info")],
            "link": lambda site, scan: f"https://consent.example/admin/{scan.id}",
            "send": webhooks.poster(private=True),
            "mail": None,
            "command": STUB,
            **more,
        }
        made.append(Scanner(**values))
        return made[-1]

    yield one
    for scanner in made:
        scanner.close()


def until(scanner: Scanner, clock: Clock, so: Callable[[], object], patience: float = 120) -> None:
    """Call the chore as the server does, until it is so."""
    ends = time.monotonic() + patience
    while not so():
        assert time.monotonic() < ends, "never true"
        scanner(clock())
        time.sleep(0.02)


def ended(scan: Scan) -> Callable[[], bool]:
    number = scan.id

    def look() -> bool:
        db.session.expire_all()
        return db.session.get_one(Scan, number).state not in ("queued", "running")

    return look


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_scan_runs_in_a_process_of_its_own_and_ends_as_proposals(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner]
) -> None:
    scan = scans.start(site, f"{AT}/done", BY, clock())
    until(make(), clock, ended(scan))
    assert (scan.state, scan.summary["errors"], scan.summary["things"]) == ("done", 1, 3)
    assert len(scans.waiting(site)) == 3


@pytest.mark.parametrize(("path", "problem"), [("refused", "unreachable"), ("broken", "broken")])
def test_a_scan_that_fails_says_why(
    app: Flask,
    site: sites.Site,
    clock: Clock,
    make: Callable[..., Scanner],
    path: str,
    problem: str,
) -> None:
    scan = scans.start(site, f"{AT}/{path}", BY, clock())
    until(make(), clock, ended(scan))
    assert (scan.state, scan.problem) == ("failed", problem)
    assert problem in scans.PROBLEMS


@pytest.mark.sqlite_only
def test_a_real_browser_sees_a_page_and_says_who_set_its_cookie(
    app: Flask,
    site: sites.Site,
    clock: Clock,
    make: Callable[..., Scanner],
    elsewhere: Website,
    tmp_path: Path,
) -> None:
    if chromium() is None:
        pytest.skip("no Chromium is installed (package chromium)")
    elsewhere.put("/tag.js", "document.cookie = '_gid=1; max-age=86400';", "text/javascript")
    start = elsewhere.put("/", "<!doctype html><title>A</title><script src=tag.js></script>")
    options = {"pages": 1, "dwell": 0.5, "delay": 0.1, "passes": ["none"], "allow_private": True}
    scanner = make(may=lambda site, url, at: options, command=COMMAND)
    scan = scans.start(site, start, BY, clock())
    until(scanner, clock, ended(scan), 120)
    assert scan.state == "done", (tmp_path / str(scan.id) / "log.txt").read_text()
    [one] = [one for one in scans.waiting(site) if one.fields["name"] == "_gid"]
    assert one.fields["category"] == "statistics" and one.evidence["passes"] == ["none"]
    assert one.evidence["script"] == start + "tag.js" and one.evidence["how"] == "script"
    assert (tmp_path / str(scan.id) / "none.png").stat().st_size > 1000


@pytest.mark.sqlite_only
def test_the_process_gets_no_setting_of_the_server(
    app: Flask,
    site: sites.Site,
    clock: Clock,
    make: Callable[..., Scanner],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the server")
    show = "import os,sys;open(sys.argv[1]+'/env','w').write(repr(dict(os.environ)))"
    scan = scans.start(site, f"{AT}/done", BY, clock())
    until(make(command=(sys.executable, "-c", show)), clock, ended(scan))
    told = (tmp_path / str(scan.id) / "env").read_text()
    assert "PATH" in told and "of the server" not in told and "DATABASE" not in told


@pytest.mark.sqlite_only
@pytest.mark.parametrize("how", ["stopped", "late", "closed"])
def test_what_a_scan_started_is_gone_when_it_ends_early(
    app: Flask,
    site: sites.Site,
    clock: Clock,
    make: Callable[..., Scanner],
    tmp_path: Path,
    how: str,
) -> None:
    steady = [0.0]
    scanner = make(steady=lambda: steady[0])
    scan = scans.start(site, f"{AT}/slow", BY, clock())
    file = tmp_path / str(scan.id) / "child"
    until(scanner, clock, lambda: file.exists() and file.read_text() and scan.progress)
    assert scan.progress["things"] == 2
    child = int(file.read_text())
    [parent] = [one for one in _family(os.getpid()) if child in _family(one)]
    assert alive(child) and alive(parent)
    if how == "stopped":
        scans.cancel(site, scan.id, BY, clock())
        scanner(clock())
    elif how == "late":
        steady[0] = 16 * 60.0
        scanner(clock())
    else:
        scanner.close()
    ends = time.monotonic() + 120
    while alive(child) or alive(parent):  # a kill takes its moment
        assert time.monotonic() < ends, how
        time.sleep(0.02)
    db.session.expire_all()
    states = {"stopped": ("stopped", "stopped"), "late": ("failed", "slow")}
    assert (scan.state, scan.problem) == states.get(how, ("running", None))


@pytest.mark.sqlite_only
def test_of_a_scan_that_took_too_long_the_passes_that_were_done_are_kept(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner], tmp_path: Path
) -> None:
    steady = [0.0]
    scanner = make(steady=lambda: steady[0])
    scan = scans.start(site, f"{AT}/slow", BY, clock())
    until(scanner, clock, lambda: (tmp_path / str(scan.id) / "child").exists())
    passed = findings.to_json(saw(*analytics()))["passes"][0]
    (tmp_path / str(scan.id) / "passes.jsonl").write_text(json.dumps(passed) + '\n{"name": "rej')
    steady[0] = 16 * 60.0
    scanner(clock())
    db.session.expire_all()
    assert (scan.state, scan.summary["passes"]) == ("done", ["none"])
    assert json.loads(scan.seen or "")["problems"] == [scans.PROBLEMS["slow"]]


# -- the schedule ------------------------------------------------------------------------------


def test_a_site_is_scanned_by_itself_when_it_is_due_and_once_for_what_was_missed(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner]
) -> None:
    scans.put_watch(site, "weekly", f"{AT}/done", "", "", BY, clock())
    scanner = make()
    scanner(clock.advance(days=6))
    assert scans.history(site) == []
    clock.advance(days=30)
    scanner(clock())
    [scan] = scans.history(site)
    assert scan.by == "schedule"
    until(scanner, clock, ended(scan))
    scanner(clock())
    assert len(scans.history(site)) == 1
    assert scans.watch(site).next_at == clock() + timedelta(days=7)


def test_a_schedule_scans_nothing_whose_proof_is_gone_and_off_is_off(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner]
) -> None:
    def never(site: sites.Site, url: str, at: datetime) -> dict[str, Any]:
        raise Forbidden("not_proven", "No.")

    scans.put_watch(site, "daily", f"{AT}/done", "", "", BY, clock())
    make(may=never)(clock.advance(days=2))
    assert scans.history(site) == []
    scans.put_watch(site, "off", f"{AT}/done", "", "", BY, clock())
    make()(clock.advance(days=400))
    assert scans.history(site) == []


def test_a_month_is_a_calendar_month_and_a_wrong_schedule_is_refused(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    kept = scans.put_watch(site, "monthly", f"{AT}/", "", "", BY, clock())
    assert kept.next_at and kept.next_at.date().isoformat() == "2026-12-21"
    with pytest.raises(Invalid) as refusal:
        scans.put_watch(site, "hourly", "x", "ftp://x", "nobody", BY, clock())
    assert set(refusal.value.fields or {}) == {"every", "url", "webhook", "email"}


# -- messages ----------------------------------------------------------------------------------


def test_new_findings_are_sent_signed_once_and_again_until_they_arrive(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner], sink: Sink
) -> None:
    kept = scans.put_watch(site, "off", f"{AT}/done", sink.url, "", BY, clock())
    secret = kept.secret or ""
    scanner = make()
    sink.answers = [500, 503]
    scan = scans.start(site, f"{AT}/done", BY, clock())
    until(scanner, clock, ended(scan))
    until(scanner, clock, lambda: len(sink.got) == 1)
    scanner(clock())
    assert len(sink.got) == 1  # not before its pause is over
    [message] = scans.messages(site)
    assert (message.state, message.problem, message.tries) == ("waiting", "It answered 500.", 1)
    scanner(clock.advance(minutes=2))
    scanner(clock.advance(minutes=6))
    assert len(sink.got) == 3 and message.state == "sent"
    scanner(clock.advance(days=3))
    assert len(sink.got) == 3
    names = {headers["webhook-id"] for headers, _ in sink.got}
    assert len(names) == 1  # a repeat can be told
    for headers, body in sink.got:
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"
    told = json.loads(sink.got[0][1])
    assert told["type"] == "scan.findings" and told["data"]["proposed"] == 3
    assert [one["id"] for one in told["data"]["findings"]] == ["a"]  # notes alarm nobody
    assert told["data"]["link"] == f"https://consent.example/admin/{scan.id}"
    again = scans.start(site, f"{AT}/done", BY, clock())
    until(scanner, clock, ended(again))
    scanner(clock())
    assert len(sink.got) == 3  # nothing is new


def test_a_message_that_never_arrives_is_given_up(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner], sink: Sink
) -> None:
    scans.put_watch(site, "off", f"{AT}/done", sink.url, "", BY, clock())
    scanner = make()
    sink.answers = [500] * 20
    until(scanner, clock, ended(scans.start(site, f"{AT}/done", BY, clock())))
    scanner(clock())
    for pause in PAUSES:
        scanner(clock.advance(seconds=pause.total_seconds()))
    assert len(sink.got) == 1 + len(PAUSES)
    assert [one.state for one in scans.messages(site)] == ["failed"]


@pytest.mark.sqlite_only
def test_a_webhook_reaches_no_private_address_unless_the_operator_says_so(sink: Sink) -> None:
    post = webhooks.Post(sink.url, {"content-type": "application/json"}, b"{}")
    with pytest.raises(OSError, match="where nothing may be sent"):
        webhooks.poster(private=False)(post)
    assert sink.got == []
    webhooks.poster(private=True)(post)
    assert len(sink.got) == 1
    metadata = webhooks.Post("http://169.254.169.254/latest/", {}, b"{}")
    with pytest.raises(OSError, match="where nothing may be sent"):
        webhooks.poster(private=True)(metadata)


@pytest.mark.sqlite_only
def test_new_findings_are_told_by_mail_and_a_password_never_goes_in_the_clear(
    app: Flask, site: sites.Site, clock: Clock, make: Callable[..., Scanner]
) -> None:
    with postbox() as box:
        mail = mailer(box.url, "crumbtrail@example.com")
        scans.put_watch(site, "off", f"{AT}/done", "", "olga@example.com", BY, clock())
        scanner = make(mail=mail)
        until(scanner, clock, ended(scans.start(site, f"{AT}/done", BY, clock())))
        until(scanner, clock, lambda: box.letters)
        secret = mailer(box.url.replace("//", "//olga:hunter2@"), None)
        assert secret is not None
        with pytest.raises(OSError, match="no password was sent"):
            secret("olga@example.com", "x", "y")
    [letter] = [one.text for one in box.letters]
    assert "To: olga@example.com" in letter and "1 new finding of" in letter
    assert "- error: cookie a: It was set before a choice." in letter
    assert "https://consent.example/admin/" in letter


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://h:99999", "mail"])
def test_a_mail_server_that_is_none_stops_the_boot_and_its_password_is_not_shown(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(config.ConfigError) as error:
        config.load({"INSTANCE_PATH": str(tmp_path), "SMTP_URL": url})
    assert str(error.value) == "SMTP_URL must look like smtp://user:password@host:587."
