"""Many sites: a new one like another, templates, and the same act on each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import yaml
from flask import Flask

from consent import bulk, inventory, notices, sitefile, sites, users, webhooks
from consent.errors import Forbidden
from consent.sites import Site
from tests import acts
from tests.conftest import Clock
from tests.test_admin import Owner, owner, stranger
from tests.test_admin_api import Api, ask, code, settings, token

__all__ = ["ask", "owner", "settings", "stranger", "token"]  # fixtures


def never(site: Site, url: str, at: Any) -> None:
    raise Forbidden("not_proven", "Nobody has shown that this website is yours.")


def finish(clock: Clock, may: Callable[..., object] = never) -> None:
    while bulk.work(clock(), may):
        pass


def test_a_site_like_another_has_what_may_be_shared_and_nothing_else(
    owner: Owner, app: Flask, clock: Clock
) -> None:
    acts.make_site(app, clock(), preferences=True, texts={"en": {"title": "Our own title"}})
    old = sites.get("example.com")
    webhooks.add(old, "https://hooks.example/", webhooks.EVENTS, "test", clock())
    users.create_key("An auditor", ["example.com"], clock() + timedelta(days=30), "test", clock())
    assert owner.send("/sites/example.com/copy", {"name": "New"}).status_code == 422
    form = {"name": "New", "origins": "https://New.example/\n*.new.example", "key": ""}
    assert owner.send("/sites/example.com/copy", form).status_code == 303
    new = sites.get("new.example")
    assert (new.name, new.origins) == ("New", ["new.example", "*.new.example"])
    assert sitefile.copied(new) == sitefile.copied(old)
    assert webhooks.of_site(new) == [] and notices.versions(new) == []
    assert [key.sites for key in users.keys()] == [["example.com"]]
    assert owner.send("/sites/example.com/copy", form).status_code == 409


def test_an_act_on_many_sites_is_done_site_by_site(owner: Owner, app: Flask, clock: Clock) -> None:
    for key in ("a.example", "b.example", "c.example"):
        acts.make_site(app, clock(), key)
    sites.change(sites.get("b.example"), "test", clock(), controller={"trading_name": "B"})
    piece = yaml.safe_dump({"inventory": {"services": [{"key": "maps", "category": "marketing"}]}})
    chosen = ["a.example", "b.example"]
    form = {"action": "apply", "sites": chosen, "said": piece}
    place = owner.send("/many/", form).headers["Location"].removeprefix("/admin")
    assert "still to be done" in owner.page(place), "it waits, and the page may be left"
    finish(clock)
    assert "Service maps: would be added." in owner.page(place)
    kept = [len(inventory.services(sites.get(f"{name}.example"))) for name in "abc"]
    assert kept[0] == kept[1] == kept[2] + 1
    place = owner.send("/many/", {"action": "publish", "sites": [*chosen, "c.example"]})
    finish(clock)
    [act, _] = bulk.latest()
    told = {site.key: (step.state, step.result) for step, site in bulk.steps(act)}
    assert told["a.example"] == ("done", "Version 2.")
    assert told["b.example"][0] == "refused" and "legal name" in str(told["b.example"][1])
    assert told["c.example"] == ("done", "Nothing had changed.")
    owner.send("/many/", {"action": "scan", "sites": ["a.example"]})
    finish(clock)
    assert [step.state for step, _ in bulk.steps(bulk.latest()[0])] == ["refused"]


@pytest.mark.sqlite_only
def test_what_cannot_be_asked_for_is_refused(owner: Owner, app: Flask, clock: Clock) -> None:
    acts.make_site(app, clock())
    for form in (
        {"action": "publish"},
        {"action": "burn", "sites": ["example.com"]},
        {"action": "apply", "sites": ["example.com"]},
        {"action": "apply", "sites": ["example.com"], "said": "key: a"},
        {"action": "apply", "sites": ["example.com"], "said": "colour: red"},
        {"action": "apply", "sites": ["example.com"], "said": "{"},
        {"action": "apply", "sites": ["example.com"], "template": "99"},
    ):
        assert owner.send("/many/", form).status_code in (404, 422), form
    assert bulk.latest() == []


@pytest.mark.sqlite_only
def test_templates_are_saved_applied_and_removed(owner: Owner, app: Flask, clock: Clock) -> None:
    acts.make_site(app, clock())
    acts.add_site(clock(), "b.example")
    assert owner.send("/sites/example.com/template", {"template": " "}).status_code == 422
    assert owner.send("/sites/example.com/template", {"template": "House"}).status_code == 303
    [kept] = sitefile.templates()
    assert "House" in owner.page("/many/") and "example.com" not in yaml.safe_dump(
        {name: value for name, value in kept.said.items() if name not in ("controller",)}
    )
    sent = owner.get(f"/many/templates/{kept.id}.yaml")
    assert sent.mimetype == "application/yaml" and yaml.safe_load(sent.text) == kept.said
    owner.send("/many/", {"action": "apply", "sites": ["b.example"], "template": str(kept.id)})
    finish(clock)
    made = sites.get("b.example")
    assert {one.key for one in inventory.services(made)} >= {"ads", "google-analytics"}
    assert made.origins == ["b.example"]
    assert owner.send(f"/many/templates/{kept.id}/remove").status_code == 303
    assert sitefile.templates() == []


@pytest.mark.sqlite_only
def test_every_site_is_downloaded_as_files(owner: Owner, app: Flask, clock: Clock) -> None:
    for key in ("a.example", "b.example"):
        acts.make_site(app, clock(), key)
    files = list(yaml.safe_load_all(owner.get("/many/sites.yaml").text))
    assert [file["key"] for file in files] == ["a.example", "b.example"]


@pytest.mark.sqlite_only
def test_programs_copy_sites_and_ask_for_acts_too(ask: Api, clock: Clock) -> None:
    wish = {"key": "c.example", "name": "C", "origins": ["c.example"]}
    assert ask("POST /sites/example.com/copy", wish).status_code == 201
    assert code(ask("POST /sites/example.com/copy", wish)) == "site_exists"
    kept = ask("POST /templates", {"site": "example.com", "name": "T"}).get_json()["id"]
    assert [one["name"] for one in ask("GET /templates").get_json()["templates"]] == ["T"]
    wish = {"key": "d.example", "name": "D", "origins": ["d.example"]}
    assert ask(f"POST /templates/{kept}/sites", wish).status_code == 201
    act = {"action": "publish", "sites": ["c.example", "d.example"]}
    made = ask("POST /bulk", act).get_json()
    finish(clock)
    steps = ask(f"GET /bulk/{made['id']}").get_json()["steps"]
    assert [step["result"] for step in steps] == ["Version 1."] * 2
    assert code(ask("POST /bulk", {**act, "sites": ["no.example"]})) == "site_unknown"
    assert ask(f"DELETE /templates/{kept}").status_code == 204
    assert ask("GET /bulk/99").status_code == 404
