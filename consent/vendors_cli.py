"""`flask --app app gvl …`: the vendor list of the TCF, fetched by hand or by a timer."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import click
from flask.cli import AppGroup

from . import sites, vendors
from .errors import Refusal
from .parts import parts

gvl_group = AppGroup("gvl", help="The Global Vendor List of the TCF.")


@gvl_group.command("update")
@click.option("--from", "folder", type=click.Path(file_okay=False, path_type=Path), help="A copy.")
def gvl_update(folder: Path | None) -> None:
    """Fetch the list and the translations that the sites need. IAB Europe publishes weekly."""
    languages = sorted({code for site in sites.all_sites() for code in site.languages})
    fetch = _fetched if folder is None else lambda name: (folder / name).read_bytes()
    try:
        found = vendors.update(parts().config.instance_path / "gvl", fetch, languages)
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None
    except OSError as error:
        raise click.ClickException(f"The list could not be read: {error}") from None
    version, number = found["vendorListVersion"], len(found["vendors"])
    click.echo(f"Version {version} with {number} vendors, for {', '.join(languages) or 'en'}.")


def _fetched(name: str) -> bytes:
    try:
        with urllib.request.urlopen(vendors.SOURCE + name, timeout=30) as reply:  # noqa: S310
            body: bytes = reply.read(vendors.MOST_BYTES)
    except HTTPError as error:
        if error.code == 404:
            raise FileNotFoundError(f"{name} is not there") from None
        raise
    return body
