"""The people of an organisation: who is what, inviting, and sending away. For owners alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from consent import users
from consent.admin import guard, tenant
from consent.admin.tongue import _
from consent.errors import Forbidden, Refusal
from consent.parts import parts
from consent.permissions import Role
from consent.users import Seat

pages = Blueprint("people", __name__, url_prefix="/organisations/<organisation>/people")


@pages.url_defaults
def here(_endpoint: str, values: dict[str, Any]) -> None:
    """A link to these pages is to those of the organisation one is in."""
    seat = tenant.seat()
    if seat is not None:
        values.setdefault("organisation", seat.key)


@pages.get("/")
def every(organisation: str) -> str:
    """Members, pending invitations, and the form for another."""
    return _page({})


@pages.post("/invite")
def invite(organisation: str) -> Response:
    """Send the link, or show it this once where no mail can be sent."""
    seat, by, at = _seat(), guard.user().email, guard.now()
    email = request.form.get("email", "")
    try:
        role = users.role_of(request.form.get("role", ""))
        token = users.invite(seat.organisation_id, email, role, by, at)
    except Refusal as refusal:
        return make_response(_page(refusal.fields or {}), refusal.status)
    link = guard.base_url() + url_for("admin.invitations.one", token=token)
    if _sent(email.strip(), seat, link):
        return guard.done("admin.people.every", "invitation_sent")
    return make_response(_page({}, link), 201)


@pages.post("/<int:person>/role")
def change(organisation: str, person: int) -> Response:
    """Give another role. Whoever takes their own away is asked first: only others give it back."""
    seat, by = _seat(), guard.user()
    try:
        role = users.role_of(request.form.get("role", ""))
        if person == by.id and role != Role.OWNER and request.form.get("sure") != "yes":
            return make_response(_page({}, own=role.value), 422)
        users.change_role(seat.organisation_id, person, role, by.email, guard.now())
    except Refusal as refusal:
        return _refused(refusal)
    return _back("role_changed", person, role)


@pages.post("/<int:person>/remove")
def remove(organisation: str, person: int) -> Response:
    """Take somebody out, and end their sessions."""
    seat, by = _seat(), guard.user()
    if person == by.id and request.form.get("sure") != "yes":
        return make_response(_page({}, own="gone"), 422)
    try:
        users.remove_member(seat.organisation_id, person, by.email, guard.now())
    except Refusal as refusal:
        return _refused(refusal)
    return _back("member_removed", person, None)


@pages.post("/invitations/<int:number>/revoke")
def revoke(organisation: str, number: int) -> Response:
    """Take an invitation back."""
    by = guard.user().email
    users.revoke_invitation(_seat().organisation_id, number, by, guard.now())
    return guard.done("admin.people.every", "invitation_revoked")


def _back(word: str, person: int, role: Role | None) -> Response:
    """To the people; whoever is no owner any more, to where they may be."""
    if person == guard.user().id and role != Role.OWNER:
        return redirect(url_for("admin.organisations.every"), 303)
    return guard.done("admin.people.every", word)


def _refused(refusal: Refusal) -> Response:
    if refusal.status == 404:
        raise refusal
    return make_response(_page(refusal.fields or {"people": refusal.message}), refusal.status)


def _seat() -> Seat:
    seat = tenant.seat()
    if seat is None:
        raise Forbidden("role", "Your role does not open this page.")
    return seat


def _sent(email: str, seat: Seat, link: str) -> bool:
    """Whether a mail with the link has left; False where the owner has to hand it over."""
    outbox = parts().outbox
    if outbox is None:
        return False
    subject, text = users.invitation_letter(guard.user().email, seat.name, link)
    try:
        outbox.now(email, _(subject), _(text))
    except OSError:
        return False
    return True


def _page(wrong: dict[str, str], link: str = "", own: str = "") -> str:
    seat, at = _seat(), guard.now()
    return render_template(
        "admin/people.html",
        members=users.members(seat.organisation_id),
        pending=users.pending(seat.organisation_id, at),
        roles=[role.value for role in Role],
        form=request.form,
        wrong=wrong,
        link=link,
        own=own,
        mails=bool(parts().config.smtp_url),
    )
