"""Integrations: what may be switched on, where it is kept and told, and what a page then gets."""

from __future__ import annotations

import hashlib
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from consent import integrations, inventory, notices, sites, trail
from consent.db import db
from consent.errors import Invalid
from consent.visitor import built as built_files
from tests.acts import BY, add_site, make_site
from tests.conftest import Clock
from tests.prepare import ROOT
from tests.test_admin import SITE as FORM
from tests.test_admin import Owner, owner, site, stranger

__all__ = ["owner", "site", "stranger"]
TCF = {"cmp_id": 300, "vendors": [755, 1], "country": "DE"}


def config_of(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/example.com/notice?lang=en").get_json()
    return found


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([], "integrations"),
        ({"other": {}}, "integrations"),
        ({"signals": True}, "integrations.signals"),
        ({"signals": {"other": True}}, "integrations.signals.other"),
        ({"signals": {"uet": "yes"}}, "integrations.signals.uet"),
        ({"signals": {"uet": 1}}, "integrations.signals.uet"),
        ({"signals": {"wait_for_update": 0}}, "integrations.signals.wait_for_update"),
        ({"signals": {"wait_for_update": True}}, "integrations.signals.wait_for_update"),
        ({"signals": {"matomo": "always"}}, "integrations.signals.matomo"),
        ({"tcf": {**TCF, "cmp_id": None}}, "integrations.tcf.cmp_id"),
        ({"tcf": {**TCF, "cmp_id": 1}}, "integrations.tcf.cmp_id"),
        ({"tcf": {**TCF, "vendors": []}}, "integrations.tcf.vendors"),
        ({"tcf": {**TCF, "vendors": [1, 1]}}, "integrations.tcf.vendors"),
        ({"tcf": {**TCF, "country": "Germany"}}, "integrations.tcf.country"),
    ],
    ids=str,
)
def test_what_no_part_knows_is_refused_by_its_field(
    app: Flask, clock: Clock, wanted: Any, field: str
) -> None:
    of = add_site(clock.now)
    with pytest.raises(Invalid) as refused:
        sites.change(of, BY, clock.now, integrations=wanted)
    assert set(refused.value.fields or {}) == {field}
    assert of.integrations == {}


def test_every_part_can_be_switched_on_and_what_is_off_is_not_kept(
    app: Flask, clock: Clock
) -> None:
    of = add_site(clock.now, integrations={"tcf": TCF, "shadow": {}})
    off = {"uet": False, "matomo": "", "meta": True}
    sites.change(of, BY, clock.now, integrations={"signals": off, "gpp": {}, "dialects": {}})
    db.session.expire_all()
    assert sites.get("example.com").integrations == {
        "signals": {"meta": True},
        "gpp": {},
        "dialects": {},
    }


def test_a_change_is_in_the_trail_with_what_holds_now_and_needs_no_notice(
    app: Flask, clock: Clock
) -> None:
    make_site(app, clock.now)
    of = sites.get("example.com")
    sites.change(of, BY, clock.now, integrations={"gpp": {}})
    newest = trail.entries(site="example.com", limit=1)[0]
    assert newest.verb == "site.change"
    assert newest.detail == {"fields": ["integrations"], "integrations": {"gpp": {}}}
    assert newest.salt is not None  # its commitment waits for the log
    assert notices.changes(of) == []


