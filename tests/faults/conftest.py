"""What the fault tests start from: two sites with everything in their logs, and more to come."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent import inventory, notices, sites
from consent.db import db
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock

SITE, OTHER = "example.com", "example.org"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_CLIENT": "0", "RATE_SITE": "0"}


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def choose(client: FlaskClient, site: str, digest: str, clock: Clock, **changes: Any) -> str:
    body = choice_body(digest, clock(), page=f"https://{site}/a/page", **changes)
    reply = post_choice(client, site, body)
    assert reply.status_code == 201, reply.text
    return str(body["id"])


@pytest.fixture
def filled(app: Flask, client: FlaskClient, clock: Clock, ledger: Ledger) -> Flask:
    """Two sites with notices, answers, acts and records of every form, most of them in the log
    (one bundle is full), some of each kind still waiting."""
    first = {site: make_site(app, clock(), site).digest for site in (SITE, OTHER)}
    various(client, clock, first)
    for _ in range(240):
        choose(client, SITE, first[SITE], clock)
    ledger.tick(clock.advance(seconds=1))
    second = {}
    for site in (SITE, OTHER):
        sites.change(sites.get(site), BY, clock(), name=f"Renamed {site}")
        second[site] = notices.publish(sites.get(site), BY, clock()).digest
    various(client, clock, second)
    ledger.tick(clock.advance(days=1))
    for site in (SITE, OTHER):
        inventory.put_service(
            sites.get(site),
            BY,
            clock(),
            f"late-{site[-3:]}",
            name="Late",
            category="marketing",
            provider="Lateco",
            hosts=[],
        )
        third = notices.publish(sites.get(site), BY, clock()).digest
        choose(client, site, third, clock)
    choose(client, SITE, second[SITE], clock)
    assert list(fsck(ledger.signer, clock())) == []
    return app


def various(client: FlaskClient, clock: Clock, digests: dict[str, str]) -> None:
    for site, digest in digests.items():
        script = client.get(f"/v1/{site}/consent.js?lang=en")
        assert script.status_code == 200
        with client.application.app_context():
            answer = db.session.scalars(
                select(notices.Answer)
                .where(notices.Answer.site_id == sites.get(site).id)
                .order_by(notices.Answer.id.desc())
            ).first()
            named = answer.digest if answer else ...
        yes = {"statistics": True, "marketing": True}
        before = choose(client, site, digest, clock, answer=named)
        choose(client, site, digest, clock, action="accept_all", categories=yes, previous=before)
        choose(
            client,
            site,
            digest,
            clock,
            action="save",
            device="phone",
            categories={"statistics": True, "marketing": False},
            services={"google-analytics": True, "ads": False},
            signals={"gpc": False, "dnt": True},
        )
        choose(
            client,
            site,
            digest,
            clock,
            action="gpc",
            categories={"marketing": False},
            signals={"gpc": True},
            layer=0,
        )
