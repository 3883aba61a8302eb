"""The owner's verbs: adding a webhook, changing it, another secret, sending again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from .. import trail, undoing
from ..db import db
from ..errors import Conflict, Invalid, NotFound
from ..saying import say
from ..sites import Site
from .outbox import queue
from .signing import secret_of
from .table import EVENTS, TEST, Delivery, Webhook

MOST = 20  # webhooks of a site
OVERLAP = timedelta(hours=24)  # as long as the secret before signs too


def add(
    site: Site,
    url: str,
    events: Sequence[str],
    by: str,
    at: datetime,
    active: bool = True,
) -> Webhook:
    """Raises Invalid with `url`, `events`, Conflict `webhook_exists` for an address twice."""
    _check(url, events)
    held = of_site(site)
    if any(one.url == url for one in held):
        raise Conflict("webhook_exists", "This site has a webhook to that address already.")
    if len(held) >= MOST:
        raise Invalid("field_value", say("A site has at most %(most)s webhooks.", most=MOST))
    made = Webhook(
        site_id=site.id,
        url=url,
        events=_sorted(events),
        active=active,
        salt=secrets.token_bytes(32),
        created_at=at,
    )
    db.session.add(made)
    trail.write("webhook.add", by, at, site.key, url=url, events=made.events)
    db.session.commit()
    return made


def change(
    kept: Webhook,
    site: Site,
    by: str,
    at: datetime,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    active: bool | None = None,
) -> Webhook:
    """Change what is given. Switched on again, it begins with what waits."""
    url, events = url or kept.url, kept.events if events is None else events
    _check(url, events)
    if any(one.url == url and one.id != kept.id for one in of_site(site)):
        raise Conflict("webhook_exists", "This site has a webhook to that address already.")
    was = {"url": kept.url, "events": kept.events, "active": kept.active}
    kept.url, kept.events = url, _sorted(events)
    if active is not None:
        if active and not kept.active:
            kept.failing_since = kept.rest_until = kept.why = None
        kept.active = active
    told = {"url": url, "events": kept.events, "active": kept.active}
    trail.write("webhook.change", by, at, site.key, webhook=kept.id, **told)
    if was != told:
        undoing.keep("webhook", by, at, url, {"id": kept.id, "was": was, "now": told}, site.key)
    db.session.commit()
    return kept


def remove(kept: Webhook, site: Site, by: str, at: datetime) -> None:
    """With what is on its way to it: that is not sent even where the webhook is brought back."""
    trail.write("webhook.remove", by, at, site.key, url=kept.url)
    undoing.keep("webhook_gone", by, at, kept.url, _whole(kept), site.key)
    for one in db.session.scalars(select(Delivery).where(Delivery.webhook_id == kept.id)):
        db.session.delete(one)
    db.session.flush()
    db.session.delete(kept)
    db.session.commit()


def bring_back(site: Site, said: dict[str, Any], by: str, at: datetime) -> Webhook:
    """A webhook that was removed, whole: the same address, events and secret, from now on.

    Raises Conflict `webhook_exists` where another has its address now.
    """
    made = add(site, said["url"], said["events"], by, at, said["active"])
    made.salt = bytes.fromhex(said["salt"])
    if said["salt_before"]:
        made.salt_before = bytes.fromhex(said["salt_before"])
        made.before_until = datetime.fromisoformat(said["before_until"])
    db.session.commit()
    return made


def change_back(
    site: Site, number: int, was: dict[str, Any], now: dict[str, Any], by: str, at: datetime
) -> None:
    """Give a webhook what it had, where nobody changed it since. Raises NotFound, Conflict
    `changed_since`, `webhook_exists`."""
    kept = get(site, number)
    if any(getattr(kept, name) != value for name, value in now.items()):
        raise Conflict("changed_since", "This webhook was changed again since.")
    change(kept, site, by, at, **was)


def rotate(kept: Webhook, site: Site, by: str, at: datetime) -> None:
    """Another secret; the one before signs too for a day, so that a receiver can change over."""
    kept.salt_before, kept.before_until = kept.salt, at + OVERLAP
    kept.salt = secrets.token_bytes(32)
    trail.write("webhook.rotate", by, at, site.key, webhook=kept.id)
    db.session.commit()


def secret(kept: Webhook, server_key: str) -> str:
    """What its receiver checks signatures with; to be shown after `add` and `rotate` alone."""
    return secret_of(kept.salt, server_key)


def test(kept: Webhook, site: Site, by: str, at: datetime) -> Delivery:
    """Queue a message that says nothing."""
    made = queue(kept, site, TEST, {}, at)
    trail.write("webhook.test", by, at, site.key, webhook=kept.id)
    db.session.commit()
    return made


def replay(one: Delivery, site: Site, by: str, at: datetime) -> None:
    """Send a message again, under the same id. Raises Conflict where it still waits."""
    if one.state == "waiting":
        raise Conflict("delivery_waiting", "This message is still on its way.")
    one.state, one.tries, one.next_at = "waiting", 0, at
    trail.write("webhook.replay", by, at, site.key, delivery=one.name)
    db.session.commit()


def of_site(site: Site) -> list[Webhook]:
    query = select(Webhook).where(Webhook.site_id == site.id).order_by(Webhook.id)
    return list(db.session.scalars(query))


def get(site: Site, number: int) -> Webhook:
    """Raises NotFound `not_found`."""
    found = db.session.get(Webhook, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "There is no such webhook of this site.")
    return found


def deliveries(kept: Webhook, limit: int = 50, before: int | None = None) -> list[Delivery]:
    """The newest first; `before` is the number of the last one seen."""
    query = select(Delivery).where(Delivery.webhook_id == kept.id).order_by(Delivery.id.desc())
    if before is not None:
        query = query.where(Delivery.id < before)
    return list(db.session.scalars(query.limit(limit)))


def delivery(site: Site, name: str) -> Delivery:
    """By its `webhook-id`; raises NotFound `not_found`."""
    query = select(Delivery).join(Webhook).where(Webhook.site_id == site.id, Delivery.name == name)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "There is no such message of this site.")
    return found


def address_problem(url: str) -> str | None:
    """Why nothing can be sent to an address; None where it can be tried."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
        good = good and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or len(url) > 500 or not re.fullmatch(r"[!-~]+", url):
        return "A whole address, like https://example.com/hooks/cookies."
    return None


def _whole(kept: Webhook) -> dict[str, Any]:
    before = kept.salt_before, kept.before_until
    return {
        "url": kept.url,
        "events": kept.events,
        "active": kept.active,
        "salt": kept.salt.hex(),
        "salt_before": before[0].hex() if before[0] else None,
        "before_until": before[1].isoformat() if before[1] else None,
    }


def _check(url: str, events: Sequence[str]) -> None:
    wrong = {}
    if why := address_problem(url):
        wrong["url"] = why
    if not events or not set(events) <= set(EVENTS):
        wrong["events"] = say("At least one of %(known)s.", known=", ".join(EVENTS))
    if wrong:
        raise Invalid("field_value", "The webhook cannot be kept like this.", fields=wrong)


def _sorted(events: Sequence[str]) -> list[str]:
    return [event for event in EVENTS if event in events]
