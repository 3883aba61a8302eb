"""The verbs of a scan's life: asked for, claimed, told about, ended, forgotten."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, update

from .. import inventory, sites, trail, webhooks
from ..db import db
from ..errors import Conflict, Invalid, NotFound
from ..sites import Site
from .alerts import announce
from .drafting import Draft
from .queue import add_proposals
from .rows import ACTIVE, Scan

KEPT = 50  # scans of a site
RAW = timedelta(days=30)  # as long as the whole observation and its pictures are kept
STALE = timedelta(minutes=2)  # without a word, whoever ran it is gone
LARGEST = 8 * 1024 * 1024
MOST = 2000  # findings of a scan


def start(site: Site, url: str, by: str, at: datetime) -> Scan:
    """Ask for a scan; it runs when no other does.

    Whether this website may be scanned is for the caller to know. Raises Invalid with `url`,
    Conflict `scan_running` where one of this site waits or runs.
    """
    check_url(site, url)
    inventory.lock(site)
    waiting = select(Scan.id).where(Scan.site_id == site.id, Scan.state.in_(ACTIVE))
    if db.session.scalar(waiting) is not None:
        raise Conflict("scan_running", "A scan of this site waits or runs already.")
    made = Scan(
        site_id=site.id,
        url=url,
        state="queued",
        by=by,
        asked_at=at,
        progress={},
        summary={},
        found=[],
    )
    db.session.add(made)
    trail.write("scan.start", by, at, site.key, url=url)
    db.session.commit()
    return made


def check_url(site: Site, url: str) -> None:
    """A web address on one of the site's hosts; raises Invalid with `url`."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    except ValueError:
        plain = False
    if not plain or len(url) > 2000 or not url.isascii() or any(sign <= " " for sign in url):
        message = "A whole address, like https://example.com/."
        raise Invalid("field_value", message, fields={"url": message})


def get(site: Site, number: int) -> Scan:
    """Raises NotFound `not_found`."""
    found = db.session.get(Scan, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "There is no such scan of this site.")
    return found


def site_of(scan: Scan) -> Site:
    """Sites are never deleted."""
    return db.session.get_one(Site, scan.site_id)


def history(site: Site, limit: int = KEPT) -> list[Scan]:
    """The newest first."""
    query = select(Scan).where(Scan.site_id == site.id).order_by(Scan.id.desc()).limit(limit)
    return list(db.session.scalars(query))


def last_done(site: Site, before: int | None = None) -> Scan | None:
    query = select(Scan).where(Scan.site_id == site.id, Scan.state == "done")
    if before is not None:
        query = query.where(Scan.id < before)
    return db.session.scalar(query.order_by(Scan.id.desc()).limit(1))


def difference(site: Site, scan: Scan) -> tuple[list[dict[str, Any]], list[dict[str, Any]]] | None:
    """(new findings, those that are gone) against the scan that was done before; None where there
    is none."""
    before = last_done(site, scan.id)
    if before is None:
        return None
    old = {one["id"] for one in before.found}
    new = {one["id"] for one in scan.found}
    added = [one for one in scan.found if one["id"] not in old]
    return added, [one for one in before.found if one["id"] not in new]


def claim(at: datetime) -> Scan | None:
    """The next scan to run, now running; None while one runs anywhere on this database."""
    active = select(Scan).where(Scan.state.in_(ACTIVE)).order_by(Scan.id).with_for_update()
    found = list(db.session.scalars(active.execution_options(populate_existing=True)))
    running = [one for one in found if one.state == "running"]
    for one in running:
        if one.beat_at is None or not -STALE < at - one.beat_at < STALE:
            one.state, one.problem, one.ended_at = "failed", "gone", at
    queued = [one for one in found if one.state == "queued"]
    taken = None
    if queued and not any(one.state == "running" for one in running):
        taken = queued[0]
        taken.state, taken.started_at, taken.beat_at = "running", at, at
    db.session.commit()
    return taken


