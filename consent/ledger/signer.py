"""The signer: it alone reads the keys, and it remembers what it has signed.

Its folder (SIGNER_STATE) is apart from the database, so a database that was restored, edited or
swapped gets no signature: the signer signs a tree only if it continues the last one it signed.
What it has signed is synced to disk before the signature leaves it. Moved to another disk or
machine, it protects against more; docs/reliability.md says what against.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..db import from_micros, micros, open_sqlite, rfc3339
from ..leaf import promised as promised
from ..saying import say
from ..signing import Cosigner, LogKey, ed25519, ml_dsa_44, write_private
from ..tlog import checkpoint, merkle, note
from ..tlog.checkpoint import Checkpoint
from ..tlog.merkle import Wrong
from ..tlog.note import Signer as NoteSigner
from ..tlog.note import Verifier

OVERLAP = timedelta(days=30)  # an old key signs beside the new one, so nobody is cut off
OLDER_MAX = 3  # with two signatures a key and those of witnesses, what every reader must accept
SKEW_US = 60_000_000  # clocks of ledgers that share a signer's memory may differ by this much


class Refused(Exception):
    """The signer will not sign: `why` is for the operator. Nothing was remembered or given out."""


@dataclass(frozen=True)
class Wanted:
    """A head to sign. `prove(old)` is the consistency proof from the tree of `old` entries;
    `strong` adds ML-DSA-44 where this machine's library has it."""

    origin: str
    size: int
    root: bytes
    prove: Callable[[int], Sequence[bytes]]
    strong: bool = False


@dataclass(frozen=True)
class Key:
    """One pair of private keys, from the moment it took over."""

    since: datetime
    ed25519: bytes
    ml_dsa_44: bytes

    @property
    def private(self) -> Ed25519PrivateKey:
        return _private(self.ed25519)

    def verifier(self, origin: str) -> Verifier:
        return LogKey(origin, self.private).verifier

    def strong_verifier(self, origin: str) -> Verifier | None:
        """The ML-DSA-44 key, or None where OpenSSL is too old for it."""
        private = ml_dsa_44(self.ml_dsa_44)
        return Cosigner(origin, private, 0).verifier if private else None


