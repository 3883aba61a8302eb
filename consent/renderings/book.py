"""The verbs of a rendering: found due, claimed, told about, kept, failed, asked for again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from .. import leaf, trail
from ..db import db, rfc3339
from ..errors import Conflict
from ..notices import Notice
from ..sites import Site
from .rows import Job, Rendering

BY = "rendering"
LOOKS_BACK = timedelta(days=30)  # older versions are taken when somebody asks
STALE = timedelta(minutes=2)  # without a word, whoever took them is gone
WAITS = (timedelta(minutes=5), timedelta(hours=1))  # before the second and the third try
# Why there are no pictures, by the word that is stored.
PROBLEMS = {
    "browser_missing": "There is no browser on this server, so no pictures were taken. Install the"
    " package chromium, then ask again.",
    "browser_failed": "The browser on this server did not start.",
    "slow": "It took longer than it may, and was ended.",
    "broken": "The browser, or the program that drives it, ended with an error.",
    "gone": "The server that took them was stopped.",
}
FOR_GOOD = ("browser_missing",)  # another try would end alike until somebody changes the machine


def queue_due(at: datetime) -> int:
    """Queue what is published and was never queued: the newest version of each site, and what was
    published lately. Returns how many."""
    newest = select(func.max(Notice.id)).group_by(Notice.site_id)
    query = (
        select(Notice.id)
        .outerjoin(Job, Job.notice_id == Notice.id)
        .where(Job.notice_id.is_(None))
        .where(or_(Notice.id.in_(newest), Notice.published_at > at - LOOKS_BACK))
    )
    found = list(db.session.scalars(query))
    for number in found:
        db.session.add(_fresh(number, at))
    try:
        db.session.commit()
    except IntegrityError:  # another process was first
        db.session.rollback()
        return 0
    return len(found)


def awaited(notice: Notice, at: datetime) -> bool:
    """Whether a version that was never queued will be, by itself."""
    newer = select(Notice.id).where(Notice.site_id == notice.site_id, Notice.id > notice.id)
    return notice.published_at > at - LOOKS_BACK or db.session.scalar(newer.limit(1)) is None


def again(site: Site, notice: Notice, by: str, at: datetime) -> None:
    """Take the pictures of a version that has none. Raises Conflict `rendering_there` where they
    are there, or on their way: evidence is not taken twice."""
    held = job(notice)
    if held is not None and held.state != "failed":
        raise Conflict(
            "rendering_there", "The pictures of this version are there, or on their way."
        )
    if held is not None:
        db.session.delete(held)
        db.session.flush()
    db.session.add(_fresh(notice.id, at))
    trail.write("notice.render_again", by, at, site.key, version=notice.version)
    db.session.commit()


def job(notice: Notice) -> Job | None:
    return db.session.get(Job, notice.id)


def counts() -> dict[str, int]:
    """How many versions are in each state."""
    query = select(Job.state, func.count()).group_by(Job.state)
    return {state: many for state, many in db.session.execute(query)}


def entries(notice: Notice) -> list[Rendering]:
    """All pictures of a version, in the order of its languages."""
    query = select(Rendering).where(Rendering.notice_id == notice.id).order_by(Rendering.id)
    return list(db.session.scalars(query))


def claim(at: datetime) -> Job | None:
    """The next job, now running; None while one runs anywhere on this database."""
    active = select(Job).where(Job.state.in_(("queued", "running"))).order_by(Job.next_at)
    again = active.with_for_update().execution_options(populate_existing=True)
    found = list(db.session.scalars(again))
    for one in found:
        gone = one.beat_at is None or not -STALE < at - one.beat_at < STALE
        if one.state == "running" and gone:
            _put_off(one, "gone", at)
    due = [one for one in found if one.state == "queued" and one.next_at <= at]
    taken = None
    if due and not any(one.state == "running" for one in found):
        taken = due[0]
        taken.state, taken.beat_at, taken.tries = "running", at, taken.tries + 1
        taken.taken, taken.problem = 0, None
    db.session.commit()
    return taken


def progress(number: int, wanted: int, taken: int, at: datetime) -> bool:
    """Note how far it is; False where it does not run any more."""
    changed = update(Job).where(Job.notice_id == number, Job.state == "running")
    done = db.session.execute(changed.values(wanted=wanted, taken=taken, beat_at=at))
    db.session.commit()
    return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(number: int, browser: str, pictures: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Keep what was taken, and tell the trail, which the site's log commits to.

    `pictures` are the columns of Rendering; their files are there already.
    """
    held = _running(number)
    if held is None:
        db.session.rollback()
        return
    db.session.execute(delete(Rendering).where(Rendering.notice_id == number))
    db.session.add_all([Rendering(notice_id=number, **one) for one in pictures])
    held.state, held.ended_at, held.problem = "done", at, None
    held.taken, held.browser = len(pictures), browser[:40]
    notice = db.session.get_one(Notice, number)
    db.session.flush()
    held.manifest = leaf.digest(manifest(notice, held, entries(notice)))
    site = db.session.get_one(Site, notice.site_id)
    told = {"version": notice.version, "notice": notice.digest, "pictures": len(pictures)}
    trail.write("notice.render", BY, at, site.key, manifest=held.manifest, **told)
    db.session.commit()


def fail(number: int, problem: str, at: datetime) -> None:
    """`problem` is a key of PROBLEMS. It is tried three times, unless it would end alike."""
    held = _running(number)
    if held is not None:
        _put_off(held, problem, at)
    db.session.commit()


def manifest(notice: Notice, of: Job, pictures: Sequence[Rendering]) -> dict[str, Any]:
    """What is said of all pictures of a version; its digest stands in the trail."""
    names = ("language", "face", "layer", "screen", "place", "build", "size")
    return {
        "v": 1,
        "notice": notice.digest,
        "browser": of.browser,
        "at": rfc3339(of.ended_at) if of.ended_at else None,
        "pictures": [
            {"sha256": one.digest} | {name: getattr(one, name) for name in names}
            for one in pictures
        ],
    }


def where(folder: Path, digest: str) -> Path:
    """The file of a picture."""
    return folder / digest[:2] / f"{digest}.png"


def read(folder: Path, one: Rendering) -> bytes | None:
    """The picture, as long as its file is there and still what was taken."""
    try:
        data = where(folder, one.digest).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == one.digest else None


def _fresh(number: int, at: datetime) -> Job:
    return Job(notice_id=number, state="queued", tries=0, next_at=at, wanted=0, taken=0)


def _put_off(held: Job, problem: str, at: datetime) -> None:
    held.problem = problem
    if problem in FOR_GOOD or held.tries > len(WAITS):
        held.state, held.ended_at = "failed", at
    else:
        held.state, held.next_at = "queued", at + WAITS[max(held.tries, 1) - 1]


def _running(number: int) -> Job | None:
    query = select(Job).where(Job.notice_id == number, Job.state == "running").with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))
