"""A cluster on this machine, killed part by part while visitors choose: what each kill cost.

    python -m tests.cluster [SECONDS]

One etcd, two PostgreSQL with Patroni as deploy/patroni/patroni.yml has it (a commit waits for the
standby), web processes that share the database alone; the first of them integrates. Visitors do
what browsers do: a choice that got no 201 is sent again, with its id, until it gets one. Printed
for each part: choices acknowledged, the longest time in which none was, refusals and broken
connections on the way; and at the end, what is stored: each acknowledged choice once, and no other.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import yaml

from consent import keyfile
from tests.acts import refusal
from tests.postgres import Missing, as_other_user, dies_with_us, reachable
from tests.prepare import ROOT, postgresql_bin
from tests.server import Server, free_port

SITE = "voipstudio.pl"
PATIENCE = 120.0
PAUSE_S = 0.2  # before a browser sends again; ours waits longer, the tests have less time
RECIPE = ROOT / "deploy/patroni/patroni.yml"


class Program:
    """A process of its own, in its own group; `kill` is kill -9 of all of it."""

    def __init__(self, command: Sequence[str], log: Path, **environ: str) -> None:
        self.command, self.log, self.environ = list(command), log, environ
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def signal(self, how: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None


class Node(Program):
    """One PostgreSQL under Patroni, on ports of its own."""

    def __init__(self, folder: Path, name: str, etcd: int, prefix: list[str], bins: Path) -> None:
        self.folder, self.name = folder / name, name
        self.data = self.folder / "data"
        self.port, self.rest = free_port(), free_port()
        self.folder.mkdir()
        file = self.folder / "patroni.yml"
        file.write_text(yaml.safe_dump(self._settings(etcd, bins)), "utf-8")
        if prefix:
            owner = folder.stat()
            os.chown(self.folder, owner.st_uid, owner.st_gid)
        found = shutil.which("patroni")
        if found is None:
            raise Missing("no Patroni is installed (package patroni)")
        command = [*dies_with_us(prefix), found, str(file)]
        super().__init__(command, folder / f"{name}.log", HOME=str(self.folder))

    def _settings(self, etcd: int, bins: Path) -> dict[str, Any]:
        """The recipe, with this machine's addresses, and passwords that open nothing else."""
        made: dict[str, Any] = yaml.safe_load(RECIPE.read_text("utf-8"))
        here = f"127.0.0.1:{self.port}"
        made["name"] = self.name
        made["restapi"] = dict.fromkeys(("listen", "connect_address"), f"127.0.0.1:{self.rest}")
        made["etcd3"] = {"hosts": f"127.0.0.1:{etcd}"}
        made["postgresql"] |= {
            "listen": here,
            "connect_address": here,
            "data_dir": str(self.data),
            "bin_dir": str(bins),
            "pgpass": str(self.folder / "pgpass"),
            "pg_hba": [
                "local all all trust",
                "host all all 127.0.0.1/32 scram-sha-256",
                "host replication replicator 127.0.0.1/32 scram-sha-256",
            ],
            "parameters": {"unix_socket_directories": str(self.folder)},
        }
        for one in made["postgresql"]["authentication"].values():
            one["password"] = "of-this-run"
        return made

    def says(self) -> dict[str, Any]:
        """What Patroni knows of its node; {} while it does not answer."""
        try:
            url = f"http://127.0.0.1:{self.rest}/patroni"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))
        except (OSError, ValueError):
            return {}

    @property
    def leads(self) -> bool:
        found = self.says()
        return found.get("role") in ("master", "primary") and found.get("state") == "running"

    @property
    def follows(self) -> bool:
        found = self.says()
        return found.get("role") in ("replica", "standby") and bool(
            found.get("replication_state") == "streaming" or found.get("sync_standby")
        )

    def postmaster(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def crash(self) -> None:
        """PostgreSQL alone: all its processes at once, as when memory ran out."""
        pid = self.postmaster()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)

    def lose(self) -> None:
        """The machine: Patroni and PostgreSQL at once."""
        self.signal(signal.SIGSTOP)  # so that nobody tidies up
        with contextlib.suppress(OSError, ValueError):
            self.crash()
        self.kill()


