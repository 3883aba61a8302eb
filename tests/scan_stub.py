"""A program in place of the one that scans: `python scan_stub.py FOLDER`. It does what the address
in its job says, so that a test needs no browser: /done, /slow (never ends), /broken, /refused."""

import json
import subprocess
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
what = job["url"].rsplit("/", 1)[-1]
step = {"name": "none", "number": 1, "of": 4, "page": 1, "pages": 1, "url": job["url"]}
with (folder / "progress.jsonl").open("a") as out:
    out.write(json.dumps({**step, "things": 2, "requests": 3}) + "\n")
if what == "slow":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / "child").write_text(str(child.pid))
    time.sleep(600)
if what == "refused":
    (folder / "failed.json").write_text(json.dumps({"code": "unreachable", "message": ""}))
    sys.exit(2)
if what == "broken":
    sys.exit(1)
(folder / "scan.json").write_text((folder.parent / "seen.json").read_text())
