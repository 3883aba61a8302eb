"""The signer: it alone reads the keys, and it remembers what it has signed.

Its folder (SIGNER_STATE) is apart from the database, so a database that was restored, edited or
swapped gets no signature: the signer signs a tree only if it continues the last one it signed.
What it has signed is synced to disk before the signature leaves it. Moved to another disk or
machine, it protects against more; docs/reliability.md says what against.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ..db import from_micros, micros, open_sqlite, rfc3339
from ..tlog import checkpoint, merkle, note
from ..tlog.checkpoint import Checkpoint
from ..tlog.merkle import Wrong
from ..tlog.note import ED25519, ML_DSA_44, Verifier
from ..tlog.note import Signer as NoteSigner

OVERLAP = timedelta(days=30)  # an old key signs beside the new one, so nobody is cut off
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
        return Ed25519PrivateKey.from_private_bytes(self.ed25519)

    def verifier(self, origin: str) -> Verifier:
        return Verifier(origin, ED25519, self.private.public_key().public_bytes_raw())

    def strong_verifier(self, origin: str) -> Verifier | None:
        """The ML-DSA-44 key, or None where OpenSSL is too old for it."""
        try:
            public = MLDSA44PrivateKey.from_seed_bytes(self.ml_dsa_44).public_key()
        except UnsupportedAlgorithm:
            return None
        return Verifier(origin, ML_DSA_44, public.public_bytes_raw())


class Signer:
    """Owns the folder: `keys.json` (private, mode 600) and `state.db`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[int, list[Key]] = (0, [])

    def keys(self, at: datetime) -> list[Key]:
        """The key that signs at `at`, then older ones while they overlap."""
        known = [key for key in self._all_keys(at) if key.since <= at] or self._all_keys(at)[:1]
        newest = known[-1]
        return [newest, *(k for k in known[:-1] if self._ended(k, known) + OVERLAP > at)]

    def verifiers(self, origin: str, at: datetime, strong: bool = False) -> list[Verifier]:
        """Every key this origin was ever signed with, the newest first."""
        found: list[Verifier] = []
        for key in reversed(self._all_keys(at)):
            found.append(key.verifier(origin))
            if strong and (more := key.strong_verifier(origin)):
                found.append(more)
        return found

    def rotate(self, at: datetime) -> Key:
        """A new key from `at` on; the old one signs beside it for OVERLAP."""
        known = self._all_keys(at)
        if known and at <= known[-1].since:
            raise Refused("The clock is behind the last change of keys.")
        fresh = Key(at, secrets.token_bytes(32), secrets.token_bytes(32))
        self._write_keys([*known, fresh])
        return fresh

    def promise(self, origin: str, commitment: str, received: datetime, now: datetime) -> str:
        """Base64 of an Ed25519 signature: this commitment will be in the log of `origin`.

        A function of its arguments and of the key that signed at `received`: a repeat is the same.
        """
        key = self.keys(min(received, now))[0]
        number = key.verifier(origin).id
        return base64.b64encode(
            key.private.sign(promised(origin, commitment, rfc3339(received), number))
        ).decode()

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

    def _remember(self, state: Any, head: Wanted, at: datetime) -> datetime:
        """Check a head against the last one signed, and put it in its place.

        The moment it counts as signed at, which never falls: ledgers that share this memory may
        begin their ticks in another order than they end them.
        """
        if state.execute("SELECT 1 FROM closed WHERE origin = ?", (head.origin,)).fetchone():
            raise Refused(f"The log {head.origin} was closed and is not signed again.")
        row = state.execute(
            "SELECT size, root, at FROM head WHERE origin = ?", (head.origin,)
        ).fetchone()
        size, root, last = row or (0, merkle.EMPTY, 0)
        if head.size < size:
            raise Refused(
                f"The log {head.origin} was signed with {size} entries and now has {head.size}:"
                " an older database was put in its place."
            )
        if micros(at) < last - SKEW_US:
            raise Refused("The clock is behind the last signature.")
        try:
            proof = head.prove(size) if size not in (0, head.size) else ()
            merkle.verify_consistency(size, head.size, bytes(root), head.root, proof)
        except Wrong as wrong:
            raise Refused(
                f"The log {head.origin} does not continue what was signed with {size} entries:"
                f" {wrong}."
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
            found.append(_Ed25519(key.verifier(head.origin), key.private))
            strong = key.strong_verifier(head.origin) if head.strong else None
            if strong:
                private = MLDSA44PrivateKey.from_seed_bytes(key.ml_dsa_44)
                found.append(_MlDsa44(strong, private, int(at.timestamp())))
        return found

    @staticmethod
    def _ended(key: Key, known: list[Key]) -> datetime:
        return known[known.index(key) + 1].since

    def _all_keys(self, at: datetime) -> list[Key]:
        """Oldest first; the first is made when there is none. Two processes that race agree."""
        file = self._folder / "keys.json"
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            first = Key(at, secrets.token_bytes(32), secrets.token_bytes(32))
            self._write_keys([first], exclusive=True)
        changed = file.stat().st_mtime_ns
        if self._read[0] != changed:
            self._read = (changed, [_key(one) for one in json.loads(file.read_text("ascii"))])
        return self._read[1]

    def _write_keys(self, keys: list[Key], exclusive: bool = False) -> None:
        file = self._folder / "keys.json"
        fresh = self._folder / f"keys.{secrets.token_hex(8)}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            json.dump([_spelt(key) for key in keys], out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        try:
            if exclusive:
                os.link(fresh, file)  # fails where another process was first
            else:
                os.replace(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

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
    "CREATE TABLE IF NOT EXISTS closed (origin TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS erased (site TEXT NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY (site, id))",
)


@dataclass(frozen=True)
class _Ed25519:
    verifier: Verifier
    private: Ed25519PrivateKey

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def id(self) -> bytes:
        return self.verifier.id

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


@dataclass(frozen=True)
class _MlDsa44:
    verifier: Verifier
    private: MLDSA44PrivateKey
    time: int

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def id(self) -> bytes:
        return self.verifier.id

    def sign(self, text: bytes) -> bytes:
        message = note.cosigned_message(ML_DSA_44, self.name, self.time, text.decode())
        return self.time.to_bytes(8, "big") + self.private.sign(message)


def promised(origin: str, commitment: str, received_at: str, key_id: bytes) -> bytes:
    """What a promise signs: four lines, each ended by a newline, under a name of their own."""
    lines = ("crumbtrail/promise/v1", origin, commitment, received_at, key_id.hex())
    return "".join(f"{line}\n" for line in lines).encode()


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
