"""The notice of a site: what would change, whether visitors are asked again, publishing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from consent import inventory, leaf, notices, permissions, sites
from consent.admin import guard
from consent.admin.show import when
from consent.admin.tongue import _
from consent.errors import Invalid, Refusal
from consent.notices import Change, Finding, Seen
from consent.parts import parts
from consent.sites import Site

pages = Blueprint("notice", __name__, url_prefix="/sites/<key>/notice")
# What a version is, and how its chip looks.
STATES = {
    "current": "Current",
    "trial": "On trial",
    "scheduled": "Scheduled",
    "withdrawn": "Withdrawn",
    "overtaken": "Overtaken before its day",
    "replaced": "Replaced",
}
CHIPS = {"current": "on", "trial": "warn", "scheduled": "warn"}
OUTCOMES = {True: "Given to all", False: "Stopped", None: "Under way"}
TRIED = {"canary": "A share first", "test": "A test of words"}
DECIDED = {
    "open": "Waits",
    "approved": "Published",
    "declined": "Declined",
    "taken": "Taken back",
}
SHARES = (1, 5, 10, 25, 50)
# Where a finding is mended: the route, and what it calls the thing's name.
MENDED = {
    "texts": ("admin.texts.one", "tag"),
    "tracker": ("admin.inventory.every", "q"),
    "service": ("admin.inventory.one_service", "name"),
    "settings": ("admin.sites.settings", ""),
    "layout": ("admin.design.form", ""),
}


@pages.get("/")
def draft(key: str) -> str:
    """The draft beside what is published, in sentences, and the way to publish it."""
    return _page(sites.get(key), {}, MultiDict())


@pages.post("/publish")
def publish(key: str) -> Response:
    """Freeze the draft as the next version, or propose it where two people publish."""
    site, form = sites.get(key), request.form
    by, at, material = guard.user().email, guard.now(), form.get("material") == "yes"
    try:
        day, share = _when(form, at), _share(form)
        if notices.two_people(site):
            notices.propose(site, by, at, material, day, share=share)
            return guard.done("admin.notice.draft", "proposed", key=key)
        seen = Seen.parse(form["seen"]) if form.get("seen") else None
        notices.publish(site, by, at, material, day, share=share, seen=seen)
    except Refusal as refusal:
        return _refused(site, refusal)
    what = "scheduled" if day else "tried" if share else "published"
    return guard.done("admin.notice.draft", what, key=key)


@pages.post("/versions/<int:number>/rollback")
def rollback(key: str, number: int) -> Response:
    """Publish what an earlier version said as a new one."""
    site, by, at = sites.get(key), guard.user().email, guard.now()
    try:
        if notices.two_people(site):
            notices.propose(site, by, at, rollback=number)
            return guard.done("admin.notice.draft", "proposed", key=key)
        seen = _seen_rollback(site, number, at)
        notices.rollback(site, number, by, at, seen=seen)
    except Refusal as refusal:
        return _refused(site, refusal)
    return guard.done("admin.notice.draft", "rolled_back", key=key)


@pages.post("/versions/<int:number>/cancel")
def cancel(key: str, number: int) -> Response:
    """Take a scheduled version back before its day."""
    site = sites.get(key)
    try:
        notices.withdraw(site, number, guard.user().email, guard.now())
    except Refusal as refusal:
        return _refused(site, refusal)
    return guard.done("admin.notice.draft", "cancelled", key=key)


@pages.post("/trial")
def end_trial(key: str) -> Response:
    """Stop the trial, or give what is tried to all."""
    site, kept = sites.get(key), request.form.get("do") == "finish"
    end = notices.finish if kept else notices.stop
    try:
        end(site, guard.user().email, guard.now())
    except Refusal as refusal:
        return _refused(site, refusal)
    return guard.done("admin.notice.draft", "trial_kept" if kept else "trial_stopped", key=key)


@pages.post("/proposals/<int:number>")
def decide(key: str, number: int) -> Response:
    """Publish what another person proposed, decline it with a word, or take one's own back."""
    site, by, at = sites.get(key), guard.user().email, guard.now()
    word = request.form.get("word", "")
    try:
        if request.form.get("do") == "approve":
            notices.approve(site, number, by, at, word)
            return guard.done("admin.notice.draft", "published", key=key)
        notices.decline(site, number, by, at, word)
    except Refusal as refusal:
        return _refused(site, refusal)
    return guard.done("admin.notice.draft", "declined", key=key)


@pages.post("/two")
def two_people(key: str) -> Response:
    """Whether one person proposes and another publishes."""
    site, on = sites.get(key), request.form.get("two_people") == "yes"
    try:
        notices.set_two_people(site, on, guard.user().email, guard.now())
    except Refusal as refusal:
        return _refused(site, refusal)
    return guard.done("admin.notice.draft", "site_changed", key=key)


