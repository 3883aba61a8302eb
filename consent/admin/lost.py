"""Lost access: who asked for a new password, a link to hand over, and second factors forgotten."""

from __future__ import annotations

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import tenancy, users
from consent.admin import door, guard, tenant
from consent.errors import Forbidden, NotFound
from consent.permissions import Role
from consent.users import User

pages = Blueprint("lost", __name__, url_prefix="/lost-access")


@pages.get("/")
def every() -> str:
    """Everybody, those who asked first."""
    return _page("", "")


@pages.post("/link")
def make_link() -> Response:
    """A link for one of them, shown here the only time."""
    email = _whom()
    token = users.make_link(email, guard.user().email, guard.now())
    return make_response(_page(door.reset_address(token), email), 201)


@pages.post("/forget")
def forget() -> Response:
    """Second factors that are lost; the password stays."""
    email = _whom()
    if email == guard.user().email:
        message = "Your own second factors are on the page Account."
        raise Forbidden("factors_own", message)
    users.forget_factors(email, guard.user().email, guard.now())
    return guard.done("admin.lost.every", "factors_forgotten")


def _whom() -> str:
    """The e-mail in the form, of somebody this owner may help."""
    email = request.form.get("email", "")[:300]
    if email not in {user.email for user in helped()}:
        raise NotFound("user_unknown", "No account has this e-mail.")
    return email


def helped() -> list[User]:
    """Whose way in this owner may open again: members who are in no organisation that this owner
    does not own, and run no server that this owner does not run. A way in opens all of them."""
    seat, me = tenant.seat(), guard.user()
    if seat is None:
        return []
    mine = {one.key for one in tenant.seats() if one.role == Role.OWNER}
    people = [one.user for one in users.members(seat.organisation_id)]
    with tenancy.within(None):
        inside = {one.id: {seat.key for seat in users.seats(one)} for one in people}
    return [one for one in people if inside[one.id] <= mine and (me.operator or not one.operator)]


def _page(address: str, email: str) -> str:
    asked = users.asked()
    people = [(user, asked.get(user.id), users.factors(user)) for user in helped()]
    people.sort(key=lambda one: (one[1] is None, one[0].email))
    return render_template("admin/lost.html", people=people, address=address, made_for=email)
