"""Letters to the people of a site: who hears of a proposal, a publish, and consent that fell."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from consent import news, notices, permissions, rollup, sites, telling, trail, users
from consent.db import db
from consent.mail import mailer
from consent.news import News
from consent.rollup import BEFORE, Day, Kind, verdict
from consent.telling import Telling
from tests import acts
from tests.conftest import Clock
from tests.postbox import postbox
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]  # fixtures
KEY = "example.com"
OWNER = "owner@example.com"
EDITOR = "editor@example.com"
AUTHOR = "author@example.com"
ROLES = {
    OWNER: permissions.Role.OWNER,
    EDITOR: permissions.Role.EDITOR,
    AUTHOR: permissions.Role.EDITOR,
    "viewer@example.com": permissions.Role.VIEWER,
}


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    with app.app_context():
        for email, role in ROLES.items():
            users.add_user(email, "river lamp stone 42", "cli", clock(), role)
    acts.make_site(app, clock())
    return sites.get(KEY)


def count(site: sites.Site, day: datetime, granted: int, refused: int) -> None:
    cells = {(int(day.strftime("%Y%m%d")), Kind.TOTAL, ""): [granted, 0, refused]}
    rollup.pour(db.session.connection(), site.id, cells)
    db.session.commit()


def days(share: int, of: int = 200) -> list[Day]:
    return [Day(of * share // 100 + n % 3, of) for n in range(BEFORE)]


def test_letters_leave_to_those_who_may_approve_and_to_all_owners(
    site: sites.Site, clock: Clock
) -> None:
    with postbox() as box:
        chore = Telling(mailer(box.url, "from@example.com"), "https://c.example", True)
        chore(clock.advance(minutes=1))
        [first] = box.wait()
        assert first.to == [OWNER] and "version 1 was published" in first.headers["Subject"]
        notices.set_two_people(site, True, OWNER, clock())
        sites.change(site, AUTHOR, clock(), texts={"en": {"title": "Cookies at Example"}})
        made = notices.propose(site, AUTHOR, clock.advance(minutes=1))
        chore(clock.advance(minutes=1))
        told = box.wait(3)[1:]
        assert {one.to[0] for one in told} == {OWNER, EDITOR}
        assert all(made.digest in one.body and AUTHOR in one.body for one in told)
        notices.approve(site, made.id, EDITOR, clock.advance(minutes=1))
        chore(clock.advance(minutes=1))
        [last] = box.wait(4)[3:]
        assert last.to == [OWNER] and EDITOR in last.body and "version 2" in last.headers["Subject"]
        chore(clock.advance(minutes=1))
        assert len(box.letters) == 4
    assert db.session.scalars(select(News.id).where(News.sent_at.is_(None))).all() == []


@pytest.mark.sqlite_only
def test_a_mail_server_that_is_away_causes_silence_and_old_news_is_not_sent(
    site: sites.Site, clock: Clock
) -> None:
    gone = Telling(mailer("smtp://127.0.0.1:9", "from@example.com"), "https://c.example", False)
    gone(clock.advance(minutes=1))
    assert list(telling.letters(clock.advance(minutes=1), "")) == []
    notices.publish(site, OWNER, clock.advance(minutes=1), True)
    assert list(telling.letters(clock.advance(days=2), "")) == []


def test_the_rule_is_sober() -> None:
    usual = days(60)
    assert verdict(usual, Day(80, 200)) == "fell"
    assert verdict(usual, Day(112, 200)) is None  # within what chance explains
    assert verdict(usual, Day(20, 49)) is None  # too few to say
    assert verdict([Day(6, 10)] * BEFORE, Day(0, 200)) is None  # too little before it
    assert verdict(days(60, 20_000), Day(11_600, 20_000)) is None  # sure, and not worth a letter
    weekly = [Day(70, 200) if n % 7 == 0 else Day(120, 200) for n in range(BEFORE)]
    assert verdict(weekly, Day(72, 200)) is None  # as low as last Sunday
    assert verdict(weekly, Day(40, 200)) == "fell"
    assert verdict(usual, Day(200, 200)) is None and verdict(usual[1:], Day(0, 200)) is None
    assert verdict(usual, Day(0, 0)) == "silent"
    assert verdict([Day(1, 9), *usual[1:]], Day(0, 0)) is None


def test_a_fall_is_told_once_a_day_and_where_it_is_wanted(site: sites.Site, clock: Clock) -> None:
    with db.session.no_autoflush:
        for ago in range(1, BEFORE + 1):
            count(site, clock.now - timedelta(days=ago), 120, 80)
    start = clock.now
    count(site, start, 60, 140)
    at = start.replace(hour=0) + timedelta(days=1)
    assert telling.look(at + timedelta(minutes=9)) == []  # the day may still get answers
    assert telling.look(at + timedelta(minutes=11)) == [(KEY, "fell")]
    assert telling.look(at + timedelta(hours=9)) == []
    found = list(telling.letters(at + timedelta(hours=9), "https://c.example"))
    [letter] = [one for one in found if "fell" in one.subject]
    assert letter.to == OWNER and "60 of 200" in letter.text and "(30%)" in letter.text
    later = at + timedelta(days=1, minutes=11)
    news.set_quiet(site, True, OWNER, at)
    assert telling.look(later) == []
    news.set_quiet(site, False, OWNER, at)
    assert telling.look(later) == [(KEY, "silent")]
    [silent] = [one for one in telling.letters(later, "") if "no choice" in one.subject]
    assert start.date().isoformat() not in silent.subject and "snippet" in silent.text
    lines = select(trail.Entry.verb).where(trail.Entry.verb == "site.quiet")
    assert len(db.session.scalars(lines).all()) == 2


@pytest.mark.sqlite_only
def test_switched_off_nobody_looks(site: sites.Site, clock: Clock) -> None:
    for ago in range(1, BEFORE + 1):
        count(site, clock.now - timedelta(days=ago + 1), 120, 80)
    for watch, found in ((False, set()), (True, {"silent"})):
        Telling(None, "", watch)(clock.advance(minutes=1))
        kinds = set(db.session.scalars(select(News.kind)))
        assert kinds - {"publish"} == found


@pytest.mark.sqlite_only
def test_without_mail_it_stands_on_the_overview(owner: Owner, app: Flask, clock: Clock) -> None:
    acts.make_site(app, clock())
    page = owner.page(f"/sites/{KEY}/")
    assert "test published version 1." in page and "This server sends no mail" in page
    news.add(sites.get(KEY), "silent", "2026-11-20", {"day": "2026-11-20", "now": [0, 0],
             "before": [9, 9]}, clock())  # fmt: skip
    db.session.commit()
    assert "not one choice arrived" in owner.page(f"/sites/{KEY}/")
    assert owner.send(f"/sites/{KEY}/news/", {"quiet": "yes"}).status_code == 303
    assert "is not looked for on this site" in owner.page(f"/sites/{KEY}/")
