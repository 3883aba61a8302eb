"""The same act on many sites: asked for once, done site by site, each a transaction of its own.

What is asked for is kept, so it goes on when the page is left, and after a restart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import notices, scans, sitefile, sites, tenancy, trail
from .db import Base, BigKey, Instant, Json, Words, db
from .errors import Invalid, NotFound, Refusal
from .saying import all_of, say
from .sites import Site

_LOG = logging.getLogger(__name__)
ACTIONS = ("publish", "apply", "scan")
MOST = 500  # sites of one act
May = Callable[[Site, str, datetime], object]  # raises Refusal where a scan may not start


class Bulk(Base):
    """One act on many sites of an organisation; `said` is the piece of a file for `apply`."""

    __tablename__ = "bulk"
    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), default=tenancy.owner
    )
    action: Mapped[str] = mapped_column(String(8))
    said: Mapped[dict[str, Any]] = mapped_column(Json)
    by: Mapped[str] = mapped_column(String(320))
    asked_at: Mapped[datetime] = mapped_column(Instant)


class BulkStep(Base):
    """The act on one site: `state` is waiting, running, done or refused; `result` says how it went.
    A step that was running when the server stopped stays so: nobody knows how far it came."""

    __tablename__ = "bulk_step"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    state: Mapped[str] = mapped_column(String(7))
    result: Mapped[str | None] = mapped_column(Words())
    __table_args__ = (Index("bulk_step_by_state", "state", "id"), Index("bulk_step_of", "bulk_id"))


def start(action: str, chosen: Sequence[Site], said: dict[str, Any], by: str, at: datetime) -> Bulk:
    """Ask for an act on each site. Raises Invalid with `action`, `sites`."""
    wrong: dict[str, str] = {}
    if action not in ACTIONS:
        wrong["action"] = say("One of %(known)s.", known=", ".join(ACTIONS))
    if not 1 <= len(chosen) <= MOST or len({site.organisation_id for site in chosen}) > 1:
        wrong["sites"] = say("From 1 to %(most)s sites of one organisation.", most=MOST)
    if action == "apply" and not said:
        wrong["said"] = "Say what is to be applied."
    if wrong:
        raise Invalid("field_value", "This cannot be asked for yet.", fields=wrong)
    kept = said if action == "apply" else {}
    inside = chosen[0].organisation_id
    made = Bulk(organisation_id=inside, action=action, said=kept, by=by, asked_at=at)
    db.session.add(made)
    db.session.flush()
    for site in chosen:
        db.session.add(BulkStep(bulk_id=made.id, site_id=site.id, state="waiting"))
        trail.write("bulk.start", by, at, site.key, bulk=made.id, action=action)
    db.session.commit()
    return made


def get(number: int) -> Bulk:
    """Raises NotFound `not_found`."""
    found = db.session.get(Bulk, number)
    if found is None:
        raise NotFound("not_found", "There is no such act.")
    return found


def steps(of: Bulk) -> list[tuple[BulkStep, Site]]:
    """Each step with its site, in order."""
    query = select(BulkStep, Site).join(Site, Site.id == BulkStep.site_id)
    found = db.session.execute(query.where(BulkStep.bulk_id == of.id).order_by(BulkStep.id))
    return [(step, site) for step, site in found]


def latest(limit: int = 20) -> list[Bulk]:
    return list(db.session.scalars(select(Bulk).order_by(Bulk.id.desc()).limit(limit)))


def work(at: datetime, may: May) -> bool:
    """Do the next step that waits; False where none does. Of two processes one does it."""
    waiting = select(BulkStep.id).where(BulkStep.state == "waiting").order_by(BulkStep.id)
    number = db.session.scalar(waiting.limit(1))
    if number is None:
        return False
    mine = update(BulkStep).where(BulkStep.id == number, BulkStep.state == "waiting")
    taken = db.session.execute(
        mine.values(state="running"), execution_options={"synchronize_session": False}
    )
    db.session.commit()
    if not taken.rowcount:  # type: ignore[attr-defined]
        return True
    step = db.session.get_one(BulkStep, number)
    of, key = db.session.get_one(Bulk, step.bulk_id), _key(step)
    try:
        with tenancy.within(of.organisation_id):
            result = _act(of.action, sites.get(key), dict(of.said), of.by, at, may)
        state = "done"
    except Refusal as refusal:
        db.session.rollback()
        state, result = "refused", all_of((refusal.fields or {}).values(), "; ") or refusal.message
    except Exception:
        db.session.rollback()
        _LOG.exception("a step of a bulk act failed")
        state, result = "refused", say("Something went wrong here.")
    step = db.session.get_one(BulkStep, number)
    step.state, step.result = state, result
    db.session.commit()
    return True


def _key(step: BulkStep) -> str:
    return db.session.get_one(Site, step.site_id).key


def _act(action: str, site: Site, said: dict[str, Any], by: str, at: datetime, may: May) -> str:
    if action == "publish":
        if notices.latest(site) is not None and not notices.changes(site):
            return say("Nothing had changed.")
        if notices.two_people(site):
            made = notices.propose(site, by, at)
            return say("Proposed, number %(id)s: somebody else approves it.", id=made.id)
        return say("Version %(version)s.", version=notices.publish(site, by, at).version)
    if action == "scan":
        url = scans.watch(site).url
        may(site, url, at)
        return say("Scan %(number)s.", number=scans.start(site, url, by, at).id)
    changes = sitefile.apply({**said, "key": site.key}, by, at).changes
    return all_of(changes, "\n") or say("Nothing had changed.")
