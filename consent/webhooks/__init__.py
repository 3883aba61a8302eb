"""Webhooks: telling other programs of what happened, at least once, signed.

A message is written in the transaction of the verb it tells of, and sent by a chore of its own
until it has arrived (Standard Webhooks 1.0). `table` stores, `book` are the owner's verbs, `outbox`
writes and delivers, `signing` signs, `sending` is the way out.
"""

from .book import (
    add,
    address_problem,
    bring_back,
    change,
    change_back,
    deliveries,
    delivery,
    get,
    of_site,
    remove,
    replay,
    rotate,
    secret,
    test,
)
from .outbox import PAUSES, Sender, deliver, emit, forget_old
from .sending import Answered, Post, Send, poster
from .signing import headers
from .table import EVENTS, Delivery, Webhook

__all__ = [
    "EVENTS",
    "PAUSES",
    "Answered",
    "Delivery",
    "Post",
    "Send",
    "Sender",
    "Webhook",
    "add",
    "address_problem",
    "bring_back",
    "change",
    "change_back",
    "deliver",
    "deliveries",
    "delivery",
    "emit",
    "forget_old",
    "get",
    "headers",
    "of_site",
    "poster",
    "remove",
    "replay",
    "rotate",
    "secret",
    "test",
]
