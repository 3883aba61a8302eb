"""PostgreSQL that fails over by itself: deploy/patroni/patroni.yml with the addresses of this
machine, and the etcd it asks. Each part is a process of its own and can be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import yaml

from tests.postgres import Missing, as_other_user, dies_with_us, reachable
from tests.prepare import ROOT, postgresql_bin
from tests.server import free_port

PATIENCE = 120.0
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


class Etcd:
    """One member, or three of which one may be away."""

    def __init__(self, folder: Path, members: int = 1) -> None:
        found = shutil.which("etcd")
        if found is None:
            raise Missing("no etcd is installed (package etcd-server)")
        ports = [(free_port(), free_port()) for _ in range(members)]
        peers = {f"e{n}": f"http://127.0.0.1:{peer}" for n, (_, peer) in enumerate(ports)}
        self._clients = [f"http://127.0.0.1:{client}" for client, _ in ports]
        self.members = []
        for (name, peer), client in zip(peers.items(), self._clients, strict=True):
            command = [*dies_with_us([]), found, "--name", name]
            command += ["--data-dir", str(folder / name)]
            command += ["--listen-client-urls", client, "--advertise-client-urls", client]
            command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
            command += ["--initial-cluster", ",".join(f"{n}={url}" for n, url in peers.items())]
            self.members.append(Program(command, folder / f"{name}.log"))
        self.wait()

    @property
    def hosts(self) -> str:
        """As Patroni has it."""
        return ",".join(client.removeprefix("http://") for client in self._clients)

    def wait(self) -> None:
        """Until every member answers."""
        until(lambda: all(_answers(url + "/health") for url in self._clients), "etcd answers")

    def close(self) -> None:
        for member in self.members:
            member.kill()


class Node(Program):
    """One PostgreSQL under Patroni, on ports of its own."""

    def __init__(
        self, folder: Path, name: str, scope: str, etcd: Etcd, prefix: list[str], bins: Path
    ) -> None:
        self.folder, self.name, self.scope = folder / name, name, scope
        self.data = self.folder / "data"
        self.port, self.rest = free_port(), free_port()
        self.folder.mkdir()
        file = self.folder / "patroni.yml"
        file.write_text(yaml.safe_dump(self._settings(etcd.hosts, bins)), "utf-8")
        if prefix:
            owner = folder.stat()
            os.chown(self.folder, owner.st_uid, owner.st_gid)
        found = shutil.which("patroni")
        if found is None:
            raise Missing("no Patroni is installed (package patroni)")
        command = [*dies_with_us(prefix), found, str(file)]
        super().__init__(command, folder / f"{name}.log", HOME=str(self.folder))

    def _settings(self, etcd: str, bins: Path) -> dict[str, Any]:
        """The recipe, with this machine's addresses, and passwords that open nothing else."""
        made: dict[str, Any] = yaml.safe_load(RECIPE.read_text("utf-8"))
        here = f"127.0.0.1:{self.port}"
        made["scope"], made["name"] = self.scope, self.name
        made["restapi"] = dict.fromkeys(("listen", "connect_address"), f"127.0.0.1:{self.rest}")
        made["etcd3"] = {"hosts": etcd}
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

    def __init__(self, folder: Path, etcd: Etcd, scope: str = "crumbtrail") -> None:
        binaries = postgresql_bin()
        if binaries is None:
            raise Missing("no PostgreSQL is installed (package postgresql)")
        folder.mkdir()
        self.folder = folder
        self.prefix = as_other_user(folder)
        binaries = reachable(binaries, folder, self.prefix)
        self.nodes: list[Node] = []
        for name in ("a", "b"):
            self.nodes.append(Node(folder, name, scope, etcd, self.prefix, binaries))
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
        """Waited for: who is busy may not say so at once."""
        leading: list[Node] = []

        def found() -> bool:
            leading[:] = [node for node in self.nodes if node.leads]
            return bool(leading)

        until(found, "one node leads", self.words)
        return leading[0]

    @property
    def standby(self) -> Node:
        leader = self.leader
        return next(node for node in self.nodes if node is not leader)

    def settle(self) -> None:
        """Until one leads and the other is its synchronous standby again."""
        until(
            lambda: any(n.leads for n in self.nodes) and any(_synced(n) for n in self.nodes),
            "the standby follows",
            self.words,
        )

    def words(self) -> str:
        logs = (self.folder / f"{name}.log" for name in ("a", "b"))
        return "\n".join(log.read_text("utf-8", "replace")[-2000:] for log in logs if log.exists())

    def close(self) -> None:
        for node in self.nodes:
            node.lose()


def _synced(node: Node) -> bool:
    return node.says().get("sync_standby") is True


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def until(so: Callable[[], object], what: str, words: Callable[[], str] = str) -> None:
    end = time.monotonic() + PATIENCE
    while not so():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}\n{words()}")
        time.sleep(0.1)
