"""The scan's own process: started without our secrets, ended when its time is up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..findings import Pass, Scan, from_json
from .options import CrawlError, Options, Progress

ROOT = Path(__file__).resolve().parents[2]
STILL = 240.0  # seconds between two lines of the child: one page and its banner take far less
GRACE = 60.0  # seconds beyond the scan's own limit; in `engine` all ends 15 before
NEEDED = ("PATH", "LANG", "LC_ALL", "TZ", "CHROMIUM", "PLAYWRIGHT_BROWSERS_PATH")


def scan(
    start: str,
    options: Options,
    progress: Callable[[Progress], None] = lambda one: None,
    passed: Callable[[Pass], None] = lambda one: None,
) -> Scan:
    """Scan the site of `start`. `progress` is called after each page and `passed` after each pass,
    in this thread.

    Where the time runs out in a page that hangs, the passes that were finished are returned, with
    a problem that says so. Raises CrawlError.
    """
    with tempfile.TemporaryDirectory(prefix="crumbtrail-home-") as home:
        os.chmod(home, 0o711)  # noqa: S103 - the browser, another user, has its folder in there
        environ = {name: os.environ[name] for name in NEEDED if name in os.environ}
        child = subprocess.Popen(
            [sys.executable, "-m", "consent.crawl"],
            cwd=ROOT,
            env={**environ, "HOME": home, "TMPDIR": home, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        patience = Patience(child, options.seconds + GRACE)
        patience.again()
        try:
            told = {"start": start, **options.to_json()}
            return _heard(child, told, progress, passed, patience)
        finally:
            patience.timer.cancel()
            _kill(child)
            child.wait()
            for pipe in (child.stdout, child.stderr):
                if pipe:
                    pipe.close()


class Patience:
    """Ends the child when its time is up, and when it has said nothing for STILL seconds."""

    def __init__(self, child: subprocess.Popen[str], seconds: float) -> None:
        self.child, self.end = child, time.monotonic() + seconds
        self.timer = threading.Timer(seconds, _kill, (child,))

    def again(self) -> None:
        self.timer.cancel()
        left = min(STILL, max(self.end - time.monotonic(), 0.1))
        self.timer = threading.Timer(left, _kill, (self.child,))
        self.timer.daemon = True
        self.timer.start()


def _heard(
    child: subprocess.Popen[str],
    told: dict[str, Any],
    progress: Callable[[Progress], None],
    passed: Callable[[Pass], None],
    patience: Patience,
) -> Scan:
    said: list[str] = []
    assert child.stdin and child.stdout and child.stderr  # noqa: S101 - pipes were asked for
    reader = threading.Thread(target=_drain, args=(child.stderr, said), daemon=True)
    reader.start()
    with child.stdin as pipe:
        json.dump(told, pipe)
    passes: list[Pass] = []
    for line in child.stdout:
        patience.again()
        what, content = json.loads(line)
        if what == "progress":
            progress(Progress(**content))
        elif what == "pass":
            passes.append(from_json({"url": "", "passes": [content]}).passes[0])
            passed(passes[-1])
        elif what == "scan":
            return from_json(content)
        elif what == "error":
            raise CrawlError(content["code"], content["message"])
    child.wait()
    reader.join(5)
    if passes:
        problem = "A page did not let go of the browser; the scan was ended."
        pages = max((one.pages for one in passes), key=len)
        return Scan(told["start"], passes=passes, pages=pages, problems=[problem])
    last = said[-1].strip() if said else f"exit code {child.returncode}"
    raise CrawlError("broken", f"The scan ended before its first pass was done: {last[:300]}")


def _drain(pipe: Any, said: list[str]) -> None:
    for line in pipe:
        said.append(line)
        del said[:-40]


def _kill(child: subprocess.Popen[str]) -> None:
    """The process and all that it started, the browser's cell with them."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
