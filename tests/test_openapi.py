"""The description of the API is true: whole, valid, and what the server really answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from consent import schemas, sites, users
from consent.auditor import FILTERS
from consent.notices import Notice
from consent.records.rows import ACTIONS, BROWSERS, CATEGORIES, DEVICES
from tests import acts
from tests.conftest import Clock
from tests.prepare import ROOT

SITE = "example.com"
# Pages for people; the API is the rest.
OUTSIDE = ("/admin", "/demo", "/stage", "/static")
WRITES = "auditor.read_only"  # refuses every method that writes, whatever the path


@pytest.fixture
def api(client: FlaskClient) -> dict[str, Any]:
    reply = client.get("/openapi.json")
    assert reply.status_code == 200 and reply.mimetype == "application/json"
    found: dict[str, Any] = reply.get_json()
    return found


@pytest.fixture
def notice(app: Flask, clock: Clock) -> Notice:
    return acts.make_site(app, clock())


@pytest.fixture
def bearer(notice: Notice, clock: Clock) -> dict[str, str]:
    expires = clock() + timedelta(days=1)
    key = users.create_key("An auditor", [SITE], expires, by="test", at=clock())
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def visitor() -> dict[str, str]:
    return {"Authorization": f"Visitor {acts.SECRET}"}


@pytest.fixture
def holds(api: dict[str, Any]) -> Callable[[str, TestResponse], Any]:
    """`holds("GET /healthz", reply)`: the answer is one that the description allows."""

    def check(route: str, reply: TestResponse) -> Any:
        method, path = route.split()
        described = api["paths"][path][method.lower()]["responses"]
        assert str(reply.status_code) in described, f"{route} answers {reply.status}: {reply.text}"
        answer = resolved(api, described[str(reply.status_code)])
        content = answer.get("content", {})
        if not content:
            assert not reply.data
            return None
        assert reply.mimetype in content
        if reply.mimetype != "application/json":
            return reply.text
        schema = content["application/json"]["schema"]
        Draft202012Validator({**schema, "components": api["components"]}).validate(reply.json)
        return reply.json

    return check


def resolved(api: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` points at, or the thing itself."""
    if "$ref" in thing:
        for name in thing["$ref"].removeprefix("#/").split("/"):
            api = api[name]
        return api
    return thing


