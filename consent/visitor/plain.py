"""/v1/<site>/choices: the question for whoever runs no JavaScript, as a page with a form.

Without JavaScript nothing that is held starts in the browser, so this page mostly says so. Where
this server is same-site with the website, the answer is recorded and the choice cookie set by HTTP,
for the half of the site that reads it on a server. Elsewhere no cookie of the website's can be set
from here, and the page says that instead of asking.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request

from .. import leaf, records, sites
from ..errors import Busy
from ..parts import parts
from ..sites import Site, origin_kind
from . import authorities, choices, cookies, paper, shelf, taking, where
from .blueprint import bp, own_address

TOKEN = re.compile(r"(?P<at>\d{10})\.(?P<mac>[0-9a-f]{64})")
OPEN_S = 24 * 3600  # as long as a page may stay open before it is sent
SAID = {"accept": ("accept_all", True), "reject": ("reject_all", False)}


@bp.get("/<site>/choices")
def plain(site: str) -> Response:
    """What is asked, by whom, for what; with the form where an answer can be kept."""
    return _page(shelf.site(site))


@bp.post("/<site>/choices")
def chosen(site: str) -> Response:
    """Only as this server showed it, from this very page: no other form decides for anybody."""
    of = shelf.site(site)
    action, given = SAID.get(request.form.get("choice", ""), ("", False))
    at = _handed_out(of, request.form.get("token", ""))
    if not reaches(of):
        return _page(of, 409)
    if not action or at is None or not _from_here():
        return _page(of, 422, told="token")
    secret = cookies.visitor() or secrets.token_urlsafe(16)
    try:
        choice = choices.here(
            of,
            secret,
            paper.language(of),
            action,
            given=given,
            previous=cookies.previous(),
            route="choices",
            layer=1,
            shown_at=at,
            age=taking.UNDER if request.form.get("age") == taking.UNDER else taking.OVER,
        )
    except Busy as busy:
        response = _page(of, busy.status, told="slow")
        response.headers["Retry-After"] = str(busy.retry_after or 2)
        return response
    now, content = parts().clock(), shelf.current(of).content
    kept = any(choice.categories.values())
    response = _page(of, told="accepted" if kept else "rejected")
    seconds = cookies.left(choice, content, taking.regime_here(now), now)
    cookies.put_chosen(response, of, choice, secret, content, seconds)
    return response


def reaches(of: Site) -> bool:
    """Whether a cookie set from here is one of the website's own."""
    own = own_address()
    if own is None:
        return False
    host = urlsplit(own).hostname or ""
    if of.cookie_domain:
        return sites.same_site(own, own, of.cookie_domain)
    return origin_kind(of, f"{urlsplit(own).scheme}://{host}", ()) == "real"


def _page(of: Site, status: int = 200, told: str = "") -> Response:
    content = shelf.current(of).content
    response = paper.page(
        "choices",
        of,
        status,
        say=_words(paper.language(of)),
        told=told,
        asked=[c["id"] for c in content["categories"] if c["id"] != "necessary"],
        content=content,
        facts=content.get("facts", {}),
        young=_too_young(of),
        reaches=reaches(of),
        token=_token(of),
        controller=content["controller"],
        rights=sites.rights_contact(content["controller"], content["contacts"]),
        dpo=content["dpo"],
        authority=content["authority"],
        local=authorities.at(where.place()),
    )
    # So that the form's own request names this origin, also in browsers without Sec-Fetch-Site.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _too_young(of: Site) -> bool:
    """Whether this browser's visitor said so last: the box is ticked then, and may be cleared."""
    secret = cookies.visitor()
    known = secret and records.last_denial(of.id, bytes.fromhex(leaf.visitor_id(of.key, secret)))
    return bool(known)


def _from_here() -> bool:
    """Whether the request comes from a page of this origin. One header of two suffices; none does
    not, and neither may say otherwise."""
    fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetched is None and origin is None:
        return False
    host = origin.lower().partition("://")[2] if origin else None
    return fetched in (None, "same-origin") and host in (None, request.host.lower())


def _token(of: Site) -> str:
    at = f"{int(parts().clock().timestamp())}"
    return f"{at}.{_mac(of, at)}"


def _handed_out(of: Site, token: str) -> datetime | None:
    """When this server showed the form; None for a token that is not ours or too old."""
    found = TOKEN.fullmatch(token)
    if found is None or not hmac.compare_digest(_mac(of, found["at"]), found["mac"]):
        return None
    age = parts().clock().timestamp() - int(found["at"])
    return datetime.fromtimestamp(int(found["at"]), UTC) if -1 <= age <= OPEN_S else None


def _mac(of: Site, said: str) -> str:
    key = parts().config.secret_key.encode()
    return hmac.digest(key, f"choices\0{of.key}\0{said}".encode(), "sha256").hex()


def _words(spoken: str) -> dict[str, str]:
    """The words of this page; English where nobody has written them in that language yet."""
    found = _all_words()
    return {**found["en"], **found.get(spoken, {}), "lang": spoken if spoken in found else "en"}


@cache
def _all_words() -> dict[str, Any]:
    text = files("consent").joinpath("data/plain.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
