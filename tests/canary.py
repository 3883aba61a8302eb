"""Canaries: listeners inside that must hear nothing, and a guard for which a website of ours on
loopback stands at a public address."""

from __future__ import annotations

import asyncio
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from consent.egress import Guard, Policy
from consent.egress.addresses import Address, parse
from consent.egress.guard import Streams, dial
from tests.pages import listening

PUBLIC = "93.184.216.34"  # an address like any website's; nothing is ever sent there
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


@dataclass
class Canary:
    """Counts connections and datagrams at its port, on every address it could have."""

    port: int = 0
    hosts: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # "tcp", "udp", and the first line of requests

    def paths(self) -> set[str]:
        return {line.split(" ")[1].split("?")[0] for line in self.heard if line.count(" ") == 2}


@contextmanager
def canary() -> Iterator[Canary]:
    """Listens on loopback, on this machine's own addresses, and on its link-local ones."""
    made = Canary()
    with ExitStack() as stack, selectors.DefaultSelector() as ears:
        for host in ("127.0.0.1", "::1", *own_addresses()):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                if listening := _listen(host, made.port, kind):
                    stack.enter_context(listening)
                    made.port = made.port or listening.getsockname()[1]
                    ears.register(listening, selectors.EVENT_READ, kind)
            made.hosts.append(host)
        over = threading.Event()
        thread = threading.Thread(target=_hear, args=(made, ears, over), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            over.set()
            thread.join()


def _listen(host: str, port: int, kind: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        found = socket.getaddrinfo(host, port, family=family, type=kind)
        made.bind(found[0][4])
        if kind == socket.SOCK_STREAM:
            made.listen(256)
    except OSError:  # this machine has no such address
        made.close()
        return None
    return made


def _hear(made: Canary, ears: selectors.BaseSelector, over: threading.Event) -> None:
    while not over.is_set():
        for key, _ in ears.select(0.05):
            assert isinstance(key.fileobj, socket.socket)
            if key.data == socket.SOCK_DGRAM:
                key.fileobj.recv(2048)
                made.heard.append("udp")
                continue
            caller = key.fileobj.accept()[0]
            made.heard.append("tcp")
            threading.Thread(target=_reply, args=(made, caller), daemon=True).start()


def _reply(made: Canary, caller: socket.socket) -> None:
    with caller:
        caller.settimeout(5)
        try:
            made.heard.append(caller.recv(4096).split(b"\r\n")[0].decode("latin-1"))
            caller.sendall(ANSWER)
        except OSError:
            return


def own_addresses() -> list[str]:
    """This machine's address in its network, and its link-local one, where it has them."""
    found = []
    for target, family in (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6)):
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            try:
                asked.connect((target, 9))
                found.append(str(asked.getsockname()[0]))
            except OSError:
                continue
    for line in _interfaces():
        digits, _, _, scope, _, name = line.split()
        if scope == "20":
            found.append(f"{parse(':'.join(digits[i : i + 4] for i in range(0, 32, 4)))}%{name}")
    return [one for one in found if one not in ("127.0.0.1", "::1")]


def _interfaces() -> list[str]:
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:
        return []


@contextmanager
def guarded(
    policy: Policy,
    site_port: int = 0,
    names: Callable[[str], Iterable[str]] | None = None,
    dialled: list[str] | None = None,
) -> Iterator[Guard]:
    """A guard for which PUBLIC is the website at `site_port`; whatever else it dials, it dials."""
    with unopened(policy, site_port, names, dialled) as guard, guard:
        yield guard


@contextmanager
def unopened(
    policy: Policy,
    site_port: int = 0,
    names: Callable[[str], Iterable[str]] | None = None,
    dialled: list[str] | None = None,
) -> Iterator[Guard]:
    """The same, for a room that opens it."""

    async def pretend(address: Address, port: int) -> Streams:
        if dialled is not None:
            dialled.append(str(address))
        if str(address) == PUBLIC:
            return await dial(parse("127.0.0.1"), site_port)
        if address.is_global and not str(address).startswith("93."):
            raise OSError("no test reaches beyond this machine")
        return await asyncio.wait_for(dial(address, port), 5)

    yield Guard(policy, resolver=names or (lambda _: [PUBLIC]), dial=pretend)


class Stranger:
    """A website whose every answer is said: `pages[path] = (status, headers, body)`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    def put(self, path: str, body: str | bytes = "", status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else body.encode()
        self.pages[path] = (status, {"Content-Type": "text/html; charset=utf-8"} | named, content)


@contextmanager
def stranger() -> Iterator[Stranger]:
    with listening(_Handler) as server:
        server.site = Stranger(server.server_port)  # type: ignore[attr-defined]
        yield server.site  # type: ignore[attr-defined]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Stranger = self.server.site  # type: ignore[attr-defined]
        path = self.path.split("?")[0]
        site.asked.append(path)
        status, headers, body = site.pages.get(path, (404, {}, b"no such page"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing: pytest shows what matters."""


def ask(guard: Guard, request: str | bytes) -> bytes:
    """Speak to the proxy as a program that is no browser would; the whole answer."""
    raw = request.encode("utf-8", "surrogateescape") if isinstance(request, str) else request
    with socket.create_connection(("127.0.0.1", guard.port), timeout=30) as spoken:
        spoken.sendall(raw)
        pieces = []
        try:
            while piece := spoken.recv(65536):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces)


def get(guard: Guard, url: str) -> bytes:
    return ask(guard, f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n")


def connect(guard: Guard, authority: str) -> bytes:
    return ask(guard, f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n")
