"""The review queue: what is proposed, and a person's answer to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from .. import inventory, trail, undoing
from ..db import db
from ..errors import Conflict, Invalid, NotFound, Refusal
from ..inventory import Tracker, Wanted
from ..saying import say
from ..sites import Site
from .drafting import Draft
from .rows import Proposal

SURE = 80  # percent, from which on one click may accept many
MOST = 1000  # open proposals of a site


@dataclass
class Accepted:
    """What was taken into the inventory, and what was not, each with the refusal."""

    taken: list[Tracker] = field(default_factory=list)
    refused: list[tuple[Proposal, Refusal]] = field(default_factory=list)


def propose(site: Site, drafts: Sequence[Draft], by: str, at: datetime) -> int:
    """Queue what a policy says; returns how many are new."""
    inventory.lock(site)
    made = add_proposals(site, drafts, at, None)
    trail.write("proposal.add", by, at, site.key, proposed=made)
    db.session.commit()
    return made


def add_proposals(site: Site, drafts: Sequence[Draft], at: datetime, scan: int | None) -> int:
    """Queue `drafts` without committing. One that waits already gets the newer evidence, one that
    was dismissed stays so, and one that was accepted is proposed again, because it is missing."""
    known = {one.key: one for one in db.session.scalars(select(Proposal).where(_of(site)))}
    room = MOST - sum(one.state == "open" for one in known.values())
    made = 0
    for draft in drafts:
        held = known.get(key := draft.key)
        if held is not None and held.state == "dismissed":
            continue
        fresh = held is None or held.state != "open"
        if fresh and made >= room:
            break
        made += fresh
        if held is None:
            held = known[key] = Proposal(site_id=site.id, key=key, made_at=at)
            db.session.add(held)
        _fill(held, draft, scan, at if fresh else held.made_at)
    db.session.flush()
    return made


def waiting(site: Site) -> list[Proposal]:
    """Those nobody has answered yet, the surest first."""
    query = select(Proposal).where(_of(site), Proposal.state == "open")
    return list(db.session.scalars(query.order_by(Proposal.percent.desc(), Proposal.id)))


def decided(site: Site, limit: int = 100) -> list[Proposal]:
    """Those that were answered, the last one first."""
    query = select(Proposal).where(_of(site), Proposal.state != "open")
    return list(db.session.scalars(query.order_by(Proposal.decided_at.desc()).limit(limit)))


def open_count(site: Site) -> int:
    query = select(func.count()).select_from(Proposal).where(_of(site), Proposal.state == "open")
    return db.session.scalar(query) or 0


def confident(proposals: Iterable[Proposal]) -> list[Proposal]:
    """Those that may be accepted together: sure, and held until the visitor agrees. What would be
    exempt from consent is looked at one by one, and so is what has no category."""
    return [
        one
        for one in proposals
        if one.percent >= SURE and one.fields.get("category") not in (None, "necessary")
    ]


def proposal(site: Site, number: int) -> Proposal:
    """Raises NotFound `not_found`."""
    found = db.session.get(Proposal, number)
    if found is None or found.site_id != site.id:
        raise NotFound("not_found", "There is no such proposal for this site.")
    return found


def accept(
    site: Site,
    numbers: Sequence[int],
    by: str,
    at: datetime,
    edits: Mapping[str, Any] | None = None,
) -> Accepted:
    """Take proposals into the inventory as one change, which can be undone as one.

    `edits` are fields that a person wrote in place of the proposed ones, for one proposal. What
    cannot be taken stays open and comes back with its refusal: Conflict `proposal_decided`,
    `tracker_exists`, or what the inventory raises. Raises NotFound where one is not of this site.
    """
    inventory.lock(site)
    done = Accepted()
    for one in [proposal(site, number) for number in numbers]:
        try:
            _decide(one, "accepted", by, at)
            wanted = _wanted(site, one, edits or {})
            done.taken.append(inventory.stage(site, wanted, by, at))
        except Refusal as refusal:
            if refusal.code != "proposal_decided":
                one.state, one.decided_at, one.decided_by = "open", None, None
                db.session.flush()
            done.refused.append((one, refusal))
    if done.taken:
        inventory.keep(site, by, at, _said(done.taken))
    else:
        db.session.rollback()
    return done


def dismiss(site: Site, number: int, why: str, by: str, at: datetime) -> None:
    """Say no, with the reason; it is not proposed again. Raises Invalid `reason_missing`, Conflict
    `proposal_decided`."""
    if not why.strip():
        message = "Say in a few words why it is not taken."
        raise Invalid("reason_missing", message, fields={"why": message})
    one = proposal(site, number)
    _decide(one, "dismissed", by, at)
    one.why = why.strip()[:500]
    name = one.fields.get("name")
    trail.write("proposal.dismiss", by, at, site.key, tracker=name, why=one.why)
    undoing.keep("dismissal", by, at, str(name or one.id), {"proposal": number}, site.key)
    db.session.commit()


def reopen(site: Site, number: int, by: str, at: datetime) -> None:
    """Ask again what was dismissed."""
    one = proposal(site, number)
    if one.state != "dismissed":
        raise Conflict("proposal_decided", "Only what was dismissed can be asked again.")
    one.state, one.decided_at, one.decided_by, one.why = "open", None, None, None
    trail.write("proposal.reopen", by, at, site.key, tracker=one.fields.get("name"))
    db.session.commit()


def _of(site: Site) -> Any:
    return Proposal.site_id == site.id


def _fill(held: Proposal, draft: Draft, scan: int | None, at: datetime) -> None:
    held.scan_id, held.source, held.state = scan, draft.source, "open"
    held.tracker, held.fields, held.service = draft.tracker, draft.fields, draft.service
    held.suggestion, held.evidence = draft.suggestion, draft.evidence
    held.percent = round(100 * float(draft.suggestion.get("confidence", 0)))
    held.made_at, held.decided_at, held.decided_by, held.why = at, None, None, None


def _decide(one: Proposal, state: str, by: str, at: datetime) -> None:
    """By compare-and-swap: of two who answer at once, one has decided."""
    mine = update(Proposal).where(Proposal.id == one.id, Proposal.state == "open")
    done = db.session.execute(
        mine.values(state=state, decided_at=at, decided_by=by),
        execution_options={"synchronize_session": False},
    )
    db.session.refresh(one)
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Conflict("proposal_decided", "Somebody has answered this proposal already.")


def _wanted(site: Site, one: Proposal, edits: Mapping[str, Any]) -> Wanted:
    fields = {**one.fields, **edits}
    if one.tracker is None:
        same = [t for t in inventory.trackers(site) if _same(t, fields)]
        if same:
            raise Conflict(
                "tracker_exists",
                say("%(name)s is in the inventory already.", name=fields["name"]),
            )
    made = one.service
    if made is not None and fields.get("service") != made["key"]:
        made = None
    why = {
        "proposal": one.id,
        "source": one.source,
        "confidence": one.percent,
        "proposed": one.suggestion.get("category"),
        "evidence": one.suggestion.get("reason") or one.evidence.get("sentence", ""),
        "where": one.evidence.get("page") or one.evidence.get("document", ""),
    }
    return Wanted(fields=fields, number=one.tracker, service=made, why=why)


def _same(tracker: Tracker, fields: Mapping[str, Any]) -> bool:
    kind, name = fields.get("kind", "cookie"), fields.get("name")
    return name is not None and (tracker.name, tracker.kind) == (name, kind)


def _said(taken: list[Tracker]) -> str:
    names = tuple(one.name or say("a tracker") for one in taken[:5])
    if len(taken) > 5:
        return say("accepted %(names)s and more", names=names)
    return say("accepted %(names)s", names=names)
