"""Acceptance scenarios that cross several parts of the house, each walked from end to end.

The others stand where their part is tested: tests/customers.py says where each of the fourteen is.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from consent import inventory, notices, sites, trail, users
from consent.db import db
from tests.acts import BY, add_site, choice_body, fill_inventory
from tests.conftest import Clock
from tests.owner import inside, owner
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import cookies, ran, soon

SIPSIM = "sipsim.com"
STUDIO = "voipstudio.pl"


def chosen(new_page: Callable[..., Page], server: Server, place: str, button: str) -> str:
    """A new visitor at a place who presses a button; the id of the record."""
    page = new_page(locale="en-GB")
    page.goto(f"{server.url}/demo/@{place}/{SIPSIM}/")
    page.click(f"[data-cmp={button}]")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    id: str = page.evaluate("consent.get().id")
    return id


def test_scenario_03_calling_a_cookie_necessary_asks_for_a_reason_and_unclassified_stays_held(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    page = new_page(locale="en-GB")
    page.goto(f"{changed.url}/admin/sign-in")
    email, password = changed.owner
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    page.goto(f"{changed.url}/admin/sites/{STUDIO}/inventory/?q=L7_geoip")
    page.get_by_role("link", name="L7_geoip").click()
    page.get_by_label("Category").select_option("necessary")
    page.get_by_label("Service").select_option("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("say why")
    page.get_by_label("Category").select_option("")
    page.get_by_label("Reason").fill("Nobody has decided yet what it is for.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.goto(f"{changed.url}/admin/trail")
    expect(page.get_by_text("L7_geoip").first).to_be_visible()
    with owner(changed, STUDIO) as (site, at):
        inventory.put_service(site, BY, at, "currency", category=None)
        notices.publish(site, BY, at)
    visitor = new_page()
    visitor.goto(f"{changed.url}/demo/@PL/{STUDIO}/cennik")
    visitor.click("[data-cmp=accept]")
    visitor.wait_for_function("(window.__ran || []).length === 3")
    assert "currency" not in ran(visitor) and "L7_geoip" not in cookies(visitor)


def test_scenario_05_an_auditor_filters_exports_and_verifies_offline_and_the_owner_sees_it(
    make_server: Callable[..., Server], new_page: Callable[..., Page], tmp_path: Path
) -> None:
    server = make_server()
    wanted = chosen(new_page, server, "FR", "accept")
    refused = chosen(new_page, server, "FR", "reject")
    elsewhere = chosen(new_page, server, "PL", "accept")
    bearer = {"Authorization": f"Bearer {server.auditor_key}"}
    query = f"from={datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    filtered = f"{query}&country=FR&category=marketing"

    listed = server.get(f"/v1/audit/{SIPSIM}/records?{filtered}", **bearer).json()["records"]
    assert [one["id"] for one in listed] == [wanted]
    assert listed[0]["place"]["country"] == "FR" and listed[0]["categories"]["marketing"] is True
    everything = server.get(f"/v1/audit/{SIPSIM}/records?{query}", **bearer).json()["records"]
    assert {refused, elsewhere} < {one["id"] for one in everything}
    table = server.get(f"/v1/audit/{SIPSIM}/export?format=csv&{filtered}", **bearer)
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == [wanted]
    lines = server.get(f"/v1/audit/{SIPSIM}/export?format=ndjson&{filtered}", **bearer)
    assert [json.loads(line)["id"] for line in lines.text.splitlines()] == [wanted]

    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(logged(server, new_page(), query, bearer))
    checked = verified(bundle)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    raw = bundle.read_bytes()
    spoilt = tmp_path / "spoilt.zip"
    spoilt.write_bytes(altered(raw))
    assert verified(spoilt).returncode != 0

    for method in ("POST", "PUT", "DELETE"):
        path = f"/v1/audit/{SIPSIM}/records"
        assert server.request(method, path, b"{}", **bearer).status == 403
    with inside(server):
        reads = {(one.verb, one.actor) for one in trail.entries(SIPSIM)}
        [key] = users.keys()
        db.session.expunge(key)
    assert ("records.read", f"key {key.id}") in reads
    assert any(verb.startswith("export") or "export" in verb for verb, _ in reads), reads


def logged(server: Server, page: Page, query: str, bearer: dict[str, str]) -> bytes:
    """The bundle, once the log holds what it is about."""
    path = f"/v1/audit/{SIPSIM}/export?format=bundle&{query}"
    found: list[bytes] = []

    def there() -> bool:
        reply = server.get(path, **bearer)
        found.append(reply.body)
        return reply.status == 200

    soon(page, there, "the bundle can be had")
    return found[-1]


def altered(bundle: bytes) -> bytes:
    """One bit of the stored records turned over, the archive's own sums put right."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(bundle)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("records.ndjson"):
                assert b'"accept_all"' in data
                data = data.replace(b'"accept_all"', b'"reject_all"', 1)
            new.writestr(name, data)
    return out.getvalue()


