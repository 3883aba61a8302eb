"""A checkpoint from outside against our log: a receipt from beyond the head is an alarm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ..db import db
from ..errors import Invalid, NotFound
from ..tlog import checkpoint, note, proof
from ..tlog.merkle import Wrong
from .rows import Head
from .signer import Signer
from .tree import Tree


def challenge(signer: Signer, text: str, at: datetime) -> dict[str, object]:
    """Compare a checkpoint, or the one in a tlog-proof, with the log: {origin, size, agrees}.

    One that carries our signature and does not agree is kept as evidence, and stops the log: there
    are two histories. Raises Invalid `checkpoint` for what is none or is not signed by us, NotFound
    `site_unknown` for an origin we do not have.
    """
    try:
        signed = proof.parse(text).checkpoint if text.startswith("c2sp.org/tlog-proof") else text
        found = checkpoint.parse(note.parse(signed)[0])
        head = db.session.scalar(select(Head).where(Head.origin == found.origin))
        if head is None:
            raise NotFound("site_unknown", "No log of this server has that origin.")
        note.open_note(signed, signer.verifiers(found.origin, at))
    except Wrong as wrong:
        raise Invalid("checkpoint", f"This is no checkpoint of ours: {wrong}.") from None
    agrees = found.size <= head.size and Tree(db.session(), head.id).root(found.size) == found.root
    if not agrees:
        signer.accuse(found.origin, signed)
    return {"origin": found.origin, "size": found.size, "agrees": agrees}
