"""Backup and restore, from outside: nothing acknowledged is lost, and no log is forked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from consent.backup import keys, package
from consent.backup.package import Broken
from consent.db import open_sqlite
from tests.acts import choice_body
from tests.databases import Databases, lent
from tests.prepare import ROOT
from tests.server import Reply, Server

SITE = "voipstudio.pl"
PHRASE = "correct horse battery staple"


def flask(server: Server, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *words],
        cwd=ROOT,
        env={**server.environ, **environ},
        capture_output=True,
        text=True,
    )


def refuse(server: Server) -> Reply:
    notice = server.get(f"/v1/{SITE}/notice").json()
    body = choice_body(
        notice["notice"],
        datetime.now(UTC),
        id=str(_uuid7()),
        categories=dict.fromkeys(notice["categories"], False),
        language=notice["lang"],
        page=server.url + "/demo/",
    )
    headers = {"Origin": server.url, "Content_Type": "text/plain"}
    return server.post(f"/v1/{SITE}/consents", json.dumps(body).encode(), **headers)


def _uuid7() -> uuid.UUID:
    made = bytearray(os.urandom(16))
    made[:6] = int(datetime.now(UTC).timestamp() * 1000).to_bytes(6, "big")
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return uuid.UUID(bytes=bytes(made))


@contextmanager
def writing(server: Server) -> Iterator[list[str]]:
    """Choices go on until the block ends; the ids of those that were acknowledged."""
    stored: list[str] = []
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            reply = refuse(server)
            assert reply.status == 201, reply.text
            stored.append(reply.json()["id"])

    work = threading.Thread(target=send)
    work.start()
    try:
        while len(stored) < 10:
            stop.wait(0.05)
        yield stored
    finally:
        stop.set()
        work.join()


def kept(server: Server) -> set[str]:
    """The ids of every record that an auditor reads."""
    found, path = set(), f"{SITE}/records?limit=500"
    while path:
        page = server.audit(path)
        found |= {one["id"] for one in page["records"]}
        cursor = page.get("next")
        path = f"{SITE}/records?limit=500&after={cursor}" if cursor else ""
    return found


def until_ready(server: Server, word: str) -> None:
    """Wait until /readyz says that word."""
    for _ in range(300):
        if word in server.get("/readyz").text:
            return
        threading.Event().wait(0.1)
    raise AssertionError(server.get("/readyz").text)


def phrase(folder: Path) -> Path:
    file = folder / "phrase"
    file.write_text(PHRASE + "\n", "utf-8")
    return file


def test_a_backup_under_writes_loses_nothing_and_the_log_goes_on_under_a_new_name(
    make_server: Callable[..., Server], databases: Databases, tmp_path: Path
) -> None:
    server, file = make_server(), tmp_path / "backup.tar"
    with writing(server) as stored:
        before = set(stored)
        done = flask(server, "backup", str(file), "--passphrase-file", str(phrase(tmp_path)))
        assert done.returncode == 0, done.stderr
        assert file.stat().st_mode & 0o777 == 0o600
        now = len(stored)
        while len(stored) < now + 5:
            threading.Event().wait(0.05)
    assert flask(server, "ledger", "tick").returncode == 0  # so that more is signed than is copied
    assert len(before) >= 10 and server.stop() == 0
    with lent(databases, migrated=False) as url:
        # Another database with the same signer, as after a broken disk of the database alone.
        other = Server(tmp_path / "other", url, SIGNER_STATE=str(server.instance / "signer"))
        other.environ["BASE_URL"] = server.url
        for name in ("secret_key", "field_keys"):
            shutil.copy(server.instance / name, other.instance / name)
        done = flask(other, "restore", str(file))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "it is what the manifest names" in done.stdout
        again = flask(other, "restore", str(file))
        assert again.returncode == 1 and "There is a database already" in again.stderr
        other.first_words = server.first_words
        other.start()
        try:
            assert before <= kept(other) < set(stored)
            assert "older database" in other.get("/readyz").text
            assert refuse(other).status == 503
            other.stop()
            done = flask(other, "ledger", "recover", "--yes")
            assert done.returncode == 0 and "~2" in done.stdout, done.stderr
            other.start()
            assert refuse(other).status == 201
            done = flask(other, "ledger", "tick")
            assert done.returncode == 0, done.stderr
        finally:
            other.kill()
        done = flask(other, "ledger", "fsck")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.sqlite_only
def test_a_machine_that_is_lost_whole_comes_back_from_the_file_and_its_passphrase(
    make_server: Callable[..., Server], databases: Databases, tmp_path: Path
) -> None:
    server, file = make_server(), tmp_path / "backup.tar"
    stored = {refuse(server).json()["id"] for _ in range(3)}
    assert flask(server, "ledger", "tick").returncode == 0
    server.stop()
    words = ("--passphrase-file", str(phrase(tmp_path)))
    assert flask(server, "backup", str(file), *words).returncode == 0
    was = (server.instance / "signer/keys.json").read_text("ascii")
    with lent(databases, migrated=False) as url:
        other = Server(tmp_path / "other", url)
        other.environ["BASE_URL"] = server.url
        done = flask(other, "restore", str(file), *words)
        assert done.returncode == 0, done.stderr
        assert "recover --every" in done.stdout and "The keys are back" in done.stdout
        assert (other.instance / "signer/keys.json").read_text("ascii") == was
        for name in ("secret_key", "signer/keys.json", "field_keys"):
            assert (other.instance / name).stat().st_mode & 0o077 == 0
        secret = (server.instance / "secret_key").read_text("ascii")
        assert (other.instance / "secret_key").read_text("ascii") == secret
        assert flask(other, "sealing", "check").returncode == 0
        done = flask(other, "ledger", "recover", "--yes", "--every")
        assert done.returncode == 0 and "~2" in done.stdout
        other.first_words = server.first_words
        other.start()
        try:
            assert kept(other) == stored and refuse(other).status == 201
            assert flask(other, "ledger", "tick").returncode == 0
        finally:
            other.kill()
        done = flask(other, "ledger", "fsck")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.sqlite_only
def test_the_bare_file_of_a_running_server_is_not_a_backup(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    """The broken twin of the first test: what is copied without its WAL lacks acknowledged
    records, so the comparison above can fail."""
    server = make_server()
    source = Path(server.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    target = tmp_path / "bare.db"
    with closing(open_sqlite(source)) as reading:  # what comes now stays in the WAL for it
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM record").fetchall()
        stored = {refuse(server).json()["id"] for _ in range(5)}
        shutil.copyfile(source, target)
    server.stop()
    other = Server(tmp_path / "other", f"sqlite:///{target}")
    shutil.copytree(server.instance / "signer", other.instance / "signer")
    for name in ("secret_key", "field_keys"):
        shutil.copy(server.instance / name, other.instance / name)
    other.environ["BASE_URL"] = server.url
    other.first_words = server.first_words
    try:
        other.start()
        held = kept(other)
    except AssertionError:  # not even its tables were in the file
        held = set()
    finally:
        if other.process is not None:
            other.kill()
    assert not stored <= held


@pytest.mark.sqlite_only
def test_a_restore_under_a_running_server_is_refused(
    make_server: Callable[..., Server], tmp_path: Path
) -> None:
    server, file = make_server(), tmp_path / "backup.tar"
    assert flask(server, "backup", str(file)).returncode == 0
    assert refuse(server).status == 201
    done = flask(server, "restore", str(file), "--force")
    assert done.returncode == 1 and "Stop it first" in done.stderr
    assert refuse(server).status == 201
    server.stop()
    done = flask(server, "restore", str(file), "--force")
    assert done.returncode == 0 and ".before-" in done.stdout, done.stderr
    [aside] = Path(server.environ["DATABASE_URL"].removeprefix("sqlite:///")).parent.glob(
        "*.before-*"
    )
    assert aside.stat().st_size > 100_000
    aside.unlink()


# -- the file ------------------------------------------------------------------------------------


@pytest.fixture
def made(app: Flask, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar"
    done = app.test_cli_runner().invoke(args=["backup", str(file)])
    assert done.exit_code == 0, done.output
    assert "Without the keys" in done.output
    return file


def rebuilt(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same tar with a member changed, or left out where `change` answers None."""
    folder = file.parent / "opened"
    folder.mkdir(exist_ok=True)
    other = file.with_name(f"{change.__name__}.tar")
    with tarfile.open(file) as old, tarfile.open(other, "w") as new:
        for one in old:
            source = old.extractfile(one)
            assert source
            held = change(one.name, source.read())
            if held is not None:
                (folder / one.name).write_bytes(held)
                new.add(folder / one.name, arcname=one.name)
    return other


