"""Our recipes for nginx, made to run on this machine: nginx reads them, or serves by them."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from consent.geo import shipped_database
from tests.server import free_port

from .files import DEPLOY, run
from .verdict import hold

NAME = "consent.example.com"  # of the host, in the recipes
COUNTRIES = "country.mmdb"  # where edge.conf looks for it, in the folder


def nginx() -> str:
    if shutil.which("nginx") is None:
        return "parsed by nobody: no nginx here"
    return _read_by_nginx("crumbtrail.conf")


def edge() -> str:
    if geoip2() is None:
        return "parsed by nobody: no nginx with the module geoip2 here"
    return _read_by_nginx("edge.conf")


def _read_by_nginx(name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        file = _nginx_file(Path(folder), free_port(), {}, name)
        done = run("nginx", "-t", "-p", folder, "-c", str(file))
    hold(done.returncode == 0, done.stderr.strip())
    return "nginx -t is content"


def geoip2() -> Path | None:
    """The module that edge.conf needs, where it is here."""
    if shutil.which("nginx") is None:
        return None
    told = re.search(r"--modules-path=(\S+)", run("nginx", "-V").stderr)
    file = Path(told[1] if told else "/usr/lib/nginx/modules") / "ngx_http_geoip2_module.so"
    return file if file.exists() else None


@contextmanager
def serving(
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
    """Our recipe within the smallest nginx.conf, with a certificate made for it, and with the
    countries of the file that comes with us unless the folder has others."""
    _certificate(folder)
    module, countries = geoip2(), folder / COUNTRIES
    if not countries.exists():
        shutil.copyfile(shipped_database(), countries)
    text = (DEPLOY / "nginx" / name).read_text("utf-8")
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
