"""What a witness knows: its keys, the logs it watches, and the last checkpoint it cosigned of each.

The check against the last checkpoint and the memory of the new one are one transaction, synced
before anybody gets the cosignature. A crash in between costs the asker one more question.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..db import open_sqlite
from ..signing import Cosigner, ed25519, ml_dsa_44, verify_ml_dsa_44, write_private
from ..tlog import checkpoint, merkle, note
from ..tlog.checkpoint import Checkpoint
from ..tlog.merkle import Wrong
from ..tlog.note import COSIGNATURE, Signature, Verifier, parse_vkey
from ..tlog.spelling import decode, encode, is_name, number

PROOF_MAX = 63

TABLES = (
    "CREATE TABLE IF NOT EXISTS log (vkey TEXT PRIMARY KEY, origin TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS head (hash TEXT PRIMARY KEY, size INTEGER NOT NULL,"
    " root BLOB NOT NULL, note TEXT NOT NULL)",
)


class Refused(Exception):
    """No cosignature; `status` is the one of tlog-witness, `size` goes with 409."""

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status, self.size = status, size


@dataclass(frozen=True)
class Question:
    """The body of add-checkpoint, of which nothing is verified yet."""

    old: int
    proof: tuple[bytes, ...]
    note: str
    text: str
    signatures: Sequence[Signature]
    checkpoint: Checkpoint


class Witness:
    """Owns a folder: `witness.json` (private, mode 600) and `witness.db`."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        """Open the folder; `name` makes the keys at first. ValueError where they cannot agree."""
        self._folder = folder
        file = folder / "witness.json"
        if not file.exists():
            _make(file, name)
        kept = json.loads(file.read_text("utf-8"))
        if name not in (None, kept["name"]):
            raise ValueError(f"This witness is called {kept['name']}; a name is for ever.")
        self.name: str = kept["name"]
        self._ed25519 = ed25519(base64.b64decode(kept["ed25519"]))
        self._ml_dsa_44 = ml_dsa_44(base64.b64decode(kept["ml-dsa-44"]))

    @property
    def verifiers(self) -> list[Verifier]:
        """What others put into their policies: Ed25519, and ML-DSA-44 where there is one."""
        return [signer.verifier for signer in self._signers(0)]

    def know(self, verifier: Verifier) -> None:
        """Watch the log of that key; its origin is the key's name. ValueError for other kinds."""
        if verifier.kind == COSIGNATURE:
            raise ValueError("This is the key of a witness, not of a log.")
        with self._state() as state:
            state.execute("INSERT OR IGNORE INTO log VALUES (?, ?)", (verifier.vkey, verifier.name))

    def logs(self) -> list[tuple[Verifier, int]]:
        """Each key that is known, and how far its log was cosigned."""
        with self._state() as state:
            rows = state.execute("SELECT vkey, origin FROM log ORDER BY origin, vkey").fetchall()
            heads = dict(state.execute("SELECT hash, size FROM head").fetchall())
        return [(parse_vkey(vkey), heads.get(origin_hash(origin), 0)) for vkey, origin in rows]

    def add(self, body: bytes, at: datetime) -> str:
        """The lines that cosign a checkpoint; raises Refused, and then nothing was remembered."""
        asked = _question(body)
        origin = asked.checkpoint.origin
        kept = self._verified(asked)
        if asked.old > asked.checkpoint.size:
            raise Refused(400, "The old size is beyond the checkpoint's.")
        cosigned = note.sign(asked.text, self._signers(int(at.timestamp())))
        _, mine = note.parse(cosigned)
        with self._state() as state:
            row = state.execute(
                "SELECT size, root FROM head WHERE hash = ?", (origin_hash(origin),)
            ).fetchone()
            _check(asked, *(row or (0, merkle.EMPTY)))
            state.execute(
                "INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?)",
                (
                    origin_hash(origin),
                    asked.checkpoint.size,
                    asked.checkpoint.root,
                    note.join(asked.text, [*kept, *mine]),
                ),
            )
        return cosigned.removeprefix(f"{asked.text}\n")

    def latest(self, hashed: str) -> str | None:
        """The last checkpoint cosigned of the log whose origin has this SHA-256, or None."""
        with self._opened() as state:
            row = state.execute("SELECT note FROM head WHERE hash = ?", (hashed,)).fetchone()
        return None if row is None else str(row[0])

    def _verified(self, asked: Question) -> list[Signature]:
        """The log's own signatures. It takes no lock: anybody may ask."""
        origin = asked.checkpoint.origin
        with self._opened() as state:
            rows = state.execute("SELECT vkey FROM log WHERE origin = ?", (origin,)).fetchall()
        if not rows:
            raise Refused(404, "This witness does not know that log.")
        try:
            keys = [parse_vkey(vkey) for (vkey,) in rows]
            _, by = note.open_note(asked.note, keys, verify_ml_dsa_44)
        except Wrong as wrong:
            raise Refused(403, f"{wrong}.") from None
        known = {(verifier.name, verifier.id) for verifier in by}
        return [one for one in asked.signatures if (one.name, one.id) in known]

    def _signers(self, time: int) -> list[Cosigner]:
        found = [Cosigner(self.name, self._ed25519, time)]
        if self._ml_dsa_44:
            found.append(Cosigner(self.name, self._ml_dsa_44, time))
        return found

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        state = open_sqlite(self._folder / "witness.db")
        try:
            for table in TABLES:
                state.execute(table)
            yield state
        finally:
            state.close()  # what was not committed is rolled back

    @contextmanager
    def _state(self) -> Iterator[Any]:
        """The memory, locked for one transaction; it is synced when the block ends."""
        with self._opened() as state:
            state.execute("BEGIN IMMEDIATE")
            yield state
            state.execute("COMMIT")


def origin_hash(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


def _make(file: Path, name: str | None) -> None:
    if name is None or not is_name(name):
        raise ValueError("A witness needs a name without spaces and plus signs, for ever.")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = {kind: encode(secrets.token_bytes(32)) for kind in ("ed25519", "ml-dsa-44")}
    write_private(file, json.dumps({"name": name, **keys}, indent=1), exclusive=True)


def _check(asked: Question, size: int, root: bytes) -> None:
    """Raises Refused unless the checkpoint continues the tree of that size and root."""
    if asked.old != size:
        raise Refused(409, "Another size was cosigned last.", size)
    new = asked.checkpoint
    try:
        merkle.verify_consistency(size, new.size, bytes(root), new.root, asked.proof)
    except Wrong as wrong:
        raise Refused(422, f"{wrong}.") from None


def _question(body: bytes) -> Question:
    head, _, signed = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        word, _, size = first.partition(" ")
        if word != "old" or len(lines) > PROOF_MAX:
            raise Wrong(f"a question begins with the old size and at most {PROOF_MAX} hashes")
        proof = tuple(decode(line) for line in lines)
        if any(len(one) != merkle.HASH_BYTES for one in proof):
            raise Wrong(f"a hash is {merkle.HASH_BYTES} bytes long")
        text, signatures = note.parse(signed)
        _not_empty_with_a_root(text)
        found = checkpoint.parse(text, others=True)
        return Question(number(size), proof, signed.decode(), text, signatures, found)
    except (Wrong, UnicodeDecodeError) as wrong:
        raise Refused(400, f"{wrong}.") from None


def _not_empty_with_a_root(text: str) -> None:
    lines = text.split("\n")
    if len(lines) > 2 and lines[1] == "0" and lines[2] != encode(merkle.EMPTY):
        raise Refused(422, "An empty tree has another root.")