def test_the_file_holds_a_manifest_and_no_secret(made: Path, app: Flask) -> None:
    with tarfile.open(made) as tar:
        names = tar.getnames()
        source = tar.extractfile("manifest.json")
        assert source
        manifest = json.loads(source.read())
    assert names[0] == "manifest.json" and "keys.json" not in names
    assert manifest["keys"] is False and manifest["v"] == 1 and manifest["migration"]
    raw, known = made.read_bytes(), app.extensions["crumbtrail"].config
    for _, key in known.field_keys:
        assert key not in raw
    assert known.secret_key.encode() not in raw


@pytest.mark.sqlite_only
def test_a_changed_shortened_or_foreign_file_is_refused(
    made: Path, app: Flask, tmp_path: Path
) -> None:
    def flipped(name: str, held: bytes) -> bytes:
        return held if name == "manifest.json" else held[:500] + b"\1\2\3\4" + held[504:]

    def without(name: str, held: bytes) -> bytes | None:
        return held if name == "manifest.json" else None

    def newer(name: str, held: bytes) -> bytes:
        return held.replace(b'"v": 1', b'"v": 2') if name == "manifest.json" else held

    def lying(name: str, held: bytes) -> bytes:
        return held.replace(b'"records": 0', b'"records": 7') if name == "manifest.json" else held

    short, foreign = tmp_path / "short.tar", tmp_path / "foreign.tar"
    short.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    foreign.write_bytes(b"not a tar at all")
    for file, why in (
        (short, "is not a backup, or is cut off"),
        (foreign, "is not a backup"),
        (rebuilt(made, flipped), "its digest differs"),
        (rebuilt(made, without), "is missing in"),
        (rebuilt(made, newer), "was written by a newer Crumbtrail"),
        (rebuilt(made, lying), "not the one that its manifest names"),
    ):
        done = app.test_cli_runner().invoke(args=["restore", str(file), "--look"])
        assert done.exit_code == 1 and why in done.output, done.output
    done = app.test_cli_runner().invoke(args=["restore", str(made), "--look"])
    assert done.exit_code == 0 and "0 records" in done.output


