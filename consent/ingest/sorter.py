"""With SHARDS: what the stream holds goes to the keeper of the database that its site is in.

All databases share one consumer. What cannot be stored now comes again later, and whoever takes it
then asks the directory anew: so a site may move while its choices lie in the stream. A message is
acked by whoever committed it, and no database stores of a site that is not there (shards/fence).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping

from ..records.writer import BATCH
from .keeper import WAIT_S
from .message import site_in
from .stream import Away, Message, Stream

_LOG = logging.getLogger(__name__)


class Inbox:
    """Of one database: a batch that is not stored yet. What does not fit stays in the stream."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Message] = queue.Queue(BATCH)

    def offer(self, message: Message) -> bool:
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            return False
        return True

    def take(self, most: int, wait: float) -> list[Message]:
        """As `Stream.take`."""
        found: list[Message] = []
        try:
            found.append(self._queue.get(timeout=wait))
            while len(found) < most:
                found.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return found


class Sorter:
    """Owns the thread that takes; `where` names the database of a site, None where that is not
    known."""

    def __init__(
        self, stream: Stream, inboxes: Mapping[str, Inbox], where: Callable[[str], str | None]
    ) -> None:
        self._stream, self._inboxes, self._where = stream, inboxes, where
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest-sorter", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(WAIT_S * 10)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._step()
            except Away:  # the stream itself says so
                self._over.wait(WAIT_S)
            except Exception:
                _LOG.exception("a batch could not be sorted; it comes again")
                self._over.wait(WAIT_S)

    def _step(self) -> None:
        messages = self._stream.take(BATCH, WAIT_S)
        full = [one for one in messages if not self._handed(one)]
        if full:
            self._stream.again(full, later=True)

    def _handed(self, message: Message) -> bool:
        inbox = self._inboxes.get(self._where(site_in(message.subject)) or "")
        return inbox is not None and inbox.offer(message)