class Signer:
    """Owns the folder: `keys.json` (private, mode 600) and `state.db`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "keys.json"
        self._read: tuple[tuple[int, ...], list[Key]] = ((), [])

    @property
    def folder(self) -> Path:
        return self._folder

    def keys(self, at: datetime) -> list[Key]:
        """The key that signs at `at`, then older ones while they overlap, the oldest first."""
        every = self._all_keys(at)
        known = [key for key in every if key.since <= at] or every[:1]
        newest = known[-1]
        older = [key for key in known[:-1] if self._ended(key, known) + OVERLAP > at]
        return [newest, *older[-OLDER_MAX:]]

    def verifiers(self, origin: str, at: datetime, strong: bool = False) -> list[Verifier]:
        """Every key this origin was ever signed with, the newest first."""
        found: list[Verifier] = []
        for key in reversed(self._all_keys(at)):
            found.append(key.verifier(origin))
            if strong and (more := key.strong_verifier(origin)):
                found.append(more)
        return found

    def rotate(self, at: datetime) -> Key:
        """A new key from `at` on; the old one signs beside it for OVERLAP. Where there was none
        yet, the new one is the first."""
        fresh = Key(at, secrets.token_bytes(32), secrets.token_bytes(32))
        with self._state():  # so that of two who rotate at once none loses the other's key
            if not self._file.exists():
                return self._all_keys(at)[0]
            known = self._all_keys(at)
            if at <= known[-1].since:
                raise Refused(say("The clock is behind the last change of keys."))
            self._write_keys([*known, fresh])
        return fresh

    def digest(self, at: datetime) -> str:
        """SHA-256 (hex) over the raw Ed25519 public keys that ever signed, the newest first.

        It is the same for all origins, and can be made from the lines of /log/vkeys.
        """
        keys = reversed(self._all_keys(at))
        raw = b"".join(key.private.public_key().public_bytes_raw() for key in keys)
        return hashlib.sha256(raw).hexdigest()

    def fingerprints(self, at: datetime) -> list[str]:
        """SHA-256 (hex) of each raw Ed25519 public key that ever signed, in order of the digits."""
        public = (key.private.public_key().public_bytes_raw() for key in self._all_keys(at))
        return sorted(hashlib.sha256(raw).hexdigest() for raw in public)

    def promise(self, origin: str, commitment: str, received: datetime, now: datetime) -> str:
        """Base64 of an Ed25519 signature: this commitment will be in the log of `origin`.

        A function of its arguments and of the key that signed at `received`: a repeat is the same.
        """
        at = min(received, now)
        every = self._all_keys(at)
        key = next((one for one in reversed(every) if one.since <= at), every[0])
        said = promised(origin, commitment, rfc3339(received), _number(key.ed25519, origin))
        return base64.b64encode(key.private.sign(said)).decode()

    def last(self, origin: str) -> tuple[int, bytes] | None:
        """Size and root of the last tree signed for `origin`."""
        with self._state() as state:
            row = state.execute(
                "SELECT size, root FROM head WHERE origin = ?", (origin,)
            ).fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def sign(self, wanted: Iterable[Wanted], at: datetime) -> list[str]:
        """A signed note for each head, or Refused and none at all.

        One transaction of the signer's own memory, synced before anything is returned.
        """
        texts = []
        with self._state() as state:
            for head in wanted:
                moment = self._remember(state, head, at)
                text = checkpoint.text(Checkpoint(head.origin, head.size, head.root))
                texts.append((head, text, moment))
        return [note.sign(text, self._signers(head, moment)) for head, text, moment in texts]

    def accuse(self, origin: str, signed: str) -> None:
        """Keep a checkpoint that carries our signature and contradicts the log."""
        with self._state() as state:
            state.execute("INSERT OR IGNORE INTO accusation VALUES (?, ?)", (origin, signed))

    def accused(self) -> list[str]:
        """Origins that are not closed and that a checkpoint of our own contradicts."""
        with self._state() as state:
            rows = state.execute(
                "SELECT DISTINCT origin FROM accusation"
                " WHERE origin NOT IN (SELECT origin FROM closed) ORDER BY origin"
            ).fetchall()
        return [str(origin) for (origin,) in rows]

    def forget(self, origin: str) -> None:
        """Give up an origin for good (flask ledger recover): it is never signed again."""
        with self._state() as state:
            state.execute("INSERT OR IGNORE INTO closed VALUES (?)", (origin,))

    def journal(self, site: str, records: Sequence[bytes], at: datetime) -> None:
        """Note erasures outside the database, before they happen there."""
        with self._state() as state:
            state.executemany(
                "INSERT OR IGNORE INTO erased VALUES (?, ?, ?)",
                [(site, record, micros(at)) for record in records],
            )

    def erased(self) -> Iterator[tuple[str, bytes, int]]:
        """Every erasure ever noted: site, record id, moment in µs; the oldest first."""
        with self._state() as state:
            rows = state.execute("SELECT site, id, at FROM erased ORDER BY at").fetchall()
        yield from ((str(site), bytes(record), int(at)) for site, record, at in rows)

    def latest(self) -> datetime | None:
        """When anything was signed last."""
        with self._state() as state:
            (last,) = state.execute("SELECT max(at) FROM head").fetchone()
        return None if last is None else from_micros(int(last))

    def signed_at(self, origin: str) -> datetime | None:
        """When the newest head of that log was signed."""
        with self._state() as state:
            row = state.execute("SELECT at FROM head WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else from_micros(int(row[0]))

    def note(self, name: str, at: datetime) -> None:
        """Remember a moment under a name, outside the database."""
        with self._state() as state:
            state.execute("INSERT OR REPLACE INTO noted VALUES (?, ?)", (name, micros(at)))

    def noted(self, name: str) -> datetime | None:
        """The moment remembered under that name."""
        with self._state() as state:
            row = state.execute("SELECT at FROM noted WHERE name = ?", (name,)).fetchone()
        return None if row is None else from_micros(int(row[0]))

    def _remember(self, state: Any, head: Wanted, at: datetime) -> datetime:
        """Check a head against the last one signed, and put it in its place.

        The moment it counts as signed at, which never falls: ledgers that share this memory may
        begin their ticks in another order than they end them.
        """
        if state.execute("SELECT 1 FROM closed WHERE origin = ?", (head.origin,)).fetchone():
            raise Refused(
                say("The log %(origin)s was closed and is not signed again.", origin=head.origin)
            )
        row = state.execute(
            "SELECT size, root, at FROM head WHERE origin = ?", (head.origin,)
        ).fetchone()
        size, root, last = row or (0, merkle.EMPTY, 0)
        if head.size < size:
            raise Refused(
                say(
                    "The log %(origin)s was signed with %(size)s entries and now has %(now)s: an "
                    "older database was put in its place.",
                    origin=head.origin,
                    size=size,
                    now=head.size,
                )
            )
        if micros(at) < last - SKEW_US:
            raise Refused(say("The clock is behind the last signature."))
        try:
            proof = head.prove(size) if size not in (0, head.size) else ()
            merkle.verify_consistency(size, head.size, bytes(root), head.root, proof)
        except Wrong as wrong:
            raise Refused(
                say(
                    "The log %(origin)s does not continue what was signed with %(size)s entries: "
                    "%(wrong)s.",
                    origin=head.origin,
                    size=size,
                    wrong=str(wrong),
                )
            ) from None
        moment = max(micros(at), last)
        state.execute(
            "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)",
            (head.origin, head.size, head.root, moment),
        )
        return from_micros(moment)

    def _signers(self, head: Wanted, at: datetime) -> list[NoteSigner]:
        found: list[NoteSigner] = []
        for key in self.keys(at):
            found.append(LogKey(head.origin, key.private))
            strong = ml_dsa_44(key.ml_dsa_44) if head.strong else None
            if strong:
                found.append(Cosigner(head.origin, strong, int(at.timestamp())))
        return found

    @staticmethod
    def _ended(key: Key, known: list[Key]) -> datetime:
        return known[known.index(key) + 1].since

    def _all_keys(self, at: datetime) -> list[Key]:
        """Oldest first; the first is made when there is none. Two processes that race agree."""
        file = self._file
        try:
            now = file.stat()
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            first = Key(at, secrets.token_bytes(32), secrets.token_bytes(32))
            self._write_keys([first], exclusive=True)
            now = file.stat()
        # The clock of a file system is coarse: two files in a row may bear the same time.
        this = (now.st_mtime_ns, now.st_ino, now.st_size)
        if self._read[0] != this:
            self._read = (this, [_key(one) for one in json.loads(file.read_text("ascii"))])
        return self._read[1]

    def _write_keys(self, keys: list[Key], exclusive: bool = False) -> None:
        text = json.dumps([_spelt(key) for key in keys], indent=1)
        write_private(self._file, text, exclusive)

    @contextmanager
    def _state(self) -> Iterator[Any]:
        """The signer's memory, locked for one transaction; it is synced when the block ends."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = open_sqlite(self._folder / "state.db")
        try:
            state.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                state.execute(table)
            yield state
            state.execute("COMMIT")
        finally:
            state.close()  # what was not committed is rolled back


