"""A disk that can lose its power: what was synced is there, of the rest a random part.

`Disk` is an SQLite VFS over real files. It remembers, per file, what the last sync left and every
write since. `cut` gives the files as a power cut might leave them: each 512-byte sector of each
write since the sync is there or not, in any order; a file that was never synced may be missing, and
one that was deleted may be there again, until its folder is synced.

`Driver` is as much of DB-API as SQLAlchemy's SQLite dialect asks of a module, over apsw, which is
the binding that lets Python be a VFS. So the product's own engine, pragmas and writer run on it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


class _Kept:
    """One file: `synced` is None until its first sync; a write is an offset and its bytes, a
    truncation a length and None."""

    def __init__(self) -> None:
        self.synced: bytes | None = None
        self.now = bytearray()
        self.since: list[tuple[int, bytes | None]] = []

    def write(self, offset: int, data: bytes) -> None:
        _put(self.now, offset, data)
        self.since.append((offset, data))

    def truncate(self, length: int) -> None:
        del self.now[length:]
        self.since.append((length, None))

    def sync(self) -> None:
        self.synced = bytes(self.now)
        self.since = []

    def after_cut(self, dice: random.Random) -> bytes | None:
        """The bytes as they are found; None where there is no file."""
        if self.synced is None and dice.random() < 0.5:
            return None
        found = bytearray(self.synced or b"")
        share = dice.choice((0.0, 0.5, 0.9, 1.0))
        for offset, data in self.since:
            if data is None:
                if dice.random() < share:
                    del found[offset:]
                continue
            start = offset
            while start < offset + len(data):
                end = min((start // SECTOR + 1) * SECTOR, offset + len(data))
                if dice.random() < share:
                    _put(found, start, data[start - offset : end - offset])
                start = end
        return bytes(found)


def _put(target: bytearray, offset: int, data: bytes) -> None:
    if len(target) < offset:
        target.extend(bytes(offset - len(target)))
    target[offset : offset + len(data)] = data


class Disk(apsw.VFS):
    """Register with a name; `on_write` is called after each write and sync, while nothing else
    happens to the disk."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, _Kept] = {}
        self.gone: dict[str, _Kept] = {}  # deleted, and their folder not synced since
        self.lock = threading.RLock()
        self.on_write: Callable[[], None] = lambda: None
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        return _File(self, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:
        with self.lock:
            kept = self.files.pop(name, None)
            super().xDelete(name, syncdir)
            if kept is not None and not syncdir:
                self.gone[name] = kept
            elif syncdir:
                self.folder_synced(name)
            self.on_write()

    def folder_synced(self, name: str) -> None:
        """What was deleted beside `name` stays deleted."""
        for one in [one for one in self.gone if Path(one).parent == Path(name).parent]:
            del self.gone[one]

    def file(self, name: str) -> _Kept:
        self.gone.pop(name, None)
        return self.files.setdefault(name, _Kept())

    def cut(self, dice: random.Random) -> dict[str, bytes]:
        """Name and content of what is found when the power is back."""
        with self.lock:
            back = {name: kept for name, kept in self.gone.items() if dice.random() < 0.5}
            found = {**back, **self.files}
            left = {name: kept.after_cut(dice) for name, kept in found.items()}
        return {Path(name).name: data for name, data in left.items() if data is not None}


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self.path = path
        self.kept = disk.file(path)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        with self.disk.lock:
            super().xWrite(data, offset)
            self.kept.write(offset, bytes(data))
            self.disk.on_write()

    def xTruncate(self, length: int) -> None:
        with self.disk.lock:
            super().xTruncate(length)
            self.kept.truncate(length)
            self.disk.on_write()

    def xSync(self, flags: int) -> None:
        with self.disk.lock:
            super().xSync(flags)
            if self.kept.synced is None:  # SQLite syncs the folder with a new journal or WAL
                self.disk.folder_synced(self.path)
            self.kept.sync()
            self.disk.on_write()


# -- DB-API --------------------------------------------------------------------------------------


class Error(Exception):
    pass


class DatabaseError(Error):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


CHANGES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class Cursor:
    """One statement at a time, its rows fetched at once."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.rows: list[Any] = []

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        real = self.connection.real
        with _translated():
            changes = statement.lstrip()[:7].upper().strip().startswith(CHANGES)
            if changes and self.connection.isolation_level and not real.in_transaction:
                real.execute(f"BEGIN {self.connection.isolation_level}")
            cursor = real.cursor()
            self.description = None
            cursor.exec_trace = self._described
            cursor.execute(statement, tuple(values))
            self.rows = list(cursor)
        self.rowcount = real.changes() if changes else -1
        self.lastrowid = real.last_insert_rowid()
        return self

    def _described(self, cursor: Any, *_: Any) -> bool:
        """Called before the first row: afterwards a cursor without rows does not know any more."""
        columns = cursor.get_description()
        self.description = [(name, *[None] * 6) for name, *_ in columns] or None
        return True

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> Cursor:
        total = 0
        for values in many:
            total += self.execute(statement, values).rowcount
        self.rowcount = total
        return self

    def fetchone(self) -> Any:
        return self.rows.pop(0) if self.rows else None

    def fetchmany(self, count: int = 1) -> list[Any]:
        found, self.rows = self.rows[:count], self.rows[count:]
        return found

    def fetchall(self) -> list[Any]:
        found, self.rows = self.rows, []
        return found

    def __iter__(self) -> Any:
        return iter(self.fetchall())

    def close(self) -> None:
        self.rows = []


class _translated:
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, apsw.ConstraintError):
            raise IntegrityError(str(error)) from error
        if isinstance(error, apsw.Error) and not isinstance(error, apsw.ExecutionCompleteError):
            raise OperationalError(f"{type(error).__name__}: {error}") from error


class Connection:
    """As sqlite3 opens one: a change begins a transaction of `isolation_level`."""

    def __init__(self, real: apsw.Connection, isolation_level: str | None) -> None:
        self.real = real
        self.isolation_level = isolation_level

    def cursor(self) -> Cursor:
        return Cursor(self)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        return self.cursor().execute(statement, values)

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> Cursor:
        return self.cursor().executemany(statement, many)

    def commit(self) -> None:
        if self.real.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self.real.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        self.real.close()

    def create_function(self, name: str, count: int, function: Any, **_: Any) -> None:
        self.real.create_scalar_function(name, function, count)


class Driver:
    """Stands where `sqlite3` stands; every connection is on `disk`."""

    paramstyle = "qmark"
    apilevel = "2.0"
    threadsafety = 1
    sqlite_version = apsw.sqlite_lib_version()
    sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
    PARSE_DECLTYPES, PARSE_COLNAMES = 1, 2
    Binary = bytes
    Connection = Connection
    Error, DatabaseError = Error, DatabaseError
    OperationalError, IntegrityError = OperationalError, IntegrityError
    Warning = InterfaceError = InternalError = DataError = NotSupportedError = DatabaseError
    ProgrammingError = DatabaseError

    def __init__(self, disk: Disk, synchronous: str | None = None) -> None:
        self.disk = disk
        self.synchronous = synchronous  # the twin: whatever the product asks for, this is done

    def connect(
        self, file: str, timeout: float = 5, isolation_level: str | None = "", **_: Any
    ) -> Connection:
        real = apsw.Connection(file, vfs=self.disk.name)
        real.set_busy_timeout(int(timeout * 1000))
        made = Connection(real, isolation_level)
        return made if self.synchronous is None else _Slack(real, isolation_level, self.synchronous)


class _Slack(Connection):
    """Does not sync as it is told to."""

    def __init__(self, real: apsw.Connection, level: str | None, synchronous: str) -> None:
        super().__init__(real, level)
        self.synchronous = synchronous

    def cursor(self) -> Cursor:
        return _SlackCursor(self)


class _SlackCursor(Cursor):
    def execute(self, statement: str, values: Sequence[Any] = ()) -> Cursor:
        done = super().execute(statement, values)
        if statement.startswith("PRAGMA synchronous"):
            super().execute(f"PRAGMA synchronous={getattr(self.connection, 'synchronous')}")  # noqa: B009
        return done
