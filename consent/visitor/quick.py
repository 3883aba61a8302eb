"""The body of a choice, read once and at once; whatever is not plainly in order is not read here.

`choice` says the same as `strict_json.parse` and `schemas.choice` where it says anything at all.
Those two refuse, and word the refusal (docs/decisions/0044-the-hot-road.md).
"""

from __future__ import annotations

from typing import Literal

import msgspec
from marshmallow import ValidationError
from msgspec import UNSET, Struct, UnsetType

from .. import records
from ..records import Choice
from ..records.rows import ACTIONS, DEVICES
from ..schemas import HEX64, LANGUAGE, NAME, SECRET, UUID7, moment, uuid_bytes

LONGEST = 512  # characters of a string, and
KEYS = 64  # keys of an object: as strict_json has them
ACTION = frozenset(ACTIONS)
DEVICE = frozenset(DEVICES)


class Signals(Struct, forbid_unknown_fields=True):
    gpc: bool
    dnt: bool | UnsetType = UNSET


class Sent(Struct, forbid_unknown_fields=True):
    """The fields of schemas.ChoiceSchema, by type alone."""

    v: Literal[1]
    id: str
    notice: str
    action: str
    categories: dict[str, bool]
    language: str
    layer: int
    page: str
    at: str
    signals: Signals
    visitor: str | UnsetType = UNSET
    services: dict[str, bool] | UnsetType = UNSET
    shown_at: str | UnsetType = UNSET
    answer: str | UnsetType = UNSET
    device: str | UnsetType = UNSET
    previous: str | UnsetType = UNSET


DECODER = msgspec.json.Decoder(Sent)


def choice(data: bytes) -> Choice | None:
    """The choice in a body; None where there is the least doubt of it."""
    # Without a backslash a quote is the end of a string and nothing else.
    if not data.isascii() or b"\\" in data:
        return None
    try:
        sent = DECODER.decode(data)
        if data.count(b'"') != _quotes(sent) or not _fits(sent):
            return None
        return _choice(sent)
    except (msgspec.MsgspecError, ValidationError, ValueError, RecursionError):
        return None


def _quotes(sent: Sent) -> int:
    """How many quotes spell this without a key that comes twice."""
    optional = (sent.visitor, sent.shown_at, sent.answer, sent.device, sent.previous)
    strings = 17 + 2 * sum(one is not UNSET for one in optional)
    strings += len(sent.categories) + (sent.signals.dnt is not UNSET)
    if sent.services is not UNSET:
        strings += 1 + len(sent.services)
    return 2 * strings


def _fits(sent: Sent) -> bool:
    services = {} if sent.services is UNSET else sent.services
    return bool(
        UUID7.fullmatch(sent.id)
        and HEX64.fullmatch(sent.notice)
        and sent.action in ACTION
        and LANGUAGE.fullmatch(sent.language)
        and 0 <= sent.layer <= 9
        and len(sent.page) <= LONGEST
        and (sent.visitor is UNSET or SECRET.fullmatch(sent.visitor))
        and (sent.answer is UNSET or HEX64.fullmatch(sent.answer))
        and (sent.device is UNSET or sent.device in DEVICE)
        and (sent.previous is UNSET or UUID7.fullmatch(sent.previous))
        and max(len(sent.categories), len(services)) <= KEYS
        and all(map(NAME.fullmatch, sent.categories))
        and all(map(NAME.fullmatch, services))
    )


def _choice(sent: Sent) -> Choice:
    return Choice(
        id=uuid_bytes(sent.id),
        visitor=None if sent.visitor is UNSET else sent.visitor,
        notice=sent.notice,
        action=sent.action,
        categories=sent.categories,
        services=None if sent.services is UNSET else sent.services,
        language=sent.language,
        layer=sent.layer,
        page=records.reduced_page(sent.page),
        at=moment(sent.at),
        shown_at=None if sent.shown_at is UNSET else moment(sent.shown_at),
        answer=None if sent.answer is UNSET else sent.answer,
        device=None if sent.device is UNSET else sent.device,
        gpc=sent.signals.gpc,
        dnt=None if sent.signals.dnt is UNSET else sent.signals.dnt,
        previous=None if sent.previous is UNSET else uuid_bytes(sent.previous),
    )
