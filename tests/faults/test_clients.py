"""Clients that are slow, or too many: the others are answered, and each of them is broken off."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import pytest

from bench.processes import family
from tests.acts import refusal
from tests.faults.load import SITE, post
from tests.faults.sizes import size
from tests.faults.slow import PIPELINED, Way, asking, clients, connected, sending
from tests.prepare import ROOT
from tests.server import Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux breaks readers off")

PATIENCE = 90.0
HURRIED = {"PYTHONPATH": str(ROOT / "tests/faults/patient"), "RATE_SITE": "0"}
CHOICES = f"/v1/{SITE}/consents"
WAYS = {
    "say nothing": lambda _: Way(b""),
    "drip a head": lambda _: Way(asking("/")[:-2], b"a"),
    "drip a body": lambda _: Way(sending(CHOICES, "Content-Length: 8000"), b"a"),
    "drip pieces": lambda _: Way(sending(CHOICES, "Transfer-Encoding: chunked"), b"1\r\na\r\n"),
    "read no script": lambda _: Way(asking(f"/v1/{SITE}/consent.js") * PIPELINED),
    "read no export": lambda server: Way(export(server) * PIPELINED),
}
READERS = 6  # more than there are threads; for each the system keeps megabytes


def export(server: Server) -> bytes:
    key = f"Authorization: Bearer {server.auditor_key}"
    return asking(f"/v1/audit/{SITE}/records", key, "Accept: application/x-ndjson")


def choose(server: Server, times: int) -> None:
    notice = server.get(f"/v1/{SITE}/notice").json()
    for _ in range(times):
        reply = post(server, refusal(notice, server.url + "/demo/"))
        assert reply.status == 201, reply.text


def broken_off(server: Server, how: str, patience: float = PATIENCE) -> None:
    """The oracle."""
    assert server.process
    before = family(server.process.pid)
    choose(server, 60)
    many = size("slow") if how.startswith(("say", "drip")) else READERS
    with clients(server, [WAYS[how](server)] * many):
        choose(server, 20)
        assert server.get(f"/v1/{SITE}/consent.js").status == 200
        end = time.monotonic() + patience
        while connected(server):
            assert time.monotonic() < end, "the slow are never broken off"
            time.sleep(0.1)
        assert server.get("/healthz").status == 200  # a thread is free again
    assert family(server.process.pid) == before
    assert "Traceback" not in server.words(), server.words()


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_F23_slow_clients_hold_up_nobody_and_are_broken_off(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**HURRIED)
    for how in WAYS:
        broken_off(server, how)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_F23_twin_a_server_without_limits_never_breaks_them_off(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**HURRIED, PATIENT="1")
    for how in list(WAYS)[:-1]:  # the last one leaves no thread to end the server
        with pytest.raises(AssertionError, match="are never broken off"):
            broken_off(server, how, patience=7)


FILES = 256


def recovered(server: Server, patience: float = PATIENCE) -> None:
    """The oracle: more connections that say nothing than the server may open files."""
    assert server.process
    before = family(server.process.pid)
    for one in before:
        resource.prlimit(one, resource.RLIMIT_NOFILE, (FILES, FILES))
    with clients(server, [Way(b"")] * size("idle")):
        end = time.monotonic() + patience
        while connected(server):
            assert time.monotonic() < end, "the server does not recover"
            time.sleep(0.1)
        choose(server, 20)
        assert server.get("/healthz").status == 200
    assert family(server.process.pid) == before


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_F24_a_server_without_a_file_left_goes_on_when_idle_connections_have_ended(
    make_server: Callable[..., Server],
) -> None:
    recovered(make_server(RATE_SITE="0"))


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_F24_twin_a_server_that_keeps_idle_connections_does_not_recover(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**HURRIED, PATIENT="1")
    with pytest.raises(AssertionError, match="does not recover"):
        recovered(server, patience=8)
