"""Telling people of new findings: a signed webhook, an e-mail, tried again until it arrives.

A webhook is signed and sent as all are, see `webhooks`.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from ..db import db, rfc3339
from ..findings import sentences
from ..mail import Mail
from ..saying import of_error, say, say_many, spoken
from ..saying import told as in_words
from ..sites import Site
from ..webhooks import Post, Send, headers
from .rows import Alert, Scan, Watch

_LOG = logging.getLogger(__name__)
# After each failure; then it is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 480, 1440))
SEVERITIES = {"error": say("error"), "warning": say("warning"), "info": say("info")}
SENT = ("id", "code", "severity", "what", "where", "why")
NAMES = {"webhook": SENT, "mail": (*SENT, "said")}  # of a finding; a letter is said in a language
NAMED = 20  # findings in a message; the rest are counted


def announce(
    site: Site, scan: Scan, new: Sequence[dict[str, Any]], proposed: int, link: str, at: datetime
) -> None:
    """Queue the messages about new findings that need somebody; the caller commits."""
    told = [one for one in new if one["severity"] != "info"]
    kept = db.session.get(Watch, site.id)
    if kept is None or not told:
        return
    for way, target in (("webhook", kept.webhook), ("mail", kept.email)):
        if target:
            db.session.add(
                Alert(
                    site_id=site.id,
                    scan_id=scan.id,
                    name=f"msg_{secrets.token_hex(12)}",
                    way=way,
                    target=target,
                    body=_body(site, scan, told, proposed, link, at, NAMES[way]),
                    state="waiting",
                    tries=0,
                    next_at=at,
                )
            )


def messages(site: Site, limit: int = 10) -> list[Alert]:
    """The newest first."""
    query = select(Alert).where(Alert.site_id == site.id).order_by(Alert.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def deliver(at: datetime, send: Send, mail: Mail | None) -> int:
    """Try each message that is due, once; returns how many arrived. Commits after each."""
    due = select(Alert.id).where(Alert.state == "waiting", Alert.next_at <= at).order_by(Alert.id)
    arrived = 0
    for number in list(db.session.scalars(due.limit(20))):
        one = _mine(number, at)
        if one is None:
            continue
        problem = _try(one, at, send, mail)
        if problem is None:
            one.state, one.problem = "sent", None
            arrived += 1
        else:
            one.problem = problem
            _LOG.warning("a %s alert did not arrive, try %d", one.way, one.tries)
        db.session.commit()
    return arrived


def _mine(number: int, at: datetime) -> Alert | None:
    """Counted before it is sent, and put off: of two processes one sends it."""
    query = select(Alert).where(Alert.id == number, Alert.state == "waiting", Alert.next_at <= at)
    locked = query.with_for_update().execution_options(populate_existing=True)
    one = db.session.scalar(locked)
    if one is not None:
        if one.tries >= len(PAUSES):
            one.state = "failed"
        else:
            one.next_at = at + PAUSES[one.tries]
        one.tries += 1
    db.session.commit()
    return one


def _try(one: Alert, at: datetime, send: Send, mail: Mail | None) -> str | None:
    """What went wrong, in a few words; None where it arrived."""
    try:
        if one.way == "webhook":
            kept = db.session.get(Watch, one.site_id)
            if kept is None or kept.secret is None:
                return say("The webhook was taken away.")
            post = Post(
                one.target, headers([kept.secret], one.name, at, one.body), one.body.encode()
            )
            db.session.rollback()  # nothing is held while the network is waited for
            send(post)
        elif mail is None:
            return say("This server sends no mail: SMTP_URL is not set.")
        else:
            target, body = one.target, one.body
            tag = spoken(db.session.get_one(Site, one.site_id).default_language)
            db.session.rollback()
            mail(target, *_letter(json.loads(body), tag))
    except OSError as error:
        return of_error(error) or type(error).__name__
    return None


def _body(
    site: Site,
    scan: Scan,
    told: list[dict[str, Any]],
    proposed: int,
    link: str,
    at: datetime,
    names: tuple[str, ...],
) -> str:
    data = {
        "site": site.key,
        "scan": scan.id,
        "url": scan.url,
        "link": link,
        "new": len(told),
        "proposed": proposed,
        "findings": [{name: one.get(name) for name in names} for one in told[:NAMED]],
    }
    message = {"type": "scan.findings", "timestamp": rfc3339(at), "data": data}
    return json.dumps(message, ensure_ascii=False)


def _letter(message: dict[str, Any], tag: str) -> tuple[str, str]:
    """Subject and text, in a language of the admin."""
    data = message["data"]
    words = {"site": data["site"], "url": data["url"]}
    subject = say_many(
        "%(site)s: %(num)s new finding of the cookie scan",
        "%(site)s: %(num)s new findings of the cookie scan",
        data["new"],
        **words,
    )
    head = say_many(
        "A scan of %(url)s found %(num)s new:",
        "A scan of %(url)s found %(num)s new:",
        data["new"],
        **words,
    )
    lines = [in_words(head, tag), ""]
    for one in data["findings"]:
        values = {**sentences(one), "severity": SEVERITIES[one["severity"]]}
        lines.append("- " + in_words(say("%(severity)s: %(what)s: %(why)s", **values), tag))
    if data["new"] > len(data["findings"]):
        more = data["new"] - len(data["findings"])
        lines.append("- " + in_words(say_many("and %(num)s more", "and %(num)s more", more), tag))
    return in_words(subject, tag), "\n".join([*lines, "", data["link"]])
