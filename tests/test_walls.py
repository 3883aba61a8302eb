"""The attacks on the admin and on what auditors read, each with its count (docs/attacks.md).

The longest, SQL at every place, is in tests/faults/test_injections.py.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from consent import leaf, users
from consent.admin import guard
from consent.api.frame import OPERATIONS
from consent.db import db
from consent.errors import Refusal
from consent.ledger import entry_proof
from consent.ledger.rows import Head
from consent.permissions import Role
from consent.tlog import merkle, note, proof
from consent.trail import Entry, facts
from consent.users import password
from tests.acts import BY, make_site
from tests.attacker import let_in
from tests.conftest import Clock
from tests.injections import of_schema, replaced
from tests.prepare import ROOT
from tests.routes import MINE, OURS, WORDS, Person, World, build, filled, state, ways
from tests.test_api_organisations import BODIES, api
from tests.test_keys import dump
from tests.test_signing_in import HOSTS, STARTS

PEOPLE = "/admin/organisations/main/people/"
LOOKED = ("admin_token",)  # when a token was used last


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_KEY": "0", "RATE_SITE": "0", "RATE_CLIENT": "0"}


@pytest.fixture
def world(make_app: Callable[..., Flask], settings: dict[str, str], clock: Clock) -> World:
    """Outside of any app context: each request has a session of its own, as on a server."""
    app = make_app(**settings)
    with app.app_context():
        return build(app, clock())


# -- A02: forms that somebody else sends -------------------------------------------------------

PLAIN = {"Content-Type": "text/plain"}
OVERRIDE = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST", "X-HTTP-Method": "POST"}


def attacks(mine: str, theirs: str) -> dict[str, dict[str, Any]]:
    """What each forged request is; all but one come with this browser's session."""
    return {
        "no token": {"method": "POST", "headers": OURS},
        "a wrong token": {"method": "POST", "headers": OURS, "data": {"csrf": "0" * 64}},
        "another's token": {"method": "POST", "headers": OURS, "data": {"csrf": theirs}},
        "from another site": {
            "method": "POST", "data": {"csrf": mine}, "headers": {"Sec-Fetch-Site": "cross-site"}},
        "from nowhere": {"method": "POST", "data": {"csrf": mine}},
        "as plain text": {"method": "POST", "data": f"csrf={mine}", "headers": OURS | PLAIN},
        "as JSON": {"method": "POST", "json": {"csrf": mine}, "headers": OURS},
        "in the address": {"method": "POST", "query_string": {"csrf": mine}, "headers": OURS},
        "as GET": {"method": "GET", "query_string": {"csrf": mine, "_method": "POST"}},
        "as GET that says POST": {
            "method": "GET", "query_string": {"csrf": mine}, "headers": OURS | OVERRIDE},
    }  # fmt: skip


