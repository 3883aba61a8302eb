"""The second wall between organisations: a statement that forgets whose things it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.orm import aliased

from consent import inventory, organisations, sites, tenancy, trail, users
from consent.bulk import Bulk, BulkStep
from consent.db import db
from consent.inventory import Service, Tracker
from consent.notices import Notice
from consent.records.rows import Row
from consent.requests import Request
from consent.scans import Proposal, Scan
from consent.sitefile import Template
from consent.sites import Site
from consent.tenancy import Trespass
from consent.tokens import AdminToken
from consent.trail import Entry
from consent.users import ApiKey, Invitation, Membership
from consent.webhooks import Delivery, Webhook
from tests.conftest import Clock
from tests.routes import MINE, THEIRS, build

Other = aliased(Site)
Asks = Callable[[], Any]


def one(statement: Any) -> Asks:
    return lambda: [tuple(row) for row in db.session.execute(statement)]


def theirs() -> int:
    """The number of the other organisation's site."""
    wanted = select(Site.id).where(Site.key == THEIRS)
    found = db.session.scalar(wanted.execution_options(every_organisation=True))
    assert found is not None
    return found


# Twenty statements that somebody forgot to narrow, and two that name the other's site outright.
FORGOTTEN: dict[str, Asks] = {
    "all sites": one(select(Site.key)),
    "a site by its key": one(select(Site.key).where(Site.key == THEIRS)),
    "a site by its number": lambda: db.session.get(Site, theirs()),
    "sites under another name": one(select(Other.key)),
    "all trackers": one(select(Tracker.site_id)),
    "trackers of their site": lambda: one(
        select(Tracker.site_id).where(Tracker.site_id == theirs())
    )(),
    "services joined to sites": one(
        select(Site.key, Service.key).join(Service, Service.site_id == Site.id)
    ),
    "all records": one(select(Row.site_id)),
    "records counted by site": one(select(Row.site_id, func.count()).group_by(Row.site_id)),
    "all requests": one(select(Request.site_id, Request.number)),
    "all scans": one(select(Scan.site_id)),
    "all proposals": one(select(Proposal.site_id)),
    "all notices": one(select(Notice.site_id)),
    "all keys": one(select(ApiKey.sites)),
    "the whole trail": one(select(Entry.site, Entry.organisation_id)),
    "all memberships": one(select(Membership.organisation_id)),
    "all invitations": one(select(Invitation.email)),
    "all webhooks": one(select(Webhook.site_id)),
    "all messages, by way of webhooks": one(
        select(Webhook.site_id, Delivery.name).join(Delivery, Delivery.webhook_id == Webhook.id)
    ),
    "all steps of acts": one(select(BulkStep.site_id)),
    "all acts, as in memberships": one(select(Bulk.organisation_id)),
    "all templates, as in memberships": one(select(Template.organisation_id)),
    "all tokens, as in memberships": one(select(AdminToken.organisation_id)),
    "sites in a sub-query": one(
        select(Request.number).where(Request.site_id.in_(select(Site.id).where(Site.key == THEIRS)))
    ),
    "whether their site is there": one(select(exists(select(Site.id).where(Site.key == THEIRS)))),
    "a common table expression": lambda: one(select(select(Site.key).cte("all_of_them").c.key))(),
    "a union": one(select(Site.key).where(Site.id < 0).union_all(select(Site.key))),
    "their newest record": one(select(func.max(Row.seq)).where(Row.site_id > 1)),
}  # fmt: skip
SITES, TRACKERS, RECORDS = Site.__table__, Tracker.__table__, Row.__table__
# Twenty statements that cannot be given a condition: they raise.
BARE: dict[str, Any] = {
    "plain SQL": text("SELECT key FROM site"),
    "plain SQL with values": text("SELECT key FROM site WHERE id = :id").bindparams(id=1),
    "plain SQL that names its columns": text("SELECT key FROM site").columns(Site.key),
    "plain SQL as rows of a class": select(Site).from_statement(text("SELECT * FROM site")),
    "plain SQL that changes": text("UPDATE site SET name = name"),
    "plain SQL that deletes": text("DELETE FROM tracker WHERE 1 = 0"),
    "plain SQL within a statement": select(users.User.email).where(
        text("id IN (SELECT user_id FROM membership)")
    ),
    "plain SQL to sort by": select(users.User.email).order_by(text("(SELECT key FROM site)")),
    "a table without its class": select(SITES),
    "a column of such a table": select(TRACKERS.c.name),
    "a table under another name": select(SITES.alias("another")),
    "a table that is counted": select(func.count()).select_from(RECORDS),
    "a table that is joined to": select(SITES.c.key).join(TRACKERS),
    "a table in a sub-query": select(users.User.email).where(users.User.id.in_(select(SITES.c.id))),
    "whether a table has a row": select(exists(select(RECORDS.c.seq))),
    "a table in a common table expression": select(select(SITES.c.key).cte("all_of_them").c.key),
    "a table in a union": select(Other.key).union_all(select(SITES.c.key)),
    "a table that is changed": SITES.update().values(name="x"),
    "a table that is deleted from": TRACKERS.delete(),
    "a row that is inserted": TRACKERS.insert().values(site_id=1),
    "rows that are inserted from others": TRACKERS.insert().from_select(
        ["site_id"], select(SITES.c.id)
    ),
}


