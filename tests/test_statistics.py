"""The pages of statistics and their files: what they count, what they do not name, and who sees."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from consent import notices, rollup, sites
from consent.admin import charts, statistics
from consent.db import db
from consent.permissions import Role, may, needed
from consent.rollup import Kind, Period
from consent.rollup.chances import differ, quantile, wilson
from consent.rollup.period import number, step
from tests import test_admin_look
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger

__all__ = ["owner", "stranger"]
SITE = "example.com"
AT = f"/sites/{SITE}/statistics/"
TODAY = 20261121
site, admin, phone = test_admin_look.site, test_admin_look.admin, test_admin_look.phone


def pour(*counts: tuple[Kind, str, tuple[int, int, int]], day: int = TODAY) -> None:
    told = {(day, int(kind), value): list(n) for kind, value, n in counts}
    rollup.pour(db.session.connection(), sites.get(SITE).id, told)
    db.session.commit()


def a_day(notice: int, day: int = TODAY) -> None:
    """A hundred and three choices, with all that is told of them."""
    pour(
        (Kind.TOTAL, "", (40, 10, 53)),
        (Kind.HOUR, "10", (40, 10, 53)),
        (Kind.ACTION, "accept_all", (40, 0, 0)),
        (Kind.ACTION, "reject_all", (0, 0, 50)),
        (Kind.ACTION, "save", (0, 10, 0)),
        (Kind.ACTION, "withdraw", (0, 0, 3)),
        (Kind.CATEGORY, "statistics", (50, 0, 53)),
        (Kind.CATEGORY, "marketing", (40, 0, 63)),
        (Kind.COUNTRY, "PL", (30, 5, 45)),
        (Kind.COUNTRY, "DE", (10, 5, 4)),
        (Kind.COUNTRY, "MT", (0, 0, 4)),
        (Kind.LANGUAGE, "en", (40, 10, 53)),
        (Kind.DEVICE, "phone", (40, 10, 50)),
        (Kind.DEVICE, "", (0, 0, 3)),
        (Kind.LAYER, "1", (40, 10, 53)),
        (Kind.REGIME, "EU", (40, 10, 53)),
        (Kind.NOTICE, str(notice), (40, 10, 53)),
        (Kind.FIRST, str(notice), (40, 10, 50)),
        (Kind.BROWSER, "Firefox", (40, 10, 53)),
        (Kind.WAIT, "00002000", (40, 10, 0)),
        (Kind.WAIT, "00008000", (0, 0, 50)),
        (Kind.SIGNAL, "gpc", (0, 0, 12)),
        (Kind.AGAIN, "own", (0, 0, 3)),
        (Kind.SUSPECT, "", (7, 0, 0)),
        (Kind.SUSPECT, "burst", (7, 0, 0)),
        day=day,
    )


def table(page: str, name: str) -> str:
    found = re.search(rf'aria-labelledby="h-{name}".*?</section>', page, re.DOTALL)
    assert found is not None, name
    return found[0]


# -- the page ----------------------------------------------------------------------------------


def test_choices_of_visitors_are_on_the_page_at_once(
    app: Flask, owner: Owner, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock())
    empty = owner.page(AT)
    assert "No choices in these days" in empty and '<svg class="map"' not in empty
    for _ in range(6):
        clock.advance(minutes=1)
        assert post_choice(client, SITE, choice_body(notice.digest, clock())).status_code == 201
    page = owner.page(AT)
    assert re.search(r"<dt>Choices</dt><dd><strong>6</strong>", page)
    assert "6 choices. The peak: 6, 21 Nov 2026." in page
    assert re.search(
        r"example.com</p></th>\s*<td data-label=\"Choices\">6<", owner.page("/statistics/")
    )


@pytest.mark.sqlite_only
def test_the_tiles_say_what_is_counted_and_what_changed(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    notice = make_site(app, clock())
    a_day(notice.id)
    pour((Kind.TOTAL, "", (25, 0, 25)), day=20261114)
    page = owner.page(AT + "?days=7")
    for words, big, change in (
        ("Choices", "103", "up by 106.0%"),
        ("Granted all", "38.8%", "down 11.2 points"),
        ("Statistics granted", "48.5%", "nothing to compare with"),
        ("Marketing granted", "38.8%", "nothing to compare with"),
        ("With the GPC signal", "11.7%", "up 11.7 points"),
        ("Chose again", "2.9%", "up 2.9 points"),
        ("Withdrawals", "3", "nothing to compare with"),
        ("Suspect, counted apart", "7", "nothing to compare with"),
        ("Median time to choose", "2.5 s", "nothing to compare with"),
    ):
        tile = f"<dt>{words}</dt><dd><strong>{big}</strong><span>{change}</span>"
        assert tile in page, words


@pytest.mark.sqlite_only
def test_what_is_small_is_counted_and_not_named(app: Flask, owner: Owner, clock: Clock) -> None:
    a_day(make_site(app, clock()).id)
    page = owner.page(AT)
    countries = table(page, "countries")
    assert "Poland: 80 choices" in countries and "Germany: 19 choices" in countries
    assert "Malta" not in countries and "Others, fewer than 5 each" in countries
    file = owner.get(f"{AT}countries.csv").text
    assert "MT" not in file and '*,"Others, fewer than 5 each",4,0,0,4,' in file
    assert "Others, fewer than 5 each" in table(page, "devices")


@pytest.mark.sqlite_only
def test_each_chart_has_a_file_with_the_numbers_of_the_page(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    a_day(make_site(app, clock()).id)
    page = owner.page(AT + "?days=7")
    files = re.findall(r'href="/admin(/sites/[^"]+/(\w+)\.csv\?[^"]+)"', page)
    assert {name for _, name in files} == {
        "course", "countries", "categories", "actions", "waits", "devices", "languages", "layers",
        "regimes", "versions", "browsers", "hours", "again", "suspects", "first",
    }  # fmt: skip
    for path, name in files:
        answer = owner.get(path)
        assert answer.mimetype == "text/csv" and answer.text.endswith("\r\n")
        assert "attachment" in answer.headers["Content-Disposition"]
        shown = table(page, name)
        lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert lines
        for line in lines:
            head = rf'<th scope="row">(<a [^>]*>)?{re.escape(line["label"])}(</a>)?</th>'
            assert re.search(head, shown), (name, line)
            counted = line["granted"] if name == "categories" else line["count"]
            assert f">{counted}</td>" in shown, (name, line)


def test_no_cell_of_a_file_starts_a_formula() -> None:
    lines = [
        {"value": text, "label": text, "count": 1} for text in ("=1+1", "@x", "+1", "-1", "\t")
    ]
    text = statistics.as_csv(charts.Chart("languages", "x", "rows", lines, ""))
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(statistics.FORMULA)]
    assert "'=1+1" in cells


@pytest.mark.sqlite_only
def test_two_versions_are_compared_and_chance_is_named(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    one = make_site(app, clock())
    two = notices.publish(sites.get(SITE), BY, clock.advance(minutes=1), material=True)
    number_of_two = two.id
    a_day(one.id)
    pour((Kind.FIRST, str(number_of_two), (45, 5, 50)))
    page = owner.page(AT)
    assert "Version 1: 40.0% granted all. Version 2: 45.0%. Chance alone can explain" in page
    pour((Kind.FIRST, str(number_of_two), (400, 0, 100)))
    assert "Version 2: 74.2%. Chance alone hardly explains it (95%)." in owner.page(AT)
    alone = table(owner.page(AT + "?version=2"), "first")
    assert "Version 1</a></th>" not in alone and "Version 2</a></th>" in alone
    read = rollup.read(sites.get(SITE), Period(date(2026, 11, 21), date(2026, 11, 21)))
    assert json.loads(json.dumps(read)) == read


@pytest.mark.sqlite_only
def test_a_period_that_is_none_is_said_and_nothing_breaks(
    app: Flask, owner: Owner, clock: Clock
) -> None:
    a_day(make_site(app, clock()).id, day=20260301)
    for asked, words in (
        ("from=2026-02-30", "Write the day as YYYY-MM-DD."),
        ("from=2026-05-02&to=2026-05-01", "The first day is after the last."),
        ("from=1800-01-01", "At most twenty years"),
    ):
        answer = owner.get(f"{AT}?{asked}")
        assert answer.status_code == 422 and words in answer.text
    assert owner.get(f"{AT}course.csv?from=x").status_code == 404
    assert owner.get(f"{AT}nothing.csv").status_code == 404
    assert "103 choices" in owner.page(f"{AT}?from=2026-03-01&to=2026-03-01")
    assert "Choices by month" in owner.page(f"{AT}?days=365")
    assert "No choices" in owner.page(f"{AT}?days=90")
    assert "103" in owner.page("/statistics/?days=365")


def test_every_role_sees_statistics_and_nothing_personal_is_needed() -> None:
    for route in ("every", "one", "download"):
        right = needed(f"admin.statistics.{route}")
        assert right is not None and all(may(role, right) for role in Role)


# -- in a browser ------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_the_dashboard_fits_reads_and_is_walked_by_the_arrow_keys(
    app: Flask, phone: Page, admin: str, axe_source: str
) -> None:
    shown = notices.latest(sites.get(SITE))
    assert shown is not None
    a_day(shown.id)
    a_day(shown.id, day=20261120)
    test_admin_look.sign_in(phone)
    phone.goto(f"{admin}{AT}?days=7")
    assert test_admin_look.wrong(phone, axe_source) == {}
    chart = phone.get_by_role("img", name="Choices by day")
    chart.focus()
    told = phone.locator("#t-course")
    expect(told).to_have_text(re.compile(r"^21 Nov 2026: 103 choices"))
    chart.press("ArrowLeft")
    expect(told).to_have_text(re.compile(r"^20 Nov 2026: 103 choices; all granted 40"))
    chart.press("Home")
    expect(told).to_have_text(re.compile(r"^15 Nov 2026: 0 choices"))


@pytest.mark.sqlite_only
def test_without_javascript_all_numbers_are_there(
    app: Flask, admin: str, new_page: Callable[..., Page]
) -> None:
    shown = notices.latest(sites.get(SITE))
    assert shown is not None
    a_day(shown.id)
    page = new_page(locale="en-GB", java_script_enabled=False)
    page.goto(f"{admin}/sign-in")
    test_admin_look.sign_in(page)
    page.goto(f"{admin}{AT}")
    fold = page.locator("section", has=page.get_by_role("heading", name="By country"))
    fold.locator("summary").click()
    expect(fold.get_by_role("row", name="Poland 80 30 5 45")).to_be_visible()


# -- arithmetic --------------------------------------------------------------------------------


def test_the_intervals_are_those_of_the_books() -> None:
    """Newcombe 1998 (Statistics in Medicine 17, 857–890), tables I and II."""
    low, high = wilson(81, 263) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = wilson(0, 20) or (1, 1)
    assert low == 0 and round(high, 4) == 0.1611
    assert wilson(0, 0) is None and differ((0, 0), (1, 2)) is None
    assert differ((56, 70), (48, 80)) is True  # 0.0524 to 0.3339
    assert differ((9, 10), (3, 10)) is True  # 0.1705 to 0.8090
    assert differ((5, 56), (0, 29)) is False  # -0.0381 to 0.1926


def test_a_share_of_the_cases_lies_below_a_quantile() -> None:
    buckets = [(0, 10, 10), (10, 20, 10), (20, None, 1)]
    assert quantile(buckets, 0.5) == pytest.approx(10.5)
    assert quantile(buckets, 0.25) == pytest.approx(5.25)
    assert quantile(buckets, 1.0) == 20
    assert quantile([(0, 10, 0)], 0.5) is None


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 1200))
def test_spans_cover_each_day_of_a_period_once(first: date, days: int) -> None:
    period = Period(first, first + timedelta(days=days - 1))
    covered = []
    for span in period.spans():
        if span > 999_999:
            covered.append(span)
            continue
        day = date(span // 100, span % 100, 1)
        while day.month == span % 100:
            covered.append(number(day))
            day += timedelta(days=1)
    assert covered == [number(first + timedelta(days=n)) for n in range(days)]
    assert len(period.spans()) <= 60 + days // 28
    assert {step(span, period.by_month) for span in period.step_spans()} == set(period.steps())
    assert period.before.days == days and period.before.last + timedelta(days=1) == first


@given(st.integers(0, 10**9))
def test_a_scale_ends_on_a_round_number_that_is_not_far_away(most: int) -> None:
    top = charts._round_up(most)
    assert max(most, 1) <= top <= max(1, most * 1.5)
    assert len(str(top).rstrip("0")) <= 2
