"""A server of ours behind nginx, for real: `python -m deploy.check.live`."""

from __future__ import annotations

import json
import shutil
import ssl
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

from tests.server import Server, free_port

from .recipe import COUNTRIES, geoip2, serving
from .verdict import hold, report


def live() -> str:
    """TLS, the trusted proxy, HSTS, a long answer, a large body and /metrics, through nginx."""
    if shutil.which("nginx") is None:
        return "not run: no nginx here"
    with _server() as (server, home, port), serving(home, port, server.port) as tls:
        return _asked(f"https://localhost:{port}", tls)


@contextmanager
def _server(**environ: str) -> Iterator[tuple[Server, Path, int]]:
    """One that trusts the nginx before it; a folder for that, and the port it is to have."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        told = {"BASE_URL": f"https://localhost:{port}", "TRUSTED_PROXIES": "127.0.0.1/32"}
        server = Server(home / "instance", "", **told, **environ)
        del server.environ["DATABASE_URL"]
        server.start()
        try:
            yield server, home, port
        finally:
            server.kill()


def _asked(base: str, tls: ssl.SSLContext) -> str:
    def get(path: str, data: bytes | None = None, **headers: str) -> tuple[int, Any, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            asked = urllib.request.Request(base + path, data=data, headers=named)
            with urllib.request.urlopen(asked, context=tls, timeout=30) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()

    status, headers, body = get("/readyz")
    hold(status == 200 and b"forwarding" not in body, f"ready without a warning: {body!r}")
    hold(headers["Strict-Transport-Security"] == "max-age=31536000", "HSTS, once")
    hold(headers["Server"] in (None, "nginx"), "no version of nginx")
    script = get("/v1/voipstudio.pl/consent.js", Accept_Encoding="br")
    hold(script[0] == 200 and script[1]["Content-Encoding"] == "br", "the script, compressed by us")
    # A visitor who sends the header is still where nginx saw them: nowhere, from loopback.
    told = get("/v1/voipstudio.pl/consent.js", X_Forwarded_For="8.8.8.8")[2]
    hold(told == get("/v1/voipstudio.pl/consent.js")[2], "X-Forwarded-For of a visitor counts")
    hold(b"forwarding" not in get("/readyz")[2], "no warning afterwards")
    hold(get("/metrics")[0] == 404, "no figures through the proxy")
    hold(get("/admin/")[0] in (200, 401), "the admin answers")
    large = get("/v1/voipstudio.pl/consents", data=b"x" * 4_000_000)
    hold(large[0] == 413, f"too large a body is refused, not {large[0]}")
    again = get("/v1/voipstudio.pl/consents", data=b"x" * 20_000)
    hold(400 <= again[0] < 500 and b'"error"' in again[2], f"what nginx lets by, by us: {again!r}")
    began = time.monotonic()
    for _ in range(100):
        get("/healthz")
    each = (time.monotonic() - began) * 10
    return f"through TLS and nginx: all as it should be, {each:.0f} ms a request"


# -- the same behind an nginx that caches by country ------------------------------------------

POLAND, STATES, NOWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"  # visitors of edge_live
SCRIPT = "/v1/voipstudio.pl/en/consent.js"


def _countries(file: Path) -> None:
    made = MMDBWriter(6, "DBIP-Country-Lite", ipv4_compatible=True)
    for address, country in ((POLAND, "PL"), (STATES, "US")):
        made.insert_network(IPSet([f"{address}/32"]), {"country": {"iso_code": country}})
    made.to_db_file(str(file))


class Origin(ThreadingHTTPServer):
    """Passes on to the server what the edge asks, keeps its addresses, and says that an answer is
    fresh for a second where the server says ten minutes."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = behind
        self.asked: list[str] = []
        self.told: set[str | None] = set()  # where a visitor is, beside the address
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Passing(BaseHTTPRequestHandler):
    server: Origin

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.told |= {self.headers["X-Country"], self.headers["X-Forwarded-For"]}
        there = HTTPConnection("127.0.0.1", self.server.behind, timeout=30)
        there.request("GET", self.path, headers=dict(self.headers))
        reply = there.getresponse()
        body = reply.read()
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value.replace("max-age=600", "max-age=1"))
        if reply.status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        there.close()

    def log_message(self, *_: object) -> None:
        """Nothing: the checks print one line each."""


