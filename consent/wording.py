"""`flask texts …`: the words visitors read, at a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import yaml
from flask.cli import AppGroup

from . import languages, sites, texts
from .errors import Refusal
from .parts import parts

group = AppGroup("texts", help="The words visitors read.")


@group.command("lint")
def lint() -> None:
    """Look through the texts of every language; exit 1 where one is wrong or steers."""
    found = [
        (tag, one) for tag in texts.available() for one in texts.problems(tag, texts.words(tag))
    ]
    for tag, one in found:
        click.echo(f"{tag}\t{one.key}\t{one.code}\t{one.sentence}")
    click.echo(f"{len(texts.available())} of {len(languages.NAMES)} languages, {len(found)} found.")
    sys.exit(1 if found else 0)


@group.command("show")
@click.argument("site")
def show(site: str) -> None:
    """The site's own texts as YAML, as `flask texts apply` takes them."""
    try:
        own = sites.get(site).texts
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(yaml.safe_dump(own, allow_unicode=True, sort_keys=True), nl=False)


@group.command("apply")
@click.argument("site")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(site: str, file: Path) -> None:
    """Take the site's own texts from a YAML file, {language: {key: text}}, in place of all it had.

    Visitors read them when the next notice is published.
    """
    own = _read(file)
    try:
        of = sites.change(sites.get(site), "cli", parts().clock(), texts=own)
    except Refusal as refusal:
        lines = [f"{name}: {why}" for name, why in (refusal.fields or {}).items()]
        raise click.ClickException("\n".join([refusal.message, *lines])) from None
    for tag, words in of.texts.items():
        for one in texts.problems(tag, words):
            click.echo(f"Warning: {tag}, {one.key}: {one.sentence}", err=True)
    click.echo("Kept. Visitors read them when the next notice is published.")


def _read(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise click.ClickException("This is not YAML.") from None
    if found is not None and not isinstance(found, dict):
        raise click.ClickException("Texts by language: {language: {key: text}}.")
    return found or {}
