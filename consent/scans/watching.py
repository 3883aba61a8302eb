"""Scans by themselves: how often, and who is told."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from .. import trail, undoing
from ..db import db
from ..errors import Conflict, Invalid
from ..requests import EMAIL, later
from ..saying import say
from ..sites import Site
from ..webhooks import address_problem
from .book import check_url
from .rows import Watch

EVERY = ("off", "daily", "weekly", "monthly")


def watch(site: Site) -> Watch:
    """What is set for the site; off where nothing is. Not stored by being looked at."""
    found = db.session.get(Watch, site.id)
    host = site.origins[0].removeprefix("*.")
    return found or Watch(site_id=site.id, every="off", url=f"https://{host}/")


def put_watch(
    site: Site,
    every: str,
    url: str,
    webhook: str,
    email: str,
    by: str,
    at: datetime,
    fresh: bool = False,
) -> Watch:
    """Set it; the next scan is one period from now. A webhook gets a secret with its first address,
    and a new one with `fresh`. Raises Invalid with `fields`."""
    wrong = _problems(every, webhook, email)
    try:
        check_url(site, url)
    except Invalid as refusal:
        wrong |= refusal.fields or {}
    if wrong:
        raise Invalid("field_value", "The schedule cannot be kept like this.", fields=wrong)
    kept = db.session.get(Watch, site.id)
    if kept is None:
        kept = Watch(site_id=site.id, every="off", url=url)
        db.session.add(kept)
    names = ("every", "url", "webhook", "email")
    was = {name: getattr(kept, name) for name in names}
    if every != kept.every or kept.next_at is None:
        kept.next_at = following(every, at)
    kept.every, kept.url, kept.email = every, url, email or None
    kept.webhook = webhook or None
    if webhook and (fresh or kept.secret is None):
        kept.secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    now = {name: getattr(kept, name) for name in names}
    if was != now:
        undoing.keep("watch", by, at, url, {"was": was, "now": now}, site.key)
    told = {"webhook": bool(webhook), "mail": bool(email), "fresh_secret": fresh}
    trail.write("scan.watch", by, at, site.key, every=every, url=url, **told)
    db.session.commit()
    return kept


def watch_back(site: Site, was: dict[str, Any], now: dict[str, Any], by: str, at: datetime) -> None:
    """The schedule as it was, where nobody changed it since; raises Conflict `changed_since`."""
    if any(getattr(watch(site), name) != value for name, value in now.items()):
        raise Conflict("changed_since", "The schedule was changed again since.")
    every, url, webhook, email = (was[name] or "" for name in ("every", "url", "webhook", "email"))
    put_watch(site, every, url, webhook, email, by, at)


def following(every: str, at: datetime) -> datetime | None:
    """One period later; a month is a calendar month."""
    if every == "off":
        return None
    if every == "monthly":
        return later(at, 1)
    return at + timedelta(days={"daily": 1, "weekly": 7}[every])


def due(at: datetime) -> list[tuple[Site, Watch]]:
    """The sites whose scan is due, each with its next moment set; what was missed while nothing ran
    is made up for once. Commits."""
    query = select(Watch).where(Watch.next_at <= at).with_for_update()
    found = []
    for one in db.session.scalars(query.execution_options(populate_existing=True)):
        one.next_at = following(one.every, at)
        site = db.session.get(Site, one.site_id)
        if site is not None and one.every != "off":
            found.append((site, one))
    db.session.commit()
    return found


def _problems(every: str, webhook: str, email: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if every not in EVERY:
        found["every"] = say("One of %(known)s.", known=", ".join(EVERY))
    if webhook and (why := address_problem(webhook)):
        found["webhook"] = why
    if email and (len(email) > 320 or not EMAIL.fullmatch(email)):
        found["email"] = "An e-mail address."
    return found
