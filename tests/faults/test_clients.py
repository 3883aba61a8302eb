"""Clients that are slow, too many, or say too much: the others are answered, and each of them is
broken off or told so."""

from __future__ import annotations

import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from bench.processes import family
from tests.acts import refusal
from tests.faults.load import SITE, memory, post
from tests.faults.sizes import size
from tests.faults.slow import PIPELINED, Way, asking, clients, connected, sending
from tests.prepare import ROOT
from tests.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_only,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux breaks readers off"),
]

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


def broken_off(server: Server, ways: list[str], patience: float = PATIENCE) -> None:
    """The oracle: clients that are slow in all of these ways at once."""
    assert server.process
    before = family(server.process.pid)
    choose(server, 60)
    many = {how: size("slow") if how.startswith(("say", "drip")) else READERS for how in ways}
    slow = [how for how in ways for _ in range(many[how])]
    with clients(server, [WAYS[how](server) for how in slow]) as ports:
        choose(server, 20)
        assert server.get(f"/v1/{SITE}/consent.js").status == 200
        end = time.monotonic() + patience
        while there := connected(server).intersection(ports):
            left = [how for how, port in zip(slow, ports, strict=True) if port in there]
            assert time.monotonic() < end, f"never broken off: {Counter(left)}"
            time.sleep(0.1)
        assert server.get("/healthz").status == 200  # a thread is free again
    assert family(server.process.pid) == before
    assert "Traceback" not in server.words(), server.words()


def test_F23_slow_clients_hold_up_nobody_and_are_broken_off(
    make_server: Callable[..., Server],
) -> None:
    broken_off(make_server(**HURRIED), list(WAYS))


def test_F23_twin_a_server_without_limits_never_breaks_them_off(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**HURRIED, PATIENT="1")
    ways = list(WAYS)[:-1]  # the last one leaves no thread to end the server
    with pytest.raises(AssertionError, match="never broken off") as found:
        broken_off(server, ways, patience=7)
    assert all(how in str(found.value) for how in ways), found.value


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


def test_F24_a_server_without_a_file_left_goes_on_when_idle_connections_have_ended(
    make_server: Callable[..., Server],
) -> None:
    recovered(make_server(RATE_SITE="0"))


def test_F24_twin_a_server_that_keeps_idle_connections_does_not_recover(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(**HURRIED, PATIENT="1")
    with pytest.raises(AssertionError, match="does not recover"):
        recovered(server, patience=8)


SCRIPT = f"/v1/{SITE}/consent.js"
COOKIES = "; ".join(f"c{number:04}=v" for number in range(10_000))
HEADS = {
    "ten thousand cookies": asking(SCRIPT, f"Cookie: {COOKIES}"),
    "an address of a mebibyte": asking(f"{SCRIPT}?{'x' * 2**20}"),
    "a header of a mebibyte": asking(SCRIPT, f"X-A: {'x' * 2**20}"),
    "a header of 64 KiB": asking(SCRIPT, f"X-A: {'x' * 2**16}"),
    "a thousand headers": asking(SCRIPT, *(f"X-{number}: a" for number in range(1000))),
    "a header without an end": b"GET / HTTP/1.1\r\nX-A: " + b"x" * 2**20,
    "a body that is none": sending(CHOICES, "Transfer-Encoding: chunked")
    + b"1;"
    + b"x" * 2**20
    + b"\r\na\r\n",
    "what is no HTTP": bytes(range(128, 256)) * 64,
}


def told(server: Server, sent: bytes) -> int:
    """The status of the answer, 0 where there is none."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as one:
        with suppress(ConnectionError):  # whoever has heard enough may close
            one.sendall(sent)
        with suppress(ConnectionError):
            words = one.recv(64).split(b" ")
            return int(words[1]) if len(words) > 1 else 0
    return 0


def refused(server: Server) -> None:
    """The oracle."""
    assert server.process
    before = family(server.process.pid)
    choose(server, 20)
    found, held = {what: told(server, sent) for what, sent in HEADS.items()}, memory(server)
    for _ in range(size("heads")):
        for sent in HEADS.values():
            told(server, sent)
    assert all(status == 0 or 400 <= status < 500 for status in found.values()), found
    assert memory(server) - held <= 16  # MiB
    choose(server, 20)
    assert family(server.process.pid) == before
    assert "Traceback" not in server.words(), server.words()


def test_F26_who_says_too_much_is_refused_and_costs_no_memory(
    make_server: Callable[..., Server],
) -> None:
    refused(make_server(RATE_SITE="0"))


def test_F26_twin_a_server_that_listens_to_everything_answers(
    make_server: Callable[..., Server],
) -> None:
    with pytest.raises(AssertionError, match="'ten thousand cookies': 200"):
        refused(make_server(**HURRIED, PATIENT="1"))
