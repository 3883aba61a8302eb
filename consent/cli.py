"""`flask --app app …`: what the operator does at a terminal, by the same verbs as the admin."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from alembic import command
from alembic.config import Config as AlembicConfig
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from . import (
    counting,
    evidence,
    inventory,
    organisations,
    records,
    rollup,
    sealing,
    sites,
    trail,
    upkeep,
    users,
)
from .databases import HOME
from .db import db, rfc3339, sqlite_warning
from .errors import Refusal
from .ledger import Refused, one, recover, replay
from .ledger.fsck import fsck
from .parts import parts
from .records import RecordFilter
from .records.rows import Row
from .shards.fence import settle

ROOT = Path(__file__).resolve().parent.parent
KEY_DAYS = 90
HEAD = 32 * 1024  # bytes of a request before its body
OWNER = "owner@localhost"
DAY = click.DateTime(["%Y-%m-%d"])

site_group = AppGroup("site", help="Websites.")
key_group = AppGroup("key", help="Auditors' keys.")
record_group = AppGroup("record", help="Consent records.")
ledger_group = AppGroup("ledger", help="The log.")


@click.command("migrate")
@with_appcontext
def migrate() -> None:
    """Bring the database to the newest form; with SHARDS all of them."""
    prepare()
    click.echo("The database is up to date.")


def prepare() -> None:
    """Every database there is in its newest form."""
    apps = every_app()
    for app in apps.values():
        with app.app_context():
            upgrade()
    if len(apps) > 1:
        engines = {name: app.extensions["crumbtrail"].engine() for name, app in apps.items()}
        verb(settle, engines.pop(HOME), engines)
    for app in apps.values():
        with app.app_context():
            rollup.fill()


def every_app() -> dict[str, Flask]:
    """The app of each database; with SHARD of that one alone."""
    known = parts()
    if known.config.shard != HOME:
        return {known.config.shard: cast(Any, current_app)._get_current_object()}
    return known.fleet()


def replayed() -> int:
    """Erase again, everywhere, what a restored database brought back; how many records."""
    back = 0
    for app in every_app().values():
        with app.app_context():
            back += replay(parts().ledger.signer, parts().clock())
    return back


def upgrade() -> None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    parts().config.instance_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with db.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    verb(sealing.settle)


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Migrate, make what a first run needs, and serve until Ctrl-C."""
    config = parts().config
    if config.sqlite and (warning := sqlite_warning()):
        click.echo(f"Warning: {warning}", err=True)
    click.echo("Preparing the database …", err=True)
    if config.shard != HOME:
        raise click.ClickException("SHARD is for single commands: a server serves all of SHARDS.")
    prepare()
    if back := replayed():
        click.echo(f"Erased again what a restored database had brought back: {back} records.")
    lines = first_run() if not users.users() else later_run()
    multiprocessing.set_start_method("spawn")  # a forked worker would hold all that this one holds
    server = Granian(
        "app:worker",
        factory=True,
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,  # to tell the two apart it would wait for ever for a first byte
        workers=config.workers,
        workers_kill_timeout=5,  # a busy worker may not see the signal to stop
        backlog=1024,
        backpressure=2048,
        working_dir=ROOT,
        http1_settings=HTTP1Settings(header_read_timeout=5000, max_buffer_size=HEAD),
        websockets=False,
        log_level=LogLevels.error,
    )
    with counting.together(config.workers):
        if config.ledger:
            for app in every_app().values():
                upkeep.begin(app)
        server.on_startup(lambda: click.echo("\n".join(lines)))
        server.serve()


def first_run() -> list[str]:
    """An owner and, with the demo, four sites and an auditor's key; what to print about them."""
    config, at = parts().config, parts().clock()
    lines = [f"Crumbtrail is ready: {config.base_url}"]
    if config.demo:
        click.echo("Loading the four demo sites and publishing their notices …", err=True)
        parts().seed(at)
        lines.append(f"demo: {config.base_url}/demo/voipstudio.pl/")
    click.echo("Making the owner's account …", err=True)
    owner, password = users.add_user(OWNER, None, by="cli", at=at)
    lines += [f"admin: {config.base_url}/admin/", f"owner: {owner.email} {password}"]
    if config.demo:
        until = at + timedelta(days=KEY_DAYS)
        keys = [site.key for site in sites.all_sites()]
        key = users.create_key("first run", keys, until, by="cli", at=at)
        lines.append(f"auditor key: {key} (four sites, until {until.date().isoformat()})")
    return lines


