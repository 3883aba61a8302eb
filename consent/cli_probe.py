"""`flask visits`: look for test visits in the log, and tell the public page what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from . import ledger, sites
from .parts import parts
from .verify import probe
from .verify.report import Unreadable


@click.command("visits")
@click.argument("site")
@click.option("--state", type=click.Path(path_type=Path, exists=True), required=True)
def visits(site: str, state: Path) -> None:
    """Demand every visit of a state file (`python3 -m consent.verify probe`) in the log of SITE."""
    of = sites.get(site)
    try:
        known = json.loads(state.read_text("utf-8"))
        if known.get("site") != site:
            raise click.ClickException(f"{state} is about another site.")
        code = probe.main(["--check", "--state", str(state), "--no-memory"])
    except (Unreadable, ValueError, AttributeError) as why:
        raise click.ClickException(str(why)) from None
    ledger.tell(of, len(known["visits"]), code, "cli", parts().clock())
    raise SystemExit(code)
