"""What happened, written beside the verb that did it, and sent until it has arrived."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from .. import trail, users
from ..db import db, rfc3339
from ..permissions import Role
from ..saying import Said, say, spoken, told
from ..sites import Site
from .sending import Answered, Post, Send
from .signing import headers, secret_of
from .table import Delivery, Webhook

_LOG = logging.getLogger(__name__)
BATCH = 20
# After each try that failed; then the message is dead. About three days.
PAUSES = tuple(
    timedelta(seconds=s)
    for s in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
ENOUGH = timedelta(days=3)  # without one arrival, and a webhook is switched off
KEPT = timedelta(days=30)  # as long as a message that was sent, or is dead, can be looked at
TRIES_KEPT = 10
TIDY = timedelta(hours=1)
BY = "webhooks"
# Why one was switched off.
WHY = {"gone": "It answered 410: gone.", "silent": "It took no message for three days."}

Mail = Callable[[str, str, str], None]  # to, subject, text; raises OSError


def emit(
    site: Site, event: str, data: dict[str, Any], at: datetime, about: str | None = None
) -> None:
    """Queue `event` for the site's webhooks that want it; the caller commits.

    What has an `about` is told to each webhook once, as long as the message is kept.
    """
    wanted = select(Webhook).where(Webhook.site_id == site.id, Webhook.active.is_(True))
    for one in db.session.scalars(wanted):
        if event in one.events and not (about and _told(one, event, about)):
            queue(one, site, event, data, at, about)


def queue(
    to: Webhook,
    site: Site,
    event: str,
    data: dict[str, Any],
    at: datetime,
    about: str | None = None,
) -> Delivery:
    """One message to one webhook; the caller commits."""
    told = {"type": event, "timestamp": rfc3339(at), "data": {"site": site.key, **data}}
    made = Delivery(
        webhook_id=to.id,
        name=f"msg_{secrets.token_hex(12)}",
        event=event,
        about=about,
        body=json.dumps(told, ensure_ascii=False),
        state="waiting",
        tries=0,
        next_at=at,
        made_at=at,
        attempts=[],
    )
    db.session.add(made)
    return made


def deliver(at: datetime, send: Send, server_key: str, mail: Mail | None = None) -> int:
    """Try each message that is due, once; returns how many arrived. Commits after each.

    A webhook whose try failed rests until its message is due again, so that one that does not
    answer holds up no other.
    """
    due = (
        select(Delivery.id)
        .join(Webhook)
        .where(Delivery.state == "waiting", Delivery.next_at <= at, _awake(at))
        .order_by(Delivery.next_at, Delivery.id)
    )
    arrived = 0
    for number in list(db.session.scalars(due.limit(BATCH))):
        one = _mine(number, at)
        if one is None:
            continue
        to = db.session.get_one(Webhook, one.webhook_id)
        keys = [secret_of(to.salt, server_key)]
        if to.salt_before and to.before_until and to.before_until > at:
            keys.append(secret_of(to.salt_before, server_key))
        post = Post(to.url, headers(keys, one.name, at, one.body), one.body.encode())
        db.session.rollback()  # nothing is held while the network is waited for
        status, problem = _try(send, post)
        arrived += _keep(number, at, status, problem, mail)
    return arrived


def forget_old(at: datetime) -> None:
    """Messages that were sent, or are dead, go after KEPT."""
    old = delete(Delivery).where(Delivery.state != "waiting", Delivery.made_at < at - KEPT)
    db.session.execute(old, execution_options={"synchronize_session": False})
    db.session.commit()


@dataclass
class Sender:
    """A chore: call it with the time, again and again. `due` tells of what time alone brings."""

    send: Send
    server_key: str
    mail: Mail | None = None
    due: Callable[[datetime], None] = lambda at: None
    _tidied: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, at: datetime) -> None:
        with self._lock:
            if self._tidied is None or abs(at - self._tidied) > TIDY:
                self._tidied = at
                self.due(at)
                forget_old(at)
            deliver(at, self.send, self.server_key, self.mail)


def _told(to: Webhook, event: str, about: str) -> bool:
    same = select(Delivery.id).where(
        Delivery.webhook_id == to.id, Delivery.event == event, Delivery.about == about
    )
    return db.session.scalar(same.limit(1)) is not None


def _awake(at: datetime) -> Any:
    return Webhook.active.is_(True) & (Webhook.rest_until.is_(None) | (Webhook.rest_until <= at))


def _mine(number: int, at: datetime) -> Delivery | None:
    """Counted before it is sent, and put off: of two processes one sends it."""
    query = (
        select(Delivery)
        .join(Webhook)
        .where(Delivery.id == number, Delivery.state == "waiting", Delivery.next_at <= at)
        .where(_awake(at))
        .with_for_update(of=Delivery)
        .execution_options(populate_existing=True)
    )
    one = db.session.scalar(query)
    if one is not None:
        one.next_at = at + PAUSES[min(one.tries, len(PAUSES) - 1)]
        one.tries += 1
    db.session.commit()
    return one


def _try(send: Send, post: Post) -> tuple[int | None, str | None]:
    """The status, where there was an answer, and what went wrong in a few words."""
    try:
        status = send(post)
    except Answered as error:
        return error.status, str(error)
    except OSError as error:
        return None, str(error)[:200] or type(error).__name__
    return (status if isinstance(status, int) else 200), None


def _keep(
    number: int, at: datetime, status: int | None, problem: str | None, mail: Mail | None
) -> bool:
    """Note how a try went; True where the message arrived."""
    one = db.session.get(Delivery, number, populate_existing=True)
    if one is None:  # the webhook was removed meanwhile
        return False
    to = db.session.get_one(Webhook, one.webhook_id)
    tried = {"at": rfc3339(at), "status": status, "problem": problem}
    one.attempts = [*one.attempts, tried][-TRIES_KEPT:]
    ended = None
    if problem is None:
        one.state, to.failing_since, to.rest_until = "sent", None, None
    else:
        to.failing_since, to.rest_until = to.failing_since or at, one.next_at
        if one.tries > len(PAUSES) - 1:
            one.state = "dead"
        _LOG.warning("webhook %d did not take a message, try %d", to.id, one.tries)
        ended = _ended(to, one, at, status)
    db.session.commit()
    if ended and mail is not None:
        _write(mail, *ended)
    return problem is None


def _ended(to: Webhook, one: Delivery, at: datetime, status: int | None) -> tuple[Site, str] | None:
    """Switch off a webhook that is gone, or took nothing for days: (site, why)."""
    silent = one.state == "dead" and to.failing_since and at - to.failing_since >= ENOUGH
    if status != 410 and not silent:
        return None
    to.active = False
    to.why = WHY["gone" if status == 410 else "silent"]
    site = db.session.get_one(Site, to.site_id)
    trail.write("webhook.disable", BY, at, site.key, webhook=to.id, url=to.url, why=to.why)
    return site, to.why


def _write(mail: Mail, site: Site, why: str) -> None:
    """To those who can switch it on again, the owners of the site's organisation; who cannot be
    reached sees it in the admin."""
    members, key = users.members(site.organisation_id), site.key
    tag = spoken(site.default_language)
    text = say(
        "%(why)s Its messages wait. Mend the receiver and switch it on again in the admin, under"
        " Webhooks of %(key)s."
    )
    for owner in [one.user.email for one in members if one.role == Role.OWNER]:
        try:
            mail(
                owner,
                told(say("%(key)s: a webhook was switched off", key=key), tag),
                told(Said(text, {"why": Said(why), "key": key}), tag),
            )
        except OSError as error:
            _LOG.warning("a word about a webhook did not arrive: %s", type(error).__name__)