def later_run() -> list[str]:
    config = parts().config
    if config.demo:
        parts().seed(parts().clock())
    return [
        f"Crumbtrail is ready: {config.base_url}",
        *([f"demo: {config.base_url}/demo/voipstudio.pl/"] if config.demo else []),
        f"admin: {config.base_url}/admin/",
        "A lost password: flask --app app user password E-MAIL"
        " · another auditor's key: flask --app app key create LABEL --site SITE",
    ]


@site_group.command("add")
@click.argument("key")
@click.option("--name", required=True, help="Trading name.")
@click.option("--legal-name", required=True, help="Legal name of the controller.")
@click.option("--email", required=True, help="Where visitors reach the controller.")
@click.option(
    "--origin", "origins", multiple=True, help="example.com or *.example.com; repeatable."
)
@click.option(
    "--language", "languages", multiple=True, default=("en",), help="A tag like de or pt-br."
)
@click.option(
    "--keep",
    prompt="How long the record of a choice is kept as proof",
    default="36 months",
    show_default=True,
    help="Like 36 months. Asked for where it is not given.",
)
@click.option("--anchor", type=click.Choice(sites.ANCHORS), default="choice", show_default=True)
@click.option("--action", type=click.Choice(sites.ACTIONS), default="delete", show_default=True)
@click.option("--org", help="The organisation's key; the first one where not given.")
def site_add(
    key: str,
    name: str,
    legal_name: str,
    email: str,
    origins: tuple[str, ...],
    languages: tuple[str, ...],
    keep: str,
    anchor: str,
    action: str,
    org: str | None,
) -> None:
    """Add a site with a starter inventory, and print the snippet for its pages."""
    at = parts().clock()
    kept = verb(inventory.duration, keep)
    if not isinstance(kept, dict):
        raise click.BadParameter("A number of days, months or years.", param_hint="--keep")
    site = verb(
        sites.add,
        key,
        name,
        {"trading_name": name, "legal_name": legal_name, "email": email},
        list(origins or (key,)),
        list(languages),
        by="cli",
        at=at,
        organisation=verb(organisations.get, org).id if org else None,
        contacts={"email": email},
        retention={**kept, "anchor": anchor, "action": action},
    )
    verb(inventory.starter, site, by="cli", at=at)
    click.echo(sites.snippet(site, parts().config.base_url))


@site_group.command("list")
def site_list() -> None:
    """The sites of this server."""
    for site in sites.all_sites():
        click.echo(f"{site.key}\t{site.name}\t{', '.join(site.origins)}")


@key_group.command("create")
@click.argument("label")
@click.option("--site", "keys", multiple=True, required=True, help="A site's key; repeatable.")
@click.option("--days", default=KEY_DAYS, show_default=True, help="Until it expires.")
def key_create(label: str, keys: tuple[str, ...], days: int) -> None:
    """Make an auditor's key; it is shown this once."""
    at = parts().clock()
    owners = {verb(sites.organisation_of, key) for key in keys}
    if len(owners) > 1:
        raise click.ClickException("The sites of a key are of one organisation.")
    until, inside = at + timedelta(days=days), owners.pop()
    made = verb(users.create_key, label, list(keys), until, by="cli", at=at, organisation=inside)
    click.echo(made)


@key_group.command("list")
def key_list() -> None:
    """Every key, without its secret."""
    for key in users.keys():
        ends, opens = f"{key.expires_at:%Y-%m-%d}", ", ".join(key.sites)
        click.echo("\t".join((key.id, key.state(parts().clock()), ends, opens, key.label)))


@key_group.command("revoke")
@click.argument("key_id")
def key_revoke(key_id: str) -> None:
    """End a key at once."""
    verb(users.revoke_key, key_id, by="cli", at=parts().clock())
    click.echo("Revoked.")


@record_group.command("erase")
@click.argument("site")
@click.argument("record_id", required=False)
@click.option("--visitor", help="32 hex digits: every record of this visitor.")
@click.option("--reason", required=True, help="For the trail; name no visitor.")
def record_erase(site: str, record_id: str | None, visitor: str | None, reason: str) -> None:
    """Erase one record, or all of a visitor, at the visitor's wish."""
    of = verb(sites.get, site)
    chosen = partial(_chosen, of, record_id, visitor)
    indices = verb(parts().erase, of, chosen, by="cli", reason=reason)
    places = ", ".join(str(index) for index in indices) or "none"
    click.echo(f"Erased: {len(indices)} records. Places in the log: {places}.")


