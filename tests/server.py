"""A real server of ours in a process of its own, on a free port of this machine."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from tests.prepare import ROOT

PATIENCE = 300.0


# Below those that a system gives to whoever asks for any: while a server is down its visitors ask
# on, and nobody else may be where it was.
PORTS = range(20_000, 32_768)
_given = set[int]()


def free_port() -> int:
    """Another one each time, on which nobody listens."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP, whatever the status."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Server:
    """Start, ask, stop or kill it; the data stay, so it can be started again."""

    def __init__(self, instance: Path, database_url: str, **settings: str) -> None:
        instance.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.instance = instance
        self.log = instance / "server.log"
        self.first_words = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(instance),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "INSTANCE_PATH": str(instance),
            "DATABASE_URL": database_url,
            "DEMO": "1",
            # Every browser and client of the tests has the same address.
            "RATE_CLIENT": "0",
            "RATE_KEY": "0",
            # A browser for each version that a test publishes would be a browser too many.
            "RENDERINGS": "0",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }

    def start(self) -> None:
        command = [*dies_with_us(), sys.executable, "-m", "flask", "--app", "app", "serve"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_ready()
        self.first_words = self.first_words or self.words()

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.get("/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        if self.process.poll() is None:
            self.kill()
        self.process = None
        raise AssertionError(f"the server did not start:\n{self.words()[-4000:]}")

    def stop(self) -> int:
        """Ctrl-C, as a person would; the exit code."""
        return self._end(signal.SIGINT)

    def terminate(self) -> int:
        """SIGTERM to it alone, as most supervisors do; the exit code."""
        return self._end(signal.SIGTERM, os.kill)

    def kill(self) -> int:
        """`kill -9` of the server and of every process it made."""
        return self._end(signal.SIGKILL)

    def _end(
        self, how: signal.Signals, send: Callable[[int, signal.Signals], None] = os.killpg
    ) -> int:
        assert self.process is not None
        process, self.process = self.process, None
        send(process.pid, how)
        try:
            return process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def flask(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command on its machine, to its end."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        environ = {**self.environ, **settings}
        return subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )

    def words(self) -> str:
        """Everything it has printed."""
        return self.log.read_text("utf-8", errors="replace")

    def said(self, pattern: str) -> re.Match[str]:
        """The match in what the first start printed."""
        match = re.search(pattern, self.first_words, re.MULTILINE)
        assert match, f"{pattern!r} is not in:\n{self.first_words}"
        return match

    @property
    def owner(self) -> tuple[str, str]:
        """The e-mail and password of the first start."""
        match = self.said(r"^owner: (\S+) (\S+)$")
        return match[1], match[2]

    @property
    def auditor_key(self) -> str:
        return self.said(r"^auditor key: (ctk_\S+)")[1]

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """`path` may be a whole address; `_` in a header's name stands for `-`."""
        url = path if "://" in path else self.url + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(url, data=body, method=method, headers=named)
        try:
            with _opener.open(asked, timeout=30) as reply:
                return Reply(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Reply(refused.code, refused.headers, refused.read())

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, None, **headers)

    def post(self, path: str, body: bytes, **headers: str) -> Reply:
        return self.request("POST", path, body, **headers)

    def audit(self, path: str) -> Any:
        """What the auditor of the first start reads at /v1/audit/<path>."""
        reply = self.get(f"/v1/audit/{path}", Authorization=f"Bearer {self.auditor_key}")
        assert reply.status == 200, reply.text
        return reply.json()


def dies_with_us() -> list[str]:
    """Where Linux has it: a run that is killed leaves no server behind."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """A redirect is an answer to look at, not to follow."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
