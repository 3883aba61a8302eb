"""`flask --app app notice …`: publish, list and go back, by the same verbs as the admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask.cli import AppGroup, with_appcontext

from . import notices, sites
from .db import rfc3339
from .errors import Refusal
from .notices import Notice
from .parts import parts
from .sites import Site

BY = "cli"
group = AppGroup("notice", help="What visitors are shown: publish it, list it, go back.")


@group.command("diff")
@click.argument("key", metavar="SITE")
@with_appcontext
def diff(key: str) -> None:
    """Say how the draft differs, what is wrong with it, and whether visitors are asked again.

    Ends with 1 where it could not be published.
    """
    with _said():
        site = sites.get(key)
        body, current = notices.draft(site), notices.current(site, parts().clock())
    for sentence in notices.changes(site) or ["The draft is what was published last."]:
        click.echo(sentence)
    for reason in notices.asks_again(current.content if current else None, body):
        click.echo(f"asks again: {reason}")
    missing, found = notices.missing(body, site.request_form), notices.lint(body)
    for why in missing.values():
        click.echo(f"missing: {why}")
    for one in found:
        click.echo(f"{'forbidden' if one.blocks else 'warning'}: {one.code} {one.sentence}")
    if missing or any(one.blocks for one in found):
        raise SystemExit(1)


@group.command("publish")
@click.argument("key", metavar="SITE")
@click.option("--material", is_flag=True, help="Ask everyone again.")
@click.option("--at", "when", metavar="TIME", help="Take effect later: 2027-01-31T00:00, UTC.")
@click.option("--share", type=click.IntRange(1, 99), help="This percentage of visitors first.")
@with_appcontext
def publish(key: str, material: bool, when: str | None, share: int | None) -> None:
    """Freeze the draft as the next version."""
    at = parts().clock()
    with _said():
        effective_at = _moment(when) if when else None
        notice = notices.publish(sites.get(key), BY, at, material, effective_at, share=share)
        _tell(notice)


@group.command("versions")
@click.argument("key", metavar="SITE")
@with_appcontext
def versions(key: str) -> None:
    """List what was published, the newest first: version, state, effect, asks, digest, by whom."""
    with _said():
        site = sites.get(key)
        states = notices.states_of(site, parts().clock())
        for one in notices.versions(site):
            click.echo(
                f"{one.version}  {states[one.version]}  {rfc3339(one.effective_at)}"
                f"  asks {one.asks}  {one.digest}  {one.by or '-'}"
            )


@group.command("rollback")
@click.argument("key", metavar="SITE")
@click.argument("number", metavar="VERSION", type=int)
@with_appcontext
def rollback(key: str, number: int) -> None:
    """Publish what VERSION said as a new version."""
    with _said():
        _tell(notices.rollback(sites.get(key), number, BY, parts().clock()))


@group.command("cancel")
@click.argument("key", metavar="SITE")
@click.argument("number", metavar="VERSION", type=int)
@with_appcontext
def cancel(key: str, number: int) -> None:
    """Take a scheduled VERSION back before its day."""
    with _said():
        notices.withdraw(sites.get(key), number, BY, parts().clock())
    click.echo(f"Version {number} never takes effect.")


@group.command("trial")
@click.argument("key", metavar="SITE")
@click.argument("end", type=click.Choice(["stop", "finish"]))
@with_appcontext
def trial(key: str, end: str) -> None:
    """End a trial: back to the other version for all, or give what is tried to all."""
    ends: dict[str, Callable[[Site, str, datetime], Notice]] = {
        "stop": notices.stop,
        "finish": notices.finish,
    }
    with _said():
        notice = ends[end](sites.get(key), BY, parts().clock())
        click.echo(f"The trial of version {notice.version} has ended: {end}.")


def _tell(notice: Notice) -> None:
    click.echo(
        f"Version {notice.version} takes effect {rfc3339(notice.effective_at)}, asks {notice.asks}:"
        f" {notice.digest}"
    )


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException("--at is a time like 2027-01-31T00:00, in UTC.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@contextmanager
def _said() -> Iterator[None]:
    """A refusal ends the command with its sentence and, where there are some, its reasons."""
    try:
        yield
    except Refusal as refusal:
        more = [f"{name}: {why}" for name, why in (refusal.fields or {}).items()]
        raise click.ClickException("\n".join([refusal.message, *more])) from None
