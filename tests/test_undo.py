"""Undo rather than "are you sure?": what was removed or overwritten comes back by one button."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from consent import inventory, requests, scans, sitefile, sites, trail, undoing, users, webhooks
from consent.admin.undo import KINDS
from consent.db import db
from consent.errors import Conflict
from consent.undoing import LIFE, Deed
from tests.conftest import Clock
from tests.routes import MINE, THEIRS, Person, World, build

# The engines differ in the claim of an act alone, which `taken_once` tries on both.
ONE = pytest.mark.sqlite_only
SITE = f"/admin/sites/{MINE}"
PEOPLE = "/admin/organisations/main/people"
UNDO = re.compile(r'action="(/admin/undo/\d+(?:/governed)?)"')


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    return build(app, clock())


@pytest.fixture
def owner(world: World) -> Person:
    return world.signed_in("first@example.com")


def button(owner: Person, reply: TestResponse) -> str:
    """Where the button of the message after an act is sent."""
    assert reply.status_code == 303, reply.text
    page = owner.client.get(reply.headers["Location"])
    found = UNDO.search(page.text.partition('class="note good"')[2][:900])
    assert page.status_code == 200 and found, page.text[:3000]
    return found[1]


def undo(owner: Person, reply: TestResponse) -> str:
    """Press it; the page after it, which offers to take that back too or says it is done."""
    done = owner.ask("POST", button(owner, reply))
    assert done.status_code == 303, done.text
    page = owner.client.get(done.headers["Location"])
    assert page.status_code == 200 and "It is as it was before." in page.text
    return page.text


def newest() -> list[str]:
    lines = select(trail.Entry.verb).order_by(trail.Entry.id.desc()).limit(2)
    return list(db.session.scalars(lines))


@ONE
def test_a_removed_tracker_comes_back_whole(owner: Person) -> None:
    site = sites.get(MINE)
    before = inventory.state(site)
    gone = next(one for one in inventory.trackers(site) if one.category != "necessary").id
    reply = owner.ask("POST", f"{SITE}/inventory/{gone}/remove")
    assert inventory.state(site) != before
    page = undo(owner, reply)
    assert inventory.state(site) == before
    assert set(newest()) == {"act.undo", "inventory.restore"}
    assert UNDO.search(page), "what was taken back can be taken back"


@ONE
def test_a_setting_and_words_come_back_from_the_message_and_the_list(owner: Person) -> None:
    site = sites.get(MINE)
    texts = dict(site.texts)
    reply = owner.ask("POST", f"{SITE}/notice/texts/en", title="Our cookies and you")
    assert site.texts["en"]["title"] == "Our cookies and you"
    undo(owner, reply)
    assert site.texts == texts
    was, layout = site.name, dict(site.layout)
    owner.ask("POST", f"{SITE}/design/", position="top")
    sites.change(site, "cli", users.user_by_email("first@example.com").created_at, name="New")  # type: ignore[union-attr]
    listed = owner.client.get(f"/admin/undo/?site={MINE}").text
    assert "Settings" in listed and "Texts or design" in listed
    for path in UNDO.findall(listed)[:2]:
        assert owner.ask("POST", path).status_code == 303
    db.session.expire_all()
    assert (site.name, site.layout) == (was, layout)


@ONE
def test_a_setting_that_was_changed_again_is_not_overwritten(owner: Person, clock: Clock) -> None:
    site = sites.get(MINE)
    sites.change(site, "cli", clock(), name="Second")
    first = undoing.lately(clock())[0]
    sites.change(site, "cli", clock(), name="Third")
    reply = owner.ask("POST", f"/admin/undo/{first.id}/governed")
    assert reply.status_code == 409 and reply.headers["X-Consent-Refused"] == "changed_since"
    db.session.expire_all()
    assert site.name == "Third" and undoing.get(first.id).undone_at is None


@ONE
def test_people_and_invitations_come_back(owner: Person, world: World, clock: Clock) -> None:
    world.person("writer", users.role_of("editor"))
    number = users.user_by_email("writer@example.com")
    assert number is not None
    here = users.seats(number)[0].organisation_id
    undo(owner, owner.ask("POST", f"{PEOPLE}/{number.id}/role", role="viewer"))
    assert users.seats(number)[0].role == "editor"
    reply = owner.ask("POST", f"{PEOPLE}/{number.id}/remove")
    assert users.seats(number) == []
    undo(owner, reply)
    assert [seat.role for seat in users.seats(number)] == ["editor"]
    token = users.invite(here, "late@example.com", users.role_of("viewer"), "cli", clock())
    [waits] = [one for one in users.pending(here, clock()) if one.email == "late@example.com"]
    undo(owner, owner.ask("POST", f"{PEOPLE}/invitations/{waits.id}/revoke"))
    assert users.invitation_for(token, clock()).email == "late@example.com"
    users.revoke_invitation(here, waits.id, "cli", clock())
    users.invite(here, "late@example.com", users.role_of("viewer"), "cli", clock())
    with pytest.raises(Conflict, match="Send another"):
        users.renew_invitation(here, waits.id, "cli", clock())


@ONE
def test_webhooks_and_templates_come_back_with_all_they_had(owner: Person, clock: Clock) -> None:
    site = sites.get(MINE)
    [kept, *_] = webhooks.of_site(site)
    had = kept.url, kept.events, kept.active, webhooks.secret(kept, "k")
    form = {"url": "https://hooks.example/moved", "events": "request.due"}
    undo(owner, owner.ask("POST", f"{SITE}/webhooks/{kept.id}", **form))
    db.session.expire_all()
    assert (kept.url, kept.events, kept.active) == had[:3]
    undo(owner, owner.ask("POST", f"{SITE}/webhooks/{kept.id}/remove"))
    again = webhooks.of_site(site)[-1]
    assert (again.url, again.events, again.active, webhooks.secret(again, "k")) == had
    made = sitefile.save_template(site, "House style", "cli", clock())
    said = dict(made.said)
    undo(owner, owner.ask("POST", f"/admin/many/templates/{made.id}/remove"))
    assert [one.said for one in sitefile.templates() if one.name == "House style"] == [said]


@ONE
def test_a_dismissed_finding_a_schedule_and_a_closed_request_come_back(
    owner: Person, world: World, clock: Clock
) -> None:
    site = sites.get(MINE)
    waits = scans.waiting(site)[0].id
    undo(owner, owner.ask("POST", f"{SITE}/review/{waits}/dismiss", why="Not ours."))
    assert waits in {one.id for one in scans.waiting(site)}
    scans.put_watch(site, "weekly", f"https://{MINE}/", "", "", "cli", clock())
    deed = undoing.lately(clock())[0]
    assert owner.ask("POST", f"/admin/undo/{deed.id}").status_code == 303
    db.session.expire_all()
    assert scans.watch(site).every == "off"
    one = requests.queue(site)[0]
    form = {"state": "done", "note": "Sent."}
    undo(owner, owner.ask("POST", f"{SITE}/requests/{one.number}", **form))
    db.session.expire_all()
    assert one.state in requests.WAITING and one.closed_at is None and one.note is None


def test_an_act_is_taken_back_once_and_within_its_time(world: World, clock: Clock) -> None:
    at = clock()
    sites.change(sites.get(MINE), "cli", at, name="Other")
    deed = undoing.lately(at)[0]
    undoing.take(deed, "cli", at)
    db.session.commit()
    with pytest.raises(Conflict, match="taken back before"):
        undoing.take(deed, "cli", at)
    sites.change(sites.get(MINE), "cli", at, name="Third")
    late = undoing.lately(at)[0]
    with pytest.raises(Conflict):
        undoing.take(late, "cli", at + LIFE)
    assert undoing.lately(at + LIFE) == [] and undoing.purge(at + LIFE + timedelta(1)) > 1
    assert db.session.scalars(select(Deed)).all() == []


@ONE
def test_nobody_takes_back_what_they_may_not_do(owner: Person, world: World, clock: Clock) -> None:
    site = sites.get(MINE)
    sites.change(site, "cli", clock(), name="Other")
    setting = undoing.lately(clock())[0].id
    sites.change(site, "cli", clock(), layout={"position": "top"})
    look = undoing.lately(clock())[0].id
    editor = world.person("editor", users.role_of("editor"))
    listed = UNDO.findall(editor.client.get("/admin/undo/").text)
    assert f"/admin/undo/{look}" in listed and not [one for one in listed if "governed" in one]
    assert editor.ask("POST", f"/admin/undo/{setting}/governed").status_code == 403
    assert editor.ask("POST", f"/admin/undo/{setting}").status_code == 404
    viewer = world.person("viewer", users.role_of("viewer"))
    assert viewer.ask("POST", f"/admin/undo/{look}").status_code == 403
    theirs = world.signed_in("theirs@example.com")
    for number in (setting, look):
        path = f"/admin/undo/{number}" + ("/governed" if number == setting else "")
        assert theirs.ask("POST", path).status_code == 404
        page = theirs.client.get(f"/admin/sites/{THEIRS}/?done=undone&undo={number}").text
        assert not UNDO.search(page)
    assert editor.ask("POST", f"/admin/undo/{look}").status_code == 303
    odd = owner.client.get(f"/admin/sites/{MINE}/?done=undone&undo=9{'9' * 40}")
    assert odd.status_code == 200 and not UNDO.search(odd.text)


@ONE
def test_what_cannot_be_taken_back_says_so_beside_its_button(
    owner: Person, world: World, app: Flask
) -> None:
    pages = {
        f"/admin/keys/{world.known['key_id']}": "This cannot be taken back",
        "/admin/account": "cannot be let in again",
        "/admin/lost-access": "cannot be brought back",
        "/admin/undo/": "a published version",
    }
    for path, words in pages.items():
        page = owner.client.get(path, follow_redirects=True)
        assert words in page.text, (path, page.status_code)


def test_every_kind_that_is_kept_has_its_way_back() -> None:
    kept = {
        "inventory", "look", "settings", "watch", "dismissal", "webhook", "webhook_gone",
        "request", "template", "member", "role", "invitation",
    }  # fmt: skip
    assert set(KINDS) == kept
