"""POST /v1/<site>/consents: a choice, durable before it is answered."""

from __future__ import annotations

import contextlib
import math
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, request

from .. import leaf, ledger, records, schemas
from ..db import db, from_micros, micros
from ..errors import Busy, Forbidden, Invalid, Refusal
from ..parts import as_json, parts
from ..records import Choice, Facts
from ..records.rows import ERASED, SUPERSEDED, TEST, Row, uuid_text
from ..records.writer import Job
from ..regime import Regime
from ..sites import Site
from ..strict_json import Malformed, parse
from . import cookies, shelf, where
from .blueprint import bp, origin_of

BODY = 8 * 1024
MEDIA = ("text/plain", "application/json")
# What a visitor may say of their age beside a choice, where the notice asks; it holds until they
# say the other.
UNDER, OVER = AGES = ("under", "over")
OWN_PAGE = 3  # the layer of a choice made on the visitor's own page


@bp.post("/<site>/consents")
def consents(site: str) -> Response:
    now = parts().clock()
    of = shelf.site(site)
    if parts().ledger.stopped:
        raise Busy("busy", "The log is stopped; nothing was stored.", status=503, retry_after=60)
    test = _known_origin(of) == "test"
    choice = schemas.choice(_body())
    held = cookies.secrets(of, choice)
    within_limits(of, choice)
    notice = shelf.notice(of, choice.notice)
    records.check(choice, notice.content, now)
    regime = regime_here(now)
    facts = _facts(of, notice, regime, _answer(of, choice, notice), test)
    facts = _beside(of, choice, held, facts, request.args.get("age"))
    choice = records.denied(choice) if facts.denied else choice
    db.session.close()  # nothing is held while waiting for the writer
    job, row, fresh = _stored(choice, facts, held)
    if row.flags & ERASED:
        raise gone(of, row)
    if fresh:
        reply = _reply(of, row, job.record, job.commitment, facts.denied, 201)
    else:
        record = records.Names([row]).record(row, of.key)
        reply = _reply(of, row, record, leaf.commitment(record, row.salt or b""), facts.denied, 200)
    cookies.put(reply, of, choice, held[0], notice.content, regime, now)
    return reply


def withdraw(of: Site, secret: str, language: str, previous: bytes) -> Choice:
    """Record, as a choice of its own, that a visitor takes everything back on their own page.

    Raises Busy where nothing was stored.
    """
    return here(of, secret, language, "withdraw", given=False, previous=previous, route="me")


def here(
    of: Site,
    secret: str,
    language: str,
    action: str,
    *,
    given: bool,
    previous: bytes | None,
    route: str,
    layer: int = OWN_PAGE,
    shown_at: datetime | None = None,
    age: str | None = None,
) -> Choice:
    """Record a choice made on a page of this server, at `route`: all or nothing of what is asked.
    What comes back is what was stored: see AGES.

    Raises Busy where nothing was stored.
    """
    now = parts().clock()
    if parts().ledger.stopped:
        raise Busy("busy", "The log is stopped; nothing was stored.", status=503, retry_after=60)
    notice = shelf.current(of)
    content = notice.content
    asked = {c["id"] for c in content["categories"]} - {"necessary"}
    spoken = content["languages"]
    choice = Choice(
        id=_uuid7(now),
        visitor=secret,
        notice=notice.digest,
        action=action,
        categories=dict.fromkeys(sorted(asked), given),
        services={s["id"]: given for s in content["services"] if s["category"] in asked},
        language=language if language in spoken else content["default_language"],
        layer=layer,
        page=records.reduced_page(f"{parts().config.base_url}/v1/{of.key}/{route}"),
        at=now,
        shown_at=shown_at,
        answer=None,
        device=None,
        gpc=where.signals().gpc,
        dnt=None,
        previous=previous,
    )
    within_limits(of, choice)
    facts = _facts(of, notice, regime_here(now), None, test=False)
    facts = _beside(of, choice, [secret], facts, age)
    choice = records.denied(choice) if facts.denied else choice
    db.session.close()
    parts().writer.write(Job.of(choice, facts))
    return choice


def regime_here(now: datetime) -> Regime:
    """The rules that bind for whoever sent this request."""
    return parts().regimes.decide(where.place(), where.signals(), now.date())


def gone(of: Site, row: Row) -> Refusal:
    """410 with the place in the log, which still says that there was a record and an erasure."""
    place = ledger.places_of(of, [row]).get(row.seq)
    more = {} if place is None else {"index": place}
    return Refusal("erased", "This record was erased.", status=410, extra=more)


