"""What lies between a server and its PostgreSQL fails under load: refused, slow, silent, cut, in
tiny pieces; or the database is locked, or has no connection left.

Choices are answered 503 with a Retry-After or stored, what visitors read comes from memory, and
afterwards the server goes on by itself, with every acknowledged choice stored once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.databases import PostgresqlDatabases, lent
from tests.faults.crowd import VISITORS, Crowd, checkpoints, more, repeated_alike
from tests.faults.line import Line, line
from tests.faults.load import SITE
from tests.faults.sizes import size
from tests.faults.test_kills import check
from tests.postgres import Cluster, Missing, cluster
from tests.prepare import ROOT
from tests.server import Server

PATIENCE = 90.0
READ = (f"/v1/{SITE}/consent.js", f"/v1/{SITE}/notice")
Fault = Callable[[Line, str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    try:
        with cluster() as private:
            yield private
    except Missing as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def databases(postgres: Cluster) -> PostgresqlDatabases:
    return PostgresqlDatabases(postgres)


@pytest.fixture
def database(databases: PostgresqlDatabases) -> Iterator[str]:
    with lent(databases, migrated=False) as url:
        yield url


@pytest.fixture
def through(database: str) -> Iterator[Line]:
    with line(database) as made:
        yield made


@pytest.fixture
def serve(through: Line, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`serve()`: a server behind the line."""
    made: list[Server] = []

    def make(**settings: str) -> Server:
        made.append(Server(tmp_path / "server", through.url, RATE_SITE="0", **settings))
        made[-1].start()
        return made[-1]

    yield make
    through.mend()
    for one in made:
        if one.process is not None:
            one.kill()


@contextmanager
def refused(between: Line, _: str) -> Iterator[None]:
    between.refuses = True
    between.reset()
    yield


@contextmanager
def slow(between: Line, _: str) -> Iterator[None]:
    between.delay = 10.0
    yield


@contextmanager
def silent(between: Line, _: str) -> Iterator[None]:
    between.silent = True
    yield


@contextmanager
def locked(_: Line, database: str) -> Iterator[None]:
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE record IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def used_up(between: Line, database: str) -> Iterator[None]:
    """Others hold every connection that the database gives."""
    with ExitStack() as held:
        for _ in range(2):  # those of the server are free when theirs are cut
            try:
                while True:
                    held.enter_context(psycopg.connect(database))
            except psycopg.OperationalError:
                between.reset()
        yield


def outlived(server: Server, between: Line, database: str, fault: Fault) -> None:
    """The oracle."""
    for path in READ:
        assert server.get(path).status == 200
    crowd = Crowd([server])
    try:
        for _ in range(size("lines")):
            more(crowd, 10, "at first")
            with fault(between, database):
                shed(crowd)
                for path in READ:
                    assert server.get(path).status == 200, f"{path} is not read from memory"
            between.mend()
            more(crowd, 10, "afterwards")
    finally:
        between.mend()
        crowd.end()
    assert {reply.status for reply in crowd.refused} == {503}
    assert all(int(reply.headers["Retry-After"]) >= 1 for reply in crowd.refused)
    whole(crowd)


def shed(crowd: Crowd) -> None:
    """So many that somebody was told twice: by then the one request that looks whether the database
    is back, and waits for it, is long under way, and is none of the test's own."""
    before, end = len(crowd.refused), time.monotonic() + PATIENCE
    while len(crowd.refused) <= before + VISITORS:
        assert time.monotonic() < end, "nobody is told to come back"
        time.sleep(0.05)


def whole(crowd: Crowd) -> None:
    [server] = crowd.servers
    notes = checkpoints(server)
    server.stop()
    check(server, crowd.answered, notes)
    server.start()
    repeated_alike(crowd)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [refused, slow, locked, used_up, silent],
    ids=["F10 refused", "F11 slow", "F12 locked", "F13 used up", "F14 silent"],
)
def test_a_database_that_fails_in_any_way_costs_no_choice_and_no_page(
    serve: Callable[..., Server], through: Line, database: str, fault: Fault
) -> None:
    outlived(serve(), through, database, fault)


@pytest.mark.slow
def test_twin_a_server_without_a_memory_costs_pages(
    serve: Callable[..., Server], through: Line, database: str
) -> None:
    server = serve(PYTHONPATH=str(ROOT / "tests/faults/forgetful"))
    with pytest.raises(AssertionError, match="is not read from memory"):
        outlived(server, through, database, refused)


def cut_off(server: Server, between: Line) -> None:
    """The oracle: every connection is cut after some byte, also between a commit and its answer."""
    crowd = Crowd([server])
    try:
        for _ in range(size("line cuts")):
            more(crowd, 5, "before a cut")
            before, end = between.cuts, time.monotonic() + PATIENCE
            between.cut_after = random.randint(1, 20_000)
            while between.cuts == before:
                assert time.monotonic() < end, "nothing is cut"
                time.sleep(0.01)
            between.mend()
    finally:
        between.mend()
        crowd.end()
    whole(crowd)


@pytest.mark.slow
def test_F14_a_line_cut_at_any_byte_loses_and_doubles_nothing(
    serve: Callable[..., Server], through: Line
) -> None:
    cut_off(serve(), through)


@pytest.mark.slow
def test_F14_twin_a_server_that_answers_before_it_writes_loses_choices_to_a_cut_line(
    serve: Callable[..., Server], through: Line
) -> None:
    server = serve(PYTHONPATH=str(ROOT / "tests/faults/hasty"))
    with pytest.raises(AssertionError, match="an acknowledged choice is not stored"):
        cut_off(server, through)


@pytest.mark.slow
def test_F15_tiny_pieces_at_odd_moments_are_no_error(
    serve: Callable[..., Server], through: Line
) -> None:
    server = serve()
    through.piece, through.jitter = 1, 0.02
    crowd = Crowd([server])
    try:
        more(crowd, 20, "in tiny pieces")
    finally:
        through.mend()
        crowd.end()
    assert not crowd.refused and not crowd.unknown
    whole(crowd)
