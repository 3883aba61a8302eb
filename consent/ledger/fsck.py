"""Everything again from the leaves: the tree, the signatures, and every row the log vouches for.

It believes nothing that is stored twice. What it finds it names in a sentence that says which
table, which row and what does not agree; it mends nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import leaf
from ..db import db, from_micros, rfc3339
from ..notices import Answer, Notice
from ..records import Names
from ..records.rows import (
    ACTIONS,
    BROWSERS,
    CATEGORIES,
    DEVICES,
    ERASED,
    SUPERSEDED,
    TEST,
    Row,
    pack_categories,
    pack_services,
    unpack_categories,
    unpack_services,
)
from ..sites import Site
from ..tlog import checkpoint, merkle, note, tiles
from ..tlog.merkle import Wrong
from ..trail import Entry, facts
from ..waiting import CONSENT, DEPLOYMENT, ENTRY, HEAD, Waiting
from .purging import Told, unexplained, untold
from .rows import Head, Item, Tile, day, unpack, unpack_head
from .signer import Signer

CHUNK = 500


def fsck(signer: Signer, at: datetime) -> Iterator[str]:
    """One sentence for each thing that is wrong; none when all agrees."""
    heads = {head.site: head for head in db.session.scalars(select(Head))}
    chained: dict[int, tuple[int, bytes]] = {}
    for name, head in heads.items():
        yield from _Log(head, signer, at, chained if name == DEPLOYMENT else None).check()
    top = heads.get(DEPLOYMENT)
    if top is not None:
        yield from _chain(heads, top)
    yield from _public_rows()


def _chain(heads: dict[str, Head], top: Head) -> Iterator[str]:
    """Each site's head is the entry of the deployment log that it says."""
    bundle: tuple[int, list[Item]] = (-1, [])
    for name, head in heads.items():
        if name == DEPLOYMENT:
            if head.chained is not None:
                yield "log_head of the deployment: it is chained to something."
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

    def __init__(self, head: Head, signer: Signer, at: datetime, chained: object) -> None:
        self.head = head
        self.name = head.site or "the deployment"
        self.signer = signer
        self.at = at
        self.size = 0
        self.most = 0
        self.stack: list[tuple[int, bytes]] = []
        self.roots: dict[int, list[bytes]] = {}
        self.tiles: dict[int, int] = {}
        self.signed_root: bytes | None = merkle.EMPTY if head.signed == 0 else None
        self.told: dict[str, str] = {}
        self.notices: set[str] = set()
        self.acts: set[str] = set()
        self.erased: set[int] = set()
        self.wiped: list[tuple[int, int, bool]] = []
        self.purged: list[Told] = []
        self.logged = 0

    def check(self) -> Iterator[str]:
        for tile in self._stored(0):
            yield from self._bundle(tile)
        yield from self._upper()
        yield from self._signed()
        if self.head.site:
            yield from self._artefacts()

    def _stored(self, level: int) -> Iterator[Tile]:
        query = select(Tile).where(Tile.log_id == self.head.id, Tile.level == level)
        session: Session = db.session()
        yield from session.scalars(query.order_by(Tile.number).execution_options(yield_per=64))

    def _bundle(self, tile: Tile) -> Iterator[str]:
        where = f"log_tile of {self.name}, level 0, number {tile.number}"
        try:
            items = unpack(tile.body)
        except Wrong as wrong:
            yield f"{where}: {wrong}."
            return
        if tile.number * tiles.WIDTH != self.size or not items or len(items) > tiles.WIDTH:
            yield f"{where}: it does not begin where the one before it ends ({self.size})."
        hashes = []
        for item in items:
            digest = merkle.leaf_hash(item.entry())
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
        if item.kind != ENTRY:
            return
        try:
            entry: dict[str, Any] = json.loads(item.body)
        except ValueError:
            yield f"the log of {self.name} holds an entry that is not JSON."
            return
        kind = entry.get("k")
        if kind in ("regimes", "build", "key"):
            self.told[kind] = str(entry.get("h"))
        elif kind == "notice":
            self.notices.add(str(entry.get("h")))
        elif kind == "admin":
            self.acts.add(str(entry.get("c")))
        elif kind == "erase":
            self.erased.add(int(entry.get("r", -1)))
        elif kind == "purge":
            self.purged.append((str(entry.get("u")), int(entry.get("n", 0))))

    def _records(self, items: Sequence[Item], first: int) -> Iterator[str]:
        """Each record's row makes the commitment in the log, or was erased."""
        due = {item.seq: (first + n, item) for n, item in enumerate(items) if item.kind == CONSENT}
        self.logged += len(due)
        rows = _rows(self.head.site, list(due))
        for seq, (index, item) in due.items():
            row = rows.get(seq)
            where = f"record of {self.name} at {rfc3339(from_micros(seq))}, entry {index}"
            if row is None:
                self.wiped.append((index, seq, True))
            elif row[0].flags & ERASED:
                self.wiped.append((index, seq, False))
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
        if self.told != head.told:
            yield f"{where}: what the log was told of is not what it holds."
        last = self.signer.last(head.origin)
        if last is None and not head.signed:
            return
        try:
            text, _ = note.open_note(head.note, self.signer.verifiers(head.origin, self.at))
            signed = checkpoint.parse(text)
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

    def _artefacts(self) -> Iterator[str]:
        """Notices, acts and erasures agree with the log in both directions."""
        site = db.session.scalar(select(Site).where(Site.key == self.head.site))
        if site is None:
            yield f"site {self.name}: it is gone, and its log is here."
            return
        waits = _waiting(site.key)
        yield from self._noticed(site, waits["notice"])
        yield from self._acted(site, waits["admin"])
        erased = self.erased | waits["erase"]
        gone = [(index, day(seq)) for index, seq, _ in self.wiped if index not in erased]
        told = [*self.purged, *((u, n) for u, n, _ in waits["purge"]), *untold(site)]
        for why in unexplained(gone, told):
            yield f"record of {self.name}, {why}."
        yield from self._unlogged(site, waits["consent"])

    def _noticed(self, site: Site, waits: set[Any]) -> Iterator[str]:
        stored = set(db.session.scalars(select(Notice.digest).where(Notice.site_id == site.id)))
        for digest in sorted(self.notices - stored):
            yield f"notice of {self.name}: {digest} is in the log and not in the table."
        for digest in sorted(stored - self.notices - waits):
            yield f"notice of {self.name}: {digest} is in the table and not in the log."

    def _acted(self, site: Site, waits: set[Any]) -> Iterator[str]:
        acts = {}
        for line in db.session.scalars(select(Entry).where(Entry.site == site.key)):
            if line.salt is not None:
                acts[leaf.commitment(facts(line), line.salt)] = line.id
        for digest in sorted((self.acts | waits) - set(acts)):
            yield f"trail of {self.name}: an act with commitment {digest} is gone or was changed."
        for digest, number in acts.items():
            if digest not in self.acts and digest not in waits:
                yield f"trail of {self.name}: line {number} is not in the log."

    def _unlogged(self, site: Site, waits: set[Any]) -> Iterator[str]:
        """No record stands in the table that is neither in the log nor waiting."""
        real = select(func.count()).where(Row.site_id == site.id, Row.flags.bitwise_and(TEST) == 0)
        rows = db.session.scalar(real) or 0
        gone = sum(1 for _, _, absent in self.wiped if absent)
        due = self.logged - gone + len(waits)
        if rows != due:
            yield f"record of {self.name}: {rows} in the table, {due} in the log and waiting."


