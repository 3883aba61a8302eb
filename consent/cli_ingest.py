"""`flask --app app ingest …`: the stream before the database, and what could not be stored."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from .ingest import Away, Stream
from .parts import parts

group = AppGroup("ingest", help="The buffer of choices before the database (INGEST).")


@group.command("status")
def status() -> None:
    """Make the stream where there is none, and say how it is."""
    stream = _stream()
    try:
        found = stream.state()
    except Away as why:
        raise click.ClickException(f"The stream does not answer: {why}.") from None
    click.echo(f"copies: {found.replicas}")
    click.echo(f"waiting for the database: {found.waiting}")
    click.echo(f"acknowledged and not stored as it was: {found.conflicts}")


@group.command("conflicts")
def conflicts() -> None:
    """Print what could not be stored: why, and the message, a line each. They hold records."""
    stream = _stream()
    try:
        for why, body in stream.conflicts():
            click.echo(f"{why}\t{body.decode(errors='replace')}")
    except Away as why_not:
        raise click.ClickException(f"The stream does not answer: {why_not}.") from None


def _stream() -> Stream:
    found = parts().stream
    if found is None:
        raise click.ClickException("INGEST is not set: choices go to the database at once.")
    return found
