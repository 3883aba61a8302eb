"""The people of the token's organisation: who is what, inviting, and sending away."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from marshmallow import Schema, fields

from consent import languages, users
from consent.parts import parts
from consent.permissions import Role
from consent.saying import NAMES, told
from consent.users import Seat
from consent.wire import Moment, Said, StrictBoolean, StrictInteger, Word

from . import door, shapes
from .frame import operation

calls = Blueprint("people", __name__, url_prefix="/people")
TAG = "admin-people"
ROLES = tuple(role.value for role in Role)


class MemberAnswer(Schema):
    """A person, and what they are in the organisation."""

    id = StrictInteger()
    email = Said(255)
    role = Said(8)
    since = Moment()
    seen_at = Moment(allow_none=True)


class InvitationAnswer(Schema):
    """An invitation that can still be taken."""

    id = StrictInteger()
    email = Said(255)
    role = Said(8)
    by = Said(320)
    created_at = Moment()
    expires_at = Moment()


class PeopleList(Schema):
    """The members by e-mail, and the invitations that wait."""

    people = fields.List(fields.Nested(MemberAnswer))
    invitations = fields.List(fields.Nested(InvitationAnswer))


class InviteBody(Schema):
    """Whom to invite, as what."""

    email = Said(255, 3, required=True)
    role = Word(ROLES, required=True)


class Invited(Schema):
    """Whether a mail with the link has left; else `link`, the only time it can be read."""

    sent = StrictBoolean()
    link = Said(2000, allow_none=True)


class RoleBody(Schema):
    """What the person is from now on."""

    role = Word(ROLES, required=True)


@operation(
    calls,
    "GET",
    "People and pending invitations",
    tag=TAG,
    answer=PeopleList(),
)
def every() -> dict[str, Any]:
    inside = door.seat().organisation_id
    people = [
        {
            "id": one.user.id,
            "email": one.user.email,
            "role": one.role.value,
            "since": one.since,
            "seen_at": one.seen_at,
        }
        for one in users.members(inside)
    ]
    return {"people": people, "invitations": users.pending(inside, door.now())}


@operation(
    calls,
    "POST /invitations",
    "Invite somebody",
    tag=TAG,
    body=InviteBody(),
    answer=Invited(),
    status=201,
    codes={409: ["member_already"]},
    more="The link works for a day, once. Where no mail can be sent the answer holds it.",
)
def invite(body: dict[str, Any]) -> dict[str, Any]:
    seat, email = door.seat(), body["email"].strip()
    made = users.invite(seat.organisation_id, email, Role(body["role"]), door.by(), door.now())
    base = (parts().config.base_url or request.host_url).rstrip("/")
    link = base + url_for("admin.invitations.one", token=made)
    sent = _sent(email, seat, link)
    return {"sent": sent, "link": None if sent else link}


@operation(
    calls,
    "POST /invitations/<int:number>/revoke",
    "Take an invitation back",
    tag=TAG,
    answer=shapes.Done(),
)
def revoke(number: int) -> dict[str, Any]:
    users.revoke_invitation(door.seat().organisation_id, number, door.by(), door.now())
    return {"done": True}


@operation(
    calls,
    "PATCH /<int:number>",
    "Give a person another role",
    tag=TAG,
    body=RoleBody(),
    answer=shapes.Done(),
    codes={409: ["last_owner"]},
    more="It counts at once, for their tokens too.",
)
def change(number: int, body: dict[str, Any]) -> dict[str, Any]:
    inside, role = door.seat().organisation_id, Role(body["role"])
    users.change_role(inside, number, role, door.by(), door.now())
    return {"done": True}


@operation(
    calls,
    "DELETE /<int:number>",
    "Take a person out, and sign them out",
    tag=TAG,
    status=204,
    codes={409: ["last_owner"]},
    more="Their tokens of this organisation open nothing from then on.",
)
def remove(number: int) -> None:
    users.remove_member(door.seat().organisation_id, number, door.by(), door.now())


def _sent(email: str, seat: Seat, link: str) -> bool:
    outbox = parts().outbox
    if outbox is None:
        return False
    subject, text = users.invitation_letter(door.user().email, seat.name, link)
    tag = languages.choose(request.accept_languages.values(), tuple(NAMES), "en")
    try:
        outbox.now(email, told(subject, tag), told(text, tag))
    except OSError:
        return False
    return True
