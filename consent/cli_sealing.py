"""`flask --app app sealing …`: the keys of sealed fields, changed without losing one."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import keyfile, sealing, trail
from .db import db
from .parts import parts
from .signing import write_private

group = AppGroup("sealing", help="Encryption of personal fields in the database.")


@group.command("new-key")
def new_key() -> None:
    """Make a key and put it first; restart the server afterwards, then `sealing rotate`."""
    fresh, settings = keyfile.new_field_key(), parts().config
    if not settings.field_keys_kept:
        click.echo(fresh)
        click.echo(
            "Put this first in FIELD_KEYS, keep the others behind it, and restart.", err=True
        )
        return
    file = settings.instance_path / "field_keys"
    write_private(file, f"{fresh}\n{file.read_text('ascii')}")
    click.echo(f"The key {fresh.partition(':')[0]} is the first in {file}. Restart the server.")


@group.command("rotate")
def rotate() -> None:
    """Seal every field with the first key, in batches; a run that was cut off goes on."""
    try:
        sealing.check()
        done = sum(sealing.rotate())
    except sealing.Unusable as why:
        raise click.ClickException(why.message) from None
    left, current = sealing.left(), sealing.keyring().current
    retired = [] if left else sealing.retire()
    trail.write("sealing.rotate", "cli", parts().clock(), key=current, count=done, left=left)
    db.session.commit()
    click.echo(f"{done} values sealed with the key {current}.")
    if left:
        raise click.ClickException(
            f"{left} values came in under another key: restart the server, then run this again."
        )
    if spare := sorted({*retired, *sealing.keyring().ids} - {current}):
        click.echo(f"These keys seal nothing any more and may be taken out: {', '.join(spare)}.")


@group.command("check")
def check() -> None:
    """Do the keys fit this database?"""
    try:
        sealing.check()
    except sealing.Unusable as why:
        raise click.ClickException(why.message) from None
    click.echo(f"They do. {sealing.left()} values are not sealed with the first one.")
