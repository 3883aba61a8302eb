"""The scan's own process: options as JSON on stdin; progress, passes and the scan as JSON lines."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from .engine import scan
from .options import CrawlError, Options


def say(what: str, content: Any) -> None:
    sys.stdout.write(json.dumps([what, content]) + "\n")
    sys.stdout.flush()


def main() -> None:
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
