"""`flask user …` and `flask org …`: people and organisations, from the terminal of the server."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from . import organisations, users
from .errors import Refusal
from .parts import parts
from .permissions import Role


class Told(AppGroup):
    """A refusal is a sentence at the terminal, and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            details = "".join(f"\n  {why}" for why in (refusal.fields or {}).values())
            raise click.ClickException(refusal.message + details) from None


user_group = Told("user", help="Accounts of the admin.")
org_group = Told("org", help="Organisations.")
ORG = click.option("--org", "key", help="The organisation's key; the first one where not given.")


def inside(key: str | None) -> int:
    """The number of the organisation of that key, of the first one where none is named."""
    found = organisations.get(key) if key else organisations.main()
    return int(found.id)


@user_group.command("add")
@click.argument("email")
@ORG
@click.option("--role", type=click.Choice([*map(str, Role)]), default="owner", show_default=True)
def user_add(email: str, key: str | None, role: str) -> None:
    """Make an account, and show its password this once; or take one that is there into an
    organisation."""
    at, number = parts().clock(), inside(key)
    known = users.user_by_email(email)
    if known is not None:
        users.join(known, number, Role(role), by="cli", at=at)
        click.echo(f"{known.email} is a member now; the password stays.")
        return
    user, password = users.add_user(
        email, None, by="cli", at=at, role=Role(role), organisation=number
    )
    click.echo(f"{user.email} {password}")


@user_group.command("list")
def user_list() -> None:
    """Every account, with its roles."""
    for user in users.users():
        told = [f"{seat.key}: {seat.role}" for seat in users.seats(user)]
        what = [*told, *(["operator"] if user.operator else [])]
        click.echo(f"{user.email}\t{', '.join(what) or 'a member of no organisation'}")


@user_group.command("password")
@click.argument("email")
def user_password(email: str) -> None:
    """Give an account a new password and end its sessions."""
    click.echo(users.reset_password(email, by="cli", at=parts().clock()))


@user_group.command("operator")
@click.argument("email")
@click.option("--no", "no", is_flag=True, help="No longer.")
def user_operator(email: str, no: bool) -> None:
    """Let an account make organisations in the admin."""
    user = users.make_operator(email, not no, by="cli", at=parts().clock())
    click.echo(f"{user.email} is {'no operator any more' if no else 'an operator'}.")


@user_group.command("remove")
@click.argument("email")
def user_remove(email: str) -> None:
    """Delete an account; the last owner of an organisation stays."""
    users.remove_user(users.known(email), by="cli", at=parts().clock())
    click.echo("Removed.")


@org_group.command("add")
@click.argument("key")
@click.argument("name")
def org_add(key: str, name: str) -> None:
    """Make an organisation; give it an owner with `user add E-MAIL --org KEY`."""
    made = organisations.add(key, name, by="cli", at=parts().clock())
    click.echo(f"{made.key}: give it an owner with: flask user add E-MAIL --org {made.key}")


@org_group.command("list")
def org_list() -> None:
    """The organisations of this server."""
    for one in organisations.every():
        click.echo(f"{one.key}\t{one.name}\t{len(users.members(one.id))} people")
