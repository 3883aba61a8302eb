"""A trial's own page: what each of two versions was answered, and whether that says anything."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import notices, rollup, sites
from consent.db import db, rfc3339
from consent.notices import Notice
from consent.rollup import Kind, Period
from tests import acts
from tests.acts import BY
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]  # fixtures
KEY = "example.com"
TOLD = ("version", "count", "timed", "quarter_ms", "three_quarters_ms")
AT = f"/sites/{KEY}/notice/trials/2"


def choose(client: FlaskClient, notice: Notice, clock: Clock, wait: int | None, **more: str) -> str:
    """An answer `wait` ms after it was asked; its id."""
    at = clock.advance(seconds=90)
    shown = ... if wait is None else rfc3339(at - timedelta(milliseconds=wait))
    body = acts.choice_body(notice.digest, at, shown_at=shown, **more)
    assert acts.post_choice(client, KEY, body).status_code == 201
    return str(body["id"])


def answered(notice: Notice, day: int, granted: int, partly: int, refused: int) -> None:
    site = sites.get(KEY)
    counts = [granted, partly, refused]
    cells = {(day, kind, str(notice.id)): list(counts) for kind in (Kind.NOTICE, Kind.FIRST)}
    rollup.pour(db.session.connection(), site.id, cells)
    db.session.commit()


@pytest.fixture
def pair(owner: Owner, app: Flask, clock: Clock) -> tuple[Notice, Notice]:
    """Two versions, the second on trial."""
    acts.make_site(app, clock())
    site = sites.get(KEY)
    sites.change(site, BY, clock(), texts={"en": {"title": "Cookies, and your say in them"}})
    tried = notices.publish(site, BY, clock.advance(minutes=1), share=50)
    return tried, notices.version(site, 1)


@pytest.mark.sqlite_only
def test_small_numbers_are_said_to_say_nothing_and_large_ones_are_compared(
    owner: Owner, pair: tuple[Notice, Notice], clock: Clock
) -> None:
    tried, other = pair
    day = int(clock.now.strftime("%Y%m%d"))
    before = int((clock.now - timedelta(days=1)).strftime("%Y%m%d"))
    assert "nothing can be compared" in owner.page(AT)
    answered(other, before, 5000, 0, 0)  # before the trial: not of it
    answered(tried, day, 6, 1, 3)
    answered(other, day, 4, 0, 6)
    page = owner.page(AT)
    assert "These numbers favour neither" in page and "5,000" not in page
    assert "Nobody is followed" in owner.page(f"/sites/{KEY}/notice/") and AT in owner.page(
        f"/sites/{KEY}/notice/"
    )
    answered(tried, day, 594, 99, 307)
    answered(other, day, 396, 0, 594)
    assert "further apart than chance explains" in owner.page(AT)
    lines = list(csv.DictReader(io.StringIO(owner.get(f"{AT}.csv").text)))
    told = [(one["version"], one["count"], one["granted"], one["refused"]) for one in lines]
    assert told == [("2", "1010", "600", "310"), ("1", "1000", "400", "600")]
    assert float(lines[0]["low"]) < 600 / 1010 < float(lines[0]["high"])
    assert owner.get(f"/sites/{KEY}/notice/trials/1").status_code == 404


def test_an_ended_trial_is_counted_to_its_end(pair: tuple[Notice, Notice], clock: Clock) -> None:
    tried, other = pair
    site, start = sites.get(KEY), clock.now.date()
    answered(tried, int(start.strftime("%Y%m%d")), 3, 0, 1)
    answered(tried, int((start + timedelta(days=2)).strftime("%Y%m%d")), 900, 0, 0)
    found = rollup.beside(site, (tried, other), Period(start, start + timedelta(days=1)))
    assert [line["count"] for line in found["lines"]] == [4, 0] and found["differ"] is None


@pytest.mark.sqlite_only
def test_neither_version_of_a_trial_may_steer(pair: tuple[Notice, Notice], clock: Clock) -> None:
    """What goes on trial passes the same rules as any version; what steers does not go on trial."""
    site = sites.get(KEY)
    for one in pair:
        assert [finding for finding in notices.lint(one.content) if finding.blocks] == []
    notices.stop(site, BY, clock.advance(minutes=1))
    steering = {"en": {"reject": "No thanks, I like it worse", "accept": "Yes, continue"}}
    sites.change(site, BY, clock(), texts=steering)
    blocking = [one for one in notices.lint(notices.draft(site)) if one.blocks]
    assert blocking
    with pytest.raises(Exception, match="what the law forbids"):
        notices.publish(site, BY, clock.advance(minutes=1), share=50)


def test_the_time_to_choose_is_told_by_version_and_of_first_answers_alone(
    owner: Owner, client: FlaskClient, pair: tuple[Notice, Notice], clock: Clock
) -> None:
    """Sent as visitors send them, counted as they are stored, and again from the records."""
    tried, other = pair
    page = owner.page(AT)
    assert "is not counted: nothing is sent before somebody answers" in page
    took = {tried: (800, 1200, 1700, 2200, 61_000), other: (9000,)}
    for notice, waits in took.items():
        for wait in waits:
            choose(client, notice, clock, wait)
    first = choose(client, other, clock, 9000)
    choose(client, other, clock, 400, previous=first)  # has chosen before
    choose(client, other, clock, None)  # does not say when it was shown
    expected = [("2", "5", "5", "1125", "2375"), ("1", "3", "2", "8500", "9500")]
    for _ in range(2):
        rows = list(csv.DictReader(io.StringIO(owner.get(f"{AT}.csv").text)))
        told = [tuple(one[name] for name in TOLD) for one in rows]
        assert told == expected
        assert rollup.rebuild(sites.get(KEY)).wrong == []
    page = owner.page(AT)
    assert "1.8 s" in page and "half between 1.1 s and 2.4 s; of 5 answers" in page