@pages.get("/versions/<int:version>")
def version(key: str, version: int) -> str:
    """One published version, as it was frozen, and how it differs from what visitors meet now."""
    site = sites.get(key)
    notice = notices.version(site, version)
    current = notices.current(site, guard.now())
    apart = notices.between(current.content, notice.content) if current else []
    return render_template(
        "admin/version.html",
        site=site,
        notice=notice,
        state=notices.states_of(site, guard.now())[version],
        current=current,
        apart=_grouped(apart),
        names={one["id"]: one["name"] for one in notice.content["services"]},
        body=json.dumps(notice.content, ensure_ascii=False, indent=2),
        STATES=STATES,
        CHIPS=CHIPS,
    )


def mend(site: Site, finding: Finding) -> str:
    """Where a finding is mended."""
    endpoint, named = MENDED[finding.mend.where]
    if permissions.needed(endpoint) is None:
        endpoint, named = MENDED["settings"]
    values: dict[str, Any] = {named: finding.mend.name} if named else {}
    return url_for(endpoint, key=site.key, **values)


def _page(site: Site, wrong: dict[str, str], form: MultiDict[str, str]) -> str:
    at = guard.now()
    body, latest = notices.draft(site), notices.latest(site)
    current, newest = notices.current(site, at), notices.newest(site)
    proposal = notices.waiting_proposal(site)
    found, before = notices.lint(body), current.content if current else None
    return render_template(
        "admin/notice.html",
        site=site,
        form=form,
        wrong=wrong,
        latest=latest,
        current=current,
        next=newest.version + 1 if newest else 1,
        seen=Seen(newest.version if newest else 0, leaf.digest(notices.draft(site, at))),
        changes=_grouped(notices.between(latest.content, body)) if latest else [],
        changed=latest is None or bool(notices.between(latest.content, body)),
        again=notices.reasons(before, body),
        missing=notices.missing(body, site.request_form),
        blocking=[(one, mend(site, one)) for one in found if one.blocks],
        cautions=_by_code(site, [one for one in found if not one.blocks]),
        held=inventory.trackers(site, category="unclassified"),
        scheduled=notices.scheduled(site, at),
        elsewhere=sites.region_problem(site.facts, parts().config.region),
        trial=next((pair for pair in notices.trials(site) if pair[0].ended_at is None), None),
        trials=notices.trials(site),
        proposal=proposal,
        proposed=_grouped(notices.between(before or {}, proposal.content))
        if proposal and before
        else [],
        proposed_again=notices.reasons(before, proposal.content) if proposal else [],
        proposals=notices.proposals(site, limit=10),
        two_people=notices.two_people(site),
        versions=notices.versions(site),
        states=notices.states_of(site, at),
        STATES=STATES,
        CHIPS=CHIPS,
        OUTCOMES=OUTCOMES,
        TRIED=TRIED,
        DECIDED=DECIDED,
        SHARES=SHARES,
    )


def _refused(site: Site, refusal: Refusal) -> Response:
    """The page again, with what was typed and why it was not done."""
    wrong = dict(refusal.fields or {"notice": refusal.message})
    if refusal.code == "published_meanwhile" and refusal.extra:
        version, by, at = (refusal.extra[name] for name in ("version", "by", "at"))
        told = _("Version %(version)s: %(who)s, %(when)s.", version=version, who=by, when=when(at))
        wrong["who"] = told
    return make_response(_page(site, wrong, request.form), refusal.status)


def _grouped(changes: list[Change]) -> list[tuple[str, list[Change]]]:
    return [(group, list(same)) for group, same in groupby(changes, key=lambda one: one.group)]


def _by_code(site: Site, found: list[Finding]) -> list[tuple[str, list[tuple[Finding, str]]]]:
    """(code, its findings with where each is mended)."""
    ordered = sorted(found, key=lambda one: one.code)
    return [
        (code, [(one, mend(site, one)) for one in same])
        for code, same in groupby(ordered, key=lambda one: one.code)
    ]


def _seen_rollback(site: Site, number: int, at: datetime) -> Seen | None:
    """What the button of the page promised: no version newer than the page showed."""
    shown = request.form.get("newest", "")
    if not (shown.isascii() and shown.isdigit() and len(shown) < 10):
        return None
    return Seen(int(shown), leaf.digest(notices.content_of(site, number, at)))


def _when(form: MultiDict[str, str], at: datetime) -> datetime | None:
    """The day and the minute that were chosen, in UTC; None for now."""
    if form.get("when") != "later":
        return None
    try:
        found = datetime.fromisoformat(form.get("effective_at", "")).replace(tzinfo=UTC)
    except ValueError:
        found = None
    if found is None or found <= at:
        fields = {"effective_at": "A day and a time to come, in UTC."}
        raise Invalid("field_value", "It cannot take effect then.", fields=fields)
    return found


def _share(form: MultiDict[str, str]) -> int | None:
    """The percentage that was chosen; None for everybody."""
    said: Any = form.get("share", "")
    if said == "":
        return None
    return int(said) if said.isascii() and said.isdigit() and len(said) < 4 else 0
