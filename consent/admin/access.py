"""The access log of a site: who read its records, requests and exports, API keys included."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from consent import sites
from consent.admin import trail

pages = Blueprint("access", __name__, url_prefix="/sites/<key>/access")


@pages.get("/")
def every(key: str) -> Response:
    """The latest readings of this site, by person, key, record and period."""
    return trail.answer(sites.get(key))


@pages.get("/access.csv")
def table(key: str) -> Response:
    """The same as a table, whole."""
    return trail.as_csv(sites.get(key))
