"""What create_app wired together, for the edges to use. Made there, never here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask import Flask, Response, current_app
from sqlalchemy import Engine

from . import ledger, tenancy
from .config import Config
from .databases import HOME
from .geo import Geo
from .ingest import Buffer, Stream, settled
from .ledger import Ledger
from .limits import Limiter
from .mail import Outbox
from .records import Writer
from .records.rows import Row
from .regime import Table
from .renderings import Staged
from .sites import Site


@dataclass
class Parts:
    """The running server: its settings, its clock and what it holds in memory."""

    config: Config
    clock: Callable[[], datetime]
    geo: Geo
    regimes: Table
    limits: dict[str, Limiter]
    ledger: Ledger
    open_writer: Callable[[], Writer | Buffer]
    engine: Callable[[], Engine]
    fleet: Callable[[], dict[str, Flask]]  # an app for each database of SHARDS, made when asked for
    seed: Callable[[datetime], None]
    staged: Staged
    stream: Stream | None = None  # None where no INGEST is set
    outbox: Outbox | None = None  # None where no SMTP_URL is set
    describe: Callable[[dict[str, Any]], None] = lambda described: None
    warnings: dict[str, str] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    _writer: Writer | Buffer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writer(self) -> Writer | Buffer:
        """The one writer of records; its thread starts with the first record."""
        with self._lock:
            if self._writer is None:
                self._writer = self.open_writer()
            return self._writer

    @property
    def started(self) -> Writer | Buffer | None:
        """The writer, if there was a record yet."""
        return self._writer

    def erase(
        self, site: Site, chosen: Callable[[], Sequence[Row]], by: str, reason: str = ""
    ) -> list[int]:
        """Wipe the records that `chosen` finds when all that was acknowledged is stored: the index
        in the log of each, as `ledger.erase`. Raises Busy `busy`; nothing is erased then."""
        if self.stream is not None:
            settled(self.stream)
        return ledger.erase(self.ledger.signer, site, chosen(), by, self.clock(), reason=reason)

    def close(self) -> None:
        """Write what is queued; the server calls this when it stops."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        if self.stream is not None:
            self.stream.close()
        if self.outbox is not None:
            self.outbox.close()


@contextmanager
def at_home() -> Iterator[None]:
    """For what is made anew: in the first database, whichever of SHARDS the request went to."""
    here = parts()
    if here.config.shard == HOME:
        yield
        return
    inside = tenancy.current()
    with here.fleet()[HOME].app_context(), tenancy.within(inside):
        yield


def as_json(body: dict[str, Any] | list[Any], status: int = 200) -> Response:
    """A JSON answer that no cache keeps; edges that may be cached say so themselves."""
    response = cast(Response, current_app.json.response(body))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def parts() -> Parts:
    # Asked dozens of times a request: the app itself is found quicker than through its proxy.
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return cast(Parts, app.extensions["crumbtrail"])
