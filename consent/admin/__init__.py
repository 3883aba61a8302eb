"""The owner's edge: server-rendered pages below /admin/ that work without JavaScript.

`guard` stands at the door; every other module is one page or one family of pages.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from consent.admin import (
    account,
    guard,
    history,
    inventory,
    keys,
    notice,
    policies,
    records,
    requests,
    review,
    scans,
    show,
    sites,
    texts,
    trail,
)
from consent.admin.throttle import Throttle
from consent.errors import NotFound, Refusal

admin = Blueprint(
    "admin",
    __name__,
    url_prefix="/admin",
    static_folder=str(Path(__file__).parents[2] / "static" / "admin"),
    static_url_path="/assets",
)
SITE = (sites, inventory, history, scans, review, policies, notice, texts, records, requests)
for page in (account, *SITE, keys, trail):
    admin.register_blueprint(page.pages)

admin.before_request(guard.check_origin)
admin.before_request(guard.check_text)
admin.before_request(guard.open_door)
admin.after_app_request(guard.seal)
admin.register_error_handler(Refusal, guard.refuse)
admin.app_context_processor(show.page_parts)


@admin.record_once
def prepare(state: BlueprintSetupState) -> None:
    """Give the app its own counter of sign-in attempts and the words pages are shown in."""
    state.app.extensions["crumbtrail_sign_in"] = Throttle()
    for name, word in show.FILTERS.items():
        state.app.jinja_env.filters[name] = word


@admin.route("/<path:rest>")
def nowhere(rest: str) -> Response:
    """Addresses that do not exist, said on a page of the admin."""
    raise NotFound("page_unknown", "There is no such page.")