def operations(api: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from walk(part)


# -- the description itself --------------------------------------------------------------------


def test_the_description_is_valid_openapi(api: dict[str, Any]) -> None:
    validate(api)
    assert api["openapi"].startswith("3.1")
    for schema in api["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_is_described_and_every_described_route_exists(
    app: Flask, api: dict[str, Any]
) -> None:
    routes = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(OUTSIDE) or rule.rule == "/" or rule.endpoint == WRITES:
            continue
        path = re.sub(r"<(?:[^:<>]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        routes |= {f"{m} {path}" for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert {route for route, _ in operations(api)} == routes


def test_every_reference_leads_somewhere_and_nothing_stands_unused(api: dict[str, Any]) -> None:
    used = {part["$ref"] for part in walk(api) if isinstance(part.get("$ref"), str)}
    made = {
        f"#/components/{kind}/{name}"
        for kind, named in api["components"].items()
        if kind != "securitySchemes"
        for name in named
    }
    assert used == made


def test_nothing_in_it_is_an_extension_of_ours(api: dict[str, Any]) -> None:
    assert not [name for part in walk(api) for name in part if name.startswith("x-")]


def test_every_parameter_of_a_path_is_described(api: dict[str, Any]) -> None:
    for route, operation in operations(api):
        given = [resolved(api, one) for one in operation.get("parameters", [])]
        in_path = {one["name"] for one in given if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", route)), route
        assert all(one["description"] for one in given), route


def test_the_filters_are_those_of_the_auditors_edge(api: dict[str, Any]) -> None:
    given = api["paths"]["/v1/audit/{site}/records"]["get"]["parameters"]
    assert {one["name"] for one in given if one.get("in") == "query"} == FILTERS


def test_the_choice_is_that_of_the_schema(api: dict[str, Any]) -> None:
    described, fields = api["components"]["schemas"]["Choice"], schemas.CHOICE.fields
    assert set(described["properties"]) == set(fields)
    assert set(described["required"]) == {name for name, f in fields.items() if f.required}
    signals = api["components"]["schemas"]["Signals"]
    assert set(signals["properties"]) == set(schemas.SignalsSchema().fields)
    assert described["properties"]["visitor"]["pattern"] == f"^{schemas.SECRET.pattern}$"
    named = api["components"]["schemas"]["Uuid7"]["pattern"]
    assert named == f"^{schemas.UUID7.pattern}$"


def test_the_words_are_those_that_are_stored(api: dict[str, Any]) -> None:
    named = api["components"]["schemas"]
    assert named["Action"]["enum"] == list(ACTIONS)
    assert named["Device"]["enum"] == list(DEVICES)
    assert named["Category"]["enum"] == ["necessary", *CATEGORIES]
    assert set(named["Categories"]["properties"]) == set(CATEGORIES)
    assert named["Record"]["properties"]["browser"]["enum"] == list(BROWSERS)


def test_a_record_has_no_fields_but_the_described_ones(api: dict[str, Any]) -> None:
    record = api["components"]["schemas"]["Record"]
    assert record["additionalProperties"] is False
    assert set(record["required"]) == set(record["properties"])


def test_the_code_refuses_with_described_codes_only(api: dict[str, Any]) -> None:
    described = set()
    for part in walk(api["paths"] | api["components"]):
        code = part.get("code")
        if isinstance(code, dict):
            described |= set(code.get("enum", [])) | {code.get("const")}
    folder, raised = ROOT / "consent", set()
    for file in [folder / "auditor.py", *(folder / "visitor").glob("*.py")]:
        raising = r"(?:NotFound|Invalid|Unauthorised|Forbidden|Conflict|Busy|Refusal)\(\s*\"(\w+)\""
        raised |= set(re.findall(raising, file.read_text("utf-8")))
    assert len(raised) > 10
    assert raised <= described


def test_the_example_of_a_choice_is_one(api: dict[str, Any]) -> None:
    content = api["paths"]["/v1/{site}/consents"]["post"]["requestBody"]["content"]
    for media in content.values():
        assert schemas.choice(media["example"]).action == "reject_all"
        valid = Draft202012Validator({**media["schema"], "components": api["components"]})
        valid.validate(media["example"])


# -- what the server answers -------------------------------------------------------------------


def test_a_choice_and_all_who_read_it_get_what_is_described(
    client: FlaskClient,
    notice: Notice,
    bearer: dict[str, str],
    visitor: dict[str, str],
    clock: Clock,
    holds: Callable[[str, TestResponse], Any],
) -> None:
    shown = holds("GET /v1/{site}/notice", client.get(f"/v1/{SITE}/notice"))
    body = acts.choice_body(
        notice.digest,
        clock(),
        answer=shown["answer"],
        services={"ads": False},
        device="tablet",
        shown_at="2026-11-21T09:59:58.500Z",
        signals={"gpc": True, "dnt": False},
        previous=acts.uuid7(clock()),
    )
    post, name = "POST /v1/{site}/consents", body["id"]
    made = holds(post, acts.post_choice(client, SITE, body))
    assert holds(post, acts.post_choice(client, SITE, body)) == made
    bare = acts.choice_body(notice.digest, clock())
    assert holds(post, acts.post_choice(client, SITE, bare, Origin="http://localhost"))["test"]
    holds("GET /v1/{site}/receipts/{record_id}", client.get(made["receipt"], headers=visitor))
    own = client.get(f"/v1/{SITE}/visitor/records", headers=visitor)
    holds("GET /v1/{site}/visitor/records", own)
    page = client.get(f"/v1/audit/{SITE}/records", headers=bearer)
    records = holds("GET /v1/audit/{site}/records", page)["records"]
    one = client.get(f"/v1/audit/{SITE}/records/{name}", headers=bearer)
    assert holds("GET /v1/audit/{site}/records/{record_id}", one) == records[0]
    assert records[0]["regime_shown"] and records[0]["answer"] == shown["answer"]
    text = client.get(f"/v1/audit/{SITE}/notices/{notice.digest}", headers=bearer)
    holds("GET /v1/audit/{site}/notices/{digest}", text)


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("GET /v1/{site}/consent.js", f"/v1/{SITE}/consent.js"),
        ("GET /v1/{site}/{lang}/consent.js", f"/v1/{SITE}/en/consent.js"),
        (
            "GET /v1/{site}/{profile}/{lang}/consent.js",
            f"/v1/{SITE}/US-CA+gpc/en/consent.js",
        ),
        (
            "GET /v1/{site}/code/{name}.{digest}.js",
            f"/v1/{SITE}/code/settings.0123456789abcdef.js",
        ),
        ("GET /v1/{site}/notice", f"/v1/{SITE}/notice?lang=en"),
        ("GET /v1/{site}/rules.json", f"/v1/{SITE}/rules.json"),
        ("GET /v1/{site}/{lang}/details.json", f"/v1/{SITE}/en/details.json"),
        ("GET /v1/{site}/declaration", f"/v1/{SITE}/declaration?rule=jp"),
        ("GET /v1/{site}/declaration.{form}", f"/v1/{SITE}/declaration.json"),
        ("GET /v1/{site}/declaration.{form}", f"/v1/{SITE}/declaration.js"),
    ],
)
def test_what_a_page_fetches_is_described_and_so_is_its_304(
    client: FlaskClient,
    notice: Notice,
    holds: Callable[[str, TestResponse], Any],
    route: str,
    path: str,
) -> None:
    reply = client.get(path)
    assert reply.status_code == 200 and holds(route, reply)
    again = client.get(path, headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304 and holds(route, again) is None


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("GET /.well-known/gpc.json", "/.well-known/gpc.json"),
        ("GET /v1/{site}/gpc.json", f"/v1/{SITE}/gpc.json"),
        ("GET /v1/{site}/tcf/{lang}.json", f"/v1/{SITE}/tcf/en.json"),
    ],
)
def test_what_other_tools_read_of_a_site_is_described(
    app: Flask,
    client: FlaskClient,
    notice: Notice,
    clock: Clock,
    holds: Callable[[str, TestResponse], Any],
    route: str,
    path: str,
) -> None:
    tcf = {"cmp_id": 300, "vendors": [1], "country": "DE"}
    sites.change(sites.get(SITE), "test", clock(), integrations={"tcf": tcf})
    copy = str(ROOT / "tests/gvl")
    assert app.test_cli_runner().invoke(args=["gvl", "update", "--from", copy]).exit_code == 0
    reply = client.get(path)
    assert reply.status_code == 200 and holds(route, reply)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/docs"])
