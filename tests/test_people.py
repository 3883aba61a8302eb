"""People of an organisation: inviting, joining, roles, and what nobody can take for themselves."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from consent import organisations, permissions, trail, users
from consent.admin import guard
from consent.db import db
from consent.errors import Conflict, NotFound
from consent.mail import Outbox, mailer
from consent.permissions import Right, Role
from consent.users import Invitation, Membership, Session, User
from tests.conftest import Clock
from tests.postbox import postbox
from tests.prepare import ROOT
from tests.routes import MINE, OURS, THEIRS, WORDS, Person, World, build, filled, rules, state, ways

# What the database stores is the same on both engines; test_permissions.py runs on both.
pytestmark = pytest.mark.sqlite_only
PERSONAL = guard.PERSONAL
AT = "/admin/organisations/main/people/"


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    return build(app, clock())


@pytest.fixture
def owner(world: World) -> Person:
    return world.signed_in("first@example.com")


def invited(owner: Person, email: str, role: str = "editor", at: str = AT) -> str:
    """The path of the link that the owner is shown."""
    reply = owner.ask("POST", f"{at}invite", email=email, role=role)
    assert reply.status_code == 201, reply.text
    found = re.search(r"http://\S+(/admin/invitations/[\w-]+/)", reply.text)
    assert found is not None
    return found[1]


def take(client: FlaskClient, link: str, password: str = WORDS, again: str = WORDS) -> int:
    token = Person(client).token(link)
    form = {"csrf": token, "password": password, "again": again}
    return client.post(link, data=form, headers=OURS).status_code


def roles(email: str) -> dict[str, str]:
    user = users.user_by_email(email)
    return {seat.key: seat.role.value for seat in users.seats(user)} if user else {}


def verbs(organisation: int) -> list[str]:
    wanted = select(trail.Entry.verb).where(trail.Entry.organisation_id == organisation)
    return list(db.session.scalars(wanted.order_by(trail.Entry.id.desc()).limit(5)))


def test_somebody_new_is_invited_sets_a_password_and_is_in(app: Flask, owner: Person) -> None:
    link = invited(owner, "New@Example.com")
    page = owner.client.get(AT).text
    assert "new@example.com" in page and link.split("/")[3] not in page
    stored = db.session.scalars(select(Invitation.token_hash)).all()
    assert all(link.split("/")[3] not in one for one in stored)
    fresh = app.test_client()
    assert "Join Main" in fresh.get(link).text
    assert take(fresh, link, "short", "short") == 422
    assert take(fresh, link, WORDS, "something else") == 422
    assert users.user_by_email("new@example.com") is None
    assert take(fresh, link) == 303
    assert roles("new@example.com") == {"main": "editor"}
    someone = Person(fresh, "new@example.com")
    someone.sign_in()
    assert someone.client.get(f"/admin/sites/{MINE}/").status_code == 200
    assert someone.client.get(f"/admin/sites/{MINE}/records/").status_code == 403
    assert someone.client.get(f"/admin/sites/{THEIRS}/").status_code == 404
    assert {"invitation.send", "invitation.accept"} <= set(verbs(organisations.main().id))


def test_a_link_works_once_for_a_day_and_until_it_is_taken_back(
    app: Flask, owner: Person, clock: Clock
) -> None:
    used = invited(owner, "a@example.com")
    assert take(app.test_client(), used) == 303
    back = invited(owner, "b@example.com")
    number = users.pending(organisations.main().id, clock())[0].id
    assert owner.ask("POST", f"{AT}invitations/{number}/revoke").status_code == 303
    older = invited(owner, "c@example.com")
    newer = invited(owner, "c@example.com", "viewer")
    fresh = app.test_client()
    for link in (used, back, older, "/admin/invitations/never-made/"):
        reply = fresh.get(link)
        assert reply.status_code == 404 and "used, taken back, or older" in reply.text, link
    clock.advance(hours=23, minutes=59)
    assert fresh.get(newer).status_code == 200
    clock.advance(minutes=1)
    assert fresh.get(newer).status_code == 404
    assert users.user_by_email("c@example.com") is None


def test_two_who_take_a_link_at_once_make_one_member(owner: Person, clock: Clock) -> None:
    token = invited(owner, "theirs@example.com").split("/")[3]
    user = users.known("theirs@example.com")
    invitation = users.invitation_for(token, clock())
    assert invitation.over_at is None
    users.accept(token, user, clock())
    with pytest.raises((NotFound, Conflict)):
        users.accept(token, user, clock())
    held = select(func.count()).select_from(Membership).where(Membership.user_id == user.id)
    assert db.session.scalar(held) == 2


def test_an_account_that_is_there_signs_in_and_joins_and_another_cannot(
    world: World, owner: Person
) -> None:
    link = invited(owner, "theirs@example.com", "auditor")
    stranger = world.app.test_client()
    assert stranger.get(link).headers["Location"] == f"{link}join"
    assert stranger.get(f"{link}join").status_code == 401
    other = world.person("other", Role.VIEWER)
    refused = other.ask("POST", f"{link}join")
    assert refused.status_code == 403 and "another e-mail" in refused.text
    theirs = world.signed_in("theirs@example.com")
    assert "Join Main" in theirs.client.get(f"{link}join").text
    assert theirs.ask("POST", f"{link}join").status_code == 303
    assert roles("theirs@example.com") == {"main": "auditor", "other": "owner"}
    assert theirs.client.get(f"/admin/sites/{MINE}/records/").status_code == 200
    assert theirs.client.get(f"/admin/sites/{MINE}/settings").status_code == 200
    assert theirs.ask("POST", f"/admin/sites/{MINE}/settings").status_code == 403


def test_somebody_in_two_organisations_is_in_one_at_a_time(world: World, owner: Person) -> None:
    users.join(users.known("first@example.com"), world.other, Role.VIEWER, "x", world.at)
    page = owner.client.get("/admin/").text
    assert MINE in page and THEIRS not in page and "The others" in page
    form = owner.token()
    assert owner.ask("POST", "/admin/organisations/choose", organisation="other").status_code == 303
    page = owner.client.get("/admin/").text
    assert THEIRS in page and f"sites/{MINE}/" not in page
    for path in ("/admin/keys/", "/admin/trail", "/admin/organisations/other/people/"):
        assert owner.client.get(path).status_code == 403, path
    stale = owner.client.post("/admin/sites/new", data={"csrf": form}, headers=OURS)
    assert stale.status_code == 403  # a form that was opened in the other one
    assert owner.client.get(f"/admin/sites/{MINE}/").status_code == 200
    assert MINE in owner.client.get("/admin/").text


def test_a_mail_is_sent_where_the_server_can_and_the_link_is_shown_where_it_cannot(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    app = make_app(SMTP_URL="smtp://127.0.0.1:9")
    with app.app_context():
        owner = build(app, clock()).signed_in("first@example.com")
        reply = owner.ask("POST", f"{AT}invite", email="a@example.com", role="viewer")
        assert reply.status_code == 201 and "no mail was sent" in unescape(reply.text)
        with postbox() as box:
            send = mailer(box.url, "us@example.com")
            assert send is not None
            app.extensions["crumbtrail"].outbox = Outbox(send)
            reply = owner.ask("POST", f"{AT}invite", email="b@example.com", role="viewer")
            assert reply.headers["Location"].endswith("?done=invitation_sent")
            [letter] = box.wait()
        link = re.search(r"(/admin/invitations/[\w-]+/)", letter.body)
        assert letter.to == ["b@example.com"] and link is not None
        assert app.test_client().get(link[1]).status_code == 200
        assert link[1].split("/")[3] not in owner.client.get(AT).text


@pytest.mark.parametrize("email", ["", "no address", "first@example.com", "a@b@c"])
def test_an_invitation_that_makes_no_sense_is_not_made(owner: Person, email: str) -> None:
    before = db.session.scalar(select(func.count()).select_from(Invitation))
    assert owner.ask("POST", f"{AT}invite", email=email, role="viewer").status_code in (409, 422)
    for role in ("", "operator", "Owner", "root"):
        form = {"email": "x@example.com", "role": role}
        assert owner.ask("POST", f"{AT}invite", **form).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Invitation)) == before


def test_nobody_grants_a_role_above_their_own(world: World) -> None:
    """Each role tries to give each role to each, themselves among them: only owners can."""
    target = users.known(f"someone@{MINE}")
    for role in (Role.EDITOR, Role.AUDITOR, Role.VIEWER):
        person = world.person(role.value, role)
        own = users.known(person.email).id
        before = state(world.app)
        for wanted in Role:
            for number in (target.id, own):
                reply = person.ask("POST", f"{AT}{number}/role", role=wanted.value, sure="yes")
                assert reply.status_code == 403
            form = {"email": "x@example.com", "role": wanted.value}
            assert person.ask("POST", f"{AT}invite", **form).status_code == 403
        assert state(world.app) == before
    owner = world.person("second", Role.OWNER)
    for wanted in Role:
        assert owner.ask("POST", f"{AT}{target.id}/role", role=wanted.value).status_code == 303
        assert roles(target.email) == {"main": wanted.value}


def test_a_role_counts_at_once_in_the_sessions_one_has(world: World, owner: Person) -> None:
    person = world.person("anna", Role.AUDITOR)
    records = f"/admin/sites/{MINE}/records/"
    assert person.client.get(records).status_code == 200
    number = users.known(person.email).id
    assert owner.ask("POST", f"{AT}{number}/role", role="viewer").status_code == 303
    assert person.client.get(records).status_code == 403


def test_whoever_is_removed_is_signed_out_at_once_and_sees_nothing(
    world: World, owner: Person
) -> None:
    person = world.person("anna", Role.EDITOR)
    number = users.known(person.email).id
    assert owner.ask("POST", f"{AT}{number}/remove").status_code == 303
    assert person.client.get("/admin/").status_code == 401
    assert db.session.scalar(select(Session.id).where(Session.user_id == number)) is None
    person.sign_in()
    reply = person.client.get("/admin/")
    assert reply.status_code == 403 and "member of no organisation" in reply.text
    assert person.client.get(f"/admin/sites/{MINE}/").status_code == 404
    assert "member.remove" in verbs(organisations.main().id)


def test_the_last_owner_stays_and_leaving_is_asked_twice(
    app: Flask, world: World, owner: Person, clock: Clock
) -> None:
    me = users.known("first@example.com")
    for path, form in ((f"{AT}{me.id}/role", {"role": "viewer"}), (f"{AT}{me.id}/remove", {})):
        asked = owner.ask("POST", path, **form)
        assert asked.status_code == 422 and "cannot take this back" in asked.text
        kept = owner.ask("POST", path, sure="yes", **form)
        assert kept.status_code == 409 and "last owner" in kept.text
    told = app.test_cli_runner().invoke(args=["user", "remove", me.email])
    assert told.exit_code == 1 and "last owner" in told.output
    assert roles(me.email) == {"main": "owner"}
    users.add_user("second@example.com", WORDS, "cli", clock())
    reply = owner.ask("POST", f"{AT}{me.id}/role", role="viewer", sure="yes")
    assert reply.headers["Location"] == "/admin/organisations/"
    assert roles(me.email) == {"main": "viewer"}
    assert owner.client.get(AT).status_code == 403


def test_fields_that_no_form_has_change_nothing(world: World) -> None:
    """Mass assignment: every form of the admin with the fields that matter most, sent by an
    editor; what they may change, they may, but nobody's role, number or organisation."""
    editor = world.person("editor", Role.EDITOR)
    told = "SELECT id, email, operator FROM account", "SELECT * FROM membership"
    told = (*told, "SELECT id, key, organisation_id, created_at FROM site")
    told = (*told, "SELECT id, organisation_id FROM api_key", "SELECT * FROM organisation")

    def kept() -> list[list[str]]:
        with db.engine.connect() as connection:
            return [sorted(map(repr, connection.exec_driver_sql(one))) for one in told]

    extra = {
        "role": "owner", "organisation": "other", "organisation_id": str(world.other), "id": "1",
        "operator": "1", "user_id": "1", "is_owner": "1", "created_at": "0", "site_id": "2",
        "key": "other.example", "tenant": "2",
    }  # fmt: skip
    before = kept()
    for method, path in editor_forms(world):
        editor.ask(method, path, **extra)
        assert kept() == before, path
    owner = world.signed_in("first@example.com")
    link = invited(owner, "late@example.com", "viewer")
    fresh = Person(world.app.test_client())
    form = extra | {"csrf": fresh.token(link), "password": WORDS, "again": WORDS}
    assert fresh.client.post(link, data=form, headers=OURS).status_code == 303
    late = users.known("late@example.com")
    assert roles(late.email) == {"main": "viewer"} and not late.operator


