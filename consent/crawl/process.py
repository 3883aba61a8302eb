"""The scan's own process: started without our secrets, ended when its time is up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..findings import Pass, Scan, from_json
from .options import CrawlError, Options, Progress

ROOT = Path(__file__).resolve().parents[2]
GRACE = 90.0  # seconds beyond the scan's own limit: to start, and to end the page that is open
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
        late = threading.Event()
        timer = threading.Timer(options.seconds + GRACE, _end, (child, late))
        timer.start()
        try:
            return _heard(child, {"start": start, **options.to_json()}, progress, passed)
        finally:
            timer.cancel()
            _end(child)


def _heard(
    child: subprocess.Popen[str],
    told: dict[str, Any],
    progress: Callable[[Progress], None],
    passed: Callable[[Pass], None],
) -> Scan:
    said: list[str] = []
    assert child.stdin and child.stdout and child.stderr  # noqa: S101 - pipes were asked for
    reader = threading.Thread(target=_drain, args=(child.stderr, said), daemon=True)
    reader.start()
    with child.stdin as pipe:
        json.dump(told, pipe)
    passes: list[Pass] = []
    for line in child.stdout:
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


def _end(child: subprocess.Popen[str], late: threading.Event | None = None) -> None:
    """The process and the browser it started."""
    if late:
        late.set()
    if child.poll() is None or late is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    child.wait()
    for pipe in (child.stdout, child.stderr):
        if late is None and pipe:
            pipe.close()
