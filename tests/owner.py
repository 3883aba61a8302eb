"""The owner's hand on the data of a running server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from app import create_app
from consent import config, notices, sites
from consent.db import db
from tests.databases import Databases, lent
from tests.server import Server


@contextmanager
def lent_server(databases: Databases, folder: Path) -> Iterator[Server]:
    """A server with a fresh database, for as long as the block lasts."""
    with lent(databases, migrated=False) as url:
        running = Server(folder, url)
        running.start()
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def inside(server: Server) -> Iterator[tuple[Flask, datetime]]:
    """An app of this process on the server's data, its context entered, and the time. The server
    has all connections to itself again when this ends."""
    values = {name: server.environ[name] for name in ("DATABASE_URL", "INSTANCE_PATH")}
    app = create_app(config.load(values))
    with app.app_context():
        yield app, datetime.now(UTC)
        db.session.remove()
        db.engine.dispose()
    app.extensions["crumbtrail"].close()


@contextmanager
def owner(server: Server, key: str) -> Iterator[tuple[sites.Site, datetime]]:
    """The site, to change and publish; the server serves what was published when this ends."""
    with inside(server) as (_, at):
        site = sites.get(key)
        yield site, at
        latest = notices.latest(site)
        version = latest.version if latest else 0
    end = time.monotonic() + 120
    while server.get(f"/v1/{key}/notice").json()["version"] != version:
        assert time.monotonic() < end, "the new version is not served"
