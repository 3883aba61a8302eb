"""Sites: what may be set, who may speak for them, and what their owner pastes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from consent import sites, trail
from consent.db import db
from consent.errors import Conflict, Invalid, NotFound
from consent.sites import Site, origin_kind
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]  # fixtures


def test_a_site_is_found_by_its_key(app: Flask, clock: Clock) -> None:
    add_site(clock.now, "b.example")
    add_site(clock.now, "a.example", name="A")
    db.session.rollback()
    assert sites.get("a.example").name == "A"
    assert [site.key for site in sites.all_sites()] == ["a.example", "b.example"]
    with pytest.raises(NotFound) as refused:
        sites.get("c.example")
    assert refused.value.code == "site_unknown"


def test_a_key_is_taken_once(app: Flask, clock: Clock) -> None:
    add_site(clock.now)
    with pytest.raises(Conflict) as refused:
        add_site(clock.now)
    assert refused.value.code == "site_exists"


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": " "}),
        ("origins", {"origins": []}),
        ("origins", {"origins": ["example.com/path"]}),
        ("origins", {"origins": ["exa mple.com"]}),
        ("origins", {"origins": ["*"]}),
        ("languages", {"languages": []}),
        ("languages", {"languages": ["xx"]}),
        ("default_language", {"default_language": "pl"}),
        ("choice_lifetime", {"choice_lifetime": {"value": 0, "unit": "month"}}),
        ("retention", {"retention": {"value": 1, "unit": "fortnight"}}),
        ("cookie_domain", {"cookie_domain": "example.org"}),
        ("cookie_domain", {"cookie_domain": "ample.com"}),
        ("policy_urls", {"policy_urls": {"en": "javascript:alert(1)"}}),
        ("policy_urls", {"policy_urls": {"en": "/privacy"}}),
    ],
    ids=str,
)
def test_what_cannot_be_is_named_by_its_field(
    app: Flask, clock: Clock, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        add_site(clock.now, **more)
    assert set(refused.value.fields or {}) == {field}
    assert sites.all_sites() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dpo", "anna@example.com"),
        ("dpo", {"name": {"first": "Anna"}}),
        ("authority", ["UODO"]),
        ("controller", "Example Ltd"),
        ("controller", None),
        ("contacts", []),
        ("policy_urls", {"en": 5}),
        ("origins", "example.com"),
        ("preview_hosts", [None]),
        ("languages", "en"),
        ("name", 7),
        ("cookie_domain", ["example.com"]),
        ("request_days", "30"),
        ("choice_lifetime", "six months"),
        ("layout", "bottom"),
        ("integrations", ["tcf"]),
        ("texts", "Hello"),
        ("facts", []),
    ],
)
def test_a_value_of_another_shape_is_refused_and_the_settings_stay_to_be_read(
    owner: Owner, clock: Clock, field: str, value: object
) -> None:
    site = add_site(clock.now)
    with pytest.raises(Invalid) as refused:
        sites.change(site, BY, clock.now, **{field: value})
    assert (refused.value.code, set(refused.value.fields or {})) == ("field_value", {field})
    assert "Example Ltd" in owner.page("/sites/example.com/settings")


@pytest.mark.parametrize("key", ["", "Example.com", "a/b", "-a", "a" * 64, "a b"])
def test_a_key_is_plain(app: Flask, clock: Clock, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        add_site(clock.now, key, origins=["example.com"])
    assert "key" in (refused.value.fields or {})


def test_origins_are_taken_as_people_paste_them(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now, origins=["https://Example.com/", " *.example.com "])
    assert site.origins == ["example.com", "*.example.com"]


def test_a_change_is_kept_and_told_in_the_trail(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now)
    sites.change(site, "owner@example.com", clock.advance(hours=1), preferences=True)
    db.session.expire_all()
    assert sites.get("example.com").preferences is True
    newest = trail.entries(site="example.com", limit=1)[0]
    assert (newest.verb, newest.actor, newest.at) == (
        "site.change",
        "owner@example.com",
        clock.now,
    )


def test_neither_key_nor_demo_mark_can_be_changed(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now)
    for field in ("key", "decided_for_demo", "id", "created_at"):
        with pytest.raises(Invalid) as refused:
            sites.change(site, BY, clock.now, **{field: "x"})
        assert refused.value.code == "field_unknown"


def test_a_refused_change_changes_nothing(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now)
    with pytest.raises(Invalid):
        sites.change(site, BY, clock.now, name="New", origins=[])
    assert site.name == "Example"


@pytest.mark.parametrize(
    ("origin", "kind"),
    [
        ("https://example.com", "real"),
        ("http://EXAMPLE.com:8080", "real"),
        ("https://www.sub.example.com", "real"),
        ("https://sub.example.com", "real"),
        ("https://shop.example:8443", "real"),
        ("https://shop.example", None),
        ("https://xexample.com", None),
        ("https://example.com.evil.com", None),
        ("https://sub.example.com.", None),
        ("https://staging.example.net", "test"),
        ("http://localhost:3000", "test"),
        ("http://[::1]", "test"),
        ("http://127.0.0.2", None),
        ("https://server.example", "real"),
        ("https://server.example:444", None),
        ("file://", None),
        ("null", None),
        ("", None),
        (None, None),
    ],
)
def test_who_may_speak_for_a_site(origin: str | None, kind: str | None) -> None:
    site = Site(
        origins=["example.com", "*.sub.example.com", "sub.example.com", "shop.example:8443"],
        preview_hosts=["staging.example.net"],
    )
    assert origin_kind(site, origin, ("https://server.example",)) == kind


def test_a_tag_that_was_seen_is_noted_to_the_hour(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now)
    sites.tag_seen(site, clock.now)
    sites.tag_seen(site, clock.now + timedelta(minutes=59))
    assert site.tag_seen_at == clock.now
    sites.tag_seen(site, clock.now + timedelta(minutes=61))
    assert site.tag_seen_at == clock.now + timedelta(minutes=61)


def test_a_snippet_is_two_elements_with_the_sites_address(app: Flask, clock: Clock) -> None:
    words = sites.snippet(add_site(clock.now), "https://consent.example")
    assert words.count("<script") == 2
    assert 'data-site="example.com"' in words
    assert 'src="https://consent.example/v1/example.com/consent.js"' in words