def verified(bundle: Path) -> subprocess.CompletedProcess[str]:
    """The verifier on its own, in a process that has nothing of ours but the package."""
    return subprocess.run(
        [sys.executable, "-m", "consent.verify", str(bundle)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def test_scenario_09_the_promised_region_is_held_and_no_address_is_anywhere(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    """Storage in North America, no address in any row: the country is there and nothing finer."""
    stated = {"storage_region": "NA", "ip_mode": "none", "min_age": 18}
    site = add_site(clock(), "voip.ms", facts=stated)
    fill_inventory(site, clock())
    app.config["REGION"] = "NA"
    shown = notices.publish(site, BY, clock())
    reply = client.post(
        "/v1/voip.ms/consents",
        json=choice_body(shown.digest, clock()),
        headers={"Origin": "https://voip.ms"},
        environ_overrides={"REMOTE_ADDR": "24.48.0.1"},
    )
    assert (reply.status_code, reply.get_json()["country"]) == (201, "CA")
    told = client.get("/v1/voip.ms/en/details.json").get_json()
    assert told["facts"] == stated == shown.content["facts"]
    assert "is not kept" in told["texts"]["more_address_none"]
    kept = {
        str(value)
        for table in db.metadata.sorted_tables
        for row in db.session.execute(table.select())
        for value in row
    }
    assert not any("24.48.0.1" in value or "24.48.0" in value for value in kept)


def test_scenario_13_another_controller_is_announced_everybody_is_asked_and_the_log_goes_on(
    changed: Server, new_page: Callable[..., Page]
) -> None:
    """What was agreed with one company is not agreed with the next: old grants go on, nothing new
    runs, and the one log holds both notices."""
    page = new_page(locale="en-CA")
    page.goto(f"{changed.url}/demo/@CA-QC/voip.ms/")
    page.click("[data-cmp=accept]")
    page.wait_for_function("consent.get().id && !consent.get().pending")
    before = changed.get("/v1/voip.ms/notice").json()["asks"]
    with owner(changed, "voip.ms") as (site, at):
        merged: dict[str, Any] = {**site.controller, "legal_name": "Merged Telecom Inc."}
        sites.change(site, BY, at, controller=merged)
        again = notices.asks_again(notices.versions(site)[0].content, notices.draft(site))
        notices.publish(site, BY, at)
    assert again == ["The controller is another one."]
    assert changed.get("/v1/voip.ms/notice").json()["asks"] == before + 1
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(f"{changed.url}/demo/@CA-QC/voip.ms/")
    expect(page.locator("#cmp-dialog")).to_contain_text("Merged Telecom Inc.")
    assert page.evaluate("consent.allowed('statistics')") is True  # what was granted goes on
    settled = open_settings(page)
    expect(settled).to_contain_text("Merged Telecom Inc.")


def open_settings(page: Page) -> Locator:
    page.click("[data-cmp=preferences]:visible")
    opened = page.locator("dialog#cmp-dialog")
    expect(opened.locator("h2")).to_have_text("Privacy settings")
    return opened
