"""`flask --app app own SITE HOST`: what shows that a host is the site's; is it there?"""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from . import egress, ownership, sites
from .errors import Refusal
from .parts import parts


@click.command("own")
@click.argument("key", metavar="SITE")
@click.argument("host")
@click.option("--look", "really", is_flag=True, help="Look for the proof now.")
@with_appcontext
def own(key: str, host: str, really: bool) -> None:
    """Scans from the admin need a proof that HOST is the owner's: a DNS record or a file."""
    known = parts()
    try:
        site = sites.get(key)
        claimed = ownership.claim(site, host, "cli", known.clock())
        wanted = ownership.wanted(claimed)
        host = claimed.host
        if really:
            get = ownership.getter(f"Crumbtrail (+{known.config.base_url})")
            ownership.look(site, host, "cli", known.clock(), egress.txt, get)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    if ownership.proven(site, host, known.clock()):
        click.echo(f"{host} is proven.")
        return
    click.echo(f"A TXT record at  {wanted.record}\n  that says      {wanted.value}")
    click.echo(f"or a file at     {wanted.file}\n  that says      {wanted.text}")
    raise click.ClickException(f"{host} is not proven.")
