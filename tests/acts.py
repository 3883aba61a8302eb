"""What the tests do again and again: make a site, choose as a browser would, look at the rows."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from consent import inventory, notices, sites
from consent.db import db, rfc3339
from consent.notices import Notice
from consent.records.rows import Row
from consent.sites import Site

BY = "test"
SECRET = "a-secret-of-the-visitor_01"
CONTROLLER = {
    "trading_name": "Example",
    "legal_name": "Example Ltd",
    "address": "1 Example Street, Exampleton",
    "email": "privacy@example.com",
}
KEPT = {"value": 36, "unit": "month"}
_numbers = itertools.count(1)


def add_site(at: datetime, key: str = "example.com", **more: Any) -> Site:
    """A site in English without an inventory and without a notice."""
    values: dict[str, Any] = {
        "name": "Example",
        "controller": CONTROLLER,
        "origins": [key],
        "languages": ["en"],
        "retention": KEPT,
        **more,
    }
    return sites.add(key, by=BY, at=at, **values)


def make_site(app: Flask, at: datetime, key: str = "example.com", **more: Any) -> Notice:
    """A site with two services and three trackers; returns its first published notice."""
    with app.app_context():
        site = add_site(at, key, **more)
        fill_inventory(site, at)
        notice = notices.publish(site, BY, at)
        assert notice.body  # loaded, so that it may outlive the session
        db.session.refresh(notice)
        db.session.expunge(notice)
        return notice


def fill_inventory(site: Site, at: datetime) -> None:
    """google-analytics for statistics, ads for marketing, and our own two cookies."""
    inventory.starter(site, BY, at)
    inventory.put_service(
        site,
        BY,
        at,
        "google-analytics",
        name="Google Analytics",
        category="statistics",
        provider="Google",
        hosts=["www.google-analytics.com"],
    )
    inventory.put_service(
        site, BY, at, "ads", name="Ads", category="marketing", provider="Adco", hosts=[]
    )
    for name, match, service, category in (
        ("_ga", "prefix", "google-analytics", "statistics"),
        ("_gid", "exact", "google-analytics", "statistics"),
        ("_ad", "exact", "ads", "marketing"),
    ):
        inventory.add_tracker(
            site,
            BY,
            at,
            name=name,
            match=match,
            service=service,
            category=category,
            purpose={"en": f"What {name} is for."},
            duration={"value": 13, "unit": "month"},
        )


def uuid7(at: datetime) -> str:
    """A new version 7 UUID of that moment; no two are alike."""
    milliseconds = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    number = next(_numbers)
    h = f"{milliseconds:012x}7{number & 0xFFF:03x}8{number:015x}"
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def choice_body(notice_digest: str, at: datetime, /, **changes: Any) -> dict[str, Any]:
    """A refusal as the script sends it. A change to `...` leaves the field out."""
    body: dict[str, Any] = {
        "v": 1,
        "id": uuid7(at),
        "visitor": SECRET,
        "notice": notice_digest,
        "action": "reject_all",
        "categories": {"statistics": False, "marketing": False},
        "language": "en",
        "layer": 1,
        "page": "https://example.com/pricing",
        "at": rfc3339(at),
        "signals": {"gpc": False},
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def refusal(notice: dict[str, Any], page: str) -> dict[str, Any]:
    """What a browser sends now where everything is refused in a notice as `GET …/notice` has it."""
    return choice_body(
        notice["notice"],
        datetime.now(UTC),
        categories=dict.fromkeys(notice["categories"], False),
        language=notice["lang"],
        page=page,
    )


def post_choice(
    client: FlaskClient, site: str, body: object, **headers: str | None
) -> TestResponse:
    """Send `body` (bytes as they are) from a page of the site; `_` in a header's name is `-`, and
    a header of None is not sent."""
    sent: dict[str, str | None] = {
        "Origin": f"https://{site}",
        "Content-Type": "text/plain;charset=UTF-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name: value for name, value in sent.items() if value is not None}
    return client.post(f"/v1/{site}/consents", data=data, headers=named)


def code_of(reply: TestResponse) -> str:
    """The `error.code` of a refusal, which its header must repeat."""
    code: str = reply.get_json()["error"]["code"]
    assert reply.headers["X-Consent-Refused"] == code
    return code


def rows() -> list[Row]:
    """Every stored record, in order of arrival."""
    db.session.rollback()
    return list(db.session.scalars(select(Row).order_by(Row.seq)))
