"""More than a server can do, or than one network may send: it sheds in words, keeps what it
acknowledged, and the others do not feel it."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address
from typing import Any

import pytest

from consent.db import sqlite_build  # type: ignore[attr-defined]
from tests.acts import refusal
from tests.faults.crowd import checkpoints
from tests.faults.load import SITE, memory, post
from tests.faults.sizes import size
from tests.faults.test_kills import check
from tests.prepare import ROOT
from tests.server import Reply, Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

OTHER = "voip.ms"
VISITORS = 96
SHED = 50
GROWTH = 100  # MiB
CLIENT, RATE = 10, 60  # of RATE_CLIENT and RATE_SITE
OTHERS = 30  # on each site
FLOODER = "198.51.100.7"


@dataclass(frozen=True)
class Sent:
    """A choice, and what it was answered: nothing where the answer never came."""

    body: dict[str, Any]
    reply: Reply | None


@contextmanager
def seized(server: Server, sent: list[Sent]) -> Iterator[None]:
    """Somebody holds the database until SHED more choices were shed, again and again."""
    name = server.environ["DATABASE_URL"].removeprefix("sqlite:///")
    held, over = threading.Event(), threading.Event()

    def shed() -> int:
        return sum(one.reply is not None and one.reply.status == 503 for one in list(sent))

    def hold() -> None:
        with closing(sqlite_build.connect(name, timeout=60, isolation_level=None)) as other:
            while not over.is_set():
                other.execute("BEGIN IMMEDIATE")
                held.set()
                enough = shed() + SHED
                while not over.wait(0.05) and shed() < enough:
                    pass
                other.execute("ROLLBACK")
                over.wait(1)

    holding = threading.Thread(target=hold, daemon=True)
    holding.start()
    held.wait()
    try:
        yield
    finally:
        over.set()
        holding.join()


def flood(server: Server, sent: list[Sent]) -> None:
    """Many at once without a pause; one choice in ten has no id, and one comes twice."""
    notice = server.get(f"/v1/{SITE}/notice").json()

    def choose(number: int) -> None:
        body = refusal(notice, server.url + "/demo/")
        if number % 10 == 0:
            del body["id"]
        for _ in range(2 if number % 10 == 1 else 1):
            try:
                sent.append(Sent(body, post(server, body)))
            except (OSError, HTTPException):
                sent.append(Sent(body, None))

    with ThreadPoolExecutor(VISITORS) as visitors:
        list(visitors.map(choose, range(size("flood"))))


def outlived(server: Server) -> None:
    """The oracle."""
    before, sent = memory(server), list[Sent]()
    with seized(server, sent):
        flood(server, sent)
    flood(server, sent)  # and now it can
    grown = memory(server) - before
    told = Counter(one.reply.status if one.reply else 0 for one in sent)
    assert set(told) <= {200, 201, 422, 503}, told
    assert told[201] and told[503] >= SHED, told
    assert grown <= GROWTH, f"memory grew by {grown:.0f} MiB"
    answered = [(one.body, one.reply) for one in sent if one.reply]
    shed = [(body, reply) for body, reply in answered if reply.status == 503]
    assert all(int(reply.headers["Retry-After"]) >= 1 for _, reply in shed)
    assert {post(server, body).status for body, _ in shed} <= {200, 201, 422}
    kept = dict[str, tuple[dict[str, Any], bytes]]()
    for body, reply in answered:
        if reply.status in (200, 201):  # 200 too: what was told 503 may have been stored
            assert kept.setdefault(body["id"], (body, reply.body))[1] == reply.body
    notes = checkpoints(server)
    assert server.stop() == 0
    check(server, list(kept.values()), notes)
    print(f"\n{dict(told)}, memory {grown:+.1f} MiB")


def test_F22_of_far_more_than_it_can_do_a_server_sheds_the_rest_and_keeps_what_it_took(
    make_server: Callable[..., Server],
) -> None:
    outlived(make_server(RATE_SITE="0"))


def test_F22_twin_a_server_that_keeps_more_of_each_choice_grows(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(RATE_SITE="0", PYTHONPATH=str(ROOT / "tests/faults/hoarding"))
    with pytest.raises(AssertionError, match="memory grew by"):
        outlived(server)


def unharmed(server: Server) -> None:
    """The oracle: one address sends without a pause, each time behind another forged one."""
    shown = {site: server.get(f"/v1/{site}/notice").json() for site in (SITE, OTHER)}
    began, before, taken = time.monotonic(), memory(server), list[int]()

    def send(site: str, forwarded: str) -> int:
        body = json.dumps(refusal(shown[site], server.url + "/demo/")).encode()
        words = {"Content_Type": "text/plain", "X_Forwarded_For": forwarded}
        reply = server.post(f"/v1/{site}/consents", body, Origin=server.url, **words)
        assert reply.status == 201 or int(reply.headers["Retry-After"]) >= 1
        return reply.status

    def flood(_: int) -> None:
        forged = IPv4Address(random.getrandbits(32))
        taken.append(send(SITE, f"{forged}, {FLOODER}"))

    with ThreadPoolExecutor(8) as many:
        flooding = [many.submit(flood, number) for number in range(size("flood"))]
        while len(taken) < size("flood") // 2 and not all(one.done() for one in flooding):
            time.sleep(0.05)
        others = [
            send(site, f"203.0.113.{number}") for number in range(OTHERS) for site in (SITE, OTHER)
        ]
        for one in flooding:
            one.result()
    assert taken.count(201) <= CLIENT + time.monotonic() - began + 1, "one is taken for many"
    assert set(others) == {201}, "others pay for one that floods"
    assert memory(server) - before <= GROWTH
    print(f"\n{dict(Counter(taken))} of one, {dict(Counter(others))} of others")


PROXIED = {"TRUSTED_PROXIES": "127.0.0.0/8", "RATE_CLIENT": str(CLIENT), "RATE_SITE": str(RATE)}


def test_F25_others_do_not_feel_one_that_floods_behind_forged_addresses(
    make_server: Callable[..., Server],
) -> None:
    unharmed(make_server(**PROXIED))


def test_F25_twin_a_server_that_believes_forged_addresses_takes_one_for_many(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**PROXIED, PYTHONPATH=str(ROOT / "tests/faults/gullible"))
    with pytest.raises(AssertionError, match="one is taken for many"):
        unharmed(server)
