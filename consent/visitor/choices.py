"""POST /v1/<site>/consents: a choice, durable before it is answered.

The hot road (`hot`) answers what is plainly in order before Flask sees it; this is the road of the
rest, and of every refusal.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from flask import Response, request

from .. import records, schemas
from ..db import db, micros
from ..errors import Refusal
from ..parts import as_json, parts
from ..records import Choice
from ..records.job import Job
from ..sites import Site
from ..strict_json import Malformed, parse
from . import shelf, taking, where
from .blueprint import bp

BODY = 8 * 1024
MEDIA = ("text/plain", "application/json")
OWN_PAGE = 3  # the layer of a choice made on the visitor's own page
TOLD = "crumbtrail.told"  # what the hot road was told, to be answered here


@bp.post("/<site>/consents")
def consents(site: str) -> Response:
    if told := request.environ.get(TOLD):
        raise told
    taken = taking.take(site, lambda: schemas.choice(_body()))
    reply = as_json(taken.body, taken.status)
    for cookie in taken.cookies:
        reply.headers.add("Set-Cookie", cookie)
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
    What comes back is what was stored: see taking.AGES.

    Raises Busy where nothing was stored.
    """
    now = parts().clock()
    taking.going()
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
    taking.within_limits(of, choice)
    facts = taking.facts_of(of, notice, taking.regime_here(now), None, test=False)
    choice, facts = taking.settled(of, choice, [secret], facts, age)
    db.session.close()
    parts().writer.write(Job.of(choice, facts))
    return choice


def _uuid7(at: datetime) -> bytes:
    """A version 7 UUID of that moment (RFC 9562, 5.7)."""
    drawn = secrets.token_bytes(10)
    made = bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F]) + drawn[3:]
    return (micros(at) // 1000).to_bytes(6) + made


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
