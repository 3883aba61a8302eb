"""Stored scans and the review queue: nothing is decided silently, nothing twice, all is undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from consent import findings, inventory, notices, scans, sites, trail
from consent.db import db
from consent.errors import Conflict, Invalid, NotFound, Refusal
from consent.findings import Cause, Request
from consent.scans import Draft, Proposal, Scan
from consent.scans.drafting import span
from tests.acts import BY, add_site
from tests.conftest import Clock
from tests.sightings import PAGE, analytics, cookie, finding, saw


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    made = add_site(clock(), preferences=True)
    inventory.starter(made, BY, clock())
    return made


def scanned(site: sites.Site, clock: Clock, seen: findings.Scan, *found: dict[str, Any]) -> Scan:
    """One scan from asking to end."""
    scans.start(site, PAGE, BY, clock())
    claimed = scans.claim(clock())
    assert claimed is not None
    drafts = scans.from_scan(seen, inventory.state(site))
    clock.advance(seconds=30)
    done = scans.finish(claimed.id, findings.to_json(seen), found, drafts, clock(), "http://link")
    assert done is not None
    return done


def names(site: sites.Site) -> set[str | None]:
    return {one.name for one in inventory.trackers(site)} - {"crumbtrail", "crumbtrail_visitor"}


# -- a scan's life -----------------------------------------------------------------------------


def test_one_scan_runs_at_a_time_and_a_site_waits_for_one_only(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    other = add_site(clock(), key="b.example")
    first = scans.start(site, PAGE, BY, clock())
    with pytest.raises(Conflict, match="waits or runs"):
        scans.start(site, PAGE, BY, clock())
    second = scans.start(other, "https://b.example/", BY, clock())
    assert (claimed := scans.claim(clock())) is not None and claimed.id == first.id
    assert scans.claim(clock()) is None
    assert scans.progress(first.id, {"page": 3}, clock())
    assert scans.get(site, first.id).progress == {"page": 3}
    scans.fail(first.id, "slow", clock())
    assert (claimed := scans.claim(clock())) is not None and claimed.id == second.id
    with pytest.raises(NotFound):
        scans.get(site, second.id)


def test_a_scan_whose_server_is_gone_makes_room_and_one_that_is_stopped_keeps_nothing(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    lost = scans.start(site, PAGE, BY, clock())
    scans.claim(clock())
    clock.advance(minutes=3)
    assert scans.claim(clock()) is None
    assert (scans.get(site, lost.id).state, lost.problem) == ("failed", "gone")
    stopped = scans.start(site, PAGE, BY, clock())
    scans.claim(clock())
    scans.cancel(site, stopped.id, BY, clock())
    assert not scans.progress(stopped.id, {}, clock())
    assert scans.finish(stopped.id, findings.to_json(saw()), [], [], clock()) is None
    assert (scans.get(site, stopped.id).state, scans.waiting(site)) == ("stopped", [])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "https://u:p@example.com/",
        "https://a b/",
        "http://[",
    ],
)
def test_an_address_that_is_none_is_refused(
    app: Flask, site: sites.Site, clock: Clock, url: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        scans.start(site, url, BY, clock())
    assert refusal.value.fields == {"url": "A whole address, like https://example.com/."}


def test_the_difference_is_to_the_scan_before(app: Flask, site: sites.Site, clock: Clock) -> None:
    first = scanned(site, clock, saw(), finding("a"), finding("b"))
    assert scans.difference(site, first) is None
    second = scanned(site, clock, saw(), finding("b"), finding("c"))
    told = scans.difference(site, second)
    assert told is not None
    assert [[one["id"] for one in part] for part in told] == [["c"], ["a"]]
    assert second.summary["errors"] == 2


def test_old_observations_are_emptied_and_only_fifty_scans_are_kept(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    old = scanned(site, clock, saw(), finding("a")).id
    clock.advance(days=31)
    kept = scanned(site, clock, saw(), finding("a")).id
    assert scans.forget_old(clock()) == [old]
    assert scans.get(site, old).seen is None and scans.get(site, old).found
    assert scans.get(site, kept).seen
    for _ in range(49):
        scanned(site, clock, saw())
    assert scans.forget_old(clock()) == [old]
    assert len(scans.history(site)) == 50


# -- proposals ---------------------------------------------------------------------------------


def test_a_scan_changes_no_inventory_and_proposes_with_the_evidence(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    before = inventory.state(site)
    scan = scanned(site, clock, saw(*analytics(), cookie("qzx_77")))
    assert inventory.state(site) == before
    queue = {one.fields["name"]: one for one in scans.waiting(site)}
    assert set(queue) == {"_ga", "_ga_", "_gid", "qzx_77"}
    ga, unknown = queue["_ga"], queue["qzx_77"]
    assert (ga.fields["category"], ga.fields["service"]) == ("statistics", "google-analytics")
    assert ga.fields["duration"] == {"value": 2, "unit": "year"}
    assert ga.evidence["script"].endswith("/gtag/js") and ga.evidence["line"] == 12
    assert ga.evidence["passes"] == ["none", "accept"] and ga.evidence["page"] == PAGE
    assert ga.suggestion["reason"] and ga.percent >= 80 and ga.scan_id == scan.id
    assert (unknown.fields["category"], unknown.percent) == (None, 0)
    assert queue["_ga_"].fields["match"] == "prefix"
    assert {one.fields["name"] for one in scans.confident(queue.values())} == {
        "_ga",
        "_ga_",
        "_gid",
    }


def test_accepting_makes_one_change_with_its_reasons_in_the_trail_and_it_is_undone(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(*analytics(), cookie("qzx_77")))
    before = inventory.snapshot(site)
    sure = [one.id for one in scans.confident(scans.waiting(site))]
    done = scans.accept(site, sure, "olga", clock())
    assert not done.refused and names(site) == {"_ga", "_ga_", "_gid"}
    service = next(one for one in inventory.services(site) if one.key == "google-analytics")
    assert service.hosts and service.category == "statistics"
    told = [one.detail for one in trail.entries(site.key) if one.verb == "tracker.add"][:3]
    assert all(one["evidence"] and one["where"] == PAGE and one["confidence"] for one in told)
    assert [one.fields["name"] for one in scans.waiting(site)] == ["qzx_77"]
    newest = inventory.versions(site)[0]
    assert newest.by == "olga" and newest.what.startswith("accepted")
    clock.advance(seconds=1)
    inventory.undo(site, newest.id, "olga", clock())
    assert inventory.snapshot(site) == before
    inventory.undo(site, inventory.versions(site)[0].id, "olga", clock())
    assert names(site) == {"_ga", "_ga_", "_gid"}
    verbs = [one.verb for one in trail.entries(site.key, 2)]
    assert verbs == ["inventory.restore", "inventory.restore"]


def test_what_nobody_is_sure_of_is_accepted_as_unclassified_and_stays_held(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(cookie("qzx_77")))
    [one] = scans.waiting(site)
    scans.accept(site, [one.id], BY, clock())
    [held] = inventory.trackers(site, category="unclassified")
    assert held.name == "qzx_77"
    assert "#qzx_77" in notices.hold(notices.draft(site)).split()


def test_a_person_edits_before_accepting_and_necessary_needs_a_reason(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(cookie("basket")))
    [one] = scans.waiting(site)
    edits = {"category": "necessary", "reason": None, "service": None}
    done = scans.accept(site, [one.id], BY, clock(), edits)
    [(_, refusal)] = done.refused
    assert refusal.code == "reason_missing" and scans.waiting(site) == [one]
    edits["reason"] = "Holds what the visitor put into the basket."
    assert not scans.accept(site, [one.id], BY, clock(), edits).refused
    assert {(t.name, t.category) for t in inventory.trackers(site)} >= {("basket", "necessary")}


def test_nobody_accepts_many_at_once_of_what_would_be_exempt(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    drafts = [
        Draft("scan", {"name": "session", "category": "necessary"}, suggestion={"confidence": 1.0})
    ]
    scans.propose(site, drafts, BY, clock())
    assert scans.confident(scans.waiting(site)) == []


def test_what_was_dismissed_stays_so_and_what_was_accepted_and_lost_is_proposed_again(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(cookie("qzx_77"), cookie("abc_1")))
    first, second = sorted(scans.waiting(site), key=lambda one: one.fields["name"])
    with pytest.raises(Invalid) as refusal:
        scans.dismiss(site, second.id, "  ", BY, clock())
    assert refusal.value.code == "reason_missing"
    scans.dismiss(site, second.id, "Set by a plug-in of my browser.", BY, clock())
    scans.accept(site, [first.id], BY, clock())
    scanned(site, clock, saw(cookie("qzx_77"), cookie("abc_1")))
    assert scans.waiting(site) == []
    [added] = inventory.trackers(site, category="unclassified")
    inventory.remove_tracker(site, added.id, BY, clock())
    scanned(site, clock, saw(cookie("qzx_77"), cookie("abc_1")))
    assert [one.fields["name"] for one in scans.waiting(site)] == ["abc_1"]
    scans.reopen(site, second.id, BY, clock())
    assert len(scans.waiting(site)) == 2


def test_two_who_answer_at_once_decide_once(app: Flask, site: sites.Site, clock: Clock) -> None:
    scanned(site, clock, saw(cookie("qzx_77")))
    [one] = scans.waiting(site)
    number, key, at = one.id, site.key, clock()
    db.session.commit()
    outcomes: list[str] = []

    def answer(act: Callable[[sites.Site], Any]) -> None:
        with app.app_context():
            try:
                found = act(sites.get(key))
                refused = found.refused if isinstance(found, scans.Accepted) else []
                outcomes.append(refused[0][1].code if refused else "done")
            except Refusal as refusal:
                outcomes.append(refusal.code)

    acts: list[Callable[[sites.Site], Any]] = [
        lambda of: scans.accept(of, [number], "a", at),
        lambda of: scans.accept(of, [number], "b", at),
        lambda of: scans.dismiss(of, number, "no", "c", at),
    ]
    threads = [threading.Thread(target=answer, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "proposal_decided", "proposal_decided"]
    db.session.expire_all()
    accepted = scans.proposal(site, number).state == "accepted"
    assert names(site) == ({"qzx_77"} if accepted else set())


def test_what_came_into_the_inventory_meanwhile_is_not_added_twice(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(cookie("qzx_77")))
    inventory.add_tracker(site, BY, clock(), name="qzx_77", category="marketing")
    [one] = scans.waiting(site)
    [(_, refusal)] = scans.accept(site, [one.id], BY, clock()).refused
    assert refusal.code == "tracker_exists"
    assert [t.name for t in inventory.trackers(site)].count("qzx_77") == 1


def test_a_proposal_of_another_site_is_not_found(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(cookie("qzx_77")))
    [one] = scans.waiting(site)
    other = add_site(clock(), key="b.example")
    for act in (
        lambda: scans.accept(other, [one.id], BY, clock()),
        lambda: scans.dismiss(other, one.id, "no", BY, clock()),
        lambda: scans.reopen(other, one.id, BY, clock()),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_host_that_is_sent_to_is_proposed_with_its_service_unless_it_is_known(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    sent = [
        Request("https://www.google-analytics.com/g/collect", "www.google-analytics.com", "beacon",
                page=PAGE, cause=Cause("script", "https://example.com/app.js", 3)),
        Request("https://cdn.nobody.example/x.js", "cdn.nobody.example", "script", page=PAGE),
        Request("https://example.com/own.js", "example.com", "script", party="first"),
    ]  # fmt: skip
    scanned(site, clock, saw(requests=sent))
    queue = {one.fields["name"]: one for one in scans.waiting(site)}
    assert set(queue) == {"www.google-analytics.com", "cdn.nobody.example"}
    known, unknown = queue["www.google-analytics.com"], queue["cdn.nobody.example"]
    assert (known.fields["kind"], known.fields["category"]) == ("beacon", "statistics")
    assert (unknown.fields["kind"], unknown.fields["category"]) == ("script", None)
    scans.accept(site, [known.id], BY, clock())
    scanned(site, clock, saw(requests=sent))
    assert [one.fields["name"] for one in scans.waiting(site)] == ["cdn.nobody.example"]


# -- going back --------------------------------------------------------------------------------


def test_whoever_undoes_must_have_seen_the_newest_state(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    inventory.add_tracker(site, BY, clock(), name="one")
    seen = inventory.versions(site)[0].id
    inventory.add_tracker(site, "another", clock(), name="two")
    with pytest.raises(Conflict) as refusal:
        inventory.undo(site, seen, BY, clock())
    assert refusal.value.code == "inventory_changed" and names(site) == {"one", "two"}
    db.session.rollback()
    newest = inventory.versions(site)[0].id
    inventory.restore(site, seen, newest, BY, clock())
    assert names(site) == {"one"}


def test_a_state_is_kept_for_a_hundred_changes_and_the_differences_are_said(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    added = inventory.add_tracker(site, BY, clock(), name="one")
    number = added.id
    for count in range(101):
        inventory.edit_tracker(site, number, BY, clock(), purpose={"en": f"Purpose {count}."})
    kept = inventory.versions(site)
    assert len(kept) == 100
    told = list(inventory.differences(kept[1].state, kept[0].state))
    assert told == ["one: purpose Purpose 99. → Purpose 100.."]
    inventory.remove_tracker(site, number, BY, clock())
    inventory.undo(site, inventory.versions(site)[0].id, BY, clock())
    assert names(site) == {"one"}
    assert inventory.tracker(site, number).purpose == {"en": "Purpose 100."}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "session"),
        (60, {"value": 1, "unit": "minute"}),
        (1800, {"value": 30, "unit": "minute"}),
        (3600, {"value": 1, "unit": "hour"}),
        (86_400, {"value": 1, "unit": "day"}),
        (7 * 86_400, {"value": 7, "unit": "day"}),
        (90 * 86_400, {"value": 3, "unit": "month"}),
        (395 * 86_400, {"value": 13, "unit": "month"}),
        (400 * 86_400, {"value": 13, "unit": "month"}),
        (365 * 86_400, {"value": 1, "unit": "year"}),
        (63_072_000, {"value": 2, "unit": "year"}),
        (100 * 86_400, {"value": 100, "unit": "day"}),
    ],
)
def test_a_lifetime_is_stated_in_the_largest_unit_that_fits(seconds: int | None, said: Any) -> None:
    assert span(seconds) == said


def test_every_proposal_has_its_own_key_for_its_site(
    app: Flask, site: sites.Site, clock: Clock
) -> None:
    scanned(site, clock, saw(*analytics()))
    clock.advance(days=1)
    scanned(site, clock, saw(*analytics()))
    found = list(db.session.scalars(db.select(Proposal)))
    assert len(found) == 3 and len({one.key for one in found}) == 3
    assert timedelta(0) <= clock() - found[0].made_at
