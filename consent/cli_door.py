"""`flask --app app user reset-link | forget-factors`: the way in for somebody who lost theirs."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import users
from .errors import Refusal
from .parts import parts

user_group = AppGroup("user")  # beside the other commands on accounts


@user_group.command("reset-link")
@click.argument("email")
def reset_link(email: str) -> None:
    """Make a link by which EMAIL sets a new password, once, within 30 minutes."""
    known = parts()
    try:
        token = users.make_link(email, "cli", known.clock())
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(f"{known.config.base_url}/admin/sign-in/reset/{token}")


@user_group.command("forget-factors")
@click.argument("email")
def forget_factors(email: str) -> None:
    """Forget the app, the passkeys and the recovery codes of EMAIL, who is signed out."""
    try:
        user = users.forget_factors(email, "cli", parts().clock())
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(f"{user.email} signs in with the password alone from now on.")
