"""An empty database and one to be filled, each with a demo on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from flask import Flask

import app as wiring
from consent import cli, config
from consent.parts import parts
from tests.postgres import cluster

SECRET = "not a secret"


@contextmanager
def databases(engine: str, bare: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Their addresses; with SQLite they are in these folders."""
    if engine == "sqlite":
        yield f"sqlite:///{bare}/empty.db", f"sqlite:///{home}/full.db"
    else:
        with cluster(synced=True) as server:
            yield server.create("empty"), server.create("full")


def opened(url: str, clock: Callable[[], datetime], home: Path) -> Flask:
    """A demo on this database and in this folder, with its records in the log."""
    where = str(home)
    values = {"INSTANCE_PATH": where, "DEMO": "1", "DATABASE_URL": url, "SIGNER_STATE": where}
    app = wiring.create_app(config.load(values | {"SECRET_KEY": SECRET}), clock)
    if not (home / "filled.json").exists():
        with app.app_context():
            cli.upgrade()
            cli.first_run()
            known = parts()
            known.ledger.tick(known.clock())
    return app
