"""The notice of a site: what would change, whether visitors are asked again, publishing."""

from __future__ import annotations

import json

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import inventory, notices, sites
from consent.admin import guard
from consent.errors import NotFound, Refusal
from consent.sites import Site

pages = Blueprint("notice", __name__, url_prefix="/sites/<key>/notice")


@pages.get("/")
def draft(key: str) -> str:
    """The draft beside what is published, in sentences."""
    return _page(sites.get(key), {})


@pages.post("/publish")
def publish(key: str) -> Response:
    """Freeze the draft as the next version."""
    site = sites.get(key)
    material = request.form.get("material") == "yes"
    try:
        notices.publish(site, guard.user().email, guard.now(), material=material)
    except Refusal as refusal:
        wrong = refusal.fields or {"notice": refusal.message}
        return make_response(_page(site, wrong), refusal.status)
    return guard.done("admin.notice.draft", "published", key=key)


@pages.get("/versions/<int:version>")
def version(key: str, version: int) -> str:
    """One published version, as it was frozen."""
    site = sites.get(key)
    for notice in notices.versions(site):
        if notice.version == version:
            body = json.dumps(notice.content, ensure_ascii=False, indent=2)
            return render_template("admin/version.html", site=site, notice=notice, body=body)
    raise NotFound("not_found", "There is no such version.")


def _page(site: Site, wrong: dict[str, str]) -> str:
    latest = notices.latest(site)
    return render_template(
        "admin/notice.html",
        site=site,
        latest=latest,
        changes=notices.changes(site),
        again=notices.asks_again(latest.content if latest else None, notices.draft(site)),
        versions=notices.versions(site),
        held=inventory.trackers(site, category="unclassified"),
        findings=notices.lint(notices.draft(site)),
        wrong=wrong,
    )
