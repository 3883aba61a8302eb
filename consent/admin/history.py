"""The states of an inventory, newest first, and the way back to each."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from consent import inventory, sites
from consent.admin import guard
from consent.errors import Invalid

pages = Blueprint("history", __name__, url_prefix="/sites/<key>/history")
SHOWN = 50
LINES = 12


@pages.get("/")
def every(key: str) -> str:
    """Each change: who, when, what it changed."""
    site = sites.get(key)
    found = inventory.versions(site)[: SHOWN + 1]
    steps = []
    for at, version in enumerate(found[:SHOWN]):
        before = found[at + 1] if at + 1 < len(found) else None
        told = list(inventory.differences(before.state, version.state)) if before else []
        steps.append({"version": version, "before": before, "told": told})
    newest = found[0].id if found else 0
    return render_template("admin/history.html", site=site, steps=steps, newest=newest, lines=LINES)


@pages.post("/undo")
def undo(key: str) -> Response:
    """Take back the newest change, if it is still the one that the person saw."""
    site = sites.get(key)
    inventory.undo(site, _seen(), guard.user().email, guard.now())
    return guard.done("admin.history.every", "inventory_restored", key=key)


@pages.post("/<int:number>/restore")
def restore(key: str, number: int) -> Response:
    """Back to how it was after that change."""
    site = sites.get(key)
    inventory.restore(site, number, _seen(), guard.user().email, guard.now())
    return guard.done("admin.history.every", "inventory_restored", key=key)


def _seen() -> int:
    text = request.form.get("seen", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("field_value", "The form does not say which state it was made for.")
    return int(text)
