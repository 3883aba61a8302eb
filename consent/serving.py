"""What the server serves: one loop that answers what is plain, threads for the rest.

An ASGI application over a WSGI one. The loop reads each request whole, asks the hot road whether it
can be answered at once, and otherwise hands it to a thread, which never waits for the network but
where it sends a long answer. Nothing on the loop may wait: not for a lock that is held long, not
for the database (docs/decisions/0047-one-loop.md).
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import os
import socket
import stat
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from math import inf
from threading import Event
from typing import Any, TypeVar, cast

from .records.job import Job
from .records.room import SLOW_S
from .records.writer import WAIT_S
from .visitor import AT_ONCE, Hot, Stored

T = TypeVar("T")
Environ = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes]

THREADS = 64
LARGEST = 2 * 1024 * 1024 + 1  # bytes of a body that are read: one more than any route takes
LARGE = 64 * 1024  # beyond it, a body is one of
LARGE_AT_ONCE = 16
BODY_S = 60.0  # within which a body has to be here
LOOK_S = 0.5  # between two looks at whose body is late
READ_S = 30.0  # within which a reader takes some of what waits for it
WHOLE = 256 * 1024  # a shorter answer is sent in one piece
ALWAYS: Environ = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


class Serving:
    """`app` answers in one of `threads`; `hot`, where given, is asked first."""

    def __init__(self, app: App, hot: Hot | None = None, threads: int = THREADS) -> None:
        self._app = app
        self._hot = hot
        self._threads = ThreadPoolExecutor(threads, "answers")
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._waiting = Waiting()
        self._slow = Slow(BODY_S)
        self._hurries = False
        self._context = contextvars.copy_context()
        if hot is not None:
            self._context.run(AT_ONCE.set, True)
            # For good: nothing in this context ever opens a session of the database.
            self._context.run(hot.app.app_context().push)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if not self._hurries:
            self._hurries = True
            hurry(int(scope["server"][1]), READ_S)
        try:
            body = await self._body(scope, receive)
        except TimeoutError:
            return await _send(send, 408, [("Connection", "close")], b"")  # RFC 9110, 15.5.9
        except ConnectionResetError:
            return await _send(send, 400, [("Connection", "close")], b"")  # RFC 9112, 8
        environ = environ_of(scope, body)
        answer = await self._at_once(self._hot, environ) if self._hot else None
        if answer is None:
            await self._by_thread(environ, receive, send)
        else:
            await _send(send, *answer)

    async def _at_once(self, hot: Hot, environ: Environ) -> Answer | None:
        made = self._context.run(hot.at_once, environ, self._waiting.tell)
        if not isinstance(made, Stored):
            return made
        await self._waiting.over(made)
        return self._context.run(hot.end, made)

    async def _body(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes:
        """All of it, or its first LARGEST bytes."""
        if scope["method"] in ("GET", "HEAD"):
            return b""
        return await self._slow.within(self._read(receive))

    async def _read(self, receive: Receive) -> bytes:
        read, more = await _more(receive, b"", LARGE)
        if more:
            async with self._large:
                read, more = await _more(receive, read, LARGEST)
        return read

    async def _by_thread(self, environ: Environ, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        exchange = Exchange(loop, receive, send)
        answer = await loop.run_in_executor(self._threads, exchange.answer, self._app, environ)
        if answer is not None:
            await _send(send, *answer)


class Waiting:
    """The choices that wait for their batch, in the order they came; for the loop alone."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[Stored, asyncio.Future[None], float]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looks = False

    def tell(self, jobs: list[Job]) -> None:
        """By the writer's thread: the batch of these is over."""
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._told, jobs)

    async def over(self, stored: Stored) -> None:
        """Until the batch is, or whoever waits has to leave: see records/room.py."""
        self._loop = loop = asyncio.get_running_loop()
        told: asyncio.Future[None] = loop.create_future()
        self._held[id(stored.job)] = stored, told, time.monotonic()
        if not self._looks:
            self._looks = True
            loop.call_later(SLOW_S, self._look, loop)
        try:
            await told
        finally:
            self._held.pop(id(stored.job), None)

    def _told(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            found = self._held.get(id(job))
            if found is not None and not found[1].done():
                found[1].set_result(None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        late = [
            stored.job
            for stored, _, since in self._held.values()
            if now - since >= SLOW_S
            and (stored.writer.crowded(stored.job) or now - since >= WAIT_S)
        ]
        self._told(late)
        self._looks = bool(self._held)
        if self._looks:
            loop.call_later(SLOW_S, self._look, loop)


class Slow:
    """Tasks that wait for somebody's network, each for `within_s` at most; for the loop alone. One
    timer looks after all of them, where asyncio.timeout would set one for each."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._since: dict[asyncio.Task[Any], float] = {}
        self._late = set[asyncio.Task[Any]]()
        self._looks = False

    async def within(self, waiting: Awaitable[T]) -> T:
        """What `waiting` comes to. Raises TimeoutError, up to LOOK_S late."""
        task = cast(asyncio.Task[Any], asyncio.current_task())
        self._since[task], cancelling = time.monotonic(), task.cancelling()
        if not self._looks:
            self._look()
        try:
            return await waiting
        except asyncio.CancelledError:
            # Whoever else cancelled it meanwhile goes first, as with asyncio.timeout.
            if task not in self._late or task.uncancel() > cancelling:
                raise
            raise TimeoutError from None
        finally:
            del self._since[task]
            self._late.discard(task)

    def _look(self) -> None:
        now = time.monotonic()
        for task, since in self._since.items():
            if now - since >= self._within_s and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._looks = bool(self._since)
        if self._looks:
            asyncio.get_running_loop().call_later(LOOK_S, self._look)


class Exchange:
    """A request that a thread answers, and the way its answer takes to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, send: Send) -> None:
        self._loop, self._receive, self._send = loop, receive, send
        self._status, self._headers = 500, list[tuple[str, str]]()
        self._gone = Event()

    def answer(self, app: App, environ: Environ) -> Answer | None:
        """A short answer, for the loop to send; a long one is sent from here, as it is made."""
        told = app(environ, self._begin)
        try:
            if environ["REQUEST_METHOD"] == "HEAD" or _length(self._headers) <= WHOLE:
                return self._status, self._headers, b"".join(told)
            self._stream(told)
        finally:
            close = getattr(told, "close", None)
            if close is not None:
                close()
        return None

    def _begin(self, status: str, headers: list[tuple[str, str]], _: object = None) -> None:
        self._status, self._headers = int(status[:3]), headers

    def _stream(self, pieces: Iterable[bytes]) -> None:
        """Each piece once the one before is on its way; none for whoever has gone. What fails in
        between breaks the connection off, so that half an answer is never taken for a whole one."""
        watch = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)
        try:
            self._wait(self._send(_start(self._status, self._headers)))
            for piece in pieces:
                if self._gone.is_set():
                    return
                if piece:
                    self._wait(self._send(_body(piece, more=True)))
            self._wait(self._send(_body(b"")))
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    def _wait(self, sending: Awaitable[None]) -> None:
        async def sent() -> None:
            await sending

        asyncio.run_coroutine_threadsafe(sent(), self._loop).result()


