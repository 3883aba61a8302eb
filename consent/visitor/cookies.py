"""The two cookies as HTTP sets them, where this server is same-site with the page.

The script writes a choice before it sends it, so a request carries the newest choice of its
browser: one that arrives late never takes the place of a newer one.
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Request, Response, request

from .. import schemas, sites
from ..parts import parts
from ..records import Choice
from ..records.verb import claimed_ms
from ..regime import Regime
from ..sites import Site
from .blueprint import own_address, sets_cookies

CHOICE = "crumbtrail"
VISITOR = "crumbtrail_visitor"
WRITTEN = re.compile(
    r"v=1&asks=\d{1,9}&t=(?P<t>\d{1,12})"
    rf"&id=(?P<id>{schemas.UUID7.pattern})(?:&(?:s\.)?[a-z0-9-]{{1,63}}=[01])*"
)
LONGEST = 3500  # browsers keep at most 4,096 bytes of a cookie, its attributes included
MONTH_S = sites.UNITS["month"]
REPROMPT_MONTH_S = 30.5 * 86_400  # as the script counts


def secrets(of: Site, choice: Choice, asked: Request = request) -> list[str]:
    """The secret a choice was sent with; without one, the browser's, then the one made for it.

    The second is made from the record's id, so that a repeat whose first answer was lost finds
    the same. Raises Invalid where no cookie could keep it.
    """
    if choice.visitor is not None:
        return [choice.visitor]
    if not sets_cookies(of, asked):
        raise schemas.missing("visitor")
    held = visitor(asked)
    made = _made(of.key, str(UUID(bytes=choice.id)))
    return [made] if held is None else [held, made]


def visitor(asked: Request = request) -> str | None:
    """The secret in the request's cookie."""
    held = asked.cookies.getlist(VISITOR)
    return next((text for text in held if schemas.SECRET.fullmatch(text)), None)


def names_visitor(of: Site) -> bool:
    """Whether the cookie may stand for `Authorization`: only a page that is same-site sent it."""
    if "Origin" in request.headers:
        return sets_cookies(of)
    from_site = request.headers.get("Sec-Fetch-Site") in ("same-origin", "same-site")
    return from_site and own_address() is not None


def opens(of: Site, acting: bool) -> bool:
    """Whether the cookie may open the visitor's own page. To act, the request must come from that
    page itself (whose `Origin` is null, because it sends no referrer) or from the site's."""
    if own_address() is None:
        return False
    sent_by = request.headers.get("Sec-Fetch-Site")
    return sent_by == "same-origin" or sets_cookies(of) or (sent_by == "same-site" and not acting)


def life(content: dict[str, Any], regime: Regime) -> int:
    """Seconds a choice lives: the shorter of the site's promise and the regime's renewal."""
    promised = sites.seconds(content["choice_lifetime"])
    return min(promised, regime.renewal_months * MONTH_S) if regime.renewal_months else promised


def lines(
    of: Site,
    choice: Choice,
    secret: str,
    content: dict[str, Any],
    regime: Regime,
    now: datetime,
    asked: Request = request,
) -> list[str]:
    """Each `Set-Cookie`: both for what is left of the choice's life; none where not same-site."""
    if not sets_cookies(of, asked) or (seconds := left(choice, content, regime, now)) <= 0:
        return []
    jar = Response()
    for name, value in ((CHOICE, _written(choice, content["asks"], asked)), (VISITOR, secret)):
        if value is not None:
            _set(jar, of, name, value, seconds, asked)
    return jar.headers.getlist("Set-Cookie")


def reaches(of: Site) -> bool:
    """Whether this request shows that the browser's choice is within our reach."""
    return own_address() is not None and bool(request.cookies.getlist(CHOICE))


def put_withdrawn(
    response: Response, of: Site, choice: Choice, content: dict[str, Any], seconds: int
) -> None:
    """Let the browser know of a withdrawal made on the visitor's own page. The refusal stays there
    rather than nothing, because where the law lets trackers run until a refusal, nothing would
    start them again."""
    held = (WRITTEN.fullmatch(text) for text in request.cookies.getlist(CHOICE))
    newest = max((int(found["t"]) for found in held if found), default=0)
    # Newer than what the browser holds, whatever its clock says: it was decided after that.
    t = max(claimed_ms(choice) // 1000, newest + 1)
    if seconds > 0:
        _set(response, of, CHOICE, _text(choice, content["asks"], t), seconds)


def put_chosen(
    response: Response, of: Site, choice: Choice, secret: str, content: dict[str, Any], seconds: int
) -> None:
    """Both cookies for a choice made on a page of this server that is the website's own host."""
    put_withdrawn(response, of, choice, content, seconds)
    if seconds > 0:
        _set(response, of, VISITOR, secret, seconds)


def previous() -> bytes | None:
    """The id of the choice that the browser holds."""
    held = (WRITTEN.fullmatch(text) for text in request.cookies.getlist(CHOICE))
    newest = max(
        (found for found in held if found), key=lambda found: int(found["t"]), default=None
    )
    return UUID(newest["id"]).bytes if newest else None


def forget(response: Response, of: Site) -> None:
    """The secret of a visitor whose records are erased opens nothing any more."""
    response.delete_cookie(VISITOR, domain=of.cookie_domain, httponly=True, samesite="Lax")


def _set(
    response: Response, of: Site, name: str, value: str, seconds: int, asked: Request = request
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        domain=of.cookie_domain,
        secure=(own_address(asked) or "").startswith("https:"),
        httponly=name == VISITOR,
        samesite="Lax",
    )


def _made(site: str, record_id: str) -> str:
    """22 characters that nobody without SECRET_KEY can make."""
    said = b"\x00".join((b"visitor", site.encode(), record_id.encode()))
    mac = hmac.digest(parts().config.secret_key.encode(), said, "sha256")
    return base64.urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def left(choice: Choice, content: dict[str, Any], regime: Regime, now: datetime) -> int:
    """Seconds; in lax regimes a refusal lives at least until it may be asked again. The script
    holds a choice expired by the same count, so this is how long the browser may keep it."""
    lived = life(content, regime)
    asked = [c["id"] for c in content["categories"] if c["id"] != "necessary"]
    lax = any(regime.categories[name] != "opt-in" for name in asked)
    if lax and not all(choice.categories.values()):
        lived = max(lived, int((regime.reprompt_months or 12) * REPROMPT_MONTH_S))
    return min(lived, claimed_ms(choice) // 1000 + lived - int(now.timestamp()))


def _written(choice: Choice, asks: int, asked: Request) -> str | None:
    """The cookie the script wrote for this choice, now without `p`; None where a newer one is."""
    t, own_id = claimed_ms(choice) // 1000, str(UUID(bytes=choice.id))
    for text in asked.cookies.getlist(CHOICE):
        found = WRITTEN.fullmatch(text) if len(text) <= LONGEST else None
        if found and found["id"] == own_id:
            return text.removesuffix("&p=1")
        if found and int(found["t"]) >= t:
            return None
    return _text(choice, asks, t)


def _text(choice: Choice, asks: int, t: int) -> str:
    flags = choice.categories | {f"s.{name}": on for name, on in (choice.services or {}).items()}
    said = "".join(f"&{name}={int(on)}" for name, on in flags.items())
    return f"v=1&asks={asks}&t={t}&id={UUID(bytes=choice.id)}{said}"
