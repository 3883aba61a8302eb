"""What the ledger that ticks leaves in the database for servers that do not tick (LEDGER=0).

Such a server, on a machine of its own, has the keys for its promises and no memory of what was
signed. Whoever ticks has that memory, and what it found a few seconds ago holds for all.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, Json, Words, db
from ..saying import say
from .signer import Signer


class Word(Base):
    """One row. `why` nothing is signed, or None; `keys` are the SHA-256 (hex) of every public key
    that ever signed."""

    __tablename__ = "log_word"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    why: Mapped[str | None] = mapped_column(Words())
    keys: Mapped[list[str]] = mapped_column(Json)


def leave(signer: Signer, stopped: str | None, at: datetime) -> None:
    """Write it down where anything changed."""
    keys = signer.fingerprints(at)
    word = db.session.get(Word, 1)
    if word is None:
        word = Word(id=1, why=None, keys=[])
        db.session.add(word)
    if (word.why, word.keys) != (stopped, keys):
        word.why, word.keys = stopped, keys
        with contextlib.suppress(IntegrityError):  # another ledger was first; the next tick looks
            db.session.commit()
    db.session.remove()


def heard(signer: Signer, at: datetime) -> str | None:
    """Why this server may take no choice, or None. Where nobody has ticked yet, nothing can have
    been rolled back."""
    word = db.session.get(Word, 1)
    if word is None:
        return None
    if strange := set(signer.fingerprints(at)) - set(word.keys):
        return say(
            "%(count)s keys in this server's SIGNER_STATE are not the log's: put the keys.json of "
            "the server that integrates there.",
            count=len(strange),
        )
    return word.why
