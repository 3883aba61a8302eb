"""Where the rules come from: our server, a file, or the application itself.

Only this module does input and output. A request never waits for it: the last rules that were read
stand until newer ones are read, and before the first there are none.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .rules import Rules, read

TIMEOUT_S = 5.0
EVERY_S = 60.0
LARGEST = 4 * 1024 * 1024  # bytes
# The stub beside this package, for rules that bring none.
STUB = Path(__file__).resolve().parents[2] / "static/js/dist/stub.js"

log = logging.getLogger("consent.gate")


class Feed:
    """The newest rules of a site. `source` is a dict, a file's path, an address, or None for the
    site's own address at `server`; `keep` is a file that outlives a restart while the server is
    away."""

    def __init__(
        self,
        source: Mapping[str, Any] | str | os.PathLike[str] | None,
        server: str = "",
        site: str = "",
        every: float = EVERY_S,
        keep: str | os.PathLike[str] | None = None,
    ) -> None:
        self.site, self.every = site, every
        self.keep = Path(keep) if keep else None
        self.rules = with_stub({"site": site, "services": []})
        self.url = ""
        self.path: Path | None = None
        self._etag = self._stamp = ""
        self._pid = 0
        self._stop, self._tried = threading.Event(), threading.Event()
        if isinstance(source, Mapping):
            self.rules = with_stub(source)
        elif source is None or "://" in str(source):
            self.url = str(source or f"{server}/v1/{quote(site, safe='')}/rules.json")
            if urlsplit(self.url).scheme not in ("http", "https"):
                raise ValueError(f"no address to read rules from: {self.url!r}")
            self._wake()
        else:
            self.path = Path(source)
            self.rules = with_stub(json.loads(self.path.read_text("utf-8")))

    def now(self) -> Rules:
        """The newest rules; starts the reader in each process, because a fork takes no thread."""
        if (self.url or self.path) and self._pid != os.getpid():
            self._start()
        return self.rules

    def begin(self, patience: float) -> None:
        """At the start, and there alone, wait a little: without rules the first pages would leave
        as they are. Rules that were kept from last time need no waiting."""
        self.now()
        if self.url and not self.rules.needles:
            self._tried.wait(patience)

    def refresh(self) -> bool:
        """Read once, now. False where nothing could be read; then the old rules stand."""
        try:
            body = self._file(self.path) if self.path else self._fetched()
            if body is not None:
                self.rules = with_stub(json.loads(body))
                self._save(body)
        except (OSError, ValueError) as error:
            log.warning("the rules could not be read, the old ones stand: %s", error)
            return False
        return True

    def stop(self) -> None:
        self._stop.set()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(self._stop,), name="gate", daemon=True).start()

    def _run(self, stop: threading.Event) -> None:
        pause = 0.0
        while not stop.wait(pause):
            good = self.refresh()
            self._tried.set()
            # Many gates do not ask at the same moment; one that failed asks again sooner.
            pause = (self.every if good else min(self.every, 5.0)) * random.uniform(0.9, 1.1)  # noqa: S311

    def _fetched(self) -> bytes | None:
        headers = {"Accept": "application/json", "User-Agent": "crumbtrail-gate"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        # http or https: see __init__.
        asked = urllib.request.Request(self.url, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as reply:  # noqa: S310
                body: bytes = reply.read(LARGEST + 1)
                etag = reply.headers.get("ETag") or ""
        except urllib.error.HTTPError as refused:
            with refused:
                if refused.code == 304:
                    return None
            raise
        if len(body) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes of rules")
        read(json.loads(body))  # what cannot be read is asked for again
        self._etag = etag
        return body

    def _file(self, path: Path) -> bytes | None:
        about = path.stat()
        stamp = f"{about.st_mtime_ns} {about.st_size}"
        if stamp == self._stamp:
            return None
        body = path.read_bytes()
        self._stamp = stamp
        return body

    def _wake(self) -> None:
        """The rules that were kept before a restart."""
        if self.keep is not None and self.keep.exists():
            try:
                self.rules = with_stub(json.loads(self.keep.read_bytes()))
            except (OSError, ValueError) as error:
                log.warning("the kept rules could not be read: %s", error)

    def _save(self, body: bytes) -> None:
        if self.keep is None or not self.url:
            return
        fresh = self.keep.with_name(f"{self.keep.name}.{os.getpid()}")
        fresh.write_bytes(body)
        fresh.replace(self.keep)


def with_stub(body: Mapping[str, Any]) -> Rules:
    """Rules that bring no stub get the one beside this package, where it is. Raises ValueError."""
    if not isinstance(body, Mapping):
        raise ValueError("rules are an object")
    if not body.get("stub") and STUB.is_file():
        body = {**body, "stub": STUB.read_text("utf-8").strip()}
    return read(body)