@pytest.mark.sqlite_only
def test_A02_no_forged_request_changes_anything_at_any_route(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.app.app_context():
        owner = world.signed_in("first@example.com")
        users.add_user("second@example.com", WORDS, BY, clock())
        forged = attacks(owner.token(), world.signed_in("second@example.com").token())
    routes = [rule for method, rule in ways(world.app) if method != "GET"]
    assert len(forged) == 10 and len(routes) > 80
    notes = ("trail", "waiting")  # a page of personal data that a GET opened is noted
    before, noted = state(world.app), state(world.app, notes)
    for name, attack in forged.items():
        for rule in routes:
            reply = owner.client.open(filled(rule, world.known), **attack)
            assert reply.status_code >= 400 or attack["method"] == "GET", (name, rule.rule)
        reads = attack["method"] == "GET"
        assert state(world.app, notes if reads else ()) == (noted if reads else before), name
    # The twin: without its two checks the same requests change something.
    monkeypatch.setattr(guard, "check_token", lambda *_: None)
    world.app.before_request_funcs["admin"].remove(guard.check_origin)
    path = f"{PEOPLE}{world.known['person']}/remove"
    assert owner.client.open(path, **forged["from another site"]).status_code == 303
    assert state(world.app, notes) != noted


@pytest.mark.sqlite_only
def test_A02_a_browsers_session_opens_nothing_of_the_api(world: World) -> None:
    """A browser sends cookies by itself, a token never."""
    with world.app.app_context():
        owner = world.signed_in("first@example.com")
    rules = {rule.endpoint: rule for rule in world.app.url_map.iter_rules()}
    before, asked = state(world.app), 0
    for known in OPERATIONS:
        path = filled(rules[known.endpoint], world.known)
        for told in ({"json": BODIES.get(known.endpoint, {})}, {"data": "{}", "headers": PLAIN}):
            reply = owner.client.open(path, method=known.method, **told)
            assert reply.status_code == 401, known.endpoint
            asked += known.method != "GET"
    assert asked > 90 and state(world.app) == before


# -- A03b, A04, A12: passwords -----------------------------------------------------------------


@pytest.mark.sqlite_only
def test_A03b_two_passwords_are_hashed_at_a_time_however_many_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together, most, held = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=30)  # the two that are let in meet here

    class Slow:
        def verify(self, *_: object) -> bool:
            nonlocal together, most
            with held:
                together, most = together + 1, max(most, together + 1)
            both.wait()
            with held:
                together -= 1
            return True

    monkeypatch.setattr(password, "_hasher", Slow())
    threads = [threading.Thread(target=password.verify, args=("", "x")) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert most == 2 and not both.broken


def test_A04_no_password_is_in_the_database_nor_in_the_logs(
    app: Flask, clock: Clock, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    person = Person(app.test_client(), "olga@example.com")
    words = [f"{WORDS} {number}" for number in range(5)]
    users.add_user(person.email, words[0], BY, clock())
    for number, said in enumerate(words[1:]):
        if number % 2:
            users.change_password(users.known(person.email), words[number - 1], said, clock())
        else:
            with pytest.raises(Refusal):
                users.sign_in(person.email, said, clock())
    told = {"csrf": person.token("/admin/sign-in"), "email": person.email, "password": words[4]}
    person.client.post("/admin/sign-in", data=told, headers=OURS)
    kept = dump(database_url)
    assert person.email in kept and "$argon2id$v=19$m=19456,t=2,p=1$" in kept
    for one in words:
        assert one not in kept.replace("@", " ") and one not in caplog.text


@pytest.mark.sqlite_only
def test_A12_known_and_unknown_are_looked_at_with_the_same_work(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash each, of the same cost; how long that takes is measured by bench/signing_in.py."""
    user, _ = users.add_user("olga@example.com", WORDS, BY, clock())
    looked: list[str] = []
    verify = password.verify

    def noted(kept: str, said: str) -> bool:
        looked.append(kept)
        return verify(kept, said)

    monkeypatch.setattr(password, "verify", noted)
    for email in (user.email, user.email.upper(), "nobody@example.com", "no address"):
        with pytest.raises(Refusal) as refusal:
            users.sign_in(email, "not the password", clock())
        assert refusal.value.code == "sign_in_failed" or refusal.value.status == 401, email
    assert len(looked) == 4 and looked[0] == user.password_hash
    assert len({one.rsplit("$", 2)[0] for one in looked}) == 1  # variant, version and cost


# -- A08: where one is led ---------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_A08_no_parameter_leads_to_another_host(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is found out which names of queries and forms an answer's Location follows."""
    payloads = [start + host for start in STARTS for host in HOSTS]
    assert len(payloads) >= 80
    attacker = let_in(make_app(RATE_KEY="0", RATE_SITE="0", RATE_CLIENT="0"), clock(), monkeypatch)
    monkeypatch.setattr(password, "verify", lambda _kept, said: said == WORDS)
    attacker.fill(password=WORDS, proof_password=WORDS, email="first@example.com", language="pl")
    spots = [one for one in dict.fromkeys(attacker.spots()) if one.kind in ("query", "form")]
    leading = [
        one
        for one in spots
        if one.name in ("next", "back")
        or "zqx7" in one.send("/admin/zqx7").headers.get("Location", "")
    ]
    led, asked = [], 0
    for spot in leading:
        for payload in payloads:
            reply, asked = spot.send(payload), asked + 1
            where = reply.headers.get("Location")
            if where is not None and not re.fullmatch(r"/(?![/\\])[^\\\s]*", where):
                led.append((str(spot), payload, where))
    print(f"{len(leading)} parameters of {len(spots)}, {asked} requests")
    assert led == [] and {"admin.speak", "admin.account.enter", "admin.proof.prove"} <= {
        one.endpoint for one in leading
    }


# -- A11: fields that no form has --------------------------------------------------------------

EXTRA = ("role", "tenant_id", "organisation_id", "id", "is_owner", "operator", "created_at")


def test_A11_every_body_of_the_api_refuses_a_field_that_it_has_not(
    world: World, clock: Clock
) -> None:
    """At its top and within each object in it. What forms do is in tests/test_people.py."""
    with world.app.app_context():
        mine = api(world.app, "first@example.com", "owner", clock)
    rules = {rule.endpoint: rule for rule in world.app.url_map.iter_rules()}
    header = {"Authorization": f"Bearer {mine.token}", "If-Match": "*"}
    before, bodies, asked = state(world.app, LOOKED), 0, 0
    for known in OPERATIONS:
        if known.body is None:
            continue
        bodies += 1
        places = {path[:-1] for path in of_schema(known.body)} | {()}
        have = {".".join(map(str, path)) for path in of_schema(known.body)}
        for place in sorted(places, key=str):
            for name in EXTRA:
                path = (*place, name)
                if any(one.startswith(".".join(map(str, path))) for one in have):
                    continue
                body = replaced(BODIES.get(known.endpoint, {}), path, "owner")
                reply = mine.client.open(
                    filled(rules[known.endpoint], world.known),
                    method=known.method, headers=header, json=body,
                )  # fmt: skip
                told = (known.endpoint, path, reply.status_code, reply.text[:300])
                assert reply.status_code == 422 and name in reply.text, told
                asked += 1
    assert bodies > 30 and asked > 200
    assert state(world.app, LOOKED) == before


# -- A13: who makes whom what ------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_A13_of_36_pairs_an_owner_alone_gives_roles_and_nobody_a_role_that_is_none(
    world: World, clock: Clock
) -> None:
    """Six who try times six things to be made, of somebody else and of oneself."""
    with world.app.app_context():
        who = {role.value: world.person(role.value, role) for role in Role}
        who |= {"stranger": world.signed_in("theirs@example.com")}
        who |= {"operator": world.person("operator", None)}
        users.make_operator("operator@example.com", True, "cli", clock())
        number = {name: users.known(one.email).id for name, one in who.items()}
        other = users.known(f"someone@{MINE}").id
    pairs = 0
    for name, person in who.items():
        for wanted in (*(role.value for role in Role), "operator", ""):
            before = state(world.app)
            statuses = {
                person.ask("POST", f"{PEOPLE}{one}/role", role=wanted, sure="yes").status_code
                for one in ((other,) if name == "owner" else (other, number[name]))
            }  # fmt: skip
            pairs += 1
            if name == "owner":
                assert statuses == ({303} if wanted in set(Role) else {422}), (name, wanted)
            else:
                assert statuses <= {403, 404}, (name, wanted)
            if name != "owner" or wanted not in set(Role):
                assert state(world.app) == before, (name, wanted)
    assert pairs == 36


# -- A16: who did it ---------------------------------------------------------------------------


def test_A16_twenty_five_kinds_of_acts_on_a_site_are_leaves_that_are_proven(
    world: World, clock: Clock
) -> None:
    app = world.app
    with app.app_context():
        app.extensions["crumbtrail"].ledger.tick(clock())
        acts_of_a_program(world, clock)
        app.extensions["crumbtrail"].ledger.tick(clock.advance(seconds=1))
        acts = db.session.scalars(select(Entry).where(Entry.site == MINE)).all()
        lines = app.test_client().get(f"/log/{MINE}/vkeys", headers=opened(clock)).text.split("\n")
        keys = [note.parse_vkey(line) for line in lines if line]
        size = db.session.scalars(select(Head.signed).where(Head.site == MINE)).one()
        logged = {}
        for index in range(size):
            entry, proven = entry_proof(MINE, index)
            found = json.loads(entry)
            if found["k"] == "admin":
                proof.verify(proof.parse(proven), entry.encode(), keys, keys[0].name)
                logged[found["c"]] = (entry, proven)
        kinds = set()
        for act in acts:
            if act.salt is None:
                assert act.verb.endswith(".read"), act.verb
                continue
            commitment = leaf.commitment(facts(act), act.salt)
            assert commitment in logged, act.verb
            denied = leaf.commitment(facts(act) | {"actor": "somebody else"}, act.salt)
            assert denied not in logged
            kinds.add(act.verb)
        entry, proven = next(iter(logged.values()))
        with pytest.raises(merkle.Wrong):
            proof.verify(proof.parse(proven), entry.encode() + b" ", keys, keys[0].name)
    assert len(kinds) >= 25, sorted(kinds)


def opened(clock: Clock) -> dict[str, str]:
    key = users.create_key("K", [MINE], clock().replace(year=2027, month=1), BY, clock())
    return {"Authorization": f"Bearer {key}"}


def acts_of_a_program(world: World, clock: Clock) -> None:
    """Acts that the world is not made by, in an order in which each is possible."""
    known = {name.replace(".", "_"): value for name, value in world.known.items()}
    known |= {"requests": "number-of-main", "day": (clock() + DAY).isoformat()}
    mine = api(world.app, "first@example.com", "owner", clock)
    for line in ACTS.format_map(known).strip().split("\n"):
        asked, _, body = line.strip().partition(" | ")
        told = json.loads("{" + body + "}") if body else None
        said = mine(asked.replace(" ", f" /sites/{MINE}", 1), told, If_Match="*")
        assert said.status_code < 300, (line, said.text)


DAY = timedelta(days=1)
ACTS = """
    PATCH  | "name": "Another name"
    POST /trackers | "name": "_new", "category": "statistics"
    PATCH /trackers/{inventory_number} | "purpose": {{"en": "Another purpose."}}
    DELETE /trackers/{inventory_number}
    PUT /services/maps | "name": "Maps"
    DELETE /services/maps
    POST /inventory/import | "csv": "name,category\\n_b,statistics\\n"
    POST /proposals/{review_number}/dismiss | "why": "no"
    POST /proposals/{review_number}/reopen
    PUT /schedule | "every": "off", "url": "https://example.com/"
    POST /requests/{requests}/begin
    POST /requests/{requests}/notes | "text": "Called."
    POST /requests/{requests}/extend | "why": "Many."
    POST /requests/{requests}/close | "state": "done", "note": "Answered."
    POST /records/{record_id}/erase | "reason": "Asked for", "scope": "record"
    PATCH /webhooks/{webhooks_number} | "active": false
    POST /webhooks/{webhooks_number}/rotate
    POST /notice/publish | "effective_at": "{day}"
    POST /notice/versions/2/cancel
    POST /notice/versions/1/rollback | "newest": 2
    DELETE /webhooks/{webhooks_number}
"""


# -- K01: a key that was taken away ------------------------------------------------------------


def test_K01_of_a_hundred_keys_each_is_shut_at_once_when_it_is_revoked(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock())
    end = clock().replace(year=2027, month=1)
    keys = [users.create_key("K", [MINE], end, BY, clock()) for _ in range(100)]
    path = f"/v1/audit/{MINE}/records"
    for key in keys:
        header = {"Authorization": f"Bearer {key}"}
        assert client.get(path, headers=header).status_code == 200
        users.revoke_key(key.split("_")[1], BY, clock())
        assert client.get(path, headers=header).status_code == 401


# -- what the docs say of it -------------------------------------------------------------------


def test_every_row_of_the_docs_names_files_that_have_its_mark_or_are_there() -> None:
    rows = re.findall(r"^\| ([AK]\d\d\w?) \|.*\| (.*?) \|$", page("attacks.md"), re.MULTILINE)
    assert len({mark for mark, _ in rows}) == 14 + 6
    for mark, named in rows:
        for file, said in re.findall(r"`(tests/[\w/]+\.py)`(?: (\w+))?", named):
            text = (ROOT / file).read_text("utf-8")
            assert said in ("", mark) and (not said or f"_{mark}_" in text), (mark, file)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")
