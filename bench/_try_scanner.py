"""The scanner beside another open one, on the same pages in the same run: python bench/scanner.py

The pages are ours, on loopback: ten of them, with trackers on a second host that store in several
ways. Rounds alternate. Counted are pages a minute, the peak of memory of the whole tree of
processes, and how many of the stored names each one reports. The other scanner, The Markup's
blacklight-collector from npm, makes one visit without a choice, so ours is also run with that
pass alone; it waits and scrolls as it does out of the box, on a desktop screen.
"""

from __future__ import annotations

import argparse
import http.server
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEER = "@themarkup/blacklight-collector@3.11.0"
PAGES = 10
NAMES = {"plain", "script", "inner", "late", "fetched", "framed", "local", "session"}
RUN_PEER = """
const { collect } = require('@themarkup/blacklight-collector');
const [url, out, chromium, pages] = process.argv.slice(2);
collect(url, { outDir: out, numPages: +pages - 1, puppeteerExecutablePath: chromium, quiet: true,
  captureHar: false, emulateDevice: { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140',
  viewport: { width: 1280, height: 800, deviceScaleFactor: 1, isMobile: false, hasTouch: false } },
}).then((found) => { console.log(JSON.stringify(found)); process.exit(0); });
"""


class Site(http.server.BaseHTTPRequestHandler):
    """Ten pages that link to each other, and what a tracker's host answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        other = f"http://tracker.localhost:{port}"
        cookies: list[str] = []
        kind, text = "text/html", ""
        if self.path == "/tag.js":
            kind, cookies = "text/javascript", ["plain=1; Max-Age=86400"]
            text = (
                "document.cookie = 'script=1; Max-Age=86400'; localStorage.local = 1;"
                "sessionStorage.session = 1; fetch('/fetched');"
                "setTimeout(() => { document.cookie = 'late=1' }, 800)"
            )
        elif self.path == "/fetched":
            cookies = ["fetched=1; Max-Age=86400"]
        elif self.path == "/frame":
            cookies = ["framed=1; SameSite=None; Secure"]
            text = "<script>document.cookie = 'inner=1; SameSite=None; Secure'</script>"
        else:
            links = "".join(f"<p><a href='/page{n}'>Page {n}</a>" for n in range(PAGES))
            text = (
                f"<!doctype html><title>Shop</title><h1>Shop</h1>{links}{'<p>Words.' * 200}"
                f"<script src='/tag.js'></script><iframe src='{other}/frame'></iframe>"
            )
        body = text.encode()
        self.send_response(200)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def tree(pid: int) -> float:
    """MB that a process and all below it hold now, shared pages divided among their holders."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        below.setdefault(parent, []).append(int(entry.name))
    total, rest = 0.0, [pid]
    while rest:
        one = rest.pop()
        rest += below.get(one, [])
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(x.split()[1]) for x in rollup.splitlines() if x.startswith("Pss:")) / 1024
    return total


def run(command: list[str], cwd: Path, environ: dict[str, str]) -> tuple[float, float, str]:
    """Seconds, the peak in MB, and what it said."""
    start, peak = time.monotonic(), 0.0
    with tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(
            command, cwd=cwd, env=environ, stdout=said, stderr=subprocess.DEVNULL
        ) as running:
            while running.poll() is None:
                peak = max(peak, tree(running.pid))
                time.sleep(0.2)
        took = time.monotonic() - start
        said.seek(0)
        return took, peak, said.read()


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    rounds = asked.parse_args().rounds
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://localhost:{server.server_address[1]}/"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            **os.environ,
            "INSTANCE_PATH": name,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PUPPETEER_SKIP_DOWNLOAD": "1",
        }
        (folder / "package.json").write_text("{}")
        (folder / "run.js").write_text(RUN_PEER)
        subprocess.run(["npm", "install", "--silent", PEER], cwd=folder, env=environ, check=True)
        ours = [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), "scan", url]
        ours += ["--allow-private", "--pages", str(PAGES), "--delay", "0", "--format", "json"]
        ways = {
            "Crumbtrail, one pass": ([*ours, "--passes", "none"], ROOT),
            "Crumbtrail, four passes": (ours, ROOT),
            "blacklight-collector": (
                ["node", "run.js", url, str(folder / "out"), chromium, str(PAGES)],
                folder,
            ),
        }
        results: dict[str, list[tuple[float, float, int]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, (command, cwd) in ways.items():
                seconds, peak, said = run(command, cwd, environ)
                found = {one for one in NAMES if json.dumps(one) in said}
                results[way].append((seconds, peak, len(found)))
                print(f"{way}: {seconds:.1f} s, {peak:.0f} MB, {sorted(found)}", flush=True)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for way, measured in results.items():
        visits = PAGES * (4 if "four" in way else 1)
        speeds = [visits * 60 / seconds for seconds, _, _ in measured]
        print(
            f"| {way} | {statistics.median(speeds):.0f} ({min(speeds):.0f}–{max(speeds):.0f})"
            f" | {statistics.median(p for _, p, _ in measured):.0f}"
            f" | {min(n for _, _, n in measured)} of {len(NAMES)} |"
        )


if __name__ == "__main__":
    main()
