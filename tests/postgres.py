"""A private PostgreSQL for one test run: own folder, own socket, no port, gone at the end.

PostgreSQL refuses to run as root, so root hands it to another user. Durability is off
(`fsync=off`): these tests are about what is written, not about power cuts. So the files are in
memory where there is room: a database for each test is some 350 files, which a disk makes slowly.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.prepare import postgresql_bin

QUICK = (
    *("-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
    *("-c", "max_wal_size=256MB"),
)
SYNCED = ()
MEMORY, ROOM = Path("/dev/shm"), 3 * 2**30  # noqa: S108
PATIENCE = 300.0
OTHER_USERS = ("postgres", "nobody")


class Missing(Exception):
    """This machine has no PostgreSQL that the tests can start; the message says why."""


class Cluster:
    """A server; `url(name)` is the address of one of its databases."""

    def __init__(self, socket: Path, user: str, command: list[str]) -> None:
        self.socket = socket
        self.user = user
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.socket / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        _wait_until_ready(self, self._process)

    def stop(self) -> None:
        """At once, as a crash would; what was committed is there after the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=PATIENCE)
            self._process = None

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={quote(str(self.socket), safe='')}"

    def run(self, statement: str) -> None:
        """One statement outside any transaction, on the maintenance database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template0") -> str:
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def cluster(*, synced: bool = False) -> Iterator[Cluster]:
    """Make, start and at the end delete a server; `synced` keeps fsync on. Raises Missing."""
    binaries = postgresql_bin()
    if binaries is None:
        raise Missing("no PostgreSQL is installed (package postgresql)")
    with folder() as home, folder(None if synced else memory()) as data:
        prefix = as_other_user(home, data)
        binaries = reachable(binaries, home, prefix)
        (home / "data").symlink_to(data)
        _run([*prefix, str(binaries / "initdb"), "-D", str(data), *INITDB])
        options = (*(SYNCED if synced else QUICK), "-c", "listen_addresses=", "-k", str(home))
        command = [*dies_with_us(prefix), str(binaries / "postgres"), "-D", str(data), *options]
        private = Cluster(home, "crumbtrail", command)
        try:
            private.start()
            yield private
        finally:
            private.stop()


@contextmanager
def folder(where: Path | None = None) -> Iterator[Path]:
    """A new one for as long as the block lasts; not pytest's tmp_path, because a socket's path may
    be 107 bytes, and the other user must reach it."""
    made = Path(tempfile.mkdtemp(prefix="crumbtrail-pg-", dir=where))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def memory() -> Path | None:
    """Where files are kept in memory, if this machine has room for a server's there."""
    with suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
            return MEMORY
    return None


INITDB = ("-U", "crumbtrail", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")


def as_other_user(*folders: Path) -> list[str]:
    """The words before each command that make another user run it, to whom `folders` are given;
    none when not root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise Missing("PostgreSQL will not run as root, and setpriv (util-linux) is not here")
    for name in OTHER_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        for one in folders:
            os.chown(one, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    raise Missing("PostgreSQL will not run as root, and there is no user postgres or nobody")


def reachable(binaries: Path, home: Path, prefix: list[str]) -> Path:
    """`binaries`, or a copy of the wheel where the other user may not enter its folder."""
    probe = subprocess.run(
        [*prefix, str(binaries / "initdb"), "--version"], capture_output=True, check=False
    )
    if probe.returncode == 0:
        return binaries
    package = binaries.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if not libraries.is_dir():
        raise Missing(f"{binaries} cannot be run by another user than root")
    for folder in (package, libraries):
        shutil.copytree(folder, home / folder.name, symlinks=True)
    return home / package.name / binaries.relative_to(package)


def dies_with_us(prefix: list[str]) -> list[str]:
    """`prefix`, and where Linux has it: a run that is killed leaves no server behind."""
    if not shutil.which("setpriv"):
        return prefix
    return [*(prefix or ["setpriv"]), "--pdeathsig", "QUIT"]


def _wait_until_ready(private: Cluster, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            private.run("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    log = (private.socket / "log").read_text("utf-8", errors="replace")
    raise Missing(f"PostgreSQL did not start: {log[-800:]}")


def _run(command: list[str]) -> None:
    """Run one step; its output is shown only when it fails."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise Missing(f"{command[-1]}: {said[-800:]}")
