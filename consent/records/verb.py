"""Whether a choice can be true, and how it becomes a row. Pure: no database, no clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from .. import leaf
from ..db import micros
from ..errors import Invalid
from ..regime import Place
from .rows import (
    ACTIONS,
    BROWSERS,
    DEVICES,
    DNT,
    DNT_SAID,
    GPC,
    SUPERSEDED,
    TEST,
    Line,
    pack_categories,
    pack_services,
)

OLDEST = timedelta(days=30)
NEWEST = timedelta(days=1)
AGES_US = tuple(one // timedelta(microseconds=1) for one in (-NEWEST, OLDEST))
DENYING = ("reject_all", "withdraw", "dismiss")
HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
SEGMENT = re.compile(r"[A-Za-z._~!$&'()+,;=:-]{1,24}")


class Choice(Struct, frozen=True):
    """What the browser claims, of the right shape (schemas.py); times are aware UTC."""

    id: bytes
    visitor: str | None  # None where a cookie keeps the secret, until the edge has put it in
    notice: str
    action: str
    categories: dict[str, bool]
    services: dict[str, bool] | None
    language: str
    layer: int
    page: str
    at: datetime
    shown_at: datetime | None
    answer: str | None
    device: str | None
    gpc: bool
    dnt: bool | None
    previous: bytes | None


class Facts(Struct, frozen=True):
    """What the server knows of the same choice."""

    site_id: int
    site: str
    notice_id: int
    notice: dict[str, Any]
    answer_id: int | None
    regime_shown: str | None
    superseded: bool
    test: bool
    regime: str
    regimes: str
    place: Place
    browser: str
    burst: bool = False  # whether its client sent many in a short time
    kept: tuple[str, str] | None = None  # of the address, sealed: see beside.py
    denied: str | None = None  # of beside.REASONS: why nothing is granted


def check(choice: Choice, notice: dict[str, Any], now: datetime) -> None:
    """Refuse a choice that cannot have been made under `notice`.

    Raises Invalid: `id_time`, `category_unknown`, `service_unknown`, `action_mismatch`,
    `field_value`.
    """
    age_us = micros(now) - int.from_bytes(choice.id[:6]) * 1000
    if not AGES_US[0] <= age_us <= AGES_US[1]:
        raise Invalid(
            "id_time",
            "The id was made over 30 days ago or more than a day ahead.",
            fields={"id": "Make a new one."},
            extra={"now": int(now.timestamp() * 1000)},
        )
    _check_categories(choice, notice)
    _check_services(choice, notice)
    if choice.language not in notice["languages"]:
        raise _bad("language", "Not a language of this notice.")
    wrong = (
        (choice.action == "accept_all" and not _all(choice, True))
        or (choice.action in DENYING and not _all(choice, False))
        or (choice.action == "gpc" and choice.categories.get("marketing") is not False)
    )
    if wrong:
        raise Invalid(
            "action_mismatch",
            f"{choice.action} does not fit the categories and services.",
            fields={"action": "Contradicts categories or services."},
        )


def denied(choice: Choice) -> Choice:
    """The same choice with nothing granted; a click on "accept all" is one that accepts nothing,
    so it is stored as `save`."""
    none = dict.fromkeys(choice.categories, False)
    services = None if choice.services is None else dict.fromkeys(choice.services, False)
    action = "save" if choice.action == "accept_all" else choice.action
    return replace(choice, categories=none, services=services, action=action)


def to_row(choice: Choice, facts: Facts) -> Line:
    """The row without what the writer gives: seq, salt, and the numbers of rule, place, page."""
    if choice.visitor is None:
        raise ValueError("a row has a visitor")
    claimed = claimed_ms(choice)
    signals = (GPC if choice.gpc else 0) | (DNT_SAID if choice.dnt is not None else 0)
    signals |= DNT if choice.dnt else 0
    return Line(
        site_id=facts.site_id,
        shown=None if choice.shown_at is None else micros(choice.shown_at) // 1000 - claimed,
        notice_id=facts.notice_id,
        answer_id=facts.answer_id,
        id=choice.id,
        visitor=bytes.fromhex(leaf.visitor_id(facts.site, choice.visitor)),
        previous=choice.previous,
        action=ACTIONS.index(choice.action),
        categories=pack_categories(choice.categories),
        language=facts.notice["languages"].index(choice.language),
        layer=choice.layer,
        device=None if choice.device is None else DEVICES.index(choice.device),
        browser=BROWSERS.index(facts.browser),
        signals=signals,
        flags=(SUPERSEDED if facts.superseded else 0) | (TEST if facts.test else 0),
        services=pack_services(choice.services, [s["id"] for s in facts.notice["services"]]),
    )


def claimed_ms(choice: Choice) -> int:
    """When the browser says the choice was made, in milliseconds since 1970."""
    return micros(choice.at) // 1000


@lru_cache(maxsize=256)
def reduced_page(url: str) -> str:
    """Origin and at most two path segments; one with digits, @, % or over 24 characters is `*`.

    Raises ValueError for what is not an http(s) address.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    if parts.scheme not in ("http", "https") or not HOST.fullmatch(host) or len(host) > 253:
        raise ValueError("Not a web address.")
    origin = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    kept = [s for s in parts.path.split("/") if s][:2]
    return origin + "/" + "/".join(s if SEGMENT.fullmatch(s) else "*" for s in kept)


def _check_categories(choice: Choice, notice: dict[str, Any]) -> None:
    asked = {c["id"] for c in notice["categories"]} - {"necessary"}
    unknown = set(choice.categories) - asked
    if unknown:
        raise Invalid(
            "category_unknown",
            "The notice does not ask about this category.",
            fields={f"categories.{name}": "Not asked." for name in sorted(unknown)},
        )
    missing = asked - set(choice.categories)
    if missing and choice.action != "gpc":
        raise _bad("categories", f"Missing: {', '.join(sorted(missing))}.")


def _check_services(choice: Choice, notice: dict[str, Any]) -> None:
    known = {service["id"]: service["category"] for service in notice["services"]}
    for name, granted in (choice.services or {}).items():
        if name not in known:
            raise Invalid(
                "service_unknown",
                "The notice does not name this service.",
                fields={f"services.{name}": "Not in the notice."},
            )
        category = known[name]
        if granted and category != "necessary" and not choice.categories.get(category or "", False):
            raise _bad(f"services.{name}", "Granted, though its category is not.")


def _all(choice: Choice, value: bool) -> bool:
    given = [*choice.categories.values(), *(choice.services or {}).values()]
    return all(granted is value for granted in given)


def _bad(field: str, why: str) -> Invalid:
    return Invalid("field_value", why, fields={field: why})
