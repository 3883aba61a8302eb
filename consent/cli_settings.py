"""`flask --app app settings`: every setting, what it came to, and where that comes from."""

from __future__ import annotations

import os

import click

from . import config


@click.command("settings")
def settings() -> None:
    """Print the table of settings; secrets are masked."""
    for one in config.table(os.environ):
        value = one.value if one.origin != "default" else one.value or "-"
        click.echo(f"{one.setting.name}\t{value}\t({one.origin})\t{one.setting.help}")
    for slip in config.slips(os.environ):
        click.echo(slip, err=True)
