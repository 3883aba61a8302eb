"""Looks at everything in deploy/, with whatever programs are here; says what it could not run.

    python deploy/check.py          every file is parsed; nginx, caddy, nats-server, promtool,
                                    systemd-analyze, hadolint, helm and docker compose look too,
                                    where they are here
    python deploy/check.py --live   also starts a server behind nginx with TLS on this machine, and
                                    one behind an nginx that caches by country

Exit code 1 if anything is wrong. What could not run is named and is not wrong.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from consent import config  # noqa: E402
from tests.server import Server, free_port  # noqa: E402

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm/crumbtrail"
NAME = "consent.example.com"


class Wrong(Exception):
    """What a check found."""


def main() -> int:
    checks: list[Callable[[], str]] = [
        settings, dockerfile, compose, alerts, dashboard, unit, nginx, edge, caddy, nats, chart,
        patroni,
    ]  # fmt: skip
    if "--live" in sys.argv:
        checks += [live, edge_live]
    failed = 0
    for check in checks:
        try:
            print(f"{check.__name__:<12} {check()}", flush=True)
        except Wrong as why:
            failed += 1
            print(f"{check.__name__:<12} WRONG: {why}", flush=True)
    return 1 if failed else 0


def settings() -> str:
    """Every setting that a file of deployment names exists."""
    known = {setting.name for setting in config.SETTINGS}
    named = {}
    for file in (ROOT / "Dockerfile", ROOT / "compose.yaml", *DEPLOY.rglob("*")):
        if file.is_file() and file.suffix in ("", ".yaml", ".yml", ".service", ".conf"):
            for name in re.findall(r"\b([A-Z]{2,}(?:_[A-Z]+)+)\b", file.read_text("utf-8")):
                named[name] = file.name
    strangers = {name for name in named if name.removesuffix("_FILE") not in known} - FOREIGN
    _hold(not strangers, f"no settings of ours: {sorted(strangers)}")
    return f"{len(known & {n.removesuffix('_FILE') for n in named})} named, all there"


# What other programs call their own.
FOREIGN = set(
    "PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_CACHE_DIR PIP_NO_COMPILE PYTHONDONTWRITEBYTECODE"
    " AF_INET AF_UNIX POSTGRES_USER POSTGRES_DB POSTGRES_PASSWORD_FILE POSTGRES_INITDB_ARGS"
    " DAC_OVERRIDE NAME_FILE".split()
)


def dockerfile() -> str:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    froms = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    _hold(len(froms) == 2 and all(":" in one for one in froms), "two stages with tags")
    _hold(re.search(r"^USER 10001:10001$", text, re.MULTILINE) is not None, "an ordinary user")
    _hold("HEALTHCHECK" in text, "a health check")
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for part in source.split():
            _hold((ROOT / part).exists(), f"{part} is there")
            _hold(
                f"!{part}" in (ROOT / ".dockerignore").read_text("utf-8"), f"{part} is not ignored"
            )
    return _tool("hadolint", str(ROOT / "Dockerfile"))


def compose() -> str:
    made = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    for name, service in made["services"].items():
        _hold("healthcheck" in service, f"{name} has a health check")
        for secret in service.get("secrets", []):
            _hold(secret in made["secrets"], f"the secret {secret} is named")
        for volume in service.get("volumes", []):
            _hold(volume.split(":")[0] in made["volumes"], f"the volume of {volume} is named")
        for network in service["networks"]:
            _hold(network in made["networks"], f"the network {network} is named")
    return _not_run("docker compose config", "docker", "compose", "version")


def alerts() -> str:
    file = DEPLOY / "prometheus/alerts.yml"
    yaml.safe_load(file.read_text("utf-8"))
    return _tool("promtool", "check", "rules", str(file))


def dashboard() -> str:
    made = json.loads((DEPLOY / "grafana/crumbtrail.json").read_text("utf-8"))
    return f"{len(made['panels'])} panels parsed; Grafana not run"


def unit() -> str:
    text = (DEPLOY / "systemd/crumbtrail.service").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        # The program stands elsewhere on this machine; everything else is looked at as it is.
        file = Path(folder) / "crumbtrail.service"
        file.write_text(text.replace("/opt/crumbtrail/.venv/bin/python", sys.executable), "utf-8")
        words = _tool("systemd-analyze", "verify", str(file))
        if "not run" not in words:
            done = _run("systemd-analyze", "security", "--offline=true", str(file))
            level = re.search(r"Overall exposure level.*?: ([0-9.]+)", done.stdout)
            _hold(level is not None and float(level[1]) < 3, "an exposure below 3")
            words += f", exposure {level[1]}" if level else ""
    return words


def nginx() -> str:
    if shutil.which("nginx") is None:
        return "parsed by nobody: no nginx here"
    return _read_by_nginx("crumbtrail.conf")


def edge() -> str:
    if _geoip2() is None:
        return "parsed by nobody: no nginx with the module geoip2 here"
    return _read_by_nginx("edge.conf")


def _read_by_nginx(name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = _nginx_file(Path(folder), 0, {}, name)
        done = _run("nginx", "-t", "-p", folder, "-c", str(file))
    _hold(done.returncode == 0, done.stderr.strip())
    return "nginx -t is content"


def _geoip2() -> Path | None:
    """The module that edge.conf needs, where it is here."""
    if shutil.which("nginx") is None:
        return None
    told = re.search(r"--modules-path=(\S+)", _run("nginx", "-V").stderr)
    file = Path(told[1] if told else "/usr/lib/nginx/modules") / "ngx_http_geoip2_module.so"
    return file if file.exists() else None


def caddy() -> str:
    file = str(DEPLOY / "caddy/Caddyfile")
    return _tool("caddy", "validate", "--adapter", "caddyfile", "--config", file)


def nats() -> str:
    """The stream's servers, looked at by one of them; one older than 2.10 lacks `sync_interval`."""
    text = (DEPLOY / "nats/nats.conf").read_text("utf-8")
    _hold("\n  sync_interval: always\n" in text, "a choice is synced before it is acknowledged")
    if shutil.which("nats-server") is None:
        return "read; nats-server not run: it is not installed here"
    found = re.search(r"v(\d+)\.(\d+)", _run("nats-server", "--version").stdout)
    old = found is not None and (int(found[1]), int(found[2])) < (2, 10)
    with tempfile.TemporaryDirectory() as folder:
        text = text.replace("  sync_interval: always\n", "") if old else text
        file = Path(folder) / "nats.conf"
        file.write_text(text.replace("$PASSWORD", "changeme").replace("/var/lib", folder), "utf-8")
        done = _run("nats-server", "-t", "-c", str(file))
    _hold(done.returncode == 0, (done.stdout + done.stderr).strip())
    return (
        f"nats-server is content{', but for sync_interval, which it is too old for' if old else ''}"
    )


