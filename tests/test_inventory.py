"""The inventory: what is listed, what is held, and what must be said to exempt a tracker."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from flask import Flask

from consent import inventory, notices, sites
from consent.db import db
from consent.errors import Invalid, NotFound
from consent.sites import Site
from tests.acts import BY, add_site, fill_inventory
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]  # fixtures

HEADER = ",".join(inventory.COLUMNS)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    return add_site(clock.now)


def names(site: Site, **wanted: Any) -> list[str | None]:
    return [tracker.name for tracker in inventory.trackers(site, **wanted)]


def test_the_starter_lists_our_own_cookies_with_a_reason(site: Site, clock: Clock) -> None:
    inventory.starter(site, BY, clock.now)
    found = inventory.trackers(site)
    cookies = [tracker.name for tracker in found if tracker.kind == "cookie"]
    assert cookies == ["crumbtrail", "crumbtrail_visitor"]
    assert {tracker.category for tracker in found} == {"necessary"}
    assert all(tracker.reason and tracker.purpose["en"] for tracker in found)
    assert [service.key for service in inventory.services(site)] == ["crumbtrail"]


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_necessary_asks_for_a_reason(site: Site, clock: Clock, reason: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.add_tracker(site, BY, clock.now, name="sid", category="necessary", reason=reason)
    assert (refused.value.code, set(refused.value.fields or {})) == ("reason_missing", {"reason"})
    assert inventory.trackers(site) == []


def test_calling_a_tracker_necessary_later_asks_too(site: Site, clock: Clock) -> None:
    added = inventory.add_tracker(site, BY, clock.now, name="sid", category="statistics")
    with pytest.raises(Invalid) as refused:
        inventory.edit_tracker(site, added.id, BY, clock.now, category="necessary")
    assert refused.value.code == "reason_missing"
    db.session.rollback()
    assert inventory.tracker(site, added.id).category == "statistics"
    inventory.edit_tracker(
        site, added.id, BY, clock.now, category="necessary", reason="Keeps the basket."
    )
    assert inventory.tracker(site, added.id).category == "necessary"


def test_a_tracker_without_a_category_is_unclassified(site: Site, clock: Clock) -> None:
    fill_inventory(site, clock.now)
    inventory.add_tracker(site, BY, clock.now, name="mystery")
    assert names(site, category="unclassified") == ["mystery"]
    assert names(site, category="marketing") == ["_ad"]


def test_preferences_are_refused_where_the_site_does_not_ask(site: Site, clock: Clock) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.add_tracker(site, BY, clock.now, name="lang", category="preferences")
    assert "category" in (refused.value.fields or {})
    sites.change(site, BY, clock.now, preferences=True)
    inventory.add_tracker(site, BY, clock.now, name="lang", category="preferences")
    assert names(site) == ["lang"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", {"kind": "pixel"}),
        ("match", {"match": "regex"}),
        ("party", {"party": "second"}),
        ("category", {"category": "performance"}),
        ("name", {"name": None}),
        ("name", {"name": "n" * 257}),
        ("duration", {"duration": {"value": 1, "unit": "fortnight"}}),
        ("duration", {"duration": "forever"}),
        ("service", {"service": "nobody"}),
    ],
    ids=str,
)
def test_what_cannot_be_is_named_by_its_field(
    site: Site, clock: Clock, field: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.add_tracker(site, BY, clock.now, **{"name": "x", **values})
    assert set(refused.value.fields or {}) == {field}


def test_a_tracker_without_a_name_shows_its_purpose(site: Site, clock: Clock) -> None:
    inventory.add_tracker(site, BY, clock.now, purpose={"en": "Counts visits."}, kind="beacon")
    assert names(site) == [None]


def test_a_tracker_of_another_site_is_out_of_reach(site: Site, clock: Clock) -> None:
    other = add_site(clock.now, "other.example")
    theirs = inventory.add_tracker(other, BY, clock.now, name="x")
    with pytest.raises(NotFound):
        inventory.edit_tracker(site, theirs.id, BY, clock.now, name="y")
    with pytest.raises(NotFound):
        inventory.remove_tracker(site, theirs.id, BY, clock.now)
    assert names(other) == ["x"]


def test_trackers_are_searched_filtered_and_sorted(site: Site, clock: Clock) -> None:
    fill_inventory(site, clock.now)
    assert names(site, q="GOOGLE") == ["_ga", "_gid"]
    assert names(site, q="_ad is for") == ["_ad"]
    assert names(site, category="statistics", sort="-name") == ["_gid", "_ga"]
    assert names(site, kind="beacon") == []
    inventory.remove_tracker(site, inventory.trackers(site, q="_ad")[0].id, BY, clock.now)
    assert names(site, category="marketing") == []


def test_a_service_is_added_once_and_changed_after(site: Site, clock: Clock) -> None:
    inventory.put_service(site, BY, clock.now, "ads", category="marketing", hosts=["ads.example"])
    inventory.put_service(site, BY, clock.now, "ads", provider="Adco")
    [ads] = inventory.services(site)
    assert (ads.name, ads.category, ads.provider, ads.hosts) == (
        "ads",
        "marketing",
        "Adco",
        ["ads.example"],
    )


def test_a_service_key_is_plain_and_its_category_known(site: Site, clock: Clock) -> None:
    for key, fields in (("Ads!", {}), ("ads", {"category": "spying"}), ("ads", {"colour": "red"})):
        with pytest.raises(Invalid):
            inventory.put_service(site, BY, clock.now, key, **fields)
    assert inventory.services(site) == []


def test_an_import_keeps_good_rows_and_says_why_of_the_others(site: Site, clock: Clock) -> None:
    fill_inventory(site, clock.now)
    lines = [
        HEADER,
        "_new,cookie,first,google-analytics,,Performance,Counts visits.,,,2 years,",
        "_gid,cookie,,,,marketing,,,,,",
        "sid,cookie,first,,,necessary,,,,session,",
        "odd,cookie,,,,spying,,,,,",
        "old,cookie,,,,,,,,a fortnight,",
        "lost,cookie,,nobody,,,,,,,",
        "short,cookie",
        '"two, words",local_storage,third,,Adco,,,,,,',
    ]
    done = inventory.import_csv(site, "\ufeff" + "\r\n".join(lines), BY, clock.now)
    assert (done.added, done.changed) == (2, 1)
    assert [line for line, _ in done.refused] == [4, 5, 6, 7, 8]
    assert all(why for _, why in done.refused)
    new = inventory.trackers(site, q="_new")[0]
    assert (new.category, new.published_label) == ("statistics", "Performance")
    assert new.duration == {"value": 2, "unit": "year"}
    assert inventory.trackers(site, q="_gid")[0].category == "marketing"
    [unclassified] = inventory.trackers(site, category="unclassified")
    assert (unclassified.name, unclassified.set_by) == ("two, words", "Adco")


@pytest.mark.parametrize("text", ["", "name,colour\nx,red\n", "kind\ncookie\n"])
def test_a_file_of_another_shape_is_refused_whole(site: Site, clock: Clock, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        inventory.import_csv(site, text, BY, clock.now)
    assert refused.value.code == "field_unknown"
    assert inventory.trackers(site) == []


def test_the_same_file_twice_adds_nothing(site: Site, clock: Clock) -> None:
    text = f"{HEADER}\n_x,cookie,,,,statistics,Why.,,,13 months,\n"
    assert inventory.import_csv(site, text, BY, clock.now).added == 1
    again = inventory.import_csv(site, text, BY, clock.now)
    assert (again.added, again.changed) == (0, 1)
    assert names(site) == ["_x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("session", "session"),
        (" Session ", "session"),
        ("1 year", {"value": 1, "unit": "year"}),
        ("13 Months", {"value": 13, "unit": "month"}),
    ],
)
def test_a_duration_is_read(text: str, value: object) -> None:
    assert inventory.duration(text) == value


@pytest.mark.parametrize("text", ["forever", "1.5 years", "-1 day", "99999 days", "1 century"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        inventory.duration(text)


def test_a_tracker_without_a_name_is_called_by_what_it_is_for(
    owner: Owner, app: Flask, clock: Clock
) -> None:
    site = add_site(clock.now)
    inventory.starter(site, BY, clock.now)
    words = {"name": None, "category": "statistics", "purpose": {"en": "Counts the visits."}}
    made = inventory.add_tracker(site, BY, clock.now, **words)
    notices.publish(site, BY, clock.now)
    lasting = {"value": 1, "unit": "day"}
    inventory.edit_tracker(site, made.id, BY, clock.advance(minutes=1), duration=lasting)
    inventory.edit_tracker(site, made.id, BY, clock.advance(minutes=1), duration=None)
    draft = unescape(owner.page("/sites/example.com/notice/"))
    assert "“Counts the visits”: how long it lasts is not stated." in draft
    assert "visits.:" not in draft + owner.page("/sites/example.com/history/")
