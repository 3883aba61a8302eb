"""Clients that are slow on purpose: they say nothing, or a byte at a time, or read nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.server import Server

ESTABLISHED = "01"  # of /proc/net/tcp
PIPELINED = 300  # requests whose answers are more than the system keeps for a reader


@dataclass(frozen=True)
class Way:
    """To be slow: what is sent at once, and then again and again."""

    first: bytes
    then: bytes = b""


def asking(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: slow", *headers, "", "")).encode()


def sending(path: str, *headers: str) -> bytes:
    return asking(path, *headers).replace(b"GET", b"POST", 1)


@contextmanager
def clients(server: Server, ways: list[Way]) -> Iterator[list[int]]:
    """So many are connected to it, each slow in its way, until it breaks them off; their ports."""
    over = threading.Event()
    made = [(_connected(server), way) for way in ways]
    for one, way in made:
        one.send(way.first)
    dripping = threading.Thread(target=_drip, args=(made, over), daemon=True)
    dripping.start()
    try:
        yield [one.getsockname()[1] for one, _ in made]
    finally:
        over.set()
        dripping.join()
        for one, _ in made:
            one.close()


def connected(server: Server) -> set[int]:
    """The ports of those whom the server has a connection with."""
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    fields = (line.split() for line in lines)
    ends = ((one[1], one[2]) for one in fields if one[3] == ESTABLISHED)
    ports = ([int(end.partition(":")[2], 16) for end in both] for both in ends)
    return {there for here, there in ports if here == server.port}


def _connected(server: Server) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    made.connect(("127.0.0.1", server.port))
    made.setblocking(False)
    return made


def _drip(made: list[tuple[socket.socket, Way]], over: threading.Event) -> None:
    while not over.wait(0.5):
        for one, way in made:
            with suppress(OSError):
                one.send(way.then)