def chart() -> str:
    """YAML that is no template is parsed; a template at least names only values that exist."""
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    for file in (CHART / "templates").glob("*.yaml"):
        text = file.read_text("utf-8")
        _hold(text.count("{{") == text.count("}}"), f"{file.name} closes what it opens")
        opened = len(re.findall(r"\{\{-? (?:if|with|range) ", text))
        inline = len(re.findall(r"\{\{ end \}\}", text))
        ended = len(re.findall(r"\{\{- end \}\}", text)) + inline
        _hold(opened == ended, f"{file.name}: {opened} blocks, {ended} ends")
        for path in re.findall(r"\.Values\.([A-Za-z.]+)", text):
            held: Any = values
            for part in path.split("."):
                _hold(isinstance(held, dict) and part in held, f"values.yaml has {path}")
                held = held[part]
        for part in re.split(r"^---$", _bare(text), flags=re.MULTILINE):
            _hold(isinstance(yaml.safe_load(part), dict), f"{file.name} is YAML without its blocks")
    return _tool("helm", "lint", "--strict", str(CHART))


def _bare(text: str) -> str:
    """A template with its blocks away and a word for each value: its shape is plain YAML."""
    lines = [line for line in text.splitlines() if not re.fullmatch(r"\s*\{\{-.*\}\}", line)]
    lines = [re.sub(r": \{\{- toYaml.*\}\}$", ": {}", line) for line in lines]
    lines = [re.sub(r"\{\{.*?\}\}", "value", line) for line in lines]
    return "\n".join(lines)


# -- a server behind nginx, for real -----------------------------------------------------------


