"""A line between a server and its PostgreSQL that can be slow, cut, silent or in tiny pieces."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CHUNK = 65_536
CUT = struct.pack("ii", 1, 0)  # of SO_LINGER: close with a reset


class Line:
    """Listens on a port of this machine and passes on to the socket in `behind`, a database's
    address. `delay` is seconds before what came at once goes on, `jitter` the most of a random
    delay, `piece` how many bytes go at a time; `silent` passes nothing on; `cut_after` so many
    bytes of the server's every connection is cut. `cuts` counts those."""

    def __init__(self, behind: str) -> None:
        parts = urlsplit(behind)
        self._socket = str(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        self.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
        self._open: set[socket.socket] = set()
        self.cuts = 0
        self.mend()
        threading.Thread(target=self._accept, daemon=True).start()

    def mend(self) -> None:
        self.delay = self.jitter = 0.0
        self.piece = CHUNK
        self.silent = self.refuses = False
        self.cut_after: int | None = None

    def reset(self) -> None:
        """Every connection, now."""
        for one in list(self._open):
            _cut(one)
        self._open.clear()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.reset()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self.refuses:
                _cut(near)
                continue
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._socket)
            except OSError:
                _cut(near)
                continue
            self._open |= {near, far}
            for one, other, sent in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=(one, other, sent), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, sent: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := one.recv(CHUNK):
                self._wait()
                left = len(data)
                if sent and self.cut_after is not None:
                    left = max(0, self.cut_after - passed)
                for start in range(0, min(left, len(data)), self.piece):
                    other.sendall(data[start : min(start + self.piece, left)])
                passed += len(data)
                if left < len(data):
                    self.cuts += 1
                    break
        for end in (one, other):
            self._open.discard(end)
            _cut(end)

    def _wait(self) -> None:
        if self.delay or self.jitter:
            time.sleep(self.delay + random.random() * self.jitter)
        while self.silent:
            time.sleep(0.02)


def _cut(one: socket.socket) -> None:
    with suppress(OSError):
        if one.family == socket.AF_INET:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CUT)
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def line(behind: str) -> Iterator[Line]:
    made = Line(behind)
    try:
        yield made
    finally:
        made.close()