def _chosen(site: sites.Site, record_id: str | None, visitor: str | None) -> list[Row]:
    try:
        if (record_id is None) == (visitor is None):
            raise click.UsageError("Name a record's id or --visitor, one of them.")
        if record_id is not None:
            row, _ = verb(one, site, uuid.UUID(record_id).bytes)
            return [row]
        return records.all_of(site, bytes.fromhex(visitor or ""))
    except ValueError:
        raise click.ClickException("Not an id as records have them.") from None


@ledger_group.command("run")
def ledger_run() -> None:
    """Integrate and sign every second, until Ctrl-C. Any number may run; one leads."""
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    for app in every_app().values():
        upkeep.begin(app)
    click.echo("The ledger runs; Ctrl-C ends it.", err=True)
    stop.wait()


@ledger_group.command("tick")
def ledger_tick() -> None:
    """Integrate and sign once."""
    known = parts()
    outcome = known.ledger.tick(known.clock())
    for why in known.ledger.alarms.values():
        click.echo(why, err=True)
    click.echo(f"{outcome.added} entries added.")
    if known.ledger.alarms:
        raise SystemExit(1)


@ledger_group.command("fsck")
def ledger_fsck() -> None:
    """Rebuild everything from the leaves and name what is wrong; exit code 1 if anything is."""
    found = 0
    for sentence in fsck(parts().ledger.signer, parts().clock()):
        found += 1
        click.echo(sentence)
    click.echo("Everything agrees." if not found else f"{found} things are wrong.", err=True)
    if found:
        raise SystemExit(1)


@ledger_group.command("rotate")
def ledger_rotate() -> None:
    """Make a new signing key; the old one signs beside it for 30 days."""
    known = parts()
    key = verb(known.ledger.signer.rotate, known.clock())
    click.echo(key.verifier(known.ledger.open("").origin).vkey)


@ledger_group.command("recover")
@click.confirmation_option(prompt="Close each log that was rolled back and go on under new names?")
@click.option("--every", is_flag=True, help="All logs: the signer's memory was restored too.")
def ledger_recover(every: bool) -> None:
    """After a restored backup: close the old logs and go on under new names. Restart afterwards."""
    for sentence in recover(parts().ledger.signer, "cli", parts().clock(), every):
        click.echo(sentence)


def verb(do: Any, *values: Any, **named: Any) -> Any:
    """A verb whose refusal is a sentence at the terminal and exit code 1."""
    try:
        return do(*values, **named)
    except Refused as refused:
        raise click.ClickException(str(refused)) from None
    except Refusal as refusal:
        details = "".join(f"\n  {name}: {why}" for name, why in (refusal.fields or {}).items())
        raise click.ClickException(refusal.message + details) from None


@click.command("export")
@click.argument("site")
@click.option("--format", "kind", type=click.Choice(sorted(evidence.FORMATS)), default="bundle")
@click.option("--from", "from_", type=DAY, help="The first day (UTC), like 2026-11-01.")
@click.option("--to", type=DAY, help="The day after the last one.")
@click.option(
    "-o", "output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file."
)
@with_appcontext
def export(site: str, kind: str, from_: datetime | None, to: datetime | None, output: Path) -> None:
    """Write the records of a site, or the evidence of a period, to a file."""
    at = parts().clock()
    of = verb(sites.get, site)
    verb(evidence.able, kind)
    start, end = (day and day.replace(tzinfo=UTC) for day in (from_, to))
    total = records.count_between(of, start, end)
    trail.write("export.read", "cli", at, of.key, format=kind, filters=_period(start, end))
    db.session.commit()
    fresh = output.with_name(f"{output.name}.part")
    with click.progressbar(length=total, label="Records", file=sys.stderr) as bar:
        if kind == "bundle":
            span = evidence.Span(site, start, end, at)
            signer, regimes = parts().ledger.signer, parts().regimes.digest
            chunks = verb(evidence.bundle, span, signer, regimes, bar.update)
        else:
            wanted = RecordFilter(from_=start, to=end)
            pages = evidence.pages(site, wanted, told=bar.update)
            chunks = evidence.records(kind, site, pages)
        with fresh.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
    fresh.replace(output)
    click.echo(f"{output} ({output.stat().st_size:,} bytes)")


def _period(start: datetime | None, end: datetime | None) -> dict[str, str]:
    return {name: rfc3339(at) for name, at in (("from", start), ("to", end)) if at}
