"""What a scan is told, what it tells on its way, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..findings import PASSES

SLOWEST = 0.6  # seconds between two pages of a public host: at most 100 pages a minute
# Of one page. Half of all pages ask for fewer than 80 things and take less than 3 MB; what asks for
# so much more is a trap, or so heavy that the rest of it says little more.
PAGE_SECONDS = 30.0
PAGE_REQUESTS = 300
PAGE_BYTES = 50_000_000
# A page at work may be busy for seconds on a slow machine; one that is busy for longer is no page.
PATIENCE = 20.0


class CrawlError(Exception):
    """The scan could not be done. `code` is for programs: browser_missing, browser_failed, address,
    unreachable, unsafe, broken; the message says what helps."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Options:
    """`seconds` bounds the whole scan, `dwell` is how long each page is watched at least, `delay`
    the least time between two pages. `screenshots` is a folder, empty for none. `contact` stands
    in the user agent: an address or a mailbox where complaints go. `strict` demands a
    network namespace and Chromium's own sandbox: for pages of strangers. `bytes` are of the pages,
    `memory` of the browser. `page_seconds` bound a page's loading, `page_requests` and `page_bytes`
    what it asks for, `patience` how long it may leave a question unanswered (0 for ever).
    `head` is HTML that each page gets first in its head, and `answers` the
    scripts below `inject.MOUNT` that it asks for."""

    pages: int = 10
    passes: tuple[str, ...] = PASSES
    seconds: float = 600.0
    bytes: int = 200_000_000
    delay: float = 1.0
    dwell: float = 2.0
    allow_private: bool = False
    language: str = "en"
    screenshots: str = ""
    contact: str = ""
    strict: bool = False
    memory: int = 1536 * 1024 * 1024
    page_seconds: float = PAGE_SECONDS
    page_requests: int = PAGE_REQUESTS
    page_bytes: int = PAGE_BYTES
    patience: float = PATIENCE
    head: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Options:
        return cls(**{**data, "passes": tuple(data.get("passes", PASSES))})


@dataclass(frozen=True)
class Progress:
    """Where a scan is: in pass `number` of `of`, `page` pages of `pages` seen so far."""

    name: str
    number: int
    of: int
    page: int
    pages: int
    url: str
    things: int
    requests: int
