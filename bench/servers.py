"""The servers that are compared: ours and the peer, each on both databases, and the floor.

Each is prepared once and then started as often as wanted, every time on a fresh copy of what was
prepared. Both use the same PostgreSQL with its own defaults, and both sync SQLite at each commit:
an answer means the choice is on disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

import app as wiring
from bench.load import request
from consent import cli, config, tokens, users
from consent.db import db, sqlite_build  # type: ignore[attr-defined]
from consent.permissions import Role
from consent.records.rows import Row
from consent.records.runs import SIZE
from consent.records.visitors import LIVE, Edge, Run
from consent.waiting import Waiting
from tests.acts import BY, make_site
from tests.node import program
from tests.postgres import Cluster
from tests.prepare import ROOT
from tests.server import Server, free_port

PEER = ROOT / "bench/peer"
SITE = "example.com"
ORIGIN = f"https://{SITE}"
SECRET = "not a secret"
PATIENCE_S = 60.0
INDEX_S = 600.0


class Sqlite:
    """A file that was prepared, and the copy of it that a server writes to."""

    name = "SQLite"
    process: int | None = None  # of the database's own server

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.prepared, self.used = folder / "prepared.db", folder / "used.db"

    def url(self, *, copy: bool) -> str:
        return f"sqlite:///{self.used if copy else self.prepared}"

    def copy(self) -> None:
        for old in self.used.parent.glob("used.db*"):
            old.unlink()
        with closing(sqlite_build.connect(self.prepared)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        shutil.copyfile(self.prepared, self.used)

    def ask(self, statement: str) -> Any:
        """The first value of the first row, from the copy."""
        with closing(sqlite_build.connect(self.used, timeout=30)) as connection:
            row = connection.execute(statement).fetchone()
            return row and row[0]

    def tell(self, statement: str) -> None:
        with closing(sqlite_build.connect(self.used, timeout=30)) as connection:
            connection.execute("PRAGMA cache_size = -262144")  # KiB: a million random keys fit
            connection.execute(statement)
            connection.commit()

    def size(self) -> int:
        """Bytes of the copy, free pages aside; nobody else uses it meanwhile."""
        self.ask("PRAGMA wal_checkpoint(TRUNCATE)")
        pages, free = self.ask("PRAGMA page_count"), self.ask("PRAGMA freelist_count")
        return int((pages - free) * self.ask("PRAGMA page_size"))


class Postgresql:
    """The same as two databases of one server."""

    name = "PostgreSQL"

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.prepared, self.used = cluster, f"{name}_prepared", f"{name}_used"
        self.process = int((cluster.socket / "data/postmaster.pid").read_text().split()[0])
        cluster.create(self.prepared)

    def url(self, *, copy: bool) -> str:
        return self.cluster.url(self.used if copy else self.prepared)

    def copy(self) -> None:
        self.cluster.drop(self.used)
        self.cluster.create(self.used, self.prepared)
        self.cluster.run("CHECKPOINT")

    def ask(self, statement: str) -> Any:
        with psycopg.connect(self.url(copy=True)) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return row and row[0]

    def tell(self, statement: str) -> None:
        with psycopg.connect(self.url(copy=True)) as connection:
            connection.execute(statement.encode())

    def size(self) -> int:
        with psycopg.connect(self.url(copy=True), autocommit=True) as connection:
            connection.execute("VACUUM")
        return int(self.ask("SELECT pg_database_size(current_database())"))


Database = Sqlite | Postgresql


class Ours:
    """The product as `flask serve` starts it, with one published site and so many WORKERS."""

    def __init__(self, folder: Path, database: Database, workers: float = 1) -> None:
        self.name, self.database = f"Crumbtrail, {database.name}", database
        self.workers = str(int(workers))
        self.prepared, self.used = folder / "prepared", folder / "used"
        self.server: Server | None = None
        self._prepare()

    def _prepare(self) -> None:
        url = self.database.url(copy=False)
        values = {"INSTANCE_PATH": str(self.prepared), "DATABASE_URL": url, "SECRET_KEY": SECRET}
        app, at = wiring.create_app(config.load(values)), wiring.utc_now()
        with app.app_context():
            cli.upgrade()
            user, _ = users.add_user("bench@example.com", "a password of the bench", BY, at)
            notice = make_site(app, at, SITE)
            until = at + timedelta(days=1)
            self.key = users.create_key("bench", [SITE], until, BY, at)
            seat = users.seats(user)[0]
            self.token = tokens.create_token(user, seat, Role.VIEWER, "bench", until, BY, at)
            db.session.remove()
            db.engine.dispose()
        app.extensions["crumbtrail"].close()
        self.choice = request("POST", f"/v1/{SITE}/consents", _choice(notice.digest), **HEADERS)

    def copy(self) -> None:
        shutil.rmtree(self.used, ignore_errors=True)
        shutil.copytree(self.prepared, self.used)
        self.database.copy()

    def start(self) -> None:
        settings = {"WORKERS": self.workers, "DEMO": "0", "SECRET_KEY": SECRET}
        rates = {"RATE_SITE": "0", "RATE_KEY": "0", "TRUSTED_PROXIES": "127.0.0.0/8"}
        self.server = Server(self.used, self.database.url(copy=True), **settings, **rates)
        self.server.start()

    def stop(self) -> None:
        if self.server:
            self.server.stop()
            self.server = None

    @property
    def port(self) -> int:
        assert self.server
        return self.server.port

    @property
    def process(self) -> int:
        assert self.server and self.server.process
        return self.server.process.pid

    def rows(self) -> int:
        return int(self.database.ask(f"SELECT count(*) FROM {Row.__tablename__}"))

    def settle(self) -> None:
        """Until all that was acknowledged is in the log."""
        end = time.monotonic() + PATIENCE_S
        while self.database.ask(f"SELECT count(*) FROM {Waiting.__tablename__}"):
            assert time.monotonic() < end, "the log does not catch up"
            time.sleep(0.2)

    def index(self, newest: int) -> None:
        """Until all but so many of the newest records, and what makes no run yet, are in the index
        of visitors."""
        edge = f"coalesce((SELECT max(edge) FROM {Edge.__tablename__}), -1)"
        tail = f"SELECT count(*) FROM {Row.__tablename__} WHERE seq > {edge}"
        busy = f"SELECT count(*) FROM {Run.__tablename__} WHERE state <> {LIVE}"
        end = time.monotonic() + INDEX_S
        while self.database.ask(tail) >= newest + SIZE or self.database.ask(busy):
            assert time.monotonic() < end, "the index of visitors does not catch up"
            time.sleep(0.5)


HEADERS = {"Origin": ORIGIN, "Content_Type": "text/plain;charset=UTF-8"}


def _choice(digest: str) -> dict[str, Any]:
    """What the script sends for "statistics, and no marketing"."""
    return {
        "v": 1,
        "id": "{uuid7}",
        "visitor": "{token}",
        "notice": digest,
        "action": "save",
        "categories": {"statistics": True, "marketing": False},
        "language": "en",
        "layer": 2,
        "page": f"{ORIGIN}/products/phones",
        "at": "{now}",
        "signals": {"gpc": False},
    }


class Program:
    """A server that is one program with an address of its own."""

    name: str
    command: list[str]
    health: str

    def __init__(self) -> None:
        self.port = free_port()
        self.environ = {"PATH": os.environ["PATH"], "PORT": str(self.port)}
        self.child: subprocess.Popen[bytes] | None = None

    def copy(self) -> None:
        """Nothing is kept."""

    def start(self) -> None:
        self.child = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environ, stdin=subprocess.DEVNULL
        )
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.health}").close()
                return
            except OSError:
                assert self.child.poll() is None, f"{self.name} did not start"
                assert time.monotonic() < end, f"{self.name} does not answer"
                time.sleep(0.1)

    def stop(self) -> None:
        if self.child:
            self.child.send_signal(signal.SIGINT)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            self.child = None

    @property
    def process(self) -> int:
        assert self.child
        return self.child.pid

    def rows(self) -> int:
        return 0

    def settle(self) -> None:
        """Nothing is left for later."""


class Floor(Program):
    name, health = "bare Flask", "/healthz"
    command = [sys.executable, "-m", "bench.floor"]
    database = None

    def __init__(self) -> None:
        super().__init__()
        told = {**HEADERS, "Content_Type": "application/json"}
        self.choice = request("POST", "/consents", _choice("0" * 64), **told)


class Peer(Program):
    """c15t, self-hosted as its documentation says; see peer/server.mjs."""

    health = "/api/c15t/status"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.name, self.database = f"c15t, {database.name}", database
        self.command = [node(), str(PEER / "server.mjs")]
        self._point(copy=False)
        subprocess.run([*self.command, "migrate"], cwd=PEER, env=self.environ, check=True)
        self._point(copy=True)
        body = {
            "type": "cookie_banner",
            "subjectId": "sub_{base58}",
            "domain": SITE,
            "preferences": dict.fromkeys(("necessary", "measurement"), True) | {"marketing": False},
            "givenAt": 1234567890123,
            "consentAction": "custom",
            "uiSource": "banner",
            "metadata": {"language": "en", "page": f"{ORIGIN}/products/phones"},
        }
        told = {"Origin": ORIGIN, "Content_Type": "application/json", "X_C15T_Country": "AT"}
        made = request("POST", "/api/c15t/subjects", body, **told)
        self.choice = made.replace("1234567890123", "{now_ms}")

    def _point(self, *, copy: bool) -> None:
        database = self.database
        if isinstance(database, Sqlite):
            self.environ["SQLITE"] = str(database.used if copy else database.prepared)
        else:
            name = database.used if copy else database.prepared
            where = {"PGHOST": str(database.cluster.socket), "PGUSER": database.cluster.user}
            self.environ |= {**where, "PGDATABASE": name}

    def copy(self) -> None:
        self.database.copy()

    def rows(self) -> int:
        return int(self.database.ask('SELECT count(*) FROM "consent"'))


def node() -> str:
    """The Node that stands in the lock file, else this machine's."""
    found = sorted(PEER.glob("node_modules/node-*/bin/node"))
    return str(found[0]) if found else program("node")
