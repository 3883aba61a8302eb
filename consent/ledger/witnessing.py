"""Outside memory: witnesses cosign the deployment log's head, and the served checkpoint says so.

A witness is asked over HTTP (c2sp.org/tlog-witness) from a thread of its own, never while a
transaction is open, so nothing here holds up a choice or a tick. No answer is believed: a
cosignature is kept only once it is verified, and published only once the policy is satisfied.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError

from sqlalchemy import select, update

from ..db import db, rfc3339
from ..saying import all_of, say
from ..signing import verify_ml_dsa_44
from ..tlog import note
from ..tlog.merkle import Wrong
from ..tlog.note import Signature
from ..tlog.policy import Party, Policy
from ..tlog.spelling import encode, number
from ..waiting import DEPLOYMENT
from .rows import Head
from .tree import Tree

EVERY_S = 5.0
PATIENCE_S = 2.0
ANSWER_MAX = 64 * 1024
ALARM_AFTER = timedelta(seconds=60)

MEANING = {
    403: say("does not accept the signature of this log"),
    404: say("does not know this log"),
    422: say("refuses: this log does not continue what it has cosigned before"),
}


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    body: bytes


# (address, body) -> what was answered; raises OSError where nothing was.
Ask = Callable[[str, bytes], Answer]


@dataclass(frozen=True)
class Signed:
    """The head as it is published; `cosigned` are the verified lines of the policy's witnesses."""

    log_id: int
    size: int
    note: str
    text: str
    own: list[Signature]
    cosigned: dict[str, Signature]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A witness answers where the policy says it is, or not at all."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message,
        newurl: str,
    ) -> None:  # fmt: skip
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def over_http(address: str, body: bytes) -> Answer:
    """Ask one witness; config lets http and https pass, and nothing else."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "crumbtrail"}
    request = urllib.request.Request(address, body, headers)  # noqa: S310
    try:
        with OPENER.open(request, timeout=PATIENCE_S) as reply:
            return Answer(reply.status, reply.headers.get_content_type(), reply.read(ANSWER_MAX))
    except HTTPError as error:
        with error:
            kind = error.headers.get_content_type()
            return Answer(error.code, kind, error.read(ANSWER_MAX))
    except HTTPException as error:
        raise OSError("it does not speak HTTP") from error


@dataclass
class Witnessing:
    """What is remembered of the witnesses, in memory only: a restart asks them again.

    `sizes` is how much of the log each has cosigned, `trouble` what was wrong with each last;
    `behind` is since when the policy is not satisfied, `satisfied` when it was last.
    """

    policy: Policy
    ask: Ask = over_http
    sizes: dict[str, int] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)
    behind: datetime | None = None
    satisfied: datetime | None = None
    _kept: tuple[str, dict[str, Signature]] = ("", {})
    _busy: dict[str, threading.Thread] = field(default_factory=dict)

    def step(self, at: datetime) -> None:
        """Ask those witnesses that have not cosigned the head; publish what then suffices."""
        head = self.head()
        if head is None:
            return
        if self._kept[0] != head.text:
            self._kept = (head.text, {})
        kept = self._kept[1]
        kept.update(head.cosigned)
        if not self._suffice(kept):
            self.behind = self.behind or at
        missing = [one for one in self.policy.witnesses if one.name not in kept and one.url]
        again = self._round(head, missing)
        for party in self._round(head, again):
            self.trouble[party.name] = "answers with another size each time it is asked"
        self._publish(head, kept, at)

    def head(self) -> Signed | None:
        """The signed head of the deployment log; None before there is one that can be read."""
        row = db.session.scalar(select(Head).where(Head.site == DEPLOYMENT))
        found = None if row is None else self._read(row)
        db.session.rollback()
        return found

    def _read(self, row: Head) -> Signed | None:
        try:
            text, lines = note.parse(row.note)
        except Wrong:  # nothing is signed yet, or somebody changed the row, which fsck tells
            return None
        of = {(one.key.name, one.key.id): one for one in self.policy.witnesses}
        own = [line for line in lines if (line.name, line.id) not in of]
        claimed = [(of[line.name, line.id], line) for line in lines if line not in own]
        cosigned = {
            party.name: line for party, line in claimed if _wrong_with(text, [line], party) is None
        }
        return Signed(row.id, row.signed, row.note, text, own, cosigned)

    def alarm(self, at: datetime) -> str | None:
        """A sentence once the policy has not been satisfied for ALARM_AFTER, else None."""
        if self.behind is None or at - self.behind <= ALARM_AFTER:
            return None
        return say(
            "The newest entries of the log have no outside witness since %(behind)s: "
            "%(value)s. Choices are taken and logged as always: see docs/witness.md.",
            behind=rfc3339(self.behind),
            value=self.troubles(),
        )

    def troubles(self) -> str:
        """Which witness does what, in words."""
        troubles = sorted(self.trouble.items())
        said = [say("%(name)s %(what)s", name=name, what=what) for name, what in troubles]
        return all_of(said, "; ") or say("no answer has come yet")

    def _round(self, head: Signed, parties: Sequence[Party]) -> list[Party]:
        """Ask each once, all at a time; those that named another size, to be asked again."""
        questions = {party: self._question(head, party) for party in parties}
        db.session.remove()  # no connection is held while others are waited for
        answers = self._answers(questions)
        return [party for party in parties if self._heard(head, party, answers.get(party.name))]

    def _question(self, head: Signed, party: Party) -> bytes:
        old = self.sizes.get(party.name, 0)
        if old > head.size:
            old = 0
        proof = Tree(db.session(), head.log_id).consistency(old, head.size)
        lines = [f"old {old}", *map(encode, proof), "", note.join(head.text, head.own)]
        return "\n".join(lines).encode()

    def _answers(self, questions: Mapping[Party, bytes]) -> dict[str, Answer | str]:
        """What each answered within PATIENCE_S, or why not. A witness that is still being waited
        for from another time is not asked, so slow ones never pile up."""
        found: dict[str, Answer | str] = {}

        def ask(party: Party, body: bytes) -> None:
            try:
                found[party.name] = self.ask(
                    f"{(party.url or '').rstrip('/')}/add-checkpoint", body
                )
            except OSError as error:
                if isinstance(getattr(error, "reason", error), TimeoutError):
                    return  # none in time: see _heard
                found[party.name] = say("cannot be reached (%(error)s)", error=error)

        started = []
        for party, body in questions.items():
            before = self._busy.get(party.name)
            if before is None or not before.is_alive():
                asking = threading.Thread(target=ask, args=(party, body), daemon=True)
                self._busy[party.name] = asking
                asking.start()
                started.append(asking)
        end = time.monotonic() + PATIENCE_S
        for asking in started:
            asking.join(max(0.0, end - time.monotonic()))
        return dict(found)

    def _heard(self, head: Signed, party: Party, answer: Answer | str | None) -> bool:
        """Take in one answer; whether the witness should be asked again from the size it named."""
        named: int | None = None
        problem: str | None
        if answer is None or isinstance(answer, str):
            problem = answer or say(
                "does not answer within %(patience_s)s seconds",
                patience_s=format(PATIENCE_S, ".0f"),
            )
        elif answer.status == 200:
            problem = self._cosigned(head, party, answer.body)
        elif answer.status == 409:
            named, problem = _size(head, answer)
        else:
            problem = MEANING.get(
                answer.status,
                say("answers with status %(status)s", status=answer.status),
            )
        if named is not None:
            self.sizes[party.name] = named
        if problem is None:
            self.trouble.pop(party.name, None)
        else:
            self.trouble[party.name] = problem
        return named is not None

    def _cosigned(self, head: Signed, party: Party, body: bytes) -> str | None:
        """Keep the witness's line if it holds; else what is wrong. Lines by others are ignored."""
        try:
            lines = [note.parse_signature(line) for line in body.decode().splitlines()]
        except (Wrong, UnicodeDecodeError):
            return "lies: what it answers is no signature"
        mine = [one for one in lines if (one.name, one.id) == (party.key.name, party.key.id)]
        if not mine:
            return "lies: it has not signed with the key in the policy"
        if _wrong_with(head.text, mine, party) is not None:
            return "lies: its signature does not hold for this checkpoint"
        self._kept[1][party.name] = mine[0]
        self.sizes[party.name] = head.size
        return None

    def _suffice(self, kept: Collection[str]) -> bool:
        cosigners = [one.key for one in self.policy.witnesses if one.name in kept]
        return self.policy.satisfied(cosigners)

    def _publish(self, head: Signed, kept: Mapping[str, Signature], at: datetime) -> None:
        """Put the cosignatures under the served checkpoint, if it is still the one they are of."""
        if not self._suffice(kept):
            return
        self.behind, self.satisfied = None, at
        parties = [one for one in self.policy.witnesses if one.name in kept]
        for party in parties:
            self.trouble.pop(party.name, None)
        cosigned = note.join(head.text, [*head.own, *(kept[one.name] for one in parties)])
        if cosigned != head.note:
            db.session.execute(
                update(Head)
                .where(Head.site == DEPLOYMENT, Head.signed == head.size, Head.note == head.note)
                .values(note=cosigned),
                execution_options={"synchronize_session": False},
            )
            db.session.commit()


def _wrong_with(text: str, lines: Sequence[Signature], party: Party) -> str | None:
    """What is wrong with a witness's lines under that checkpoint, or None."""
    try:
        note.open_note(note.join(text, lines), [party.key], verify_ml_dsa_44)
        if any(note.cosignature_time(line) == 0 for line in lines):
            raise Wrong("the cosignature has no time")
    except Wrong as wrong:
        return str(wrong)
    return None


def _size(head: Signed, answer: Answer) -> tuple[int | None, str | None]:
    """The size a 409 names, or what is wrong with it."""
    try:
        named = number(answer.body.decode("ascii").removesuffix("\n"))
    except (Wrong, UnicodeDecodeError):
        return None, "lies: it names a size that is none"
    if answer.kind != "text/x.tlog.size":
        return None, "answers with status 409 and no size"
    if named > head.size:
        return None, (
            say(
                "remembers %(named)s entries of this log, which has %(size)s: it lies, or an "
                "older copy was put in place of the log and its signer",
                named=named,
                size=head.size,
            )
        )
    return named, None
