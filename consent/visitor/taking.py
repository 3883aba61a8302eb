"""Taking a choice: the one verb behind the route of Flask and the hot road.

It has two halves, so that whoever answers many visitors at once can wait between them: `examined`
finds out whether a choice can be stored, `told` makes the answer once it is.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Request, request
from msgspec import Struct
from msgspec.structs import replace

from .. import leaf, ledger, records
from ..db import db, from_micros
from ..errors import Busy, Forbidden, Invalid, Refusal
from ..parts import parts
from ..records import Choice, Facts
from ..records.job import Job
from ..records.rows import ERASED, SUPERSEDED, TEST, Line, Row, uuid_text
from ..regime import Regime
from ..sites import Site
from . import cookies, shelf, underway, where
from .blueprint import origin_of
from .once import once
from .reach import READING, UNREACHED, reach

# What a visitor may say of their age beside a choice, where the notice asks; it holds until they
# say the other.
UNDER, OVER = AGES = ("under", "over")


class Taken(Struct, frozen=True):
    """A stored choice as it is answered: 201, or 200 where it was stored before."""

    status: int
    body: dict[str, Any]
    cookies: list[str]


class Examined(Struct, frozen=True):
    """A choice that may be stored, and what its answer needs beside the row."""

    of: Site
    choice: Choice
    facts: Facts
    held: list[str]  # secrets of which one is the visitor's: see cookies.secrets
    regime: Regime
    now: datetime


def take(site: str, read: Callable[[], Choice], asked: Request = request) -> Taken:
    """Store the choice that `read` finds in the body, or raise what CONTRACT says of it."""
    found = examined(site, read, asked)
    db.session.close()  # nothing is held while waiting for the writer
    return told(found, *_stored(found.choice, found.facts, found.held), asked)


def examined(site: str, read: Callable[[], Choice], asked: Request = request) -> Examined:
    """The choice that `read` finds in the body, if it may be stored; else raises."""
    known, of = parts(), shelf.site(site)
    now = known.clock()
    going()
    test = _known_origin(of, asked) == "test"
    choice = read()
    held = cookies.secrets(of, choice, asked)
    known.writer.turn_away(of.id, choice.action == "withdraw")
    within_limits(of, choice, asked)
    notice = shelf.notice(of, choice.notice)
    regime = regime_here(now, asked)
    records.check(choice, notice.content, now)
    facts = facts_of(of, notice, regime, _answer(of, choice, notice), test, asked)
    age = asked.args.get("age") if asked.query_string else None
    choice, facts = settled(of, choice, held, facts, age, asked)
    return Examined(of, choice, facts, held, regime, now)


def told(found: Examined, job: Job, row: Line, fresh: bool, asked: Request = request) -> Taken:
    """What is answered once `row` is stored."""
    of, facts = found.of, found.facts
    if row.flags & ERASED:
        raise gone(of, row)
    if not fresh and not job.record:
        job.retell(row)
    body = _body(of, row, job.record, job.commitment, facts.denied)
    content, secret = facts.notice, found.held[0]
    lines = cookies.lines(of, found.choice, secret, content, found.regime, found.now, asked)
    return Taken(201 if fresh else 200, body, lines)


def going() -> None:
    """Raises Busy where the log is stopped."""
    if parts().ledger.stopped:
        raise Busy("busy", "The log is stopped; nothing was stored.", status=503, retry_after=60)


def within_limits(of: Site, choice: Choice, asked: Request = request) -> None:
    """Withdrawals have a budget of their own, ten times as large: none is lost in a flood.

    Raises Busy `slow_down`.
    """
    wait = once(asked, "crumbtrail.wait", lambda: _wait(of, choice, asked))
    if wait > 0:
        raise Busy(
            "slow_down",
            "Too many choices at once; nothing was stored.",
            status=429,
            retry_after=math.ceil(wait),
        )


def _wait(of: Site, choice: Choice, asked: Request) -> float:
    known = parts()
    limits, now = known.limits, known.clock().timestamp()
    kind = "withdrawal" if choice.action == "withdraw" else "choice"
    client = where.limit_key(asked)
    wait = 0.0 if client is None else limits[f"client_{kind}"].take(client, now)
    # In this order: what one client is refused is not taken from the site's other visitors.
    return wait or limits[f"site_{kind}"].take(of.key, now)


def regime_here(now: datetime, asked: Request = request) -> Regime:
    """The rules that bind for whoever sent this request."""
    return parts().regimes.decide(where.place(asked), where.signals(asked), now.date())


def facts_of(
    of: Site,
    notice: shelf.Shown,
    regime: Regime,
    answer: tuple[int, int, str] | None,
    test: bool,
    asked: Request = request,
) -> Facts:
    """What the server knows of a choice that this request brings."""
    known = parts()
    return Facts(
        site_id=of.id,
        site=of.key,
        notice_id=notice.id,
        notice=notice.content,
        answer_id=answer[0] if answer else None,
        regime_shown=answer[2] if answer else None,
        superseded=shelf.superseded(of, notice),
        test=test,
        regime=regime.id,
        regimes=known.regimes.digest,
        place=where.place(asked),
        browser=where.browser(asked),
        burst=once(asked, "crumbtrail.burst", lambda: _burst(asked)),
    )


def _burst(asked: Request) -> bool:
    known, client = parts(), where.limit_key(asked)
    now = known.clock().timestamp()
    return client is not None and known.limits["client_burst"].take(client, now) > 0


def settled(
    of: Site,
    choice: Choice,
    held: list[str],
    facts: Facts,
    said: str | None,
    asked: Request = request,
) -> tuple[Choice, Facts]:
    """Choice and facts with what is kept beside the record: of the address what the notice says,
    and why nothing is granted. Raises Invalid for an age that means nothing."""
    told = facts.notice.get("facts", {})
    reason = _too_young(of, choice, held, said) if told.get("ask_age") else None
    mode = records.mode_now(told, of.facts)
    kept = None if facts.test else where.kept(mode, of.key, asked)
    sealed = records.sealed(of.id, choice.id, mode, kept) if kept else None
    if sealed or reason:
        facts = replace(facts, kept=sealed, denied=reason)
    return records.denied(choice) if reason else choice, facts


def gone(of: Site, row: Row | Line) -> Refusal:
    """410 with the place in the log, which still says that there was a record and an erasure."""
    place = ledger.places_of(of, [row]).get(row.seq)
    more = {} if place is None else {"index": place}
    return Refusal("erased", "This record was erased.", status=410, extra=more)


def _known_origin(of: Site, asked: Request) -> str:
    kind = origin_of(of, asked)
    if kind is None:
        raise Forbidden("origin", "Choices for this site come from its own pages only.")
    return kind


def _too_young(of: Site, choice: Choice, held: list[str], said: str | None) -> str | None:
    """The reason `age` where a visitor says so now, or said so last; what is stored stays."""
    if said not in (None, *AGES):
        why = f"One of {', '.join(AGES)}."
        raise Invalid("field_value", f"age: {why}", fields={"age": why})
    if first := underway.first(of, choice.id):
        return first.facts.denied
    try:
        with reach(READING).asking():
            return _said_before(of, choice, held, said)
    except UNREACHED:
        if parts().stream is None:
            raise
        return None if said == OVER else records.AGE  # nobody can look: nothing is granted


def _said_before(of: Site, choice: Choice, held: list[str], said: str | None) -> str | None:
    row = records.held(of.id, choice.id)
    if row is not None:
        found = records.beside(of, [row.seq]).get(row.seq)
        return found.denied if found else None
    if said is not None:
        return records.AGE if said == UNDER else None
    codes = (bytes.fromhex(leaf.visitor_id(of.key, secret)) for secret in held)
    denials = (records.last_denial(of.id, code) for code in codes)
    return next((one for one in denials if one), None)


def _answer(of: Site, choice: Choice, notice: shelf.Shown) -> tuple[int, int, str] | None:
    if choice.answer is None:
        return None
    known = shelf.answer_id(of, choice.answer)
    if known is None or known[1] != notice.id:
        raise Invalid(
            "field_value",
            "answer: never served with this notice.",
            fields={"answer": "Never served with this notice."},
        )
    return known


def _stored(choice: Choice, facts: Facts, held: list[str]) -> tuple[Job, Line, bool]:
    """The row under the first secret that fits what is stored of this id, if anything is."""
    write = parts().writer.write
    if held == [choice.visitor]:
        job = Job.of(choice, facts)
        return job, *write(job)
    *others, last = (Job.of(replace(choice, visitor=secret), facts) for secret in held)
    for job in others:
        with contextlib.suppress(Invalid):  # id_reused: perhaps stored before the cookie came
            return job, *write(job)
    return last, *write(last)


def _body(
    of: Site, row: Line, record: dict[str, Any], commitment: str, denied: str | None
) -> dict[str, Any]:
    """The answer of a stored record: a function of the record alone, so a repeat gets the same."""
    body: dict[str, Any] = {
        "id": uuid_text(row.id),
        "received_at": record["received_at"],
        "commitment": commitment,
        "promise": _promise(of, row, commitment),
        "receipt": f"/v1/{of.key}/receipts/{uuid_text(row.id)}",
        "country": record["place"]["country"],
        "regime": record["regime"],
    }
    if row.flags & SUPERSEDED:
        body["ask_again"] = True
    if row.flags & TEST:
        body["test"] = True
    if denied:
        body["denied"] = denied
    return body


def _promise(of: Site, row: Line, commitment: str) -> str | None:
    """That the record will be in the site's log; none for a test, which will not be."""
    if row.flags & TEST:
        return None
    known, received = parts(), from_micros(row.seq)
    return known.ledger.signer.promise(shelf.origin(of), commitment, received, known.clock())
