"""A cap on memory, and more visitors than threads: the server answers each, outlives them, and
keeps what it acknowledged."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

import pytest

from bench.processes import family
from tests.acts import refusal
from tests.faults.load import SITE, post
from tests.faults.sizes import size
from tests.prepare import ROOT
from tests.server import Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="caps are Linux's")

CAP = 640 * 2**20  # bytes of address space: what is resident is less than half of it
CHOICES = size("crowd")
VISITORS = 80  # more than there are threads to answer them
MAY_SAY = {201, 429, 503}
Made = tuple[dict[str, Any], int, bytes]


def crowd(server: Server) -> list[Made]:
    """What each choice was answered; 0 where that was nothing."""
    notice = server.get(f"/v1/{SITE}/notice").json()

    def choose(_: int) -> Made:
        body = refusal(notice, server.url + "/demo/")
        try:
            reply = post(server, body)
        except (OSError, HTTPException):
            return body, 0, b""
        return body, reply.status, reply.body

    with ThreadPoolExecutor(VISITORS) as visitors:
        return list(visitors.map(choose, range(CHOICES)))


def capped(server: Server) -> list[int]:
    """The processes of the server, none of which may grow beyond CAP."""
    assert server.process
    found = family(server.process.pid)
    for one in found:
        resource.prlimit(one, resource.RLIMIT_AS, (CAP, CAP))
    return found


def strayed(made: list[Made]) -> list[int]:
    """What was answered that is neither a 201 nor a refusal with a time to come back."""
    return sorted({status for _, status, _ in made} - MAY_SAY)


def test_under_a_cap_on_memory_a_crowd_is_answered_and_what_was_acknowledged_stays(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(RATE_SITE="0")
    before = capped(server)
    made = crowd(server)
    assert not strayed(made)
    assert server.process and family(server.process.pid) == before
    answered = [(body, told) for body, status, told in made if status == 201]
    assert answered
    server.stop()
    server.start()
    assert all(
        post(server, body).body == told for body, told in answered[:: 1 + len(answered) // 40]
    )


def test_a_server_that_keeps_more_of_each_choice_is_found_out(
    make_server: Callable[..., Server],
) -> None:
    server = make_server(RATE_SITE="0", PYTHONPATH=str(ROOT / "tests/faults/hoarding"))
    before = capped(server)
    made = crowd(server)
    assert strayed(made) or not server.process or family(server.process.pid) != before
