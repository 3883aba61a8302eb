"""Two people publish: one freezes a draft, another agrees to exactly those bytes or does not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from consent import leaf, news, trail
from consent.db import db
from consent.errors import Conflict, Forbidden, NotFound, Refusal
from consent.sites import Site

from .completing import complete
from .draft import draft
from .lint import lawful
from .publishing import Plan, content_of, freeze, two_people
from .table import Notice, Proposal, Rule

WORD = 500


def set_two_people(site: Site, on: bool, by: str, at: datetime) -> None:
    """Switch the second person on or off; raises Conflict `proposal_open` while one waits."""
    if two_people(site) == on:
        return
    if not on and waiting_proposal(site) is not None:
        raise Conflict("proposal_open", "A proposal waits. It is approved or declined first.")
    rule = db.session.get(Rule, site.id)
    if rule is None:
        db.session.add(Rule(site_id=site.id, two_people=on))
    else:
        rule.two_people = on
    trail.write("notice.two_people", by, at, site.key, on=on)
    db.session.commit()


def waiting_proposal(site: Site) -> Proposal | None:
    """The newest that waits for a second person."""
    query = select(Proposal).where(Proposal.site_id == site.id, Proposal.state == "open")
    return db.session.scalar(query.order_by(Proposal.id.desc()).limit(1))


def proposals(site: Site, limit: int = 50) -> list[Proposal]:
    """The newest first."""
    query = select(Proposal).where(Proposal.site_id == site.id)
    return list(db.session.scalars(query.order_by(Proposal.id.desc()).limit(limit)))


def propose(
    site: Site,
    by: str,
    at: datetime,
    material: bool = False,
    effective_at: datetime | None = None,
    *,
    share: int | None = None,
    rollback: int | None = None,
) -> Proposal:
    """Freeze the draft, or what version `rollback` said, for a second person.

    Raises Invalid as `publish` does, Conflict `proposal_open`.
    """
    if waiting_proposal(site) is not None:
        raise Conflict("proposal_open", "A proposal waits already. Take it back first.")
    if rollback is None:
        body = draft(site, effective_at or at)
    else:
        body = content_of(site, rollback, at)
    complete(body, site.request_form)
    lawful(body)
    made = Proposal(
        site_id=site.id,
        state="open",
        digest=leaf.digest(body),
        body=leaf.jcs(body),
        material=material,
        effective_at=effective_at,
        share=share,
        rollback=rollback,
        by=by,
        at=at,
    )
    db.session.add(made)
    db.session.flush()
    news.add(site, "proposal", str(made.id), {"by": by, "digest": made.digest}, at)
    trail.write("notice.propose", by, at, site.key, proposal=made.id, digest=made.digest)
    db.session.commit()
    return made


def approve(site: Site, number: int, by: str, at: datetime, word: str = "") -> Notice:
    """Publish exactly what was proposed, as another person; a day that has passed is now.

    Raises Forbidden `own_proposal`, Conflict `proposal_decided`, and as `publish` does; then the
    proposal still waits.
    """
    found = _open(site, number)
    if trail.person(found.by) == trail.person(by):
        why = "Whoever proposed it cannot approve it: a second person looks at it."
        raise Forbidden("own_proposal", why)
    later = found.effective_at if found.effective_at and found.effective_at > at else None
    plan = Plan(
        material=found.material,
        effective_at=later,
        share=found.share,
        rollback=found.rollback,
        proposed=found.by,
        word=word.strip()[:WORD] or None,
    )
    content = found.content
    _decide(found, "approved", by, at, word)
    try:
        return freeze(site, content, by, at, plan)
    except Refusal:
        db.session.rollback()
        raise


def decline(site: Site, number: int, by: str, at: datetime, word: str) -> Proposal:
    """Refuse it with a word, or take one's own back. Raises Conflict `proposal_decided`."""
    found = _open(site, number)
    state = "taken" if trail.person(found.by) == trail.person(by) else "declined"
    _decide(found, state, by, at, word)
    told = {"proposal": found.id, "digest": found.digest}
    if word.strip():
        told["word"] = word.strip()[:WORD]
    trail.write(
        f"notice.{'take_back' if state == 'taken' else 'decline'}", by, at, site.key, **told
    )
    db.session.commit()
    return found


def _open(site: Site, number: int) -> Proposal:
    found = db.session.get(Proposal, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "There is no such proposal.")
    if found.state != "open":
        raise _decided()
    return found


def _decide(found: Proposal, state: str, by: str, at: datetime, word: str) -> None:
    """A compare-and-swap in the running transaction: of two who decide, one does."""
    values = {
        "state": state,
        "decided_by": by,
        "decided_at": at,
        "word": word.strip()[:WORD] or None,
    }
    ours = update(Proposal).where(Proposal.id == found.id, Proposal.state == "open")
    if db.session.execute(ours.values(**values)).rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise _decided()


def _decided() -> Conflict:
    return Conflict("proposal_decided", "Somebody decided about this proposal already.")
