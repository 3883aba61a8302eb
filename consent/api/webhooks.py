"""Webhooks of a site, and what was sent to them."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from consent import webhooks
from consent.parts import parts
from consent.sitefile.shape import WebhookRow
from consent.webhooks import Delivery, Webhook
from consent.wire import Facts, Moment, Said, StrictBoolean, StrictInteger, Word

from . import door, shapes
from .frame import PAGE, operation, page

calls = Blueprint("webhooks", __name__, url_prefix="/sites/<key>/webhooks")
TAG = "admin-webhooks"


class WebhookChange(Schema):
    """What is left out keeps its value."""

    url = Said(500, 1)
    events = fields.List(Word(webhooks.EVENTS))
    active = StrictBoolean()


class WebhookAnswer(Schema):
    """A webhook; `why` says why it was switched off by itself."""

    id = StrictInteger()
    url = Said(500)
    events = fields.List(Said(40))
    active = StrictBoolean()
    failing_since = Moment(allow_none=True)
    why = Said(200, allow_none=True)
    created_at = Moment()


class WebhookSecret(WebhookAnswer):
    """The same with its secret, which is shown here alone."""

    secret = Said(80)


class WebhookList(Schema):
    """The webhooks of a site."""

    webhooks = fields.List(fields.Nested(WebhookAnswer))


class Attempt(Schema):
    """One try: when, the status that came back if any, and what went wrong."""

    at = Said(30)
    status = StrictInteger(allow_none=True)
    problem = Said(200, allow_none=True)


class DeliveryAnswer(Schema):
    """A message; `name` is its `webhook-id`, the same at every try."""

    id = StrictInteger()
    name = Said(40)
    event = Said(40)
    state = Said(7)
    tries = StrictInteger()
    made_at = Moment()
    next_at = Moment()
    attempts = fields.List(fields.Nested(Attempt))
    message = Facts()


@operation(calls, "GET", "Webhooks of a site", tag=TAG, answer=WebhookList())
def every(key: str) -> dict[str, Any]:
    return {"webhooks": webhooks.of_site(door.site(key))}


@operation(
    calls,
    "POST",
    "Add a webhook",
    tag=TAG,
    body=WebhookRow(),
    answer=WebhookSecret(),
    status=201,
    codes={409: ["webhook_exists"]},
    more="The answer holds the secret, the only time it can be read.",
)
def add(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site, by, at = door.site(key), door.by(), door.now()
    active = body.get("active", True)
    return _shown(webhooks.add(site, body["url"], body["events"], by, at, active=active))


@operation(calls, "GET /<int:number>", "One webhook", tag=TAG, answer=WebhookAnswer())
def one(key: str, number: int) -> Webhook:
    return webhooks.get(door.site(key), number)


@operation(
    calls,
    "PATCH /<int:number>",
    "Change a webhook, or switch it on again",
    tag=TAG,
    body=WebhookChange(),
    answer=WebhookAnswer(),
    codes={409: ["webhook_exists"]},
)
def change(key: str, number: int, body: dict[str, Any]) -> Webhook:
    site = door.site(key)
    return webhooks.change(webhooks.get(site, number), site, door.by(), door.now(), **body)


@operation(
    calls,
    "DELETE /<int:number>",
    "Remove a webhook, with what is on its way to it",
    tag=TAG,
    status=204,
)
def remove(key: str, number: int) -> None:
    site = door.site(key)
    webhooks.remove(webhooks.get(site, number), site, door.by(), door.now())


@operation(
    calls,
    "POST /<int:number>/rotate",
    "Another secret",
    tag=TAG,
    answer=WebhookSecret(),
    more="The one before signs too for 24 hours.",
)
def rotate(key: str, number: int) -> dict[str, Any]:
    site = door.site(key)
    kept = webhooks.get(site, number)
    webhooks.rotate(kept, site, door.by(), door.now())
    return _shown(kept)


@operation(
    calls,
    "POST /<int:number>/test",
    "Send a message that says nothing",
    tag=TAG,
    answer=DeliveryAnswer(),
    status=201,
)
def test(key: str, number: int) -> dict[str, Any]:
    site = door.site(key)
    made = webhooks.test(webhooks.get(site, number), site, door.by(), door.now())
    return _message(made)


@operation(
    calls,
    "GET /<int:number>/deliveries",
    "What was sent, the newest first",
    tag=TAG,
    query=shapes.NumberPage(),
    answer=shapes.listed("deliveries", DeliveryAnswer),
)
def deliveries(key: str, number: int, query: dict[str, Any]) -> dict[str, Any]:
    kept, limit = webhooks.get(door.site(key), number), query.get("limit", PAGE)
    before = min(int(query["after"]), 2**53) if "after" in query else None
    found, following = page(webhooks.deliveries(kept, limit + 1, before), lambda row: row.id, limit)
    return {"deliveries": [_message(row) for row in found], "next": following}


@operation(
    calls,
    "POST /deliveries/<name>/replay",
    "Send a message again, under the same id",
    tag=TAG,
    answer=DeliveryAnswer(),
    codes={409: ["delivery_waiting"]},
)
def replay(key: str, name: str) -> dict[str, Any]:
    site = door.site(key)
    found = webhooks.delivery(site, name)
    webhooks.replay(found, site, door.by(), door.now())
    return _message(found)


def _shown(kept: Webhook) -> dict[str, Any]:
    told = {name: getattr(kept, name) for name in WebhookAnswer().fields}
    return told | {"secret": webhooks.secret(kept, parts().config.secret_key)}


def _message(row: Delivery) -> dict[str, Any]:
    names = [name for name in DeliveryAnswer().fields if name != "message"]
    return {name: getattr(row, name) for name in names} | {"message": json.loads(row.body)}