def editor_forms(world: World) -> list[tuple[str, str]]:
    wanted = (Right.EDIT, Right.PUBLISH, Right.SELF)
    return [
        (method, filled(rule, world.known))
        for method, rule in ways(world.app)
        if method != "GET" and permissions.needed(rule.endpoint) in wanted
    ]


def test_organisations_are_made_by_operators_in_the_admin_and_by_the_terminal(
    app: Flask, world: World, owner: Person, clock: Clock
) -> None:
    made = owner.ask("POST", "/admin/organisations/", key="acme", name="Acme")
    assert made.status_code == 303 and roles("first@example.com")["acme"] == "owner"
    wrong = owner.ask("POST", "/admin/organisations/", key="No Key", name="")
    again = owner.ask("POST", "/admin/organisations/", key="acme", name="Acme")
    assert (wrong.status_code, again.status_code) == (422, 409)
    cli = app.test_cli_runner()
    steps = (
        ("org", "add", "third", "The third"),
        ("user", "add", "x@example.com", "--org", "third", "--role", "auditor"),
        ("user", "add", "x@example.com", "--org", "acme", "--role", "viewer"),
        ("user", "operator", "x@example.com"),
    )
    for args in steps:
        told = cli.invoke(args=list(args))
        assert told.exit_code == 0, told.output
    assert roles("x@example.com") == {"acme": "viewer", "third": "auditor"}
    db.session.expire_all()
    assert users.known("x@example.com").operator
    assert "third\tThe third\t1 people" in cli.invoke(args=["org", "list"]).output
    assert "acme: viewer, third: auditor, operator" in cli.invoke(args=["user", "list"]).output
    assert cli.invoke(args=["user", "add", "y@example.com", "--org", "nowhere"]).exit_code == 1
    assert cli.invoke(args=["user", "remove", "x@example.com"]).exit_code == 0
    assert users.user_by_email("x@example.com") is None
    key = ("key", "create", "K", "--site", MINE, "--site", THEIRS)
    assert "of one organisation" in cli.invoke(args=list(key)).output


