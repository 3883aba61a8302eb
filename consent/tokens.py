"""Tokens of the admin API: what a person's own programs hold in place of a password.

A token is a person's and of one organisation, and never opens more than they may there themselves:
it names a role, and what it may do is what both that role and the person's own of that moment
allow. It ends within a year.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from . import permissions, tenancy, trail
from .db import Base, Instant, db
from .errors import Invalid, NotFound, Unauthorised
from .permissions import Right, Role
from .users import Seat, User, seats
from .users.password import fingerprint

TOKEN_LIFE = timedelta(days=365)
TOKEN = re.compile(r"cta_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
TOUCH_EVERY = timedelta(minutes=1)


class AdminToken(Base):
    """`role` is one of permissions.Role; `secret_hash` the fingerprint of what is shown once."""

    __tablename__ = "admin_token"
    id: Mapped[str] = mapped_column(String(12), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id"), default=tenancy.owner
    )
    secret_hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    def state(self, at: datetime) -> str:
        """`active`, `expired` or `revoked`, as of `at`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= at else "active"


def roles_below(held: Role) -> tuple[Role, ...]:
    """The roles whose rights somebody of `held` has all of, the mightiest first."""
    rights = [right for right in Right if permissions.may(held, right)]
    return tuple(
        role
        for role in Role
        if all(right in rights for right in Right if permissions.may(role, right))
    )


def seat_in(user: User, organisation: int) -> Seat | None:
    """What the person is in an organisation now; None for whoever is no member."""
    return next((one for one in seats(user) if one.organisation_id == organisation), None)


def create_token(
    user: User,
    seat: Seat | None,
    role: str,
    label: str,
    expires_at: datetime,
    by: str,
    at: datetime,
) -> str:
    """Make a token of `user` for the organisation of their `seat`; answers it whole, the only time
    it can be read.

    Raises Invalid with `label`, `role`, `expires_at`.
    """
    wrong: dict[str, str] = {}
    if not label.strip() or len(label) > 200:
        wrong["label"] = "Say in a few words what uses this token."
    if seat is None or role not in roles_below(seat.role):
        wrong["role"] = "A role that may do no more than you."
    if not at < expires_at <= at + TOKEN_LIFE:
        wrong["expires_at"] = "A token ends in the future, within 365 days."
    if wrong or seat is None:
        raise Invalid("token", "This token cannot be made yet.", fields=wrong)
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    db.session.add(
        AdminToken(
            id=token_id,
            user_id=user.id,
            organisation_id=seat.organisation_id,
            secret_hash=fingerprint(secret),
            label=label.strip(),
            role=role,
            created_at=at,
            expires_at=expires_at,
        )
    )
    said = {"token": token_id, "user": user.email, "role": role}
    trail.write_in(seat.organisation_id, "token.create", by, at, **said)
    db.session.commit()
    return f"cta_{token_id}_{secret}"


def token_for(header_value: str | None, at: datetime) -> tuple[AdminToken, User]:
    """The token of an `Authorization: Bearer` header and whose it is, or a refusal (401)."""
    scheme, _, text = (header_value or "").partition(" ")
    parts = TOKEN.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
    if parts is None:
        raise Unauthorised("token_missing", "Send a token: Authorization: Bearer cta_…")
    token = db.session.get(AdminToken, parts["id"])
    stored = token.secret_hash if token is not None else fingerprint("")
    right = hmac.compare_digest(stored, fingerprint(parts["secret"]))
    user = db.session.get(User, token.user_id) if token is not None else None
    if not right or token is None or user is None:
        raise Unauthorised("token_unknown", "This token is not known here.")
    if (state := token.state(at)) != "active":
        raise Unauthorised(f"token_{state}", f"This token is {state}.")
    if token.last_used_at is None or at - token.last_used_at >= TOUCH_EVERY:
        token.last_used_at = at
        db.session.commit()
    return token, user


def revoke_token(user: User, token_id: str, by: str, at: datetime) -> None:
    """End a token of `user` at once; a second time changes nothing. Raises NotFound."""
    token = db.session.get(AdminToken, token_id)
    if token is None or token.user_id != user.id:
        raise NotFound("token_unknown", "There is no such token of yours.")
    if token.revoked_at is None:
        token.revoked_at = at
        said = {"token": token.id, "user": user.email}
        trail.write_in(token.organisation_id, "token.revoke", by, at, **said)
        db.session.commit()


def tokens(user: User) -> list[AdminToken]:
    """A person's tokens, the newest first; inside an organisation those of this one."""
    query = select(AdminToken).where(AdminToken.user_id == user.id)
    return list(db.session.scalars(query.order_by(AdminToken.created_at.desc(), AdminToken.id)))
