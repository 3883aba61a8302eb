"""Taking back what was done: the button of the message after it, and the list of what can still be.

The number in the address names an act that is kept; what takes it back is said by its kind alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from consent import (
    inventory,
    permissions,
    requests,
    scans,
    sitefile,
    sites,
    undoing,
    users,
    webhooks,
)
from consent.admin import guard
from consent.db import together
from consent.errors import NotFound
from consent.permissions import Right, Role
from consent.undoing import Deed

pages = Blueprint("undo", __name__, url_prefix="/undo")
Reverse = Callable[[Deed, str, datetime], object]


class Kind(NamedTuple):
    """How an act of a kind reads, what taking it back needs, where that leads, and the verb."""

    word: str
    right: Right
    page: str
    reverse: Reverse


@pages.get("/")
def every() -> str:
    """What was done lately and can be taken back, the newest first; of one site, if it is named.

    Of an inventory the newest change alone: its history leads to older states."""
    site = request.args.get("site") or None
    if site is not None:
        sites.get(site)
    found = [one for one in undoing.lately(guard.now(), site) if allowed(one)]
    newest = {one.site: one for one in reversed(found) if one.kind == "inventory"}
    found = [one for one in found if one.kind != "inventory" or newest[one.site] is one]
    return render_template("admin/undo.html", deeds=found, kinds=KINDS, only=site, route=route)


@pages.post("/<int:number>")
def take(number: int) -> Response:
    """Take back what an editor may do."""
    return _take(number, Right.EDIT)


@pages.post("/<int:number>/governed")
def take_governed(number: int) -> Response:
    """Take back what an owner may do."""
    return _take(number, Right.GOVERN)


def offered(number: str) -> Deed | None:
    """The act whose number stands in the address of a page, where the reader may take it back."""
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        return None
    found = undoing.find(int(number))
    open_ = found is not None and undoing.can(found, guard.now())
    return found if found is not None and open_ and allowed(found) else None


def allowed(deed: Deed) -> bool:
    """Whether the reader may take an act back."""
    kind = KINDS.get(deed.kind)
    return kind is not None and permissions.may(guard.role(), kind.right)


def route(deed: Deed) -> str:
    """Where the form of an act is sent."""
    governed = KINDS[deed.kind].right is Right.GOVERN
    return "admin.undo.take_governed" if governed else "admin.undo.take"


def _take(number: int, right: Right) -> Response:
    deed, by, at = undoing.get(number), guard.user().email, guard.now()
    kind = KINDS[deed.kind]
    if kind.right is not right:
        raise NotFound("deed_unknown", "What was done there is not kept any more.")
    with together():
        undoing.take(deed, by, at)
        kind.reverse(deed, by, at)
    values = {"key": deed.site} if deed.site else {}
    return guard.done(kind.page, "undone", **values)


def _inventory(deed: Deed, by: str, at: datetime) -> None:
    inventory.undo(sites.get(str(deed.site)), deed.said["version"], by, at)


def _settings(deed: Deed, by: str, at: datetime) -> None:
    said = deed.said
    sites.change_back(sites.get(str(deed.site)), said["was"], said["now"], by, at)


def _member(deed: Deed, by: str, at: datetime) -> None:
    said = deed.said
    users.bring_back(deed.organisation_id, said["user"], Role(said["role"]), by, at)


def _role(deed: Deed, by: str, at: datetime) -> None:
    user, was, now = (deed.said[name] for name in ("user", "was", "now"))
    users.role_back(deed.organisation_id, user, Role(was), Role(now), by, at)


def _invitation(deed: Deed, by: str, at: datetime) -> None:
    users.renew_invitation(deed.organisation_id, deed.said["invitation"], by, at)


def _webhook(deed: Deed, by: str, at: datetime) -> None:
    site, said = sites.get(str(deed.site)), deed.said
    webhooks.change_back(site, said["id"], said["was"], said["now"], by, at)


def _webhook_gone(deed: Deed, by: str, at: datetime) -> None:
    webhooks.bring_back(sites.get(str(deed.site)), deed.said, by, at)


def _template(deed: Deed, by: str, at: datetime) -> None:
    sitefile.bring_back_template(deed.organisation_id, deed.said, by, at)


def _dismissal(deed: Deed, by: str, at: datetime) -> None:
    scans.reopen(sites.get(str(deed.site)), deed.said["proposal"], by, at)


def _watch(deed: Deed, by: str, at: datetime) -> None:
    said = deed.said
    scans.watch_back(sites.get(str(deed.site)), said["was"], said["now"], by, at)


def _request(deed: Deed, by: str, at: datetime) -> None:
    site = sites.get(str(deed.site))
    requests.reopen(requests.get(site, deed.what), site, deed.said["was"], by, at)


KINDS = {
    "inventory": Kind("Inventory", Right.EDIT, "admin.inventory.every", _inventory),
    "look": Kind("Texts or design", Right.EDIT, "admin.notice.draft", _settings),
    "settings": Kind("Settings", Right.GOVERN, "admin.sites.settings", _settings),
    "watch": Kind("Schedule of scans", Right.EDIT, "admin.scans.every", _watch),
    "dismissal": Kind("Proposal dismissed", Right.EDIT, "admin.review.every", _dismissal),
    "webhook": Kind("Webhook changed", Right.GOVERN, "admin.webhooks.every", _webhook),
    "webhook_gone": Kind("Webhook removed", Right.GOVERN, "admin.webhooks.every", _webhook_gone),
    "request": Kind("Request closed", Right.GOVERN, "admin.requests.every", _request),
    "template": Kind("Template", Right.GOVERN, "admin.many.every", _template),
    "member": Kind("Person removed", Right.GOVERN, "admin.people.every", _member),
    "role": Kind("Role changed", Right.GOVERN, "admin.people.every", _role),
    "invitation": Kind("Invitation taken back", Right.GOVERN, "admin.people.every", _invitation),
}

# What a person reads of each kind.
WORDS = {name: kind.word for name, kind in KINDS.items()}
