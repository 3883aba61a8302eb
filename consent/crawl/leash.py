"""Ends the process of a page that does not let go, or that takes the memory of the whole scan.

A page whose main thread never comes back answers no question, and a question to it has no end. Seen
from outside it has one: a thread here kills the browser's page processes, and whoever waits for an
answer gets an error instead. The browser, the profile and what was heard stay. Linux alone;
elsewhere `process` ends the whole scan.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..saying import say

if sys.platform == "linux":
    from ..egress.cell import family, memory

LOOKS_EVERY = 0.25  # seconds
AGAIN = 2.0  # seconds until those are ended that came up meanwhile
# A share of the memory limit: above it a page is ended, so that the cell need not end the browser.
HEAVY = 0.8
SENTENCES = {
    "time": say("%(page)s did not let go of the browser; its process was ended."),
    "memory": say("%(page)s took nearly all the memory a scan may have; its process was ended."),
    "crash": say("%(page)s crashed its process."),
}


class Leash:
    """A context manager. `seconds` are from one `feed` to the next, 0 for no end; after `ends`
    (monotonic) nothing is waited for any more. `memory` are the bytes of the whole scan."""

    def __init__(self, seconds: float, memory: int, ends: float) -> None:
        self.seconds, self.memory, self.ends = seconds, memory, ends
        self._until = float("inf")
        self._why = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="leash", daemon=True)

    def __enter__(self) -> Self:
        if sys.platform == "linux" and self.seconds:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def feed(self, seconds: float = 0) -> None:
        """The next step may take so long; the usual time where nothing is said."""
        self._until = min(time.monotonic() + (seconds or self.seconds), self.ends)

    def pulled(self) -> str:
        """time or memory, where a page was ended since the last call, else empty."""
        why, self._why = self._why, ""
        return why

    def _watch(self) -> None:
        while not self._over.wait(LOOKS_EVERY):
            now = time.monotonic()
            if now > self._until:
                self._end("time", renderers(os.getpid()))
                self._until = max(self._until, now + AGAIN)
            elif found := self._heavy():
                self._end("memory", found)

    def _heavy(self) -> list[int]:
        """The page processes, where it is they that take the memory."""
        every = family(os.getpid())
        if sum(map(memory, every)) < self.memory * HEAVY:
            return []
        found = renderers(os.getpid())
        return found if sum(map(memory, found)) > self.memory * HEAVY / 2 else []

    def _end(self, why: str, found: list[int]) -> None:
        self._why = why
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def renderers(root: int) -> list[int]:
    """The processes below `root` that draw pages and run their scripts."""
    return [one for one in family(root) if _draws(one)]


def _draws(process: int) -> bool:
    try:
        return b"--type=renderer" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False  # it has just ended
