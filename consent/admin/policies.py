"""A published policy, uploaded or fetched: what it says, what is weak in it, what it proposes."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, make_response, render_template, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from consent import catalogue, egress, inventory, policy, scans, sites
from consent.admin import guard
from consent.egress import Guard, Policy, Unreachable
from consent.errors import Invalid, Refusal
from consent.parts import parts
from consent.policy import Document, Unreadable
from consent.sites import Site

pages = Blueprint("policies", __name__, url_prefix="/sites/<key>/policy")
AGENT = "Crumbtrail policy reader"
COOKIE = "crumbtrail"
SECONDS = 30.0
# Facts of a draft's site, in the order in which they are shown.
FACTS = (
    ("controller", "Controller"),
    ("dpo", "Data protection officer"),
    ("eu_representative", "Representative in the EU"),
    ("supervisory_authority", "Supervisory authority"),
    ("rights", "Rights"),
    ("policy", "The policy"),
    ("storage_location", "Where data are kept"),
    ("transfers", "Transfers"),
    ("children", "Children"),
)


@pages.get("/")
def upload(key: str) -> str:
    """The form: a file, an address, or the text itself."""
    return render_template("admin/policy.html", site=sites.get(key), wrong={}, form={}, read=None)


@pages.post("/")
def read(key: str) -> Response:
    """What it says, each fact with its sentence; nothing is kept yet."""
    site, form = sites.get(key), request.form
    try:
        document, name = _document()
    except Refusal as refusal:
        page = render_template(
            "admin/policy.html", site=site, wrong=refusal.fields or {}, form=form, read=None
        )
        return make_response(page, refusal.status)
    draft = policy.read(document)
    told = draft.to_json()
    last = scans.last_done(site)
    seen = json.loads(last.seen) if last and last.seen else None
    found = policy.lint(document, _rows(site), seen, "en", _settings(site), draft)
    page = render_template(
        "admin/policy.html",
        site=site,
        wrong={},
        form=form,
        read=name,
        language=document.language,
        facts=[(title, told["site"].get(part)) for part, title in FACTS],
        retention=told["site"].get("retention") or [],
        trackers=told["trackers"],
        found=found,
        paragraph=policy.ready_paragraph(_paragraph_language(document), _settings(site)),
        paragraph_language=_paragraph_language(document),
        beside=seen is not None,
        sealed=_seal().dumps([site.key, name, document.language, told["trackers"]]),
    )
    return make_response(page)


@pages.post("/queue")
def queue(key: str) -> Response:
    """Queue the trackers of the policy that was just read, as this server read it."""
    site = sites.get(key)
    try:
        of, name, language, rows = _seal().loads(request.form.get("sealed", ""))
    except (BadSignature, ValueError, TypeError):
        raise Invalid(
            "field_value", "This page is not one of ours. Read the policy again."
        ) from None
    if of != site.key:
        raise Invalid("field_value", "This policy was read for another site.")
    known = catalogue.known()
    drafts = scans.from_policy({"trackers": rows}, name, inventory.trackers(site), language, known)
    scans.propose(site, drafts, guard.user().email, guard.now())
    return guard.done("admin.review.every", "proposals_queued", key=key)


def _document() -> tuple[Document, str]:
    """The document and what to call it; raises Invalid with `file`, `url` or `text`."""
    file, url = request.files.get("file"), request.form.get("url", "").strip()
    text = request.form.get("text", "")
    if file is not None and file.filename:
        field, name, data, kind = "file", file.filename[:200], file.stream.read(), ""
    elif url:
        field, name = "url", url[:500]
        data, kind = _fetched(url)
    else:
        field, name, data, kind = "text", "the text", text.encode(), "text/plain"
    try:
        return policy.document(data, kind, url if field == "url" else ""), name
    except Unreadable as problem:
        raise Invalid(
            "policy_unreadable", problem.message, fields={field: problem.message}
        ) from None


def _fetched(url: str) -> tuple[bytes, str]:
    """Through the guard: from a public address, each redirect too."""
    try:
        with Guard(Policy(seconds_max=SECONDS)) as way:
            got = egress.fetch(way, url, agent=AGENT, bytes_max=policy.BIGGEST, seconds=SECONDS)
    except Unreachable as error:
        why = str(error)
        raise Invalid("policy_unreachable", why, fields={"url": why}) from None
    if got.status != 200:
        why = f"It answered {got.status}."
        raise Invalid("policy_unreachable", why, fields={"url": why})
    return got.body, got.headers.get("content-type", "")


def _rows(site: Site) -> list[dict[str, Any]]:
    names = ("name", "match", "kind", "party", "category", "duration")
    return [{name: getattr(row, name) for name in names} for row in inventory.trackers(site)]


def _settings(site: Site) -> dict[str, Any]:
    kept = site.retention if site.retention.get("unit") else None
    return {"name": COOKIE, "duration": site.choice_lifetime, "period": kept, "ip_mode": "none"}


def _paragraph_language(document: Document) -> str:
    return document.language if document.language in policy.LANGUAGES else "en"


def _seal() -> URLSafeSerializer:
    """What is queued is what was read here: the page carries it, and cannot change it."""
    return URLSafeSerializer(parts().config.secret_key, "policy")
