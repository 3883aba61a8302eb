"""POST /v1/<site>/consents: a choice, durable before it is answered."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from typing import Any

from flask import Response, request

from .. import leaf, records, schemas
from ..db import db
from ..errors import Busy, Forbidden, Invalid, Refusal
from ..parts import as_json, parts
from ..records import Choice, Facts
from ..records.rows import ERASED, SUPERSEDED, TEST, Row, encode, uuid_text
from ..records.verb import claimed_ms, to_row
from ..records.writer import Job
from ..regime import Place
from ..sites import Site
from ..strict_json import Malformed, parse
from . import cookies, shelf, where
from .blueprint import bp, origin_of

BODY = 8 * 1024
MEDIA = ("text/plain", "application/json")


@bp.post("/<site>/consents")
def consents(site: str) -> Response:
    now = parts().clock()
    of = shelf.site(site)
    test = _known_origin(of) == "test"
    choice = schemas.choice(_body())
    secrets = cookies.secrets(of, choice)
    _within_limits(of, choice)
    notice = shelf.notice(of, choice.notice)
    records.check(choice, notice.content, now)
    place = where.place()
    regime = parts().regimes.decide(place, where.signals(), now.date())
    facts = Facts(
        site_id=of.id,
        site=of.key,
        notice_id=notice.id,
        notice=notice.content,
        answer_id=_answer(of, choice, notice),
        superseded=shelf.current(of).digest != notice.digest,
        test=test,
        regime=regime.id,
        regimes=parts().regimes.digest,
        place=place,
        browser=where.browser(),
    )
    db.session.close()  # nothing is held while waiting for the writer
    job, row, fresh = _stored(choice, facts, secrets)
    if row.flags & ERASED:
        raise Refusal("erased", "This record was erased.", status=410)
    if fresh:
        reply = _reply(of, row, _record(of, choice, notice, job, row), 201)
    else:
        reply = _reply(of, row, records.Names([row]).record(row, of.key), 200)
    cookies.put(reply, of, choice, secrets[0], notice.content, regime, now)
    return reply


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


def _within_limits(of: Site, choice: Choice) -> None:
    """Withdrawals have a budget of their own, ten times as large: none is lost in a flood."""
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


def _answer(of: Site, choice: Choice, notice: shelf.Shown) -> int | None:
    if choice.answer is None:
        return None
    known = shelf.answer_id(of, choice.answer)
    if known is None or known[1] != notice.id:
        raise Invalid(
            "field_value",
            "answer: never served with this notice.",
            fields={"answer": "Never served with this notice."},
        )
    return known[0]


def _stored(choice: Choice, facts: Facts, secrets: list[str]) -> tuple[Job, Row, bool]:
    """The row under the first secret that fits what is stored of this id, if anything is."""
    *others, last = (_job(replace(choice, visitor=secret), facts) for secret in secrets)
    for job in others:
        with contextlib.suppress(Invalid):  # id_reused: perhaps stored before the cookie came
            return job, *parts().writer.write(job)
    return last, *parts().writer.write(last)


def _record(of: Site, choice: Choice, notice: shelf.Shown, job: Job, row: Row) -> dict[str, Any]:
    """The record just stored, without asking the database for it."""
    shown = shelf.answer_id(of, choice.answer) if choice.answer else None
    answer = (choice.answer, shown[2]) if choice.answer and shown else None
    return encode(row, of.key, notice.content, notice.digest, answer, job.rule, job.place, job.page)


def _job(choice: Choice, facts: Facts) -> Job:
    return Job(
        row=to_row(choice, facts),
        rule=(facts.regime, facts.regimes),
        place=_place(facts.place),
        page=choice.page,
        claimed=claimed_ms(choice),
    )


def _place(place: Place) -> tuple[str, str, str, str]:
    return (
        place.country or "",
        place.subdivision or "",
        place.source,
        (place.database or "")[:120],
    )


def _reply(of: Site, row: Row, record: dict[str, Any], status: int) -> Response:
    """The answer of a stored record: a function of the record alone, so a repeat gets the same."""
    body: dict[str, Any] = {
        "id": uuid_text(row.id),
        "received_at": record["received_at"],
        "commitment": leaf.commitment(record, row.salt or b""),
        "promise": None,
        "receipt": f"/v1/{of.key}/receipts/{uuid_text(row.id)}",
        "country": record["place"]["country"],
        "regime": record["regime"],
    }
    if row.flags & SUPERSEDED:
        body["ask_again"] = True
    if row.flags & TEST:
        body["test"] = True
    return as_json(body, status)
