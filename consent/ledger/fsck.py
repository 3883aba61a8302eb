"""Everything again from the leaves: the tree, the signatures, and every row the log vouches for.

It believes nothing that is stored twice. What it finds it names in a sentence that says which
table, which row and what does not agree; it mends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ..db import db
from ..records.rows import ERASED
from ..tlog import checkpoint, merkle, note, tiles
from ..tlog.checkpoint import Checkpoint
from ..tlog.merkle import Wrong
from ..waiting import CONSENT, DEPLOYMENT, ENTRY, HEAD
from .artefacts import Said, artefacts, public_rows, record_at, strays
from .remade import remade
from .rows import Head, Item, Tile, unpack, unpack_head
from .signer import Signer

COSIGNED = (8 + 64, 8 + 2420)  # bytes of a cosignature: its time, then Ed25519 or ML-DSA-44


def fsck(signer: Signer, at: datetime) -> Iterator[str]:
    """One sentence for each thing that is wrong; none when all agrees.

    Everything is read as of one moment, so it may run beside a server at work. The signer is asked
    first: a head is always stored before it is signed.
    """
    db.session.rollback()
    last = {origin: signer.last(origin) for origin in db.session.scalars(select(Head.origin))}
    db.session.rollback()
    _stand_still()
    try:
        heads = {head.site: head for head in db.session.scalars(select(Head))}
        named: set[int] = set()
        left: set[int] = set()
        for head in heads.values():
            log = _Log(head, signer, last.get(head.origin), at)
            yield from log.check()
            named |= log.logs
            left |= log.said.left
        yield from _chain(heads)
        for number in sorted(named - left - {head.id for head in heads.values()}):
            yield f"log_head: log {number} is in the deployment log and not in the table."
        yield from public_rows()
        yield from strays(heads, [head.id for head in heads.values()])
    finally:
        db.session.rollback()


def _stand_still() -> None:
    """One snapshot for all that is read until the next roll-back."""
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    else:
        db.session.execute(text("BEGIN"))


def _chain(heads: dict[str, Head]) -> Iterator[str]:
    """Each site's head is the entry of the deployment log that it says."""
    bundle: tuple[int, list[Item]] = (-1, [])
    top = heads.get(DEPLOYMENT)
    for name, head in heads.items():
        if name == DEPLOYMENT or (head.size, head.chained) == (0, None):
            if head.chained is not None:
                yield "log_head of the deployment: it is chained to something."
            continue
        if top is None:
            yield f"log_head of {name}: there is no deployment log."
            continue
        number, place = divmod(-1 if head.chained is None else head.chained, tiles.WIDTH)
        if bundle[0] != number:
            bundle = (number, _bundle(top.id, number))
        item = bundle[1][place] if 0 <= place < len(bundle[1]) else None
        right = (head.id, head.size, head.root)
        if item is None or item.kind != HEAD or unpack_head(item.body) != right:
            yield f"log_head of {name}: the deployment log holds another head at {head.chained}."


def _bundle(log_id: int, number: int) -> list[Item]:
    body = db.session.scalar(
        select(Tile.body).where(Tile.log_id == log_id, Tile.level == 0, Tile.number == number)
    )
    try:
        return unpack(body) if body else []
    except Wrong:
        return []


