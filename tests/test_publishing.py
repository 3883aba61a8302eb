"""Publishing: when a version binds, for whom, who agreed, and what may not be published at all."""

from __future__ import annotations

import copy
import hashlib
import io
import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent import inventory, leaf, notices, sites, texts, trail, users
from consent.db import db
from consent.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from consent.ledger.artefacts import public_rows
from consent.notices import Notice, Seen
from consent.notices.table import VERSION_KEYS
from consent.sites import Site
from consent.waiting import Waiting
from tests.acts import BY, CONTROLLER, add_site, choice_body, fill_inventory, post_choice
from tests.conftest import START, Clock
from tests.test_admin import EMAIL, WORDS, Owner, owner, stranger  # noqa: F401

KEY = "example.com"
OTHER = "anna@example.com"


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    made = add_site(clock.now, KEY, policy_urls={"en": "https://example.com/privacy"})
    fill_inventory(made, clock.now)
    return made


def edit(site: Site, name: str, **fields: Any) -> None:
    [tracker] = [t for t in inventory.trackers(site) if t.name == name]
    inventory.edit_tracker(site, tracker.id, BY, START, **fields)


def seen(site: Site) -> Seen:
    """What a page shows to whoever publishes from it."""
    last = notices.newest(site)
    return Seen(last.version if last else 0, leaf.digest(notices.draft(site)))


def widen(site: Site, key: str = "heatmap") -> None:
    inventory.put_service(site, BY, START, key, category="statistics", provider="Heat")


def verbs(site: Site) -> list[str]:
    return [entry.verb for entry in trail.entries(site.key)]


def now_bound(site: Site, at: datetime) -> int:
    found = notices.current(site, at)
    assert found is not None
    return found.version


# -- scheduled ---------------------------------------------------------------------------------


def test_a_scheduled_version_binds_on_its_day_and_is_listed_until_then(
    site: Site, clock: Clock
) -> None:
    notices.publish(site, BY, clock.now)
    day = clock.now + timedelta(days=7)
    widen(site)
    later = notices.publish(site, BY, clock.advance(minutes=1), effective_at=day)
    assert later.content["effective_at"] == "2026-11-28T10:00:00.000Z" and later.asks == 2
    assert [one.version for one in notices.scheduled(site, clock.now)] == [2]
    assert notices.states_of(site, clock.now) == {2: "scheduled", 1: "current"}
    assert now_bound(site, day - timedelta(microseconds=1)) == 1
    assert now_bound(site, day) == 2
    assert notices.states_of(site, day) == {2: "current", 1: "replaced"}
    assert trail.entries(site.key)[0].detail["effective_at"] == "2026-11-28T10:00:00.000Z"


def test_what_is_cancelled_before_its_day_stays_in_the_history_and_never_binds(
    site: Site, clock: Clock
) -> None:
    notices.publish(site, BY, clock.now)
    day = clock.now + timedelta(days=7)
    later = notices.publish(site, BY, clock.advance(minutes=1), effective_at=day)
    body = later.body
    notices.withdraw(site, 2, BY, clock.advance(days=1))
    assert now_bound(site, day) == 1
    assert notices.states_of(site, day) == {2: "withdrawn", 1: "current"}
    assert notices.by_digest(site, later.digest).body == body
    newest = trail.entries(site.key)[0]
    assert (newest.verb, newest.detail["version"]) == ("notice.withdraw", 2)
    waits = db.session.scalars(select(Waiting).where(Waiting.site == site.key)).all()
    assert any(b'"k":"admin"' in one.body for one in waits[-1:])
    with pytest.raises(Conflict) as again:
        notices.withdraw(site, 2, BY, clock.now)
    assert again.value.code == "not_scheduled"
    third = notices.publish(site, BY, clock.advance(days=30))
    assert third.version == 3 and now_bound(site, clock.now) == 3


@pytest.mark.sqlite_only
@pytest.mark.parametrize("number", [1, 9])
def test_what_binds_already_cannot_be_cancelled(site: Site, clock: Clock, number: int) -> None:
    notices.publish(site, BY, clock.now)
    with pytest.raises((Conflict, NotFound)):
        notices.withdraw(site, number, BY, clock.advance(days=1))
    assert now_bound(site, clock.now) == 1


def test_a_version_overtaken_before_its_day_never_comes_back(site: Site, clock: Clock) -> None:
    notices.publish(site, BY, clock.now)
    day = clock.now + timedelta(days=7)
    widen(site)
    notices.publish(site, BY, clock.advance(minutes=1), effective_at=day)
    inventory.put_service(site, BY, START, "heatmap", name="Heat", category="necessary")
    newer = notices.publish(site, BY, clock.advance(minutes=1))
    assert newer.asks == 1, "asked again against what binds, not against what is still to come"
    for at in (clock.now, day, day + timedelta(days=30)):
        assert now_bound(site, at) == 3
    assert notices.states_of(site, clock.now) == {3: "current", 2: "overtaken", 1: "replaced"}
    assert notices.scheduled(site, clock.now) == []


@pytest.mark.sqlite_only
def test_nothing_takes_effect_in_the_past(site: Site, clock: Clock) -> None:
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock.now, effective_at=clock.now - timedelta(seconds=1))
    assert set(refused.value.fields or {}) == {"effective_at"}


