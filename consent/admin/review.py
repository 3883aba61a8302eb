"""The review queue: what scans and policies propose, and a person's answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import inventory, scans, sites
from consent.admin import guard, show
from consent.errors import Invalid, Refusal
from consent.scans import Accepted, Proposal
from consent.sites import Site

PLAIN = ("name", "match", "kind", "party", "category", "reason", "service")
KEPT = (*PLAIN, "duration", "purpose", "published_label")

pages = Blueprint("review", __name__, url_prefix="/sites/<key>/review")


@pages.get("/")
def every(key: str) -> str:
    """What waits, the surest first, each with its evidence; or what was decided."""
    return _page(sites.get(key), None)


@pages.post("/accept")
def accept(key: str) -> Response:
    """One, or all that are sure; what cannot be taken is shown again with the reason."""
    site, asked = sites.get(key), request.form.getlist("number")
    if request.form.get("all") == "yes":
        numbers = [one.id for one in scans.confident(scans.waiting(site))]
    else:
        numbers = [int(text) for text in asked if re.fullmatch("[0-9]{1,9}", text)][:1000]
    if not numbers:
        raise Invalid("field_value", "Nothing was chosen.")
    done = scans.accept(site, numbers, guard.user().email, guard.now())
    if done.refused:
        return make_response(_page(site, done), 409 if not done.taken else 200)
    return guard.done("admin.review.every", "proposal_accepted", key=key)


@pages.get("/<int:number>")
def one(key: str, number: int) -> str:
    """One proposal, to edit before it is taken, or to dismiss."""
    site = sites.get(key)
    return _form(site, scans.proposal(site, number), {}, None)


@pages.post("/<int:number>")
def edit(key: str, number: int) -> Response:
    """Take it as the person has written it."""
    site = sites.get(key)
    found = scans.proposal(site, number)
    try:
        edits = _edits(site, found)
    except Refusal as refusal:
        return make_response(_form(site, found, refusal.fields or {}, request.form), refusal.status)
    done = scans.accept(site, [number], guard.user().email, guard.now(), edits)
    for _, why in done.refused:
        wrong = why.fields or {"name": why.message}
        return make_response(_form(site, found, wrong, request.form), why.status)
    return guard.done("admin.review.every", "proposal_accepted", key=key)


@pages.post("/<int:number>/dismiss")
def dismiss(key: str, number: int) -> Response:
    """Say no, with the reason."""
    site = sites.get(key)
    why = request.form.get("why", "")
    try:
        scans.dismiss(site, number, why, guard.user().email, guard.now())
    except Invalid as refusal:
        found = scans.proposal(site, number)
        return make_response(_form(site, found, refusal.fields or {}, None), refusal.status)
    return guard.done("admin.review.every", "proposal_dismissed", key=key)


@pages.post("/<int:number>/reopen")
def reopen(key: str, number: int) -> Response:
    """Ask again what was dismissed."""
    scans.reopen(sites.get(key), number, guard.user().email, guard.now())
    return guard.done("admin.review.every", "proposal_reopened", key=key)


def _whole(site: Site, proposals: Sequence[Proposal]) -> dict[int, dict[str, Any]]:
    """Each proposal's fields by its number; a change holds only what changes, so it is shown and
    edited over what the inventory says."""
    rows = {row.id: row for row in inventory.trackers(site)}
    return {
        one.id: {name: getattr(rows[one.tracker], name) for name in KEPT} | one.fields
        if one.tracker in rows
        else dict(one.fields)
        for one in proposals
    }


def _page(site: Site, done: Accepted | None) -> str:
    decided = request.args.get("state") == "decided"
    found = scans.decided(site) if decided else scans.waiting(site)
    return render_template(
        "admin/review.html",
        site=site,
        decided=decided,
        proposals=found,
        whole=_whole(site, found),
        waiting=scans.open_count(site),
        sure=[] if decided else scans.confident(found),
        outcome=done,
        newest=next(iter(inventory.versions(site)), None),
        lasting=show.lasting,
    )


def _form(site: Site, found: Proposal, wrong: dict[str, str], said: Any) -> str:
    fields = _whole(site, [found])[found.id]
    form: dict[str, Any] = {name: fields.get(name) or "" for name in PLAIN}
    life = fields.get("duration")
    form["duration"] = life if isinstance(life, str) else show.lasting(life) if life else ""
    purposes = fields.get("purpose") or {}
    form |= {f"purpose_{code}": text for code, text in purposes.items()}
    services = [(one.key, one.name) for one in inventory.services(site)]
    if found.service and found.service["key"] not in dict(services):
        services.append((found.service["key"], f"{found.service['name']} (new)"))
    return render_template(
        "admin/proposal.html",
        site=site,
        one=found,
        form={**form, **(said.to_dict() if said is not None else {})},
        wrong=wrong,
        services=services,
        languages=list(dict.fromkeys([*site.languages, *purposes])),
    )


def _edits(site: Site, found: Proposal) -> dict[str, Any]:
    form = request.form
    purposes = _whole(site, [found])[found.id].get("purpose") or {}
    said = {n: form.get(n, "").strip() or None for n in ("name", "party", "category", "service")}
    words = {
        code: form.get(f"purpose_{code}", "").strip()[:1000]
        for code in (*site.languages, *purposes)
    }
    return {
        **said,
        "match": form.get("match", "exact"),
        "kind": form.get("kind", "cookie"),
        "reason": form.get("reason", "").strip()[:500] or None,
        "duration": show.duration(form.get("duration", "")),
        "purpose": {code: text for code, text in words.items() if text},
    }
