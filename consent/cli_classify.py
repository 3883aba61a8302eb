"""`flask --app app classify …` and `catalogue …`: what cookies are for, at a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import OperationalError, ProgrammingError

from . import catalogue, sites
from .classify import Catalogue, Sheet, Unreadable, builtin, score
from .classify.reading import decoded
from .db import db
from .errors import Refusal
from .parts import parts

T = TypeVar("T")
BIGGEST = 100 * 1024 * 1024

group = AppGroup("catalogue", help="What is known of cookies.")
a_file = click.argument("file", type=click.File("rb"))


@click.command("classify")
@a_file
@click.option("--site", "key", help="A site whose inventory decides first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of CSV.")
@click.option("--score", "scoring", is_flag=True, help="Compare with a column label instead.")
@with_appcontext
def classify(file: BinaryIO, key: str | None, as_json: bool, scoring: bool) -> None:
    """Print a CSV of cookies (name, domain, …) with category, needs_consent, confidence, reason.

    `-` reads standard input. Columns kind, party, script and site are used where they are there.
    What nothing is known of is `unknown` and needs consent.
    """
    sheet = _sheet(file, ("label",) if scoring else ())
    known = _known(key)
    if scoring:
        labels = sheet.cells("label")
        found = score(zip(labels, sheet.proposals(known), strict=True))
        click.echo("\n".join(found.lines()))
        return
    if sheet.taken():
        click.echo(f"Replaced: {', '.join(sheet.taken())}.", err=True)
    if as_json:
        for row in sheet.classified(known):
            consent, sure = row["needs_consent"] == "true", float(row["confidence"])
            typed = {**row, "needs_consent": consent, "confidence": sure}
            click.echo(json.dumps(typed, ensure_ascii=False))
    else:
        click.echo(sheet.written(known), nl=False)


@group.command("import")
@a_file
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def bring(file: BinaryIO, dry_run: bool) -> None:
    """Take a database of cookies in the columns of the Open Cookie Database (CSV).

    It stands behind our own list, and nothing in it is ever proposed as necessary. A second import
    replaces the first.
    """
    try:
        found = catalogue.read(_text(file))
    except Unreadable as error:
        raise click.ClickException(f"{error.code}: {error}") from None
    for line, code, why in found.refused:
        click.echo(f"! line {line}: {code}: {why}")
    done = _stored(lambda: catalogue.bring(found, "cli", parts().clock(), dry=dry_run))
    click.echo(
        f"{done.added} added, {done.changed} changed, {done.removed} removed, {done.same} as they"
        f" were, {len(found.refused)} refused."
    )
    if found.refused and not dry_run:
        click.echo("Rows that the file no longer has were kept, as some were refused.", err=True)
    if dry_run:
        click.echo("Nothing was written.", err=True)


@group.command("clear")
def clear() -> None:
    """Forget the imported database."""
    removed = _stored(lambda: catalogue.clear("cli", parts().clock()))
    click.echo(f"{removed} rows removed.")


@group.command("show")
def show() -> None:
    """How much is known."""
    own, rows = builtin(), _stored(catalogue.rows)
    hosts = sum(len(service.hosts) for service in own.services)
    click.echo(
        f"Our list: {len(own.entries)} names of {len(own.services)} services, {hosts} hosts."
    )
    click.echo(f"Imported: {len(rows)} rows.")


def _stored(do: Callable[[], T]) -> T:
    """What needs the table; where there is none, a sentence says how to make it."""
    try:
        return do()
    except (OperationalError, ProgrammingError):
        db.session.rollback()
        how = "Is it set up? .venv/bin/flask --app app migrate"
        raise click.ClickException(f"no_database: The database cannot be read. {how}") from None


def _sheet(file: BinaryIO, also: tuple[str, ...]) -> Sheet:
    try:
        return Sheet.read(_text(file), also)
    except Unreadable as error:
        raise click.ClickException(f"{error.code}: {error}") from None


def _text(file: BinaryIO) -> str:
    data = file.read(BIGGEST + 1)
    if len(data) > BIGGEST:
        raise click.ClickException(f"file_too_large: More than {BIGGEST:,} bytes; split the file.")
    try:
        return decoded(data)
    except Unreadable as error:
        raise click.ClickException(f"{error.code}: {error}") from None


def _known(key: str | None) -> Catalogue:
    """All that is known; our own list where there is no database yet, which is said."""
    try:
        return catalogue.known(sites.get(key) if key else None)
    except Refusal as refusal:
        raise click.ClickException(f"{refusal.code}: {refusal.message}") from None
    except (OperationalError, ProgrammingError):
        db.session.rollback()
        if key:
            raise click.ClickException("no_database: The database cannot be read.") from None
        print("No database is set up: our own list alone.", file=sys.stderr)
        return builtin()
