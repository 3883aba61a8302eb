"""The owner's hand on a site of a running server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from app import create_app
from consent import config, notices, sites
from consent.db import db
from tests.server import Server


@contextmanager
def owner(server: Server, key: str) -> Iterator[tuple[sites.Site, datetime]]:
    """The site, to change and publish; the server serves what was published when this ends."""
    values = {name: server.environ[name] for name in ("DATABASE_URL", "INSTANCE_PATH")}
    app = create_app(config.load(values))
    with app.app_context():
        site = sites.get(key)
        yield site, datetime.now(UTC)
        latest = notices.latest(site)
        version = latest.version if latest else 0
        db.session.remove()
        db.engine.dispose()
    app.extensions["crumbtrail"].close()
    end = time.monotonic() + 10
    while server.get(f"/v1/{key}/notice").json()["version"] != version:
        assert time.monotonic() < end, "the new version is not served"
