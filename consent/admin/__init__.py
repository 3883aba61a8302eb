"""The owner's edge: server-rendered pages below /admin/ that work without JavaScript.

`guard` stands at the door; every other module is one page or one family of pages.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, redirect, request
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from consent import saying
from consent.admin import (
    access,
    account,
    complaint,
    design,
    door,
    factors,
    finding,
    guard,
    history,
    inventory,
    invitations,
    keys,
    lost,
    many,
    news,
    notice,
    organisations,
    papers,
    people,
    policies,
    preview,
    proof,
    provider,
    record,
    records,
    requests,
    review,
    scans,
    show,
    shown,
    sites,
    statistics,
    texts,
    tokens,
    tongue,
    trail,
    trials,
    undo,
    webhooks,
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
SITE = (
    sites,
    news,
    inventory,
    history,
    scans,
    review,
    policies,
    papers,
    notice,
    trials,
    texts,
    records,
    requests,
    access,
    webhooks,
)
ALSO = (record, complaint)  # their routes hang on the blueprint of `records`
ACCOUNT = (account, tokens, door, factors, proof, provider, lost)
SHOWING = (design, preview, shown)
GROUP = (organisations, people, invitations, statistics, many, keys, trail, undo, finding)
for page in (*ACCOUNT, *SITE, *SHOWING, *GROUP):
    admin.register_blueprint(page.pages)

admin.before_request(guard.check_origin)
admin.before_request(guard.check_text)
admin.before_request(guard.open_door)
admin.before_request(proof.ask)
admin.after_request(guard.note_reading)
admin.teardown_request(guard.forget)
admin.after_app_request(guard.seal)
admin.register_error_handler(Refusal, guard.refuse)
admin.app_context_processor(show.page_parts)


@admin.record_once
def prepare(state: BlueprintSetupState) -> None:
    """Give the app its own counter of sign-in attempts and the words pages are shown in."""
    state.app.extensions["crumbtrail_sign_in"] = Throttle()
    state.app.extensions["crumbtrail_provider"] = provider.client(
        state.app.extensions["crumbtrail"].config
    )
    state.app.jinja_env.add_extension("jinja2.ext.i18n")
    words = state.app.jinja_env
    words.install_gettext_callables(tongue.raw, tongue.raw_plural, newstyle=True)  # type: ignore[attr-defined]
    words.globals["_"] = tongue._  # never markup, so a word from outside is escaped
    for name, word in show.FILTERS.items():
        state.app.jinja_env.filters[name] = word


@admin.post("/language")
def speak() -> Response:
    """Keep the language the reader chose, on this device, and show the same page in it."""
    guard.check_token(guard.page_token(), guard.TOO_LONG)
    response = redirect(guard.inside(request.form.get("next")), 303)
    if (tag := request.form.get("language", "")) in saying.NAMES:
        response.set_cookie(
            tongue.COOKIE, tag, max_age=tongue.COOKIE_LIFE_S, path="/admin/", samesite="Lax",
            secure=guard.https(), httponly=True,
        )  # fmt: skip
    return response


@admin.route("/<path:rest>")
def nowhere(rest: str) -> Response:
    """Addresses that do not exist, said on a page of the admin."""
    raise NotFound("page_unknown", "There is no such page.")
