"""A cluster on this machine, killed part by part while visitors choose: what each kill cost.

    python -m tests.cluster [SECONDS]

Three etcd; two clusters of PostgreSQL under Patroni as deploy/patroni/patroni.yml has it (a commit
waits for the standby), between which the sites are spread (SHARDS); three servers of a stream
(INGEST); web processes that share these alone, the first of which integrates. Visitors do what
browsers do: a choice that got no 201 is sent again, with its id, until it gets one. Printed for
each part: choices acknowledged, the longest time in which none was, refusals and broken connections
on the way; and at the end, what is stored: each acknowledged choice once, and no other.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from consent import keyfile
from consent.databases import HOME
from consent.ingest import Away, State, Stream
from tests.acts import refusal
from tests.jetstream import Jetstream, jetstream
from tests.jetstream import Missing as NoStream
from tests.patroni import PATIENCE, Cluster, Etcd, until
from tests.postgres import Missing
from tests.server import Server, free_port

SITES = ("voipstudio.pl", "sipsim.com", "voip.ms", "iplum.com")  # of the demo
AWAY, MOVES = SITES[2:], SITES[1]  # those in the second database, and the one that goes there
TWO = "two"
ASKED = 500  # acknowledged choices that are sent again at the end
PAUSE_S = 0.2  # before a browser sends again; ours waits longer, the tests have less time


@dataclass
class Parts:
    """Everything that can be killed. Without a stream `nats` is None, and with one database
    `clusters` has one."""

    etcd: Etcd
    clusters: list[Cluster]
    nats: Jetstream | None
    servers: list[Server] = field(default_factory=list)

    @property
    def home(self) -> Cluster:
        return self.clusters[0]

    def settle(self) -> None:
        """Until everything that was killed is there again."""
        self.etcd.wait()
        if self.nats is not None:
            self.nats.wait()
        for cluster in self.clusters:
            cluster.settle()

    def move(self, site: str, shard: str) -> None:
        """Run again until it has arrived, as its operator would."""
        said: list[str] = []

        def moved() -> bool:
            done = self.servers[0].flask("shard", "move", site, shard)
            said.append(done.stderr)
            return done.returncode == 0

        until(moved, f"{site} is at {shard}", lambda: said[-1])

    @property
    def shards(self) -> list[str]:
        return [HOME, TWO][: len(self.clusters)]


@contextlib.contextmanager
def running(webs: int, *, whole: bool = False) -> Iterator[Parts]:
    """One cluster of PostgreSQL and its web processes until the block ends, or the whole of it.
    Raises Missing."""
    folder = Path(tempfile.mkdtemp(prefix="crumbtrail-cluster-"))
    folder.chmod(0o755)  # another user runs PostgreSQL below
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd = Etcd(folder, 3 if whole else 1)
        stack.callback(etcd.close)
        parts = Parts(etcd, [], None)
        shared = {"SECRET_KEY": "of this run alone", "RATE_SITE": "0"}
        shared["FIELD_KEYS"] = keyfile.new_field_key()
        for name in (HOME, TWO) if whole else (HOME,):
            parts.clusters.append(Cluster(folder / name, etcd, f"crumbtrail-{name}"))
            stack.callback(parts.clusters[-1].close)
        if whole:
            parts.nats = _nats(stack, folder)
            shared["INGEST"] = parts.nats.urls
            shared["SHARDS"] = f"{TWO}={parts.clusters[1].url}"
        _serve(stack, folder, parts, webs, shared)
        yield parts


def _nats(stack: contextlib.ExitStack, folder: Path) -> Jetstream:
    try:
        return stack.enter_context(jetstream(folder / "nats", 3))
    except NoStream as why:
        raise Missing(str(why)) from None


def _serve(
    stack: contextlib.ExitStack, folder: Path, parts: Parts, webs: int, shared: dict[str, str]
) -> None:
    """Web processes as on machines of their own: the keys were copied, the memory was not."""
    shared["BASE_URL"] = f"http://127.0.0.1:{free_port()}"  # of the load balancer, which is us
    for number in range(webs):
        home = folder / f"web{number}"
        home.mkdir()
        more = {} if number == 0 else {"LEDGER": "0"}
        server = Server(home, parts.home.url, **shared, **more)
        if parts.servers:
            keys = parts.servers[0].instance / "signer/keys.json"
            until(keys.exists, "the first one made its keys", parts.servers[0].words)
            (home / "signer").mkdir()
            shutil.copy(keys, home / "signer")
        stack.callback(_stopped, server)
        started(server)
        parts.servers.append(server)


def _stopped(server: Server) -> None:
    if server.process is not None:
        server.kill()


@dataclass
class Told:
    """What visitors lived through: when each choice was acknowledged, and what came before."""

    acknowledged: dict[str, tuple[str, dict[str, Any], bytes]] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    wrong: list[str] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)

    def since(self, start: float) -> dict[str, Any]:
        times = [start, *(at for at in sorted(self.moments) if at >= start), time.monotonic()]
        gap = max(b - a for a, b in pairwise(times))
        return {"acknowledged": len(times) - 2, "longest_gap_s": round(gap, 2)}


class Visitors:
    """So many who choose without a pause, each at any of the servers, and one who keeps every
    checkpoint that is published."""

    def __init__(
        self, servers: Sequence[Server], sites: Sequence[str] = SITES[:1], count: int = 8
    ) -> None:
        self.servers, self.sites = servers, sites
        self.notices = {one: servers[0].get(f"/v1/{one}/notice").json() for one in sites}
        self.told = Told()
        self.stopped = threading.Event()
        jobs = [self._choose] * count + [self._follow]
        self.threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self.threads:
            thread.start()

    def _choose(self) -> None:
        while not self.stopped.is_set():
            site = random.choice(self.sites)
            body = refusal(self.notices[site], f"https://{site}/")
            while not self._sent(site, body):
                time.sleep(PAUSE_S)

    def _sent(self, site: str, body: dict[str, Any]) -> bool:
        try:
            reply = post(random.choice(self.servers), site, body)
        except (OSError, HTTPException):
            self.told.broken += 1
            return False
        if reply.status in (200, 201):
            self.told.acknowledged[body["id"]] = site, body, reply.body
            self.told.moments.append(time.monotonic())
            return True
        self.told.refused[reply.headers.get("X-Consent-Refused", str(reply.status))] += 1
        if reply.status not in (429, 503) or "Retry-After" not in reply.headers:
            self.told.wrong.append(f"{reply.status} {reply.text[:200]}")
            return True
        return False

    def _follow(self) -> None:
        while not self.stopped.wait(1):
            path = random.choice(["/log/checkpoint", *(f"/log/{one}/checkpoint" for one in SITES)])
            with contextlib.suppress(OSError, HTTPException):
                reply = random.choice(self.servers).get(path)
                if reply.status == 200:
                    self.told.notes.add(reply.text)

    def end(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def post(server: Server, site: str, body: dict[str, Any]) -> Any:
    words = {"Origin": f"https://{site}", "Content_Type": "text/plain"}
    return server.post(f"/v1/{site}/consents", json.dumps(body).encode(), **words)


Step = Callable[[Parts], None]


def web(number: int) -> Step:
    def kill(parts: Parts) -> None:
        server = parts.servers[number]
        server.kill()
        time.sleep(1)
        started(server)

    return kill


def started(server: Server) -> None:
    """Tried again where it ends, as its machine would: a start needs every database."""

    def starts() -> bool:
        with contextlib.suppress(AssertionError):
            server.start()
        return server.process is not None

    until(starts, "the server starts", server.words)


def each_web(parts: Parts) -> None:
    for number in range(1, len(parts.servers)):
        web(number)(parts)


def crash(parts: Parts) -> None:
    parts.home.leader.crash()


def machine(number: int) -> Step:
    """The machine of the PostgreSQL that leads a cluster, with its Patroni."""

    def lose(parts: Parts) -> None:
        cluster = parts.clusters[number]
        gone = cluster.leader
        gone.lose()
        until(lambda: any(node.leads for node in cluster.nodes), "another leads", cluster.words)
        gone.start()

    return lose


def standby(number: int) -> Step:
    def lose(parts: Parts) -> None:
        gone = parts.clusters[number].standby
        gone.lose()
        time.sleep(2)
        gone.start()

    return lose


def database(parts: Parts) -> None:
    """Both nodes of the second cluster: nobody leads there."""
    for node in parts.clusters[1].nodes:
        node.lose()
    time.sleep(15)
    for node in parts.clusters[1].nodes:
        node.start()


def stream(parts: Parts) -> None:
    assert parts.nats is not None
    leader = parts.nats.leader("CRUMBTRAIL")
    leader.kill()
    time.sleep(5)
    leader.start()


def follower(parts: Parts) -> None:
    assert parts.nats is not None
    leader = parts.nats.leader("CRUMBTRAIL")
    other = next(node for node in parts.nats.nodes if node is not leader)
    other.kill()
    time.sleep(5)
    other.start()


def member(parts: Parts) -> None:
    parts.etcd.members[0].kill()
    time.sleep(5)
    parts.etcd.members[0].start()


def directory(parts: Parts) -> None:
    for one in parts.etcd.members:
        one.kill()
    time.sleep(15)
    for one in parts.etcd.members:
        one.start()


def rack(parts: Parts) -> None:
    """A machine with one of everything, among it the PostgreSQL that leads at home."""
    assert parts.nats is not None
    gone = parts.home.leader
    kills = [gone.lose, parts.servers[-1].kill, parts.nats.nodes[0].kill]
    for kill in [*kills, parts.etcd.members[-1].kill]:
        kill()
    until(lambda: any(n.leads for n in parts.home.nodes), "another leads", parts.home.words)
    parts.etcd.members[-1].start()
    parts.nats.nodes[0].start()
    gone.start()
    started(parts.servers[-1])


def move(parts: Parts) -> None:
    parts.move(MOVES, TWO)


STEPS: dict[str, Step] = {
    "nothing": lambda _: None,
    "each web process in turn": each_web,
    "the web process that integrates": web(0),
    "the leading server of the stream, for 5 s": stream,
    "another server of the stream, for 5 s": follower,
    "the first primary's PostgreSQL": crash,
    "the first primary's machine": machine(0),
    "the second primary's machine": machine(1),
    "the first standby's machine": standby(0),
    "the second standby's machine": standby(1),
    "one etcd, for 5 s": member,
    "all etcd, for 15 s": directory,
    "nothing, while a site moves": move,
    "a machine with one of everything": rack,
    "both PostgreSQL of the second cluster, for 15 s": database,
}


def walked(
    parts: Parts, visitors: Visitors, steps: Sequence[str], seconds: float
) -> list[dict[str, Any]]:
    """Kill each in turn under load; `seconds` of quiet before and after."""
    found = []
    for name in steps:
        time.sleep(seconds)
        start, broken = time.monotonic(), visitors.told.broken
        refused = Counter(visitors.told.refused)
        STEPS[name](parts)
        parts.settle()
        time.sleep(seconds)
        more = {
            "refused": dict(visitors.told.refused - refused),
            "broken": visitors.told.broken - broken,
        }
        found.append({"killed": name, **visitors.told.since(start), **more})
        print(json.dumps(found[-1]), flush=True)
    visitors.end()
    return found


def outcome(parts: Parts, told: Told) -> dict[str, Any]:
    """What stands in the databases and in the logs beside what visitors were told."""
    state = emptied(parts)
    held = sum((stored(cluster) for cluster in parts.clusters), Counter[str]())
    said = {}
    for shard in parts.shards:
        parts.servers[0].flask("ledger", "tick", SHARD=shard)
        done = parts.servers[0].flask("ledger", "fsck", SHARD=shard)
        said[shard] = done.stdout + done.stderr
    return {
        "acknowledged": len(told.acknowledged),
        "lost": len(told.acknowledged.keys() - held.keys()),
        "doubled": sum(1 for count in held.values() if count > 1),
        "never_acknowledged": len(held.keys() - told.acknowledged.keys()),
        "conflicts": state.conflicts if state else 0,
        "answered_otherwise": again(parts, told),
        "checkpoints": len(told.notes),
        "contradicted": [note for note in told.notes if not agrees(parts, note)],
        "wrong_answers": told.wrong[:5],
        "log": said,
    }


def emptied(parts: Parts) -> State | None:
    """How the stream is once nothing waits in it."""
    if parts.nats is None:
        return None
    opened, found = Stream(parts.nats.urls.split(",")), []

    def empty() -> bool:
        with contextlib.suppress(Away):
            found.append(opened.state())
        return bool(found) and found[-1].waiting == 0

    try:
        until(empty, "the stream is emptied", lambda: str(found[-1:]))
    finally:
        opened.close()
    return found[-1]


def stored(cluster: Cluster) -> Counter[str]:
    """How often each id is in the table of records."""
    with psycopg.connect(cluster.url) as connection:
        found = connection.execute("SELECT id FROM record").fetchall()
    return Counter(str(uuid.UUID(str(one))) for (one,) in found)


def again(parts: Parts, told: Told) -> list[str]:
    """Of some acknowledged choices: the repeats that did not get the first answer."""
    some = random.sample(list(told.acknowledged.values()), min(ASKED, len(told.acknowledged)))
    wrong = []
    for site, body, first in some:
        reply = post(random.choice(parts.servers), site, body)
        if (reply.status, reply.body) != (200, first):
            wrong.append(f"{reply.status} {reply.text[:200]}")
    return wrong[:5]


def agrees(parts: Parts, note: str) -> bool:
    """Whether a checkpoint that was published is of the log as it is."""
    said = parts.servers[0].post("/log/check", note.encode()).json()
    return said.get("agrees") is True


def whole(found: dict[str, Any]) -> bool:
    """Everything acknowledged is there once and answered as it was, nobody got a wrong answer, and
    each log is one log."""
    counted = ("lost", "doubled", "conflicts")
    listed = ("answered_otherwise", "contradicted", "wrong_answers")
    wrong = any(found[name] for name in (*counted, *listed))
    return not wrong and all("Everything agrees." in said for said in found["log"].values())


def main(arguments: Sequence[str]) -> int:
    seconds = float(arguments[0]) if arguments else 10.0
    names = [name for name in STEPS if os.environ.get("KILL", "") in name]
    with running(int(os.environ.get("WEBS", "4")), whole=True) as parts:
        for site in AWAY:
            parts.move(site, TWO)
        visitors = Visitors(parts.servers, SITES)
        walked(parts, visitors, names, seconds)
        found = outcome(parts, visitors.told)
    print(json.dumps(found, indent=1))
    return 0 if whole(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
