"""The log is kept by the server's first process, and choices are answered by another."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from consent.ledger import Ledger, word
from consent.saying import Said, say
from tests.acts import SECRET
from tests.conftest import Clock
from tests.server import Server
from tests.test_ledger_commands import elsewhere, refuse

PATIENCE = 300.0
__all__ = ["elsewhere"]  # a fixture


def within(what: Callable[[], object]) -> bool:
    end = time.monotonic() + PATIENCE
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
    return bool(what())


def proof(server: Server, made: dict[str, str]) -> object:
    return server.get(made["receipt"], Authorization=f"Visitor {SECRET}").json()["proof"]


@contextmanager
def halted(server: Server) -> Iterator[None]:
    """The server's first process does nothing meanwhile."""
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def test_choices_are_answered_while_who_keeps_the_log_does_nothing(
    make_server: Callable[..., Server],
) -> None:
    server = make_server()
    first = refuse(server).json()
    assert within(lambda: proof(server, first))
    with halted(server):
        reply = refuse(server)
        assert reply.status == 201
        time.sleep(3)
        assert proof(server, reply.json()) is None
    assert within(lambda: proof(server, reply.json()))


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a process of its parent's end"
)
def test_nobody_serves_on_without_the_process_that_keeps_the_log(
    make_server: Callable[..., Server],
) -> None:
    server = make_server()
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)

    def gone() -> bool:
        try:
            server.get("/healthz")
        except OSError:
            return True
        return False

    assert within(gone)


def test_who_serves_says_what_who_keeps_the_log_has_found(
    app: Flask, clock: Clock, elsewhere: Ledger
) -> None:
    here: Ledger = app.extensions["crumbtrail"].ledger
    found = {"witness": say("%(name)s does not answer.", name="w1"), "other": "Plain."}
    here.alarms.update(found)
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert elsewhere.alarms == {"witness": "w1 does not answer.", "other": "Plain."}
    assert isinstance(elsewhere.alarms["witness"], Said)
    here.alarms.clear()
    here.tick(clock.advance(seconds=1))
    elsewhere.look(clock())
    assert elsewhere.alarms == {}


def test_who_serves_says_once_in_its_log_that_the_log_is_stopped(
    app: Flask, clock: Clock, elsewhere: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    here: Ledger = app.extensions["crumbtrail"].ledger
    here.alarm("It is another one.")
    word.leave(here.signer, here.alarms, clock())
    for _ in range(3):
        elsewhere.look(clock())
    assert caplog.text.count("the log is stopped: It is another one.") == 1