def test_asks_never_counts_an_answer_to_a_withdrawn_version(site: Site, clock: Clock) -> None:
    """Whoever answered version 2 said nothing about what version 3 adds."""
    notices.publish(site, BY, clock.now)
    widen(site)
    notices.publish(site, BY, clock.advance(minutes=1), share=50)
    notices.stop(site, BY, clock.advance(minutes=1))
    widen(site, "chat")
    third = notices.publish(site, BY, clock.advance(minutes=1))
    assert [one.asks for one in notices.versions(site)] == [3, 2, 1] and third.asks == 3


# -- once ----------------------------------------------------------------------------------------


def test_a_second_press_of_the_button_publishes_once(site: Site, clock: Clock) -> None:
    page = seen(site)
    first = notices.publish(site, BY, clock.now, seen=page)
    again = notices.publish(site, BY, clock.advance(seconds=1), seen=page)
    assert again.id == first.id and len(notices.versions(site)) == 1
    assert verbs(site).count("notice.publish") == 1


def test_of_two_who_publish_one_wins_and_the_other_learns_what_happened(
    site: Site, clock: Clock
) -> None:
    page = seen(site)
    notices.publish(site, BY, clock.now, seen=page)
    with pytest.raises(Conflict) as lost:
        notices.publish(site, OTHER, clock.advance(seconds=1), seen=page)
    assert (lost.value.code, lost.value.status) == ("published_meanwhile", 409)
    assert lost.value.extra == {"version": 1, "by": BY, "at": "2026-11-21T10:00:00.000Z"}
    assert len(notices.versions(site)) == 1


def test_a_draft_that_changed_behind_the_page_is_not_published(site: Site, clock: Clock) -> None:
    page = seen(site)
    widen(site)
    with pytest.raises(Conflict) as refused:
        notices.publish(site, BY, clock.now, seen=page)
    assert refused.value.code == "draft_changed" and notices.versions(site) == []


def test_of_many_at_the_same_moment_one_version_comes_out(
    app: Flask, site: Site, clock: Clock
) -> None:
    at, page, hands = clock.now, seen(site), 6
    db.session.commit()
    start, told = threading.Barrier(hands), []

    def press(who: int) -> None:
        with app.app_context():
            start.wait()
            try:
                mine = notices.publish(sites.get(KEY), f"p{who}@example.com", at, seen=page)
                told.append(mine.version)
            except Refusal as refusal:
                told.append(refusal.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press, args=(who,)) for who in range(hands)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    db.session.expire_all()
    assert sorted(map(str, told)) == ["1", *["published_meanwhile"] * (hands - 1)]
    assert len(notices.versions(site)) == 1 and verbs(site).count("notice.publish") == 1
    waits = db.session.scalars(select(Waiting.body).where(Waiting.site == KEY)).all()
    assert sum(b'"k":"notice"' in body for body in waits) == 1


