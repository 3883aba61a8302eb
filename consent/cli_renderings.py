"""`flask --app app renderings run`: take the pictures that wait, without a server."""

from __future__ import annotations

import time

import click
from flask.cli import with_appcontext

from . import renderings
from .parts import parts
from .renderings import Renderer

LOOKS_S = 0.2


@click.group("renderings")
def group() -> None:
    """Pictures of every published version."""


@group.command("run")
@with_appcontext
def run() -> None:
    """Take the pictures of all versions that wait for theirs, then end."""
    known = parts()
    folder = known.config.instance_path / "renderings"
    renderer = Renderer(folder=folder, staged=known.staged, faces=known.regimes.faces)
    try:
        while renderer(known.clock()):
            time.sleep(LOOKS_S)
    finally:
        renderer.close()
    for state, many in sorted(renderings.counts().items()):
        click.echo(f"{state}: {many}")
