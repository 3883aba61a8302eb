"""Finding what was published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select

from consent.db import db
from consent.errors import NotFound
from consent.sites import Site

from .table import Notice, Trial

# What a version is at a moment. `scheduled` binds later; `overtaken` never bound anybody, because a
# newer one came before its time; `replaced` bound once.
STATES = ("current", "trial", "scheduled", "withdrawn", "overtaken", "replaced")


def latest(site: Site) -> Notice | None:
    """The newest version that stands, whether it binds yet or not."""
    return db.session.scalar(_of(site).where(Notice.withdrawn_at.is_(None)).limit(1))


def newest(site: Site) -> Notice | None:
    """The version with the highest number, withdrawn or not."""
    return db.session.scalar(_of(site).limit(1))


def current(site: Site, at: datetime) -> Notice | None:
    """The version that binds at `at`, or None where nothing was published.

    The newest whose time has come. What was withdrawn never binds, what is on trial not yet; and an
    older version never comes back because its later date has come.
    """
    return db.session.scalar(_binding(site, at))


def current_id(site: Site, at: datetime) -> int | None:
    """The row that `current` finds, without reading its body."""
    return db.session.scalar(_binding(site, at).with_only_columns(Notice.id))


def versions(site: Site) -> list[Notice]:
    """All that was ever published, the newest first."""
    return list(db.session.scalars(_of(site)))


def version(site: Site, number: int) -> Notice:
    """Raises NotFound `not_found`."""
    found = db.session.scalar(_of(site).where(Notice.version == number))
    if found is None:
        raise NotFound("not_found", "There is no such version.")
    return found


def scheduled(site: Site, at: datetime) -> list[Notice]:
    """The versions that will bind, the newest first."""
    states = states_of(site, at)
    return [one for one in versions(site) if states[one.version] == "scheduled"]


def states_of(site: Site, at: datetime) -> dict[int, str]:
    """What each version is at `at`, one of STATES, by its number."""
    tried = select(Trial.notice_id).where(Trial.site_id == site.id, Trial.ended_at.is_(None))
    trying = set(db.session.scalars(tried))
    binding = current(site, at)
    found: dict[int, str] = {}
    soonest: datetime | None = None  # of the newer versions that stand
    for one in versions(site):
        if one.withdrawn_at is not None:
            found[one.version] = "withdrawn"
            continue
        if one.id in trying:
            found[one.version] = "trial"
            continue
        if binding is not None and one.id == binding.id:
            found[one.version] = "current"
        elif soonest is not None and soonest <= one.effective_at:
            found[one.version] = "overtaken" if soonest < one.effective_at else "replaced"
        else:
            found[one.version] = "scheduled" if one.effective_at > at else "replaced"
        soonest = one.effective_at if soonest is None else min(soonest, one.effective_at)
    return found


def numbered(site: Site, version: int) -> Notice:
    """Raises NotFound `not_found`."""
    query = select(Notice).where(Notice.site_id == site.id, Notice.version == version)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "There is no such version.")
    return found


def by_digest(site: Site, digest: str) -> Notice:
    """Raises NotFound `not_found`."""
    query = select(Notice).where(Notice.site_id == site.id, Notice.digest == digest)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("not_found", "No notice of this site has that digest.")
    return found


def _of(site: Site) -> Select[Notice]:
    return select(Notice).where(Notice.site_id == site.id).order_by(Notice.version.desc())


def _binding(site: Site, at: datetime) -> Select[Notice]:
    tried = select(Trial.notice_id).where(Trial.site_id == site.id, Trial.ended_at.is_(None))
    begun = (Notice.effective_at <= at, Notice.withdrawn_at.is_(None), Notice.id.not_in(tried))
    return _of(site).where(*begun).limit(1)
