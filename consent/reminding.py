"""Mail to the site's contact when a request of a visitor arrived, and when one is due soon.

A letter names the site, the number and the day, and nothing of what the visitor wrote. Each is sent
once at most: it is marked before it leaves, so a broken mail server causes silence, never a flood.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from . import sites
from .db import db
from .requests import SOON, WAITING, Request
from .saying import Said, say, spoken, told
from .sites import Site

_LOG = logging.getLogger(__name__)
EVERY = timedelta(minutes=1)
AT_ONCE = 20
ARRIVED, DUE = 1, 2
# Subject and text, in the site's own language where the admin speaks it.
ARRIVED_WORDS = (
    say("A request for %(site)s arrived"),
    say(
        "The request %(number)s of a visitor of %(site)s (%(key)s) arrived.\n"
        "An answer is due by %(day)s (UTC).\n\n%(link)s\n"
    ),
)
DUE_WORDS = (
    say("A request for %(site)s is due soon"),
    say(
        "The request %(number)s of a visitor of %(site)s (%(key)s) is due soon.\n"
        "An answer is due by %(day)s (UTC).\n\n%(link)s\n"
    ),
)
Mail = Callable[[str, str, str], None]  # to, subject, text; raises OSError where it is not sent


class Reminders:
    """A chore of whoever runs the ledger; without `mail` it does nothing."""

    def __init__(self, mail: Mail | None, base_url: str) -> None:
        self._mail = mail
        self._base = base_url
        self._last: datetime | None = None

    def __call__(self, at: datetime) -> None:
        if self._mail is None or (self._last and timedelta(0) <= at - self._last < EVERY):
            return
        self._last = at
        for to, subject, text in due(at, self._base):
            try:
                self._mail(to, subject, text)
            except (OSError, ValueError) as error:
                _LOG.warning("a letter about a request was not sent: %s", type(error).__name__)


def due(at: datetime, base: str) -> list[tuple[str, str, str]]:
    """The letters to send now, each marked as sent."""
    waiting = select(Request, Site).join(Site, Site.id == Request.site_id)
    waiting = waiting.where(Request.state.in_(WAITING)).order_by(Request.id)
    fresh = Request.told.is_(None)
    urgent = (Request.due_at <= at + SOON) & (Request.told.bitwise_and(DUE) == 0)
    found = db.session.execute(waiting.where(fresh | urgent).limit(AT_ONCE)).all()
    letters = []
    for one, site in found:
        subject, text = ARRIVED_WORDS if one.told is None else DUE_WORDS
        one.told = ARRIVED if one.told is None else one.told | DUE
        to = _contact(site)
        if to is not None:
            values = _values(site, one, base)
            tag = spoken(site.default_language)
            letters.append((to, told(Said(subject, values), tag), told(Said(text, values), tag)))
    db.session.commit()
    return letters


def _contact(site: Site) -> str | None:
    """Where the site's notice sends visitors with their rights, else its controller."""
    reach = sites.rights_contact(site.controller, site.contacts) or {}
    return reach.get("email") or site.controller.get("email")


def _values(site: Site, one: Request, base: str) -> dict[str, str]:
    return {
        "number": one.number,
        "site": site.name,
        "key": site.key,
        "day": f"{one.due_at:%Y-%m-%d}",
        "link": f"{base}/admin/sites/{site.key}/requests/{one.number}",
    }