@pytest.fixture
def inside(app: Flask, clock: Clock) -> Iterator[int]:
    """In the first organisation of two, with nothing in the session's memory."""
    build(app, clock())
    db.session.remove()
    with tenancy.within(organisations.main().id):
        yield organisations.main().id
    db.session.rollback()


def of_the_others(name: str, number: int, other: int) -> list[str]:
    """What a forgotten condition has brought of the other organisation."""
    found = FORGOTTEN[name]()
    seen = [value for row in found for value in row] if isinstance(found, list) else [found]
    marks = [THEIRS, "number-of-other"]
    words = [mark for mark in marks if mark in repr([getattr(v, "key", v) for v in seen])]
    numbers = [other] if "membership" in name or "trail" in name else [number]
    first = [row[0] for row in found] if isinstance(found, list) else []
    by_site = "all" in name or "by site" in name or "of their site" in name
    words += [str(n) for n in numbers if by_site and n in (*first, *seen)]
    return words + [str(v) for v in seen if v is True or (name.startswith("their") and v)]


def test_A06_statements_that_forget_whose_they_ask_for_bring_nothing_of_the_others(
    inside: int,
) -> None:
    """Each has its twin: with the wall open it does bring something."""
    number, other = theirs(), organisations.get("other").id
    assert len(FORGOTTEN) >= 20
    for name in FORGOTTEN:
        assert of_the_others(name, number, other) == [], name
        with tenancy.within(None):
            assert of_the_others(name, number, other), f"{name}: this twin shows nothing"
        db.session.expunge_all()


@pytest.mark.sqlite_only
def test_A06_statements_that_cannot_be_narrowed_raise(inside: int) -> None:
    assert len(BARE) >= 20
    for name, statement in BARE.items():
        with pytest.raises(Trespass):
            db.session.execute(statement)
            pytest.fail(name)


def test_what_is_changed_or_deleted_in_bulk_is_of_this_organisation_alone(inside: int) -> None:
    db.session.execute(update(Tracker).values(category="marketing"))
    db.session.execute(delete(Proposal))
    db.session.commit()
    with tenancy.within(None):
        there = sites.get(THEIRS)
        assert {t.category for t in inventory.trackers(there)} != {"marketing"}
        assert db.session.scalar(select(func.count()).where(Proposal.site_id == there.id))
        here = sites.get(MINE)
        assert {t.category for t in inventory.trackers(here)} == {"marketing"}