def live() -> str:
    """TLS, the trusted proxy, HSTS, a long answer, a large body and /metrics, through nginx."""
    if shutil.which("nginx") is None:
        return "not run: no nginx here"
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        server = Server(
            home / "instance",
            "",
            BASE_URL=f"https://localhost:{port}",
            TRUSTED_PROXIES="127.0.0.1/32",
        )
        del server.environ["DATABASE_URL"]
        server.start()
        try:
            with _nginx(home, port, server.port) as tls:
                return _asked(f"https://localhost:{port}", tls)
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
    _hold(status == 200 and b"forwarding" not in body, f"ready without a warning: {body!r}")
    _hold(headers["Strict-Transport-Security"] == "max-age=31536000", "HSTS, once")
    _hold(headers["Server"] in (None, "nginx"), "no version of nginx")
    script = get("/v1/voipstudio.pl/consent.js", Accept_Encoding="br")
    _hold(
        script[0] == 200 and script[1]["Content-Encoding"] == "br", "the script, compressed by us"
    )
    # A visitor who sends the header is still where nginx saw them: nowhere, from loopback.
    told = get("/v1/voipstudio.pl/consent.js", X_Forwarded_For="8.8.8.8")[2]
    _hold(told == get("/v1/voipstudio.pl/consent.js")[2], "X-Forwarded-For of a visitor counts")
    _hold(b"forwarding" not in get("/readyz")[2], "no warning afterwards")
    _hold(get("/metrics")[0] == 404, "no figures through the proxy")
    _hold(get("/admin/")[0] in (200, 401), "the admin answers")
    large = get("/v1/voipstudio.pl/consents", data=b"x" * 4_000_000)
    _hold(large[0] == 413, f"too large a body is refused, not {large[0]}")
    again = get("/v1/voipstudio.pl/consents", data=b"x" * 20_000)
    _hold(400 <= again[0] < 500 and b'"error"' in again[2], f"what nginx lets by, by us: {again!r}")
    began = time.monotonic()
    for _ in range(100):
        get("/healthz")
    each = (time.monotonic() - began) * 10
    return f"through TLS and nginx: all as it should be, {each:.0f} ms a request"


# -- the same behind an nginx that caches by country ------------------------------------------

POLAND, STATES, NOWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"  # visitors of edge_live
SCRIPT = "/v1/voipstudio.pl/en/consent.js"


def _countries(file: Path) -> None:
    from mmdb_writer import MMDBWriter  # of requirements-dev.txt; the other checks do without
    from netaddr import IPSet

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
    if _geoip2() is None:
        return "not run: no nginx with the module geoip2 here"
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        server = Server(
            home / "instance",
            "",
            BASE_URL=f"https://localhost:{port}",
            TRUSTED_PROXIES="127.0.0.1/32",
            CDN_COUNTRY_HEADER="X-Country",
        )
        del server.environ["DATABASE_URL"]
        server.start()
        origin = Origin(server.port)
        try:
            with _nginx(home, port, origin.server_port, "edge.conf") as tls:
                edge = Edge(port, tls)
                _kept_by_country(edge, origin)
                _not_believed(edge, origin)
                _stale_meanwhile(edge, origin)
                origin.shutdown()
                origin.server_close()
                _without_the_origin(edge)
        finally:
            server.kill()
    return "kept by country and signal, stale while asked for again, no visitor believed"


def _kept_by_country(edge: Edge, origin: Origin) -> None:
    first = edge.get(POLAND, Accept_Encoding="br")
    _hold(first[0] == 200 and first[1]["X-Cache"] == "MISS", f"Poland: {first[1]}")
    _hold("stale-while-revalidate=86400" in first[1]["Cache-Control"], "strict may be kept")
    again = edge.get(POLAND, Accept_Encoding="gzip;q=0.5, br")
    _hold(again[1]["X-Cache"] != "MISS" and again[2] == first[2], "kept for Poland, by encoding")
    named = edge.get(POLAND, Accept_Encoding="br", If_None_Match=first[1]["ETag"])
    _hold(named[0] == 304, f"304 for what a browser has, not {named[0]}")
    signal = edge.get(POLAND, Accept_Encoding="br", Sec_GPC="1")
    _hold(signal[1]["X-Cache"] == "MISS" and signal[2] != first[2], "the signal is in the key")
    for at in (NOWHERE, STATES):
        other = edge.get(at, Accept_Encoding="br")
        _hold(other[1]["X-Cache"] == "MISS" and other[2] != first[2], f"{at} is another place")
    lax = edge.get(STATES, Accept_Encoding="br")
    _hold(lax[1]["X-Cache"] == "MISS", "a lax answer is asked for each time")
    _hold(lax[1]["Cache-Control"] == "public, no-cache", lax[1]["Cache-Control"])
    asked = {path.split("/")[3] for path in origin.asked if path.endswith("/en/consent.js")}
    _hold(asked == {"PL", "PL+gpc", "US", "nowhere"}, f"the edge asked for {asked}")


def _not_believed(edge: Edge, origin: Origin) -> None:
    origin.told.clear()
    for name, said, lang in (("X_Country", "US", "fr"), ("X_Forwarded_For", "8.8.8.8", "de")):
        asked = edge.get(POLAND, f"/v1/voipstudio.pl/{lang}/consent.js", **{name: said})
        _hold(asked[1]["X-Cache"] == "MISS", f"the server is asked for {lang}")
        place = json.loads(edge.get(POLAND, "/v1/voipstudio.pl/notice", **{name: said})[2])["place"]
        _hold(place["country"] == "PL", f"{name} of a visitor is believed: {place}")
    _hold(not origin.told & {"US", "8.8.8.8"}, "a visitor's word is passed on to the server")


