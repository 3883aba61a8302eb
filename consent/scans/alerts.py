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
from ..mail import Mail
from ..sites import Site
from ..webhooks import Post, Send, headers
from .rows import Alert, Scan, Watch

_LOG = logging.getLogger(__name__)
# After each failure; then it is given up.
PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 480, 1440))
NAMED = 20  # findings in a message; the rest are counted


def announce(
    site: Site, scan: Scan, new: Sequence[dict[str, Any]], proposed: int, link: str, at: datetime
) -> None:
    """Queue the messages about new findings that need somebody; the caller commits."""
    told = [one for one in new if one["severity"] != "info"]
    kept = db.session.get(Watch, site.id)
    if kept is None or not told:
        return
    body = _body(site, scan, told, proposed, link, at)
    for way, target in (("webhook", kept.webhook), ("mail", kept.email)):
        if target:
            db.session.add(
                Alert(
                    site_id=site.id,
                    scan_id=scan.id,
                    name=f"msg_{secrets.token_hex(12)}",
                    way=way,
                    target=target,
                    body=body,
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
                return "The webhook was taken away."
            post = Post(
                one.target, headers([kept.secret], one.name, at, one.body), one.body.encode()
            )
            db.session.rollback()  # nothing is held while the network is waited for
            send(post)
        elif mail is None:
            return "This server sends no mail: SMTP_URL is not set."
        else:
            target, body = one.target, one.body
            db.session.rollback()
            mail(target, *_letter(json.loads(body)))
    except OSError as error:
        return str(error)[:200] or type(error).__name__
    return None


def _body(
    site: Site, scan: Scan, told: list[dict[str, Any]], proposed: int, link: str, at: datetime
) -> str:
    names = ("id", "code", "severity", "what", "where", "why")
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


def _letter(message: dict[str, Any]) -> tuple[str, str]:
    """Subject and text."""
    data = message["data"]
    lines = [f"A scan of {data['url']} found {data['new']} new:", ""]
    lines += [f"- {one['severity']}: {one['what']}: {one['why']}" for one in data["findings"]]
    if data["new"] > len(data["findings"]):
        lines.append(f"- and {data['new'] - len(data['findings'])} more")
    lines += ["", data["link"]]
    return f"{data['site']}: {data['new']} new findings of the cookie scan", "\n".join(lines)
