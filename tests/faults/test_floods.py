"""One network sends more than it may: it is refused in words, and the others do not feel it."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address

import pytest

from tests.acts import refusal
from tests.faults.load import SITE, memory
from tests.faults.sizes import size
from tests.prepare import ROOT
from tests.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

OTHER = "voip.ms"
GROWTH = 100  # MiB
CLIENT, RATE = 10, 60  # of RATE_CLIENT and RATE_SITE
OTHERS = 30  # on each site
FLOODER = "198.51.100.7"


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