def _facts(
    of: Site,
    notice: shelf.Shown,
    regime: Regime,
    answer: tuple[int, int, str] | None,
    test: bool,
) -> Facts:
    client, now = where.limit_key(), parts().clock().timestamp()
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
        regimes=parts().regimes.digest,
        place=where.place(),
        browser=where.browser(),
        burst=client is not None and parts().limits["client_burst"].take(client, now) > 0,
    )


def _beside(of: Site, choice: Choice, held: list[str], facts: Facts, said: str | None) -> Facts:
    """The facts with what is kept beside the record: of the address what the notice says, and why
    nothing is granted. Raises Invalid for an age that means nothing."""
    told = facts.notice.get("facts", {})
    reason = _too_young(of, choice, held, said) if told.get("ask_age") else None
    mode = records.mode_now(told, of.facts)
    kept = None if facts.test else where.kept(mode, of.key)
    sealed = records.sealed(of.id, choice.id, mode, kept) if kept else None
    return replace(facts, kept=sealed, denied=reason)


def _too_young(of: Site, choice: Choice, held: list[str], said: str | None) -> str | None:
    """The reason `age` where a visitor says so now, or said so last; what is stored stays."""
    if said not in (None, *AGES):
        why = f"One of {', '.join(AGES)}."
        raise Invalid("field_value", f"age: {why}", fields={"age": why})
    row = records.held(of.id, choice.id)
    if row is not None:
        found = records.beside(of, [row.seq]).get(row.seq)
        return found.denied if found else None
    if said is not None:
        return records.AGE if said == UNDER else None
    codes = (bytes.fromhex(leaf.visitor_id(of.key, secret)) for secret in held)
    denials = (records.last_denial(of.id, code) for code in codes)
    return next((one for one in denials if one), None)


def _uuid7(at: datetime) -> bytes:
    """A version 7 UUID of that moment (RFC 9562, 5.7)."""
    drawn = secrets.token_bytes(10)
    made = bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F]) + drawn[3:]
    return (micros(at) // 1000).to_bytes(6) + made


def _promise(of: Site, row: Row, commitment: str) -> str | None:
    """That the record will be in the site's log; none for a test, which will not be."""
    if row.flags & TEST:
        return None
    received = from_micros(row.seq)
    return parts().ledger.signer.promise(shelf.origin(of), commitment, received, parts().clock())


def _known_origin(of: Site) -> str:
    kind = origin_of(of)
    if kind is None:
        raise Forbidden("origin", "Choices for this site come from its own pages only.")
    return kind


def _body() -> object:
    if "Content-Encoding" in request.headers or request.mimetype not in MEDIA:
        raise Refusal("media_type", "Send plain JSON as text/plain.", status=415)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise Refusal("media_type", "Send UTF-8.", status=415)
    if (request.content_length or 0) > BODY:
        raise Refusal("too_large", f"At most {BODY} bytes.", status=413)
    data = request.stream.read(BODY + 1)
    if len(data) > BODY:
        raise Refusal("too_large", f"At most {BODY} bytes.", status=413)
    try:
        return parse(data)
    except Malformed as error:
        raise Refusal("json_malformed", f"The body was refused: {error}.") from None


def within_limits(of: Site, choice: Choice) -> None:
    """Withdrawals have a budget of their own, ten times as large: none is lost in a flood.

    Raises Busy `slow_down`.
    """
    limits, now = parts().limits, parts().clock().timestamp()
    kind = "withdrawal" if choice.action == "withdraw" else "choice"
    client = where.limit_key()
    waits = [limits[f"site_{kind}"].take(of.key, now)]
    if client is not None:
        waits.append(limits[f"client_{kind}"].take(client, now))
    if max(waits) > 0:
        raise Busy(
            "slow_down",
            "Too many choices at once; nothing was stored.",
            status=429,
            retry_after=math.ceil(max(waits)),
        )


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


def _stored(choice: Choice, facts: Facts, held: list[str]) -> tuple[Job, Row, bool]:
    """The row under the first secret that fits what is stored of this id, if anything is."""
    *others, last = (Job.of(replace(choice, visitor=secret), facts) for secret in held)
    for job in others:
        with contextlib.suppress(Invalid):  # id_reused: perhaps stored before the cookie came
            return job, *parts().writer.write(job)
    return last, *parts().writer.write(last)


def _reply(
    of: Site,
    row: Row,
    record: dict[str, Any],
    commitment: str,
    denied: str | None,
    status: int,
) -> Response:
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
    return as_json(body, status)