def test_the_first_account_runs_the_server_and_those_after_it_do_not(world: World) -> None:
    operators = select(User.email).where(User.operator)
    assert list(db.session.scalars(operators)) == ["first@example.com"]


def test_a_key_opens_the_sites_of_its_organisation_alone(world: World, clock: Clock) -> None:
    """Even where its list names another: 403, as for any site that a key does not open."""
    until = clock() + timedelta(days=9)
    key = users.create_key("K", [MINE, THEIRS], until, "x", clock(), organisation=world.other)
    client, bearer = world.app.test_client(), {"Authorization": f"Bearer {key}"}
    assert client.get(f"/v1/audit/{THEIRS}/records", headers=bearer).status_code == 200
    for path in ("records", "export", f"records/{world.known['record_id']}"):
        reply = client.get(f"/v1/audit/{MINE}/{path}", headers=bearer)
        assert reply.status_code == 403 and reply.get_json()["error"]["code"] == "key_site"


def test_lists_show_what_is_of_the_organisation_alone(world: World, owner: Person) -> None:
    theirs = world.signed_in("theirs@example.com")
    for who, mine, others in ((owner, MINE, THEIRS), (theirs, THEIRS, MINE)):
        for path in ("/admin/", "/admin/keys/", "/admin/trail"):
            page = who.client.get(path).text.replace("<wbr>", "")  # an e-mail is no site
            assert mine in page and not re.search(f"(?<!@){others}", page), (who.email, path)
            assert f"someone@{others}" not in page


