"""The scan's own process: options as JSON on stdin; progress, passes and the scan as JSON lines."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from .engine import scan
from .options import CrawlError, Options

if sys.platform == "linux":
    import resource

DATA = 1536 * 1024 * 1024  # bytes of each process that drives: this one, and Playwright's


def say(what: str, content: Any) -> None:
    sys.stdout.write(json.dumps([what, content]) + "\n")
    sys.stdout.flush()


def bounded() -> None:
    """A page can flood who listens to it: the driver ends before it has the machine's memory. The
    browser's own limit is the cell's."""
    if sys.platform == "linux":
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = DATA if hard == resource.RLIM_INFINITY else min(DATA, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def main() -> None:
    bounded()
    told = json.load(sys.stdin)
    start = told.pop("start")
    try:
        done = scan(
            start,
            Options.from_json(told),
            lambda progress: say("progress", asdict(progress)),
            lambda one: say("pass", asdict(one)),
        )
    except CrawlError as error:
        say("error", {"code": error.code, "message": error.message})
    else:
        say("scan", asdict(done))


if __name__ == "__main__":
    main()