@dataclass
class Edge:
    port: int
    tls: ssl.SSLContext

    def get(self, at: str, path: str = SCRIPT, **headers: str) -> tuple[int, Any, bytes]:
        """Status, headers and body for a visitor at that address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        there = HTTPSConnection(
            "localhost", self.port, timeout=30, context=self.tls, source_address=(at, 0)
        )
        there.request("GET", path, headers=named)
        reply = there.getresponse()
        found = reply.status, reply.headers, reply.read()
        there.close()
        return found

    def cached(self, at: str, **headers: str) -> str:
        return str(self.get(at, **headers)[1]["X-Cache"])


def edge_live() -> str:
    """One answer for each country and signal, stale ones while they are asked for again, and no
    word of a visitor's about where they are."""
    if geoip2() is None:
        return "not run: no nginx with the module geoip2 here"
    with _server(CDN_COUNTRY_HEADER="X-Country") as (server, home, port):
        _countries(home / COUNTRIES)
        origin = Origin(server.port)
        with serving(home, port, origin.server_port, "edge.conf") as tls:
            edge = Edge(port, tls)
            _kept_by_country(edge, origin)
            _not_believed(edge, origin)
            _stale_meanwhile(edge, origin)
            origin.shutdown()
            origin.server_close()
            _without_the_origin(edge)
    return "kept by country and signal, stale while asked for again, no visitor believed"


def _kept_by_country(edge: Edge, origin: Origin) -> None:
    first = edge.get(POLAND, Accept_Encoding="br")
    hold(first[0] == 200 and first[1]["X-Cache"] == "MISS", f"Poland: {first[1]}")
    hold("stale-while-revalidate=86400" in first[1]["Cache-Control"], "strict may be kept")
    again = edge.get(POLAND, Accept_Encoding="gzip;q=0.5, br")
    hold(again[1]["X-Cache"] != "MISS" and again[2] == first[2], "kept for Poland, by encoding")
    named = edge.get(POLAND, Accept_Encoding="br", If_None_Match=first[1]["ETag"])
    hold(named[0] == 304, f"304 for what a browser has, not {named[0]}")
    signal = edge.get(POLAND, Accept_Encoding="br", Sec_GPC="1")
    hold(signal[1]["X-Cache"] == "MISS" and signal[2] != first[2], "the signal is in the key")
    for at in (NOWHERE, STATES):
        other = edge.get(at, Accept_Encoding="br")
        hold(other[1]["X-Cache"] == "MISS" and other[2] != first[2], f"{at} is another place")
    lax = edge.get(STATES, Accept_Encoding="br")
    hold(lax[1]["X-Cache"] == "MISS", "a lax answer is asked for each time")
    hold(lax[1]["Cache-Control"] == "public, no-cache", lax[1]["Cache-Control"])
    asked = {path.split("/")[3] for path in origin.asked if path.endswith("/en/consent.js")}
    hold(asked == {"PL", "PL+gpc", "US", "nowhere"}, f"the edge asked for {asked}")


def _not_believed(edge: Edge, origin: Origin) -> None:
    origin.told.clear()
    for name, said, lang in (("X_Country", "US", "fr"), ("X_Forwarded_For", "8.8.8.8", "de")):
        asked = edge.get(POLAND, f"/v1/voipstudio.pl/{lang}/consent.js", **{name: said})
        hold(asked[1]["X-Cache"] == "MISS", f"the server is asked for {lang}")
        place = json.loads(edge.get(POLAND, "/v1/voipstudio.pl/notice", **{name: said})[2])["place"]
        hold(place["country"] == "PL", f"{name} of a visitor is believed: {place}")
    hold(not origin.told & {"US", "8.8.8.8"}, "a visitor's word is passed on to the server")


def _stale_meanwhile(edge: Edge, origin: Origin) -> None:
    before = len(origin.asked)
    _until(lambda: edge.cached(POLAND) in ("STALE", "UPDATING"), "stale is never served")
    _until(lambda: len(origin.asked) > before, "stale is never asked for again")
    _until(lambda: edge.cached(POLAND) == "HIT", "what was asked for again is not kept")


def _without_the_origin(edge: Edge) -> None:
    _until(lambda: edge.cached(POLAND) == "STALE", "the last strict answer covers the origin")
    hold(edge.get(POLAND)[0] == 200, "Poland is served without the origin")
    hold(edge.get(STATES)[0] >= 500, "a lax answer is not served without the origin")


def _until(right: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not right():
        hold(time.monotonic() < end, what)
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(report((live, edge_live)))
