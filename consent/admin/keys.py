"""Keys for auditors: made, shown once, looked after, rotated, revoked."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import sites, trail, users
from consent.admin import guard
from consent.errors import Invalid, Refusal

from .asked import day, day_after

pages = Blueprint("keys", __name__, url_prefix="/keys")
LATELY = 20
SCOPES = {
    "read:records": "Read records and the notices they answered, page by page",
    "read:proof": "Read proofs, and the site's log where it is not published",
    "export": "Take records in one piece: CSV, JSON, evidence bundles",
    "stats": "Read statistics, without a single record",
}


@pages.get("/")
def every() -> str:
    """All keys and the form for another."""
    return _page({}, {}, "")


@pages.post("/")
def create() -> Response:
    """Make a key and show it here, the only time: this answer is never stored by the browser."""
    form = request.form
    wrong: dict[str, str] = {}
    expires = day_after(form.get("expires_at", ""), "expires_at", wrong)
    start = day(form.get("period_from", ""), "period_from", wrong)
    end = day_after(form.get("period_to", ""), "period_to", wrong)
    asked = form.getlist("sites")
    known = {site.key for site in sites.all_sites()}
    try:
        if expires is None:
            wrong.setdefault("expires_at", "Say on which day the key ends.")
        if not set(asked) <= known:
            wrong["sites"] = "One of these sites is gone."
        if wrong or expires is None:
            raise Invalid("key", "This key cannot be made yet.", fields=wrong)
        key = users.create_key(
            form.get("label", ""),
            asked,
            expires,
            guard.user().email,
            guard.now(),
            period_from=start,
            period_to=end,
            scopes=form.getlist("scopes"),
        )
    except Refusal as refusal:
        return make_response(_page(form.to_dict(), refusal.fields or {}, ""), refusal.status)
    return make_response(_page({}, {}, key), 201)


@pages.get("/<key_id>")
def one(key_id: str) -> str:
    """What a key may do, and what it read lately."""
    return _one(key_id, "")


@pages.post("/<key_id>/rotate")
def rotate(key_id: str) -> Response:
    """Another secret for the same key, shown here, the only time; the one before works on for the
    overlap, or ends at once where it leaked."""
    overlap = timedelta(0) if request.form.get("overlap") == "none" else users.OVERLAP
    made = users.rotate_key(key_id, guard.user().email, guard.now(), overlap)
    return make_response(_one(key_id, made), 201)


@pages.post("/<key_id>/revoke")
def revoke(key_id: str) -> Response:
    """End a key."""
    users.revoke_key(key_id, guard.user().email, guard.now())
    return guard.done("admin.keys.every", "key_revoked")


def _one(key_id: str, made: str) -> str:
    at, key = guard.now(), users.one_key(key_id)
    return render_template(
        "admin/key.html",
        key=key,
        state=key.state(at),
        old=key.old_until if key.old_until and key.old_until > at else None,
        scopes=[(name, SCOPES[name]) for name in users.scopes_of(key)],
        reads=trail.entries(limit=LATELY, actor=f"key {key.id}"),
        made=made,
        overlap=users.OVERLAP.days,
        base_url=guard.base_url(),
    )


def _page(form: dict[str, str], wrong: dict[str, str], made: str) -> str:
    at = guard.now()
    asked = request.form.getlist("scopes") if form else list(SCOPES)
    return render_template(
        "admin/keys.html",
        keys=[(key, key.state(at)) for key in users.keys()],
        sites=sites.all_sites(),
        chosen=request.form.getlist("sites"),
        scopes=[(name, words, name in asked) for name, words in SCOPES.items()],
        form=form,
        wrong=wrong,
        made=made,
        base_url=guard.base_url(),
        soonest=at.date().isoformat(),
        latest=(at + users.KEY_LIFE - timedelta(days=1)).date().isoformat(),
        usual=(at + timedelta(days=90)).date().isoformat(),
    )