def hurry(port: int, within_s: float) -> None:
    """Let the system break off who takes in nothing of what waits for it (RFC 5482; Linux): on
    what is connected to that port, and with what listens there on all that will be."""
    for name in os.listdir("/proc/self/fd") if hasattr(socket, "TCP_USER_TIMEOUT") else ():
        with suppress(OSError):  # it was closed meanwhile
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as one:
                    if one.getsockname()[1:2] == (port,):
                        told = int(within_s * 1000)
                        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, told)


def environ_of(scope: MutableMapping[str, Any], body: bytes) -> Environ:
    """The environment of a WSGI request (PEP 3333), its body read.

    A header whose name has an underscore is left out: it would pass for one with a hyphen, which a
    proxy in front may have set.
    """
    environ = {
        **ALWAYS,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in scope["headers"]:
        key = _key(name)
        if key in environ:  # RFC 9110, 5.3; RFC 6265, 5.4 for cookies
            joint = "; " if key == "HTTP_COOKIE" else ","
            environ[key] += joint + value.decode("latin-1")
        elif key:
            environ[key] = value.decode("latin-1")
    return environ


@lru_cache(maxsize=512)
def _key(name: bytes) -> str:
    if b"_" in name:
        return ""
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


async def _more(receive: Receive, read: bytes, most: int) -> tuple[bytes, bool]:
    """What came of a body until it ended or has `most` bytes, and whether there is more."""
    pieces, length, more = [read], len(read), True
    while more and length < most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        more = message.get("more_body", False)
    return b"".join(pieces)[:most], more


def _length(headers: Iterable[tuple[str, str]]) -> float:
    return next((float(v) for name, v in headers if name.lower() == "content-length"), inf)


async def _send(send: Send, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    await send(_start(status, headers))
    await send(_body(body))


def _start(status: int, headers: Iterable[tuple[str, str]]) -> Message:
    spelt = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": spelt}


def _body(piece: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": more}
