"""The program that scans: `python -m consent.scans.child FOLDER`, started by `running`.

It reads `job.json`, {url, options}, and writes `progress.jsonl`, a line for each step, and at the
end `scan.json`. All that the browser asks for goes through the guard. It knows no database and no
key. When whoever started it is gone, it ends by itself.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from .. import crawl, findings
from ..egress import Guard, Policy


def main(folder: Path) -> int:
    """0 where there is a scan; 2 where there could be none, with the reason in `failed.json`."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    parent = os.getppid()

    def tell(step: crawl.Progress) -> None:
        if os.getppid() != parent:
            os._exit(3)
        with (folder / "progress.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(step)) + "\n")

    wanted = crawl.Options.from_json(job["options"])
    policy = Policy(private=wanted.allow_private, seconds_max=wanted.seconds + 120)
    try:
        with Guard(policy) as guard:
            seen = crawl.scan(job["url"], wanted, tell, guard.proxy)
    except crawl.CrawlError as error:
        told = {"code": error.code, "message": error.message}
        (folder / "failed.json").write_text(json.dumps(told), "utf-8")
        return 2
    whole = folder / "scan.json.part"
    whole.write_text(json.dumps(findings.to_json(seen), ensure_ascii=False), "utf-8")
    whole.rename(folder / "scan.json")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
