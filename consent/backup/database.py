"""A consistent copy of the database at one moment, while others write; and its way back.

SQLite: the online backup in one step, so within one read transaction. PostgreSQL: `pg_dump` at an
exported snapshot, so that what the manifest says of the log is what the dump holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from ..db import engine_options, open_sqlite
from .package import Broken

NAMES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
STATED = (
    "SELECT origin, size, signed, note FROM log_head WHERE site = ''",
    "SELECT count(*) FROM record",
    "SELECT version_num FROM alembic_version",
)


def engine_name(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else "postgresql"


def copy(url: str, folder: Path) -> dict[str, Any]:
    """Put a copy of the database into `folder`; answers what the copy holds. Raises Broken."""
    if engine_name(url) == "sqlite":
        file = folder / NAMES["sqlite"]
        copy_sqlite(_file(url), file)
        return stated(f"sqlite:///{file}")
    with _opened(url) as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        facts = _stated(connection)
        target = folder / NAMES["postgresql"]
        words = ["--format=custom", f"--snapshot={snapshot}", f"--file={target}"]
        _run("pg_dump", url, *words, "--no-owner", "--no-privileges")
    return facts


def copy_sqlite(source: Path, target: Path) -> None:
    """The whole file as of one moment; writers are not held up (WAL). The copy needs no WAL."""
    if not source.exists():
        raise Broken(f"There is no file {source}.")
    with closing(open_sqlite(source)) as here:
        with closing(open_sqlite(target)) as there:
            here.backup(there, pages=-1)
            there.execute("PRAGMA journal_mode=DELETE")
            [(said,)] = there.execute("PRAGMA quick_check(1)").fetchall()
    if said != "ok":
        raise Broken(f"The copy of {source.name} is damaged: {said}.")


def put(url: str, folder: Path, at: datetime, force: bool) -> str | None:
    """Let the backup in `folder` take the database's place; where something was moved away for it,
    its new name. Raises Broken where there is a database and not `force`."""
    held = tables(url)
    if held and not force:
        raise Broken("There is a database already. --force puts the backup in its place.")
    if engine_name(url) == "sqlite":
        return _put_sqlite(_file(url), folder / NAMES["sqlite"], at)
    if held:
        with _opened(url) as connection:
            found = MetaData()
            found.reflect(connection)
            found.drop_all(connection)
            connection.commit()
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", url, *words, str(folder / NAMES["postgresql"]))
    return None


def tables(url: str) -> list[str]:
    """What is in the database now; none where there is no file yet."""
    if engine_name(url) == "sqlite" and not _file(url).exists():
        return []
    with _opened(url) as connection:
        return inspect(connection).get_table_names()


def stated(url: str) -> dict[str, Any]:
    """What a manifest says of a database: the head of its log, how many records, which form."""
    with _opened(url) as connection:
        return _stated(connection)


def _stated(connection: Connection) -> dict[str, Any]:
    head = connection.execute(text(STATED[0])).one_or_none()
    said = dict(zip(("origin", "size", "signed", "note"), head, strict=True)) if head else None
    records, form = (connection.scalar(text(query)) for query in STATED[1:])
    return {"log": said, "records": records, "migration": form}


def _put_sqlite(file: Path, backup: Path, at: datetime) -> str | None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = None
    if file.exists():
        _alone(file)
        aside = file.with_name(f"{file.name}.before-{at:%Y%m%d-%H%M%S}")
        os.replace(file, aside)
    for rest in ("-wal", "-shm"):
        Path(f"{file}{rest}").unlink(missing_ok=True)
    fresh = file.with_name(f"{file.name}.restored")
    shutil.copyfile(backup, fresh)
    os.chmod(fresh, 0o600)
    with fresh.open("rb") as done:
        os.fsync(done.fileno())
    os.replace(fresh, file)
    return str(aside) if aside else None


def _alone(file: Path) -> None:
    """Nobody else has the file open: leaving WAL mode needs that. What was in the WAL is in the
    file afterwards, so that moving it aside loses nothing."""
    with closing(open_sqlite(file)) as connection:
        connection.execute("PRAGMA busy_timeout=1000")
        try:
            [(mode,)] = connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        except connection.OperationalError:
            mode = "wal"
    if mode == "wal":
        raise Broken("A server still has the database open. Stop it first.")


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    engine = create_engine(url, **engine_options(url))
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError:
        raise Broken("The database does not answer.") from None
    finally:
        engine.dispose()


def _run(program: str, url: str, *words: str) -> None:
    """One of PostgreSQL's own programs; the password goes by the environment, not by its words."""
    if shutil.which(program) is None:
        raise Broken(f"{program} is not installed here (package postgresql-client).")
    parts = make_url(url)
    environ = {**os.environ, **({"PGPASSWORD": str(parts.password)} if parts.password else {})}
    bare = parts.set(drivername="postgresql", password=None)
    address = bare.render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - PostgreSQL's program, our words
        [program, f"--dbname={address}", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise Broken(f"{program} failed: {last}")