class _Log:
    """One pass over one log, in bounded memory: a stack of subtree roots, and what is due."""

    def __init__(
        self, head: Head, signer: Signer, last: tuple[int, bytes] | None, at: datetime
    ) -> None:
        self.head = head
        self.last = last
        self.name = head.site or "the deployment"
        self.signer = signer
        self.at = at
        self.size = 0
        self.most = 0
        self.stack: list[tuple[int, bytes]] = []
        self.roots: dict[int, list[bytes]] = {}
        self.tiles: dict[int, int] = {}
        self.signed_root: bytes | None = merkle.EMPTY if head.signed == 0 else None
        self.said = Said()
        self.logs: set[int] = set()

    def check(self) -> Iterator[str]:
        for tile in self._stored(0):
            yield from self._bundle(tile)
        yield from self._upper()
        yield from self._signed()
        if self.head.site:
            yield from artefacts(self.head.site, self.said)

    def _stored(self, level: int) -> Iterator[Tile]:
        query = select(Tile).where(Tile.log_id == self.head.id, Tile.level == level)
        session: Session = db.session()
        yield from session.scalars(query.order_by(Tile.number).execution_options(yield_per=64))

    def _bundle(self, tile: Tile) -> Iterator[str]:
        where = f"log_tile of {self.name}, level 0, number {tile.number}"
        try:
            items = unpack(tile.body)
            entries = [item.entry() for item in items]
        except (Wrong, ValueError, OverflowError) as wrong:
            yield f"{where}: {wrong}."
            return
        if tile.number * tiles.WIDTH != self.size or not items or len(items) > tiles.WIDTH:
            yield f"{where}: it does not begin where the one before it ends ({self.size})."
        hashes = []
        for item, entry in zip(items, entries, strict=True):
            digest = merkle.leaf_hash(entry)
            hashes.append(digest)
            self._push(digest)
            self.most = max(self.most, item.seq)
            yield from self._note(item)
        full = len(items) == tiles.WIDTH
        right = merkle.root_of(hashes) if full else None
        if tile.root != right:
            yield f"{where}: its root is not that of its entries."
        if full and right is not None:
            self.roots.setdefault(1, []).append(right)
        if tile.most != self.most:
            yield f"{where}: its latest time is another one."
        yield from self._records(items, tile.number * tiles.WIDTH)

    def _push(self, digest: bytes) -> None:
        """RFC 6962 by a stack: two subtrees of one height become one."""
        height = 0
        while self.stack and self.stack[-1][0] == height:
            digest = merkle.node_hash(self.stack.pop()[1], digest)
            height += 1
        self.stack.append((height, digest))
        self.size += 1
        if self.size == self.head.signed:
            self.signed_root = self._root()

    def _root(self) -> bytes:
        found: bytes | None = None
        for _, digest in reversed(self.stack):
            found = digest if found is None else merkle.node_hash(digest, found)
        return merkle.EMPTY if found is None else found

    def _note(self, item: Item) -> Iterator[str]:
        """Remember what an entry says, for the comparison with the tables."""
        if item.kind == HEAD:
            self.logs.add(unpack_head(item.body)[0])
        if item.kind != ENTRY:
            return
        try:
            self.said.hear(json.loads(item.body))
        except (ValueError, AttributeError):
            yield f"log_tile of {self.name}: it holds an entry that is not JSON."

    def _records(self, items: Sequence[Item], first: int) -> Iterator[str]:
        """Each record's row makes the commitment in the log, or was erased."""
        due = {item.seq: (first + n, item) for n, item in enumerate(items) if item.kind == CONSENT}
        self.said.logged += sum(1 for item in items if item.kind == CONSENT)
        rows = remade(self.head.site, list(due))
        for seq, (index, item) in due.items():
            row = rows.get(seq)
            where = record_at(self.name, seq, index)
            if row is None:
                self.said.wiped.append((index, seq, True))
            elif row[0].flags & ERASED:
                self.said.wiped.append((index, seq, False))
                if any((row[0].visitor, row[0].salt, row[0].previous, row[0].services)):
                    yield f"{where}: it is marked as erased and still holds something."
            elif row[1] != item.body.hex():
                yield f"{where}: it is not what was acknowledged ({row[2]})."

    def _upper(self) -> Iterator[str]:
        """Tiles of higher levels hold the roots of the full ones below, and no others exist."""
        level = 1
        while self.roots.get(level) or self._any(level):
            below = self.roots.get(level, [])
            count = 0
            for tile in self._stored(level):
                where = f"log_tile of {self.name}, level {level}, number {tile.number}"
                part = below[tile.number * tiles.WIDTH : (tile.number + 1) * tiles.WIDTH]
                if tile.number != count or len(part) != tiles.WIDTH:
                    yield f"{where}: there can be no such tile."
                elif tile.body != b"".join(part) or tile.root != merkle.root_of(part):
                    yield f"{where}: it is not made of the roots below it."
                if tile.most is not None:
                    yield f"{where}: it has a latest time."
                count += 1
            if count != len(below) // tiles.WIDTH:
                missing = len(below) // tiles.WIDTH - count
                yield f"log_tile of {self.name}: {missing} missing on level {level}."
            for start in range(0, len(below) // tiles.WIDTH * tiles.WIDTH, tiles.WIDTH):
                root = merkle.root_of(below[start : start + tiles.WIDTH])
                self.roots.setdefault(level + 1, []).append(root)
            level += 1

    def _any(self, level: int) -> bool:
        query = select(func.count()).where(Tile.log_id == self.head.id, Tile.level >= level)
        return bool(db.session.scalar(query))

    def _signed(self) -> Iterator[str]:
        head, where = self.head, f"log_head of {self.name}"
        if (head.size, head.root) != (self.size, self._root()):
            yield f"{where}: size {head.size} or its root is not that of the {self.size} entries."
        if self.said.told != head.told:
            yield f"{where}: what the log was told of is not what it holds."
        last = self.last
        if last is None and not head.signed and not head.note:
            return
        try:
            signed = self._opened()
        except Wrong as wrong:
            yield f"{where}: its checkpoint: {wrong}."
            return
        if (signed.origin, signed.size) != (head.origin, head.signed):
            yield f"{where}: its checkpoint is of {signed.origin} with {signed.size} entries."
        elif signed.root != self.signed_root:
            yield f"{where}: its checkpoint has another root than the entries."
        right = last is not None and last[0] <= self.size
        if not right or (last and last[0] == signed.size and last[1] != signed.root):
            yield f"{where}: the signer remembers another tree."

    def _opened(self) -> Checkpoint:
        """The checkpoint, once each signature by a key of ours holds and nobody else has signed.

        Under the deployment's stand cosignatures too; which of them count, a policy says.
        """
        deployment = self.head.site == DEPLOYMENT
        keys = self.signer.verifiers(self.head.origin, self.at, strong=deployment)
        text, signed = note.open_note(self.head.note, keys, _ml_dsa_44)
        ours = {(key.name, key.id) for key in signed}
        for other in note.parse(self.head.note)[1]:
            witness = deployment and other.name != self.head.origin and len(other.value) in COSIGNED
            if (other.name, other.id) not in ours and not witness:
                raise Wrong("somebody else has signed it")
        if {key.kind for key in signed} != {key.kind for key in keys}:
            raise Wrong("a signature of ours is missing")
        return checkpoint.parse(text)


def _ml_dsa_44(public: bytes, message: bytes, value: bytes) -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(value, message)
    except InvalidSignature:
        return False
    return True