def test_a_page_gets_the_parts_of_its_site_at_once_and_no_other_byte(
    app: Flask, client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_site(app, clock.now)
    bare = config_of(client)
    assert "parts" not in bare and "options" not in bare
    monkeypatch.setattr(built_files, "has", lambda name: name in ("signals", "gpp"))
    monkeypatch.setattr(built_files, "digest", lambda name: name.rjust(16, "0"))
    chosen = {"signals": {"uet": True}, "gpp": {}, "shadow": {}}
    sites.change(sites.get("example.com"), BY, clock.advance(seconds=2), integrations=chosen)
    told = config_of(client)
    assert told["parts"] == ["signals.000000000signals", "gpp.0000000000000gpp"]
    assert told["options"] == {"signals": {"uet": True}}
    assert {**told, "notice": None} == {
        **bare,
        "notice": None,
        "parts": told["parts"],
        "options": told["options"],
    }
    assert told["notice"] == bare["notice"]


def test_a_site_says_that_it_honours_global_privacy_control(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    add_site(clock.now, "new.example")
    assert client.get("/v1/new.example/gpc.json").status_code == 404
    make_site(app, clock.now)
    for path in ("/v1/example.com/gpc.json", "/.well-known/gpc.json"):
        reply = client.get(path)
        assert (reply.status_code, reply.mimetype) == (200, "application/json"), path
        assert reply.get_json() == {"gpc": True, "lastUpdate": "2026-11-21"}


def test_the_cookie_of_the_framework_is_declared_once_when_it_is_switched_on(
    owner: Owner, site: sites.Site
) -> None:
    said = {
        **FORM,
        "integrations.tcf": "yes",
        "integrations.tcf.cmp_id": "300",
        "integrations.tcf.vendors": "755 1",
        "integrations.tcf.country": "DE",
    }
    for name in ("Example", "Example 2"):
        path = "/sites/example.com/settings"
        assert owner.send(path, {**said, "name": name}).status_code == 303
    assert sites.get("example.com").integrations == {"tcf": TCF}
    declared = [one for one in inventory.trackers(site) if one.name == "euconsent-v2"]
    assert [(one.category, one.party) for one in declared] == [("necessary", "first")]
    assert "this server has no vendor list yet" in owner.page("/sites/example.com/")
    assert 'data-apis="tcf"' in owner.page("/sites/example.com/")


def built() -> list[str]:
    return [name for name in integrations.PARTS if (dist() / f"{name}.js").exists()]


def dist() -> Path:
    return ROOT / "static/js/dist"


@pytest.mark.parametrize("name", ["settings", *built()])
def test_lazy_code_is_a_module_under_its_own_digest(
    app: Flask, client: FlaskClient, clock: Clock, name: str
) -> None:
    make_site(app, clock.now)
    body = (dist() / f"{name}.js").read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    exact = client.get(f"/v1/example.com/code/{name}.{digest}.js")
    assert (exact.status_code, exact.data, exact.mimetype) == (200, body, "text/javascript")
    assert exact.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert exact.headers["Access-Control-Allow-Origin"] == "*"
    old = client.get(f"/v1/example.com/code/{name}.{'0' * 16}.js")
    assert (old.data, old.headers["Cache-Control"]) == (body, "no-cache")
    assert client.get(f"/v1/example.com/code/{name}.{digest[:8]}.js").headers["Cache-Control"] == (
        "no-cache"
    )


@pytest.mark.parametrize("name", ["consent", "stub", "other", "..%2f..%2fapp", "settings.js"])
def test_nothing_else_is_served_as_lazy_code(
    app: Flask, client: FlaskClient, clock: Clock, name: str
) -> None:
    make_site(app, clock.now)
    assert client.get(f"/v1/example.com/code/{name}.{'0' * 16}.js").status_code == 404


def test_the_owner_switches_parts_on_and_off_in_the_settings(
    owner: Owner, site: sites.Site
) -> None:
    path = "/sites/example.com/settings"
    said = {
        **FORM,
        "integrations.signals": "yes",
        "integrations.signals.uet": "yes",
        "integrations.signals.wait_for_update": "800",
        "integrations.signals.matomo": "cookies",
        "integrations.tcf.cmp_id": "300",  # filled in, and not on
    }
    assert owner.send(path, said).status_code == 303
    wanted = {"signals": {"uet": True, "wait_for_update": 800, "matomo": "cookies"}}
    assert sites.get("example.com").integrations == wanted
    page = owner.page(path)
    assert '<input type="checkbox" id="integrations.signals" name="integrations.signals"' in page
    assert 'value="800"' in page and '<option value="cookies" selected>' in page
    assert owner.send(path, FORM).status_code == 303
    assert sites.get("example.com").integrations == {}


def test_a_wrong_value_stays_in_the_form_with_its_reason(owner: Owner, site: sites.Site) -> None:
    said = {
        **FORM,
        "integrations.tcf": "yes",
        "integrations.tcf.cmp_id": "three",
        "integrations.tcf.vendors": "755, 1",
        "integrations.tcf.country": "DE",
    }
    reply = owner.send("/sites/example.com/settings", said)
    page = unescape(reply.text)
    assert reply.status_code == 422
    assert 'id="integrations.tcf.cmp_id-wrong"' in page and 'value="three"' in page
    assert 'value="755, 1"' in page
    assert sites.get("example.com").integrations == {}


def test_settings_go_to_a_file_and_come_back(app: Flask, clock: Clock, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    add_site(clock.now, integrations={"tcf": TCF, "gpp": {}})
    text = run(args=["site", "export", "example.com"]).output
    said = yaml.safe_load(text)
    assert (said["key"], said["integrations"]) == ("example.com", {"tcf": TCF, "gpp": {}})
    assert set(said) == {"key", *sites.CHANGEABLE}
    file = tmp_path / "site.yaml"
    file.write_text(text, "utf-8")
    assert run(args=["site", "apply", str(file)]).output == "example.com: nothing changed.\n"
    file.write_text("key: example.com\nintegrations: {signals: {uet: true}}\n", "utf-8")
    told = run(args=["site", "apply", str(file)]).output.splitlines()
    assert told[1:] == [
        "integrations.gpp: {} → nothing",
        'integrations.signals: nothing → {"uet": true}',
        "example.com: 3 changes.",
    ]
    db.session.expire_all()
    assert sites.get("example.com").integrations == {"signals": {"uet": True}}
    file.write_text(yaml.safe_dump({**said, "key": "other.example"}), "utf-8")
    assert run(args=["site", "apply", str(file)]).exit_code == 0
    assert sites.get("other.example").integrations == {"tcf": TCF, "gpp": {}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key: [", "not YAML"),
        ("- a", "`key`"),
        ("key: example.com\nowner: me", "owner: Unknown field."),
        ("key: example.com\nintegrations: {tcf: {cmp_id: 3}}", "integrations.tcf.vendors"),
        ("key: new.example\nname: New", "A new site needs it."),
        ("key: example.com\norigins: example.com", "origins: Not a valid list."),
        ("key: example.com\nlanguages: [1]", "languages.0: Not a valid type."),
        ("key: example.com\nrequest_days: true", "request_days: Not a valid type."),
        ("key: example.com\nintegrations: [gpp]", "integrations: Not a valid type."),
    ],
)
def test_a_file_that_cannot_be_applied_changes_nothing(
    app: Flask, clock: Clock, tmp_path: Path, text: str, words: str
) -> None:
    add_site(clock.now)
    file = tmp_path / "site.yaml"
    file.write_text(text, "utf-8")
    done = app.test_cli_runner().invoke(args=["site", "apply", str(file)])
    assert done.exit_code == 1 and words in done.output
    assert len(sites.all_sites()) == 1 and sites.get("example.com").integrations == {}
