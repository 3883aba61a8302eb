"""Records as JSON, NDJSON and CSV, and what stands beside them, in chunks of a page."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any
from uuid import UUID

from .. import notices, sites
from ..errors import Busy
from ..records import beside
from ..records import named as find_rows
from ..records.rows import uuid_text
from . import table
from .walk import Record, released

FORMATS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "beside": "application/x-ndjson",
    "bundle": "application/zip",
}
AT_ONCE = 8  # exports that may run in one process: each holds a thread for as long as it lasts

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_slots = threading.BoundedSemaphore(AT_ONCE)


class Slot:
    """One of the exports that may run; raises Busy `busy` where all places are taken."""

    def __init__(self) -> None:
        self._held = _slots.acquire(blocking=False)
        if not self._held:
            raise Busy("busy", "Too many exports at once.", status=503, retry_after=5)

    def leave(self) -> None:
        """A second time changes nothing."""
        if self._held:
            self._held = False
            _slots.release()

    def during(self, chunks: Iterable[bytes]) -> Generator[bytes, None, None]:
        """The chunks; the place is left with the last one, or when the caller stops."""
        try:
            yield from chunks
        finally:
            self.leave()


def type_of(kind: str) -> str:
    """The Content-Type of a format."""
    return "text/csv; charset=utf-8; header=present" if kind == "csv" else FORMATS[kind]


def records(kind: str, site: str, pages: Iterable[list[Record]]) -> Iterator[bytes]:
    """The chunks of `json`, `ndjson`, `csv`, or of `beside`: a line for each record that has
    anything beside it (records.Beside)."""
    if kind == "csv":
        return _csv(site, pages)
    if kind == "beside":
        return _beside(site, pages)
    return _ndjson(pages) if kind == "ndjson" else _json(pages)


def spelt(record: dict[str, Any]) -> bytes:
    return _ENCODER.encode(record).encode()


def _ndjson(pages: Iterable[list[Record]]) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(spelt(record) + b"\n" for record in page)


def _beside(site: str, pages: Iterable[list[Record]]) -> Iterator[bytes]:
    for page in pages:
        of = sites.get(site)
        rows = find_rows([of], [UUID(record["id"]).bytes for record in page])
        there = beside(of, [row.seq for row in rows])
        lines = [
            {"id": uuid_text(row.id), "beside": there[row.seq].body}
            for row in rows
            if row.seq in there
        ]
        released()
        yield b"".join(spelt(line) + b"\n" for line in lines)


def _json(pages: Iterable[list[Record]]) -> Iterator[bytes]:
    before = b'{"records":[\n'
    for page in pages:
        for record in page:
            yield before + spelt(record)
            before = b",\n"
    yield (b"" if before == b",\n" else before) + b"\n]}\n"


def _csv(site: str, pages: Iterable[list[Record]]) -> Iterator[bytes]:
    wanted = table.columns(services(site))
    yield table.lines([wanted])
    for page in pages:
        yield table.lines(table.row(record, wanted) for record in page)


def services(site: str) -> set[str]:
    """Every service that a notice of the site ever named, so that no record lacks its column."""
    found: set[str] = set()
    for notice in notices.versions(sites.get(site)):
        found |= {str(service["id"]) for service in notice.content["services"]}
    released()
    return found
