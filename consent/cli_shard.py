"""`flask --app app shard …`: the databases of SHARDS, and a site from one to another."""

from __future__ import annotations

import click
import psycopg
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from .databases import HOME
from .db import db
from .directory import OPEN, Shard, Whereabouts
from .parts import Parts, parts
from .records.rows import Row
from .shards.marks import Place, Unmovable
from .shards.moving import Move
from .sites import Site

group = AppGroup("shard", help="Databases that share the sites (SHARDS).")


@group.command("list")
def show() -> None:
    """Each database with its size, and each site with its records and what is under way."""
    for name, app in parts().fleet().items():
        with app.app_context():
            size = db.session.scalar(text("SELECT pg_database_size(current_database())"))
            click.echo(f"{name}\t{size:,} bytes")
            counted = select(Row.site_id, func.count()).group_by(Row.site_id)
            records = {number: count for number, count in db.session.execute(counted)}
            for site in db.session.scalars(select(Site).order_by(Site.key)):
                state = _state(name, site.key)
                click.echo(f"\t{site.key}\t{records.get(site.id, 0)} records\t{state}")


def _state(name: str, key: str) -> str:
    """What is to be said of a site's rows in this database."""
    row = db.session.get(Whereabouts, key)
    if row is None:
        return OPEN if name == HOME else "arriving"
    if row.shard != name:
        return f"left for {row.shard}, to be cleared"
    return row.state if row.target is None else f"{row.state}, on its way to {row.target}"


@group.command("move")
@click.argument("site")
@click.argument("shard")
def move(site: str, shard: str) -> None:
    """Bring SITE to the database SHARD while it goes on taking choices.

    Run it again after a crash: it goes on where it stopped. Named where it still is, a move that
    has not switched is taken back.
    """
    apps = parts().fleet()
    if len(apps) == 1:
        raise click.ClickException("There are no other databases: SHARDS is not set.")
    if shard not in apps:
        raise click.BadParameter(f"One of {', '.join(apps)}.", param_hint="SHARD")
    with apps[HOME].app_context():
        numbers = {one.name: one.number for one in db.session.scalars(select(Shard))}
    if missing := set(apps) - set(numbers):
        why = f"Unknown to the first database: {', '.join(missing)}: flask --app app migrate."
        raise click.ClickException(why)
    places = {name: place(name, numbers[name], app) for name, app in apps.items()}

    def told(step: str) -> None:
        click.echo(step, err=True)

    try:
        Move(site, places[shard], places, parts().clock, told).run()
    except Unmovable as why:
        raise click.ClickException(str(why)) from None
    except (psycopg.Error, SQLAlchemyError) as error:
        name = type(getattr(error, "orig", None) or error).__name__
        again = "What was done stands: run it again, or with the name of where it is."
        raise click.ClickException(f"A database stopped the move ({name}). {again}") from error
    click.echo(f"{site} is at {shard}.")


def place(name: str, number: int, app: Flask) -> Place:
    known: Parts = app.extensions["crumbtrail"]
    return Place(name, number, known.engine(), app.app_context, known.ledger)
