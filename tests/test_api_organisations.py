"""The admin API between organisations, and what it does about publishing and people."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from consent import bulk, notices, organisations, sites, tokens, trail, users, webhooks
from consent.api.frame import OPERATIONS
from consent.permissions import Role
from consent.webhooks import Answered
from tests.acts import BY
from tests.conftest import Clock
from tests.routes import MINE, THEIRS, World, build, filled, state
from tests.test_admin_api import Api, ask, code, settings, token

__all__ = ["ask", "settings", "token"]  # fixtures
ROOT = f"/sites/{MINE}"
OFTEN = ("admin_token",)  # when a token was used last


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    return build(app, clock())


def api(app: Flask, email: str, role: str, clock: Clock) -> Api:
    """A program of somebody who has one seat."""
    user = users.known(email)
    [seat] = users.seats(user)
    ends = clock() + timedelta(days=30)
    made = tokens.create_token(user, seat, role, "A test", ends, BY, clock())
    return Api(app.test_client(), made)


def test_what_is_of_another_organisation_is_not_there(
    world: World, app: Flask, clock: Clock
) -> None:
    """Each address of the API with the things of the others: nothing is read, nothing changed."""
    mine = api(app, "first@example.com", "owner", clock)
    names = {
        "keys.name": world.foreign["key_id"],
        "people.number": world.foreign["person"],
        "notices.number": "1",
        "inventory.name": "ads",
        "webhooks.name": world.foreign["webhooks.name"],
    }
    strangers = world.foreign | names
    found, before = [], state(app, OFTEN)
    rules = {rule.endpoint: rule for rule in app.url_map.iter_rules()}
    for known in OPERATIONS:
        rule = rules[known.endpoint]
        if not rule.arguments:
            continue
        header = {"Authorization": f"Bearer {mine.token}", "If-Match": "*"}
        told = {"json": BODIES.get(known.endpoint, {})} if known.body is not None else {}
        if known.endpoint == "api.sites.applied":
            told = {"json": {"key": THEIRS, "name": "Ours now"}}
        reply = mine.client.open(
            filled(rule, strangers), method=known.method, headers=header, **told
        )
        found.append((known.endpoint, reply.status_code))
        assert state(app, OFTEN) == before, known.endpoint
    assert len(found) > 50
    assert [one for one in found if one[1] not in (404, 409, 422)] == []
    # What is wrong in a body may be said first; with bodies that are right it is 404.
    assert {name for name, status in found if status != 404} == {"api.sites.applied"}


BODIES: dict[str, Any] = {
    "api.inventory.put_service": {"name": "Maps"},
    "api.inventory.take": {"csv": "name,category\n_a,statistics\n"},
    "api.inventory.restore": {"version": 1, "seen": 1},
    "api.texts.change": {"texts": {}},
    "api.notices.end_trial": {"keep": True},
    "api.scans.start": {"url": f"https://{THEIRS}/"},
    "api.scans.watch": {"every": "off", "url": f"https://{THEIRS}/"},
    "api.review.accept": {"numbers": [1]},
    "api.review.dismiss": {"why": "no"},
    "api.review.read": {"text": "We keep nothing."},
    "api.records.erase": {"reason": "Asked for", "scope": "record"},
    "api.requests.annotate": {"text": "Called."},
    "api.requests.extend": {"why": "Many."},
    "api.requests.close": {"state": "done", "note": "Answered."},
    "api.people.change": {"role": "viewer"},
    "api.webhooks.add": {"url": "https://hooks.example/", "events": ["notice.published"]},
    "api.webhooks.change": {"active": False},
    "api.many.copy": {"key": "new.example", "name": "N", "origins": ["new.example"]},
    "api.many.begin": {"key": "new.example", "name": "N", "origins": ["new.example"]},
    "api.keys.rotate": {},
}


def test_lists_and_bodies_name_nothing_of_another_organisation(
    world: World, app: Flask, clock: Clock
) -> None:
    mine = api(app, "first@example.com", "owner", clock)
    for path in ("/sites", "/keys", "/templates", "/trail", "/people"):
        said = mine(f"GET {path}").text
        assert THEIRS not in said and world.foreign["key_id"] not in said, path
    assert [row["key"] for row in mine("GET /sites").get_json()["sites"]] == [MINE]
    assert len(mine("GET /templates").get_json()["templates"]) == 1
    assert mine("GET /me").get_json()["organisation"] == "main"
    ends = "2026-12-01T00:00:00Z"
    key = {"label": "A", "sites": [MINE, THEIRS], "expires_at": ends}
    assert mine("POST /keys", key).status_code == 422
    assert code(mine("POST /bulk", {"action": "publish", "sites": [THEIRS]})) == "site_unknown"
    assert code(mine("POST /templates", {"site": THEIRS, "name": "T"})) == "site_unknown"
    assert code(mine(f"GET /trail?site={THEIRS}")) == "site_unknown"
    act = mine("POST /bulk", {"action": "publish", "sites": [MINE]}).get_json()
    other = api(app, "theirs@example.com", "owner", clock)
    assert other(f"GET /bulk/{act['id']}").status_code == 404
    taken = {"key": MINE, "name": "X", "origins": ["x.example"]}
    assert code(other(f"POST /templates/{world.foreign['many.number']}/sites", taken)) == (
        "site_exists"
    )


def test_a_token_does_what_its_person_may_do_now(world: World, app: Flask, clock: Clock) -> None:
    here = organisations.main().id
    user, _ = users.add_user("eva@example.com", None, BY, clock(), Role.EDITOR)
    [seat] = users.seats(user)
    ends = clock() + timedelta(days=30)
    with pytest.raises(Exception, match="cannot be made"):
        tokens.create_token(user, seat, "owner", "Too much", ends, BY, clock())
    eva = api(app, "eva@example.com", "editor", clock)
    wish = {"name": "Maps", "category": "marketing"}
    assert eva(f"PUT {ROOT}/services/maps", wish).status_code == 200
    assert code(eva("GET /keys")) == "role"
    users.change_role(here, user.id, Role.VIEWER, BY, clock())
    assert code(eva(f"PUT {ROOT}/services/maps", wish)) == "role"
    assert eva(f"GET {ROOT}").status_code == 200
    users.change_role(here, user.id, Role.OWNER, BY, clock())
    assert code(eva("GET /keys")) == "role", "no more than it was made for"
    users.join(user, world.other, Role.OWNER, BY, clock())
    assert code(eva(f"GET /sites/{THEIRS}")) == "site_unknown", "it is of one organisation"
    users.remove_member(here, user.id, BY, clock())
    assert code(eva(f"GET {ROOT}")) == "role"
    assert eva("GET /me").get_json()["held"] is None


@pytest.mark.sqlite_only
def test_a_token_needs_a_proof_that_is_fresh(ask: Api, app: Flask, clock: Clock) -> None:
    world = World(app, clock())
    someone = world.person("someone", Role.OWNER)
    clock.advance(minutes=11)
    form = {"label": "Late", "role": "viewer", "expires_at": "2026-12-01"}
    reply = someone.ask("POST", "/admin/account/tokens/", **form)
    assert reply.status_code != 201 and tokens.tokens(users.known("someone@example.com")) == []


@pytest.mark.sqlite_only
def test_a_webhook_that_ends_is_told_to_the_owners_of_its_organisation(
    world: World, app: Flask, clock: Clock
) -> None:
    def gone(post: object) -> None:
        raise Answered(410)

    users.add_user("editor@example.com", None, BY, clock(), Role.EDITOR)
    told: list[str] = []
    webhooks.deliver(clock(), gone, "k" * 32, lambda to, subject, text: told.append(to))
    assert told == ["first@example.com", "theirs@example.com"], "each of their own site"


# -- publishing ----------------------------------------------------------------------------------


def test_a_program_sees_what_it_publishes_and_publishes_what_it_saw(ask: Api, clock: Clock) -> None:
    ask(f"PUT {ROOT}/services/maps", {"name": "Maps", "category": "marketing"})
    draft = ask(f"GET {ROOT}/notice/draft").get_json()
    said = [one["sentence"] for one in draft["changes"]]
    assert any("Maps" in one for one in said) and draft["changed"]
    assert draft["asks_again"] == ["The service maps is new."] and draft["missing"] == {}
    assert all(set(one) >= {"law", "blocks", "mend"} for one in draft["findings"])
    made = ask(f"POST {ROOT}/notice/publish", {"seen": draft["seen"]})
    again = ask(f"POST {ROOT}/notice/publish", {"seen": draft["seen"]})
    assert made.get_json() == again.get_json() and made.get_json()["version"] == 2
    ask(f"PUT {ROOT}/services/chat", {"name": "Chat", "category": "marketing"})
    stale = ask(f"GET {ROOT}/notice/draft").get_json()["seen"]
    ask(f"PUT {ROOT}/services/chat", {"name": "Talk", "category": "marketing"})
    assert code(ask(f"POST {ROOT}/notice/publish", {"seen": stale})) == "draft_changed"
    notices.publish(sites.get(MINE), "paul@example.com", clock())
    assert code(ask(f"POST {ROOT}/notice/publish", {"seen": stale})) == ("published_meanwhile")
    late = rfc(clock, days=3)
    later = ask(f"POST {ROOT}/notice/publish", {"effective_at": late})
    assert later.get_json()["state"] == "scheduled" and later.get_json()["effective_at"] == late
    assert ask(f"POST {ROOT}/notice/versions/4/cancel").get_json()["state"] == "withdrawn"
    assert code(ask(f"POST {ROOT}/notice/versions/4/cancel")) == "not_scheduled"
    back = ask(f"POST {ROOT}/notice/versions/1/rollback", {"newest": 4})
    assert back.status_code == 201 and back.get_json()["told"]["rollback"] == 1
    tried = ask(f"POST {ROOT}/notice/publish", {"share": 10})
    assert tried.get_json()["state"] == "trial"
    assert code(ask(f"POST {ROOT}/notice/publish", {})) == "trial_running"
    assert ask(f"POST {ROOT}/notice/trial/end", {"keep": True}).get_json()["state"] == "current"
    assert code(ask(f"POST {ROOT}/notice/trial/end", {"keep": True})) == "no_trial"
    rows = ask(f"GET {ROOT}/notice/versions").get_json()["versions"]
    assert [row["state"] for row in rows] == [
        "current", "replaced", "withdrawn", "replaced", "replaced", "replaced",
    ]  # fmt: skip


def test_what_the_law_forbids_is_not_published_by_a_program_either(ask: Api) -> None:
    seen = ask(f"GET {ROOT}/texts/en")
    said = {"texts": {"accept": "Yes, of course"}}
    ask(f"PUT {ROOT}/texts/en", said, If_Match=seen.headers["ETag"])
    draft = ask(f"GET {ROOT}/notice/draft").get_json()
    blocking = {one["code"] for one in draft["findings"] if one["blocks"]}
    refused = ask(f"POST {ROOT}/notice/publish", {})
    if blocking:
        assert code(refused) == "notice_unlawful"
        assert set(refused.get_json()["error"]["fields"]) == blocking
    else:
        assert refused.status_code == 201


def test_where_two_people_publish_a_program_proposes_and_a_person_approves(
    ask: Api, clock: Clock
) -> None:
    site = sites.get(MINE)
    notices.set_two_people(site, True, BY, clock())
    ask(f"PUT {ROOT}/services/maps", {"name": "Maps", "category": "marketing"})
    assert code(ask(f"POST {ROOT}/notice/publish", {})) == "second_person"
    assert code(ask(f"POST {ROOT}/notice/versions/1/rollback", {})) == "second_person"
    made = ask(f"POST {ROOT}/notice/proposals", {"material": True})
    assert made.status_code == 201 and made.get_json()["state"] == "open"
    number = made.get_json()["id"]
    with pytest.raises(Exception, match="second person"):
        notices.approve(site, number, "olga@example.com", clock())  # whose token it was
    assert ask(f"POST {ROOT}/notice/proposals/{number}/decline", {}).get_json()["state"] == "taken"
    act = ask("POST /bulk", {"action": "publish", "sites": [MINE]}).get_json()
    while bulk.work(clock(), lambda *_: None):
        pass
    [step] = ask(f"GET /bulk/{act['id']}").get_json()["steps"]
    assert step["state"] == "done" and step["result"].startswith("Proposed, number 2")
    assert len(notices.versions(site)) == 1
    assert notices.approve(site, 2, "paul@example.com", clock()).version == 2
    rows = ask(f"GET {ROOT}/notice/proposals").get_json()["proposals"]
    assert [row["state"] for row in rows] == ["approved", "taken"]


# -- people, keys, requests, statistics ----------------------------------------------------------


def test_people_are_invited_changed_and_removed_by_a_program(
    ask: Api, client: FlaskClient, clock: Clock
) -> None:
    made = ask("POST /people/invitations", {"email": "eva@example.com", "role": "editor"})
    assert made.status_code == 201 and made.get_json()["sent"] is False
    link = re.sub("^https?://[^/]+", "", made.get_json()["link"])
    assert client.get(link).status_code == 200
    [waits] = ask("GET /people").get_json()["invitations"]
    assert ask(f"POST /people/invitations/{waits['id']}/revoke").get_json() == {"done": True}
    assert client.get(link).status_code == 404
    user, _ = users.add_user("eva@example.com", None, BY, clock(), Role.VIEWER)
    same = {"email": "eva@example.com", "role": "editor"}
    assert code(ask("POST /people/invitations", same)) == "member_already"
    assert ask(f"PATCH /people/{user.id}", {"role": "auditor"}).status_code == 200
    rows = {row["email"]: row for row in ask("GET /people").get_json()["people"]}
    assert rows["eva@example.com"]["role"] == "auditor"
    assert ask(f"DELETE /people/{user.id}").status_code == 204
    me = rows["olga@example.com"]["id"]
    assert code(ask(f"PATCH /people/{me}", {"role": "viewer"})) == "last_owner"
    assert code(ask(f"DELETE /people/{me}")) == "last_owner"
    actors = {one.actor for one in trail.entries() if one.verb.startswith("member.")}
    assert f"olga@example.com (token {ask.token.split('_')[1]})" in actors


def test_keys_have_scopes_and_are_rotated_by_a_program(ask: Api, clock: Clock) -> None:
    ends = "2026-12-01T00:00:00Z"
    wish = {"label": "A", "sites": [MINE], "expires_at": ends, "scopes": ["stats"]}
    name = ask("POST /keys", wish).get_json()["key"].split("_")[1]
    assert ask(f"GET /keys/{name}").get_json()["scopes"] == ["stats"]
    other = ask(f"POST /keys/{name}/rotate", {})
    assert other.get_json()["key"].split("_")[1] == name
    assert ask(f"GET /keys/{name}").get_json()["old_until"] == rfc(clock, days=7)
    ask(f"POST /keys/{name}/rotate", {"overlap_days": 0})
    assert ask(f"GET /keys/{name}").get_json()["old_until"] is None
    ask(f"POST /keys/{name}/revoke")
    assert code(ask(f"POST /keys/{name}/rotate", {})) == "key_ended"
    assert code(ask("POST /keys", {**wish, "scopes": ["everything"]})) == "field_value"


def test_requests_are_worked_on_and_statistics_read_by_a_program(
    world: World, app: Flask, clock: Clock
) -> None:
    mine = api(app, "first@example.com", "owner", clock)
    at = f"{ROOT}/requests/{world.known['requests.number']}"
    assert mine(f"POST {at}/begin").get_json()["state"] == "progress"
    assert mine(f"POST {at}/notes", {"text": "Called."}).get_json()["notes"][0]["text"] == "Called."
    longer = mine(f"POST {at}/extend", {"why": "Many at once."}).get_json()
    assert longer["extended_why"] == "Many at once."
    bare = {"state": "refused", "note": "No."}
    assert "ground" in mine(f"POST {at}/close", bare).get_json()["error"]["fields"]
    done = mine(f"POST {at}/close", {**bare, "ground": "identity"}).get_json()
    assert (done["state"], done["ground"]) == ("refused", "identity")
    read = mine(f"GET {ROOT}/statistics").get_json()
    assert read["steps"] == "day" and read["read"]["total"]["count"] == 1
    day = clock().date().isoformat()
    told = mine(f"GET {ROOT}/statistics?from={day}&to={day}&versions=1").get_json()
    assert (told["from"], told["to"]) == (day, day)
    for bad in ("from=2026-02-31", "to=2000-01-01&from=2001-01-01", "versions=x"):
        assert code(mine(f"GET {ROOT}/statistics?{bad}")) == "field_value", bad


def rfc(clock: Clock, **more: int) -> str:
    return (clock() + timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
