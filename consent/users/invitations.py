"""Invitations: a link for one e-mail, one role, one day and one use. Its fingerprint is stored."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update

from consent import trail, undoing
from consent.db import db
from consent.errors import Conflict, Forbidden, NotFound
from consent.permissions import Role
from consent.saying import Said, say

from .account import clean_email, make_user, user_by_email
from .members import find_member
from .password import fingerprint
from .tables import Invitation, Membership, User

INVITATION_LIFE = timedelta(hours=24)


def invite(organisation_id: int, email: str, role: Role, by: str, at: datetime) -> str:
    """Answer the secret of a new link, which is stored nowhere; an older one for the same e-mail
    ends. Raises Invalid `email`, Conflict `member_already`."""
    email = clean_email(email)
    user = user_by_email(email)
    if user is not None and find_member(user.id, organisation_id) is not None:
        why = "This person is a member already."
        raise Conflict("member_already", why, fields={"email": why})
    same = (Invitation.organisation_id == organisation_id, Invitation.email == email)
    db.session.execute(update(Invitation).where(*same, _open(at)).values(over_at=at))
    token = secrets.token_urlsafe(32)
    db.session.add(
        Invitation(
            organisation_id=organisation_id,
            email=email,
            role=role.value,
            token_hash=fingerprint(token),
            by=by,
            created_at=at,
            expires_at=at + INVITATION_LIFE,
        )
    )
    said = {"user": email, "role": role.value}
    trail.write_in(organisation_id, "invitation.send", by, at, **said)
    db.session.commit()
    return token


def pending(organisation_id: int, at: datetime) -> list[Invitation]:
    """Those that can still be taken, the newest first."""
    mine = select(Invitation).where(Invitation.organisation_id == organisation_id, _open(at))
    return list(db.session.scalars(mine.order_by(Invitation.id.desc())))


def revoke_invitation(organisation_id: int, number: int, by: str, at: datetime) -> None:
    """Take one back; a second time changes nothing. Raises NotFound `invitation_unknown`."""
    mine = (Invitation.id == number, Invitation.organisation_id == organisation_id)
    found = db.session.scalar(select(Invitation).where(*mine))
    if found is None:
        raise NotFound("invitation_unknown", "There is no such invitation.")
    if found.over_at is None:
        found.over_at = at
        trail.write_in(organisation_id, "invitation.revoke", by, at, user=found.email)
        back = {"invitation": number}
        undoing.keep("invitation", by, at, found.email, back, organisation=organisation_id)
        db.session.commit()


def renew_invitation(organisation_id: int, number: int, by: str, at: datetime) -> None:
    """Let the link of one that was taken back work again, until the day it had.

    Raises NotFound `invitation_unknown`, Conflict `invitation_over` where its day has passed or
    another was sent since.
    """
    mine = (Invitation.id == number, Invitation.organisation_id == organisation_id)
    found = db.session.scalar(select(Invitation).where(*mine))
    if found is None:
        raise NotFound("invitation_unknown", "There is no such invitation.")
    user = user_by_email(found.email)
    inside = user is not None and find_member(user.id, organisation_id) is not None
    later = Invitation.organisation_id == organisation_id, Invitation.email == found.email
    sent = select(Invitation.id).where(*later, Invitation.id > number).limit(1)
    if inside or found.expires_at <= at or db.session.scalar(sent) is not None:
        raise Conflict("invitation_over", "This invitation is over. Send another.")
    found.over_at = None
    trail.write_in(organisation_id, "invitation.renew", by, at, user=found.email)
    db.session.commit()


def invitation_for(token: str, at: datetime) -> Invitation:
    """The invitation of a link; an unknown one, a used one and an old one look the same: NotFound
    `invitation_over`."""
    ours = (Invitation.token_hash == fingerprint(token), _open(at))
    found = db.session.scalar(select(Invitation).where(*ours))
    if found is None:
        raise _over()
    return found


def accept_new(token: str, password: str, at: datetime) -> User:
    """Make the account of somebody who has none, and their membership.

    Raises NotFound `invitation_over`, Invalid `password_weak`, `user_exists`.
    """
    invitation = invitation_for(token, at)
    user, _ = make_user(invitation.email, password, at)
    _take(invitation, user, at)
    return user


def accept(token: str, user: User, at: datetime) -> int:
    """Take somebody in who has an account, of the e-mail that was invited; answers the number of
    the organisation. Raises NotFound `invitation_over`, Forbidden `invitation_other`."""
    invitation = invitation_for(token, at)
    if invitation.email != user.email:
        why = "This invitation is for another e-mail. Sign out, and open the link again."
        raise Forbidden("invitation_other", why)
    inside = invitation.organisation_id
    if find_member(user.id, inside) is not None:
        raise Conflict("member_already", "You are a member already.")
    _take(invitation, user, at)
    return inside


def _take(invitation: Invitation, user: User, at: datetime) -> None:
    """Once, even where two ask at the same moment."""
    taken = update(Invitation).where(Invitation.id == invitation.id, Invitation.over_at.is_(None))
    inside, role = invitation.organisation_id, invitation.role
    done = db.session.execute(taken.values(over_at=at))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        db.session.rollback()
        raise _over()
    db.session.add(Membership(user_id=user.id, organisation_id=inside, role=role, since=at))
    said = {"user": user.email, "role": role}
    trail.write_in(inside, "invitation.accept", user.email, at, **said)
    db.session.commit()


def _open(at: datetime) -> ColumnElement[bool]:
    return Invitation.over_at.is_(None) & (Invitation.expires_at > at)


def _over() -> NotFound:
    why = "This invitation is used, taken back, or older than a day. Ask for another."
    return NotFound("invitation_over", why)


def invitation_letter(who: str, name: str, link: str) -> tuple[Said, Said]:
    """Subject and text, to be said in the language of whoever invites: that of the invited is not
    known yet."""
    return say("You are invited to %(name)s on Crumbtrail", name=name), say(
        "%(who)s invites you to look after the cookie consent of %(name)s.\n\n"
        "Open this link within 24 hours; it works once:\n%(link)s\n\n"
        "If you did not expect this, do nothing.",
        who=who,
        name=name,
        link=link,
    )
