"""What scans and policies propose for the inventory, and the answer to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import catalogue, inventory, policy, scans
from consent.errors import Invalid
from consent.policy import Unreadable
from consent.scans import Proposal

from . import door, shapes
from .frame import operation

calls = Blueprint("review", __name__, url_prefix="/sites/<key>")
TAG = "admin-review"


@operation(
    calls,
    "GET /proposals",
    "Proposals for the inventory",
    tag=TAG,
    query=shapes.ProposalQuery(),
    answer=shapes.Proposals(),
)
def every(key: str, query: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    decided = query.get("state") == "decided"
    return {"proposals": scans.decided(site) if decided else scans.waiting(site)}


@operation(
    calls, "GET /proposals/<int:number>", "One proposal", tag=TAG, answer=shapes.ProposalAnswer()
)
def one(key: str, number: int) -> Proposal:
    return scans.proposal(door.site(key), number)


@operation(
    calls,
    "POST /proposals/accept",
    "Take proposals into the inventory, as one change",
    tag=TAG,
    body=shapes.AcceptBody(),
    answer=shapes.Accepted(),
    more="What cannot be taken stays open and comes back with the reason.",
)
def accept(key: str, body: dict[str, Any]) -> dict[str, Any]:
    numbers, edits = body["numbers"], body.get("edits")
    if not 1 <= len(numbers) <= 1000 or (edits and len(numbers) > 1):
        why = "From 1 to 1000; one where there are edits."
        raise Invalid("field_value", f"numbers: {why}", fields={"numbers": why})
    done = scans.accept(door.site(key), numbers, door.by(), door.now(), edits)
    refused = [
        {"id": one.id, "code": why.code, "message": why.message} for one, why in done.refused
    ]
    return {"taken": done.taken, "refused": refused}


@operation(
    calls,
    "POST /proposals/<int:number>/dismiss",
    "Say no, with the reason",
    tag=TAG,
    body=shapes.WhyBody(),
    answer=shapes.ProposalAnswer(),
    codes={409: ["proposal_decided"]},
)
def dismiss(key: str, number: int, body: dict[str, Any]) -> Proposal:
    site = door.site(key)
    scans.dismiss(site, number, body["why"], door.by(), door.now())
    return scans.proposal(site, number)


@operation(
    calls,
    "POST /proposals/<int:number>/reopen",
    "Ask again what was dismissed",
    tag=TAG,
    answer=shapes.ProposalAnswer(),
    codes={409: ["proposal_decided"]},
)
def reopen(key: str, number: int) -> Proposal:
    site = door.site(key)
    scans.reopen(site, number, door.by(), door.now())
    return scans.proposal(site, number)


@operation(
    calls,
    "POST /policy",
    "Read a policy: what is weak in it, and the trackers it declares",
    tag=TAG,
    body=shapes.PolicyBody(),
    answer=shapes.PolicyAnswer(),
    more="Nothing of the text is kept. With `propose` its trackers wait for review.",
)
def read(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    try:
        document = policy.document(body["text"].encode(), "text/plain", "")
    except Unreadable as problem:
        raise Invalid(
            "policy_unreadable", problem.message, fields={"text": problem.message}
        ) from None
    draft = policy.read(document)
    names = ("name", "match", "kind", "party", "category", "duration")
    rows = [{name: getattr(row, name) for name in names} for row in inventory.trackers(site)]
    found = policy.lint(document, rows, None, "en", None, draft)
    told = draft.to_json()
    proposed = 0
    if body.get("propose"):
        known = catalogue.known()
        mine = inventory.trackers(site)
        drafts = scans.from_policy(told, "the text", mine, document.language, known)
        proposed = scans.propose(site, drafts, door.by(), door.now())
    return {
        "language": document.language,
        "findings": [one.json() for one in found],
        "trackers": told["trackers"],
        "proposed": proposed,
    }
