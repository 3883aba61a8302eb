"""Records as JSON, NDJSON and CSV, and what stands beside them, in chunks of a page."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator

from .. import notices, sites
from ..errors import Busy
from ..records import beside
from ..records.plain import ID, SEQ
from . import table
from .lines import Lines, Step, csv, ndjson, spelt, uuid_text
from .parquet import needed, parquet
from .walk import released

FORMATS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "beside": "application/x-ndjson",
    "bundle": "application/zip",
}
AT_ONCE = 8  # exports that may run in one process: each holds a thread for as long as it lasts

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


def able(kind: str) -> str:
    """The format itself. Raises Missing where this server cannot make it."""
    if kind == "parquet":
        needed()
    return kind


def type_of(kind: str) -> str:
    """The Content-Type of a format."""
    return "text/csv; charset=utf-8; header=present" if kind == "csv" else FORMATS[kind]


def records(kind: str, site: str, pages: Iterable[Step]) -> Iterator[bytes]:
    """The chunks of `json`, `ndjson`, `csv`, `parquet`, or of `beside`: a line for each record that
    has anything beside it (records.Beside)."""
    if kind == "csv":
        return _csv(site, pages)
    if kind == "parquet":
        return parquet(services(site), _ndjson(site, pages))
    if kind == "beside":
        return _beside(site, pages)
    return _ndjson(site, pages) if kind == "ndjson" else _json(site, pages)


def _ndjson(site: str, pages: Iterable[Step]) -> Iterator[bytes]:
    return map(Lines(ndjson(site)).of, pages)


def _beside(site: str, pages: Iterable[Step]) -> Iterator[bytes]:
    for page in pages:
        there = beside(sites.get(site), [row[SEQ] for row in page.rows])
        lines = [
            {"id": uuid_text(row[ID]), "beside": there[row[SEQ]].body}
            for row in page.rows
            if row[SEQ] in there
        ]
        released()
        yield b"".join(spelt(line) + b"\n" for line in lines)


def _json(site: str, pages: Iterable[Step]) -> Iterator[bytes]:
    before = b'{"records":[\n'
    for lines in _ndjson(site, pages):
        if lines:
            yield before + lines[:-1].replace(b"\n", b",\n")
            before = b",\n"
    yield (b"" if before == b",\n" else before) + b"\n]}\n"


def _csv(site: str, pages: Iterable[Step]) -> Iterator[bytes]:
    wanted = table.columns(services(site))
    yield table.lines([wanted])
    yield from map(Lines(csv(site, wanted)).of, pages)


def services(site: str) -> set[str]:
    """Every service that a notice of the site ever named, so that no record lacks its column."""
    found: set[str] = set()
    for notice in notices.versions(sites.get(site)):
        found |= {str(service["id"]) for service in notice.content["services"]}
    released()
    return found
