"""What people of a site were told lately, and whether they want to hear when consent falls."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from consent import news, sites
from consent.admin import guard

pages = Blueprint("news", __name__, url_prefix="/sites/<key>/news")


@pages.post("/")
def change(key: str) -> Response:
    """Switch the watch over consent off or on."""
    off = request.form.get("quiet") == "yes"
    news.set_quiet(sites.get(key), off, guard.user().email, guard.now())
    return guard.done("admin.sites.one", "site_changed", key=key)
