"""The guard: a proxy on loopback, the only way from the scanner's browser into the network.

For each request and each CONNECT it resolves the name once, looks at every answer, and connects to
what it looked at, so a name that answers differently a moment later gains nothing. It reads no
TLS; it sees hosts and counts bytes.
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from .addresses import METADATA_NAMES, SENTENCES, Address, Misspelt, parse, read_host, why_not

HEAD_MAX = 256 * 1024
HEAD_SECONDS = 30.0
DIAL_SECONDS = 10.0
PIECE = 64 * 1024
REMEMBERED = 1000  # refusals kept; a page can ask for as many as it likes
HOP = frozenset(
    b"connection proxy-connection keep-alive proxy-authenticate proxy-authorization te trailer"
    b" upgrade host".split()
)
NOBODY = frozenset({"unresolved", "unreachable"})  # no rule was broken, nobody is there
LOCALHOST = ("127.0.0.1", "::1")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]@\\]+)(?::(\d{1,5}))?")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Resolver = Callable[[str], Iterable[str]]
Dial = Callable[[Address, int], Awaitable[Streams]]


@dataclass(frozen=True)
class Policy:
    """What a scan may do. `private` opens loopback, private networks and every port, for whoever
    scans their own machine; metadata addresses stay shut. `denied` are further hosts and
    addresses (the database's, the mail server's) that no page may reach. `seconds_max` and
    `bytes_max` (both ways together) are for the guard's whole life, `memory_max` (bytes) for the
    browser's processes together."""

    private: bool = False
    ports: frozenset[int] = frozenset({80, 443})
    bytes_max: int = 500 * 1024 * 1024
    seconds_max: float = 300.0
    connections_max: int = 256
    memory_max: int = 1536 * 1024 * 1024
    denied: frozenset[str] = frozenset()


class Refused(NamedTuple):
    """`why` is a key of SENTENCES; `address` is the answer that was bad, "" where none was seen."""

    host: str
    port: int
    address: str
    why: str


class No(Exception):
    """This request is not carried out."""

    def __init__(self, host: str, port: int, address: str, why: str) -> None:
        super().__init__(why)
        self.refused = Refused(host, port, address, why)


def resolve(name: str) -> list[str]:
    """Every address the system's resolver gives for a name; raises OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_own(address: Address) -> bool:
    """Whether the address is one of this machine's: the system would speak to it from itself.

    Nothing is sent: connecting a datagram socket only asks the routing table.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((str(address), 9))
            return str(asked.getsockname()[0]) == str(address)
    except OSError:
        return False


