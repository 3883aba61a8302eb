"""Private JetStream servers for one test: ports and folders of their own, gone at the end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.prepare import nats_server
from tests.server import dies_with_us, free_port

PATIENCE = 300.0
CONF = """
server_name: n{number}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
jetstream {{ store_dir: "{folder}", max_file_store: 8GB, max_memory_store: 64MB }}
{cluster}
"""
CLUSTER = """
cluster {{ name: crumbtrail, listen: "127.0.0.1:{own}", routes: [{routes}] }}
"""


class Missing(Exception):
    """This machine has no nats-server; the message says so."""


class Node:
    """One server; its folder stays when it is killed."""

    def __init__(self, command: list[str], port: int, monitor: int, log: Path) -> None:
        self.url = f"nats://127.0.0.1:{port}"
        self.monitor = f"http://127.0.0.1:{monitor}"
        self.process: subprocess.Popen[bytes] | None = None
        self._command = command
        self._log = log

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*dies_with_us(), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        process, self.process = self.process, None
        process.send_signal(signal.SIGKILL)
        process.wait()

    def asked(self, path: str) -> Any:
        """What its monitor says, or None."""
        try:
            with urllib.request.urlopen(self.monitor + path, timeout=2) as reply:
                return json.load(reply)
        except OSError:
            return None


class Jetstream:
    """One server, or three that are a cluster."""

    def __init__(self, home: Path, servers: int) -> None:
        program = nats_server()
        if program is None:
            raise Missing("no nats-server is installed (package nats-server)")
        routes = [free_port() for _ in range(servers)]
        named = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in routes)
        self.nodes = []
        for number, own in enumerate(routes):
            port, monitor, folder = free_port(), free_port(), home / f"n{number}"
            folder.mkdir(parents=True)
            conf = folder / "nats.conf"
            cluster = CLUSTER.format(own=own, routes=named) if servers > 1 else ""
            values = {"number": number, "port": port, "monitor": monitor, "folder": folder}
            conf.write_text(CONF.format(cluster=cluster, **values), "utf-8")
            command = [program, "-c", str(conf)]
            self.nodes.append(Node(command, port, monitor, folder / "log"))

    @property
    def urls(self) -> str:
        """As INGEST has it."""
        return ",".join(node.url for node in self.nodes)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.wait()

    def wait(self) -> None:
        """Until every server answers and, of a cluster, one leads."""
        end = time.monotonic() + PATIENCE
        while not all(self._ready(node) for node in self.nodes if node.process):
            assert time.monotonic() < end, "JetStream does not start"
            time.sleep(0.05)

    def leader(self, stream: str) -> Node:
        """The server that leads a stream."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for number, node in enumerate(self.nodes):
                told = node.asked("/jsz?streams=1") or {}
                for account in told.get("account_details") or []:
                    for one in account.get("stream_detail") or []:
                        led = (one.get("cluster") or {}).get("leader")
                        if one["name"] == stream and led == f"n{number}":
                            return node
            time.sleep(0.05)
        raise AssertionError(f"nobody leads {stream}")

    def end(self) -> None:
        for node in self.nodes:
            if node.process is not None:
                node.kill()

    def _ready(self, node: Node) -> bool:
        told = node.asked("/jsz")
        if told is None:
            return False
        return len(self.nodes) == 1 or bool((told.get("meta_cluster") or {}).get("leader"))


@contextmanager
def jetstream(home: Path, servers: int = 1) -> Iterator[Jetstream]:
    """Started, and at the end killed and deleted. Raises Missing."""
    made = Jetstream(home, servers)
    try:
        made.start()
        yield made
    finally:
        made.end()
        shutil.rmtree(home, ignore_errors=True)