@pytest.mark.sqlite_only
def test_a_row_of_another_organisation_cannot_be_made_changed_or_deleted(
    inside: int, clock: Clock
) -> None:
    with tenancy.within(None):
        there = sites.get(THEIRS)
        tracker = inventory.trackers(there)[0]
        other = organisations.get("other").id
    tracker.category = "marketing"
    with pytest.raises(Trespass):
        db.session.flush()
    db.session.rollback()
    with pytest.raises(Trespass):
        inventory.add_tracker(there, "x", clock(), name="_x", category=None)
    db.session.rollback()
    with pytest.raises(Trespass):
        trail.write_in(other, "x", "x", clock())
        db.session.flush()
    db.session.rollback()
    db.session.delete(tracker)
    with pytest.raises(Trespass):
        db.session.flush()


@pytest.mark.sqlite_only
def test_what_is_made_inside_belongs_to_the_organisation(inside: int, clock: Clock) -> None:
    with tenancy.within(organisations.get("other").id):
        made = users.create_key("K", [THEIRS], clock().replace(year=2027, month=1), "x", clock())
        mine = db.session.get(ApiKey, made.split("_")[1])
        assert mine is not None and mine.organisation_id == organisations.get("other").id
        trail.write("something", "x", clock())
        db.session.flush()
        assert trail.entries(limit=1)[0].organisation_id == organisations.get("other").id


@pytest.mark.sqlite_only
def test_a_key_of_a_site_that_is_taken_elsewhere_is_said_not_broken(
    inside: int, clock: Clock
) -> None:
    """The key of a site is one on the whole server."""
    from_here = sites.get(MINE)
    with pytest.raises(Exception, match="There is a site"):
        sites.add(
            THEIRS, "N", from_here.controller, ["x.example"], ["en"], "x", clock(),
            retention=from_here.retention,
        )  # fmt: skip


@pytest.mark.sqlite_only
def test_nothing_of_any_organisation_is_seen_from_none(inside: int) -> None:
    with tenancy.within(0):
        assert sites.all_sites() == [] and trail.entries() == [] and users.keys() == []


@pytest.mark.sqlite_only
def test_the_wall_is_open_again_after_a_request_whatever_came_of_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    world = build(app, clock())
    owner = world.signed_in("first@example.com")
    assert owner.client.get("/admin/").status_code == 200
    assert tenancy.current() is None

    def broken() -> str:
        assert tenancy.current() == organisations.main().id
        raise RuntimeError

    monkeypatch.setitem(app.view_functions, "admin.keys.every", broken)
    assert owner.client.get("/admin/keys/").status_code == 500
    assert tenancy.current() is None


@pytest.mark.sqlite_only
def test_an_admin_page_that_forgets_shows_nothing_of_the_others(
    app: Flask, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """The door let the owner in; the page asks for everything there is."""
    world = build(app, clock())
    owner = world.signed_in("first@example.com")

    def forgetful() -> str:
        return " ".join(db.session.scalars(select(Request.number)))

    monkeypatch.setitem(app.view_functions, "admin.keys.every", forgetful)
    page = owner.client.get("/admin/keys/").text
    assert "number-of-main" in page and "number-of-other" not in page


@pytest.mark.sqlite_only
def test_the_trail_of_an_act_is_that_of_its_site_else_of_where_its_actor_is(
    app: Flask, clock: Clock
) -> None:
    world = build(app, clock())
    main = organisations.main().id
    found = {
        (entry.verb, entry.actor, entry.site): entry.organisation_id
        for entry in trail.entries(limit=1000)
    }
    assert found["site.add", "test", MINE] == main
    assert found["site.add", "test", THEIRS] == world.other
    assert found["user.sign_in", f"someone@{THEIRS}", None] == world.other
    assert found["user.sign_in", f"someone@{MINE}", None] == main
    assert found["organisation.add", "test", None] == world.other
