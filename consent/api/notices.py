"""The notice: what would be published and what is against it, publishing, going back, trials,
proposals for a second person, and every version there was."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import inventory, leaf, notices
from consent.notices import Notice, Seen
from consent.notices.table import Proposal
from consent.sites import Site

from . import door
from .frame import match, operation
from .publishing import (
    DeclineBody,
    DraftAnswer,
    EndBody,
    NoticeAnswer,
    NoticeProposal,
    NoticeProposals,
    Notices,
    ProposeBody,
    PublishBody,
    RollbackBody,
)

calls = Blueprint("notices", __name__, url_prefix="/sites/<key>/notice")
TAG = "admin-notice"
LATE = ["published_meanwhile", "draft_changed", "trial_running", "scheduled_pending"]
SECOND = {403: ["role", "second_person"]}


@operation(
    calls,
    "GET /draft",
    "What would be published now, what that changes, and what is against it",
    tag=TAG,
    answer=DraftAnswer(),
)
def draft(key: str) -> dict[str, Any]:
    return _draft(door.site(key))


@operation(
    calls,
    "POST /publish",
    "Publish the draft, at once, on a later day, or for a share of visitors",
    tag=TAG,
    body=PublishBody(),
    answer=NoticeAnswer(),
    status=201,
    matches="given",
    codes={409: LATE, **SECOND},
    more="With the `seen` of the draft exactly what you have read is published, and asking twice "
    "publishes once. The draft's ETag in If-Match does the first.",
)
def publish(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    match(DraftAnswer(), _draft(site), needed=False)
    seen = Seen.parse(body.pop("seen")) if "seen" in body else None
    return _told(site, notices.publish(site, door.by(), door.now(), **body, seen=seen))


@operation(calls, "GET /versions", "Every version, and what it is now", tag=TAG, answer=Notices())
def versions(key: str) -> dict[str, Any]:
    site = door.site(key)
    states = notices.states_of(site, door.now())
    found = [_facts(one) | {"state": states[one.version]} for one in notices.versions(site)]
    return {"versions": found}


@operation(
    calls,
    "GET /versions/<int:version>",
    "One version as it was frozen",
    tag=TAG,
    answer=NoticeAnswer(),
)
def version(key: str, version: int) -> dict[str, Any]:
    site = door.site(key)
    return _told(site, notices.version(site, version))


@operation(
    calls,
    "POST /versions/<int:version>/rollback",
    "Publish what an earlier version said, as a new one",
    tag=TAG,
    body=RollbackBody(),
    answer=NoticeAnswer(),
    status=201,
    codes={409: LATE, **SECOND},
)
def rollback(key: str, version: int, body: dict[str, Any]) -> dict[str, Any]:
    site, at = door.site(key), door.now()
    seen = None
    if "newest" in body:
        seen = Seen(body["newest"], leaf.digest(notices.content_of(site, version, at)))
    return _told(site, notices.rollback(site, version, door.by(), at, seen=seen))


@operation(
    calls,
    "POST /versions/<int:version>/cancel",
    "Take a scheduled version back before its day",
    tag=TAG,
    answer=NoticeAnswer(),
    codes={409: ["not_scheduled"]},
)
def cancel(key: str, version: int) -> dict[str, Any]:
    site = door.site(key)
    return _told(site, notices.withdraw(site, version, door.by(), door.now()))


@operation(
    calls,
    "POST /trial/end",
    "End the trial: what is tried is for all, or nobody meets it any more",
    tag=TAG,
    body=EndBody(),
    answer=NoticeAnswer(),
    codes={409: ["no_trial"]},
)
def end_trial(key: str, body: dict[str, Any]) -> dict[str, Any]:
    site = door.site(key)
    end = notices.finish if body["keep"] else notices.stop
    return _told(site, end(site, door.by(), door.now()))


@operation(
    calls,
    "GET /proposals",
    "What was proposed for a second person, the newest first",
    tag=TAG,
    answer=NoticeProposals(),
)
def proposals(key: str) -> dict[str, Any]:
    return {"proposals": notices.proposals(door.site(key))}


@operation(
    calls,
    "POST /proposals",
    "Propose the draft, or an earlier version, for a second person to publish",
    tag=TAG,
    body=ProposeBody(),
    answer=NoticeProposal(),
    status=201,
    codes={409: ["proposal_open"]},
    more="A person approves it in the admin; no token can.",
)
def propose(key: str, body: dict[str, Any]) -> Proposal:
    return notices.propose(door.site(key), door.by(), door.now(), **body)


@operation(
    calls,
    "POST /proposals/<int:number>/decline",
    "Decline a proposal with a word, or take one's own back",
    tag=TAG,
    body=DeclineBody(),
    answer=NoticeProposal(),
    codes={409: ["proposal_decided"]},
)
def decline(key: str, number: int, body: dict[str, Any]) -> Proposal:
    site = door.site(key)
    return notices.decline(site, number, door.by(), door.now(), body.get("word", ""))


def _draft(site: Site) -> dict[str, Any]:
    at = door.now()
    now = notices.draft(site, at)
    before, newest, binds = notices.latest(site), notices.newest(site), notices.current(site, at)
    apart = notices.between(before.content, now) if before else []
    return {
        "draft": now,
        "seen": str(Seen(newest.version if newest else 0, leaf.digest(now))),
        "changes": [
            {
                "group": one.group,
                "sentence": str(one.said),
                "language": one.language,
                "words": [{"how": how, "text": text} for how, text in one.words],
            }
            for one in apart
        ],
        "changed": before is None or bool(apart),
        "asks_again": notices.asks_again(binds.content if binds else None, now),
        "missing": notices.missing(now, site.request_form),
        "findings": notices.lint(now),
        "unclassified": len(inventory.trackers(site, category="unclassified")),
        "two_people": notices.two_people(site),
    }


def _told(site: Site, one: Notice) -> dict[str, Any]:
    state = notices.states_of(site, door.now())[one.version]
    return _facts(one) | {"state": state, "content": one.content}


def _facts(one: Notice) -> dict[str, Any]:
    names = ("version", "asks", "digest", "published_at", "effective_at", "withdrawn_at", "by")
    return {name: getattr(one, name) for name in names} | {"told": one.told or {}}
