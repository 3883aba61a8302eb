"""Whether everything that was published is of the logs as they are stored."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from sqlalchemy import select

from consent.db import db
from consent.ledger import Signer
from consent.ledger.rows import Head
from consent.ledger.tree import Tree
from consent.tlog import checkpoint, merkle, note


def one_chain(notes: Set[str], signer: Signer, now: datetime) -> None:
    """The oracle: every checkpoint that anybody saw is of the tree that is stored now."""
    db.session.rollback()
    heads = {head.origin: head for head in db.session.scalars(select(Head))}
    trees = {origin: Tree(db.session(), head.id) for origin, head in heads.items()}
    for one in notes:
        signed = checkpoint.parse(note.parse(one)[0])
        note.open_note(one, signer.verifiers(signed.origin, now))
        assert signed.size <= heads[signed.origin].size, f"the log fell behind: {one}"
        root = trees[signed.origin].root(signed.size) if signed.size else merkle.EMPTY
        assert root == signed.root, f"a fork: {one}"
    db.session.rollback()
