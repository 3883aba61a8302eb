"""/v1/<site>/requests: asking the site about one's data, without an account and without a cookie.

The form's token says that this server handed it out lately, and becomes the request's number: a
form that is sent twice is one request. Where a browser says that another site sent it, it is shown
again instead of kept.
"""

from __future__ import annotations

import base64
import hmac
import math
import re
import secrets
from typing import Any

from flask import Response, request

from .. import requests, schemas, sites
from ..errors import Busy, Invalid, NotFound
from ..parts import parts
from ..requests import LONGEST, Wish
from ..sites import Site
from . import authorities, paper, shelf, where
from .blueprint import bp

TOKEN = re.compile(r"(?P<at>\d{10})\.(?P<nonce>[A-Za-z0-9_-]{22})\.(?P<mac>[0-9a-f]{64})")
OPEN_S = 24 * 3600  # as long as a page may stay open before it is sent


@bp.get("/<site>/requests")
def ask(site: str) -> Response:
    """The form, and where else to turn; without the form where the owner switched it off."""
    of = shelf.site(site)
    return _form(of, {}, {})


@bp.post("/<site>/requests")
def asked(site: str) -> Response:
    of = shelf.site(site)
    if not of.request_form:
        raise NotFound("not_found", "This site takes requests at its own addresses.")
    # One character too many is refused and shown again; a megabyte need not be.
    form = {name: text.strip()[: requests.LONGEST + 1] for name, text in request.form.items()}
    number, wrong = _number(of, form.get("token", "")), {}
    if number is None or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        wrong["token"] = ""
    record = form.get("record", "")
    if record and not schemas.UUID7.fullmatch(record):
        wrong["record"] = ""
    if wrong or number is None:
        return _form(of, form, wrong, 422)
    try:
        _within_limits(of)
        made = requests.add(
            sites.get(of.key), number, _wish(of, form, record), _place(), parts().clock()
        )
    except Invalid as invalid:
        return _form(of, form, invalid.fields or {}, 422)
    except Busy as busy:
        response = paper.page("me_busy", of, busy.status, word="slow", secret=None, plain=True)
        response.headers["Retry-After"] = str(busy.retry_after)
        return response
    return paper.page("request_sent", of, made=made, ask=True, **_people(of))


def _wish(of: Site, form: dict[str, str], record: str) -> Wish:
    return Wish(
        kind=form.get("kind", ""),
        contact=form.get("contact", ""),
        text=form.get("text", ""),
        record=schemas.uuid_bytes(record) if record else None,
        language=paper.language(of),
    )


def _form(of: Site, form: dict[str, str], wrong: dict[str, str], status: int = 200) -> Response:
    return paper.page(
        "request",
        of,
        status,
        form=form,
        wrong=wrong,
        kinds=requests.KINDS,
        longest=LONGEST,
        token=_token(of),
        ask=True,
        **_people(of),
    )


def _people(of: Site) -> dict[str, Any]:
    """Who answers, as the site says today, published or not."""
    return {
        "controller": of.controller,
        "rights": sites.rights_contact(of.controller, of.contacts),
        "dpo": of.dpo,
        "authority": of.authority,
        "local": authorities.at(where.place()),
    }


def _place() -> str | None:
    return requests.place_code(where.place(), parts().regimes.aliases)


def _within_limits(of: Site) -> None:
    limits, now = parts().limits, parts().clock().timestamp()
    client = where.limit_key()
    waits = [limits["site_request"].take(of.key, now)]
    if client is not None:
        waits.append(limits["client_request"].take(client, now))
    if max(waits) > 0:
        raise Busy(
            "slow_down", "Too many requests at once.", status=429, retry_after=math.ceil(max(waits))
        )


def _token(of: Site) -> str:
    said = f"{int(parts().clock().timestamp())}.{secrets.token_urlsafe(16)}"
    return f"{said}.{_mac(of, said).hex()}"


def _number(of: Site, token: str) -> str | None:
    """The request's number if the token is ours and fresh: 12 letters and digits."""
    found = TOKEN.fullmatch(token)
    if found is None:
        return None
    said = f"{found['at']}.{found['nonce']}"
    mac = _mac(of, said)
    age = parts().clock().timestamp() - int(found["at"])
    if not hmac.compare_digest(mac.hex(), found["mac"]) or not -1 <= age <= OPEN_S:
        return None
    letters = base64.b32encode(hmac.digest(mac, b"number", "sha256"))[:12].decode()
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def _mac(of: Site, said: str) -> bytes:
    """What nobody without SECRET_KEY can make."""
    key = parts().config.secret_key.encode()
    return hmac.digest(key, b"\x00".join((b"request", of.key.encode(), said.encode())), "sha256")