class Cluster:
    """Two nodes, one of which leads; `url` names both, and the driver finds the leading one."""

    def __init__(self, folder: Path) -> None:
        binaries = postgresql_bin()
        if binaries is None:
            raise Missing("no PostgreSQL is installed (package postgresql)")
        self.folder = folder
        self.prefix = as_other_user(folder)
        binaries = reachable(binaries, folder, self.prefix)
        self.etcd = _etcd(folder, self.prefix)
        self.nodes: list[Node] = []
        port = int(self.etcd.environ["ETCD_PORT"])
        for name in ("a", "b"):
            self.nodes.append(Node(folder, name, port, self.prefix, binaries))
            until(lambda: any(node.leads for node in self.nodes), "one node leads", self.words)
        self.settle()
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE crumbtrail")

    @property
    def url(self) -> str:
        return self._url("crumbtrail")

    def _url(self, name: str) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://postgres:of-this-run@{hosts}/{name}?target_session_attrs=read-write"

    @property
    def leader(self) -> Node:
        return next(node for node in self.nodes if node.leads)

    @property
    def standby(self) -> Node:
        return next(node for node in self.nodes if not node.leads)

    def settle(self) -> None:
        """Until one leads and the other is its synchronous standby again."""
        until(
            lambda: any(n.leads for n in self.nodes) and any(_synced(n) for n in self.nodes),
            "the standby follows",
            self.words,
        )

    def words(self) -> str:
        logs = (self.folder / f"{name}.log" for name in ("etcd", "a", "b"))
        return "\n".join(log.read_text("utf-8", "replace")[-2000:] for log in logs if log.exists())

    def close(self) -> None:
        for node in self.nodes:
            node.lose()
        self.etcd.kill()


def _synced(node: Node) -> bool:
    return node.says().get("sync_standby") is True


def _etcd(folder: Path, prefix: list[str]) -> Program:
    found = shutil.which("etcd")
    if found is None:
        raise Missing("no etcd is installed (package etcd-server)")
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = [*dies_with_us(prefix), found, "--data-dir", str(folder / "etcd")]
    command += ["--listen-client-urls", client, "--advertise-client-urls", client]
    command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    command += ["--initial-cluster", f"default={peer}"]
    etcd = Program(command, folder / "etcd.log", ETCD_PORT=client.rpartition(":")[2])
    until(lambda: _answers(client + "/health"), "etcd is there", etcd.log.read_text)
    return etcd


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Told:
    """What visitors lived through: when each choice was acknowledged, and what came before."""

    acknowledged: dict[str, bytes] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    wrong: list[str] = field(default_factory=list)

    def since(self, start: float) -> dict[str, Any]:
        times = [start, *(at for at in sorted(self.moments) if at >= start), time.monotonic()]
        gap = max(b - a for a, b in pairwise(times))
        return {"acknowledged": len(times) - 2, "longest_gap_s": round(gap, 2)}


class Visitors:
    """So many who choose without a pause, each at any of the servers."""

    def __init__(self, servers: Sequence[Server], count: int = 8) -> None:
        self.servers = servers
        self.notice = servers[0].get(f"/v1/{SITE}/notice").json()
        self.told = Told()
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self._choose, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _choose(self) -> None:
        while not self.stopped.is_set():
            body = refusal(self.notice, f"https://{SITE}/")
            while not self._sent(body):
                time.sleep(PAUSE_S)

    def _sent(self, body: dict[str, Any]) -> bool:
        server = random.choice(self.servers)
        try:
            reply = server.request(
                "POST",
                f"/v1/{SITE}/consents",
                json.dumps(body).encode(),
                Origin=f"https://{SITE}",
                Content_Type="text/plain",
            )
        except (OSError, HTTPException):
            self.told.broken += 1
            return False
        if reply.status in (200, 201):
            self.told.acknowledged[body["id"]] = reply.body
            self.told.moments.append(time.monotonic())
            return True
        self.told.refused[reply.status] += 1
        if reply.status not in (429, 503) or "Retry-After" not in reply.headers:
            self.told.wrong.append(f"{reply.status} {reply.text[:200]}")
            return True
        return False

    def end(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE)


