"""`flask --app app retention run`: take away what is past its time, now."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import retention
from .parts import parts

group = AppGroup("retention", help="How long records are kept.")


@group.command("run")
@click.option("--dry-run", is_flag=True, help="Only say how many records are past their time.")
@click.option("--i-know-the-date", "overruled", is_flag=True, help="The clock is right; go on.")
def retention_run(dry_run: bool, overruled: bool) -> None:
    """Take away the records that are past their time. The ledger does it once a day."""
    known = parts()
    at = known.clock()
    outcome = retention.run(known.ledger, at, "cli", dry=dry_run, overruled=overruled)
    for key, count in outcome.taken.items():
        click.echo(f"{key}\t{count}")
    if outcome.why:
        raise click.ClickException(outcome.why)
    total = sum(outcome.taken.values())
    click.echo(f"{total} records {'are past their time' if dry_run else 'taken away'}.", err=True)
