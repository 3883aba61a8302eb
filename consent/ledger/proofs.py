"""What a holder or an auditor is given: where an entry stands, and why that can be believed.

Everything is proven under the heads that are signed and published. An entry that is stored and not
yet signed has no proof for that moment: `receipt` is None, and the caller asks again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ..db import db
from ..errors import Busy, NotFound
from ..records.rows import ERASED, Row
from ..sites import Site
from ..tlog import checkpoint, merkle, note, proof, tiles
from ..tlog.merkle import Wrong
from ..tlog.proof import Proof
from ..waiting import CONSENT, DEPLOYMENT
from .rows import Head
from .tree import Tree

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """`entry` of the site's log and its tlog-proof; the same of its head in the deployment log."""

    entry: str
    proof: str
    chain_entry: str
    chain_proof: str

    def body(self) -> dict[str, Any]:
        chain = {"entry": self.chain_entry, "proof": self.chain_proof}
        return {"entry": self.entry, "proof": self.proof, "chain": chain}


def head_of(site: str) -> Head:
    """Raises NotFound `log_empty` before the first signed head."""
    head = db.session.scalar(select(Head).where(Head.site == site))
    if head is None or not head.note:
        raise NotFound("log_empty", "This log has no signed checkpoint yet.")
    return head


def places(site: Site, rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
    """`log` of each record that is in the log, by seq: index, commitment and salt."""
    known, found = located(site, [row.seq for row in rows]), {}
    for row in rows:
        if row.seq in known:
            index, commitment = known[row.seq]
            salt = None if row.salt is None or row.flags & ERASED else row.salt.hex()
            found[row.seq] = {"index": index, "commitment": commitment, "salt": salt}
    return found


def located(site: Site, seqs: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Index in the log and commitment of each record that is there, by seq; perhaps of others."""
    head = db.session.scalar(select(Head).where(Head.site == site.key))
    if head is None:
        return {}
    with trusted(head):
        return Tree(db.session(), head.id).locate(seqs)


def receipt(site: Site, seq: int) -> Receipt | None:
    """The proof of the record with this `seq`, chained to the deployment log; None if not yet."""
    head = db.session.scalar(select(Head).where(Head.site == site.key))
    if head is None or head.signed != head.size:
        return None
    with trusted(head):
        return _receipt(head, seq)


def _receipt(head: Head, seq: int) -> Receipt | None:
    tree = Tree(db.session(), head.id, head.size)
    at = tree.find(seq, CONSENT)
    if at is None or head.chained is None:
        return None
    top = db.session.scalar(select(Head).where(Head.site == DEPLOYMENT))
    if top is None or top.signed != top.size:
        return None
    above = Tree(db.session(), top.id, top.size)
    return Receipt(*proven(tree, at[0], head), *proven(above, head.chained, top))


def entry_proof(site: str, index: int) -> tuple[str, str]:
    """Entry and tlog-proof of any entry of a log; raises NotFound where there is none."""
    head = head_of(site)
    if not 0 <= index < head.signed:
        raise NotFound("not_found", "The log has no such entry.")
    with trusted(head):
        return proven(Tree(db.session(), head.id), index, head)


def tile(site: str, path: str) -> bytes:
    """The bytes of a tile or a bundle of the signed tree; for one path they never change.

    Raises NotFound for every path that is not (or not yet) part of the tree.
    """
    head = head_of(site)
    try:
        level, number, width = tiles.parse_path(path)
    except Wrong as wrong:
        raise NotFound("not_found", f"{wrong}.".capitalize()) from None
    on = 0 if level == "entries" else level
    if width > tiles.partial_width(head.signed, on, number):
        raise NotFound("not_found", "The log is not as large as that yet.")
    tree = Tree(db.session(), head.id)
    if level == "entries":
        items = tree.items(number)[:width]
        return tiles.pack_entries(item.entry() for item in items)
    return b"".join(tree.read(on, number)[:width])


@contextmanager
def trusted(head: Head) -> Iterator[None]:
    """Nothing is handed out of a log that is not what was signed: Busy, as wherever it is in doubt,
    and a line for the operator. What was changed is for `fsck` to name."""
    try:
        yield
    except Wrong as wrong:
        _LOG.error("%s is not what was signed: %s", head.origin, wrong)
        message = "The log is not what was signed; nothing is proven by it."
        raise Busy("busy", message, status=503, retry_after=60) from None


def proven(tree: Tree, index: int, head: Head) -> tuple[str, str]:
    """An entry of the signed tree and its tlog-proof, which was checked against what was signed.

    Raises Wrong where it does not hold; call it inside `trusted`.
    """
    entry, hashes = tree.entry(index), tuple(tree.inclusion(index, head.signed))
    signed = checkpoint.parse(note.parse(head.note)[0])
    merkle.verify_inclusion(index, signed.size, merkle.leaf_hash(entry), hashes, signed.root)
    return entry.decode(), proof.text(Proof(index, hashes, head.note))
