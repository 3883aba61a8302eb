"""Notices: frozen versions, their digest, and when visitors must be asked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import inventory, leaf, notices, sites
from consent.db import db
from consent.errors import Invalid, NotFound
from consent.sites import Site
from tests.acts import BY, CONTROLLER, add_site, fill_inventory
from tests.conftest import START, Clock

Change = Callable[[Site], Any]


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    site = add_site(clock.now)
    fill_inventory(site, clock.now)
    return site


def edit(site: Site, name: str, **fields: Any) -> None:
    [tracker] = [t for t in inventory.trackers(site) if t.name == name]
    inventory.edit_tracker(site, tracker.id, BY, START, **fields)


def add(site: Site, **fields: Any) -> None:
    inventory.add_tracker(site, BY, START, **fields)


def service(site: Site, key: str, **fields: Any) -> None:
    inventory.put_service(site, BY, START, key, **fields)


def change(site: Site, **fields: Any) -> None:
    sites.change(site, BY, START, **fields)


def test_a_notice_is_its_bytes_and_its_digest_names_them(site: Site, clock: Clock) -> None:
    notice = notices.publish(site, BY, clock.now)
    assert notice.digest == hashlib.sha256(notice.body).hexdigest()
    assert leaf.jcs(json.loads(notice.body)) == notice.body
    assert (notice.version, notice.asks) == (1, 1)
    content = notice.content
    assert content["published_at"] == content["effective_at"] == "2026-11-21T10:00:00.000Z"
    assert [c["id"] for c in content["categories"]] == ["necessary", "statistics", "marketing"]
    assert set(content["texts"]) == {"en"}
    assert notices.by_digest(site, notice.digest).id == notice.id


def test_a_published_notice_does_not_follow_the_site(site: Site, clock: Clock) -> None:
    notice = notices.publish(site, BY, clock.now)
    before = notice.body
    change(site, name="Renamed", controller=CONTROLLER | {"legal_name": "Another Ltd"})
    notices.publish(site, BY, clock.advance(days=1))
    db.session.expire_all()
    assert notices.by_digest(site, notice.digest).body == before


def test_a_digest_of_another_site_is_unknown(site: Site, clock: Clock) -> None:
    notice = notices.publish(site, BY, clock.now)
    other = add_site(clock.now, "other.example")
    with pytest.raises(NotFound):
        notices.by_digest(other, notice.digest)


ASKED_AGAIN: dict[str, tuple[Change, str]] = {
    "a new service": (
        lambda site: service(site, "heatmap", category="statistics"),
        "The service heatmap is new.",
    ),
    "a service for another purpose": (
        lambda site: service(site, "google-analytics", category="marketing"),
        "The service google-analytics is now used for marketing.",
    ),
    "another provider": (
        lambda site: service(site, "ads", provider="Bigco"),
        "The service ads is now provided by Bigco.",
    ),
    "a tracker for another purpose": (
        lambda site: edit(site, "_gid", category="marketing", service=None),
        "The tracker _gid is now used for marketing.",
    ),
    "a tracker of no known service": (
        lambda site: add(site, name="_x", category="marketing"),
        "The tracker _x is new, for marketing.",
    ),
    "another controller": (
        lambda site: change(site, controller=CONTROLLER | {"legal_name": "Another Ltd"}),
        "The controller is another one.",
    ),
    "a new category": (
        lambda site: change(site, preferences=True),
        "The category preferences is new.",
    ),
}


@pytest.mark.parametrize(("act", "why"), ASKED_AGAIN.values(), ids=ASKED_AGAIN.keys())
def test_a_wider_notice_asks_again(site: Site, clock: Clock, act: Change, why: str) -> None:
    first = notices.publish(site, BY, clock.now)
    act(site)
    assert why in notices.asks_again(first.content, notices.draft(site))
    second = notices.publish(site, BY, clock.advance(minutes=1))
    assert (second.version, second.asks) == (2, 2)


NOT_ASKED_AGAIN: dict[str, Change] = {
    "nothing": lambda site: None,
    "a typo": lambda site: edit(site, "_ga", purpose={"en": "What it is really for."}),
    "a data protection officer": lambda site: change(site, dpo={"email": "dpo@example.com"}),
    "another telephone": lambda site: change(site, controller=CONTROLLER | {"phone": "1"}),
    "one more tracker of a known service": lambda site: add(
        site, name="_gat", service="google-analytics", category="statistics"
    ),
    "a necessary service": lambda site: service(site, "login", category="necessary"),
    "an unclassified tracker": lambda site: add(site, name="mystery"),
    "one tracker less": lambda site: inventory.remove_tracker(
        site, inventory.trackers(site, q="_ad")[0].id, BY, START
    ),
    "another policy address": lambda site: change(
        site, policy_urls={"en": "https://example.com/privacy"}
    ),
}


@pytest.mark.parametrize("act", NOT_ASKED_AGAIN.values(), ids=NOT_ASKED_AGAIN.keys())
def test_the_same_or_less_does_not_ask_again(site: Site, clock: Clock, act: Change) -> None:
    notices.publish(site, BY, clock.now)
    act(site)
    second = notices.publish(site, BY, clock.advance(minutes=1))
    assert (second.version, second.asks) == (2, 1)


def test_what_the_owner_calls_material_asks_again(site: Site, clock: Clock) -> None:
    notices.publish(site, BY, clock.now)
    assert notices.publish(site, BY, clock.advance(minutes=1), material=True).asks == 2
    assert notices.publish(site, BY, clock.advance(minutes=1)).asks == 2


@pytest.mark.parametrize(
    ("field", "controller"),
    [
        ("legal_name", {"email": "privacy@example.com"}),
        ("contact", {"legal_name": "Example Ltd"}),
    ],
)
def test_who_asks_and_how_to_reach_them_must_be_said(
    app: Flask, clock: Clock, field: str, controller: dict[str, str]
) -> None:
    site = add_site(clock.now, controller=controller, request_form=False)
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock.now)
    assert refused.value.code == "notice_incomplete"
    assert set(refused.value.fields or {}) == {field}
    assert notices.versions(site) == []


def test_changes_are_told_in_sentences(site: Site, clock: Clock) -> None:
    assert notices.changes(site) == ["Nothing is published yet."]
    notices.publish(site, BY, clock.now)
    db.session.expire_all()
    assert notices.changes(site) == []
    edit(site, "_ga", purpose={"en": "Something else."})
    inventory.remove_tracker(site, inventory.trackers(site, q="_ad")[0].id, BY, START)
    add(site, name="_x", kind="local_storage")
    service(site, "heatmap", category="statistics")
    change(site, choice_lifetime={"value": 3, "unit": "month"})
    assert notices.changes(site) == [
        "“_x (local_storage)” is new and unclassified: it is held.",
        "The cookie _ad is no longer listed.",
        "What the cookie _ga is for is said in other words.",
        "The service heatmap is new, for statistics.",
        "A choice now counts for 3 months instead of 6 months.",
    ]


def test_a_notice_binds_from_the_moment_it_names(site: Site, clock: Clock) -> None:
    first = notices.publish(site, BY, clock.now)
    binds = clock.now + timedelta(days=7)
    second = notices.publish(site, BY, clock.now, effective_at=binds)
    assert notices.current(site, START - timedelta(seconds=1)) is None
    for at, expected in (
        (clock.now, first),
        (binds - timedelta(microseconds=1), first),
        (binds, second),
    ):
        found = notices.current(site, at)
        assert found is not None and found.id == expected.id
    newest = notices.latest(site)
    assert newest is not None and newest.id == second.id
    assert [notice.version for notice in notices.versions(site)] == [2, 1]


def test_S2_7_while_everything_is_necessary_nobody_is_asked(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """S2-7 and S3-42: exempt entries alone bring no pop-up; the list stays in the settings."""
    with app.app_context():
        site = add_site(clock.now, "quiet.example")
        inventory.starter(site, BY, clock.now)
        notices.publish(site, BY, clock.now)
    reply = client.get("/v1/quiet.example/notice").get_json()
    assert (reply["regime"]["id"], reply["regime"]["show"]) == ("FALLBACK", "link")
    details = client.get("/v1/quiet.example/en/details.json").get_json()
    assert [tracker["category"] for tracker in details["trackers"]] == ["necessary"] * 3
    with app.app_context():
        site = sites.get("quiet.example")
        inventory.add_tracker(site, BY, clock.now, name="_new", purpose={"en": "Nobody knows yet."})
        notices.publish(site, BY, clock.now)
    clock.advance(seconds=2)
    reply = client.get("/v1/quiet.example/notice").get_json()
    assert reply["regime"]["show"] == "dialog"
