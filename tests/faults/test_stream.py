"""INGEST under load, and its parts taken away: the database, the stream's leader, a web server.

Three servers of the stream, one PostgreSQL and two web servers, all real, on this machine. What was
acknowledged is stored, once, as it was answered, and every repeat gets the first answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consent.databases import HOME
from consent.ingest import Stream
from consent.shards.front import FRESH_S
from tests import stoppable
from tests.databases import PostgresqlDatabases, lent
from tests.faults.crowd import Crowd, checkpoints, more, repeated_alike
from tests.faults.load import SITE
from tests.faults.sizes import size
from tests.faults.test_kills import check
from tests.jetstream import Jetstream, Missing, jetstream
from tests.postgres import Cluster
from tests.prepare import ROOT
from tests.server import Server, free_port

PATIENCE = 90.0
SHARED = {"SECRET_KEY": "the same on both", "FIELD_KEYS": "k1:" + "A" * 43 + "="}
postgres, databases = stoppable.postgres, stoppable.databases
second = stoppable.second


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Jetstream]:
    yield from streams(tmp_path, 1)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Jetstream]:
    yield from streams(tmp_path, 3)


def streams(folder: Path, servers: int) -> Iterator[Jetstream]:
    try:
        with jetstream(folder / "nats", servers) as running:
            yield running
    except Missing as why:
        pytest.skip(str(why))


@pytest.fixture
def pair(databases: PostgresqlDatabases, tmp_path: Path) -> Iterator[Callable[..., list[Server]]]:
    """`pair(INGEST=…)`: two web servers of one installation, warm."""
    with lent(databases, migrated=False) as url:
        made: list[Server] = []

        def make(number: int = 2, **settings: str) -> list[Server]:
            values = {
                **SHARED,
                "BASE_URL": f"http://127.0.0.1:{free_port()}",
                "SIGNER_STATE": str(tmp_path / "signer"),
                "RATE_SITE": "0",
                **settings,
            }
            for n in range(number):
                values["LEDGER"] = "0" if n else "1"
                made.append(Server(tmp_path / f"server{n}", url, **values))
                made[-1].start()
            for server in made:
                assert server.get(f"/v1/{SITE}/consent.js").status == 200
            return made

        yield make
        for server in made:
            if server.process is not None:
                server.kill()


def whole(crowd: Crowd, streamed: Jetstream | None, shard: str = HOME) -> None:
    """The oracle: nothing is lost, doubled or answered twice; ends the servers. The site is in the
    database `shard`."""
    repeated_alike(crowd)
    if streamed is not None:
        emptied(streamed)
    print(f"{len(crowd.answered)} acknowledged, {len(crowd.refused)} refused and sent again")
    notes = checkpoints(crowd.servers[0], "" if shard == HOME else f"/shards/{shard}")
    for server in crowd.servers:
        server.kill()
    crowd.servers[0].environ["SHARD"] = shard
    check(crowd.servers[0], crowd.answered, notes)


def emptied(streamed: Jetstream) -> None:
    stream = Stream(streamed.urls.split(","))
    try:
        end = time.monotonic() + PATIENCE
        while (state := stream.state()).waiting:
            assert time.monotonic() < end, f"{state.waiting} choices are not stored"
            time.sleep(0.1)
        assert state.conflicts == 0, stream.conflicts()
    finally:
        stream.close()


def outage(postgres: Cluster, crowd: Crowd) -> None:
    """The database is stopped under load, and nobody notices."""
    more(crowd, 10, "at first")
    postgres.stop()
    try:
        time.sleep(size("outage"))
        more(crowd, 10, "while the database is away", refusing=False)
    finally:
        postgres.start()
    more(crowd, 10, "when the database is back")
    crowd.end()
    none_refused(crowd)


def none_refused(crowd: Crowd) -> None:
    words = "".join(server.words()[-3000:] for server in crowd.servers)
    why = f"{len(crowd.refused)} were refused, first {crowd.refused[:1]}: {words}"
    assert not crowd.refused and not crowd.unknown, why


@pytest.mark.slow
def test_with_the_database_stopped_no_visitor_sees_an_error_and_all_is_stored_once(
    three: Jetstream, postgres: Cluster, pair: Callable[..., list[Server]]
) -> None:
    crowd = Crowd(pair(INGEST=three.urls))
    outage(postgres, crowd)
    whole(crowd, three)


@pytest.mark.slow
def test_twin_without_a_stream_visitors_are_refused_meanwhile(
    postgres: Cluster, pair: Callable[..., list[Server]]
) -> None:
    crowd = Crowd(pair(1))
    try:
        with pytest.raises(AssertionError, match=r"were refused|nothing is acknowledged"):
            outage(postgres, crowd)
    finally:
        crowd.end()


@pytest.mark.slow
def test_a_killed_leader_and_a_killed_server_lose_nothing(
    three: Jetstream, pair: Callable[..., list[Server]]
) -> None:
    crowd = Crowd(pair(INGEST=three.urls))
    for number in range(size("leaders")):
        more(crowd, 20, "at first")
        leader = three.leader("CRUMBTRAIL")
        leader.kill()
        more(crowd, 20, "without the leader")
        leader.start()
        server = crowd.servers[number % 2]
        server.kill()
        more(crowd, 20, "without one web server")
        server.start()
        three.wait()
    crowd.end()
    whole(crowd, three)


@pytest.mark.slow
def test_a_server_that_dies_between_commit_and_ack_stores_nothing_twice(
    one: Jetstream, pair: Callable[..., list[Server]]
) -> None:
    whole(deaf(one, pair, "deaf"), one)


@pytest.mark.slow
def test_twin_a_keeper_that_acks_before_it_commits_loses_choices(
    one: Jetstream, pair: Callable[..., list[Server]]
) -> None:
    crowd = deaf(one, pair, "eager")
    with pytest.raises(AssertionError, match="an acknowledged choice is not stored"):
        whole(crowd, one)


def deaf(streamed: Jetstream, pair: Callable[..., list[Server]], how: str) -> Crowd:
    """A crowd at one server that has died in the way of `tests/faults/<how>`, and was started."""
    folder = str(ROOT / "tests/faults" / how)
    servers = pair(1, INGEST=streamed.urls, PYTHONPATH=folder)
    crowd = Crowd(servers)
    died, end = Path(servers[0].environ["HOME"]) / "died", time.monotonic() + PATIENCE
    while not died.exists():
        assert time.monotonic() < end, "the server did not die"
        time.sleep(0.02)
    crowd.end()
    servers[0].kill()
    servers[0].start()
    return crowd


def moved(second: PostgresqlDatabases, servers: list[Server]) -> Crowd:
    """A crowd whose site goes to another database, which is then stopped for a while."""
    crowd = Crowd(servers)
    more(crowd, 20, "at first")
    done = servers[0].flask("shard", "move", SITE, "two")
    assert done.returncode == 0, done.stderr
    known = time.monotonic() + 2 * FRESH_S  # until then a server may not know that it moved
    while time.monotonic() < known:
        more(crowd, 20, "at the other database")
    second.cluster.stop()
    try:
        more(crowd, 20, "while that is away")
    finally:
        second.cluster.start()
    crowd.end()
    return crowd


@pytest.mark.slow
def test_a_site_moves_while_its_choices_lie_in_the_stream_and_no_visitor_sees_an_error(
    one: Jetstream, second: PostgresqlDatabases, pair: Callable[..., list[Server]]
) -> None:
    with lent(second, migrated=False) as two:
        crowd = moved(second, pair(INGEST=one.urls, SHARDS=f"two={two}"))
        none_refused(crowd)
        whole(crowd, one, "two")


@pytest.mark.slow
def test_twin_a_keeper_that_takes_what_moves_for_stored_loses_choices(
    one: Jetstream, second: PostgresqlDatabases, pair: Callable[..., list[Server]]
) -> None:
    folder = str(ROOT / "tests/faults/careless")
    with lent(second, migrated=False) as two:
        settings = {"INGEST": one.urls, "SHARDS": f"two={two}", "PYTHONPATH": folder}
        crowd = moved(second, pair(**settings))
        with pytest.raises(AssertionError, match="an acknowledged choice is not stored"):
            whole(crowd, one, "two")
