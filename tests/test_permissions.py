"""The permission matrix: every route has its row, and every cell is asked for over HTTP.

What is expected of a cell is read from the table that drives the door; what the table says is held
against the words of the roles at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from consent import permissions, users
from consent.permissions import API, GRANTED, NEEDS, ROUTES, Right, Role, needed
from tests.conftest import Clock
from tests.routes import Person, World, blanks, build, filled, rules, state, ways

WHO = (*(role.value for role in Role), "operator", "stranger", "nobody")
NO_ENTRY = {"role", "no_organisation", "site_unknown", "organisation_unknown"}
# What a form may need before it is asked whose thing it names.
PLAUSIBLE = {"role": "viewer", "sure": "yes", "reason": "x", "why": "x", "name": "x"}


@dataclass
class Cast:
    """A person for each column of the matrix."""

    world: World
    people: dict[str, Person]

    def cells(self, refused: bool) -> list[tuple[str, str, Rule]]:
        """(who, method, route) of the cells that the table closes, or opens."""
        return [
            (who, method, rule)
            for who in WHO
            for method, rule in ways(self.world.app)
            if bool(refusal(who, rule)) == refused
        ]

    def ask(self, who: str, method: str, rule: Rule) -> TestResponse:
        return self.people[who].ask(method, filled(rule, self.world.known))


def refusal(who: str, rule: Rule) -> int:
    """The status that a cell must answer; 0 for one that is open."""
    right = needed(rule.endpoint)
    if right == Right.DOOR:
        return 0
    if who == "nobody":
        return 401
    if who in ("operator", "stranger") and blanks(rule) & {"key", "organisation"}:
        return 404
    roles = {"operator": None, "stranger": Role.OWNER}
    role = roles[who] if who in roles else Role(who)
    opened = right is not None and permissions.may(role, right, who == "operator")
    return 0 if opened else 403


@pytest.fixture
def cast(make_app: Callable[..., Flask], clock: Clock) -> Cast:
    """Outside of any app context: each request has a session of its own, as on a server."""
    app = make_app()
    with app.app_context():
        world = build(app, clock())
        people = {role.value: world.person(role.value, role) for role in Role}
        people["operator"] = world.person("operator", None)
        people["stranger"] = world.signed_in("theirs@example.com")
        people["nobody"] = Person(app.test_client())
        users.make_operator("operator@example.com", True, "cli", clock())
    for one in people.values():  # their sessions note where they are
        one.client.get("/admin/account")
    return Cast(world, people)


def entered(reply: TestResponse) -> bool:
    """Whether the door let somebody in, whatever was found behind it."""
    return reply.status_code != 401 and reply.headers.get("X-Consent-Refused") not in NO_ENTRY


@pytest.mark.sqlite_only
def test_S0_18_a_cell_that_the_table_closes_is_refused_and_changes_nothing(cast: Cast) -> None:
    cells = cast.cells(refused=True)
    assert len(cells) > 250
    before = state(cast.world.app)
    for who, method, rule in cells:
        reply = cast.ask(who, method, rule)
        told = (who, method, rule.endpoint, reply.headers.get("X-Consent-Refused"))
        assert reply.status_code == refusal(who, rule), told
        assert not entered(reply), told
        if method != "GET":
            assert state(cast.world.app) == before, told
    assert state(cast.world.app) == before


@pytest.mark.sqlite_only
def test_a_cell_that_the_table_opens_lets_in(cast: Cast) -> None:
    cells = cast.cells(refused=False)
    assert len(cells) > 200
    for method in ("GET", "POST"):  # first what only looks
        for who, way, rule in cells:
            if way == method and who != "nobody":
                reply = cast.ask(who, method, rule)
                told = (who, method, rule.endpoint, reply.status_code)
                # Where somebody says who they are, 401 is what a page says of a proof that failed.
                proving = (
                    rule.endpoint == "admin.proof.prove" or needed(rule.endpoint) == Right.DOOR
                )
                assert entered(reply) or proving, told
                assert reply.status_code < 500, (who, method, rule.endpoint)


@pytest.mark.sqlite_only
def test_most_pages_that_are_open_to_an_owner_have_something_on_them(cast: Cast) -> None:
    """So that the cells above ask for things that are there."""
    found = {}
    for rule in (rule for method, rule in ways(cast.world.app) if method == "GET"):
        found[rule.endpoint] = cast.ask("owner", "GET", rule).status_code
    empty = {name for name, status in found.items() if status not in (200, 303)}
    assert len(empty) <= len(found) / 5, empty


@pytest.mark.sqlite_only
def test_S1_21_no_number_of_another_site_opens_anything(cast: Cast) -> None:
    """An owner's own site with the other organisation's things, and a key or a person of theirs by
    number: 404, and nothing is changed."""
    world = cast.world
    swapped = {k: v for k, v in world.foreign.items() if v != world.known[k]}
    del swapped["invitations.token"]  # a secret, which opens to whoever holds it
    swapped |= {name: world.known[name] for name in ("key", "organisation")}
    found, before = [], state(cast.world.app)
    for method, rule in ways(world.app):
        family = rule.endpoint.split(".")[1]
        named = {f"{family}.{name}" for name in blanks(rule)} | blanks(rule)
        if not named & set(swapped) - {"key", "organisation"}:
            continue
        path = filled(rule, world.known | swapped)
        reply = cast.people["owner"].ask(
            method, path, **PLAUSIBLE, seen=world.known["history.number"]
        )
        found.append((method, rule.endpoint, reply.status_code))
        assert state(cast.world.app) == before, (method, rule.endpoint)
    assert len(found) > 15
    assert [one for one in found if one[2] != 404] == []


@pytest.mark.postgresql_only
def test_on_postgresql_too_the_door_holds_and_the_wall_stands(cast: Cast) -> None:
    before = state(cast.world.app)
    for who, method, rule in cast.cells(refused=True):
        if method == "POST" and who in ("viewer", "stranger"):
            assert cast.ask(who, method, rule).status_code == refusal(who, rule)
    assert state(cast.world.app) == before
    for rule in rules(cast.world.app):
        if "GET" in (rule.methods or ()) and needed(rule.endpoint) != Right.DOOR:
            reply = cast.ask("owner", "GET", rule)
            assert entered(reply) and reply.status_code < 500, rule.endpoint


@pytest.mark.sqlite_only
def test_a_route_whose_row_is_taken_away_is_closed_to_owners_and_operators(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cast.people["owner"].client.get("/admin/keys/").status_code == 200
    monkeypatch.delitem(NEEDS, "admin.keys.every")
    for who in ("owner", "operator"):
        assert cast.people[who].client.get("/admin/keys/").status_code == 403


def test_every_route_of_the_admin_has_exactly_one_row(app: Flask) -> None:
    rows = [f"admin.{route}" for listed in ROUTES.values() for route in listed.split()]
    assert sorted(rows) == sorted({rule.endpoint for rule in rules(app)} | {"admin.static"})


def test_every_route_of_the_admin_api_has_exactly_one_row(app: Flask) -> None:
    rows = [f"api.{route}" for listed in API.values() for route in listed.split()]
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/admin/")]
    assert sorted(rows) == sorted(rule.endpoint for rule in rules)


def test_a_route_without_a_row_is_closed_to_everybody() -> None:
    assert permissions.needed("admin.nobody.knows") is None


def test_the_roles_hold_what_their_words_say() -> None:
    assert set(GRANTED) == set(Right) == set(ROUTES)
    assert all(Role.OWNER in who for right, who in GRANTED.items() if right != Right.OPERATE)
    for right in (Right.EDIT, Right.PUBLISH, Right.GOVERN):
        assert not permissions.may(Role.AUDITOR, right)
        assert not permissions.may(Role.VIEWER, right)
    for role in (Role.EDITOR, Role.VIEWER):
        assert not permissions.may(role, Right.READ)
    assert not permissions.may(Role.EDITOR, Right.GOVERN)
    assert not any(permissions.may(role, Right.OPERATE) for role in Role)
    alone = {right for right in Right if permissions.may(None, right, operator=True)}
    assert alone == {Right.DOOR, Right.SELF, Right.OPERATE}
