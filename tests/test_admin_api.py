"""The admin API: the same verbs and refusals as the admin's pages, for programs with a token."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from consent import inventory, notices, permissions, sites, tokens, trail, users
from consent.api.frame import OPERATIONS
from consent.permissions import API, Role
from tests import acts
from tests.conftest import Clock

SITE = "example.com"
OWNER = "olga@example.com"


_KNOWN: list[dict[str, Any]] = []


def described(client: FlaskClient) -> dict[str, Any]:
    """The description, which is the same for every test and takes a while to make."""
    if not _KNOWN:
        _KNOWN.append(client.get("/openapi.json").get_json())
    return _KNOWN[0]


@pytest.fixture
def settings() -> dict[str, str]:
    return {"RATE_KEY": "0"}


class Api:
    """A program with a token; every answer it gets must be one that is described."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client, self.token = client, token
        self.described = described(client)
        self.rules = client.application.url_map.bind("localhost")

    def __call__(self, line: str, body: Any = None, **headers: str) -> TestResponse:
        method, _, path = line.partition(" ")
        sent = {"Authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        told = {"json": body} if body is not None else {}
        reply = self.client.open(f"/v1/admin{path}", method=method, headers=sent, **told)
        self.check(method, path.partition("?")[0], reply)
        return reply

    def check(self, method: str, path: str, reply: TestResponse) -> None:
        if reply.status_code in (404, 405) and "nowhere" in path:
            return
        rule, _ = self.rules.match(f"/v1/admin{path}", method=method, return_rule=True)
        named = "".join(
            f"{{{part}}}" if dynamic else part for dynamic, part in rule._trace if part != "|"
        ).removeprefix("|")
        answers = self.described["paths"][named][method.lower()]["responses"]
        assert str(reply.status_code) in answers, f"{method} {path}: {reply.status} {reply.text}"
        answer = answers[str(reply.status_code)]
        if "$ref" in answer:
            answer = self.described["components"]["responses"][answer["$ref"].split("/")[-1]]
        if "content" in answer:
            schema = answer["content"]["application/json"]["schema"]
            whole = {**schema, "components": self.described["components"]}
            Draft202012Validator(whole).validate(reply.json)
        else:
            assert not reply.data


@pytest.fixture
def token(app: Flask, clock: Clock) -> Callable[[str], str]:
    user, _ = users.add_user(OWNER, "a long password of olga", "test", clock())

    def make(role: str) -> str:
        ends = clock() + timedelta(days=30)
        return tokens.create_token(user, users.seats(user)[0], role, "A test", ends, OWNER, clock())

    return make


@pytest.fixture
def ask(app: Flask, client: FlaskClient, clock: Clock, token: Callable[[str], str]) -> Api:
    acts.make_site(app, clock())
    return Api(client, token("owner"))


def code(reply: TestResponse) -> str:
    assert reply.json is not None
    assert reply.json["error"]["code"] == reply.headers["X-Consent-Refused"]
    return str(reply.json["error"]["code"])


# -- who is let in -----------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_without_a_token_nothing_is_open(ask: Api) -> None:
    rules = {r.endpoint: r.rule for r in ask.client.application.url_map.iter_rules()}
    bad = {
        "": "token_missing",
        "Bearer ctk_0123456789ab_" + "A" * 43: "token_missing",
        "Bearer cta_0123456789ab_" + "A" * 43: "token_unknown",
        "Basic b2xnYTpwYXNz": "token_missing",
    }
    for known in OPERATIONS:
        path = re.sub("<int:[a-z]+>", "1", rules[known.endpoint])
        path = re.sub("<[a-z_]+>", "x", path)
        for header, said in bad.items():
            sent = {"Authorization": header}
            reply = ask.client.open(path, method=known.method, headers=sent)
            assert reply.status_code == 401 and code(reply) == said, path
            assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.sqlite_only
def test_a_token_is_shown_once_and_kept_as_a_fingerprint(
    app: Flask, token: Callable[[str], str]
) -> None:
    made = token("viewer")
    [kept] = tokens.tokens(users.users()[0])
    assert made.startswith(f"cta_{kept.id}_") and len(made.split("_", 2)[2]) == 43
    assert made.split("_", 2)[2] not in str(vars(kept))
    assert made not in str([vars(entry) for entry in trail.entries()])


@pytest.mark.sqlite_only
def test_a_token_ends_when_it_is_revoked_and_when_its_time_is_over(ask: Api, clock: Clock) -> None:
    assert ask("GET /me").json == {
        "email": OWNER,
        "organisation": "main",
        "held": "owner",
        "role": "owner",
        "token": ask.token.split("_")[1],
        "label": "A test",
        "expires_at": "2026-12-21T10:00:00.000Z",
    }
    clock.advance(days=30)
    assert code(ask("GET /me")) == "token_expired"
    clock.advance(days=-1)
    tokens.revoke_token(users.users()[0], ask.token.split("_")[1], OWNER, clock())
    assert code(ask("GET /me")) == "token_revoked"


@pytest.mark.sqlite_only
def test_each_role_opens_what_the_matrix_says_and_nothing_else(
    ask: Api, token: Callable[[str], str]
) -> None:
    rules = {r.endpoint: r for r in ask.client.application.url_map.iter_rules()}
    for role in Role:
        header = {"Authorization": f"Bearer {token(role)}"}
        for right, listed in API.items():
            for name in listed.split():
                rule = rules[f"api.{name}"]
                filled = {
                    part: 99999 if f"int:{part}" in rule.rule else "nothing"
                    for part in rule.arguments
                }
                [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
                path = ask.rules.build(rule.endpoint, filled, method=method)
                reply = ask.client.open(path, method=method, headers=header)
                refused = reply.status_code == 403 and code(reply) == "role"
                assert refused != permissions.may(role, right), f"{role} {method} {path}"


def test_a_token_may_do_no_more_than_its_maker() -> None:
    assert tokens.roles_below(Role.OWNER) == tuple(Role)
    assert tokens.roles_below(Role.EDITOR) == (Role.EDITOR, Role.VIEWER)
    assert tokens.roles_below(Role.AUDITOR) == (Role.AUDITOR, Role.VIEWER)
    assert tokens.roles_below(Role.VIEWER) == (Role.VIEWER,)


@pytest.mark.sqlite_only
def test_no_cookie_opens_the_api_and_no_other_origin_reads_it(ask: Api) -> None:
    reply = ask("GET /sites", Origin="https://example.com")
    assert not [name for name in reply.headers.keys() if name.startswith("Access-Control")]
    assert "Set-Cookie" not in reply.headers


# -- what it does ------------------------------------------------------------------------------


def test_a_site_is_made_changed_and_published_by_a_program(ask: Api, clock: Clock) -> None:
    body = {
        "key": "shop.example",
        "name": "Shop",
        "controller": {"legal_name": "Shop Ltd", "email": "privacy@shop.example"},
        "origins": ["https://Shop.example/"],
        "languages": ["en", "pl"],
    }
    made = ask("POST /sites", body)
    assert made.status_code == 201 and made.get_json()["origins"] == ["shop.example"]
    assert code(ask("POST /sites", body)) == "site_exists"
    refused = ask("POST /sites/shop.example/notice/publish", {})
    assert (
        code(refused) == "notice_incomplete"
        and "retention" in refused.get_json()["error"]["fields"]
    )
    seen = ask("GET /sites/shop.example")
    kept = {"retention": {"value": 24, "unit": "month"}}
    assert code(ask("PATCH /sites/shop.example", kept)) == "if_match_missing"
    match = seen.headers["ETag"]
    done = ask("PATCH /sites/shop.example", kept, If_Match=match)
    assert done.status_code == 200 and done.get_json()["retention"] == kept["retention"]
    late = ask("PATCH /sites/shop.example", {"name": "Late"}, If_Match=match)
    assert late.status_code == 412 and code(late) == "changed_meanwhile"
    assert sites.get("shop.example").name == "Shop"
    draft = ask("GET /sites/shop.example/notice/draft")
    ask("PUT /sites/shop.example/services/maps", {"name": "Maps", "category": "marketing"})
    stale = ask("POST /sites/shop.example/notice/publish", {}, If_Match=draft.headers["ETag"])
    assert stale.status_code == 412
    published = ask("POST /sites/shop.example/notice/publish", {})
    assert published.status_code == 201 and published.get_json()["version"] == 1
    assert len(ask("GET /sites/shop.example/notice/versions").get_json()["versions"]) == 1
    assert ask("GET /sites/shop.example/notice/versions/1").status_code == 200
    assert ask("GET /sites/shop.example/notice/versions/2").status_code == 404
    assert "consent.js" in ask("GET /sites/shop.example/snippet").get_json()["snippet"]
    actors = {entry.actor for entry in trail.entries("shop.example")}
    assert actors == {f"{OWNER} (token {ask.token.split('_')[1]})"}


@pytest.mark.sqlite_only
def test_lists_come_in_pages(ask: Api, clock: Clock) -> None:
    for number in range(5):
        acts.add_site(clock(), f"s{number}.example")
    found, path = [], "/sites?limit=2"
    while True:
        page = ask(f"GET {path}").get_json()
        found += [site["key"] for site in page["sites"]]
        if page["next"] is None:
            break
        path = f"/sites?limit=2&after={page['next']}"
    assert found == [SITE, *(f"s{number}.example" for number in range(5))]
    names = []
    after = ""
    for _ in range(10):
        page = ask(f"GET /sites/{SITE}/trackers?limit=4{after}").get_json()
        names += [row["name"] for row in page["trackers"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(names) == len(inventory.trackers(sites.get(SITE))) == 6


def test_the_inventory_is_kept_by_a_program(ask: Api) -> None:
    root = f"/sites/{SITE}"
    made = ask(f"POST {root}/trackers", {"name": "_new", "category": "statistics"})
    number, match = made.get_json()["id"], ask(f"GET {root}/trackers/{made.get_json()['id']}")
    edited = ask(
        f"PATCH {root}/trackers/{number}",
        {"duration": {"value": 2, "unit": "day"}},
        If_Match=match.headers["ETag"],
    )
    assert edited.get_json()["duration"] == {"value": 2, "unit": "day"}
    late = ask(f"DELETE {root}/trackers/{number}", If_Match=match.headers["ETag"])
    assert late.status_code == 412
    assert ask(f"DELETE {root}/trackers/{number}").status_code == 204
    assert ask(f"GET {root}/trackers/{number}").status_code == 404
    assert code(ask(f"DELETE {root}/services/ads")) == "service_used"
    ask(f"PUT {root}/services/idle", {"name": "Idle"})
    assert ask(f"DELETE {root}/services/idle").status_code == 204
    csv = "name,category\n_a,statistics\n_b,nonsense\n"
    taken = ask(f"POST {root}/inventory/import", {"csv": csv}).get_json()
    assert taken["added"] == 1 and [row["line"] for row in taken["refused"]] == [3]
    states = ask(f"GET {root}/inventory/versions").get_json()["versions"]
    back = {"version": states[1]["id"], "seen": states[0]["id"]}
    assert ask(f"POST {root}/inventory/restore", back).status_code == 200
    assert code(ask(f"POST {root}/inventory/restore", back)) == "inventory_changed"
    reason = ask(f"POST {root}/trackers", {"name": "_x", "category": "necessary"})
    assert code(reason) == "reason_missing"


def test_texts_scans_and_proposals_are_kept_by_a_program(ask: Api, clock: Clock) -> None:
    root = f"/sites/{SITE}"
    seen = ask(f"GET {root}/texts/en")
    said = {"texts": {"title": "Your choice about cookies"}}
    assert code(ask(f"PUT {root}/texts/en", said)) == "if_match_missing"
    done = ask(f"PUT {root}/texts/en", said, If_Match=seen.headers["ETag"])
    assert done.get_json()["texts"] == said["texts"]
    assert ask(f"GET {root}/texts/pl").status_code == 404
    unproven = ask(f"POST {root}/scans", {"url": "https://example.com/"})
    assert unproven.status_code == 403 and code(unproven) == "not_proven"
    assert ask(f"GET {root}/scans").get_json() == {"scans": [], "next": None}
    policy = "Cookie policy\n\nWe use the cookie _fbp of Facebook for advertising, for 90 days.\n"
    read = ask(f"POST {root}/policy", {"text": policy, "propose": True})
    assert read.status_code == 200
    waiting = ask(f"GET {root}/proposals").get_json()["proposals"]
    assert len(waiting) == read.get_json()["proposed"]
    assert ask(f"GET {root}/proposals?state=decided").get_json() == {"proposals": []}
    assert ask(f"POST {root}/proposals/9999/dismiss", {"why": "no"}).status_code == 404
    schedule = {"every": "off", "url": "https://example.com/"}
    assert ask(f"PUT {root}/schedule", schedule).get_json()["every"] == "off"


def test_records_requests_keys_and_the_trail_are_read_by_a_program(
    ask: Api, app: Flask, client: FlaskClient, clock: Clock
) -> None:
    root, notice = f"/sites/{SITE}", notices.versions(sites.get(SITE))[0]
    body = acts.choice_body(notice.digest, clock())
    assert acts.post_choice(client, SITE, body).status_code == 201
    page = ask(f"GET {root}/records?limit=1").get_json()
    assert [row["id"] for row in page["records"]] == [body["id"]]
    assert ask(f"GET {root}/records/{body['id']}").get_json()["record"]["id"] == body["id"]
    assert ask(f"GET {root}/records/nothing").status_code == 404
    app.extensions["crumbtrail"].ledger.tick(clock())
    wish = {"reason": "Asked for", "scope": "visitor"}
    assert ask(f"POST {root}/records/{body['id']}/erase", wish).get_json() == {"erased": 1}
    assert ask(f"POST {root}/records/{body['id']}/erase", wish).get_json() == {"erased": 0}
    assert ask(f"GET {root}/requests").get_json() == {"requests": []}
    ends = "2026-12-01T00:00:00Z"
    made = ask("POST /keys", {"label": "A", "sites": [SITE], "expires_at": ends})
    assert made.status_code == 201
    name = made.get_json()["key"].split("_")[1]
    assert ask(f"POST /keys/{name}/revoke").get_json() == {"done": True}
    assert ask("GET /keys").get_json()["keys"][0]["revoked_at"]
    entries = ask("GET /trail?limit=3").get_json()
    assert [row["verb"] for row in entries["entries"]][:2] == ["key.revoke", "key.create"]
    verbs = {row["verb"] for row in ask(f"GET /trail?site={SITE}").get_json()["entries"]}
    assert {"records.read", "record.erase"} & verbs


REFUSED: list[tuple[str, Any, int, str]] = [
    ("POST /sites", {"key": "a", "colour": "red"}, 422, "field_unknown"),
    ("POST /sites", [], 422, "field_type"),
    ("PUT /sites/example.com/services/a", {"name": 5}, 422, "field_type"),
    ("PUT /sites/example.com/services/a", {"name": "\ud800"}, 400, "json"),
    ("PUT /sites/example.com/services/A", {"name": "a"}, 422, "field_value"),
    ("POST /sites/example.com/trackers", {"duration": "long"}, 422, "field_type"),
    ("GET /sites?limit=0", None, 422, "field_value"),
    ("GET /sites?colour=red", None, 422, "field_unknown"),
    ("GET /sites?limit=1&limit=2", None, 422, "field_unknown"),
    ("GET /me?x=1", None, 422, "field_unknown"),
    ("GET /sites/example.com/trackers/99999999999", None, 404, "not_found"),
    ("GET /sites/nowhere.example", None, 404, "site_unknown"),
    ("PUT /sites/example.com/file", {"key": "b.example"}, 409, "file_key"),
]


@pytest.mark.sqlite_only
def test_what_cannot_be_is_refused_with_a_code(ask: Api) -> None:
    for line, body, status, said in REFUSED:
        reply = ask(line, body)
        assert reply.status_code == status and code(reply) == said, (line, reply.text)


@pytest.mark.sqlite_only
def test_a_body_that_is_no_json_is_refused(ask: Api) -> None:
    header = {"Authorization": f"Bearer {ask.token}"}
    for data, kind, status in (
        (b"{", "application/json", 400),
        (b"name=a", "application/x-www-form-urlencoded", 415),
        (b'{"key": "' + b"a" * 2_100_000 + b'"}', "application/json", 413),
        (b'{"key": 1, "key": 2}', "application/json", 400),
    ):
        reply = ask.client.post("/v1/admin/sites", data=data, content_type=kind, headers=header)
        assert reply.status_code == status, reply.text
        ask.check("POST", "/sites", reply)


def test_a_site_is_configured_as_code_through_the_api(ask: Api) -> None:
    root = f"/sites/{SITE}/file"
    file = ask(f"GET {root}").get_json()
    assert ask(f"PUT {root}", file).get_json()["changes"] == []
    file["name"] = "Another name"
    file["inventory"]["trackers"] = file["inventory"]["trackers"][:-1]
    tried = ask(f"PUT {root}?dry_run=true&prune=true", file).get_json()
    assert len(tried["changes"]) == 2 and sites.get(SITE).name == "Example"
    done = ask(f"PUT {root}?prune=true", file).get_json()
    assert done["changes"] == tried["changes"] and sites.get(SITE).name == "Another name"
    assert len(inventory.trackers(sites.get(SITE))) == 5


def test_webhooks_are_kept_by_a_program(ask: Api) -> None:
    root = f"/sites/{SITE}/webhooks"
    wish = {"url": "https://hooks.example/in", "events": ["notice.published"]}
    made = ask(f"POST {root}", wish).get_json()
    assert (
        made["secret"].startswith("whsec_") and code(ask(f"POST {root}", wish)) == "webhook_exists"
    )
    number = made["id"]
    assert "secret" not in ask(f"GET {root}/{number}").get_json()
    assert ask(f"POST {root}/{number}/rotate").get_json()["secret"] != made["secret"]
    ask(f"POST /sites/{SITE}/notice/publish", {})
    sent = ask(f"GET {root}/{number}/deliveries").get_json()["deliveries"]
    assert [row["event"] for row in sent] == ["notice.published"]
    assert sent[0]["message"]["data"]["version"] == 2
    assert code(ask(f"POST {root}/deliveries/{sent[0]['name']}/replay")) == "delivery_waiting"
    assert ask(f"PATCH {root}/{number}", {"active": False}).get_json()["active"] is False
    assert ask(f"POST {root}/{number}/test").status_code == 201
    assert ask(f"DELETE {root}/{number}").status_code == 204
    assert ask(f"GET {root}").get_json() == {"webhooks": []}
