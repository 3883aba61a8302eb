"""A person's tokens for the admin API: made, shown once, revoked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import tokens
from consent.admin import guard, tenant
from consent.errors import Refusal

pages = Blueprint("tokens", __name__, url_prefix="/account/tokens")


@pages.get("/")
def every() -> str:
    """My tokens and the form for another."""
    return _page({}, {}, "")


@pages.post("/")
def create() -> Response:
    """Make a token and show it here, the only time: this answer is never stored by the browser."""
    form, at, me = request.form, guard.now(), guard.user()
    role, label = form.get("role", ""), form.get("label", "")
    try:
        ends = _day(form.get("expires_at", ""), at)
        made = tokens.create_token(me, tenant.seat(), role, label, ends, me.email, at)
    except Refusal as refusal:
        return make_response(_page(form.to_dict(), refusal.fields or {}, ""), refusal.status)
    return make_response(_page({}, {}, made), 201)


@pages.post("/<token_id>/revoke")
def revoke(token_id: str) -> Response:
    """End a token of mine."""
    tokens.revoke_token(guard.user(), token_id, guard.user().email, guard.now())
    return guard.done("admin.tokens.every", "token_revoked")


def _page(form: dict[str, str], wrong: dict[str, str], made: str) -> str:
    at, seat = guard.now(), tenant.seat()
    return render_template(
        "admin/tokens.html",
        tokens=[(token, token.state(at)) for token in tokens.tokens(guard.user())],
        roles=tokens.roles_below(seat.role) if seat else (),
        seat=seat,
        form=form,
        wrong=wrong,
        made=made,
        base_url=guard.base_url(),
        soonest=at.date().isoformat(),
        latest=(at + tokens.TOKEN_LIFE - timedelta(days=2)).date().isoformat(),
        usual=(at + timedelta(days=90)).date().isoformat(),
    )


def _day(text: str, at: datetime) -> datetime:
    """The end of that day; what is no day is `at`, which no token may end at."""
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return at
