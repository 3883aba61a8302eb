"""`flask --app app statistics rebuild SITE`: count the records of a site again."""

from __future__ import annotations

import click
from flask.cli import AppGroup, with_appcontext

from . import rollup, sites
from .errors import Refusal

group = AppGroup("statistics", help="The counts that statistics are read from.")


@group.command("rebuild")
@click.argument("key", metavar="SITE")
@with_appcontext
def rebuild(key: str) -> None:
    """Count every day of SITE again from its records, while the server may run. Days of which
    records were erased or purged are left as they are."""
    try:
        site = sites.get(key)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    done = rollup.rebuild(site)
    click.echo(f"{done.counted} days counted, {done.kept} kept as they were (records are gone).")
    for day in done.wrong:
        text = str(day)
        click.echo(f"{text[:4]}-{text[4:6]}-{text[6:]} was wrong and is right now.")
