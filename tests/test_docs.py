"""The docs say what the code does: settings, routes, commands, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from consent import config, sites
from consent.commands import COMMANDS
from tests.prepare import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
# Demo pages and the admin are for people; the guides show them.
OUTSIDE_THE_API = ("/robots.txt", "/admin", "/demo", "/stage", "/static")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture
def wired(tmp_path: Path) -> Flask:
    """The whole app; no test here touches its database."""
    made = create_app(config.load({"INSTANCE_PATH": str(tmp_path), "DEMO": "1"}))
    return made


def headings(text: str) -> set[str]:
    """The anchors of a page, as a forge makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    bare = (re.sub(r"[^\w\- ]", "", title.lower()).strip() for title in titles)
    return {title.replace(" ", "-") for title in bare}


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_its_heading_and_its_default(setting: config.Setting) -> None:
    text = read("docs/settings.md")
    section = re.search(rf"^## {setting.name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"docs/settings.md has no heading {setting.name}"
    assert not setting.default or f"`{setting.default}`" in section[1]


def test_no_heading_names_a_setting_that_is_gone() -> None:
    named = set(re.findall(r"^## ([A-Z][A-Z_]+)$", read("docs/settings.md"), re.MULTILINE))
    assert named == {setting.name for setting in config.SETTINGS}


def test_every_route_is_in_the_api_page(wired: Flask) -> None:
    text = read("docs/api.md")
    routes = {
        re.sub(r"<(?:[a-z]+(?:\([^)]*\))?:)?([a-z_]+)>", r"<\1>", rule.rule)
        for rule in wired.url_map.iter_rules()
    }
    public = {route for route in routes if not route.startswith(OUTSIDE_THE_API) and route != "/"}
    missing = sorted(route for route in public if f"`{route}`" not in text)
    assert public and not missing


def test_the_commands_of_the_readme_exist_in_the_makefile() -> None:
    targets = set(TARGET.findall(read("Makefile")))
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert {"run", "test"} <= shown <= targets


def test_the_flask_commands_of_the_docs_exist() -> None:
    known = set(COMMANDS) | {"--app"}
    text = "".join(page.read_text("utf-8") for page in PAGES)
    shown = set(re.findall(r"flask --app app ([a-z-]+)", text))
    assert shown and shown <= known


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{target} is not there"
        if anchor and file.suffix == ".md":
            assert anchor in headings(file.read_text("utf-8")), f"{target}#{anchor}"


def test_the_version_is_the_changelogs() -> None:
    newest = re.search(r"^## (\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest and f'version = "{newest[1]}"' in read("pyproject.toml")


def test_every_decision_has_its_four_headings() -> None:
    for page in (ROOT / "docs/decisions").glob("[0-9]*.md"):
        titles = re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE)
        assert titles == ["Question", "Answer", "Why", "What we gave up"], page.name


def test_the_guide_names_the_hash_of_the_stub_as_it_is() -> None:
    assert f"'{sites.stub_hash()}'" in (ROOT / "docs/owner.md").read_text("utf-8")