def test_a_publish_that_fails_on_the_way_leaves_nothing(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.publish(site, BY, clock.now)
    before = len(trail.entries(site.key))

    def broken(*args: Any, **more: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(trail, "write", broken)
        notices.publish(site, BY, clock.advance(minutes=1))
    db.session.rollback()
    assert len(notices.versions(site)) == 1 and len(trail.entries(site.key)) == before
    waits = db.session.scalars(select(Waiting.body).where(Waiting.site == KEY)).all()
    assert sum(b'"k":"notice"' in body for body in waits) == 1
    assert notices.publish(site, BY, clock.now).version == 2


# -- rollback --------------------------------------------------------------------------------------


def test_a_rollback_is_a_new_version_with_the_old_content(site: Site, clock: Clock) -> None:
    first = notices.publish(site, BY, clock.now)
    widen(site)
    second = notices.publish(site, BY, clock.advance(minutes=1))
    back = notices.rollback(site, 1, BY, clock.advance(minutes=1))
    assert (back.version, back.told) == (3, {"rollback": 1})
    assert notices.between(first.content, back.content) == []
    assert back.asks == second.asks == 2, "narrower: nobody is asked again"
    assert trail.entries(site.key)[0].detail["rollback"] == 1
    forward = notices.rollback(site, 2, BY, clock.advance(minutes=1))
    assert (forward.version, forward.asks) == (4, 3)
    assert forward.told == {"rollback": 2, "reasons": ["The service heatmap is new."]}
    assert notices.between(second.content, forward.content) == []
    assert now_bound(site, clock.now) == 4
    with pytest.raises(NotFound):
        notices.rollback(site, 9, BY, clock.now)


def test_the_log_and_the_tables_agree_after_all_of_it(app: Flask, site: Site, clock: Clock) -> None:
    """fsck finds every version in the log once, withdrawn or not, and no column that differs."""
    notices.publish(site, BY, clock.now)
    day = clock.now + timedelta(days=7)
    notices.publish(site, BY, clock.advance(minutes=1), effective_at=day)
    notices.withdraw(site, 2, BY, clock.advance(minutes=1))
    notices.publish(site, BY, clock.advance(minutes=1), share=20)
    notices.finish(site, BY, clock.advance(minutes=1))
    notices.rollback(site, 1, BY, clock.advance(minutes=1))
    said = _said(site)
    assert said == {one.digest for one in notices.versions(site)}
    assert list(public_rows()) == []


def _said(site: Site) -> set[str]:
    waits = db.session.scalars(select(Waiting.body).where(Waiting.site == site.key))
    found = [body.decode() for body in waits if b'"k":"notice"' in body]
    assert len(found) == len(notices.versions(site))
    return {part.split('"h":"')[1][:64] for part in found}


# -- a share of visitors first -----------------------------------------------------------------


@pytest.fixture
def settings() -> dict[str, str]:
    return {"TRUSTED_PROXIES": "127.0.0.0/8"}


def from_network(client: FlaskClient, number: int, path: str = "notice") -> Any:
    """What a visitor of the network 198.18.<number>.0/24 is answered."""
    headers = {"X-Forwarded-For": f"198.18.{number}.7"}
    return client.get(f"/v1/{KEY}/{path}", headers=headers)


def served(client: FlaskClient, networks: int = 100) -> list[int]:
    return [from_network(client, n).get_json()["version"] for n in range(networks)]


@pytest.mark.sqlite_only
def test_a_trial_reaches_about_its_share_of_networks_and_each_stays_where_it_is(
    site: Site, client: FlaskClient, clock: Clock
) -> None:
    notices.publish(site, BY, clock.now)
    widen(site)
    notices.publish(site, BY, clock.advance(seconds=5), share=30)
    assert notices.states_of(site, clock.now) == {2: "trial", 1: "current"}
    clock.advance(seconds=5)
    first = served(client)
    assert 8 <= first.count(2) <= 52  # of 100, 30 are expected; beyond is one in a million
    clock.advance(hours=3)
    assert served(client) == first
    inside = first.index(2)
    neighbour = client.get(
        f"/v1/{KEY}/notice", headers={"X-Forwarded-For": f"198.18.{inside}.200"}
    ).get_json()
    assert neighbour["version"] == 2


@pytest.mark.sqlite_only
def test_the_draw_is_by_network_and_key_and_an_unknown_network_has_no_part() -> None:
    keys = b"a" * 16, b"b" * 16
    drawn = [[notices.takes_part(key, 50, f"{n}") for n in range(2000)] for key in keys]
    assert all(900 < sum(one) < 1100 for one in drawn) and drawn[0] != drawn[1]
    assert not notices.takes_part(keys[0], 99, None)
    for smaller, larger in ((1, 10), (10, 99)):  # a larger share keeps whoever was in
        assert all(
            notices.takes_part(keys[0], larger, f"{n}")
            for n in range(500)
            if notices.takes_part(keys[0], smaller, f"{n}")
        )


@pytest.mark.sqlite_only
def test_what_a_shared_cache_may_keep_is_never_on_trial(
    site: Site, client: FlaskClient, clock: Clock
) -> None:
    notices.publish(site, BY, clock.now)
    widen(site)
    notices.publish(site, BY, clock.advance(seconds=5), share=99)
    clock.advance(seconds=5)
    tried = served(client, 20).index(2)
    for path in ("PL/en/consent.js", "rules.json"):
        answer = from_network(client, tried, path)
        assert "public" in answer.headers["Cache-Control"] and '"version":1' in answer.text
    own = from_network(client, tried, "consent.js")
    assert "private" in own.headers["Cache-Control"] and '"version":2' in own.text
    details = from_network(client, tried, "en/details.json")
    assert details.get_json()["version"] == 2
    assert details.headers["Cache-Control"] == "private, max-age=60"


def test_choices_about_both_versions_are_taken_and_neither_is_outdated(
    site: Site, client: FlaskClient, clock: Clock
) -> None:
    first = notices.publish(site, BY, clock.now).digest
    widen(site)
    second = notices.publish(site, BY, clock.advance(seconds=5), share=50).digest
    clock.advance(seconds=5)
    for digest in (first, second):
        reply = post_choice(client, KEY, choice_body(digest, clock.now))
        assert reply.status_code == 201 and "ask_again" not in reply.get_json()
    notices.finish(sites.get(KEY), BY, clock.advance(seconds=5))
    clock.advance(seconds=5)
    assert set(served(client, 20)) == {2}
    reply = post_choice(client, KEY, choice_body(first, clock.now))
    assert reply.get_json()["ask_again"] is True
    reply = post_choice(client, KEY, choice_body(second, clock.now))
    assert "ask_again" not in reply.get_json()


def test_a_trial_that_is_stopped_is_over_for_everybody(
    site: Site, client: FlaskClient, clock: Clock
) -> None:
    notices.publish(site, BY, clock.now)
    widen(site)
    second = notices.publish(site, BY, clock.advance(seconds=5), share=50)
    notices.stop(site, BY, clock.advance(seconds=5))
    clock.advance(seconds=5)
    assert set(served(client, 40)) == {1}
    assert notices.states_of(site, clock.now) == {2: "withdrawn", 1: "current"}
    reply = post_choice(client, KEY, choice_body(second.digest, clock.now))
    assert reply.status_code == 201 and reply.get_json()["ask_again"] is True
    [(trial, _)] = notices.trials(site)
    assert (trial.kept, trial.key, trial.against) == (False, None, 1)
    for end in (notices.stop, notices.finish):
        with pytest.raises(Conflict) as over:
            end(site, BY, clock.now)
        assert over.value.code == "no_trial"
    assert verbs(site)[0] == "notice.trial_stop"


def test_a_trial_with_the_same_asks_is_a_test_of_words(site: Site, clock: Clock) -> None:
    notices.publish(site, BY, clock.now)
    sites.change(site, BY, clock.now, texts={"en": {"title": "Cookies at Example"}})
    tried = notices.publish(site, BY, clock.advance(minutes=1), share=50)
    [(trial, notice)] = notices.trials(site)
    assert (trial.kind, notice.id, tried.asks) == ("test", tried.id, 1)


TRIALS: dict[str, tuple[dict[str, Any], str]] = {
    "no share at all": ({"share": 0}, "field_value"),
    "everybody": ({"share": 100}, "field_value"),
    "for later": ({"share": 10, "effective_at": START + timedelta(days=9)}, "field_value"),
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("how", "code"), TRIALS.values(), ids=TRIALS.keys())
def test_a_trial_that_makes_no_sense_is_refused(
    site: Site, clock: Clock, how: dict[str, Any], code: str
) -> None:
    notices.publish(site, BY, clock.now)
    with pytest.raises(Invalid) as refused:
        notices.publish(site, BY, clock.advance(minutes=1), **how)
    assert refused.value.code == code and len(notices.versions(site)) == 1


def test_the_first_version_is_for_all_and_one_thing_is_under_way_at_a_time(
    site: Site, clock: Clock
) -> None:
    with pytest.raises(Invalid):
        notices.publish(site, BY, clock.now, share=10)
    notices.publish(site, BY, clock.now)
    notices.publish(site, BY, clock.advance(minutes=1), share=10)
    for act in (lambda: notices.publish(site, BY, clock.now),
                lambda: notices.rollback(site, 1, BY, clock.now)):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "trial_running"
    notices.stop(site, BY, clock.now)
    notices.publish(site, BY, clock.now, effective_at=clock.now + timedelta(days=1))
    with pytest.raises(Conflict) as waiting:
        notices.publish(site, BY, clock.now, share=10)
    assert waiting.value.code == "scheduled_pending"


# -- two people --------------------------------------------------------------------------------


@pytest.fixture
def pair(site: Site, clock: Clock) -> Site:
    notices.set_two_people(site, True, BY, clock.now)
    return site


def test_where_two_people_publish_one_alone_does_not(pair: Site, clock: Clock) -> None:
    for act in (notices.publish, lambda *more: notices.rollback(pair, 1, *more[1:])):
        with pytest.raises((Forbidden, NotFound)):
            act(pair, BY, clock.now)
    assert notices.versions(pair) == []


def test_the_second_person_publishes_exactly_what_was_proposed(pair: Site, clock: Clock) -> None:
    made = notices.propose(pair, BY, clock.now)
    widen(pair)  # the draft goes on; what was proposed stays
    with pytest.raises(Forbidden) as own:
        notices.approve(pair, made.id, BY.upper(), clock.now)
    assert own.value.code == "own_proposal"
    notice = notices.approve(pair, made.id, OTHER, clock.advance(hours=1), "Read it twice.")
    content = {k: v for k, v in notice.content.items() if k not in VERSION_KEYS}
    assert leaf.digest(content) == made.digest and leaf.jcs(content) == made.body
    assert (notice.by, notice.told) == (OTHER, {"proposed": BY, "word": "Read it twice."})
    assert notices.waiting_proposal(pair) is None
    assert verbs(pair)[0] == "notice.publish" and "notice.propose" in verbs(pair)
    with pytest.raises(Conflict) as decided:
        notices.approve(pair, made.id, OTHER, clock.now)
    assert decided.value.code == "proposal_decided" and len(notices.versions(pair)) == 1


def test_a_proposal_is_declined_with_a_word_or_taken_back(pair: Site, clock: Clock) -> None:
    made = notices.propose(pair, BY, clock.now)
    with pytest.raises(Conflict):
        notices.propose(pair, OTHER, clock.now)
    with pytest.raises(Conflict) as open_still:
        notices.set_two_people(pair, False, BY, clock.now)
    assert open_still.value.code == "proposal_open"
    notices.decline(pair, made.id, OTHER, clock.now, "The title promises too much.")
    again = notices.propose(pair, BY, clock.advance(minutes=1))
    notices.decline(pair, again.id, BY, clock.now, "")
    assert [one.state for one in notices.proposals(pair)] == ["taken", "declined"]
    assert trail.entries(KEY)[2].detail["word"] == "The title promises too much."
    notices.set_two_people(pair, False, BY, clock.now)
    assert notices.publish(pair, BY, clock.now).version == 1


def test_an_approval_that_is_refused_leaves_the_proposal_waiting(pair: Site, clock: Clock) -> None:
    made = notices.propose(pair, BY, clock.now, share=10)
    with pytest.raises(Invalid):
        notices.approve(pair, made.id, OTHER, clock.now)
    assert notices.waiting_proposal(pair) is not None and notices.versions(pair) == []
    other = add_site(clock.now, "other.example")
    with pytest.raises(NotFound):
        notices.approve(other, made.id, OTHER, clock.now)


def test_a_rollback_and_a_schedule_are_proposed_too(pair: Site, clock: Clock) -> None:
    day = clock.now + timedelta(days=3)
    first = notices.propose(pair, BY, clock.now, effective_at=day)
    late = notices.approve(pair, first.id, OTHER, clock.now)
    assert late.effective_at == day
    clock.advance(days=4)
    widen(pair)
    notices.approve(pair, notices.propose(pair, BY, clock.now).id, OTHER, clock.now)
    back = notices.propose(pair, OTHER, clock.advance(days=1), rollback=1)
    notice = notices.approve(pair, back.id, BY, clock.now)
    assert notices.between(late.content, notice.content) == []
    assert notice.told == {"rollback": 1, "proposed": OTHER}


# -- versions of the policy --------------------------------------------------------------------


def test_S0_2_policy_versions_are_kept_byte_for_byte_and_each_choice_names_its_version(
    site: Site, client: FlaskClient, clock: Clock
) -> None:
    url = "https://example.com/privacy"
    text = b"Privacy policy\n\nWe keep nothing. \xc5\xbc\n"
    first = notices.add_policy(site, "en", text, BY, clock.now, url=url).id
    old = notices.publish(site, BY, clock.now)
    assert old.content["policies"]["en"] == {
        "number": 1,
        "effective_at": "2026-11-21T10:00:00.000Z",
        "sha256": hashlib.sha256(text).hexdigest(),
        "url": url,
    }
    body, at = choice_body(old.digest, clock.now), clock.now
    assert post_choice(client, KEY, body).status_code == 201
    site = sites.get(KEY)
    assert notices.add_policy(site, "en", text, BY, clock.advance(days=1), url=url).id == first
    notices.add_policy(site, "en", text + b"More.", BY, clock.now, url=url)
    new = notices.publish(site, BY, clock.advance(minutes=1))
    assert (new.content["policies"]["en"]["number"], new.asks) == (2, 1)
    assert notices.changes(site) == []
    kept = notices.policy(site, "en", 1)
    assert kept.text == text and kept.digest == hashlib.sha256(text).hexdigest()
    assert kept.effective_at == at
    of_choice = notices.by_digest(site, body["notice"]).content["policies"]["en"]
    assert (of_choice["number"], of_choice["sha256"]) == (1, kept.digest)
    assert verbs(site).count("policy.published") == 2


def test_a_policy_of_a_later_day_is_named_by_the_notice_of_that_day(
    site: Site, clock: Clock
) -> None:
    day = clock.now + timedelta(days=10)
    notices.add_policy(site, "en", b"First.", BY, clock.now)
    notices.add_policy(site, "en", b"Second.", BY, clock.now, effective_at=day)
    now = notices.publish(site, BY, clock.now)
    assert now.content["policies"]["en"]["number"] == 1
    told = ["It names version 2 of the privacy policy (English)."]
    assert notices.changes(site) == told
    then = notices.publish(site, BY, clock.advance(minutes=1), effective_at=day)
    assert then.content["policies"]["en"]["number"] == 2 and notices.changes(site) == []


BAD_POLICIES: dict[str, tuple[dict[str, Any], str]] = {
    "a language the site does not have": ({"language": "pl"}, "language"),
    "no text": ({"text": b" \n"}, "text"),
    "half an address": ({"url": "example.com/privacy"}, "url"),
    "no address": ({"url": "http://["}, "url"),
}


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("said", "field"), BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_a_policy_that_cannot_be_kept_is_refused(
    site: Site, clock: Clock, said: dict[str, Any], field: str
) -> None:
    values = {"language": "en", "text": b"Policy.", "by": BY, "at": clock.now} | said
    with pytest.raises(Invalid) as refused:
        notices.add_policy(site, **values)
    assert set(refused.value.fields or {}) == {field} and notices.policies(site) == []


# -- what may not be published -----------------------------------------------------------------

Spoil = Callable[[dict[str, Any]], Any]


def words(**said: Any) -> Spoil:
    return lambda body: body["texts"]["en"].update(said)


def layout(**said: Any) -> Spoil:
    return lambda body: body["layout"].update(said)


def tracker(name: str, **said: Any) -> Spoil:
    def spoil(body: dict[str, Any]) -> None:
        [row] = [row for row in body["trackers"] if row["name"] == name]
        row.update(said)

    return spoil


def third_party(body: dict[str, Any]) -> None:
    tracker("_ad", party="third")(body)
    [service] = [service for service in body["services"] if service["id"] == "ads"]
    service["provider"] = None


# Of each rule: what breaks it. The draft without that breaks none, which is its passing case.
SPOILT: dict[str, Spoil] = {
    "TEXT-NOT-A-REFUSAL": words(reject="Continue quietly"),
    "TEXT-UNEQUAL": words(reject="Reject each and every cookie here"),
    "TEXT-LATER": words(reject="Reject, remind me later"),
    "TEXT-SHAMING": words(reject="Reject and miss out"),
    "TEXT-LURING": words(intro="Accept and get a discount, {name} says:"),
    "TEXT-NEGATED": words(category_marketing="Do not advertise"),
    "TEXT-VAGUE": words(purpose_statistics="To improve your experience."),
    "TEXT-LEGITIMATE": words(intro="{name} has a legitimate interest in:"),
    "TEXT-LENGTH": words(title="Everything you ever wanted to know about what we would like to do"),
    "TEXT-SAME": words(reject="Reject", accept="reject"),
    "TEXT-SWAPPED": words(accept="Do not accept"),
    "TEXT-CONFLICT": words(intro="{name} never shares anything, but asks for:"),
    "TEXT-MISSING": lambda body: body["texts"]["en"].pop("rights"),
    "PURPOSE-MISSING": lambda body: body["texts"]["en"].pop("purpose_marketing"),
    "TEXT-IMPLIED": words(intro="By continuing you agree that {name} does:"),
    "LAYOUT-TICKED": layout(default_on=["statistics"]),
    "LAYOUT-HIDDEN": layout(first={"hide_reject": True}),
    "LAYOUT-NUDGE": layout(highlight_accept=True),
    "LAYOUT-SLOW": layout(reject_delay=3),
    "LAYOUT-WALL": layout(wall=True),
    "THEME-CONTRAST": layout(theme={"light": {"text": "#dddddd", "surface": "#ffffff"}}),
    "NECESSARY-UNREASONED": tracker("_ga", category="necessary", reason=" "),
    "LINK-DEAD": lambda body: body["policy_urls"].update(en="#"),
    "LINK-DEAD-SERVICE": lambda body: body["services"][0].update(policy_url="javascript:alert(1)"),
    "LINK-HTTP": lambda body: body["policy_urls"].update(en="http://example.com/privacy"),
    "POLICY-MISSING": lambda body: body["policy_urls"].clear(),
    "TRACKER-PURPOSE": tracker("_ad", purpose={}),
    "TRACKER-DURATION": tracker("_ad", duration=None),
    "TRACKER-UNCLASSIFIED": tracker("_ad", category=None),
    "PROVIDER-UNNAMED": third_party,
    "RETENTION-EXCEEDED": lambda body: body["retention"].update(
        purposes={
            "marketing": {"value": 1, "unit": "day"},
            "statistics": {"value": 1, "unit": "day"},
        }
    ),
}


@pytest.mark.sqlite_only
def test_every_rule_of_the_lint_has_a_draft_that_breaks_it() -> None:
    codes = [rule.code for rule in notices.RULES]
    assert sorted(codes) == sorted(SPOILT) and len(codes) == len(set(codes))
    assert all(rule.law for rule in notices.RULES)


@pytest.mark.sqlite_only
def test_a_good_draft_breaks_no_rule(site: Site) -> None:
    assert notices.lint(notices.draft(site)) == []


@pytest.mark.sqlite_only
def test_each_rule_finds_what_breaks_it_and_says_where_to_mend_it(site: Site) -> None:
    draft, places = notices.draft(site), {"texts", "tracker", "service", "settings", "layout"}
    for rule in notices.RULES:
        body = copy.deepcopy(draft)
        SPOILT[rule.code](body)
        found = [one for one in notices.lint(body) if one.code == rule.code]
        assert found and {one.blocks for one in found} == {rule.blocks}, rule.code
        assert all(one.sentence and one.mend.where in places for one in found), rule.code


@pytest.mark.sqlite_only
def test_our_own_words_are_lawful_in_every_language(app: Flask, clock: Clock) -> None:
    every = list(texts.available())
    url = dict.fromkeys(every, "https://example.com/privacy")
    made = add_site(clock.now, KEY, languages=every, policy_urls=url, preferences=True)
    inventory.put_service(made, BY, START, "ads", category="marketing", provider="Adco")
    assert notices.lint(notices.draft(made)) == []


@pytest.mark.sqlite_only
def test_what_the_law_forbids_is_refused_with_every_reason(site: Site, clock: Clock) -> None:
    own = {"en": {"reject": "Go on alone", "intro": "Accept for a discount: {name}"}}
    sites.change(site, BY, clock.now, texts=own)
    for act in (notices.publish, notices.propose):
        with pytest.raises(Invalid) as refused:
            act(site, BY, clock.now)
        assert (refused.value.code, refused.value.status) == ("notice_unlawful", 422)
        assert set(refused.value.fields or {}) == {"TEXT-NOT-A-REFUSAL", "TEXT-LURING"}
    assert notices.versions(site) == [] and notices.proposals(site) == []


@pytest.mark.sqlite_only
def test_what_only_warns_is_published(site: Site, clock: Clock) -> None:
    sites.change(site, BY, clock.now, policy_urls={})
    assert [one.blocks for one in notices.lint(notices.draft(site))] == [False]
    assert notices.publish(site, BY, clock.now).version == 1


@pytest.mark.sqlite_only
def test_a_rollback_brings_nothing_unlawful_back(site: Site, clock: Clock) -> None:
    """A version from before a rule is shown for ever, and published no more."""
    notices.publish(site, BY, clock.now)
    body = notices.draft(site)
    body["texts"]["en"]["reject"] = "Continue quietly"
    body |= {"version": 2, "asks": 1, "published_at": "x", "effective_at": "x"}
    old = Notice(
        site_id=site.id, version=2, asks=1, digest=leaf.digest(body), body=leaf.jcs(body),
        published_at=clock.now, effective_at=clock.now,
    )  # fmt: skip
    db.session.add(old)
    db.session.commit()
    with pytest.raises(Invalid) as refused:
        notices.rollback(site, 2, BY, clock.advance(minutes=1))
    assert refused.value.code == "notice_unlawful"


# -- differences -------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_a_difference_is_told_in_a_sentence_and_marked_word_by_word(
    site: Site, clock: Clock
) -> None:
    edit(site, "_ga", duration={"value": 2, "unit": "year"})
    notices.publish(site, BY, clock.now)
    edit(site, "_ga", duration={"value": 13, "unit": "month"})
    edit(site, "_ad", duration="session")
    edit(site, "_gid", duration=None, purpose={"en": "What _gid really does."})
    own = {"en": {"title": "Your choices at Example"}}
    controller = CONTROLLER | {"legal_name": "Another Ltd"}
    sites.change(site, BY, clock.now, texts=own, controller=controller, policy_urls={})
    found = notices.between(notices.versions(site)[0].content, notices.draft(site))
    told = {str(one.said): one for one in found}
    assert list(told) == [
        "Legal name: Another Ltd instead of Example Ltd.",
        "The cookie _ad now lasts until the browser closes instead of 13 months.",
        "The cookie _ga now lasts 13 months instead of 2 years.",
        "How long the cookie _gid lasts is no longer stated. It was 13 months.",
        "What the cookie _gid is for is said in other words.",
        "The text “title” in English.",
        "The privacy policy (English) is now at – instead of https://example.com/privacy.",
    ]
    title = told["The text “title” in English."]
    assert title.words == (
        ("same", "Your "), ("old", "privacy "), ("same", "choices"), ("new", " at Example"),
    )  # fmt: skip
    assert "".join(piece for way, piece in title.words if way != "new") == "Your privacy choices"
    assert title.language == "en" and told[list(told)[4]].language == "en"


# -- the owner's page --------------------------------------------------------------------------

NOTICE = f"/sites/{KEY}/notice"


@pytest.fixture
def open_page(owner: Owner, site: Site, clock: Clock) -> Owner:  # noqa: F811
    """Signed in, with one version published and something to publish."""
    notices.publish(site, BY, clock.now)
    sites.change(site, BY, clock.now, texts={"en": {"title": "Your choices at Example"}})
    clock.advance(minutes=1)
    return owner


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, name
    return found[1]


@pytest.mark.sqlite_only
def test_the_page_shows_what_changes_with_the_words_marked_and_publishes_once(
    open_page: Owner, clock: Clock
) -> None:
    page = open_page.page(f"{NOTICE}/")
    assert "<del>privacy </del>choices<ins> at Example</ins>" in page
    assert "Nothing is missing, and nothing steers visitors." in page
    assert "<strong>No.</strong>" in page
    form = {"seen": hidden(page, "seen"), "when": "now", "share": ""}
    for _ in range(2):
        assert open_page.send(f"{NOTICE}/publish", form).status_code == 303
    assert [one.version for one in notices.versions(sites.get(KEY))] == [2, 1]
    page = open_page.page(f"{NOTICE}/")
    assert "There is nothing to publish." in page and EMAIL in page
    again = open_page.send(f"{NOTICE}/publish", form | {"material": "yes"})
    assert again.status_code == 303 and len(notices.versions(sites.get(KEY))) == 2


@pytest.mark.sqlite_only
def test_a_page_that_somebody_overtook_says_who_and_keeps_what_was_chosen(
    open_page: Owner, clock: Clock
) -> None:
    seen_then = hidden(open_page.page(f"{NOTICE}/"), "seen")
    notices.publish(sites.get(KEY), OTHER, clock.now)
    widen(sites.get(KEY))
    answer = open_page.send(f"{NOTICE}/publish", {"seen": seen_then, "share": "10"})
    page = unescape(answer.text)
    assert answer.status_code == 409 and "Somebody published meanwhile." in page
    assert f"Version 2: {OTHER}, 21 Nov 2026" in page and '<option value="10" selected>' in page
    assert open_page.send(f"{NOTICE}/publish", {"seen": "x"}).status_code == 422


@pytest.mark.sqlite_only
def test_a_version_is_scheduled_and_cancelled_on_the_page(open_page: Owner, clock: Clock) -> None:
    wrong = {"when": "later", "effective_at": "2020-01-01T10:00"}
    answer = open_page.send(f"{NOTICE}/publish", wrong)
    assert answer.status_code == 422 and 'value="2020-01-01T10:00"' in answer.text
    form = {"when": "later", "effective_at": "2026-12-01T00:00"}
    assert open_page.send(f"{NOTICE}/publish", form).status_code == 303
    page = open_page.page(f"{NOTICE}/")
    assert "Version 2 is scheduled" in page and "1 Dec 2026, 00:00 UTC" in page
    for status in (303, 409):
        assert open_page.send(f"{NOTICE}/versions/2/cancel").status_code == status
    assert "Withdrawn" in open_page.page(f"{NOTICE}/")


@pytest.mark.sqlite_only
def test_a_trial_is_started_and_ended_on_the_page(open_page: Owner, clock: Clock) -> None:
    assert open_page.send(f"{NOTICE}/publish", {"share": "10"}).status_code == 303
    page = open_page.page(f"{NOTICE}/")
    assert "Version 2 is tried on 10 % of visitors" in page
    assert "this compares words and looks alone" in page and "Publish version" not in page
    assert open_page.send(f"{NOTICE}/publish").status_code == 409
    assert open_page.send(f"{NOTICE}/trial", {"do": "finish"}).status_code == 303
    assert now_bound(sites.get(KEY), clock.now) == 2
    assert open_page.send(f"{NOTICE}/trial", {"do": "stop"}).status_code == 409


@pytest.mark.sqlite_only
def test_going_back_is_one_press_and_so_is_going_forward(open_page: Owner, clock: Clock) -> None:
    open_page.send(f"{NOTICE}/publish")
    for number, newest in ((1, "2"), (2, "3")):
        clock.advance(minutes=1)
        form = {"newest": newest}
        for _ in range(2):
            path = f"{NOTICE}/versions/{number}/rollback"
            assert open_page.send(path, form).status_code == 303
    told = [one.told for one in notices.versions(sites.get(KEY))]
    assert told == [{"rollback": 2}, {"rollback": 1}, None, None]
    assert "What version 2 said" in open_page.page(f"{NOTICE}/")


@pytest.mark.sqlite_only
def test_a_second_person_approves_on_the_page(open_page: Owner, clock: Clock) -> None:
    assert open_page.send(f"{NOTICE}/two", {"two_people": "yes"}).status_code == 303
    assert open_page.send(f"{NOTICE}/publish").status_code == 303
    page = open_page.page(f"{NOTICE}/")
    assert "A proposal waits for a second person" in page and "Approve and publish" not in page
    assert "Take it back" in page and "<ins> at Example</ins>" in page
    mine = notices.waiting_proposal(sites.get(KEY))
    assert mine is not None
    path = f"{NOTICE}/proposals/{mine.id}"
    assert open_page.send(path, {"do": "approve"}).status_code == 403
    users.add_user(OTHER, WORDS, "cli", clock.now)
    second = Owner(open_page.client.application.test_client())
    second.sign_in(email=OTHER)
    assert "Approve and publish" in second.page(f"{NOTICE}/")
    assert second.send(path, {"do": "approve", "word": "Fine."}).status_code == 303
    assert second.send(path, {"do": "decline"}).status_code == 409
    page = second.page(f"{NOTICE}/versions/2")
    assert OTHER in page and f"Proposed by {EMAIL}" in page and "Fine." in page


@pytest.mark.sqlite_only
def test_what_is_forbidden_stands_on_the_page_with_its_law_and_where_to_mend_it(
    open_page: Owner, clock: Clock
) -> None:
    own = {"en": {"reject": "Go on alone"}}
    sites.change(sites.get(KEY), BY, clock.now, texts=own, policy_urls={})
    page = open_page.page(f"{NOTICE}/")
    assert "TEXT-NOT-A-REFUSAL" in page and f"/admin{NOTICE}/texts/en" in page
    assert "Taskforce, 8" in page and "POLICY-MISSING" in page
    answer = open_page.send(f"{NOTICE}/publish")
    assert answer.status_code == 422 and len(notices.versions(sites.get(KEY))) == 1


@pytest.mark.sqlite_only
def test_a_policy_is_kept_and_handed_back_as_bytes(open_page: Owner, clock: Clock) -> None:
    at = f"/sites/{KEY}/policy/versions/"
    html = b"<h1>Policy</h1><script>alert(1)</script>"
    form = {"language": "en", "file": (io.BytesIO(html), "p.html"), "effective_at": "2026-12-01"}
    assert open_page.send(at, form).status_code == 303
    assert open_page.send(at, {"language": "en", "text": ""}).status_code == 422
    bad = {"language": "en", "text": "x", "effective_at": "soon"}
    assert open_page.send(at, bad).status_code == 422
    page = open_page.page(at)
    assert hashlib.sha256(html).hexdigest() in page and "1 Dec 2026" in page
    answer = open_page.get(f"{at}en/1")
    assert answer.data == html and answer.mimetype == "application/octet-stream"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert open_page.get(f"{at}en/2").status_code == 404


# -- at a terminal -----------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_the_command_publishes_lists_and_goes_back(app: Flask, site: Site, clock: Clock) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["notice", "diff", KEY]).output == "Nothing is published yet.\n"
    told = run(args=["notice", "publish", KEY])
    assert told.exit_code == 0 and told.output.startswith("Version 1 takes effect 2026-11-21T10:00")
    widen(sites.get(KEY))
    told = run(args=["notice", "diff", KEY])
    assert "asks again: The service heatmap is new." in told.output and told.exit_code == 0
    clock.advance(minutes=1)
    assert run(args=["notice", "publish", KEY, "--at", "2026-12-24T00:00"]).exit_code == 0
    assert run(args=["notice", "cancel", KEY, "2"]).exit_code == 0
    assert run(args=["notice", "publish", KEY, "--share", "20"]).exit_code == 0
    assert run(args=["notice", "trial", KEY, "finish"]).exit_code == 0
    clock.advance(minutes=1)
    assert run(args=["notice", "rollback", KEY, "1"]).exit_code == 0
    lines = run(args=["notice", "versions", KEY]).output.splitlines()
    states = ["current", "replaced", "withdrawn", "replaced"]
    assert [line.split("  ")[1] for line in lines] == states


@pytest.mark.sqlite_only
def test_the_command_says_why_not(app: Flask, site: Site, clock: Clock) -> None:
    sites.change(site, BY, clock.now, texts={"en": {"reject": "Go on alone"}})
    run = app.test_cli_runner().invoke
    told = run(args=["notice", "diff", KEY])
    assert told.exit_code == 1 and "forbidden: TEXT-NOT-A-REFUSAL en, reject:" in told.output
    for args, words in (
        (["publish", KEY], "TEXT-NOT-A-REFUSAL: en, reject"),
        (["publish", "nobody.example"], "There is no site"),
        (["publish", KEY, "--at", "soon"], "--at is a time"),
        (["rollback", KEY, "7"], "There is no such version."),
        (["trial", KEY, "stop"], "No version is being tried now"),
    ):
        told = run(args=["notice", *args])
        assert told.exit_code == 1 and words in told.output, args
