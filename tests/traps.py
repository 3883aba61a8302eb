"""Pages that mean harm to whoever opens them, and a website with one of them between two good ones.

The first of TRAPS are those of every run; all forty are `make faults`."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from consent.egress.cell import family, memory
from tests.pages import listening

PIECE = bytes(65536)
STREAM = 8 * 1024**3  # bytes that a page is said to have


def script(text: str) -> str:
    return f"<!doctype html><body><p>hello<script>{text}</script>"


ENDLESS_WORKER = "new Worker(URL.createObjectURL(new Blob(['for (;;);'])))"
FAT_WORKER = (
    "new Worker(URL.createObjectURL(new Blob(['const a = []; setInterval(() =>"
    " a.push(new Uint8Array(2e7).fill(1)), 5)'])))"
)
TRAPS: dict[str, str] = {
    "a loop": script("for (;;);"),
    "alerts": script("for (;;) alert(1)"),
    "reloads": script("onbeforeunload = () => 'stay'; setInterval(() => location.reload(), 1)"),
    "a stream": script("fetch('/stream').then(r => r.blob()); new Image().src = '/stream?2'"),
    "requests": script("for (let i = 0; i < 3000; i++) fetch('/r' + i).catch(() => {})"),
    "cookies": script("for (let i = 0; i < 1e5; i++) document.cookie = `c${i}=${i};max-age=99`"),
    "a fork of tabs": script("open('/trap?' + Math.random()); open('/trap?' + Math.random())"),
    "a redirect to itself": "",
    "a crash address": script("location = 'chrome://crash'; for (;;) confirm()"),
    "memory": script(
        "const a = []; setInterval(() => { for (let i = 0; i < 8; i++)"
        " a.push(new Uint8Array(8e6).fill(i + 1)); }, 5)"
    ),
    "a loop after a while": script("setTimeout(() => { for (;;); }, 900)"),
    "a loop at a click": script("onclick = onscroll = onmousemove = () => { for (;;); }"),
    "a loop on leaving": script("onpagehide = onvisibilitychange = () => { for (;;); }"),
    "printing": script("for (;;) print()"),
    "addresses": script("let i = 0; setInterval(() => { location = '?' + i++ }, 1)"),
    "states": script("for (let i = 0; ; i++) history.pushState(i, '', '?' + i)"),
    "a refresh": "<meta http-equiv=refresh content=0><p>hello",
    "windows": script("setInterval(() => open('/r' + Math.random()), 5)"),
    "frames": script("for (;;) document.body.append(document.createElement('iframe'))"),
    "frames in frames": "<iframe src='/trap?1'></iframe><iframe src='/trap?2'></iframe>",
    "long cookies": script(
        "for (let i = 0; i < 3000; i++) document.cookie = 'n'.repeat(3000) + i + '=1'"
    ),
    "a full store": script("for (let i = 0; ; i++) localStorage[i] = 'x'.repeat(1e5)"),
    "a full database": script(
        "indexedDB.open('d').onupgradeneeded = e => { const s ="
        " e.target.result.createObjectStore('s'); for (let i = 0; i < 300; i++)"
        " s.put(new Uint8Array(4e6).fill(i), i); }"
    ),
    "a full cache": script(
        "caches.open('c').then(async c => { for (let i = 0; ; i++)"
        " await c.put('/x' + i, new Response(new Uint8Array(2e7))); })"
    ),
    "nodes": script("for (;;) document.body.append('x'.repeat(1000))"),
    "WebAssembly": script(
        "const a = []; setInterval(() => { const m = new WebAssembly.Memory({initial: 1000});"
        " new Uint8Array(m.buffer).fill(1); a.push(m); }, 5)"
    ),
    "workers": script(f"for (let i = 0; i < 32; i++) {ENDLESS_WORKER}"),
    "fat workers": script(f"for (let i = 0; i < 8; i++) {FAT_WORKER}"),
    "an answer that never comes": script("").replace("<p>", "<img src=/never>"),
    "a script letter by letter": "<script src=/drip></script><p>hello",
    "waiting": script("const x = new XMLHttpRequest(); x.open('GET', '/never', false); x.send()"),
    "requests without end": script("const go = () => fetch('/r').finally(go); go(); go(); go()"),
    "sockets": script("setInterval(() => new WebSocket(`ws://${location.host}/never`), 1)"),
    "words": script("setInterval(() => { for (let i = 0; i < 99; i++) console.log(i, document) })"),
    "long addresses": script(
        "setInterval(() => fetch('data:text/plain,' + 'x'.repeat(3e7)).catch(() => {}), 20)"
    ),
    "a bomb": script("fetch('/bomb').then(r => r.arrayBuffer())"),
    "a slow pattern": script("/^(a+)+$/.test('a'.repeat(60) + 'b')"),
    "downloads": script(
        "const a = document.createElement('a'); a.download = 'x'; a.href ="
        " URL.createObjectURL(new Blob(['x'])); setInterval(() => a.click(), 5)"
    ),
    "a hundred thousand links": "".join(f"<a href=/r{i}>{i}</a>" for i in range(100_000)),
    "lies": script(
        "const all = Object.getOwnPropertyNames(window).filter(k => /^_[0-9a-f]{16}$/.test(k));"
        "for (let i = 0; ; i++) for (const k of all) window[k](JSON.stringify({kind: 'cookie',"
        " name: 'lie' + i, origin, stack: 'x'.repeat(9999), attributes: 'domain=' + i}))"
    ),
}
BOTH = TRAPS["a stream"] + TRAPS["requests"]
BOMB = gzip.compress(bytes(32 * 1024 * 1024)) * 8  # 256 MB in 256 KB


@dataclass
class Trapped:
    """/ and /last are good and set a cookie each; /trap is between them, by the sitemap."""

    port: int
    trap: str = ""
    asked: list[str] = field(default_factory=list)
    sent: int = 0

    @property
    def url(self) -> str:
        return f"http://a.localhost:{self.port}"


@contextmanager
def trapped(name: str) -> Iterator[Trapped]:
    with listening(_Handler) as server:
        site = Trapped(server.server_port, name)
        server.site = site  # type: ignore[attr-defined]
        yield site


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site: Trapped = self.server.site  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        site.asked.append(path)
        with suppress(OSError):
            if path == "/stream":
                self._stream(site)
            elif path == "/never":
                time.sleep(120)
            elif path == "/drip":
                self._drip()
            elif path == "/trap" and site.trap == "a redirect to itself":
                self._say(b"", status=302, Location=self.path)
            elif path == "/bomb":
                self._say(BOMB, "text/plain", Content_Encoding="gzip")
            elif path == "/trap":
                self._say(TRAPS.get(site.trap, BOTH).encode())
            elif path == "/sitemap.xml":
                listed = "".join(f"<url><loc>{site.url}/{one}</loc></url>" for one in NAMES)
                self._say(f"<urlset>{listed}</urlset>".encode(), "application/xml")
            elif path in ("/", "/last"):
                name = path.strip("/") or "first"
                self._say(b"<p>good", Set_Cookie=f"{name}=1; max-age=99")
            else:
                self._say(b"", status=404)

    do_POST = do_GET

    def _say(
        self, body: bytes, kind: str = "text/html; charset=utf-8", status: int = 200, **more: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, site: Trapped) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(STREAM))
        self.end_headers()
        for _ in range(STREAM // len(PIECE)):
            self.wfile.write(PIECE)
            site.sent += len(PIECE)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        for _ in range(600):
            self.wfile.write(b" ")
            time.sleep(0.2)

    def log_message(self, *_: Any) -> None:
        """Say nothing: pytest shows what matters."""


NAMES = ("trap", "last")


@dataclass
class Watched:
    """Who was started while it lasted, and the most memory they had together, in bytes."""

    seen: dict[int, str] = field(default_factory=dict)
    most: int = 0

    def left(self) -> list[int]:
        """Those that are still there."""
        return [one for one, born in list(self.seen.items()) if born and _born(one) == born]


@contextmanager
def watched() -> Iterator[Watched]:
    """Everything that this process starts, directly or not; what others that were there before
    start (a browser of other tests does, now and then) is theirs."""
    before, made, over = set(family(os.getpid())), Watched(), threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            mine = [one for one in family(os.getpid()) if _parent(one) == os.getpid()]
            roots = [one for one in mine if one not in before]
            new = {one for root in roots for one in (root, *family(root))}
            made.seen.update({one: _born(one) for one in new if one not in made.seen})
            made.most = max(made.most, sum(map(memory, filter(_browses, new))))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        over.set()
        thread.join()


def _browses(process: int) -> bool:
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
    return b"--proxy-server" in line or b"--type=" in line


def _born(process: int) -> str:
    """When it was started, in the system's ticks; empty where it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2]
    except OSError:
        return ""
    return "" if fields.split()[0] == "Z" else fields.split()[19]


def _parent(process: int) -> int:
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def until(true: Callable[[], bool], seconds: float = 120) -> bool:
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True
