"""Webhooks: each message arrives, at least once, signed, under one id; and nobody is harmed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from consent import notices, requests, sites, trail, users, webhooks
from consent.db import db
from consent.errors import Conflict, Invalid
from consent.requests import Wish
from consent.webhooks import PAUSES, Webhook
from tests import acts
from tests.conftest import Clock

SITE, BY, KEY = "example.com", "test", "the server's key"
SEND = webhooks.poster(private=True, seconds=20)


class Receiver(ThreadingHTTPServer):
    """A program that receives: it answers as told, and keeps what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Any] = []  # statuses; "slow" answers nothing, "cut" hangs up
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=b"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((headers, body))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        if answer == "slow":
            self.server.over.wait(30)
            return
        if answer == "cut":
            return
        self.send_response(answer)
        if 300 <= answer < 400:
            self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def hook(app: Flask, clock: Clock, receiver: Receiver) -> Webhook:
    acts.make_site(app, clock())
    return webhooks.add(sites.get(SITE), receiver.url, webhooks.EVENTS, BY, clock())


def published(clock: Clock) -> None:
    notices.publish(sites.get(SITE), BY, clock())


def genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Written from the specification alone (Standard Webhooks 1.0, Verifying signatures)."""
    key = base64.b64decode(secret[len("whsec_") :])
    signed = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(one, wanted)
        for version, _, one in (
            part.partition(",") for part in headers["webhook-signature"].split()
        )
    )


def test_a_message_is_written_with_its_verb_and_arrives_signed(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    published(clock)
    secret = webhooks.secret(hook, KEY)
    assert webhooks.deliver(clock(), SEND, KEY) == 1
    [(headers, body)] = receiver.got
    assert genuine(secret, headers, body)
    assert not genuine(webhooks.secret(hook, "another key"), headers, body)
    assert not genuine(secret, headers, body + b" ")
    assert not genuine(secret, {**headers, "webhook-timestamp": "1"}, body)
    assert headers["webhook-timestamp"] == str(int(clock().timestamp()))
    said = json.loads(body)
    assert said["type"] == "notice.published" and said["data"]["version"] == 2
    assert said["data"]["site"] == SITE
    assert webhooks.deliver(clock.advance(days=1), SEND, KEY) == 0, "it is sent once"
    [sent] = webhooks.deliveries(hook)
    assert sent.state == "sent" and sent.attempts[0]["status"] == 204


def test_what_is_rolled_back_is_told_to_nobody(app: Flask, hook: Webhook, clock: Clock) -> None:
    sites.change(sites.get(SITE), BY, clock(), controller={"trading_name": "Nobody"})
    with pytest.raises(Invalid):
        published(clock)
    db.session.rollback()
    webhooks.emit(sites.get(SITE), "notice.published", {}, clock())
    db.session.rollback()
    assert webhooks.deliveries(hook) == []


@pytest.mark.parametrize("failure", [500, 301, 404, "cut", "slow"])
@pytest.mark.sqlite_only
def test_what_fails_is_tried_again_under_the_same_id(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock, failure: Any
) -> None:
    receiver.answers = [failure]
    published(clock)
    hurried = webhooks.poster(private=True, seconds=2)
    assert webhooks.deliver(clock(), hurried if failure == "slow" else SEND, KEY) == 0
    [waiting] = webhooks.deliveries(hook)
    assert waiting.state == "waiting" and waiting.attempts[0]["problem"]
    assert webhooks.deliver(clock(), SEND, KEY) == 0, "not before its time"
    assert len(receiver.got) == 1, "a redirect is not followed"
    assert webhooks.deliver(clock.advance(seconds=6), SEND, KEY) == 1
    (first, one), (second, two) = receiver.got
    assert first["webhook-id"] == second["webhook-id"] == webhooks.deliveries(hook)[0].name
    assert one == two and first["webhook-timestamp"] != second["webhook-timestamp"]
    assert genuine(webhooks.secret(hook, KEY), second, two)


def test_after_three_days_a_message_is_dead_and_the_webhook_is_off(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    users.add_user("olga@example.com", "a long password of olga", BY, clock())
    receiver.answers = [500] * 20
    letters: list[tuple[str, str, str]] = []
    published(clock)
    begun = clock()
    for pause in PAUSES:
        webhooks.deliver(clock(), SEND, KEY, lambda *letter: letters.append(letter))
        clock.advance(seconds=pause.total_seconds())
    [dead] = webhooks.deliveries(hook)
    assert dead.state == "dead" and dead.tries == len(PAUSES) == len(receiver.got)
    assert timedelta(days=2) < clock() - begun < timedelta(days=4)
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {dead.name}
    # The last try came before three days were over, so it is the next message that ends it.
    while webhooks.get(sites.get(SITE), hook.id).active:
        published(clock)
        for pause in PAUSES:
            webhooks.deliver(clock(), SEND, KEY, lambda *letter: letters.append(letter))
            clock.advance(seconds=pause.total_seconds())
        receiver.answers = [500] * 20
    assert [to for to, _, _ in letters] == ["olga@example.com"] and SITE in letters[0][1]
    assert "webhook.disable" in {entry.verb for entry in trail.entries(SITE)}
    quiet = len(receiver.got)
    published(clock)
    webhooks.deliver(clock(), SEND, KEY)
    assert len(receiver.got) == quiet
    receiver.answers = []
    kept = webhooks.get(sites.get(SITE), hook.id)
    webhooks.change(kept, sites.get(SITE), BY, clock(), active=True)
    webhooks.replay(webhooks.delivery(sites.get(SITE), dead.name), sites.get(SITE), BY, clock())
    assert webhooks.deliver(clock(), SEND, KEY) == 1
    assert receiver.got[-1][0]["webhook-id"] == dead.name


@pytest.mark.sqlite_only
def test_a_webhook_that_is_gone_is_off_at_once(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    receiver.answers = [410]
    published(clock)
    webhooks.deliver(clock(), SEND, KEY)
    kept = webhooks.get(sites.get(SITE), hook.id)
    assert not kept.active and kept.why == "It answered 410: gone."


@pytest.mark.sqlite_only
def test_one_that_does_not_answer_holds_up_no_other(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    site = sites.get(SITE)
    webhooks.change(hook, site, BY, clock(), url="http://127.0.0.1:1/")
    webhooks.add(site, receiver.url, ["notice.published"], BY, clock())
    for _ in range(3):
        published(clock)
    assert webhooks.deliver(clock(), SEND, KEY) == 3
    tried = [one.tries for one in webhooks.deliveries(webhooks.get(site, hook.id))]
    assert tried == [0, 0, 1], "it rests after its first failure"


@pytest.mark.sqlite_only
def test_after_another_secret_both_count_for_a_day(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    old = webhooks.secret(hook, KEY)
    webhooks.rotate(hook, sites.get(SITE), BY, clock())
    new = webhooks.secret(webhooks.get(sites.get(SITE), hook.id), KEY)
    assert old != new
    published(clock)
    webhooks.deliver(clock(), SEND, KEY)
    published(clock)
    webhooks.deliver(clock.advance(hours=25), SEND, KEY)
    both, later = receiver.got
    assert genuine(old, *both) and genuine(new, *both)
    assert genuine(new, *later) and not genuine(old, *later)


@pytest.mark.sqlite_only
def test_the_database_alone_signs_nothing(app: Flask, hook: Webhook) -> None:
    secret = webhooks.secret(hook, KEY)
    assert secret not in str(vars(hook)) and secret != webhooks.secret(hook, "another")


@pytest.mark.sqlite_only
def test_nothing_is_sent_to_where_the_server_alone_may_go(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    published(clock)
    assert webhooks.deliver(clock(), webhooks.poster(private=False, seconds=5), KEY) == 0
    assert receiver.got == []
    [waiting] = webhooks.deliveries(hook)
    assert "nothing may be sent" in waiting.attempts[0]["problem"]


def test_requests_are_told_of_when_they_arrive_and_once_when_they_are_due(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    wish = Wish("access", "anna@example.org", "What do you know?", None, "en")
    requests.add(sites.get(SITE), "AAAA-BBBB", wish, "DE", clock())
    webhooks.deliver(clock(), SEND, KEY)
    requests.remind(clock())
    assert webhooks.deliver(clock(), SEND, KEY) == 0
    for _ in range(3):
        requests.remind(clock.advance(days=29) if len(receiver.got) == 1 else clock())
        webhooks.deliver(clock(), SEND, KEY)
    told = [json.loads(body) for _, body in receiver.got]
    assert [one["type"] for one in told] == ["request.received", "request.due"]
    assert b"anna" not in b"".join(body for _, body in receiver.got), "nothing personal is told"
    assert b"What do you" not in b"".join(body for _, body in receiver.got)


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example", "https://", "https://a:b@c.example", "http://a:99999", "x" * 600]
)
@pytest.mark.sqlite_only
def test_an_address_that_is_none_is_refused(app: Flask, clock: Clock, url: str) -> None:
    assert webhooks.address_problem(url)


@pytest.mark.sqlite_only
def test_the_same_address_twice_is_refused(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    with pytest.raises(Conflict):
        webhooks.add(sites.get(SITE), receiver.url, webhooks.EVENTS, BY, clock())


@pytest.mark.sqlite_only
def test_a_receiver_that_forgets_is_caught(
    app: Flask, hook: Webhook, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken twin: an outbox that gives a new id to each try would be seen by these tests."""
    real = webhooks.outbox._mine

    def renamed(number: int, at: Any) -> Any:
        one = real(number, at)
        if one is not None:
            one.name = f"msg_{one.tries}"
            db.session.commit()
        return one

    monkeypatch.setattr(webhooks.outbox, "_mine", renamed)
    receiver.answers = [500]
    published(clock)
    webhooks.deliver(clock(), SEND, KEY)
    webhooks.deliver(clock.advance(seconds=6), SEND, KEY)
    (first, _), (second, _) = receiver.got
    assert first["webhook-id"] != second["webhook-id"]
