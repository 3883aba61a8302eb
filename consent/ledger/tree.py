"""One log as a tree over its stored tiles: reading it, proving from it, and letting it grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, Table, bindparam, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from ..tlog import merkle, tiles
from ..tlog.merkle import Wrong
from ..waiting import CONSENT
from .rows import HASH, Item, Tile, pack, spans, unpack

AHEAD = 16  # bundles asked for at once
NEVER = 2**63
LATE_US = 60_000_000  # a record is committed at most this long after the microsecond of its seq

Bundle = tuple[int, int, bytes]  # its number, its `most` and its entries, packed

# A proof asks for some ten tiles. To put its questions together anew each time takes longer than
# the database does to answer them.
TILES = Tile.__table__.c
OF_LOG = TILES.log_id == bindparam("log")
AT = select(TILES.body, TILES.most).where(
    OF_LOG, TILES.level == bindparam("level"), TILES.number == bindparam("number")
)
BUNDLES = (
    select(TILES.number, TILES.most, TILES.body)
    .where(OF_LOG, TILES.level == 0)
    .where(TILES.most >= bindparam("most"), TILES.number > bindparam("after"))
    .order_by(TILES.most, TILES.number)
    .limit(bindparam("count"))
)
ROOTS = (
    select(TILES.root)
    .where(OF_LOG, TILES.level == bindparam("level"), TILES.root.is_not(None))
    .where(TILES.number >= bindparam("first"), TILES.number < bindparam("end"))
    .order_by(TILES.number)
)


class Tree:
    """What is stored of log `log_id`, read as needed and remembered for as long as this object.

    Never keep one over a tick: the tail it remembers would be old. Where its `size` is said, a tile
    that is not full is not looked for.
    """

    def __init__(self, session: Session | Connection, log_id: int, size: int | None = None) -> None:
        self._session = session
        self._size = size
        self.log_id = log_id
        self._hashes: dict[tuple[int, int], list[bytes]] = {}
        self._items: dict[int, list[Item]] = {}
        self.mosts: dict[int, int] = {}
        self.subtree = tiles.subtree_of(self.read)

    def read(self, level: int, number: int) -> list[bytes]:
        """The hashes a tile has so far (tlog-tiles)."""
        known = self._hashes.get((level, number))
        if known is None:
            known = self._leaves(number) if level == 0 else self._above(level, number)
            self._hashes[level, number] = known
        return known

    def items(self, number: int) -> list[Item]:
        """The entries of bundle `number`, as stored; none where there is no such bundle."""
        if number not in self._items:
            items, most = list[Item](), None
            for body, last in self._ask(AT, level=0, number=number):
                items, most = unpack(body), last
            self._items[number], self.mosts[number] = items, most or 0
        return self._items[number]

    def entry(self, index: int) -> bytes:
        """Raises Wrong where the log has no such entry."""
        number, place = divmod(index, tiles.WIDTH)
        items = self.items(number)
        if place >= len(items):
            raise Wrong(f"the log has no entry {index}")
        return items[place].entry()

    def root(self, size: int) -> bytes:
        return merkle.root(size, self.subtree)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return merkle.inclusion_proof(index, size, self.subtree)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_proof(old, new, self.subtree)

    def locate(self, seqs: Iterable[int]) -> dict[int, tuple[int, str]]:
        """Index and commitment (hex) of each record that is in the log, by seq.

        Each as `find` finds it, but a bundle is read once, and several at a time. Others that lie
        in the same bundles are in the answer too.
        """
        wanted = sorted(seqs)
        found: dict[int, tuple[int, str]] = {}
        ahead: list[Bundle] = []
        number, most, least = -1, -1, 0  # of the bundle that was read last
        for done, seq in enumerate(wanted):
            while seq not in found and (seq > most or least <= seq + LATE_US):
                if seq > most:
                    ahead = [bundle for bundle in ahead if bundle[1] >= seq]
                if not ahead:
                    many = min(AHEAD, 1 + (len(wanted) - done) // tiles.WIDTH)
                    ahead = self._bundles(number, max(seq, most), many)
                if not ahead:  # neither this one nor a later one is there
                    return found
                number, most, body = ahead.pop(0)
                least = _consents(number, body, found)
        return found

    def _bundles(self, after: int, most: int, count: int) -> list[Bundle]:
        """The first bundles beyond `after` that may hold an entry as late as `most`."""
        found = self._ask(BUNDLES, most=most, after=after, count=count)
        return [(n, last or 0, body) for n, last, body in found]

    def find(self, seq: int, kind: int) -> tuple[int, Item] | None:
        """Index and item of the entry with this `seq` and kind, or None.

        Bundles are in order of commit, which may differ from that of `seq` by LATE_US at most.
        """
        first = self._bundles(-1, seq, 1)
        number = first[0][0] if first else None
        for known, most, body in first:
            self._items[known], self.mosts[known] = unpack(body), most
        while number is not None:
            items = self.items(number)
            for place, item in enumerate(items):
                if item.seq == seq and item.kind == kind:
                    return number * tiles.WIDTH + place, item
            late = not items or min(item.seq for item in items) > seq + LATE_US
            number = None if late else number + 1
        return None

    def _leaves(self, number: int) -> list[bytes]:
        return [merkle.leaf_hash(item.entry()) for item in self.items(number)]

    def _above(self, level: int, number: int) -> list[bytes]:
        if self._size is None or tiles.partial_width(self._size, level, number) == tiles.WIDTH:
            for body, _ in self._ask(AT, level=level, number=number):
                return [body[at : at + HASH] for at in range(0, len(body), HASH)]
        first = number * tiles.WIDTH
        below = self._ask(ROOTS, level=level - 1, first=first, end=first + tiles.WIDTH)
        return [root for (root,) in below]

    def _ask(self, question: Select[Any], **told: int) -> Sequence[Any]:
        return self._session.execute(question, {"log": self.log_id, **told}).all()


class Growth:
    """A tree to which entries are added in memory; `save` writes what changed, nothing else does.

    Whoever saves holds the head's row by compare-and-swap, so no other growth saves beside it.
    """

    def __init__(self, tree: Tree, size: int) -> None:
        self.tree = tree
        self.size = size
        self._old = size
        self._full: list[tuple[int, int]] = []
        self._most = 0
        if size:
            last = (size - 1) // tiles.WIDTH
            tree.items(last)
            self._most = tree.mosts[last]

    def add(self, item: Item) -> int:
        """Append one entry; returns its index."""
        index = self.size
        number, place = divmod(index, tiles.WIDTH)
        items, _ = self.tree.items(number), self.tree.read(0, number)
        if place != len(items):
            raise Wrong(f"bundle {number} of log {self.tree.log_id} is not as long as it should be")
        items.append(item)
        self._push(0, number, merkle.leaf_hash(item.entry()))
        self._most = self.tree.mosts[number] = max(self._most, item.seq)
        self.size += 1
        return index

    def root(self) -> bytes:
        return self.tree.root(self.size)

    def save(self, connection: Session | Connection) -> None:
        """Write new and longer bundles and tiles that became full."""
        table: Table = Tile.__table__  # type: ignore[assignment]
        first, last = self._old // tiles.WIDTH, (self.size - 1) // tiles.WIDTH
        fresh: list[dict[str, object]] = []
        for number in range(first, last + 1):
            items = self.tree.items(number)
            full = len(items) == tiles.WIDTH
            values: dict[str, object] = {
                "root": merkle.root_of(self.tree.read(0, number)) if full else None,
                "most": self.tree.mosts[number],
                "body": pack(items),
            }
            if number == first and self._old % tiles.WIDTH:
                there = (table.c.log_id == self.tree.log_id, table.c.level == 0)
                connection.execute(
                    update(table).where(*there, table.c.number == number).values(values)
                )
            else:
                fresh.append({"log_id": self.tree.log_id, "level": 0, "number": number} | values)
        for level, number in self._full:
            hashes = self.tree.read(level, number)
            values = {"root": merkle.root_of(hashes), "most": None, "body": b"".join(hashes)}
            fresh.append({"log_id": self.tree.log_id, "level": level, "number": number} | values)
        if fresh:
            connection.execute(insert(table), fresh)

    def _push(self, level: int, number: int, digest: bytes) -> None:
        """Add a hash to a tile; a tile that becomes full adds its root to the one above."""
        hashes = self.tree.read(level, number)
        hashes.append(digest)
        if len(hashes) == tiles.WIDTH:
            if level:
                self._full.append((level, number))
            above, place = divmod(number, tiles.WIDTH)
            if len(self.tree.read(level + 1, above)) != place:
                raise Wrong(f"tile {level + 1}/{above} of log {self.tree.log_id} has a gap")
            self._push(level + 1, above, merkle.root_of(hashes))


def _consents(number: int, body: bytes, found: dict[int, tuple[int, str]]) -> int:
    """Add index and commitment of a bundle's records; returns the least seq of its entries."""
    first, written = number * tiles.WIDTH, body.hex()
    entries = spans(body)
    for place, (kind, seq, start, end) in enumerate(entries):
        if kind == CONSENT:
            found[seq] = first + place, written[2 * start : 2 * end]
    return min((seq for _, seq, _, _ in entries), default=NEVER)
