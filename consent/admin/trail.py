"""The trail: who did what, when; it can be read here and changed nowhere."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from consent import sites, trail

pages = Blueprint("trail", __name__)
PAGE = 50


@pages.get("/trail")
def entries() -> str:
    """The latest acts, optionally of one site, fifty at a time."""
    site = request.args.get("site") or None
    before = request.args.get("before", type=int)
    found = trail.entries(site=site, limit=PAGE + 1, before=before)
    return render_template(
        "admin/trail.html",
        entries=found[:PAGE],
        older=found[PAGE - 1].id if len(found) > PAGE else None,
        site_key=site,
        sites=sites.all_sites(),
    )
