"""`flask --app app import …`: bring in what another tool has. Says first, writes when told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from msgspec.structs import replace

from . import moving, notices, records, sites, trail
from .db import db
from .errors import Refusal
from .moving import Entry
from .notices import Notice
from .parts import parts
from .records import Facts
from .records.job import Job
from .regime import Place, Signals
from .sites import Site

WAVE = 64
BIGGEST = 200 * 1024 * 1024
NOWHERE = Place(None, None, "none", None)

group = AppGroup("import", help="What another consent tool has: its configuration, its log.")
a_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
of_site = click.option("--site", "key", required=True, help="The site's key.")
SOURCE = click.Choice(["vanilla-cookieconsent"])


def _configuration(tool: str, what: str) -> None:
    @group.command(tool, help=f"{what} Says what it would change; --apply writes the draft.")
    @a_file
    @of_site
    @click.option("--apply", "really", is_flag=True, help="Write the draft. It is not published.")
    def bring(file: Path, key: str, really: bool) -> None:
        site = _done(sites.get, key)
        found = _done(moving.read, tool, _text(file))
        made = moving.plan(site, found)
        for line in made.lines:
            click.echo(line)
        if made.empty:
            click.echo("Nothing is new to the draft.")
        elif not really:
            click.echo("Nothing was written; --apply does. Publishing stays with you.", err=True)
        else:
            refused = moving.apply(site, made, tool, "cli", parts().clock())
            for why in refused:
                click.echo(f"! refused: {why}")
            click.echo("The draft was written. It is not published.", err=True)


_configuration("vanilla-cookieconsent", "The file with CookieConsent.run({…}), or its JSON.")
_configuration("klaro", "The file with klaroConfig = {…}, or its JSON.")
_configuration("cookiebot", "The data API's cookies as JSON, cc.js, or a CSV with Name, Category.")


@group.command("records")
@a_file
@of_site
@click.option("--from", "source", type=SOURCE, required=True, help="Whose log it is.")
@click.option("--notice", "digest", help="A published notice's digest; the present one if empty.")
@click.option(
    "--category", "pairs", multiple=True, metavar="THEIRS=OURS", help="Like traffic=statistics."
)
@click.option(
    "--apply", "really", is_flag=True, help="Write the records. They cannot be taken back."
)
def bring_records(
    file: Path, key: str, source: str, digest: str | None, pairs: tuple[str, ...], really: bool
) -> None:
    """A log of consents, one JSON object a line, as records with action `migrate`."""
    known = parts()
    site, now = _done(sites.get, key), known.clock()
    notice = _notice(site, digest, now)
    if file.stat().st_size > BIGGEST:
        raise click.ClickException(f"More than {BIGGEST:,} bytes; split the file.")
    data = file.read_bytes()
    good: list[Entry] = []
    refused = 0
    for one in moving.entries(data, site, notice.content, _names(pairs), now):
        if isinstance(one, Entry):
            good.append(one)
        else:
            refused += 1
            click.echo(f"! line {one[0]}: {one[1]}")
    good.sort(key=lambda entry: entry.at)
    click.echo(f"{len(good)} lines can be records, {refused} cannot.")
    if really:
        _write(site, notice, good, source, hashlib.sha256(data).hexdigest(), now)
    else:
        click.echo("Nothing was written; --apply does.", err=True)


@group.command("visitor")
@click.argument("consent_id")
@of_site
def visitor(consent_id: str, key: str) -> None:
    """The visitor's code of an imported consentId, for `record erase` and the audit API."""
    click.echo(moving.visitor_of(_done(sites.get, key), consent_id))


def _write(
    site: Site, notice: Notice, good: list[Entry], source: str, digest: str, now: datetime
) -> None:
    """Oldest first; what is there from an earlier run is left."""
    known = parts()
    if known.ledger.stopped:
        raise click.ClickException("The log is stopped; nothing was written.")
    facts = _facts(site, notice, now)
    body, named = notice.content, notice.digest
    written = 0
    with ThreadPoolExecutor(WAVE) as pool:  # the writer commits together what comes together
        for wave in _waves(good):
            held = [(entry, *moving.previously(site, entry)) for entry in wave]
            db.session.rollback()  # nothing is held while waiting for the writer
            choices = [
                replace(entry.choice(site, body, named, now), previous=previous)
                for entry, previous, there in held
                if not there
            ]
            for choice in choices:
                _done(records.check, choice, body, now)
            jobs = [Job.of(choice, facts) for choice in choices]
            written += len(list(pool.map(lambda job: _done(known.writer.write, job), jobs)))
    site = sites.get(site.key)
    trail.write(
        "records.import", "cli", now, site.key, source=source, sha256=digest, written=written
    )
    db.session.commit()
    click.echo(f"{written} records written, {len(good) - written} were there already.")


def _waves(good: list[Entry]) -> Iterator[list[Entry]]:
    """In order, at most WAVE at once, and no visitor twice: the second names the first."""
    wave: dict[str, Entry] = {}
    for entry in good:
        if len(wave) == WAVE or entry.consent_id in wave:
            yield list(wave.values())
            wave = {}
        wave[entry.consent_id] = entry
    yield list(wave.values())


def _facts(site: Site, notice: Notice, now: datetime) -> Facts:
    """The place is not known, so the rules are the strictest."""
    known = parts()
    present = notices.current(site, now)
    return Facts(
        site_id=site.id,
        site=site.key,
        notice_id=notice.id,
        notice=notice.content,
        answer_id=None,
        regime_shown=None,
        superseded=present is None or present.digest != notice.digest,
        test=False,
        regime=known.regimes.decide(NOWHERE, Signals(False), now.date()).id,
        regimes=known.regimes.digest,
        place=NOWHERE,
        browser="other",
    )


def _notice(site: Site, digest: str | None, now: datetime) -> Notice:
    if digest:
        found: Notice = _done(notices.by_digest, site, digest)
        return found
    present = notices.current(site, now)
    if present is None:
        raise click.ClickException("Nothing is published; a record names a published notice.")
    return present


def _names(pairs: tuple[str, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    for pair in pairs:
        theirs, _, ours = pair.partition("=")
        if ours not in ("necessary", "preferences", "statistics", "marketing"):
            raise click.BadParameter("Like traffic=statistics.", param_hint="--category")
        names[theirs] = ours
    return names


def _text(file: Path) -> str:
    if file.stat().st_size > 1_000_000:
        raise click.ClickException("More than 1,000,000 bytes: not a configuration.")
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise click.ClickException("The file is not UTF-8.") from None


def _done(do: Any, *values: Any) -> Any:
    """A verb whose refusal is a sentence at the terminal and exit code 1."""
    try:
        return do(*values)
    except Refusal as refusal:
        details = "".join(f"\n  {name}: {why}" for name, why in (refusal.fields or {}).items())
        raise click.ClickException(refusal.message + details) from None