TABLES = (
    "CREATE TABLE IF NOT EXISTS head (origin TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, at INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS accusation (origin TEXT NOT NULL, note TEXT NOT NULL,"
    " PRIMARY KEY (origin, note))",
    "CREATE TABLE IF NOT EXISTS closed (origin TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS erased (site TEXT NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (site, id))",
    "CREATE TABLE IF NOT EXISTS noted (name TEXT PRIMARY KEY, at INTEGER NOT NULL)",
)


@lru_cache(64)
def _private(seed: bytes) -> Ed25519PrivateKey:
    return ed25519(seed)


@lru_cache(4096)
def _number(seed: bytes, origin: str) -> bytes:
    """What a checkpoint of `origin` calls the key of that seed."""
    return LogKey(origin, _private(seed)).verifier.id


def _spelt(key: Key) -> dict[str, str]:
    return {
        "since": key.since.isoformat(),
        "ed25519": base64.b64encode(key.ed25519).decode(),
        "ml-dsa-44": base64.b64encode(key.ml_dsa_44).decode(),
    }


def _key(spelt: dict[str, str]) -> Key:
    return Key(
        datetime.fromisoformat(spelt["since"]),
        base64.b64decode(spelt["ed25519"]),
        base64.b64decode(spelt["ml-dsa-44"]),
    )
