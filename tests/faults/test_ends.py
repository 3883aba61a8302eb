"""The end of a server under load: its writer dies or hangs, or it is told to stop.

It goes on in no half state: who asks is told 503 or answered, the process ends, and what was
acknowledged is there when the next one starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.crowd import Crowd, checkpoints, more, repeated_alike
from tests.faults.sizes import size
from tests.faults.test_kills import check
from tests.prepare import ROOT
from tests.server import Server

PATIENCE = 60.0
LIFELESS = {"PYTHONPATH": str(ROOT / "tests/faults/lifeless")}


def ends(server: Server, times: int, end: Callable[[Crowd, Path], None]) -> None:
    """The oracle: after so many ends under load, each followed by a start, everything that was
    acknowledged is there. `end` ends the server and the crowd; the file says how."""
    mark, known = Path(server.environ["HOME"]) / "lifeless", []
    for _ in range(times):
        crowd = Crowd([server])
        try:
            more(crowd, 20, "at first")
            end(crowd, mark)
        finally:
            crowd.end()  # or it asks at that port for as long as this process lives
        assert {reply.status for reply in crowd.refused} <= {503}
        repeated_alike(crowd)
        known += crowd.answered
    notes = checkpoints(server)
    server.kill()
    check(server, known, notes)


def lifeless(server: Server, how: str, times: int, patience: float = PATIENCE) -> None:
    """Choices are refused in words, health is red, the process ends by itself."""

    def end(crowd: Crowd, mark: Path) -> None:
        mark.write_text(how, "utf-8")
        red = ended(server, patience)
        mark.unlink()
        crowd.end()
        assert red or how == "dies", "health is green while nothing is stored"
        assert all(int(reply.headers["Retry-After"]) >= 1 for reply in crowd.refused)
        server.start()

    ends(server, times, end)


def ended(server: Server, patience: float) -> bool:
    """Whether health was red before the process ended, which it does by itself."""
    assert server.process is not None
    end, red = time.monotonic() + patience, False
    while server.process.poll() is None:
        assert time.monotonic() < end, "the process goes on with nobody who writes"
        try:
            red = red or server.get("/readyz").status == 503
        except OSError:
            pass  # it is on its way
        time.sleep(0.1)
    assert server.process.returncode != 0
    server.process = None
    return red


@pytest.mark.slow
@pytest.mark.parametrize("how", ["dies", "hangs"])
def test_F29_a_writer_that_dies_or_hangs_is_told_and_ends_the_process(
    make_server: Callable[..., Server], how: str
) -> None:
    lifeless(make_server(**LIFELESS), how, size("lifeless"))


@pytest.mark.slow
@pytest.mark.sqlite_only
@pytest.mark.parametrize("how", ["dies", "hangs"])
def test_F29_twin_a_server_that_does_not_look_after_its_writer_goes_on_without_it(
    make_server: Callable[..., Server], how: str
) -> None:
    server = make_server(**LIFELESS, UNWATCHED="1")
    with pytest.raises(AssertionError, match="the process goes on with nobody who writes"):
        lifeless(server, how, 1, patience=8)


def told_to_stop(server: Server, times: int) -> None:
    """Of what was sent meanwhile everything is answered, or was never taken in hand."""

    def end(crowd: Crowd, mark: Path) -> None:
        mark.write_text("leaves", "utf-8")  # only the twin looks at it
        code = server.terminate()
        crowd.end()
        mark.unlink()
        server.start()
        broken = [body for body in crowd.unknown if crowd.post(server, body).status != 201]
        assert not broken, f"{len(broken)} choices were stored and never answered"
        assert code == 0

    ends(server, times, end)


@pytest.mark.slow
def test_F30_a_server_that_is_told_to_stop_answers_what_it_has_taken_in_hand(
    make_server: Callable[..., Server],
) -> None:
    told_to_stop(make_server(), size("stops"))


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_F30_twin_a_server_that_leaves_at_once_stores_what_it_never_answers(
    make_server: Callable[..., Server],
) -> None:
    with pytest.raises(AssertionError, match="were stored and never answered"):
        told_to_stop(make_server(**LIFELESS), 10)