def _stale_meanwhile(edge: Edge, origin: Origin) -> None:
    before = len(origin.asked)
    _until(lambda: edge.cached(POLAND) in ("STALE", "UPDATING"), "stale is never served")
    _until(lambda: len(origin.asked) > before, "stale is never asked for again")
    _until(lambda: edge.cached(POLAND) == "HIT", "what was asked for again is not kept")


def _without_the_origin(edge: Edge) -> None:
    _until(lambda: edge.cached(POLAND) == "STALE", "the last strict answer covers the origin")
    _hold(edge.get(POLAND)[0] == 200, "Poland is served without the origin")
    _hold(edge.get(STATES)[0] >= 500, "a lax answer is not served without the origin")


def _until(right: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not right():
        _hold(time.monotonic() < end, what)
        time.sleep(0.1)


@contextmanager
def _nginx(
    home: Path, port: int, behind: int, name: str = "crumbtrail.conf"
) -> Iterator[ssl.SSLContext]:
    file = _nginx_file(home, port, {"127.0.0.1:8000": f"127.0.0.1:{behind}"}, name)
    process = subprocess.Popen(["nginx", "-p", str(home), "-c", str(file), "-g", "daemon off;"])
    tls = ssl.create_default_context(cafile=str(home / "tls.pem"))
    try:
        for _ in range(100):
            try:
                with urllib.request.urlopen(
                    f"https://localhost:{port}/healthz", context=tls, timeout=5
                ):
                    break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield tls
    finally:
        process.terminate()
        process.wait(30)


def _nginx_file(folder: Path, port: int, changes: dict[str, str], name: str) -> Path:
    """Our recipe within the smallest nginx.conf, with a certificate and countries made for it."""
    _certificate(folder)
    module = _geoip2()
    if name == "edge.conf":
        _countries(folder / "country.mmdb")
    text = (DEPLOY / "nginx" / name).read_text("utf-8")
    port = port or free_port()
    text = re.sub(r"/etc/letsencrypt/\S+(fullchain|privkey)\.pem", lambda m: str(
        folder / ("tls.pem" if m[1] == "fullchain" else "tls.key")), text)  # fmt: skip
    text = text.replace("/var/log/nginx", str(folder)).replace(NAME, "localhost")
    text = text.replace("/var/cache/nginx", str(folder)).replace("/etc/crumbtrail", str(folder))
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("listen 80", f"listen 127.0.0.1:{free_port()}")
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text, "utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    # Workers of root would be somebody who may not enter this folder.
    file.write_text(
        f"{f'load_module {module};' if module else ''}\n"
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        f"pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n{temporary}\ninclude {folder}/site.conf;\n}}\n",
        "utf-8",
    )
    return file


def _certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls.pem").write_bytes(made.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "tls.key").write_bytes(private)


# -- small words -------------------------------------------------------------------------------


def _hold(held: bool, what: str) -> None:
    if not held:
        raise Wrong(what)


def patroni() -> str:
    """Run for real by tests/cluster.py; here, that a 201 goes on meaning "on two disks"."""
    made = yaml.safe_load((DEPLOY / "patroni/patroni.yml").read_text("utf-8"))
    agreed = made["bootstrap"]["dcs"]
    _hold(agreed["synchronous_mode"] and agreed["synchronous_mode_strict"], "two disks")
    _hold("data-checksums" in made["bootstrap"]["initdb"], "checksums")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        _hold(agreed["postgresql"]["parameters"][name] == "on", f"{name} is on")
    return "commits wait for a standby and for the disk"


def _tool(program: str, *words: str) -> str:
    if shutil.which(program) is None:
        return f"parsed; {program} not run: it is not installed here"
    done = _run(program, *words)
    _hold(done.returncode == 0, (done.stdout + done.stderr).strip())
    return f"{program} is content"


def _not_run(what: str, *probe: str) -> str:
    """A program whose part may be missing."""
    if shutil.which(probe[0]) is None or _run(*probe).returncode:
        return f"parsed; {what} not run: it is not installed here"
    with tempfile.TemporaryDirectory() as folder:
        environ = Path(folder) / "environment"
        environ.write_text("BASE_URL=https://consent.example.com\n", "utf-8")
        done = _run("docker", "compose", "--env-file", str(environ), "config", "--quiet")
    _hold(done.returncode == 0, done.stderr.strip())
    return f"{what} is content"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
