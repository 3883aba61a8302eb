"""Letters to the people of a site: a proposal waits, a version was published, consent fell.

Once a day the whole day before (UTC) is held against the fourteen before it, from counts alone.
What is found is kept as news either way; letters leave where the server has mail.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from . import news, rollup, sites, users
from .db import db
from .mail import Letter, Mail
from .news import News
from .permissions import Right, Role, may
from .saying import Said, say, spoken, told
from .sites import Site

_LOG = logging.getLogger(__name__)
EVERY = timedelta(seconds=30)
WORDS = {
    "proposal": (
        say("%(key)s: a proposal to publish waits"),
        say(
            "%(by)s proposes a version of the notice of %(site)s. Somebody else approves exactly"
            " this, or declines it:\n\n%(link)snotice/\n\nDigest: %(digest)s\n"
        ),
    ),
    "publish": (
        say("%(key)s: version %(version)s was published"),
        say(
            "%(by)s published version %(version)s of the notice of %(site)s at %(at)s UTC. If"
            " nobody of you meant to, go back to the version before it, and change the password:"
            "\n\n%(link)snotice/\n\nDigest: %(digest)s\n"
        ),
    ),
    "silent": (
        say("%(key)s: no choice arrived on %(day)s"),
        say(
            "Not one choice of a visitor of %(site)s arrived on %(day)s (UTC); in the 14 days"
            " before it were %(of)s. Is the snippet still on the pages?\n\n%(link)s\n"
        ),
    ),
    "fell": (
        say("%(key)s: consent fell on %(day)s"),
        say(
            "On %(day)s (UTC) %(granted)s of %(count)s visitors of %(site)s granted all or some"
            " (%(share)s); in the 14 days before %(was)s of %(of)s (%(before)s). That is more than"
            " chance explains. Was a version published, or a page changed?\n\n%(link)sstatistics/\n"
        ),
    ),
}
SETTLED = timedelta(minutes=10)  # after midnight: what arrives late for a day has arrived


class Telling:
    """A chore of whoever runs the ledger. Without `mail` nothing leaves; with `watch` off nobody
    looks at how consent goes."""

    def __init__(self, mail: Mail | None, base_url: str, watch: bool) -> None:
        self._mail = mail
        self._base = base_url
        self._watch = watch
        self._last: datetime | None = None
        self._day: date | None = None

    def __call__(self, at: datetime) -> None:
        if self._last and timedelta(0) <= at - self._last < EVERY:
            return
        self._last = at
        day = (at - SETTLED).date()
        if self._watch and day != self._day:
            look(at)
            self._day = day
        if self._mail is None:
            return
        for letter in list(letters(at, self._base)):
            try:
                self._mail(*letter)
            except (OSError, ValueError) as error:
                _LOG.warning("a letter about a site was not sent: %s", type(error).__name__)


def look(at: datetime) -> list[tuple[str, str]]:
    """Hold the last whole day of each site against the days before; (site, what) of what is new."""
    last = (at - SETTLED).date() - timedelta(days=1)
    found = []
    for site in sites.all_sites():
        if news.quiet(site):
            continue
        days = rollup.daily(site, last - timedelta(days=rollup.BEFORE), last)
        what = rollup.verdict(days[:-1], days[-1])
        if what is None:
            continue
        whole = sum(one.granted for one in days[:-1]), sum(one.answers for one in days[:-1])
        said = {"day": last.isoformat(), "now": list(days[-1]), "before": list(whole)}
        if news.add(site, what, last.isoformat(), said, at):
            found.append((site.key, what))
    db.session.commit()
    return found


def letters(at: datetime, base: str) -> Iterator[Letter]:
    """Those to send now; their news is marked as sent."""
    for one, site in news.unsent(at):
        subject, text = written(one, site, base)
        for to in _people(one, site):
            yield Letter(to, subject, text)


def written(one: News, site: Site, base: str) -> tuple[str, str]:
    """Subject and text, in the site's own language where the admin speaks it: what language a
    person reads is known to their browser alone."""
    subject, text = WORDS[one.kind]
    link = f"{base}/admin/sites/{site.key}/"
    values = {"key": site.key, "site": site.name, "link": link, **_values(one)}
    tag = spoken(site.default_language)
    return told(Said(subject, values), tag), told(Said(text, values), tag)


def _values(one: News) -> dict[str, Any]:
    said = one.said
    if one.kind in ("proposal", "publish"):
        return {**said, "at": f"{one.at:%Y-%m-%d %H:%M}"}
    (granted, count), (was, of) = said["now"], said["before"]
    shares = {"share": f"{granted / count:.0%}", "before": f"{was / of:.0%}"} if count else {}
    return {"day": said["day"], "granted": granted, "count": count, "was": was, "of": of, **shares}


def _people(one: News, site: Site) -> list[str]:
    """All owners; of a proposal whoever may approve it too, but not its author."""
    members = users.members(site.organisation_id)
    if one.kind == "proposal":
        able = [it.user.email for it in members if may(it.role, Right.PUBLISH)]
        return [email for email in able if email != one.said["by"].partition(" (")[0]]
    return [it.user.email for it in members if it.role == Role.OWNER]
