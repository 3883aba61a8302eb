"""One choice on its way to disk, and what each table gets of it."""

from __future__ import annotations

from _thread import LockType, allocate_lock
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from .. import leaf
from ..errors import Invalid
from ..waiting import CONSENT
from .beside import REASONS
from .names import Names
from .rows import Line, encode
from .verb import Choice, Facts, claimed_ms, to_row

WAITING = ("site", "seq", "kind", "body")
canonical = msgspec.json.Encoder(order="sorted").encode  # as leaf.jcs, for what a record holds


def _held() -> LockType:
    """A lock that is taken: whoever takes it waits until it is released. Cheaper than an event."""
    lock = allocate_lock()
    lock.acquire()
    return lock


@dataclass
class Job:
    """`outcome` may be set before it is on disk, so it counts only once the batch is `over`. Then
    `done` is released, and `tell`, of whoever does not wait in a thread, is called with all jobs of
    the batch that have it."""

    row: Line
    rule: tuple[str, str]
    place: tuple[str, str, str, str]
    page: str
    claimed: int  # the claimed time, ms since 1970
    choice: Choice
    facts: Facts
    record: dict[str, Any] = field(default_factory=dict)
    commitment: str = ""
    reasons: int = 0  # why it is suspect, see suspicion.py
    done: LockType = field(default_factory=_held)
    tell: Callable[[list[Job]], None] | None = None
    outcome: Line | Exception | None = None
    over: bool = False
    fresh: bool = True
    left: bool = False  # nobody waits for it any more

    @property
    def withdrawal(self) -> bool:
        return self.choice.action == "withdraw"

    @classmethod
    def of(cls, choice: Choice, facts: Facts) -> Job:
        """What is to be stored of a choice that `check` has let through."""
        where = facts.place
        place = (where.country or "", where.subdivision or "", where.source)
        rule = (facts.regime, facts.regimes)
        return cls(
            row=to_row(choice, facts),
            rule=rule,
            place=(*place, (where.database or "")[:120]),
            page=choice.page,
            claimed=claimed_ms(choice),
            choice=choice,
            facts=facts,
        )

    def seal(self) -> None:
        """Make record and commitment, once the row has its time, salt and page. The ledger makes
        the commitment again, with `leaf.jcs`, before it is logged."""
        shown = self.choice.answer, self.facts.regime_shown or ""
        self.record = encode(
            self.row,
            self.facts.site,
            self.facts.notice,
            self.choice.notice,
            (shown[0], shown[1]) if shown[0] else None,
            self.rule,
            self.place,
            self.page,
        )
        self.commitment = leaf.committed(canonical(self.record), self.row.salt or b"")

    def retell(self, held: Line) -> None:
        """Take record and commitment from what is stored of this id, for its answer."""
        self.record = Names([held]).record(held, self.facts.site)
        self.commitment = leaf.commitment(self.record, held.salt or b"")

    def waiting(self) -> tuple[str, int, int, bytes]:
        """The commitment waits for the log in the transaction that stores the record: WAITING."""
        return self.facts.site, self.row.seq, CONSENT, bytes.fromhex(self.commitment)

    def flag(self) -> dict[str, Any]:
        return {**self._at(), "reasons": self.reasons}

    def address(self) -> dict[str, Any]:
        record, envelope = self.facts.kept or ("", "")
        return {**self._at(), "record": record, "address": envelope}

    def denial(self) -> dict[str, Any]:
        return {**self._at(), "reason": REASONS.index(self.facts.denied or "")}

    def _at(self) -> dict[str, Any]:
        return {"site_id": self.row.site_id, "seq": self.row.seq}


CLAIMS = (
    "visitor notice_id answer_id action categories services language layer device page_id previous"
).split()


def same(held: Line, sent: Line) -> bool:
    """Whether a repeated id carries the content that is stored under it."""
    if any(getattr(held, name) != getattr(sent, name) for name in CLAIMS):
        return False
    return (held.signals, held.shown, _claimed(held)) == (sent.signals, sent.shown, _claimed(sent))


def reused() -> Invalid:
    return Invalid(
        "id_reused", "This id stands for another choice.", fields={"id": "Make a new one."}
    )


def _claimed(row: Line) -> int:
    return row.claimed + row.seq // 1000