async def dial(address: Address, port: int) -> Streams:
    """Connect to a number, never to a name; raises OSError."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return await asyncio.open_connection(str(address), port, family=family, limit=HEAD_MAX)


@dataclass
class Guard:
    """A context manager. `proxy` is for Chromium's --proxy-server, together with
    --proxy-bypass-list=<-loopback>; `unix` is a path where the guard listens as well, for a browser
    in a network of its own. What was turned down stands in `refused`, the bytes that went through
    (both ways) in `carried`. Once they are `ceiling` everything is refused, unnoted, and what runs
    ends: whoever drives sets it for each page, in any thread."""

    policy: Policy = field(default_factory=Policy)
    unix: Path | None = None
    resolver: Resolver = resolve
    own: Callable[[Address], bool] = is_own
    dial: Dial = dial
    refused: list[Refused] = field(default_factory=list)
    carried: int = 0
    ceiling: float = math.inf
    port: int = 0

    @property
    def proxy(self) -> str:
        """http://127.0.0.1:port"""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="guard-names")
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: list[BaseException] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guard", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._broken:
            self.__exit__(None, None, None)
            raise self._broken[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # told to whoever opened the guard
            self._broken.append(error)
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ends = self._loop.time() + self.policy.seconds_max
        servers: list[asyncio.Server] = []
        try:
            servers.append(await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_MAX))
            if self.unix is not None:
                more = asyncio.start_unix_server(self._accept, self.unix, limit=HEAD_MAX)
                servers.append(await more)
            self.port = servers[0].sockets[0].getsockname()[1]
            self._ready.set()
            await self._stop.wait()
        finally:
            for server in servers:
                server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a callback of a server runs in one
        self._tasks.add(task)
        try:
            async with asyncio.timeout_at(max(self._ends, self._loop.time() + 1)):
                await self._answer(reader, writer)
        except (TimeoutError, OSError, EOFError, asyncio.LimitOverrunError):
            pass  # the connection ends, which says all there is to say
        except asyncio.CancelledError:
            pass  # the guard is being closed
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        try:
            method, target, lines = _read(head)
            if method == b"CONNECT":
                host, port = _authority(target, None)
                there = await self._reach(host, port)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                authority, path = _split(target)
                host, port = _authority(authority, 80)
                there = await self._reach(host, port)
                there[1].write(_request(method, authority, path, lines))
        except No as no:
            if no.refused.why != "page":
                self.note(no.refused)
            writer.write(page(no.refused))
            await writer.drain()
            return
        try:
            await self._carry((reader, writer), there, tunnel=method == b"CONNECT")
        finally:
            there[1].close()

    # -- who may be reached --------------------------------------------------------------------

    async def _reach(self, host: str, port: int) -> Streams:
        """A connection to an address that was looked at; raises No."""
        if self._loop.time() >= self._ends:
            raise No(host, port, "", "time")
        if self.carried > self.policy.bytes_max:
            raise No(host, port, "", "bytes")
        if self.carried >= self.ceiling:
            raise No(host, port, "", "page")
        if len(self._tasks) > self.policy.connections_max:
            raise No(host, port, "", "busy")
        if not self.policy.private and port not in self.policy.ports:
            raise No(host, port, "", "port")
        for address in await self._addresses(host, port):
            try:
                async with asyncio.timeout(DIAL_SECONDS):
                    return await self.dial(address, port)
            except (OSError, TimeoutError):
                continue
        raise No(host, port, "", "unreachable")

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """All that the name leads to, if every one of them is good; raises No."""
        try:
            named = read_host(host)
        except Misspelt:
            raise No(host, port, "", "spelling") from None
        if not isinstance(named, str):
            found: list[str] = [str(named)]
        elif named in METADATA_NAMES:
            raise No(host, port, "", "metadata")
        elif named in self.policy.denied:
            raise No(host, port, "", "denied")
        elif named == "localhost" or named.endswith(".localhost"):  # RFC 6761, 6.3
            found = list(LOCALHOST)
        else:
            found = await self._names(named, port)
        addresses = [self._good(text, host, port) for text in found]
        return sorted(addresses, key=lambda address: address.version)

    async def _names(self, name: str, port: int) -> list[str]:
        try:
            found = list(await self._loop.run_in_executor(self._pool, self.resolver, name))
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise No(name, port, "", "unresolved")
        return found

    def _good(self, text: str, host: str, port: int) -> Address:
        try:
            address = parse(text)
        except ValueError:
            raise No(host, port, text, "spelling") from None
        if why := why_not(address, self.policy.private):
            raise No(host, port, text, why)
        if str(address) in self.policy.denied:
            raise No(host, port, text, "denied")
        if not self.policy.private and self.own(address):
            raise No(host, port, text, "own")
        return address

    def note(self, refused: Refused) -> None:
        """Remember it; the first REMEMBERED are enough for anybody."""
        if len(self.refused) < REMEMBERED:
            self.refused.append(refused)

    # -- bytes ---------------------------------------------------------------------------------

    async def _carry(self, here: Streams, there: Streams, *, tunnel: bool) -> None:
        """Both ways until either side ends. A browser never closes half a connection."""
        back = self._pump(there[0], here[1]) if tunnel else self._reply(there[0], here[1])
        ways = [asyncio.create_task(one) for one in (self._pump(here[0], there[1]), back)]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            interim = head[8:11].strip().startswith(b"1")
            self.carried += len(head)
            writer.write(head if interim else _closing(head))
            if not interim:
                break
        await self._pump(reader, writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            self.carried += len(piece)
            if self.carried > self.policy.bytes_max:
                self.note(Refused("", 0, "", "bytes"))
                return
            if self.carried >= self.ceiling:
                return
            writer.write(piece)
            await writer.drain()


def page(refused: Refused) -> bytes:
    """The answer to what is not carried out: a page that says why, and the reason in a header."""
    status = "502 Bad Gateway" if refused.why in NOBODY else "403 Forbidden"
    sentence = SENTENCES[refused.why]
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Not reached</title>"
        f"<h1>The scanner did not go there</h1><p>{sentence}</p>"
    ).encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nX-Crumbtrail-Refused: {refused.why}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _read(head: bytes) -> tuple[bytes, str, list[bytes]]:
    """Method, target and header lines; raises No for what could be read in two ways."""
    first, *lines = head[:-4].split(b"\r\n")
    parts = first.split(b" ")
    names = [line.partition(b":")[0] for line in lines]
    if (
        len(parts) != 3
        or parts[2] not in (b"HTTP/1.1", b"HTTP/1.0")
        or not all(_TOKEN.fullmatch(name) for name in (parts[0], *names))
        or any(sign in head.replace(b"\r\n", b"") for sign in (b"\r", b"\n", b"\0"))
        or not parts[1].isascii()
    ):
        raise No("", 0, "", "request")
    return parts[0], parts[1].decode("ascii"), lines


def _split(target: str) -> tuple[str, str]:
    """Authority and path of an absolute http address; raises No for any other."""
    if target[:7].lower() != "http://":
        raise No("", 0, "", "request")
    authority = re.match(r"[^/?#]*", target[7:])
    assert authority is not None  # noqa: S101 - it matches the empty string
    path = target[7 + authority.end() :].partition("#")[0]
    return authority[0], path if path.startswith("/") else "/" + path


def _authority(text: str, default: int | None) -> tuple[str, int]:
    """Host and port; raises No where somebody hides a host before or behind another."""
    match = _AUTHORITY.fullmatch(text)
    port = int(match[2]) if match and match[2] else default
    if match is None or port is None or not 0 < port < 65536:
        raise No(text[:253], 0, "", "spelling")
    return match[1], port


def _request(method: bytes, authority: str, path: str, lines: list[bytes]) -> bytes:
    kept = [line for line in lines if line.partition(b":")[0].lower() not in HOP]
    first = b" ".join((method, path.encode("ascii"), b"HTTP/1.1"))
    ours = [b"Host: " + authority.encode("ascii"), b"Connection: close"]
    return b"\r\n".join([first, *ours, *kept, b"", b""])


def _closing(head: bytes) -> bytes:
    """The head of an answer, with the one promise that this connection ends after it."""
    first, *lines = head[:-4].split(b"\r\n")
    gone = (b"connection", b"keep-alive", b"proxy-connection")
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in gone]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])
