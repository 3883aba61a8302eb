"""A site with many records in its log, for measuring what reads them.

The records differ as those of a real site do: some two hundred places, fifty pages, every action
and browser, half of them by visitors who chose before. They stand in the site's log; their
commitments are random, for nothing that is measured here makes them again.
"""

from __future__ import annotations

import random
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

import app as wiring
from consent import cli, config, users
from consent.db import db
from consent.ledger.rows import Head, Item
from consent.ledger.tree import Growth, Tree
from consent.records.rows import ACTIONS, BROWSERS, DEVICES, Page, Place, Row, pack_services
from consent.records.writer import COLUMNS
from consent.waiting import CONSENT
from tests.acts import BY, choice_body, make_site, post_choice

SITE = "example.com"
CHUNK, GAP_US = 10_000, 2_000_000  # half a record a second: a million in three weeks
COUNTRIES = "PL DE FR GB US CZ ES IT NL UA SE NO DK FI AT CH BE IE PT RO".split()


def filled(home: Path, url: str, records: int) -> tuple[str, str]:
    """A database with a site of so many records; the notice's digest and a key that reads them."""
    values = {"INSTANCE_PATH": str(home), "SECRET_KEY": "not a secret", "DATABASE_URL": url}
    span = timedelta(microseconds=GAP_US) * (records + 2 * CHUNK)
    app = wiring.create_app(config.load(values), lambda: wiring.utc_now() - span)
    known = app.extensions["crumbtrail"]
    at = known.clock()
    with app.app_context():
        cli.upgrade()
        users.add_user("bench@example.com", secrets.token_urlsafe(24), BY, at)
        notice = make_site(app, at)
        post_choice(app.test_client(), SITE, choice_body(notice.digest, at))
        known.ledger.tick(known.clock())
        one = db.session.scalars(select(Row)).one()
        shared = {name: getattr(one, name) for name in COLUMNS}
        order = [service["id"] for service in notice.content["services"]]
        draw = random.Random(1)
        made = kinds(one.site_id, order, draw)
        for start in range(1, records, CHUNK):
            numbers = range(start, min(start + CHUNK, records))
            rows = [copied(shared, one.seq + n * GAP_US, made, draw) for n in numbers]
            db.session.execute(insert(Row), rows)
            log(rows)
            db.session.commit()
        key = users.create_key("bench", [SITE], wiring.utc_now() + timedelta(days=1), BY, at)
        db.session.remove()
        db.engine.dispose()
    known.close()
    return notice.digest, key


def kinds(site_id: int, services: list[str], draw: random.Random) -> dict[str, list[Any]]:
    """The values that rows draw from, by column."""
    places = [
        Place(country=country, subdivision=part, source="database", database="DBIP-City-Lite-2026")
        for country in COUNTRIES
        for part in ("", *"ABCDEFGHI")
    ]
    pages = [Page(site_id=site_id, text=f"https://{SITE}/{n:02}/offer") for n in range(50)]
    db.session.add_all([*places, *pages])
    db.session.flush()
    choices = [
        {name: draw.random() < 0.5 for name in services if draw.random() < 0.9} for _ in range(20)
    ]
    return {
        "place_id": [place.id for place in places],
        "page_id": [page.id for page in pages],
        "services": [None, *(pack_services(choice, services) for choice in choices)],
        "action": list(range(len(ACTIONS))),
        "categories": [1, 2, 5, 6, 9, 10, 21, 22, 25, 26, 37, 38, 41, 42],
        "layer": [1, 1, 1, 2],
        "device": [None, *range(len(DEVICES))],
        "browser": list(range(len(BROWSERS))),
        "signals": [0, 0, 0, 1, 3, 6],
    }


def copied(
    shared: dict[str, Any], seq: int, made: dict[str, list[Any]], draw: random.Random
) -> dict[str, Any]:
    drawn = {name: secrets.token_bytes(16) for name in ("id", "visitor", "salt")}
    again = secrets.token_bytes(16) if draw.random() < 0.5 else None
    times = {"claimed": -draw.randrange(3000), "shown": -draw.randrange(60_000), "previous": again}
    kind = {name: draw.choice(values) for name, values in made.items()}
    return {**shared, **drawn, **times, **kind, "seq": seq}


def log(rows: list[dict[str, Any]]) -> None:
    """Add the rows to the site's log; the server signs it at its next tick. The caller commits."""
    head = db.session.scalars(select(Head).where(Head.site == SITE)).one()
    growth = Growth(Tree(db.session(), head.id), head.size)
    for row in rows:
        growth.add(Item(CONSENT, row["seq"], secrets.token_bytes(32)))
    growth.save(db.session())
    head.size, head.root = growth.size, growth.root()