def test_no_path_in_a_tar_leads_out_of_its_folder(made: Path, tmp_path: Path) -> None:
    evil, inside = tmp_path / "evil.tar", tmp_path / "inside"
    inside.mkdir()
    with tarfile.open(made) as old, tarfile.open(evil, "w") as new:
        for one in old:
            new.addfile(one, old.extractfile(one))
        for name in ("../outside", "/outside", "keys.json/../../outside", "unknown"):
            new.addfile(tarfile.TarInfo(name))
        link = tarfile.TarInfo("keys.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        new.addfile(link)
    package.unpack(evil, inside)
    assert {one.name for one in inside.iterdir()} <= {"manifest.json", *package.MEMBERS}
    assert not (inside / "keys.json").exists() and not (tmp_path / "outside").exists()


@pytest.mark.sqlite_only
def test_keys_open_with_their_passphrase_only(tmp_path: Path) -> None:
    closed = keys.close({"secret_key": "canary"}, PHRASE)
    assert "canary" not in closed and keys.open_(closed, PHRASE) == {"secret_key": "canary"}
    for words in ("", PHRASE + " ", PHRASE.upper()):
        with pytest.raises(Broken, match="does not open"):
            keys.open_(closed, words)
    said = json.loads(closed)
    said["closed"] = said["nonce"]
    with pytest.raises(Broken):
        keys.open_(json.dumps(said), PHRASE)


@pytest.mark.sqlite_only
def test_a_short_passphrase_and_a_full_disk_leave_nothing(app: Flask, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("eleven char", "utf-8")
    cli = app.test_cli_runner()
    words = ["backup", str(tmp_path / "x.tar"), "--passphrase-file", str(short)]
    done = cli.invoke(args=words)
    assert done.exit_code == 1 and "12 characters" in done.output
    done = cli.invoke(args=["backup", "/dev/full/x.tar"])
    assert done.exit_code == 1 and "There is no backup" in done.output
    assert sorted(one.name for one in tmp_path.iterdir() if "instance" not in one.name) == ["short"]