def lines() -> int:
    return db.session.scalar(select(func.count()).select_from(trail.Entry)) or 0


def test_every_page_with_personal_data_leaves_a_line_in_the_trail(
    world: World, owner: Person
) -> None:
    """Whoever forgets to write one is reminded by the door; what is on the page is the page's to
    say. The list of people is no such page: its owners need it to say who may do what."""
    walked = 0
    for rule in rules(world.app):
        personal = permissions.needed(rule.endpoint) == Right.READ or rule.endpoint in PERSONAL
        if not personal or "GET" not in (rule.methods or ()):
            continue
        before = lines()
        reply = owner.client.get(filled(rule, world.known))
        if reply.status_code == 200:
            walked += 1
            assert lines() > before, rule.endpoint
            newest = trail.entries(limit=1)[0]
            assert newest.verb.endswith(".read") and newest.actor == owner.email, rule.endpoint
    assert walked >= 6


def test_every_form_that_changes_something_leaves_a_line_in_the_trail(
    world: World, owner: Person
) -> None:
    """Except where a session only notes in which organisation it is."""
    changed = 0
    quiet = {"trail", "waiting", "session"}
    form = {
        "name": "Other", "reason": "x", "why": "Not ours.", "sure": "yes", "role": "viewer",
        "email": "z@example.com", "state": "done", "note": "Answered.", "scope": "record",
        "label": "K", "sites": MINE, "expires_at": "2027-01-01", "kind": "cookie",
        "match": "exact", "party": "first", "category": "statistics", "all": "yes",
        "provider": "P", "key": "acme", "every": "off", "seen": world.known["history.number"],
    }  # fmt: skip
    for method, rule in ways(world.app):
        if method == "GET" or permissions.needed(rule.endpoint) in (Right.DOOR, Right.SELF):
            continue
        before, held = lines(), state(world.app, quiet)
        reply = owner.ask(method, filled(rule, world.known), **form)
        assert reply.status_code != 500, rule.endpoint
        if state(world.app, quiet) != held:
            changed += 1
            assert lines() > before, rule.endpoint
    assert changed >= 12


def test_the_table_of_roles_in_the_docs_is_the_one_that_is_obeyed() -> None:
    text = (ROOT / "docs/people.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \|[^|]+((?:\| (?:yes|no) ){4})\|$", text, re.M)
    order = (Role.OWNER, Role.EDITOR, Role.AUDITOR, Role.VIEWER)
    said = {
        Right(name): [word == "yes" for word in re.findall("yes|no", row)] for name, row in told
    }
    roles_alone = set(Right) - {Right.DOOR, Right.SELF, Right.OPERATE}
    assert said == {r: [permissions.may(who, r) for who in order] for r in roles_alone}
