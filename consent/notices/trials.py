"""Trials: a version for a share of visitors first, without telling visitors apart.

Which version a visitor gets is decided by the network they come from and a key of the trial, in
memory, at each request. Nothing is stored of it, in the browser or here (docs/decisions/0028).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from consent import trail
from consent.db import db
from consent.errors import Conflict
from consent.sites import Site

from .table import Notice, Trial


@dataclass(frozen=True)
class Running:
    """A trial under way, detached from the database."""

    notice: int
    version: int
    share: int
    key: bytes


def running(site: Site) -> Running | None:
    """The trial that is under way; a site has one at most."""
    query = (
        select(Trial, Notice.version)
        .join(Notice, Notice.id == Trial.notice_id)
        .where(Trial.site_id == site.id, Trial.ended_at.is_(None))
    )
    found = db.session.execute(query).first()
    if found is None:
        return None
    trial, number = found
    return Running(trial.notice_id, number, trial.share, trial.key or b"")


def trials(site: Site) -> list[tuple[Trial, Notice]]:
    """All that ever were, with the version that was tried, the newest first.

    To compare: records whose notice is `against` or the tried version, received between
    `started_at` and `ended_at`.
    """
    query = (
        select(Trial, Notice)
        .join(Notice, Notice.id == Trial.notice_id)
        .where(Trial.site_id == site.id)
        .order_by(Trial.id.desc())
    )
    return [(trial, notice) for trial, notice in db.session.execute(query)]


def takes_part(key: bytes, share: int, network: str | None) -> bool:
    """Whether a network is among the share (percent); one that is not known never is. Pure."""
    if network is None:
        return False
    drawn = hmac.new(key, network.encode(), hashlib.sha256).digest()[:8]
    return int.from_bytes(drawn) < share * (1 << 64) // 100


def stop(site: Site, by: str, at: datetime) -> Notice:
    """Back to the version beside it for everybody; what was tried is withdrawn.

    Raises Conflict `no_trial`.
    """
    return _end(site, by, at, kept=False)


def finish(site: Site, by: str, at: datetime) -> Notice:
    """What was tried is for everybody from now on. Raises Conflict `no_trial`."""
    return _end(site, by, at, kept=True)


def _end(site: Site, by: str, at: datetime, kept: bool) -> Notice:
    """A compare-and-swap: of two who end a trial, one does."""
    open_trial = (Trial.site_id == site.id, Trial.ended_at.is_(None))
    trial = db.session.scalar(select(Trial).where(*open_trial))
    ending = update(Trial).where(*open_trial).values(ended_at=at, kept=kept, key=None)
    if trial is None or db.session.execute(ending).rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise Conflict("no_trial", "No version is being tried now: somebody ended it already.")
    notice = db.session.get_one(Notice, trial.notice_id)
    if not kept:
        notice.withdrawn_at = at
    verb = "notice.trial_finish" if kept else "notice.trial_stop"
    trail.write(verb, by, at, site.key, version=notice.version, digest=notice.digest)
    db.session.commit()
    return notice
