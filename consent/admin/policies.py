"""A published policy, uploaded or fetched: what it says, what is weak in it, what it proposes."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from flask import Blueprint, make_response, render_template, request
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from consent import catalogue, egress, inventory, policy, scans, sites
from consent.admin import guard, show, tongue
from consent.egress import Guard, Policy, Unreachable
from consent.errors import Invalid, Refusal
from consent.parts import parts
from consent.policy import Document, PolicyFinding, Unreadable
from consent.saying import Said, of_error, say
from consent.sites import Site

pages = Blueprint("policies", __name__, url_prefix="/sites/<key>/policy")
AGENT = "Crumbtrail policy reader"
COOKIE = "crumbtrail"
SECONDS = 30.0
# What it is, as said, and where: {line, quote}.
Fact = tuple[str, str, Any]
# Facts of a draft's site, in the order in which they are shown.
FACTS = (
    ("controller", say("Controller")),
    ("dpo", say("Data protection officer")),
    ("eu_representative", say("Representative in the EU")),
    ("supervisory_authority", say("Supervisory authority")),
    ("rights", say("Rights")),
    ("policy", say("The policy")),
    ("storage_location", say("Where data are kept")),
    ("transfers", say("Transfers")),
    ("children", say("Children")),
)
KEPT = say("How long data are kept")
# The names of facts, as a person reads them.
NAMED = {
    "legal_name": say("Legal name"),
    "trading_name": say("Trading name"),
    "registration_number": say("Registration number"),
    "vat_number": say("VAT number"),
    "contact_page": say("Contact page"),
    "address": say("Address"),
    "email": say("E-mail"),
    "phone": say("Phone"),
    "post": say("Post"),
    "page": say("Page"),
    "website": say("Website"),
    "country": say("Country"),
    "name": say("Name"),
    "text": say("Text"),
    "region": say("Region"),
    "safeguard": say("Safeguard"),
    "listed": say("Listed"),
    "deadline_days": say("Deadline, in days"),
    "deadline_text": say("Deadline, as written"),
    "free_of_charge": say("Free of charge"),
    "complaint_authority": say("Authority for complaints"),
    "version": say("Version"),
    "effective_date": say("In force from"),
    "last_updated": say("Last updated"),
    "min_age": say("Minimum age"),
    "as_published": say("As published"),
    "guardian_consent_below": say("Guardian consents below"),
}
LEFT_OUT = ("other_entities_named", "documents")


@pages.get("/")
def upload(key: str) -> str:
    """The form: a file, an address, or the text itself."""
    return render_template("admin/policy.html", site=sites.get(key), wrong={}, form={})


@pages.post("/")
def read(key: str) -> Response:
    """What it says, each fact with its sentence; nothing is kept yet."""
    site, form = sites.get(key), request.form
    try:
        document, name = _document()
    except Refusal as refusal:
        wrong = refusal.fields or {}
        page = render_template("admin/policy.html", site=site, wrong=wrong, form=form)
        return make_response(page, refusal.status)
    draft = policy.read(document)
    told = draft.to_json()
    last = scans.last_done(site)
    seen = json.loads(last.seen) if last and last.seen else None
    found = policy.lint(document, _rows(site), seen, tongue.language(), _settings(site), draft)
    rows = [(title, _rows_of(told["site"].get(part))) for part, title in FACTS]
    rows.append((KEPT, _kept(told["site"].get("retention") or [])))
    page = render_template(
        "admin/policy_result.html",
        site=site,
        read=name,
        language=document.language,
        facts=[(title, _once(some), sum(1 for row in some if row[1])) for title, some in rows],
        trackers=told["trackers"],
        groups=_by_weight(found),
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
        field, name, data, kind = "text", tongue._("the text"), text.encode(), "text/plain"
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
        why = of_error(error)
        raise Invalid("policy_unreachable", why, fields={"url": why}) from None
    if got.status != 200:
        why = say("It answered %(status)s.", status=got.status)
        raise Invalid("policy_unreachable", why, fields={"url": why})
    return got.body, got.headers.get("content-type", "")


def _by_weight(found: list[PolicyFinding]) -> list[tuple[str, str, list[list[PolicyFinding]]]]:
    """(severity, its title, the findings of each code), the worst first."""
    groups = []
    for severity, title in show.SEVERITIES.items():
        mine = sorted((f for f in found if f.severity == severity), key=lambda f: f.code)
        codes = [list(same) for _, same in groupby(mine, key=lambda f: f.code)]
        groups.append((severity, title, sorted(codes, key=lambda same: same[0].line)))
    return groups


def _rows_of(told: Any) -> list[Fact]:
    """What the policy says of one subject, contacts below their own name."""
    if not isinstance(told, dict):
        return []
    src, rows = told.get("src") or {}, []
    for name, value in told.items():
        if name == "src" or name.endswith("_src") or name in LEFT_OUT:
            continue
        word = NAMED.get(name) or Said(name.replace("_", " ").capitalize())
        if name == "contact":
            rows += [(say("Contact: %(what)s", what=one), *rest) for one, *rest in _rows_of(value)]
        else:
            values = value.values() if isinstance(value, dict) else value
            many = isinstance(value, dict | list)
            said = ", ".join(str(one) for one in values if one) if many else str(value or "")
            rows.append((word, said, src.get(name)))
    return rows


def _kept(retention: list[dict[str, Any]]) -> list[Fact]:
    rows = []
    for one in retention:
        at = next(iter(one["src"].values()), None) if isinstance(one.get("src"), dict) else one
        period = show.lasting(one["period"]) if one.get("period") else tongue._("no period")
        rows.append((one.get("what") or say("Data"), period, at))
    return rows


def _once(rows: list[Fact]) -> list[Fact]:
    """A sentence stands below the first of the facts that lie beside each other and share it."""
    quotes = [at.get("quote") if at else None for _, _, at in rows]
    return [
        (word, said, at if index == 0 or quotes[index - 1] != quotes[index] else None)
        for index, (word, said, at) in enumerate(rows)
    ]


def _rows(site: Site) -> list[dict[str, Any]]:
    names = ("name", "match", "kind", "party", "category", "duration")
    return [{name: getattr(row, name) for name in names} for row in inventory.trackers(site)]


def _settings(site: Site) -> dict[str, Any]:
    kept = site.retention if site.retention.get("unit") else None
    return {
        "name": COOKIE,
        "duration": site.choice_lifetime,
        "period": kept,
        "ip_mode": sites.ip_mode(site.facts),
    }


def _paragraph_language(document: Document) -> str:
    return document.language if document.language in policy.LANGUAGES else "en"


def _seal() -> URLSafeSerializer:
    """What is queued is what was read here: the page carries it, and cannot change it."""
    return URLSafeSerializer(parts().config.secret_key, "policy")
