"""The stream in JetStream, spoken to from any thread over one connection on a loop of its own.

A choice is one message on a subject of its own. The first message of a subject is the only one: a
repeated id finds it, whichever server it reaches. What is stored stays for a while, so that this
holds while the database is away, and is then purged by the keeper.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from .message import SUBJECTS, name_of, subject_of

_LOG = logging.getLogger(__name__)
NAME, KEEPER = "CRUMBTRAIL", "keeper"
CONFLICTS, CONFLICT_SUBJECTS = "CRUMBTRAIL_CONFLICTS", "crumbtrail.conflicts"
MAX_BYTES = 4 * 1024**3  # then nothing is taken, and visitors are told to come back
CONFLICT_BYTES = 256 * 1024**2
REPLICAS = 3
SYNC_SINCE = (2, 10)  # servers before it cannot sync each message to disk
TRY_S = 1.5  # one try to put a message; a new leader is found within a few
PATIENCE_S = 8.0  # all tries of one message
AWAY_S = 2.0  # after that, nobody tries for so long
ASK_S = 3.0
AGAIN_S = 0.5
ACK_S = 30.0  # a keeper that says nothing for so long has died
HELD = 65_536  # messages that are out at once, those of a database that is away among them
LATER_S = 16.0  # at most, until what cannot be stored now comes again
WRONG_LAST = 10071  # JetStream: the subject has a message already
NO_MESSAGE = 10037
Value = TypeVar("Value")
Message = Any  # nats.aio.msg.Msg


class Away(Exception):
    """The stream did not answer: what was to be put may be there or not."""


@dataclass(frozen=True)
class State:
    """How many choices wait for the database, what could not be stored, how safe the stream is."""

    waiting: int
    conflicts: int
    replicas: int
    version: tuple[int, int]


class Stream:
    """Opened by the first who asks; for many threads."""

    def __init__(self, servers: Sequence[str], max_bytes: int = MAX_BYTES) -> None:
        self._servers = list(servers)
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._failed_at: float | None = None
        self._told = False  # that it fails

    @property
    def replicas(self) -> int:
        """Copies of what is in the stream: three, or one where fewer servers are named."""
        return REPLICAS if len(self._servers) >= REPLICAS else 1

    @property
    def failed(self) -> bool:
        """Whether it was away a moment ago."""
        failed = self._failed_at
        return failed is not None and 0 <= time.monotonic() - failed < AWAY_S

    def opened(self, wait: float = ASK_S) -> bool:
        """Whether it is there; connects at first use."""
        with self._lock:
            if self._thread is None:
                # Whoever sets no INGEST pays neither its 0.1 s nor its memory.
                self._nats: Any = import_module("nats")
                self._api: Any = import_module("nats.js.api")
                self._errors: Any = import_module("nats.js.errors")
                self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
                self._thread.start()
        return self._open.wait(wait)

    def put(self, site: str, record_id: bytes, body: bytes) -> bool:
        """Keep a choice: on the disks of a majority when this returns. False where its id has a
        message already. Raises Away."""
        if self.failed:
            raise Away("the stream was away a moment ago")
        try:
            found = self._ask(self._put(site, record_id, body), PATIENCE_S + TRY_S)
        except Away:
            self._failed_at = time.monotonic()
            raise
        self._failed_at = None
        return found

    def first(self, site: str, record_id: bytes) -> bytes | None:
        """The message of an id, or None. Raises Away."""
        return self._ask(self._first(subject_of(site, record_id)), PATIENCE_S + ASK_S)

    def take(self, most: int, wait: float) -> list[Message]:
        """Up to `most` messages for one keeper. Raises Away."""
        return self._ask(self._take(most, wait), wait + PATIENCE_S)

    def done(self, messages: Sequence[Message]) -> None:
        """They are in the database. Where this is not heard, they come again. Raises Away."""
        self._ask(self._done(messages), PATIENCE_S)

    def again(self, messages: Sequence[Message], later: bool = False) -> None:
        """They could not be stored now: whoever asks next gets them, or asks `later`, after a
        pause that doubles each time up to LATER_S. Raises Away."""
        self._ask(self._again(messages, later), PATIENCE_S)

    def refuse(self, message: Message, why: str) -> None:
        """Keep for a person what the database cannot take. Raises Away."""
        self._ask(self._refuse(message, why), PATIENCE_S + TRY_S)

    def last(self) -> int:
        """Number of the newest message. Raises Away."""
        return self._ask(self._last(), PATIENCE_S)

    def stored(self) -> int:
        """Every message up to this number is in the database. Raises Away."""
        return self._ask(self._stored(), PATIENCE_S)

    def forget(self, number: int) -> None:
        """Messages up to this number are of no more use. Raises Away."""
        self._ask(self._purge(number), PATIENCE_S)

    def conflicts(self, most: int = 100) -> list[tuple[str, bytes]]:
        """(why, message) of what could not be stored, the oldest first. Raises Away."""
        return self._ask(self._conflicts(most), 60)

    def state(self) -> State:
        """Raises Away."""
        return self._ask(self._state(), PATIENCE_S)

    def close(self) -> None:
        if self._loop is None or self._thread is None:
            return
        loop, thread, self._loop = self._loop, self._thread, None
        loop.call_soon_threadsafe(self._stop.set)
        thread.join(ASK_S)

    # -- on the loop -----------------------------------------------------------------------------

    def _ask(self, asked: Coroutine[Any, Any, Value], most: float) -> Value:
        """The answer to a question put to the loop."""
        if not self.opened() or self._loop is None:
            asked.close()
            raise Away("no connection to the stream yet")
        found = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return found.result(most)
        except Away:
            raise
        except Late:
            found.cancel()
            raise Away("no answer in time") from None
        except (self._nats.errors.Error, OSError) as error:
            raise Away(type(error).__name__) from error

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._link = self._nats.aio.client.Client()
        opening = asyncio.create_task(self._connect())
        await self._stop.wait()
        opening.cancel()
        with contextlib.suppress(self._nats.errors.Error, OSError, asyncio.CancelledError):
            await self._link.close()

    async def _connect(self) -> None:
        """Connect and find or make the stream; tried until it is there."""
        await self._link.connect(
            servers=self._servers,
            name="crumbtrail",
            max_reconnect_attempts=-1,
            reconnect_time_wait=AGAIN_S,
            ping_interval=5,
            max_outstanding_pings=2,
            connect_timeout=2,
            error_cb=self._wrong,
            reconnected_cb=self._right,
        )
        self._js = self._link.jetstream(timeout=ASK_S)
        while True:
            try:
                await self._prepare()
                break
            except (self._nats.errors.Error, OSError) as error:
                await self._wrong(error)
                await asyncio.sleep(AGAIN_S)
        self._open.set()

    async def _wrong(self, error: Exception) -> None:
        if not self._told:
            _LOG.warning("the stream of INGEST fails (%s)", type(error).__name__)
        self._told = True

    async def _right(self) -> None:
        _LOG.warning("the stream of INGEST answers again")
        self._told = False

    async def _prepare(self) -> None:
        policy = {"storage": "file", "num_replicas": self.replicas, "discard": "new"}
        await self._have(NAME, f"{SUBJECTS}.>", self._max_bytes, policy)
        await self._have(CONFLICTS, f"{CONFLICT_SUBJECTS}.>", CONFLICT_BYTES, policy)
        wanted = self._api.ConsumerConfig(
            name=KEEPER,
            durable_name=KEEPER,
            filter_subject=f"{SUBJECTS}.>",
            ack_policy="explicit",
            ack_wait=ACK_S,
            max_ack_pending=HELD,
            max_deliver=-1,
        )
        await self._js.add_consumer(NAME, wanted)  # or changes the one of an earlier release
        self._pull = await self._js.pull_subscribe_bind(durable=KEEPER, stream=NAME)

    async def _have(self, name: str, subjects: str, size: int, policy: dict[str, Any]) -> None:
        try:
            await self._js.stream_info(name)
        except self._errors.NotFoundError:
            wanted = self._api.StreamConfig(
                name=name, subjects=[subjects], max_bytes=size, duplicate_window=120, **policy
            )
            await self._js.add_stream(wanted)

    async def _put(self, site: str, record_id: bytes, body: bytes) -> bool:
        headers = {
            "Nats-Msg-Id": name_of(site, record_id),
            "Nats-Expected-Last-Subject-Sequence": "0",
        }
        return await self._publish(subject_of(site, record_id), body, NAME, headers)

    async def _publish(
        self, subject: str, body: bytes, stream: str, headers: dict[str, str]
    ) -> bool:
        """Tried again while no leader answers; whether this was the first of its name."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                told = await self._js.publish(
                    subject, body, timeout=TRY_S, stream=stream, headers=dict(headers)
                )
                return not told.duplicate
            except self._errors.APIError as error:
                if error.err_code == WRONG_LAST:
                    return False
                if time.monotonic() > end or error.code == 400:
                    raise
            except (self._nats.errors.Error, OSError):
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(0.1)

    async def _first(self, subject: str) -> bytes | None:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = await self._js.get_last_msg(NAME, subject)
                return bytes(found.data)
            except self._errors.NotFoundError as error:
                if error.err_code == NO_MESSAGE:
                    return None
                raise
            except (self._nats.errors.Error, OSError):  # between two leaders
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(0.1)

    async def _take(self, most: int, wait: float) -> list[Message]:
        try:
            return list(await self._pull.fetch(most, timeout=wait))
        except self._nats.errors.TimeoutError:
            return []

    async def _done(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await message.ack()
        await self._link.flush(int(PATIENCE_S))

    async def _again(self, messages: Sequence[Message], later: bool) -> None:
        for message in messages:
            pause = min(2 ** (message.metadata.num_delivered - 1), LATER_S) if later else None
            with contextlib.suppress(self._nats.errors.MsgAlreadyAckdError):
                await message.nak(delay=pause)
        await self._link.flush(int(PATIENCE_S))

    async def _refuse(self, message: Message, why: str) -> None:
        subject = message.subject.replace(SUBJECTS, CONFLICT_SUBJECTS, 1)
        name = f"{message.metadata.sequence.stream}/{why}"
        headers = {"Nats-Msg-Id": name, "Crumbtrail-Why": why}
        await self._publish(subject, message.data, CONFLICTS, headers)
        await message.ack()

    async def _last(self) -> int:
        return int((await self._js.stream_info(NAME)).state.last_seq)

    async def _stored(self) -> int:
        told = await self._js.consumer_info(NAME, KEEPER)
        return int(told.ack_floor.stream_seq if told.ack_floor else 0)

    async def _purge(self, number: int) -> None:
        await self._js.purge_stream(NAME, seq=number + 1)

    async def _conflicts(self, most: int) -> list[tuple[str, bytes]]:
        state = (await self._js.stream_info(CONFLICTS)).state
        numbers = range(state.first_seq, state.last_seq + 1) if state.messages else range(0)
        found = []
        for number in numbers[:most]:
            message = await self._js.get_msg(CONFLICTS, seq=number)
            found.append(((message.headers or {}).get("Crumbtrail-Why", ""), bytes(message.data)))
        return found

    async def _state(self) -> State:
        told = await self._js.consumer_info(NAME, KEEPER)
        conflicts = (await self._js.stream_info(CONFLICTS)).state.messages
        kept = (await self._js.stream_info(NAME)).config.num_replicas or 1
        version = self._link.connected_server_version
        waiting = (told.num_pending or 0) + (told.num_ack_pending or 0)
        return State(waiting, conflicts, kept, (version.major, version.minor))