def progress(number: int, told: dict[str, Any], at: datetime) -> bool:
    """Note how far it is; False where it does not run any more, because somebody stopped it."""
    changed = update(Scan).where(Scan.id == number, Scan.state == "running")
    done = db.session.execute(changed.values(progress=told, beat_at=at))
    db.session.commit()
    return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(
    number: int,
    seen: dict[str, Any],
    found: Sequence[dict[str, Any]],
    drafts: Sequence[Draft],
    at: datetime,
    link: str = "",
) -> Scan | None:
    """Keep what a scan saw and what is wrong with it, queue what it proposes, and tell who wants to
    be told of what is new. `link` is where a person reads it. None where it was stopped meanwhile.

    Nothing in the inventory changes.
    """
    scan = _running(number)
    if scan is None:
        return None
    site = site_of(scan)
    text = json.dumps(seen, ensure_ascii=False, separators=(",", ":"))
    scan.seen = text if len(text.encode()) <= LARGEST else None
    scan.problem = None if scan.seen else "large"
    scan.state, scan.ended_at = "done", at
    scan.found = list(found)[:MOST]
    scan.summary = _summary(seen, found)
    made = add_proposals(site, drafts, at, scan.id)
    changes = difference(site, scan)
    announce(site, scan, changes[0] if changes else scan.found, made, link, at)
    told = {"scan": scan.id, "url": scan.url, "link": link}
    webhooks.emit(site, "scan.finished", told | scan.summary, at)
    if made:
        webhooks.emit(site, "tracker.found", told | {"proposed": made}, at)
    trail.write("scan.done", scan.by, at, site.key, scan=scan.id, proposed=made, **scan.summary)
    db.session.commit()
    return scan


def fail(number: int, problem: str, at: datetime) -> None:
    """`problem` is a key of PROBLEMS."""
    scan = _running(number)
    if scan is not None:
        scan.state, scan.problem, scan.ended_at = "failed", problem, at
        told = {"scan": scan.id, "problem": problem}
        trail.write("scan.fail", scan.by, at, site_of(scan).key, **told)
    db.session.commit()


def cancel(site: Site, number: int, by: str, at: datetime) -> None:
    """Stop it; a scan that has ended stays as it is. Whoever runs it sees so and ends it."""
    inventory.lock(site)
    scan = get(site, number)
    db.session.refresh(scan)
    if scan.state in ACTIVE:
        scan.state, scan.problem, scan.ended_at = "stopped", "stopped", at
        trail.write("scan.stop", by, at, site.key, scan=number)
    db.session.commit()


def forget_old(at: datetime) -> list[int]:
    """Empty what is past its time; the numbers of the scans whose pictures may go.

    A site keeps its newest KEPT scans. The whole observation of a scan is kept for RAW; its
    findings stay as long as the scan.
    """
    gone: list[int] = []
    for site in sites.all_sites():
        mine = history(site, limit=10_000)
        for scan in mine[KEPT:]:
            gone.append(scan.id)
            db.session.delete(scan)
        for scan in mine[:KEPT]:
            if scan.seen is not None and at - scan.asked_at > RAW:
                scan.seen = None
                gone.append(scan.id)
    db.session.commit()
    return gone


def _running(number: int) -> Scan | None:
    query = select(Scan).where(Scan.id == number, Scan.state == "running").with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _summary(seen: dict[str, Any], found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    severities = Counter(one["severity"] for one in found)
    passes = [one for one in seen.get("passes", []) if one.get("ran")]
    things = {
        (thing["kind"], thing["name"], thing["domain"])
        for one in passes
        for thing in one.get("things", [])
    }
    return {
        "errors": severities["error"],
        "warnings": severities["warning"],
        "notes": severities["info"],
        "pages": len(seen.get("pages", [])),
        "things": len(things),
        "passes": [one["name"] for one in passes],
        "banner": seen.get("banner", "none"),
    }