@contextlib.contextmanager
def running(webs: int) -> Iterator[tuple[Cluster, list[Server]]]:
    """The cluster and its web processes, until the block ends. Raises Missing."""
    folder = Path(tempfile.mkdtemp(prefix="crumbtrail-cluster-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = Cluster(folder)
        stack.callback(cluster.close)
        shared = {"SECRET_KEY": "of this run alone", "RATE_SITE": "0"}
        shared["FIELD_KEYS"] = keyfile.new_field_key()
        servers: list[Server] = []
        for number in range(webs):
            home = folder / f"web{number}"
            home.mkdir()
            first = {} if number == 0 else {"LEDGER": "0"}
            server = Server(home, cluster.url, **shared, **first)
            if servers:  # as on another machine: the keys were copied, the memory was not
                keys = servers[0].instance / "signer/keys.json"
                until(keys.exists, "the first one made its keys", servers[0].words)
                (home / "signer").mkdir()
                shutil.copy(keys, home / "signer")
            server.start()
            stack.callback(_stopped, server)
            servers.append(server)
        yield cluster, servers


def _stopped(server: Server) -> None:
    if server.process is not None:
        server.kill()


def until(so: Callable[[], object], what: str, words: Callable[[], str] = str) -> None:
    end = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}\n{words()}")
        time.sleep(0.1)


def stored(cluster: Cluster) -> Counter[str]:
    """How often each id is in the table of records."""
    with psycopg.connect(cluster.url) as connection:
        found = connection.execute("SELECT id FROM record").fetchall()
    return Counter(str(uuid.UUID(str(one))) for (one,) in found)


Step = Callable[[Cluster, list[Server]], None]


def web(cluster: Cluster, servers: list[Server]) -> None:
    servers[-1].kill()
    time.sleep(1)
    servers[-1].start()


def integrator(cluster: Cluster, servers: list[Server]) -> None:
    servers[0].kill()
    time.sleep(1)
    servers[0].start()


def crash(cluster: Cluster, servers: list[Server]) -> None:
    cluster.leader.crash()


def machine(cluster: Cluster, servers: list[Server]) -> None:
    gone = cluster.leader
    gone.lose()
    until(lambda: any(node.leads for node in cluster.nodes), "the other one leads", cluster.words)
    gone.start()


def standby(cluster: Cluster, servers: list[Server]) -> None:
    gone = cluster.standby
    gone.lose()
    time.sleep(2)
    gone.start()


def directory(cluster: Cluster, servers: list[Server]) -> None:
    cluster.etcd.kill()
    time.sleep(15)
    cluster.etcd.start()


STEPS: dict[str, Step] = {
    "nothing": lambda *_: None,
    "a web process": web,
    "the web process that integrates": integrator,
    "the primary's PostgreSQL": crash,
    "the primary's machine": machine,
    "the standby's machine": standby,
    "etcd, for 15 s": directory,
}


def walked(
    cluster: Cluster, servers: list[Server], steps: Sequence[str], seconds: float
) -> tuple[Visitors, list[dict[str, Any]]]:
    """Kill each in turn under load; `seconds` of quiet before and after."""
    visitors, found = Visitors(servers), []
    for name in steps:
        time.sleep(seconds)
        start, broken = time.monotonic(), visitors.told.broken
        refused = sum(visitors.told.refused.values())
        STEPS[name](cluster, servers)
        cluster.settle()
        time.sleep(seconds)
        more = {
            "refused": sum(visitors.told.refused.values()) - refused,
            "broken": visitors.told.broken - broken,
        }
        found.append({"killed": name, **visitors.told.since(start), **more})
        print(json.dumps(found[-1]), flush=True)
    visitors.end()
    return visitors, found


def outcome(cluster: Cluster, servers: list[Server], told: Told) -> dict[str, Any]:
    """What stands in the database and in the log beside what visitors were told."""
    held = stored(cluster)
    command = [sys.executable, "-m", "flask", "--app", "app", "ledger"]
    for verb in ("tick", "fsck"):
        done = subprocess.run(
            [*command, verb], cwd=ROOT, env=servers[0].environ, capture_output=True, check=False
        )
    return {
        "acknowledged": len(told.acknowledged),
        "lost": len(told.acknowledged.keys() - held.keys()),
        "doubled": sum(1 for count in held.values() if count > 1),
        "never_acknowledged": len(held.keys() - told.acknowledged.keys()),
        "wrong_answers": told.wrong[:5],
        "log": done.stdout.decode() + done.stderr.decode(),
    }


def main(arguments: Sequence[str]) -> int:
    seconds = float(arguments[0]) if arguments else 10.0
    webs = int(os.environ.get("WEBS", "4"))
    with running(webs) as (cluster, servers):
        visitors, _ = walked(cluster, servers, list(STEPS), seconds)
        found = outcome(cluster, servers, visitors.told)
    print(json.dumps(found, indent=1))
    return 0 if whole(found) else 1


def whole(found: dict[str, Any]) -> bool:
    """Everything acknowledged is there once, nobody got a wrong answer, and the log agrees."""
    wrong = found["lost"] or found["doubled"] or found["wrong_answers"]
    return not wrong and "Everything agrees." in found["log"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
