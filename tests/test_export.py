"""Exports: every record once, in constant memory, in the form that was asked for, and noted."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from consent import trail
from consent.auditor import EXPORT_FILTERS
from consent.evidence import formats, table, walk
from tests import peaks
from tests.conftest import Clock
from tests.evidence import SETTINGS, SITE, erase, fetch, history, key_of, lines, unzip

EXPORT = f"/v1/audit/{SITE}/export"
RECORDS = f"/v1/audit/{SITE}/records"


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


@pytest.fixture
def made(app: Flask, client: FlaskClient, clock: Clock) -> list[str]:
    return [answer["id"] for answer in history(app, client, clock)]


@pytest.fixture
def key(made: list[str], clock: Clock) -> dict[str, str]:
    return key_of(clock)


def cells(reply: TestResponse) -> list[list[str]]:
    assert reply.status_code == 200, reply.text
    return list(csv.reader(io.StringIO(reply.data.decode(), newline="")))


def column(rows: list[list[str]], name: str) -> list[str]:
    return [row[rows[0].index(name)] for row in rows[1:]]


# -- the three forms ---------------------------------------------------------------------------


def test_each_format_holds_the_records_that_the_pages_hold(
    client: FlaskClient, key: dict[str, str], made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 2)
    records = client.get(RECORDS, headers=key).get_json()["records"]
    assert [record["id"] for record in records] == made
    whole = client.get(EXPORT, headers=key)
    assert whole.mimetype == "application/json" and json.loads(whole.data) == {"records": records}
    listed = client.get(f"{EXPORT}?format=ndjson", headers=key)
    assert listed.mimetype == "application/x-ndjson"
    assert [json.loads(line) for line in listed.text.splitlines()] == records
    rows = cells(client.get(f"{EXPORT}?format=csv", headers=key))
    assert column(rows, "id") == made
    assert column(rows, "categories.marketing") == ["false"] * len(made)
    assert column(rows, "services.ads") == ["false"] * len(made)
    assert column(rows, "services.google-analytics") == [""] * len(made)
    assert column(rows, "log.commitment") == [record["log"]["commitment"] for record in records]
    assert column(rows, "place.source") == ["none"] * len(made)


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", None, "application/json"),
        ("", "*/*", "application/json"),
        ("", "text/csv", "text/csv"),
        ("", "application/x-ndjson", "application/x-ndjson"),
        ("", "text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("", "image/png", "application/json"),
        ("", "application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("?format=csv", "application/json", "text/csv"),
        ("?format=json", "text/csv", "application/json"),
    ],
)
def test_the_records_come_as_they_are_asked_for(
    client: FlaskClient, key: dict[str, str], query: str, accept: str | None, expected: str
) -> None:
    more = {"Accept": accept} if accept else {}
    reply = client.get(f"{RECORDS}{query}", headers=key | more)
    assert (reply.status_code, reply.mimetype) == (200, expected)
    assert reply.headers["Vary"] == "Accept" and reply.headers["Cache-Control"] == "no-store"


def test_a_limit_makes_a_page_of_csv_and_the_link_leads_on(
    client: FlaskClient, key: dict[str, str], made: list[str]
) -> None:
    found, path = [], f"{RECORDS}?format=csv&limit=4"
    for expected in (4, 4, 1):
        reply = client.get(path, headers=key)
        ids = column(cells(reply), "id")
        assert len(ids) == expected
        found += ids
        path = reply.headers.get("Link", "").partition(">")[0].lstrip("<")
    assert found == made and path == ""


def test_the_columns_are_there_without_a_single_record(
    client: FlaskClient, key: dict[str, str]
) -> None:
    full = cells(client.get(f"{EXPORT}?format=csv", headers=key))
    empty = cells(client.get(f"{EXPORT}?format=csv&to=2020-01-01T00:00:00Z", headers=key))
    assert len(empty) == 1 and empty[0] == full[0]
    assert {len(row) for row in full} == {len(empty[0])}
    none = client.get(f"{EXPORT}?to=2020-01-01T00:00:00Z", headers=key)
    assert json.loads(none.data) == {"records": []}
    assert client.get(f"{EXPORT}?format=ndjson&action=dismiss", headers=key).data == b""


def test_an_erased_record_shows_that_it_was_erased_and_nothing_else(
    app: Flask, client: FlaskClient, clock: Clock, key: dict[str, str], made: list[str]
) -> None:
    erase(app, clock, 1)
    rows = cells(client.get(f"{EXPORT}?format=csv", headers=key))
    assert column(rows, "visitor")[1] == "[erased]" and column(rows, "erased")[1] == "true"
    shown = {name for name, cell in zip(rows[0], rows[2], strict=True) if cell}
    assert shown == {"v", "id", "site", "visitor", "erased", "log.index", "log.commitment"}
    assert column(rows, "id") == made
    api = client.get("/openapi.json").get_json()
    schema = api["components"]["schemas"]["RecordPage"] | {"components": api["components"]}
    page = client.get(RECORDS, headers=key).get_json()
    Draft202012Validator(schema).validate(page)
    assert page["records"][1]["erased"] is True


@pytest.mark.parametrize("kind", ["json", "ndjson", "csv"])
def test_an_export_reads_no_further_than_it_was_sent(
    client: FlaskClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    read: list[int] = []
    page = walk.page

    def counted(*asked: Any) -> Any:
        read.append(1)
        return page(*asked)

    monkeypatch.setattr(walk, "PAGE", 1)
    monkeypatch.setattr(walk, "page", counted)
    reply = client.get(f"{EXPORT}?format={kind}", headers=key, buffered=False)
    chunks = iter(reply.response)
    for _ in range(3):
        next(chunks)
    assert len(read) <= 4
    reply.close()
    assert len(read) <= 4


@pytest.mark.parametrize("kind", ["json", "ndjson", "csv", "parquet"])
def test_K04_ten_times_the_records_take_no_more_memory(
    app: Flask, made: list[str], kind: str, tmp_path: Path
) -> None:
    """The twin keeps all pages before it sends the first."""
    found = peaks.measured(app, tmp_path / "peaks", "export", kind)
    (small, large), (kept, all_kept) = found["peak"], found["hoarded"]
    assert found["told"] == [200, 2000]
    assert large < small * 1.5
    assert all_kept > kept * 3 and all_kept > large * 3


# -- what a spreadsheet would run --------------------------------------------------------------

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\t=",
    "\r\n=",
    ";=",
    "a;=",
    "a\n+",
    "a\t@",
    "a\r-",
    "'=",
    "''+",
    ";'-",
)
PAYLOADS = [
    start + rest
    for start in STARTS
    for rest in (
        "1+1",
        "cmd|' /C calc'!A0",
        'HYPERLINK("https://x.example","y")',
        "SUM(A1:A9)*2",
        '"quoted",and,cut',
        "a;b",
        'DDE("x";"y")',
        "2+5+cmd",
        "@SUM(1)",
        "żółć",
        "",
        "\n=1",
        ";=2;+3",
        'IMPORTXML(CONCAT(""),"//a")',
        "-1",
        " =1",
    )
]


def test_no_cell_begins_as_a_formula_whatever_was_stored() -> None:
    assert len(PAYLOADS) >= 200
    data = table.lines([[payload, "kept"] for payload in PAYLOADS]).decode()
    rows = list(csv.reader(io.StringIO(data, newline="")))
    for (cell, beside), payload in zip(rows, PAYLOADS, strict=True):
        assert beside == "kept"
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), payload
        for cut in (";", "\n", "\r", "\t"):
            assert all(not part.startswith(tuple("=+-@")) for part in cell.split(cut)), payload
        assert as_stored(cell) == payload


def as_stored(cell: str) -> str:
    """The rule of docs/auditors.md backwards: one apostrophe less where one was added."""
    return re.sub(r"(^|[;\t\r\n])'(?='*[=+\-@\t\r])", r"\1", cell)


@pytest.mark.parametrize(
    "text",
    ["plain", "a,b", 'a"b', "a\nb", "żółć 漢字 🍪", "'quoted'", "a-b=c+d@e", " =", "", "1;2"],
)
def test_every_other_text_comes_back_as_it_was(text: str) -> None:
    data = table.lines([[text, "x"]]).decode()
    assert list(csv.reader(io.StringIO(data, newline=""))) == [[text, "x"]]


# -- who may, and what is noted ----------------------------------------------------------------


def test_a_key_exports_its_own_site_and_period_only(
    client: FlaskClient, key: dict[str, str], made: list[str], clock: Clock
) -> None:
    day = datetime(2026, 11, 22, tzinfo=UTC)
    narrow = key_of(clock, period_from=day, period_to=day.replace(day=23))
    for query in ("", "?from=2026-11-01T00:00:00Z", "?to=2027-01-01T00:00:00Z"):
        found = client.get(f"{EXPORT}{query}", headers=narrow)
        assert [one["id"] for one in json.loads(found.data)["records"]] == made[3:6]
    members = unzip(fetch(client, narrow, from_="2026-01-01T00:00:00Z"))
    assert [one["id"] for one in lines(members)] == made[3:6]
    manifest = json.loads(members["manifest.json"])
    assert manifest["from"] == "2026-11-22T00:00:00.000Z"
    assert {one["at"][:10] for one in lines(members, "access.ndjson")} <= {"2026-11-22"}
    for path in ("export", "export?format=bundle", "records?format=csv"):
        assert client.get(f"/v1/audit/other.example/{path}", headers=key).status_code == 403
        assert client.get(f"/v1/audit/{SITE}/{path}").status_code == 401


@pytest.mark.parametrize("kind", ["json", "ndjson", "csv", "parquet", "bundle"])
def test_every_export_is_in_the_trail_before_its_first_byte(
    client: FlaskClient, key: dict[str, str], kind: str
) -> None:
    reply = client.get(f"{EXPORT}?format={kind}&to=2027-01-01T00:00:00Z", headers=key)
    reply.close()
    entry = trail.entries(SITE, 1)[0]
    assert entry.verb == "export.read" and entry.actor.startswith("key ")
    assert entry.detail["format"] == kind and entry.detail["filters"]["to"].startswith("2027")
    client.get(f"{RECORDS}?format=csv", headers=key)
    assert trail.entries(SITE, 1)[0].verb == "export.read"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("export?format=xml", "field_value"),
        ("records?format=bundle", "field_value"),
        ("records?format=", "field_value"),
        ("export?limit=5", "field_unknown"),
        ("export?format=csv&format=csv", "field_unknown"),
        ("export?format=bundle&action=save", "field_unknown"),
        ("export?format=csv&action=shrug", "field_value"),
        ("export?format=ndjson&visitor=%00", "field_value"),
        ("records?format=csv&after=!!!", "field_value"),
        ("records?format=csv&limit=0", "field_value"),
        ("export?from=yesterday", "field_value"),
    ],
)
def test_an_export_that_means_nothing_is_refused_and_not_noted(
    client: FlaskClient, key: dict[str, str], path: str, code: str
) -> None:
    before = len(trail.entries(SITE))
    reply = client.get(f"/v1/audit/{SITE}/{path}", headers=key)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (422, code)
    assert len(trail.entries(SITE)) == before


@pytest.mark.parametrize("kind", ["csv", "bundle"])
def test_too_many_exports_at_once_are_told_to_wait_and_a_place_comes_free_again(
    client: FlaskClient, key: dict[str, str], kind: str
) -> None:
    opened = [
        client.get(f"{EXPORT}?format={kind}", headers=key, buffered=False)
        for _ in range(formats.AT_ONCE)
    ]
    busy = client.get(f"{EXPORT}?format={kind}", headers=key)
    assert (busy.status_code, busy.get_json()["error"]["code"]) == (503, "busy")
    for reply in opened:
        reply.close()
    for _ in range(formats.AT_ONCE + 1):
        assert client.get(f"{EXPORT}?format=shrug", headers=key).status_code == 422
        assert client.get(f"{EXPORT}?format={kind}", headers=key).status_code == 200


def test_a_site_whose_log_is_not_signed_yet_has_no_bundle(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    with app.app_context():
        from_nothing = key_of(clock)
    reply = client.get(f"{EXPORT}?format=bundle", headers=from_nothing)
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (404, "site_unknown")


def test_the_description_names_every_format_and_filter_of_an_export(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()["paths"]["/v1/audit/{site}/export"]["get"]
    assert set(described["responses"]["200"]["content"]) == set(formats.FORMATS.values())
    given = {one["name"] for one in described["parameters"] if "name" in one}
    assert given == EXPORT_FILTERS
