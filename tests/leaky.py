"""A website that sets cookies in every way we know, on its own host and on others of this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.pages import listening

Headers = list[tuple[str, str]]
Answer = tuple[int, str, str, Headers]
OPEN = "; Path=/; SameSite=None; Secure"


def html(body: str, *headers: tuple[str, str]) -> Answer:
    return 200, "text/html; charset=utf-8", f"<!doctype html><title>x</title>{body}", [*headers]


def cookie(line: str) -> tuple[str, str]:
    return ("Set-Cookie", line)


@dataclass
class Leaky:
    """`answers` by path, for every host; other paths set a cookie of their own name."""

    port: int
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # host, path, user agent

    def at(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    @property
    def url(self) -> str:
        return self.at("localhost")

    def put(self, path: str, answer: Answer) -> None:
        self.answers[path] = lambda: answer


class _Handler(BaseHTTPRequestHandler):
    sites: dict[int, Leaky] = {}

    def do_GET(self) -> None:
        site = self.sites[self.server.server_port]  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        host = (self.headers["Host"] or "").partition(":")[0]
        site.asked.append((host, path, self.headers.get("User-Agent", "")))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path in site.answers:
            status, kind, body, headers = site.answers[path]()
        elif path in ("/robots.txt", "/sitemap.xml", "/favicon.ico"):
            status, kind, body, headers = 404, "text/plain", "", []
        else:
            name = path.strip("/").replace("/", "_").replace(".", "_")
            status, kind, body, headers = 200, "image/gif", "", [cookie(f"{name}=1{OPEN}")]
        data = body.encode()
        self.send_response(status)
        for name, value in [("Content-Type", kind), *headers]:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def leaky() -> Iterator[Leaky]:
    with listening(_Handler) as server:
        site = Leaky(server.server_port)
        _Handler.sites[site.port] = site
        yield site
        del _Handler.sites[site.port]


def every_way(site: Leaky) -> None:
    """Fills `/` and what it needs. A cookie's name says how it is set."""
    deep = site.at("deep.localhost", "/deep")
    third = site.at("tracker.localhost", "")
    site.put("/redir", (302, "text/plain", "", [cookie("redir=1"), ("Location", "/redir2")]))
    site.put(
        "/redir2",
        (302, "text/plain", "", [cookie("redir2=1"), ("Location", f"{third}/redir3")]),
    )
    site.put("/beacon", (204, "text/plain", "", [cookie("beacon=1; Path=/")]))
    site.put(
        "/t.js",
        (
            200,
            "text/javascript",
            "document.cookie = '_ga=GA1.1.1; max-age=63072000; path=/';\n"
            f"new Image().src = '{third}/pixel';\nlocalStorage.setItem('by_third', '1');",
            [cookie(f"third_http=1{OPEN}"), cookie(f"chips=1{OPEN}; Partitioned")],
        ),
    )
    site.put(
        "/frame",
        html(
            f"<script>document.cookie = 'frame_js=1{OPEN}'; localStorage.frame_key = '1';"
            f"indexedDB.open('frame_db')</script><iframe src='{deep}'>",
            cookie(f"frame_http=1{OPEN}; HttpOnly"),
        ),
    )
    site.put("/deep", html(f"<script>document.cookie = 'deep_js=1{OPEN}; Partitioned'</script>"))
    site.put(
        "/w.js",
        (
            200,
            "text/javascript",
            f"fetch('/by_worker'); fetch('{third}/by_worker_third', "
            "{credentials: 'include', mode: 'no-cors'}); indexedDB.open('worker_db')",
            [],
        ),
    )
    site.put(
        "/sw.js",
        (
            200,
            "text/javascript",
            "self.addEventListener('activate', e => e.waitUntil((async () => "
            "{await fetch('/by_sw'); await cookieStore.set('sw_store', '1')})()))",
            [],
        ),
    )
    site.put("/two", html("<h1>two</h1>", cookie("second_page=1")))
    site.put(
        "/",
        html(
            EVERY.replace("THIRD", third).replace("WS", third.replace("http", "ws")),
            cookie("document=1; Path=/"),
            cookie("http_only=1; Path=/; HttpOnly"),
            cookie("__Host-host=1; Path=/; Secure"),
            cookie("http_deleted=1; Path=/"),
            cookie("long=1; Path=/; Max-Age=94608000"),
        ),
    )


EVERY = """<h1>Every way</h1><a href=/two>two</a><div style="height:3000px"></div>
<img src=/image><img src=/redir><script src=THIRD/t.js></script><iframe src=THIRD/frame></iframe>
<script>
document.cookie = 'js=1';
document.cookie = 'js_deleted=1'; document.cookie = 'js_deleted=; max-age=0';
document.cookie = 'http_deleted=; max-age=0; path=/';
cookieStore.set('store', '1');
cookieStore.set('store_deleted', '1').then(() => cookieStore.delete('store_deleted'));
fetch('/fetched'); fetch('THIRD/fetched_third', {credentials: 'include', mode: 'no-cors'});
const ask = new XMLHttpRequest(); ask.open('GET', '/xhr'); ask.send();
navigator.sendBeacon('/beacon');
new Worker('/w.js'); navigator.serviceWorker.register('/sw.js');
localStorage.setItem('by_call', '1'); localStorage.by_name = '1'; sessionStorage.session = '1';
localStorage.setItem('key_deleted', '1'); localStorage.removeItem('key_deleted');
indexedDB.open('page_db'); caches.open('page_cache');
setTimeout(() => { document.cookie = 'delayed=1' }, 400);
addEventListener('scroll', () => { document.cookie = 'scrolled=1' }, {once: true});
addEventListener('click', () => { document.cookie = 'clicked=1' }, {once: true});
document.addEventListener('visibilitychange', () => { document.cookie = 'hidden=1' });
addEventListener('pagehide', () => {
  document.cookie = 'left=1';
  document.cookie = 'left_deleted=1'; document.cookie = 'left_deleted=; max-age=0';
  navigator.sendBeacon('THIRD/left_beacon');
  fetch('THIRD/left_fetch', {keepalive: true, mode: 'no-cors', credentials: 'include'});
});
const blank = document.createElement('iframe'); document.body.append(blank);
blank.contentDocument.cookie = 'blank_frame=1';
const written = document.createElement('iframe');
written.srcdoc = "<script>document.cookie = 'srcdoc=1'</" + "script>";
document.body.append(written);
new WebSocket('WS/socket').onerror = () => 0;
const link = document.createElement('link'); link.rel = 'prefetch'; link.href = '/prefetched';
document.head.append(link);
</script>"""
