"""Retention: two clocks, the daily job, and a clock that moved and deletes nothing.

The rows of the four policies that ask for it carry their number; the rest is the rule itself.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select, update

from consent import demo, inventory, ledger, notices, retention, sites, trail, users
from consent.db import db, from_micros
from consent.errors import Invalid
from consent.ledger import Ledger
from consent.ledger.fsck import fsck
from consent.ledger.purging import Purged, unexplained
from consent.ledger.rows import Head
from consent.ledger.tree import Tree
from consent.records.rows import ACTIONS, ERASED, Row
from consent.records.verb import NEWEST, OLDEST
from consent.retention import Clock, Daily, DailyCount
from tests.acts import BY, add_site, choice_body, code_of, make_site, post_choice, rows
from tests.conftest import Clock as Moving
from tests.owner import owner
from tests.server import Server
from tests.test_admin import SITE as FORM
from tests.test_admin import Owner

SITE = "example.com"
VOIPSTUDIO = "voipstudio.pl"
WORDS = "river lamp stone 42"
YES = {"statistics": True, "marketing": True}
GRANT: dict[str, Any] = {"action": "accept_all", "categories": YES}
DAYS_90 = {"value": 90, "unit": "day"}


def kept(value: int, unit: str = "day", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, **more}


@pytest.fixture
def of(app: Flask) -> Ledger:
    found: Ledger = app.extensions["crumbtrail"].ledger
    return found


def tick(of: Ledger, clock: Moving) -> None:
    of.tick(clock.advance(seconds=1))


def pass_days(of: Ledger, clock: Moving, days: int) -> None:
    """Time goes by on a server that runs: the job looks at the clock every few days."""
    end = clock.now + timedelta(days=days)
    while clock.now < end:
        clock.now = min(end, clock.now + timedelta(days=6))
        outcome = retention.run(of, clock.now)
        assert outcome.why is None
        of.tick(clock.now)


def choose(
    client: FlaskClient, of: Ledger, clock: Moving, digest: str, **changes: Any
) -> dict[str, Any]:
    """A choice that is in the log; returns what was sent."""
    body = choice_body(digest, clock.now, **changes)
    assert post_choice(client, SITE, body).status_code == 201
    tick(of, clock)
    return body


def entries(kind: str, site: str = SITE) -> list[dict[str, Any]]:
    """What the site's log says of one kind."""
    head = db.session.scalars(select(Head).where(Head.site == site)).one()
    tree = Tree(db.session(), head.id)
    found = (json.loads(tree.entry(index)) for index in range(head.size))
    return [one for one in found if one["k"] == kind]


def sound(of: Ledger, clock: Moving) -> list[str]:
    return list(fsck(of.signer, clock.now))


def counts() -> list[tuple[str, str, int, str, int]]:
    found = db.session.scalars(select(DailyCount).order_by(DailyCount.day, DailyCount.action))
    return [(c.day, ACTIONS[c.action], c.categories, c.country, c.count) for c in found]


# -- the rows of the policies ------------------------------------------------------------------


def test_S0_27_a_site_that_does_not_say_how_long_cannot_be_published(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """And the job, run when the time is over, removes records and writes a purge entry."""
    site = add_site(clock(), retention={})
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock())
    assert set(refused.value.fields or {}) == {"retention"}
    assert notices.versions(site) == []
    sites.change(site, BY, clock(), retention=kept(40))
    digest = notices.publish(site, BY, clock()).digest
    choose(client, of, clock, digest)
    pass_days(of, clock, 39)
    assert len(rows()) == 1 and entries("purge") == []
    day = from_micros(rows()[0].seq).strftime("%Y-%m-%d")
    pass_days(of, clock, 2)
    assert rows() == []
    today = clock.now.strftime("%Y-%m-%d")
    assert entries("purge") == [{"d": today, "k": "purge", "n": 1, "u": day, "v": 1}]
    assert [e.detail for e in trail.entries(SITE) if e.verb == "records.purge"] == [
        {"until": day, "count": 1}
    ]
    assert sound(of, clock) == []


