"""The template for Google Tag Manager. It cannot run outside Tag Manager: what can be checked here
is its form, and that its code does what it should on stand-ins of the sandbox, on a real page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from consent import sites
from tests.node import PACKAGES, SCRIPT_MODULES, answer
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SITE = "voipstudio.pl"
STAND_INS = ROOT / "tests/gtm/sandbox.js"
SECTIONS = [
    "TERMS_OF_SERVICE",
    "INFO",
    "TEMPLATE_PARAMETERS",
    "SANDBOXED_JS_FOR_WEB_TEMPLATE",
    "WEB_PERMISSIONS",
    "TESTS",
    "NOTES",
]
# Which permission an API asks for; None asks for none.
NEEDS = {
    "callInWindow": "access_globals",
    "copyFromWindow": "access_globals",
    "createQueue": "access_globals",
    "getCookieValues": "get_cookies",
    "getTimestampMillis": None,
    "gtagSet": "write_data_layer",
    "injectScript": "inject_script",
    "makeNumber": None,
    "queryPermission": None,
    "setDefaultConsentState": "access_consent",
    "setInWindow": "access_globals",
    "updateConsentState": "access_consent",
}
# A container's settings; the page replaces the address by the server's, which has no https here.
DATA = {"base": "https://consent.test/", "site": SITE, "inject": True, "wait": 500}


@cache
def sections() -> dict[str, str]:
    """The content of each section, in the order of the file."""
    text = (PACKAGES / "gtm/template.tpl").read_text("utf-8")
    found = re.split(r"^___([A-Z_]+)___$", text, flags=re.MULTILINE)
    assert found[0].strip() == ""
    return {name: body.strip() for name, body in zip(found[1::2], found[2::2], strict=True)}


@cache
def checked() -> dict[str, Any]:
    typescript = SCRIPT_MODULES / "typescript/lib/typescript.js"
    return dict(
        answer(
            ROOT / "tests/gtm/check.mjs",
            typescript.as_uri(),
            STAND_INS,
            given={
                "code": sections()["SANDBOXED_JS_FOR_WEB_TEMPLATE"],
                "permissions": json.loads(sections()["WEB_PERMISSIONS"]),
                "tests": yaml.safe_load(sections()["TESTS"]),
            },
        )
    )


# -- its form -------------------------------------------------------------------------------------


def test_it_has_the_sections_of_the_gallery_in_their_order() -> None:
    assert list(sections()) == SECTIONS
    assert all(sections().values())
    assert "Developer Terms of Service" in sections()["TERMS_OF_SERVICE"]


def test_its_info_names_a_tag_for_websites() -> None:
    info = json.loads(sections()["INFO"])
    assert info["type"] == "TAG" and info["containerContexts"] == ["WEB"]
    assert info["displayName"] == "Crumbtrail" and info["version"] == 1
    assert 0 < len(info["description"]) <= 200


def parameters(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for row in rows for each in (row, *parameters(row.get("subParams", [])))]


def test_its_code_reads_exactly_the_fields_it_shows() -> None:
    fields = parameters(json.loads(sections()["TEMPLATE_PARAMETERS"]))
    kinds = {"TEXT", "CHECKBOX", "GROUP", "SIMPLE_TABLE"}
    assert {field["type"] for field in fields} == kinds
    shown = {field["name"] for field in fields if field["type"] != "GROUP"}
    code = sections()["SANDBOXED_JS_FOR_WEB_TEMPLATE"]
    assert set(re.findall(r"\bdata\.(\w+)", code)) - {"gtmOnSuccess", "gtmOnFailure"} == shown
    (table,) = (field for field in fields if field["type"] == "SIMPLE_TABLE")
    columns = {column["name"] for column in table["simpleTableColumns"]}
    assert set(re.findall(r"\brow\.(\w+)", code)) == columns


def test_its_code_keeps_to_the_language_of_the_sandbox() -> None:
    assert checked()["foreign"] == []
    assert checked()["globals"] == []


def test_its_permissions_are_those_its_apis_ask_for_and_no_more() -> None:
    assert set(checked()["required"]) == set(NEEDS)
    permissions = json.loads(sections()["WEB_PERMISSIONS"])
    asked = [each["instance"]["key"]["publicId"] for each in permissions]
    assert sorted(asked) == sorted({need for need in NEEDS.values() if need})
    assert all(each["isRequired"] for each in permissions)
    assert "https://*/v1/*/consent.js" in sections()["WEB_PERMISSIONS"]


def test_its_own_scenarios_pass_on_the_stand_ins() -> None:
    tests = yaml.safe_load(sections()["TESTS"])
    assert tests.keys() == {"scenarios", "setup"} and len(tests["scenarios"]) >= 8
    assert checked()["failed"] == []


# -- what it does on a page ---------------------------------------------------------------------


@pytest.fixture
def container(elsewhere: Website, page: Page, server: Server) -> Callable[..., Page]:
    """`container(head, inject=False)`: a page on which the tag has run first of all, as on the
    trigger Consent Initialization. `__calls` is what it told Tag Manager."""

    def go(head: str = "", **settings: Any) -> Page:
        given = {
            "code": sections()["SANDBOXED_JS_FOR_WEB_TEMPLATE"],
            "permissions": json.loads(sections()["WEB_PERMISSIONS"]),
        }
        tag = f"""
        {STAND_INS.read_text("utf-8")}
        const host = {{
          window, cookies: () => document.cookie, now: () => Date.now(),
          insert(url, done, failed) {{
            const script = document.createElement('script');
            script.src = url.replace('https://consent.test', '{server.url}');
            script.onload = done;
            script.onerror = failed;
            document.head.append(script);
          }},
        }};
        const made = sandbox({{ ...{json.dumps(given)}, host }});
        window.__calls = made.calls;
        made.run({json.dumps({**DATA, **settings})});
        """
        elsewhere.put("/gtm.js", tag, "text/javascript")
        elsewhere.put(
            "/",
            f'<!doctype html><html lang="en"><title>Shop</title>{head}'
            '<script src="/gtm.js"></script><body><h1>Shop</h1>',
        )
        page.goto(f"http://localhost:{elsewhere.port}/")
        return page

    return go


def told(page: Page, api: str) -> list[dict[str, str]]:
    """The states given to one API, in order."""
    found: list[dict[str, str]] = page.evaluate(
        "api => __calls.filter(([name]) => name === api).map(([, [state]]) => state)", api
    )
    return found


def said_by_the_script(page: Page) -> dict[str, str]:
    """The script's own last word to Consent Mode."""
    found: dict[str, str] = page.evaluate(
        "dataLayer.filter(c => c[0] === 'consent' && c[1] === 'update').at(-1)[2]"
    )
    return found


