"""What a scan costs and sees, beside another open scanner on the same pages in the same run.

python bench/scanner.py [FOLDER]

The pages are tests/leaky.py's: a page that sets cookies in every way, and a few plain ones. FOLDER
is where `npm install @slashgear/gdpr-cookie-scanner` was run (MIT); without it ours runs alone. The
other one visits one page and starts Playwright's own browser, so it is told to take the one here.
Memory is the proportional share (PSS) of all processes of a scan, the highest of four looks a
second. "Seen" is out of the names that the page sets, deleted ones with them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.processes import family, share  # noqa: E402
from tests.leaky import every_way, html, leaky  # noqa: E402
from tests.prepare import chromium  # noqa: E402

PLAIN = 8
NAMES = (
    "_ga js js_deleted store store_deleted http_deleted document http_only __Host-host long image"
    " redir redir2 redir3 third_http chips pixel frame_http frame_js deep_js fetched fetched_third"
    " xhr beacon by_worker by_worker_third by_sw sw_store delayed scrolled clicked hidden left"
    " left_deleted left_beacon left_fetch blank_frame srcdoc prefetched"
).split()
PATCH = """import { chromium } from 'playwright';
const launch = chromium.launch.bind(chromium);
chromium.launch = (told) => launch({ ...told, executablePath: process.env.CHROMIUM });
"""


class Run:
    """A command, its seconds, its highest memory, what it printed."""

    def __init__(self, command: list[str], folder: Path, **environ: str) -> None:
        start = time.monotonic()
        self.child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.highest = 0
        self.done = threading.Event()
        watch = threading.Thread(target=self._watch)
        watch.start()
        self.out, self.said = self.child.communicate(timeout=900)
        self.seconds = time.monotonic() - start
        self.done.set()
        watch.join()

    def _watch(self) -> None:
        while not self.done.wait(0.25):
            self.highest = max(self.highest, sum(map(share, family(self.child.pid))))


def ours(url: str, pages: int, folder: Path, passes: str = "none") -> tuple[Run, set[str]]:
    command = [sys.executable, "-m", "flask", "--app", "app", "scan", url, "--allow-private"]
    command += ["--delay", "0", "--pages", str(pages), "--passes", passes, "--format", "json"]
    run = Run(command, ROOT, INSTANCE_PATH=str(folder))
    things = json.loads(run.out)["scan"]["passes"][0]["things"]
    return run, {one["name"] for one in things if one["kind"] == "cookie"}


def theirs(url: str, peer: Path, folder: Path) -> tuple[Run, set[str]]:
    patch = peer / "crumbtrail-bench.mjs"
    patch.write_text(PATCH)
    program = "node_modules/@slashgear/gdpr-cookie-scanner/dist/cli.js"
    command = ["node", "--import", str(patch), program, "scan", url, "-f", "json", "-o"]
    run = Run([*command, str(folder)], peer, CHROMIUM=chromium() or "")
    files = [*folder.rglob("*.json")]
    text = "".join(file.read_text() for file in files)
    if not files:
        print(run.out[-500:], run.said[-800:])
    return run, {name for name in NAMES if f'"name": "{name}"' in text}


def told(name: str, run: Run, seen: set[str], pages: int) -> None:
    rate = pages / run.seconds * 60
    print(
        f"{name:<34} {run.seconds:6.1f} s  {rate:5.1f} pages/min  {run.highest / 1024:5.0f} MB  "
        f"{len(seen & set(NAMES)):2} of {len(NAMES)} cookies"
    )


def main() -> None:
    with leaky() as site, tempfile.TemporaryDirectory() as folder:
        every_way(site)
        front = site.answers["/"]()
        links = "".join(f"<a href=/plain{n}>{n}</a>" for n in range(PLAIN))
        site.put(
            "/", (front[0], front[1], front[2].replace("<a href=/two>", links + "<a>"), front[3])
        )
        for n in range(PLAIN):
            site.put(f"/plain{n}", html(f"<h1>{n}</h1><p>plain</p>"))
        for number in (1, 2):
            print(f"round {number}, load {os.getloadavg()[0]:.1f}")
            run, seen = ours(site.url, 1, Path(folder) / "a")
            told("crumbtrail, one page", run, seen, 1)
            print("   not seen:", " ".join(sorted(set(NAMES) - seen)) or "nothing")
            run, seen = ours(site.url, PLAIN + 1, Path(folder) / "a")
            told(f"crumbtrail, {PLAIN + 1} pages", run, seen, PLAIN + 1)
            if len(sys.argv) > 1:
                out = Path(folder) / f"peer{number}"
                out.mkdir()
                run, seen = theirs(site.url, Path(sys.argv[1]), out)
                told("gdpr-cookie-scanner, one page", run, seen, 1)
                print("   not seen:", " ".join(sorted(set(NAMES) - seen)) or "nothing")


if __name__ == "__main__":
    main()