@pytest.mark.parametrize(
    "bad",
    [
        kept(30),
        kept(1, "month"),
        kept(40, anchor="someday"),
        kept(40, action="forget"),
        kept(40, purposes={"necessary": DAYS_90}),
        kept(40, purposes={"marketing": {"value": 0, "unit": "day"}}),
        kept(40, note="as long as necessary"),
        {"text": "as long as necessary"},
    ],
    ids=str,
)
def test_S0_27_what_is_no_time_is_refused_by_its_field(
    app: Flask, clock: Moving, bad: dict[str, Any]
) -> None:
    site = add_site(clock())
    with pytest.raises(Invalid) as refused:
        sites.change(site, BY, clock(), retention=bad)
    assert set(refused.value.fields or {}) == {"retention"}


def test_S2_27_aggregate_leaves_daily_counts_only(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """How many of a kind on a day, per country; no visitor, no id, no time."""
    kept_for = kept(60, action="aggregate")
    digest = make_site(app, clock(), retention=kept_for, origins=[SITE]).digest
    for number in range(3):
        choose(client, of, clock, digest, visitor=f"{number}" * 22, **GRANT)
    choose(client, of, clock, digest)
    first = clock.now.strftime("%Y-%m-%d")
    clock.advance(days=1)
    choose(client, of, clock, digest)
    second = clock.now.strftime("%Y-%m-%d")
    granted, denied = rows()[0].categories, rows()[3].categories
    pass_days(of, clock, 61)
    assert rows() == []
    assert counts() == [
        (first, "accept_all", granted, "", 3),
        (first, "reject_all", denied, "", 1),
        (second, "reject_all", denied, "", 1),
    ]
    assert sum(one["n"] for one in entries("purge")) == 5
    assert sound(of, clock) == []


def test_S2_27_a_restored_backup_is_erased_and_purged_again(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """What was erased by request is erased before the server serves, what was past its time goes
    with the next run."""
    digest = make_site(app, clock(), retention=kept(60)).digest
    choose(client, of, clock, digest)
    choose(client, of, clock, digest, visitor="v" * 22)
    clock.advance(days=2)
    backup = [{c.name: getattr(r, c.name) for c in Row.__table__.columns} for r in rows()]
    ledger.erase(of.signer, sites.get(SITE), rows()[:1], "visitor", clock())
    tick(of, clock)
    pass_days(of, clock, 61)
    assert rows() == []
    db.session.add_all([Row(**one) for one in backup])
    db.session.commit()
    assert ledger.replay(of.signer, clock()) == 1
    assert [bool(row.flags & ERASED) for row in rows()] == [True, False]
    assert retention.run(of, clock()).why is None
    assert rows() == []


def test_S2_38_three_years_are_two_clocks(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """The choice counts for 3 years and its proof is kept for 3 years: both over a day later."""
    three = kept(3, "year", action="aggregate")
    made = make_site(app, clock(), retention=three, choice_lifetime=kept(3, "year"))
    choose(client, of, clock, made.digest, **GRANT)
    life = sites.seconds(made.content["choice_lifetime"])
    assert life == sites.seconds(three) == 3 * 31_556_952
    pass_days(of, clock, 365 * 2 + 364)
    assert len(rows()) == 1 and counts() == []
    pass_days(of, clock, 2)
    assert rows() == []
    assert [count for *_, count in counts()] == [1]
    assert sound(of, clock) == []


def test_S2_38_the_two_clocks_are_two_settings(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """A proof outlives the choice it proves; each stands in the notice by itself."""
    made = make_site(app, clock(), retention=kept(3, "year"), choice_lifetime=kept(90))
    assert made.content["choice_lifetime"] == kept(90)
    assert made.content["retention"] == kept(3, "year")
    choose(client, of, clock, made.digest, **GRANT)
    pass_days(of, clock, 91)
    assert len(rows()) == 1


def test_S3_24_a_cookie_of_marketing_that_outlives_90_days_is_found(
    make_app: Callable[..., Flask], clock: Moving
) -> None:
    """The linter names it on voipstudio.pl, in the draft and on the owner's page."""
    app = make_app(DEMO="1")
    with app.app_context():
        demo.seed(clock())
        site = sites.get(VOIPSTUDIO)
        before = {finding.code for finding in notices.lint(notices.draft(site))}
        assert notices.RETENTION_EXCEEDED not in before
        lasting = {"_ga": kept(91), "_gid": kept(90), "_ar_V4": kept(13, "month")}
        for tracker in inventory.trackers(site):
            if tracker.name in lasting:
                fields = {"duration": lasting[tracker.name]}
                inventory.edit_tracker(site, tracker.id, BY, clock(), **fields)
        code, found = notices.RETENTION_EXCEEDED, notices.lint(notices.draft(site))
        found = [finding for finding in found if finding.code == code]
        assert {finding.sentence for finding in found} == {
            "_ga lasts 91 days, and statistics is kept for 90 days at most.",
            "_ar_V4 lasts 13 months, and marketing is kept for 90 days at most.",
        }
        users.add_user("olga@example.com", WORDS, "cli", clock())
        owner = Owner(app.test_client())
        owner.sign_in()
        page = owner.page(f"/sites/{VOIPSTUDIO}/notice/")
        assert notices.RETENTION_EXCEEDED in page
        assert all(finding.sentence in page for finding in found)
        assert notices.publish(site, BY, clock.advance(days=1)).version == 2


def test_S3_24_the_job_takes_records_of_90_days_on_day_90(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=DAYS_90).digest
    choose(client, of, clock, digest, **GRANT)
    pass_days(of, clock, 89)
    assert len(rows()) == 1
    pass_days(of, clock, 1)
    assert rows() == []


def test_S3_25_a_withdrawal_schedules_what_was_tied_to_the_consent(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """The owner sees how many records are due and when; others stay. (That the cookies go is
    shown in a browser below.)"""
    until = kept(90, anchor="withdrawal")
    digest = make_site(app, clock(), retention=until, choice_lifetime=kept(1, "year")).digest
    first = choose(client, of, clock, digest, **GRANT)
    choose(client, of, clock, digest, visitor="s" * 22, **GRANT)
    pass_days(of, clock, 100)
    assert len(rows()) == 2
    choose(client, of, clock, digest, action="withdraw", previous=first["id"])
    withdrawn = from_micros(rows()[-1].seq)
    due = retention.coming(sites.get(SITE), clock())
    assert (due.count, due.on) == (2, withdrawn + timedelta(days=90))
    users.add_user("olga@example.com", WORDS, "cli", clock())
    owner = Owner(client)
    owner.sign_in()
    assert f"2 records are due on {due.on:%-d %b %Y}" in owner.page(f"/sites/{SITE}/")
    pass_days(of, clock, 89)
    assert len(rows()) == 3
    pass_days(of, clock, 2)
    [left] = rows()
    assert left.action == ACTIONS.index("accept_all")
    assert sound(of, clock) == []


def test_S3_25_after_a_withdrawal_the_cookies_of_the_category_are_gone(
    visit: Callable[..., Page],
) -> None:
    """Whatever path and domain they were set for, as far as this page may."""
    page = visit(f"{VOIPSTUDIO}/")
    page.click("[data-cmp=accept]")
    page.wait_for_function("/(^|; )_gid/.test(document.cookie)")
    page.evaluate(
        "for (const at of ['/', '/demo', location.pathname])"
        " document.cookie = '_gid=GA1; path=' + at"
    )
    page.evaluate("consent.withdraw()")
    page.wait_for_function("!/(^|; )_gid/.test(document.cookie)")
    assert "_gid" not in {cookie["name"] for cookie in page.context.cookies()}


def test_S2_38_both_clocks_are_told_to_the_visitor(visit: Callable[..., Page]) -> None:
    page = visit(f"{VOIPSTUDIO}/")
    page.click("[data-cmp=preferences]:visible")
    opened = page.locator("dialog#cmp-dialog")
    expect(opened).to_contain_text("Twój wybór obowiązuje najdłużej przez: 90 dni.")
    expect(opened).to_contain_text("Zapis przechowujemy jako dowód przez: 36 miesięcy.")


def test_an_owner_states_how_long_and_reads_it_again(
    app: Flask, clock: Moving, client: FlaskClient
) -> None:
    """The form of a new site shows its usual value; an emptied one is refused by its field."""
    users.add_user("olga@example.com", WORDS, "cli", clock())
    owner = Owner(client)
    owner.sign_in()
    assert re.search(r'name="retention"[^>]* value="36"', owner.page("/sites/new"))
    assert owner.send("/sites/new", FORM | {"retention": ""}).status_code == 422
    silent = {name: value for name, value in FORM.items() if not name.startswith("retention")}
    assert owner.send("/sites/new", silent).status_code == 303
    refused = owner.send(f"/sites/{SITE}/notice/publish")
    assert refused.status_code == 422 and "Say how long" in refused.text
    said = {
        "retention": "90",
        "retention_unit": "day",
        "retention_anchor": "withdrawal",
        "retention_action": "aggregate",
        "retention_marketing": "60",
    }
    assert owner.send(f"/sites/{SITE}/settings", FORM | said).status_code == 303
    marketing = {"marketing": kept(60)}
    wanted = kept(90, anchor="withdrawal", action="aggregate", purposes=marketing)
    assert sites.get(SITE).retention == wanted
    page = owner.page(f"/sites/{SITE}/settings")
    assert re.search(r'name="retention_marketing"[^>]* value="60"', page)
    assert '<option value="withdrawal" selected>' in page
    assert owner.send(f"/sites/{SITE}/notice/publish").status_code == 303


def test_a_site_is_added_at_the_terminal_with_its_retention(app: Flask) -> None:
    """Asked for where it is not given, with the usual value before the eyes."""
    add = ["site", "add", SITE, "--name", "A", "--legal-name", "A Ltd", "--email", "a@example.com"]
    run = app.test_cli_runner().invoke
    assert run(args=[*add, "--keep", "session"]).exit_code == 2
    short = run(args=[*add, "--keep", "3 days"])
    assert short.exit_code == 1 and "At least 31 days" in short.output
    asked = run(args=add, input="24 months\n")
    assert asked.exit_code == 0 and "[36 months]" in asked.output
    db.session.expire_all()
    assert sites.get(SITE).retention == kept(24, "month", anchor="choice", action="delete")


# -- the job -----------------------------------------------------------------------------------


def test_anchors_begin_where_they_say(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """Forty days after the choice expired (ten days), not after it was received."""
    begins = kept(40, anchor="expiry")
    digest = make_site(app, clock(), retention=begins, choice_lifetime=kept(10)).digest
    choose(client, of, clock, digest, **GRANT)
    due = retention.coming(sites.get(SITE), clock())
    assert due.on == from_micros(rows()[0].seq) + timedelta(days=50)
    pass_days(of, clock, 49)
    assert len(rows()) == 1
    pass_days(of, clock, 2)
    assert rows() == [] and retention.coming(sites.get(SITE), clock()).on is None


def test_an_anonymised_record_keeps_its_place_and_says_nothing(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(40, action="anonymise")).digest
    sent = choose(client, of, clock, digest, **GRANT)
    pass_days(of, clock, 41)
    [row] = rows()
    assert row.flags & ERASED and row.visitor is None and row.salt is None
    assert [(action, count) for _, action, _, _, count in counts()] == [("accept_all", 1)]
    assert [one["n"] for one in entries("purge")] == [1]
    assert code_of(post_choice(client, SITE, sent)) == "id_time"
    assert sound(of, clock) == []
    pass_days(of, clock, 12)
    assert [one["n"] for one in entries("purge")] == [1]


def test_a_late_repeat_of_a_purged_choice_is_refused(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """The shortest retention there is, and an id made as far ahead as is taken."""
    assert sites.LEAST_S == (OLDEST + NEWEST).total_seconds()
    digest = make_site(app, clock(), retention=kept(31)).digest
    ahead = choice_body(digest, clock.now + NEWEST)
    assert post_choice(client, SITE, ahead).status_code == 201
    tick(of, clock)
    pass_days(of, clock, 31)
    assert rows() == []
    assert code_of(post_choice(client, SITE, ahead)) == "id_time"
    assert rows() == []


def test_a_shorter_promise_holds_for_old_records_and_a_longer_one_does_not(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(60)).digest
    choose(client, of, clock, digest)
    sites.change(sites.get(SITE), BY, clock(), retention=kept(300))
    longer = notices.publish(sites.get(SITE), BY, clock.advance(seconds=1)).digest
    choose(client, of, clock, longer)
    pass_days(of, clock, 61)
    assert len(rows()) == 1
    sites.change(sites.get(SITE), BY, clock(), retention=kept(50))
    pass_days(of, clock, 1)
    assert len(rows()) == 1, "nobody has published it yet"
    notices.publish(sites.get(SITE), BY, clock.advance(seconds=1))
    pass_days(of, clock, 1)
    assert rows() == []
    assert sound(of, clock) == []


def test_a_dry_run_counts_and_takes_nothing(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(40)).digest
    choose(client, of, clock, digest)
    clock.advance(days=41)
    said = app.test_cli_runner().invoke(args=["retention", "run", "--dry-run"])
    assert (said.exit_code, said.stdout) == (0, f"{SITE}\t1\n")
    assert len(rows()) == 1
    refused = app.test_cli_runner().invoke(args=["retention", "run"])
    assert refused.exit_code == 1 and "--i-know-the-date" in refused.output
    assert len(rows()) == 1
    done = app.test_cli_runner().invoke(args=["retention", "run", "--i-know-the-date"])
    assert (done.exit_code, done.stdout) == (0, f"{SITE}\t1\n")
    assert rows() == []


def test_more_than_one_batch_is_one_entry(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent.retention.job.BATCH", 2)
    digest = make_site(app, clock(), retention=kept(40, action="aggregate")).digest
    for _ in range(5):
        choose(client, of, clock, digest)
    pass_days(of, clock, 41)
    assert rows() == []
    assert [one["n"] for one in entries("purge")] == [5]
    assert sum(count for *_, count in counts()) == 5


def test_what_a_run_that_was_cut_short_took_is_told_by_the_next(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = make_site(app, clock(), retention=kept(40)).digest
    choose(client, of, clock, digest)
    pass_days(of, clock, 36)
    clock.advance(days=5)

    def dies(*_: object) -> int:
        raise RuntimeError("the power went")

    monkeypatch.setattr("consent.retention.job.tell", dies)
    with pytest.raises(RuntimeError):
        retention.run(of, clock.now)
    monkeypatch.undo()
    assert rows() == [] and sound(of, clock) == []
    assert retention.run(of, clock.now).taken == {SITE: 1}
    assert db.session.scalars(select(Purged.count)).all() == [0]
    assert sound(of, clock) == []
    of.tick(clock.now)
    assert sound(of, clock) == []


def test_two_runs_at_once_take_each_record_once(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent.retention.job.BATCH", 2)
    digest = make_site(app, clock(), retention=kept(40, action="aggregate")).digest
    for _ in range(9):
        choose(client, of, clock, digest)
    pass_days(of, clock, 36)
    clock.advance(days=6)
    taken: list[int] = []

    def work() -> None:
        with app.app_context():
            taken.append(sum(retention.run(of, clock.now).taken.values()))

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(taken) == 2 and sum(taken) == 9
    assert rows() == [] and sum(count for *_, count in counts()) == 9
    of.tick(clock.now)
    assert sum(one["n"] for one in entries("purge")) == 9
    assert sound(of, clock) == []


def test_a_record_on_its_way_into_the_log_is_left(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(40)).digest
    post_choice(client, SITE, choice_body(digest, clock.now))
    clock.advance(days=41)
    assert retention.run(of, clock.now, overruled=True).taken == {}
    assert len(rows()) == 1
    of.tick(clock.now)
    assert retention.run(of, clock.advance(days=1)).taken == {SITE: 1}


# -- what fsck makes of it ---------------------------------------------------------------------


def test_only_what_a_purge_entry_covers_may_be_gone(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(40)).digest
    choose(client, of, clock, digest)
    pass_days(of, clock, 35)
    choose(client, of, clock, digest)
    pass_days(of, clock, 6)
    assert len(rows()) == 1 and sound(of, clock) == []
    db.session.execute(delete(Row))
    db.session.commit()
    assert any("no entry says why" in one for one in sound(of, clock))


@pytest.mark.parametrize(
    ("gone", "told", "said"),
    [
        ([], [], []),
        ([(1, "2026-01-05")], [("2026-01-05", 1)], []),
        ([(1, "2026-01-06")], [("2026-01-05", 1)], ["entry 1: it is gone", "1 that were purged"]),
        ([(1, "2026-01-01"), (2, "2026-01-02")], [("2026-01-05", 1)], ["1 more are gone"]),
        ([(1, "2026-01-01")], [("2026-01-05", 2)], ["1 that were purged are in the table"]),
        ([(1, "2026-01-01"), (2, "2026-01-09")], [("2026-01-09", 1), ("2026-01-02", 1)], []),
    ],
    ids=str,
)
def test_a_purge_entry_accounts_for_so_many_and_none_later(
    gone: list[tuple[int, str]], told: list[tuple[str, int]], said: list[str]
) -> None:
    found = list(unexplained(gone, told))
    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


# -- a moved clock -----------------------------------------------------------------------------


def kept_at_all(client: FlaskClient) -> str | None:
    warned: str | None = client.get("/readyz").get_json()["warnings"].get("retention")
    return warned


def test_ten_years_ahead_nothing_is_deleted_and_it_is_said(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """Not even while visitors choose, heads are signed and days go by under the wrong date."""
    digest = make_site(app, clock(), retention=kept(40)).digest
    choose(client, of, clock, digest)
    assert retention.run(of, clock()).why is None
    clock.advance(days=3653)
    daily = Daily(of, steady=lambda: clock.now.timestamp())
    for _ in range(5):
        post_choice(client, SITE, choice_body(digest, clock.now))
        of.tick(clock.advance(minutes=5))
        daily(clock.now)
        clock.advance(days=1)
    assert len(rows()) == 6
    warned = kept_at_all(client)
    assert warned and "deletes nothing" in warned and "--i-know-the-date" in warned


@pytest.mark.parametrize("years", [-10, 10])
def test_on_a_first_run_the_records_bear_witness(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient, years: int
) -> None:
    digest = make_site(app, clock(), retention=kept(40)).digest
    choose(client, of, clock, digest)
    of.signer.note("other", clock())
    clock.advance(days=365 * years)
    assert "deletes nothing" in (retention.run(of, clock()).why or "")
    assert len(rows()) == 1 and kept_at_all(client)


def test_a_server_that_was_off_for_a_week_goes_on_at_once(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(31)).digest
    choose(client, of, clock, digest)
    pass_days(of, clock, 25)
    assert retention.run(of, clock.advance(days=7)).taken == {SITE: 1}
    assert kept_at_all(client) is None


def test_a_server_that_was_off_for_a_month_waits_a_day(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    digest = make_site(app, clock(), retention=kept(31)).digest
    choose(client, of, clock, digest)
    retention.run(of, clock())
    clock.advance(days=32)
    assert "has paused" in (retention.run(of, clock()).why or "")
    assert "has paused" in (retention.run(of, clock.advance(hours=23)).why or "")
    assert len(rows()) == 1 and kept_at_all(client)
    assert retention.run(of, clock.advance(hours=1)).taken == {SITE: 1}
    assert kept_at_all(client) is None


def test_an_older_database_does_not_make_the_job_forget_the_time(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """The signer's folder remembers too; the later of the two counts."""
    make_site(app, clock(), retention=kept(40))
    assert retention.run(of, clock.advance(days=60), overruled=True).why is None
    db.session.execute(update(Clock).values(trusted=clock.now - timedelta(days=60)))
    db.session.commit()
    assert retention.run(of, clock.advance(days=1)).why is None


def test_a_clock_that_was_ahead_once_stops_the_job_until_somebody_has_looked(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    make_site(app, clock(), retention=kept(40))
    retention.run(of, clock.advance(days=365), overruled=True)
    clock.advance(days=-365)
    assert "dated" in (retention.run(of, clock()).why or "")
    assert retention.run(of, clock(), overruled=True).why is None
    assert retention.run(of, clock.advance(days=1)).why is None


def test_a_running_server_notices_that_its_clock_moved(
    app: Flask, clock: Moving, of: Ledger, client: FlaskClient
) -> None:
    """Five days ahead in a moment: fewer than a pause between two runs may have, yet it waits."""
    digest = make_site(app, clock(), retention=kept(31)).digest
    choose(client, of, clock, digest)
    pass_days(of, clock, 30)
    steady = [0.0]
    daily = Daily(of, steady=lambda: steady[0])
    daily(clock.now)
    clock.advance(days=5)
    daily(clock.now)
    assert len(rows()) == 1 and "has paused" in (kept_at_all(client) or "")
    for _ in range(2):
        clock.advance(days=1)
        steady[0] += 86_400
        daily(clock.now)
    assert rows() == [] and kept_at_all(client) is None


def test_the_job_runs_once_a_day(
    app: Flask, clock: Moving, of: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[datetime] = []
    monkeypatch.setattr(
        "consent.retention.job.run",
        lambda _, at, **__: ran.append(at) or retention.Run(),
    )
    daily = Daily(of, steady=lambda: clock.now.timestamp())
    for _ in range(49):
        daily(clock.now)
        clock.advance(hours=1)
    assert len(ran) == 3


def test_a_run_that_failed_is_tried_again_in_an_hour(
    app: Flask, clock: Moving, of: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[datetime] = []

    def away(_: object, at: datetime, **__: object) -> None:
        tried.append(at)
        raise RuntimeError("the database is away")

    monkeypatch.setattr("consent.retention.job.run", away)
    daily = Daily(of, steady=lambda: clock.now.timestamp())
    for _ in range(13):
        with suppress(RuntimeError):
            daily(clock.now)
        clock.advance(minutes=10)
    assert len(tried) == 3


def test_S2_38_after_three_years_the_question_comes_back(
    make_server: Callable[..., Server], new_page: Callable[..., Page]
) -> None:
    """Where no law is shorter (California); elsewhere it comes sooner, with the law's interval."""
    running = make_server()
    with owner(running, "sipsim.com") as (site, at):
        sites.change(site, BY, at, choice_lifetime=kept(3, "year"), retention=kept(3, "year"))
        notices.publish(site, BY, at)
    page = new_page()
    page.goto(f"{running.url}/demo/@US-CA/sipsim.com/")
    page.wait_for_function("window.consent && consent.get() !== null")
    assert page.evaluate("consent.get().decided") is False
    page.evaluate("consent.acceptAll()")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    for days, decided in ((365 * 2 + 364, True), (365 * 3 + 1, False)):
        page.clock.set_fixed_time(at + timedelta(days=days))
        page.reload(wait_until="networkidle")
        page.wait_for_function("window.consent && consent.get() !== null")
        assert page.evaluate("consent.get().decided") is decided
        expect(page.locator("div#cmp-dialog")).to_have_count(0 if decided else 1)