def _rows(site: str, seqs: list[int]) -> dict[int, tuple[Row, str, str]]:
    """Row, commitment it makes now and what is odd about it, by seq."""
    if not seqs:
        return {}
    query = (
        select(Row).join(Site, Site.id == Row.site_id).where(Site.key == site, Row.seq.in_(seqs))
    )
    found = {}
    rows = list(db.session.scalars(query))
    names = Names(rows)
    for row in rows:
        try:
            odd = _odd(row)
            record = names.record(row, site)
            made = leaf.commitment(record, row.salt or b"")
            if not odd and not _canonical(row):
                odd = "a column holds bits that mean nothing"
            found[row.seq] = (row, "" if odd else made, odd or "its columns were changed")
        except (LookupError, ValueError, TypeError, OverflowError) as error:
            found[row.seq] = (row, "", f"it cannot be read: {type(error).__name__}")
    return found


def _odd(row: Row) -> str:
    limits = (
        ("action", row.action, len(ACTIONS)),
        ("browser", row.browser, len(BROWSERS)),
        ("device", row.device or 0, len(DEVICES)),
        ("categories", row.categories, 1 << 2 * len(CATEGORIES)),
        ("signals", row.signals, 8),
        ("flags", row.flags, 8),
        ("language", row.language, 64),
    )
    for name, value, limit in limits:
        if not 0 <= value < limit:
            return f"{name} is {value}"
    return "it is marked as a test" if row.flags & TEST else ""


def _canonical(row: Row) -> bool:
    """Whether the packed columns hold nothing that the record does not show."""
    notice = db.session.get(Notice, row.notice_id)
    if notice is None:
        return False
    order = [service["id"] for service in notice.content["services"]]
    services = pack_services(unpack_services(row.services, order), order) == row.services
    categories = pack_categories(unpack_categories(row.categories)) == row.categories
    return services and categories and not row.flags & ~(SUPERSEDED | TEST | ERASED)


def _waiting(site: str) -> dict[str, set[Any]]:
    kinds = ("consent", "notice", "admin", "erase", "purge")
    found: dict[str, set[Any]] = {name: set() for name in kinds}
    for line in db.session.scalars(select(Waiting).where(Waiting.site == site)):
        if line.kind == CONSENT:
            found["consent"].add(line.seq)
        else:
            entry = json.loads(line.body)
            value = entry.get("h") or entry.get("c") or entry.get("r")
            if entry["k"] == "purge":
                value = (entry["u"], entry["n"], line.id)
            found.setdefault(entry["k"], set()).add(value)
    return found


def _public_rows() -> Iterator[str]:
    """Rows that name themselves by digest: notices and answers; and what waits."""
    for notice in db.session.scalars(select(Notice)):
        where = f"notice {notice.id}"
        if hashlib.sha256(notice.body).hexdigest() != notice.digest:
            yield f"{where}: its digest is not that of its body."
            continue
        body = json.loads(notice.body)
        stored = (notice.version, notice.asks, rfc3339(notice.published_at))
        if (
            stored != (body["version"], body["asks"], body["published_at"])
            or rfc3339(notice.effective_at) != body["effective_at"]
        ):
            yield f"{where}: its columns are not what its body says."
    for answer in db.session.scalars(select(Answer)):
        body = json.loads(answer.body) if _sha256(answer.body) == answer.digest else {}
        regime = body.get("regime", {}).get("id")
        if (regime, body.get("language")) != (answer.regime, answer.language):
            yield f"answer {answer.id}: it is not what its digest names."
    for line in db.session.scalars(select(Waiting).where(Waiting.kind == CONSENT)):
        row = _rows(line.site, [line.seq]).get(line.seq)
        if row is None or row[1] != line.body.hex():
            when = rfc3339(from_micros(line.seq))
            yield f"record of {line.site} at {when}: it is not what was acknowledged."


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
