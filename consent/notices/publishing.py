"""Freezing a draft as the next version: at once or for a day to come, for all or for a share."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from consent import leaf, news, trail, waiting, webhooks
from consent.db import db, rfc3339
from consent.errors import Conflict, Forbidden, Invalid
from consent.sites import Site

from .asking import reasons
from .completing import complete
from .draft import draft
from .lint import lawful
from .reading import current, newest, scheduled, version
from .table import VERSION_KEYS, Notice, Rule, Trial

SHARES = range(1, 100)


@dataclass(frozen=True)
class Seen:
    """What somebody looked at before they pressed the button: the number of the newest version
    (0: none) and the digest of the draft."""

    version: int
    digest: str

    def __str__(self) -> str:
        return f"{self.version}.{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Seen:
        """Raises Invalid `field_value`."""
        number, dot, digest = text.partition(".")
        if not (dot and number.isascii() and number.isdigit() and len(number) < 10):
            raise Invalid("field_value", "This page is not one of ours. Open it again.")
        return cls(int(number), digest)


@dataclass(frozen=True)
class Plan:
    """How a body is to be published. `after` is the newest version that whoever publishes saw:
    where another came meanwhile, nothing is published."""

    after: int | None = None
    material: bool = False
    effective_at: datetime | None = None
    share: int | None = None
    rollback: int | None = None
    proposed: str | None = None
    word: str | None = None


def publish(
    site: Site,
    by: str,
    at: datetime,
    material: bool = False,
    effective_at: datetime | None = None,
    *,
    share: int | None = None,
    seen: Seen | None = None,
) -> Notice:
    """Freeze the draft as the next version; `asks` rises when visitors must be asked again, or when
    the owner says that the change is `material`.

    `effective_at` in the future schedules it; `share` shows it to so many percent of networks
    first, see trials. With `seen` a second press of the same button publishes nothing more.
    Raises Invalid `notice_incomplete` when a visitor could not tell who is asking, where to turn,
    or for how long the record is kept (GDPR art. 12(2), 13(1)(a), 13(2)(a)); `notice_unlawful`;
    Conflict `published_meanwhile`, `draft_changed`, `trial_running`, `scheduled_pending`; Forbidden
    `second_person`.
    """
    body = draft(site, effective_at or at)
    if seen is not None and (done := _already(site, by, seen, body)):
        return done
    alone(site)
    after = seen.version if seen else None
    return freeze(site, body, by, at, Plan(after, material, effective_at, share))


def rollback(site: Site, number: int, by: str, at: datetime, *, seen: Seen | None = None) -> Notice:
    """Publish the content of an earlier version as a new one; versions never change.

    Whether visitors are asked again is decided against what binds now. Raises as `publish` does.
    """
    body = content_of(site, number, at)
    if seen is not None and (done := _already(site, by, seen, body)):
        return done
    alone(site)
    after = seen.version if seen else None
    return freeze(site, body, by, at, Plan(after, rollback=number))


def withdraw(site: Site, number: int, by: str, at: datetime) -> Notice:
    """Take a scheduled version back before it binds anybody; it stays in the history.

    Raises NotFound `not_found`, Conflict `not_scheduled`.
    """
    notice = version(site, number)
    scheduled_still = (Notice.id == notice.id, Notice.withdrawn_at.is_(None))
    changed = db.session.execute(
        update(Notice).where(*scheduled_still, Notice.effective_at > at).values(withdrawn_at=at)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        why = "This version is not waiting for its day: it took effect, or was taken back already."
        raise Conflict("not_scheduled", why)
    trail.write("notice.withdraw", by, at, site.key, version=number, digest=notice.digest)
    db.session.commit()
    return notice


def content_of(site: Site, number: int, at: datetime) -> dict[str, Any]:
    """What an earlier version said; it names the versions of the policy that apply today."""
    old = version(site, number).content
    body = {name: value for name, value in old.items() if name not in {*VERSION_KEYS, "policies"}}
    present = draft(site, at)
    return body | ({"policies": present["policies"]} if "policies" in present else {})


def two_people(site: Site) -> bool:
    """Whether one person proposes and another publishes."""
    rule = db.session.get(Rule, site.id)
    return rule is not None and rule.two_people


def alone(site: Site) -> None:
    """Raises Forbidden `second_person` where one person alone may not publish."""
    if two_people(site):
        why = "Two people publish this site. Propose it, and somebody else approves."
        raise Forbidden("second_person", why)


def freeze(site: Site, body: dict[str, Any], by: str, at: datetime, plan: Plan) -> Notice:
    """The one place where versions are made, in one transaction; see `publish` for what it raises.

    `asks` rises above all that was ever published: who answered a version that was withdrawn must
    not count as having answered this one.
    """
    _possible(site, at, plan)
    complete(body, site.request_form)
    lawful(body)
    effective_at = plan.effective_at or at
    before = current(site, effective_at)
    why = [str(one) for one in reasons(before.content if before else None, body)]
    number = (_last(site) if plan.after is None else plan.after) + 1
    body = body | {
        "version": number,
        "asks": _asks(site, before, bool(why) or plan.material),
        "published_at": rfc3339(at),
        "effective_at": rfc3339(effective_at),
    }
    notice = Notice(
        site_id=site.id,
        version=number,
        asks=body["asks"],
        digest=leaf.digest(body),
        body=leaf.jcs(body),
        published_at=at,
        effective_at=effective_at,
        by=by,
        told=_told(plan, why, at),
    )
    try:
        _write(site, notice, before, by, at, plan)
    except IntegrityError:
        db.session.rollback()
        raise _conflict(site) from None
    return notice


def _write(
    site: Site, notice: Notice, before: Notice | None, by: str, at: datetime, plan: Plan
) -> None:
    db.session.add(notice)
    db.session.flush()
    told: dict[str, Any] = dict(notice.told or {})
    if notice.effective_at != at:
        told["effective_at"] = rfc3339(notice.effective_at)
    if plan.share is not None and before is not None:
        same = notice.asks == before.asks
        trial = Trial(
            site_id=site.id,
            notice_id=notice.id,
            against=before.version,
            kind="test" if same else "canary",
            share=plan.share,
            key=secrets.token_bytes(16),
            by=by,
            started_at=at,
        )
        db.session.add(trial)
        told["share"] = plan.share
    waiting.entry(site.key, at, "notice", h=notice.digest)
    own = {"version": notice.version, "digest": notice.digest}
    asks = {"asks": notice.asks, "asks_again": before is None or notice.asks != before.asks}
    effective = {"effective_at": rfc3339(notice.effective_at), "share": plan.share}
    webhooks.emit(site, "notice.published", own | asks | effective, at)
    news.add(site, "publish", str(notice.version), {**own, "by": by}, at)
    trail.write("notice.publish", by, at, site.key, **own, **told)
    db.session.commit()


def _possible(site: Site, at: datetime, plan: Plan) -> None:
    """Whether the plan fits what is under way."""
    running = select(Trial.id).where(Trial.site_id == site.id, Trial.ended_at.is_(None))
    if db.session.scalar(running) is not None:
        why = "A version is being tried on a share of visitors. Stop it, or give it to all, first."
        raise Conflict("trial_running", why)
    if plan.effective_at is not None and plan.effective_at < at:
        fields = {"effective_at": "The day has passed already."}
        raise Invalid("field_value", "It cannot take effect in the past.", fields=fields)
    if plan.share is None:
        return
    if plan.share not in SHARES:
        fields = {"share": "A whole number from 1 to 99."}
        raise Invalid("field_value", "That is no share of visitors.", fields=fields)
    if plan.effective_at is not None and plan.effective_at > at:
        fields = {"share": "A trial begins at once."}
        raise Invalid("field_value", "A trial cannot be scheduled.", fields=fields)
    if current(site, at) is None:
        fields = {"share": "Nothing is published that the others could see meanwhile."}
        raise Invalid("field_value", "The first version is for all.", fields=fields)
    if scheduled(site, at):
        why = "A version is scheduled. Cancel it, or wait for its day, before you try another."
        raise Conflict("scheduled_pending", why)


def _last(site: Site) -> int:
    last = newest(site)
    return last.version if last else 0


def _asks(site: Site, before: Notice | None, again: bool) -> int:
    highest = db.session.scalar(select(func.max(Notice.asks)).where(Notice.site_id == site.id))
    if before is None:
        return (highest or 0) + 1
    return (highest or 0) + 1 if again else before.asks


def _told(plan: Plan, why: list[str], at: datetime) -> dict[str, Any] | None:
    told: dict[str, Any] = {
        "reasons": why,
        "material": plan.material,
        "rollback": plan.rollback,
        "proposed": plan.proposed,
        "word": plan.word,
    }
    return {name: value for name, value in told.items() if value} or None


def _already(site: Site, by: str, seen: Seen, body: dict[str, Any]) -> Notice | None:
    """The version that this very button made already; raises Conflict where others were faster."""
    last = newest(site)
    if (last.version if last else 0) == seen.version:
        if leaf.digest(body) != seen.digest:
            why = "The draft changed since you opened the page. Look at it again, then publish."
            raise Conflict("draft_changed", why)
        return None
    if last is not None and last.version == seen.version + 1 and last.by == by:
        content = {name: value for name, value in last.content.items() if name not in VERSION_KEYS}
        if leaf.digest(content) == seen.digest:
            return last
    raise _conflict(site)


def _conflict(site: Site) -> Conflict:
    last = newest(site)
    what = (
        {"version": last.version, "by": last.by, "at": rfc3339(last.published_at)} if last else {}
    )
    why = "Somebody published meanwhile. Nothing more was published; look at what there is now."
    return Conflict("published_meanwhile", why, extra=what)
