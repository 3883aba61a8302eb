"""The way out after a roll-back: the log goes on under a new name, and says what was lost.

What the signer signed beyond the database cannot be signed again. So the old origin is closed for
ever, and the same entries continue under the next one, whose first new entry names the last head
that was signed under the old. Whoever holds a receipt from beyond it holds the evidence.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select

from .. import trail, waiting
from ..db import db
from ..tlog.merkle import Wrong
from .rows import Head
from .signer import Signer
from .tree import Tree


def recover(signer: Signer, by: str, at: datetime, every: bool = False) -> list[str]:
    """Give every contradicted log its next name; returns a sentence for each. Restart afterwards:
    a running server has the old names in memory.

    `every`: also those that nothing contradicts, where the signer's memory was lost with the
    database and more may have been signed than either remembers.
    """
    said = []
    for head in db.session.scalars(select(Head).order_by(Head.id)):
        last = signer.last(head.origin)
        if last is None or (not every and _continues(head, *last)):
            continue
        old, size, root = head.origin, *last
        number = re.search(r"~([0-9]+)$", old)
        stem = old[: number.start()] if number else old
        head.origin = f"{stem}~{int(number[1]) + 1 if number else 2}"
        facts = {"h": root.hex(), "m": head.size, "n": size, "o": old, "r": head.root.hex()}
        waiting.entry(head.site, at, "shard", **facts)
        head.signed, head.note = 0, ""
        said.append(f"{old} had {size} signed entries and {head.size} are left: now {head.origin}.")
        trail.write("ledger.recover", by, at, head.site or None, was=old, signed=size)
        signer.forget(old)
    db.session.commit()
    return said


def _continues(head: Head, size: int, root: bytes) -> bool:
    if head.size < size:
        return False
    try:
        return Tree(db.session(), head.id).root(size) == root
    except Wrong:
        return False
