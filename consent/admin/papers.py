"""Versions of the privacy policy: number, day, language, and the digest of the text."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from consent import notices, sites
from consent.admin import guard
from consent.errors import Invalid, Refusal
from consent.sites import Site

pages = Blueprint("papers", __name__, url_prefix="/sites/<key>/policy/versions")


@pages.get("/")
def every(key: str) -> str:
    """All versions that are kept, and the form for another."""
    return _page(sites.get(key), MultiDict(), {})


@pages.post("/")
def add(key: str) -> Response:
    """Keep another version, byte for byte; the next notice names it."""
    site, form = sites.get(key), request.form
    file, at = request.files.get("file"), guard.now()
    if file is not None and file.filename:
        text, media = file.stream.read(), file.mimetype or "application/octet-stream"
    else:
        text, media = form.get("text", "").encode(), "text/plain"
    try:
        notices.add_policy(
            site,
            form.get("language", ""),
            text,
            guard.user().email,
            at,
            media=media,
            url=form.get("url", "").strip() or None,
            effective_at=_day(form.get("effective_at", ""), at),
        )
    except Refusal as refusal:
        wrong = refusal.fields or {"text": refusal.message}
        return make_response(_page(site, form, wrong), refusal.status)
    return guard.done("admin.papers.every", "policy_kept", key=key)


@pages.get("/<language>/<int:number>")
def text(key: str, language: str, number: int) -> Response:
    """The bytes of one version, to download; never shown as a page of ours."""
    found = notices.policy(sites.get(key), language, number)
    answer = make_response(found.text)
    answer.headers["Content-Type"] = "application/octet-stream"
    name = f"policy-{found.language}-{found.number}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _page(site: Site, form: MultiDict[str, str], wrong: dict[str, str]) -> str:
    known = notices.policies(site)
    applies = notices.draft(site, guard.now()).get("policies", {})
    in_force = {(tag, one["number"]) for tag, one in applies.items()}
    return render_template(
        "admin/papers.html", site=site, policies=known, in_force=in_force, form=form, wrong=wrong
    )


def _day(text: str, at: datetime) -> datetime:
    """The beginning of the day in UTC; today is now."""
    if not text:
        return at
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        fields = {"effective_at": "A day, like 2027-01-31."}
        raise Invalid("field_value", "That is no day.", fields=fields) from None
    return at if found.date() == at.date() else found
