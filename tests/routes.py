"""Every route of the admin, with something real in each blank: two organisations, their sites, and
whatever an address of the admin may name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from consent import (
    bulk,
    findings,
    inventory,
    notices,
    organisations,
    requests,
    scans,
    sitefile,
    sites,
    tokens,
    undoing,
    users,
    webhooks,
)
from consent.db import db
from consent.permissions import Role
from tests.acts import BY, add_site, choice_body, fill_inventory, post_choice
from tests.sightings import analytics, cookie, finding, saw

WORDS = "river lamp stone 42"
OURS = {"Sec-Fetch-Site": "same-origin"}
MINE, THEIRS = "example.com", "other.example"
WISH = requests.Wish("access", "visitor@example.com", "What do you know of me?", None, "en")
BLANK = re.compile(r"<(?:(\w+):)?(\w+)>")


def rules(app: Flask) -> list[Rule]:
    """The routes below /admin/, without the files."""
    found = [r for r in app.url_map.iter_rules() if r.rule.startswith("/admin/")]
    return sorted((r for r in found if r.endpoint != "admin.static"), key=lambda r: r.rule)


def ways(app: Flask) -> list[tuple[str, Rule]]:
    """(method, route) of each."""
    methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return [(one, rule) for rule in rules(app) for one in methods if one in (rule.methods or ())]


def blanks(rule: Rule) -> set[str]:
    """The names of what an address leaves open."""
    return {name for _, name in BLANK.findall(rule.rule)}


def filled(rule: Rule, known: dict[str, str]) -> str:
    """The address with each blank filled: by `family.name`, by `name`, else by a guess."""
    family = rule.endpoint.split(".")[1]

    def value(blank: re.Match[str]) -> str:
        guess = "1" if blank[1] == "int" else "x"
        return known.get(f"{family}.{blank[2]}", known.get(blank[2], guess))

    return BLANK.sub(value, rule.rule)


@dataclass
class World:
    """`known` names the things of MINE, `foreign` those of THEIRS, for `filled`."""

    app: Flask
    at: datetime
    known: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    other: int = 0  # the number of the other organisation

    def person(self, name: str, role: Role | None, organisation: int | None = None) -> Person:
        """Somebody signed in with a role; without one a member of nothing."""
        email = f"{name}@example.com"
        user, _ = users.add_user(email, WORDS, BY, self.at, role or Role.VIEWER, organisation)
        if role is None:
            users.remove_member(organisations.main().id, user.id, BY, self.at)
        return self.signed_in(email)

    def signed_in(self, email: str) -> Person:
        someone = Person(self.app.test_client(), email)
        someone.sign_in()
        someone.client.get("/admin/account")  # the session notes where it is
        return someone


@dataclass
class Person:
    """A browser; without an e-mail of nobody who is known."""

    client: FlaskClient
    email: str = ""

    def sign_in(self) -> None:
        self.client.application.extensions["crumbtrail_sign_in"]._tries.clear()
        token = self.token("/admin/sign-in")
        form = {"csrf": token, "email": self.email, "password": WORDS}
        reply = self.client.post("/admin/sign-in", data=form, headers=OURS)
        assert reply.status_code == 303, reply.text

    def token(self, path: str = "/admin/account") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.client.get(path).text)
        assert found is not None, path
        return found[1]

    def ask(self, method: str, path: str, **form: Any) -> TestResponse:
        if method == "GET":
            return self.client.get(path)
        if self.email and self.client.get("/admin/account").status_code == 401:
            self.sign_in()
        token = self.token() if self.email else "none"
        return self.client.open(path, method=method, data={"csrf": token, **form}, headers=OURS)


def build(app: Flask, at: datetime) -> World:
    """In the app's context: two organisations with a site each, both full; an owner in each."""
    world = World(app, at)
    users.add_user("first@example.com", WORDS, BY, at)
    main = organisations.main().id
    world.other = organisations.add("other", "The others", BY, at).id
    users.add_user("theirs@example.com", WORDS, BY, at, organisation=world.other)
    world.known = _furnish(app, at, MINE, main, "main")
    world.foreign = _furnish(app, at, THEIRS, world.other, "other")
    return world


def _furnish(app: Flask, at: datetime, key: str, of: int, name: str) -> dict[str, str]:
    site = add_site(at, key, organisation=of, preferences=True, request_form=True)
    fill_inventory(site, at)
    inventory.add_tracker(site, BY, at, name="held", category=None)
    notices.add_policy(site, "en", b"We keep nothing.", BY, at)
    digest = notices.publish(site, BY, at).digest
    body = choice_body(digest, at, page=f"https://{key}/")
    body["categories"] |= {"preferences": False}
    assert post_choice(app.test_client(), key, body).status_code == 201
    site = sites.get(key)  # the session was closed by the choice
    scan = scans.start(site, f"https://{key}/", BY, at)
    seen = saw(*analytics(), cookie("_found"))
    scans.claim(at)
    drafts = scans.from_scan(seen, inventory.state(site))
    scans.finish(scan.id, findings.to_json(seen), [finding("x")], drafts, at)
    asked = requests.add(site, f"number-of-{name}", WISH, "PL", at)
    member = f"someone@{key}"
    user, _ = users.add_user(member, WORDS, BY, at, Role.VIEWER, of)
    session = users.sign_in(member, WORDS, at)[1]
    secret = users.create_key("An auditor", [key], at + timedelta(days=9), BY, at, None, None, of)
    [seat] = users.seats(user)
    token = tokens.create_token(user, seat, "viewer", "A program", at + timedelta(days=9), BY, at)
    hook = webhooks.add(site, f"https://hooks.{key}/", webhooks.EVENTS, BY, at)
    sent = webhooks.test(hook, site, BY, at)
    template = sitefile.save_template(site, "House", BY, at)
    act = bulk.start("publish", [site], {}, BY, at)
    assert act.id == template.id  # the same blank names both
    guest = users.invite(of, f"guest@{key}", Role.VIEWER, BY, at)
    return {
        "key": key,
        "organisation": name,
        "invitations.token": guest,
        "key_id": secret.split("_")[1],
        "token_id": token.split("_")[1],
        "webhooks.number": str(hook.id),
        "webhooks.name": sent.name,
        "many.number": str(act.id),
        "session_id": str(session.id),
        "person": str(user.id),
        "people.number": str(users.pending(of, at)[0].id),
        "inventory.number": str(inventory.trackers(site)[0].id),
        "inventory.name": "ads",
        "undo.number": str(undoing.lately(at, key)[0].id),
        "history.number": str(inventory.versions(site)[0].id),
        "review.number": str(scans.waiting(site)[0].id),
        "scans.number": str(scan.id),
        "requests.number": asked.number,
        "record_id": body["id"],
        "version": "1",
        "language": "en",
        "papers.number": "1",
        "tag": "en",
        "digest": digest,
        "rest": "nothing",
    }


def state(app: Flask, without: Collection[str] = ()) -> str:
    """A digest of every row of every table but those: equal means that nothing was changed."""
    found = hashlib.sha256()
    with app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            if table.name in without:
                continue
            rows = sorted(map(repr, connection.execute(select(table))))
            found.update(json.dumps([table.name, rows]).encode())
    return found.hexdigest()
