"""The program that scans: `python -m consent.scans.child FOLDER`, started by `running`.

It reads `job.json`, {url, options}, and writes `progress.jsonl` and `passes.jsonl`, a line for each
step and each pass, and at the end `scan.json`. It knows no database and no key. When who started
it is gone, it ends by itself.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from ..crawl import CrawlError, Options, Progress, scan
from ..findings import Pass, to_json


def main(folder: Path) -> int:
    """0 where there is a scan; 2 where there could be none, with the reason in `failed.json`."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    wanted = Options.from_json(job["options"])
    parent = os.getppid()

    def tell(step: Progress) -> None:
        if os.getppid() != parent:
            os._exit(3)
        _add(folder / "progress.jsonl", asdict(step))

    def passed(one: Pass) -> None:
        _add(folder / "passes.jsonl", asdict(one))

    try:
        seen = scan(job["url"], wanted, tell, passed)
    except CrawlError as error:
        told = {"code": error.code, "message": error.message}
        (folder / "failed.json").write_text(json.dumps(told), "utf-8")
        return 2
    whole = folder / "scan.json.part"
    whole.write_text(json.dumps(to_json(seen), ensure_ascii=False), "utf-8")
    whole.rename(folder / "scan.json")
    return 0


def _add(file: Path, content: dict[str, object]) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(content, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