def ended(page: Page) -> list[str]:
    names: list[str] = page.evaluate("__calls.map(([name]) => name)")
    return [name for name in names if name.startswith("gtmOn")]


def test_it_denies_first_loads_the_script_and_passes_each_choice_on(
    container: Callable[..., Page],
) -> None:
    page = container()
    (default,) = told(page, "setDefaultConsentState")
    assert {default.pop("wait_for_update"), default.pop("security_storage")} == {500, "granted"}
    assert len(default) == 6 and set(default.values()) == {"denied"}
    page.click("[data-cmp=accept]")
    granted = told(page, "updateConsentState")[-1]
    assert set(granted.values()) == {"granted"}
    assert granted == said_by_the_script(page)
    page.evaluate("consent.set({ marketing: false })")
    mixed = told(page, "updateConsentState")[-1]
    assert (mixed["ad_storage"], mixed["analytics_storage"]) == ("denied", "granted")
    assert mixed == said_by_the_script(page)
    page.evaluate("consent.withdraw()")
    withdrawn = told(page, "updateConsentState")[-1]
    assert withdrawn == {**default, "security_storage": "granted"} == said_by_the_script(page)
    assert ended(page) == ["gtmOnSuccess"]
    assert page.evaluate("document.querySelectorAll('script[src$=\"/consent.js\"]').length") == 1


def test_who_has_chosen_before_is_known_before_the_script_is_there(
    container: Callable[..., Page],
) -> None:
    page = container()
    page.click("[data-cmp=preferences]:visible")
    page.get_by_role("switch", name="Statistics", exact=True).set_checked(True)
    page.click("[data-cmp=save]")
    until(page, "consent.get().decided && !consent.get().pending")
    page.route("**/v1/**", lambda route: route.abort())
    page.reload()
    until(page, "__calls.some(([name]) => name.startsWith('gtmOn'))")
    (known,) = told(page, "updateConsentState")
    assert (known["ad_storage"], known["analytics_storage"]) == ("denied", "granted")
    assert ended(page) == ["gtmOnFailure"]
    assert page.evaluate("[consent.allowed('necessary'), consent.allowed('statistics')]") == [
        True,
        False,
    ]


def test_beside_the_snippet_it_only_passes_the_choice_on(
    container: Callable[..., Page], server: Server
) -> None:
    snippet = (
        f'<script data-site="{SITE}">{sites.stub()}</script>'
        f'<script async src="{server.url}/v1/{SITE}/consent.js"></script>'
    )
    page = container(snippet, inject=False)
    page.click("[data-cmp=accept]")
    until(page, "consent.get().decided")
    assert told(page, "updateConsentState")[-1] == said_by_the_script(page)
    assert page.evaluate("document.querySelectorAll('script[src$=\"/consent.js\"]').length") == 1


def test_after_the_script_it_asks_it_directly(
    container: Callable[..., Page], server: Server
) -> None:
    page = container(f'<script src="{server.url}/v1/{SITE}/consent.js"></script>', inject=False)
    until(page, "__calls.some(([name]) => name === 'callInWindow')")
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.click("[data-cmp=accept]")
    until(page, "consent.get().decided")
    assert told(page, "updateConsentState")[-1] == said_by_the_script(page)