def test_what_the_server_says_of_itself_is_described(
    client: FlaskClient, holds: Callable[[str, TestResponse], Any], path: str
) -> None:
    reply = client.get(path)
    assert reply.status_code == 200 and holds(f"GET {path}", reply)


@pytest.mark.parametrize(
    ("status", "changes", "headers"),
    [
        (400, b"{", {}),
        (403, {}, {"Origin": "https://elsewhere.example"}),
        (409, {"notice": "0" * 64}, {}),
        (413, b" " * 8193, {}),
        (415, {}, {"Content_Type": "application/xml"}),
        (422, {"colour": "red"}, {}),
        (422, {"layer": True}, {}),
        (422, {"action": "shrug"}, {}),
        (422, {"categories": {"necessary": True}}, {}),
        (422, {"services": {"nobody": False}}, {}),
        (422, {"action": "accept_all"}, {}),
        (422, {"id": "00000000-0000-7000-8000-000000000000"}, {}),
    ],
)
def test_every_refusal_of_a_choice_is_described(
    client: FlaskClient,
    notice: Notice,
    clock: Clock,
    holds: Callable[[str, TestResponse], Any],
    status: int,
    changes: Any,
    headers: dict[str, str],
) -> None:
    raw = isinstance(changes, bytes)
    body = changes if raw else acts.choice_body(notice.digest, clock(), **changes)
    reply = acts.post_choice(client, SITE, body, **headers)
    assert reply.status_code == status, reply.text
    said = holds("POST /v1/{site}/consents", reply)
    assert said["error"]["code"] == reply.headers["X-Consent-Refused"]


