"""Is this the database whose heads were signed last?"""

from __future__ import annotations

from sqlalchemy import select

from ..db import db
from ..saying import say
from ..waiting import DEPLOYMENT
from .rows import Head
from .signer import Signer


def doubt(signer: Signer, origin: str, *, ticks: bool = False) -> str | None:
    """Why the database is another than the one whose heads were signed last, or None. `origin` is
    that of the deployment's log where it has none yet; without a memory only one who `ticks` finds
    something to say.

    The signer is asked between two readings, because others sign meanwhile: a head is always
    stored before it is signed, and remembered by the signer before its note is published.
    """
    known = db.session.execute(
        select(Head.origin, Head.size, Head.signed).where(Head.site == DEPLOYMENT)
    ).one_or_none()
    last = signer.last(known.origin if known else origin)
    if accused := signer.accused():
        return say(
            "Somebody holds a checkpoint of %(known)s that we signed and that the database "
            "contradicts: it was rolled back, together with the signer's memory.",
            known=", ".join(accused),
        )
    db.session.rollback()
    head = db.session.scalar(select(Head).where(Head.site == DEPLOYMENT))
    size = head.size if head else 0
    if last is None:
        if ticks and known and known.signed:
            return say("The signer's memory (SIGNER_STATE) is missing, but the log was signed.")
    elif last[0] > size:
        return say(
            "The signer has signed %(last)s entries of the log %(origin)s, and the "
            "database has %(size)s: an older database was put in its place.",
            last=last[0],
            origin=origin,
            size=size,
        )
    return None
