"""A site's file: what the server says can be applied again, and a bad file changes nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from flask import Flask
from jsonschema import Draft202012Validator
from sqlalchemy import select

from consent import inventory, scans, sitefile, sites, webhooks
from consent.db import Base, Unit, db
from consent.errors import Refusal
from tests import acts
from tests.conftest import START, Clock

SITE = "example.com"
BY = "test"
MUTATED = 200


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    acts.make_site(app, clock())
    made = sites.get(SITE)
    webhooks.add(made, "https://hooks.example/in", ["notice.published"], BY, clock())
    scans.put_watch(made, "weekly", "https://example.com/", "", "a@example.com", BY, clock())
    return made


def run(app: Flask, *args: str, text: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["site", *args], input=text)


def rows() -> dict[str, list[Any]]:
    """Every row of every table."""
    return {
        mapper.class_.__tablename__: [
            {c.key: getattr(row, c.key) for c in mapper.column_attrs}
            for row in db.session.scalars(select(mapper.class_).order_by(*mapper.primary_key))
        ]
        for mapper in Base.registry.mappers
    }


def test_what_is_exported_is_no_change_when_it_is_applied(app: Flask, site: sites.Site) -> None:
    text = sitefile.written(site, whole=True)
    said = yaml.safe_load(text)
    assert set(said) >= {"key", "inventory", "scan", "webhooks", "texts", "layout", "retention"}
    assert "whsec" not in text
    Draft202012Validator(sitefile.json_schema()).validate(said)
    before = rows()
    assert sitefile.apply(text, BY, START, prune=True).changes == []
    assert rows() == before


def test_a_file_has_every_setting_of_a_site() -> None:
    assert set(sitefile.SiteSettings().fields) == sites.CHANGEABLE


def test_a_file_makes_the_same_site_on_another_server(app: Flask, site: sites.Site) -> None:
    said = yaml.safe_load(sitefile.written(site, whole=True)) | {"key": "copy.example"}
    assert sitefile.apply(yaml.safe_dump(said), BY, START).changes
    made = sites.get("copy.example")
    assert yaml.safe_load(sitefile.written(made, whole=True)) == said
    assert sitefile.apply(yaml.safe_dump(said), BY, START, prune=True).changes == []


def test_a_dry_run_says_what_would_change_and_keeps_nothing(app: Flask, site: sites.Site) -> None:
    said = yaml.safe_load(sitefile.written(site, whole=True))
    said["controller"]["legal_name"] = "Another Ltd"
    said["inventory"]["trackers"][0]["reason"] = "Another reason."
    said["inventory"]["services"] += [{"key": "maps", "category": "marketing"}]
    before = rows()
    text = yaml.safe_dump(said)
    done = run(app, "apply", "--dry-run", "-", text=text)
    assert done.exit_code == 2 and rows() == before
    lines = done.output.splitlines()
    assert 'controller.legal_name: "Example Ltd" → "Another Ltd"' in lines
    assert "Service maps: would be added." in lines and len(lines) == 4
    assert run(app, "apply", "-", text=text).exit_code == 0
    assert run(app, "apply", "--dry-run", "-", text=text).exit_code == 0
    assert sites.get(SITE).controller["legal_name"] == "Another Ltd"


def test_only_prune_takes_away(app: Flask, site: sites.Site) -> None:
    said = yaml.safe_load(sitefile.written(site, whole=True))
    said["inventory"]["trackers"] = [
        row for row in said["inventory"]["trackers"] if row["name"] != "_ad"
    ]
    said["inventory"]["services"] = [
        row for row in said["inventory"]["services"] if row["key"] != "ads"
    ]
    said["webhooks"] = []
    text = yaml.safe_dump(said)
    assert sitefile.apply(text, BY, START).changes == []
    assert len(inventory.trackers(site)) == 6 and len(webhooks.of_site(site)) == 1
    done = sitefile.apply(text, BY, START, prune=True)
    assert done.changes == [
        "Service ads: the file does not name it; it would be removed.",
        "Tracker _ad: the file does not name it; it would be removed.",
        "Webhook https://hooks.example/in: the file does not name it; it would be removed.",
    ]
    assert len(inventory.trackers(site)) == 5 and not webhooks.of_site(site)


def test_drift_is_told_with_its_exit_code(
    app: Flask, site: sites.Site, tmp_path: Path, clock: Clock
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(sitefile.written(site, whole=True), "utf-8")
    same = run(app, "drift", str(file))
    assert same.exit_code == 0, same.output
    inventory.add_tracker(site, BY, clock(), name="_late", category="marketing")
    sites.change(site, BY, clock(), name="Renamed")
    differs = run(app, "drift", str(file))
    assert differs.exit_code == 1
    assert differs.output.splitlines() == [
        'example.com: name: "Renamed" → "Example"',
        "example.com: Tracker _late: the file does not name it; it would be removed.",
    ]
    gone = tmp_path / "gone.yaml"
    gone.write_text("key: gone.example\nname: Gone\n", "utf-8")
    assert "would be made" in run(app, "drift", str(gone)).output


@pytest.mark.sqlite_only
def test_the_schema_of_a_file_is_printed(app: Flask) -> None:
    schema = json.loads(run(app, "schema").output)
    Draft202012Validator.check_schema(schema)
    assert not Draft202012Validator(schema).is_valid({"key": "a", "colour": "red"})


def mutated(text: str, chance: random.Random) -> str:
    """A file with one thing wrong, or several: values, types, keys, or the text itself."""
    if chance.random() < 0.25:
        return broken_text(text, chance)
    said = yaml.safe_load(text)
    for _ in range(chance.randint(1, 3)):
        place(said, chance)
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False)


ODD: tuple[Any, ...] = (
    None, "", 0, -1, 10**30, 1.5, True, [], {}, [[]], {"a": {"b": []}}, "x" * 5000, "a\u0085b",
    ["en", "xx"], [None], "https://[", "http://a:99999/", "<script>", {"value": 0, "unit": "day"},
    {"value": 5, "unit": "aeon"}, {1: 2}, "2026-11-21", [{"key": 5}], "../..", "\u202e", "Infinity",
)  # fmt: skip


def place(said: Any, chance: random.Random) -> None:
    """Put something odd somewhere."""
    while True:
        keys = list(said) if isinstance(said, dict) else list(range(len(said)))
        if not keys:
            if isinstance(said, dict):
                said["odd"] = chance.choice(ODD)
            else:
                said.append(chance.choice(ODD))
            return
        key = chance.choice(keys)
        if isinstance(said[key], dict | list) and chance.random() < 0.75:
            said = said[key]
            continue
        if isinstance(said, dict) and chance.random() < 0.3:
            said[chance.choice(["", "odd", "name", 7])] = said.pop(key)
        elif chance.random() < 0.2:
            said.pop(key)
        else:
            said[key] = chance.choice(ODD)
        return


def broken_text(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    some = ["\t", "{", "]", "&a [*a]", "!!python/object:os.system x", "\x00", "'", ": :", "- - -"]
    return text[:at] + chance.choice([*some, ""]) + text[at + chance.randrange(20) :]


def test_200_mutated_files_are_applied_whole_or_not_at_all(app: Flask, site: sites.Site) -> None:
    text = sitefile.written(site, whole=True)
    chance = random.Random("crumbtrail")
    before, refused, kept = rows(), 0, 0
    for number in range(MUTATED):
        file = mutated(text, chance)
        try:
            done = sitefile.apply(file, BY, START, prune=chance.random() < 0.5)
        except Refusal as refusal:
            refused += 1
            assert refusal.code and refusal.message
            assert rows() == before, f"file {number} was refused and changed something:\n{file}"
            continue
        kept += 1
        again = sitefile.apply(file, BY, START, dry=True)
        assert again.changes == [], f"file {number} is not what it was applied as:\n{file}"
        if done.changes:
            before = rows()
    assert refused > MUTATED // 3 and kept > 5


def test_a_file_that_is_refused_late_changes_nothing_and_a_broken_twin_is_caught(
    app: Flask, site: sites.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = yaml.safe_load(sitefile.written(site, whole=True))
    said["name"] = "Half"
    said["inventory"]["trackers"][-1]["service"] = "nobody"
    before = rows()
    with pytest.raises(Refusal):
        sitefile.apply(yaml.safe_dump(said), BY, START)
    assert rows() == before
    monkeypatch.delattr(Unit, "commit")  # each verb commits by itself
    with pytest.raises(Refusal):
        sitefile.apply(yaml.safe_dump(said), BY, START)
    assert rows() != before