@pytest.mark.parametrize(
    ("route", "path", "status", "who"),
    [
        ("GET /v1/audit/{site}/records", f"/v1/audit/{SITE}/records", 401, None),
        ("GET /v1/audit/{site}/records", "/v1/audit/b.example/records", 403, "auditor"),
        ("GET /v1/audit/{site}/records", f"/v1/audit/{SITE}/records?limit=0", 422, "auditor"),
        ("GET /v1/audit/{site}/records/{record_id}", f"/v1/audit/{SITE}/records/1", 404, "auditor"),
        ("GET /v1/audit/{site}/notices/{digest}", f"/v1/audit/{SITE}/notices/1", 404, "auditor"),
        ("GET /v1/{site}/receipts/{record_id}", f"/v1/{SITE}/receipts/1", 401, None),
        ("GET /v1/{site}/receipts/{record_id}", f"/v1/{SITE}/receipts/1", 404, "visitor"),
        ("GET /v1/{site}/visitor/records", f"/v1/{SITE}/visitor/records", 401, "auditor"),
        ("GET /v1/{site}/visitor/records", "/v1/b.example/visitor/records", 404, "visitor"),
        ("GET /v1/{site}/notice", "/v1/b.example/notice", 404, None),
        ("GET /v1/{site}/pin/{digest}.js", f"/v1/{SITE}/pin/1.js", 404, None),
        ("GET /v1/{site}/{profile}/{lang}/consent.js", f"/v1/{SITE}/Mars/en/consent.js", 404, None),
    ],
)
def test_every_refusal_of_a_reader_is_described(
    client: FlaskClient,
    bearer: dict[str, str],
    visitor: dict[str, str],
    holds: Callable[[str, TestResponse], Any],
    route: str,
    path: str,
    status: int,
    who: str | None,
) -> None:
    headers = {"auditor": bearer, "visitor": visitor, None: {}}[who]
    reply = client.get(path, headers=headers)
    assert reply.status_code == status, reply.text
    assert holds(route, reply)["error"]["message"]


def test_a_site_without_a_notice_says_so_as_described(
    client: FlaskClient, app: Flask, clock: Clock, holds: Callable[[str, TestResponse], Any]
) -> None:
    acts.add_site(clock(), "new.example")
    for route, path in (
        ("GET /v1/{site}/consent.js", "/v1/new.example/consent.js"),
        ("GET /v1/{site}/{lang}/details.json", "/v1/new.example/en/details.json"),
    ):
        said = holds(route, client.get(path))
        assert said["error"]["code"] == "not_published"


# -- the page ----------------------------------------------------------------------------------


class Anchors(HTMLParser):
    """The tags, ids and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}


def test_the_page_tells_every_operation_and_schema_once(
    client: FlaskClient, api: dict[str, Any]
) -> None:
    page = Anchors(client.get("/docs").text)
    told = {of["operationId"] for _, of in operations(api)} | set(api["components"]["schemas"])
    assert told <= set(page.ids) and len(page.ids) == len(set(page.ids))
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)


def test_the_page_loads_nothing_and_runs_nothing(client: FlaskClient) -> None:
    page = Anchors(client.get("/docs").text)
    assert not {"script", "img", "link", "iframe", "form"} & page.tags
    assert {link for link in page.links if not link.startswith("#")} == {"/", "/openapi.json"}


def test_the_description_may_be_fetched_from_anywhere_and_names_this_server(
    client: FlaskClient, app: Flask
) -> None:
    reply = client.get("/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    base = app.extensions["crumbtrail"].config.base_url
    assert reply.get_json()["servers"] == [{"url": base}]
    assert base in client.get("/docs").text
