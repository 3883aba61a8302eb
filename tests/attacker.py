"""Somebody who is let in everywhere and tries what is in `injections` at every place there is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from consent import tokens, users
from consent.api.frame import OPERATIONS
from consent.db import Unit, db
from consent.ledger import erasure
from consent.permissions import Right, needed
from tests.acts import BY, SECRET, choice_body
from tests.injections import (
    HEADERS,
    Form,
    Names,
    Spot,
    forms_of,
    leaves,
    number_parts,
    of_schema,
    open_parts,
    replaced,
)
from tests.routes import MINE, OURS, World, build, filled
from tests.test_api_organisations import BODIES

DOOR = "the token of a page before the sign-in"


class Attacker:
    """Somebody who is let in everywhere: an owner who runs the server, with a token of the admin
    API, a key of the auditors and a visitor's secret. What a request writes is rolled back."""

    def __init__(self, world: World, at: datetime) -> None:
        self.world, self.app = world, world.app
        self.names = Names(self.app)
        self.owner = world.signed_in("first@example.com")
        user = users.known("first@example.com")
        [seat] = [one for one in users.seats(user)][:1]
        ends = at + timedelta(days=9)
        self.token = tokens.create_token(user, seat, "owner", "T", ends, BY, at)
        self.key = users.create_key("K", [MINE], ends, BY, at)
        self.known = world.known | {"site": MINE, "record_id": world.known["record_id"]}
        self.known |= {"lang": "en", "form": "json", "name": "crumbtrail", "profile": "strict"}
        self.known |= {"keys.name": world.known["key_id"], "people.number": world.known["person"]}
        self.known |= {
            "webhooks.name": world.known["webhooks.name"],
            "sealed": "x",
            "filename": "x",
        }
        self.csrf, cookies = self.owner.token(), self.owner.client._cookies or {}
        held = {one.key: one.value for one in cookies.values()} | {"crumbtrail_door": DOOR}
        self.cookies = "; ".join(f"{name}={value}" for name, value in held.items())
        self.client = self.app.test_client(use_cookies=False)  # signing out changes nothing
        self.choice = choice_body(self.known["digest"], at)
        self.forms: dict[str, dict[str, str]] = {}

    def headers(self, rule: Rule) -> dict[str, str]:
        address = rule.rule
        if address.startswith("/v1/admin/"):
            return {"Authorization": f"Bearer {self.token}", "If-Match": "*"}
        if address.startswith(("/v1/audit/", "/log/")):
            return {"Authorization": f"Bearer {self.key}"}
        if "/visitor/" in address or "/receipts/" in address:
            return {"Authorization": f"Visitor {SECRET}"}
        return {} if address.startswith("/v1/") else {**OURS, "Cookie": self.cookies}

    def path(self, rule: Rule, **changed: str) -> str:
        known = {**self.known, **changed}
        for name in changed:
            known[f"{rule.endpoint.split('.')[1]}.{name}"] = changed[name]
        return filled(rule, known)

    def ask(self, rule: Rule, method: str, path: str = "", **told: Any) -> TestResponse:
        """One request of a session of its own, and nothing of it stays."""
        headers = {**self.headers(rule), **told.pop("headers", {})}
        if method == "POST" and rule.endpoint.startswith("admin."):
            token = DOOR if needed(rule.endpoint) == Right.DOOR else self.csrf
            told["data"] = {"csrf": token, **told.get("data", {})}
        self.app.extensions["crumbtrail_sign_in"]._tries.clear()
        with self.app.app_context():
            reply = self.client.open(
                path or self.path(rule), method=method, headers=headers, **told
            )
            reply.get_data()
            db.session.rollback()
            db.session.remove()
        return reply

    # -- where ---------------------------------------------------------------------------------

    def ways(self) -> list[tuple[str, Rule]]:
        rules = sorted(self.app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
        some = [rule for rule in rules if not rule.endpoint.endswith(".static")]
        return [(m, r) for r in some for m in sorted((r.methods or set()) - {"HEAD", "OPTIONS"})]

    def learn(self) -> None:
        """Ask every route once or twice, so that its names and the forms of its page are known."""
        adapter = self.app.url_map.bind("localhost")
        for method, rule in self.ways():
            if method != "GET":
                continue
            page = self.ask(rule, "GET")
            if page.mimetype != "text/html":
                continue
            for form in forms_of(page.text):
                self.keep(adapter, form, self.path(rule))
        for method, rule in self.ways():
            if method == "POST" and not rule.rule.startswith("/v1/admin/"):
                for _ in range(2):  # a name may be asked for only after another was right
                    self.ask(rule, "POST", data=self.form(rule))

    def keep(self, adapter: Any, form: Form, page: str) -> None:
        address = (form.action or page).split("?")[0]
        try:
            endpoint, _ = adapter.match(address, method=form.method)
        except HTTPException:  # of another host
            return
        name = f"{form.method} {endpoint}"
        self.forms.setdefault(name, {}).update(
            {k: v for k, v in form.fields.items() if v or k not in self.forms.get(name, {})}
        )

    def form(self, rule: Rule) -> dict[str, str]:
        name = f"POST {rule.endpoint}"
        found = {one: "x" for one in self.names.found[name]} | self.forms.get(name, {})
        return {one: value for one, value in found.items() if one != "csrf"}

    def fill(self, **values: str) -> None:
        """What stands in the fields of these names, in every form that has them."""
        for rule in self.app.url_map.iter_rules():
            form = self.form(rule)
            self.forms[f"POST {rule.endpoint}"] = form | {
                name: value for name, value in values.items() if name in form
            }

    def spots(self) -> Iterator[Spot]:
        for method, rule in self.ways():
            yield from self.in_path(method, rule, open_parts(rule))
            if method == "GET":
                yield from self.in_query(rule)
            elif rule.rule.startswith("/v1/admin/"):
                yield from self.in_json(method, rule)
            elif method == "POST" and rule.endpoint == "visitor.consents":
                yield from self.in_choice(rule)
            elif method == "POST":
                yield from self.in_form(rule)
        for method, rule in self.ways():
            if method == "GET" and rule.endpoint in HEARD:
                yield from self.in_headers(rule)

    def numbers(self) -> Iterator[Spot]:
        """Where a number is asked for, or may be."""
        for method, rule in self.ways():
            yield from self.in_path(method, rule, number_parts(rule))
        yield from (spot for spot in self.spots() if spot.kind not in ("path", "header"))

    def in_path(self, method: str, rule: Rule, names: list[str]) -> Iterator[Spot]:
        for name in names:
            told: dict[str, Any] = {}
            if method != "GET":
                told = self.body(method, rule)

            def send(value: str, name: str = name, told: dict[str, Any] = told) -> TestResponse:
                path = self.path(rule, **{name: value.replace("%", "%25").replace("?", "%3F")})
                return self.ask(rule, method, path, **told)

            yield Spot(method, rule.endpoint, "path", name, send)

    def body(self, method: str, rule: Rule) -> dict[str, Any]:
        if rule.rule.startswith("/v1/admin/"):
            return {"json": BODIES[rule.endpoint]} if rule.endpoint in BODIES else {}
        return {"data": self.form(rule)} if method == "POST" else {}

    def in_query(self, rule: Rule) -> Iterator[Spot]:
        names = set(self.names.found[f"GET {rule.endpoint}"])
        names |= set(self.forms.get(f"GET {rule.endpoint}", {})) | set(
            QUERIES.get(rule.endpoint, ())
        )
        for known in OPERATIONS:
            if known.endpoint == rule.endpoint and known.query is not None:
                names |= set(known.query.fields)
        for name in sorted(names or {"q"}):

            def send(value: str, name: str = name) -> TestResponse:
                return self.ask(rule, "GET", query_string={name: value})

            yield Spot("GET", rule.endpoint, "query", name, send)

    def in_form(self, rule: Rule) -> Iterator[Spot]:
        whole = self.form(rule)
        for name in sorted(whole):

            def send(value: str, name: str = name) -> TestResponse:
                return self.ask(rule, "POST", data=whole | {name: value})

            yield Spot("POST", rule.endpoint, "form", name, send)

    def in_json(self, method: str, rule: Rule) -> Iterator[Spot]:
        [known] = [
            one for one in OPERATIONS if (one.endpoint, one.method) == (rule.endpoint, method)
        ]
        if known.body is None:
            return
        whole = BODIES.get(rule.endpoint, {})
        for place in sorted({*leaves(whole), *of_schema(known.body)} - {()}, key=str):

            def send(value: str, place: tuple[Any, ...] = place) -> TestResponse:
                return self.ask(rule, method, json=replaced(whole, place, value))

            yield Spot(method, rule.endpoint, "json", ".".join(map(str, place)), send)

    def in_choice(self, rule: Rule) -> Iterator[Spot]:
        sent = {"Origin": f"https://{MINE}", "Content-Type": "text/plain;charset=UTF-8"}
        for place in leaves(self.choice):

            def send(value: str, place: tuple[Any, ...] = place) -> TestResponse:
                body = json.dumps(replaced(self.choice, place, value))
                return self.ask(rule, "POST", data=body, headers=sent)

            yield Spot("POST", rule.endpoint, "json", ".".join(map(str, place)), send)

    def in_headers(self, rule: Rule) -> Iterator[Spot]:
        for name in HEADERS:

            def send(value: str, name: str = name) -> TestResponse:
                told = value.translate(LINES)
                if name == "Authorization":
                    told = f"Bearer {told}"
                elif name == "Cookie":
                    told = f"crumbtrail_admin={told}; crumbtrail_door={told}; ct_visitor={told}"
                return self.ask(rule, "GET", headers={name: told})

            yield Spot("GET", rule.endpoint, "header", name, send)


LINES = str.maketrans("\r\n\0", "   ")  # no server lets these through in a header
HEARD = (
    "admin.sites.one", "admin.account.sign_in", "api.sites.every", "auditor.many",
    "visitor.script", "visitor.my_records", "log.site_head",
)  # fmt: skip
# What is read by walking over all there is, so that no name is asked for.
QUERIES = {
    "auditor.many": "from to visitor action category country notice after limit format".split(),
    "auditor.export": "from to visitor action category country notice format".split(),
    "visitor.my_records": ["format"],
}


def let_in(app: Flask, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Attacker:
    """Outside of any app context. From here on no request changes anything for good."""
    with app.app_context():
        made = Attacker(build(app, at), at)
        app.extensions["crumbtrail"].ledger.tick(at)
        db.session.remove()
    monkeypatch.setattr(Unit, "commit", Unit.flush)  # what a request writes is rolled back
    monkeypatch.setattr(erasure, "scrub", lambda: None)  # which waits for the end of it
    made.learn()
    return made
