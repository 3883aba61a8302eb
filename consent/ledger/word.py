"""What the ledger that ticks leaves in the database for those who serve, here and elsewhere.

A process that serves signs promises and no heads, and on a machine of its own it has no memory of
those that were signed. Whoever ticks has, and what it found a second ago holds for all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, Json, db
from ..saying import read, say, written
from .signer import Signer


class Word(Base):
    """One row. `alarms` are sentences of what is to be mended (see saying.written), by what they
    are about; `log` is why nothing is signed. `keys` are the SHA-256 (hex) of every public key that
    ever signed."""

    __tablename__ = "log_word"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    alarms: Mapped[dict[str, str]] = mapped_column(Json)
    keys: Mapped[list[str]] = mapped_column(Json)


def leave(signer: Signer, alarms: Mapping[str, str], at: datetime) -> None:
    """Write it down where anything changed."""
    kept = {about: written(why) for about, why in alarms.items()}
    said = (kept, signer.fingerprints(at))
    word = db.session.get(Word, 1)
    if word is None:
        word = Word(id=1, alarms={}, keys=[])
        db.session.add(word)
    if (word.alarms, word.keys) != said:
        word.alarms, word.keys = said
        with contextlib.suppress(IntegrityError):  # another ledger was first; the next tick looks
            db.session.commit()
    db.session.remove()


def heard(signer: Signer, at: datetime) -> dict[str, str]:
    """The alarms of the one that ticks, and one where this server's keys are not the log's. Where
    nobody has ticked yet, nothing can have been rolled back."""
    word = db.session.get(Word, 1)
    if word is None:
        return {}
    said = {about: read(why) for about, why in word.alarms.items()}
    strange = set(signer.fingerprints(at)) - set(word.keys)
    # Keys beside a memory are the log itself: what is strange there is younger than this word.
    if strange and signer.latest() is None:
        said["log"] = say(
            "%(count)s keys in this server's SIGNER_STATE are not the log's: put the keys.json of "
            "the server that integrates there.",
            count=len(strange),
        )
    return said
