"""`flask --app app site export|apply|drift|schema`, `token …` and `webhook …`: configuration as
code, and what programs hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TextIO

import click
from flask.cli import AppGroup

from . import organisations, sitefile, sites, tenancy, tokens, users, webhooks
from .errors import NotFound, Refusal
from .parts import parts
from .permissions import Role
from .users import User

BY = "cli"
CHANGES = 2  # the exit code of a dry run that would change something
site_group = AppGroup("site")  # beside the other commands on sites
token_group = AppGroup("token", help="Tokens of the admin API.")
webhook_group = AppGroup("webhook", help="Webhooks of sites.")


@site_group.command("export")
@click.argument("key", metavar="SITE")
@click.option("--inventory", "--whole", "whole", is_flag=True, help="With all that is no setting.")
def export(key: str, whole: bool) -> None:
    """Print the configuration of a site as YAML, for `site apply`."""
    try:
        click.echo(sitefile.written(sites.get(key), whole), nl=False)
    except Refusal as refusal:
        raise _ended(refusal) from None


@site_group.command("apply")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--dry-run", "dry", is_flag=True, help="Say what would change; 2 if anything would.")
@click.option("--prune", is_flag=True, help="Remove what the file's lists do not name.")
@click.option("--org", help="Of a new site: the organisation's key; the first one where not given.")
def apply(file: TextIO, dry: bool, prune: bool, org: str | None) -> None:
    """Make a site what a YAML file says, all of it or nothing; `-` reads standard input."""
    try:
        with tenancy.within(_organisation(org).id if org else None):
            done = sitefile.apply(_text(file), BY, parts().clock(), prune=prune, dry=dry)
    except Refusal as refusal:
        raise _ended(refusal) from None
    for line in done.changes:
        click.echo(line)
    click.echo(f"{done.key}: {_count(done.changes)}{', nothing was kept' if dry else ''}.")
    if dry and done.changes:
        raise SystemExit(CHANGES)


def _count(changes: Sequence[str]) -> str:
    if not changes:
        return "nothing changed"
    return f"{len(changes)} {'change' if len(changes) == 1 else 'changes'}"


@site_group.command("drift")
@click.argument("files", nargs=-1, required=True, type=click.File(encoding="utf-8"))
def drift(files: tuple[TextIO, ...]) -> None:
    """Say where the server is not as files say, what they do not name included; 1 if anywhere."""
    differs = False
    for file in files:
        try:
            said = sitefile.read(_text(file))
        except Refusal as refusal:
            raise _ended(refusal, file.name) from None
        site = next((one for one in sites.all_sites() if one.key == said["key"]), None)
        lines = sitefile.differences(site, said, prune=True)
        differs = differs or bool(lines)
        for line in lines:
            click.echo(f"{said['key']}: {line}")
    if differs:
        raise SystemExit(1)
    click.echo("The server is as the files say.")


@site_group.command("schema")
def schema() -> None:
    """Print the JSON Schema of a site's file."""
    click.echo(json.dumps(sitefile.json_schema(), indent=2))


@token_group.command("create")
@click.argument("email")
@click.argument("label")
@click.option("--role", type=click.Choice([*Role]), default=Role.VIEWER.value, show_default=True)
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True)
@click.option("--org", help="The organisation's key; the first one where not given.")
def token_create(email: str, label: str, role: str, days: int, org: str | None) -> None:
    """Make a token of the person EMAIL for the admin API, and print it this once. Its role is at
    most what the person is in the organisation."""
    at = parts().clock()
    try:
        ends = at + timedelta(days=days)
        user = _user(email)
        seat = tokens.seat_in(user, _organisation(org).id)
        made = tokens.create_token(user, seat, role, label, ends, BY, at)
    except Refusal as refusal:
        raise _ended(refusal) from None
    click.echo(made)


@token_group.command("list")
@click.argument("email")
def token_list(email: str) -> None:
    """The tokens of a person."""
    try:
        found = tokens.tokens(_user(email))
    except Refusal as refusal:
        raise _ended(refusal) from None
    for one in found:
        state = one.state(parts().clock())
        click.echo(f"{one.id}\t{one.role}\t{state}\t{one.expires_at:%Y-%m-%d}\t{one.label}")


@token_group.command("revoke")
@click.argument("email")
@click.argument("token_id", metavar="TOKEN")
def token_revoke(email: str, token_id: str) -> None:
    """End a token, named by the part between its underscores."""
    try:
        tokens.revoke_token(_user(email), token_id, BY, parts().clock())
    except Refusal as refusal:
        raise _ended(refusal) from None


@webhook_group.command("list")
@click.argument("key", metavar="SITE")
def webhook_list(key: str) -> None:
    """The webhooks of a site, and what was sent last to each."""
    try:
        site = sites.get(key)
    except Refusal as refusal:
        raise _ended(refusal) from None
    for one in webhooks.of_site(site):
        click.echo(f"{one.id}\t{'on' if one.active else 'off'}\t{one.url}")
        for sent in webhooks.deliveries(one, 10):
            click.echo(f"\t{sent.name}\t{sent.event}\t{sent.state}\t{sent.tries} tries")


@webhook_group.command("replay")
@click.argument("key", metavar="SITE")
@click.argument("names", nargs=-1, metavar="MESSAGE…")
@click.option("--dead", is_flag=True, help="Every message of the site that was given up.")
def webhook_replay(key: str, names: tuple[str, ...], dead: bool) -> None:
    """Send messages again, each under the same id."""
    at = parts().clock()
    try:
        site = sites.get(key)
        found = [webhooks.delivery(site, name) for name in names]
        if dead:
            every = [
                one for hook in webhooks.of_site(site) for one in webhooks.deliveries(hook, 500)
            ]
            found += [one for one in every if one.state == "dead"]
        for one in found:
            webhooks.replay(one, site, BY, at)
    except Refusal as refusal:
        raise _ended(refusal) from None
    click.echo(f"{len(found)} on their way again.")


def _text(file: TextIO) -> str:
    try:
        return file.read()
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name}: this is not UTF-8.") from None


def _organisation(key: str | None) -> organisations.Organisation:
    return organisations.get(key) if key else organisations.main()


def _user(email: str) -> User:
    found = users.user_by_email(email)
    if found is None:
        raise NotFound("user_unknown", "There is no such account.")
    return found


def _ended(refusal: Refusal, name: str = "") -> click.ClickException:
    lines = [f"{field}: {why}" for field, why in (refusal.fields or {}).items()]
    if lines != [refusal.message]:  # one wrong field is the whole of it
        lines = [refusal.message, *(f"  {line}" for line in lines)]
    return click.ClickException(f"{name}: " * bool(name) + "\n".join(lines))
