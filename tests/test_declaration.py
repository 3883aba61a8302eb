"""The declaration: the published cookie table, in every language and form, on any page."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from consent import declaration, inventory, languages, notices, sites, texts
from tests.acts import BY, add_site, fill_inventory
from tests.conftest import Clock
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server

SITE = "example.com"
AT = f"/v1/{SITE}/declaration"
POLISH = "/v1/voipstudio.pl/declaration"
HOSTILE = """
* { display: none !important; font-size: 0 !important; color: transparent !important; }
html, body { display: block !important; }
div { position: absolute !important; width: 10px !important; transform: scale(.01) !important; }
table, td, th, section { display: none !important; }
"""


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    """English and Polish; a cookie nobody has classified, one in Polish only, one of nobody's."""
    made = add_site(clock(), languages=["en", "pl"], preferences=True)
    fill_inventory(made, clock())
    more: list[dict[str, Any]] = [
        {"name": "L7_geoip", "party": "first", "purpose": {"en": "Picks a currency."}},
        {"name": "Xl7ref", "category": "marketing", "purpose": {"pl": "Adres odsyłający."}},
        {
            "name": "_gat",
            "party": "third",
            "category": "statistics",
            "published_label": "Performance",
        },
    ]
    for row in more:
        inventory.add_tracker(made, BY, clock(), **row)
    notices.publish(made, BY, clock())
    return made


def rows(told: dict[str, Any]) -> dict[str, list[str]]:
    """The words of each line, by name."""
    found = [one["cells"] for group in told["categories"] for one in group["trackers"]]
    return {cells[0]["text"]: [cell["text"] for cell in cells] for cells in found}


def test_it_is_the_published_inventory_and_never_the_draft(
    client: FlaskClient, site: sites.Site, clock: Clock
) -> None:
    before = client.get(f"{AT}.json?lang=en").get_json()
    inventory.add_tracker(site, BY, clock(), name="later", category="marketing")
    clock.advance(seconds=5)
    assert client.get(f"{AT}.json?lang=en").get_json() == before
    notice = notices.publish(site, BY, clock())
    clock.advance(seconds=5)
    after = client.get(f"{AT}.json?lang=en").get_json()
    assert "later" not in rows(before) and "later" in rows(after)
    assert (after["notice"], after["version"]) == (notice.digest, 2)


def test_what_is_not_stated_is_said_to_be_so_and_the_published_label_stays(
    client: FlaskClient, site: sites.Site
) -> None:
    told = client.get(f"{AT}.json?lang=en").get_json()
    found = rows(told)
    unsaid = "not stated"
    assert found["_ga*"] == ["_ga*", "Google", "What _ga is for.", "13 months", unsaid]
    assert found["_gat"] == ["_gat", unsaid, unsaid, unsaid, "third party"]
    assert [group["id"] for group in told["categories"]] == [
        "necessary", "statistics", "marketing", None,
    ]  # fmt: skip
    held = told["categories"][-1]
    assert held["name"] == "Unclassified: held back"
    assert [one["name"] for one in held["trackers"]] == ["L7_geoip"]
    gat = next(one for one in told["categories"][1]["trackers"] if one["name"] == "_gat")
    assert (gat["provider"], gat["duration"], gat["published_label"]) == (None, None, "Performance")
    assert gat["cells"][2]["note"] == "published as “Performance”"


def test_a_purpose_in_another_language_says_which(client: FlaskClient, site: sites.Site) -> None:
    polish = client.get(f"{AT}.json?lang=pl").get_json()
    cells = {
        one["name"]: one["cells"] for group in polish["categories"] for one in group["trackers"]
    }
    assert cells["Xl7ref"][2] == {"text": "Adres odsyłający."}
    assert cells["_ga"][2] == {"text": "What _ga is for.", "lang": "en"}
    assert cells["_ga"][3]["text"] == "13 miesięcy"
    page = client.get(f"{AT}.html?lang=pl").text
    assert '<span lang="en"><bdi>What _ga is for.</bdi></span>' in page


@pytest.mark.sqlite_only
def test_every_language_has_the_whole_table(client: FlaskClient, site: sites.Site) -> None:
    assert len(texts.available()) == 35
    for tag in texts.available():
        look_at(client, tag)


def look_at(client: FlaskClient, tag: str) -> None:
    told = client.get(f"{AT}.json?lang={tag}").get_json()
    assert (told["lang"], told["dir"]) == (tag, languages.direction(tag))
    words = [told["title"], told["version_text"], told["policy"]]
    words += [column["text"] for column in told["columns"]]
    words += [group["name"] for group in told["categories"]]
    words += [
        cell["text"] for g in told["categories"] for t in g["trackers"] for cell in t["cells"]
    ]
    assert all(word.strip() and "{" not in word for word in words)
    assert "2026" in told["version_text"]
    by_browser = client.get(f"{AT}.json", headers={"Accept-Language": f"{tag},en;q=0.5"})
    assert by_browser.get_json() == told


def test_plurals_are_those_of_the_browser_in_every_language() -> None:
    numbers = [*range(1100), 10_000, 1_000_000, 2_000_000, 3_000_001]
    script = (
        f"const n={json.dumps(numbers)};const tags={json.dumps(list(languages.NAMES))};"
        "console.log(JSON.stringify(Object.fromEntries(tags.map(t=>"
        "[t,n.map(x=>new Intl.PluralRules(t).select(x))]))))"
    )
    node = ROOT / ".venv/bin/node"
    command = str(node) if node.exists() else "node"
    said = subprocess.run([command, "-e", script], capture_output=True, text=True, check=True)
    theirs = json.loads(said.stdout)
    for tag in languages.NAMES:
        ours = [languages.plural(tag, number) for number in numbers]
        assert ours == theirs[tag], tag
        assert set(ours) <= set(languages.PLURALS[tag]), tag


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("", "text/csv", "text/csv"),
        ("", "image/png", "application/json"),
        ("?format=html", "application/json", "text/html"),
        ("?format=fragment", "*/*", "text/html"),
        (".csv", "text/html", "text/csv"),
        (".json", "text/html", "application/json"),
        (".js", "*/*", "text/javascript"),
    ],
)
def test_the_address_says_the_form_else_the_header_does(
    client: FlaskClient, site: sites.Site, path: str, accept: str, kind: str
) -> None:
    reply = client.get(AT + path, headers={"Accept": accept})
    assert (reply.status_code, reply.mimetype) == (200, kind)
    assert ("Accept" in reply.vary) == (path == "")
    assert reply.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(
        AT + path, headers={"Accept": accept, "If-None-Match": reply.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] and again.vary == reply.vary
    in_polish = client.get(AT + path, headers={"Accept": accept, "Accept-Language": "pl"})
    assert in_polish.headers["ETag"] != reply.headers["ETag"]
    assert "Accept-Language" in in_polish.vary


def test_a_form_or_rule_that_is_none_and_a_site_without_a_notice_are_refused(
    client: FlaskClient, site: sites.Site, clock: Clock
) -> None:
    for wrong in ("?format=pdf", "?rule=us", "?format=js%20"):
        reply = client.get(AT + wrong)
        assert (reply.status_code, reply.get_json()["error"]["code"]) == (422, "field_value")
    assert client.get("/v1/nobody.example/declaration").status_code == 404
    add_site(clock(), key="new.example")
    unpublished = client.get("/v1/new.example/declaration.js")
    assert unpublished.get_json()["error"]["code"] == "not_published"


def test_what_an_owner_typed_is_text_in_every_form(
    client: FlaskClient, site: sites.Site, clock: Clock
) -> None:
    nasty = '</script><img src=x onerror="alert(1)">'
    inventory.put_service(
        site, BY, clock(), "bad", name=nasty, provider=nasty, policy_url="javascript:alert(1)"
    )
    inventory.add_tracker(
        site, BY, clock(), name="=1+1", party="third", service="bad", purpose={"en": nasty}
    )
    notices.publish(site, BY, clock())
    clock.advance(seconds=5)
    for form in ("?format=html", "?format=fragment", "?format=html&rule=jp"):
        page = client.get(AT + form).text
        assert "<img" not in page and 'href="javascript' not in page
    lines = list(csv.reader(io.StringIO(client.get(f"{AT}.csv?lang=en").text)))
    assert ["'=1+1" in line for line in lines].count(True) == 1


def test_the_csv_has_a_line_for_each_tracker(client: FlaskClient, site: sites.Site) -> None:
    reply = client.get(f"{AT}.csv?lang=pl")
    lines = list(csv.reader(io.StringIO(reply.text)))
    assert lines[0] == [
        "category",
        "Nazwa",
        "Dostawca",
        "Cel",
        "Czas przechowywania",
        "Pochodzenie",
    ]
    assert len(lines) == 1 + len(inventory.trackers(site))
    assert 'filename="example.com-declaration.csv"' in reply.headers["Content-Disposition"]


# -- Japan -------------------------------------------------------------------------------------


def test_japan_gets_information_recipient_and_purpose_of_what_leaves_the_site(
    client: FlaskClient, site: sites.Site
) -> None:
    told = client.get(f"{AT}.json?rule=jp&lang=ja").get_json()
    [group] = told["categories"]
    by_service = {one["service"] or one["information"][0]["name"]: one for one in group["trackers"]}
    assert set(by_service) == {"google-analytics", "ads", "Xl7ref", "_gat"}  # not our own cookies
    google = by_service["google-analytics"]
    assert google["recipient"] == "Google"
    assert [one["text"] for one in google["information"]] == [
        "Cookie「_ga*」の内容", "Cookie「_gid」の内容",
    ]  # fmt: skip
    assert google["cells"][3] == {
        "text": "What _ga is for. What _gid is for.", "lang": "en", "note": "統計",
    }  # fmt: skip
    unknown = [cell["text"] for cell in by_service["_gat"]["cells"]]
    unsaid = texts.words("ja")["more_not_stated"]
    assert unknown == [unsaid, "Cookie「_gat」の内容", unsaid, unsaid]
    assert [column["text"] for column in told["columns"]][1:] == [
        "送信される情報の内容", "送信先となる者の氏名または名称", "利用目的",
    ]  # fmt: skip


def test_japans_table_is_a_page_and_a_file_and_says_when_there_is_nothing(
    client: FlaskClient, site: sites.Site, clock: Clock
) -> None:
    page = client.get(f"{AT}.html?rule=jp&lang=pl").text
    assert 'lang="en">Information about users that is sent to others</h1>' in page
    lines = list(csv.reader(io.StringIO(client.get(f"{AT}.csv?rule=jp&lang=ja").text)))
    assert lines[0][0] == "サービス" and len(lines) == 5
    quiet = add_site(clock(), key="quiet.example")
    inventory.starter(quiet, BY, clock())
    notices.publish(quiet, BY, clock())
    told = client.get("/v1/quiet.example/declaration.json?rule=jp&lang=en").get_json()
    assert (told["categories"], told["own"]) == ([], 1)
    html = client.get("/v1/quiet.example/declaration.html?rule=jp&lang=en").text
    assert "names nothing that is sent to others" in html


@pytest.mark.parametrize(
    ("service", "row", "stays"),
    [
        ({"provider": "Example Ltd"}, {"party": "first"}, True),
        ({"provider": "EXAMPLE"}, {"party": "third"}, True),
        ({"provider": None}, {"party": "first"}, True),
        ({"provider": None}, {"party": "third"}, False),
        ({"provider": None}, {"party": None}, False),
        ({"provider": None, "hosts": ["cdn.example"]}, {"party": "first"}, False),
        ({"provider": "Google"}, {"party": "first"}, False),
    ],
)
def test_only_what_the_inventory_says_to_stay_is_left_out(
    app: Flask, clock: Clock, service: dict[str, Any], row: dict[str, Any], stays: bool
) -> None:
    site = add_site(clock())
    inventory.put_service(site, BY, clock(), "tool", **service)
    inventory.add_tracker(site, BY, clock(), name="x", service="tool", **row)
    content = notices.publish(site, BY, clock()).content
    told = declaration.external(content, "0" * 64, "en")
    assert (told["own"], len(told["categories"])) == ((1, 0) if stays else (0, 1))


# -- in a browser ------------------------------------------------------------------------------


def embed(server: Server, attributes: str = "", query: str = "") -> str:
    return f'<script async {attributes} src="{server.url}{POLISH}.js{query}"></script>'


def page_with(tag: str, lang: str = "pl", style: str = "", head: str = "") -> str:
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">{head}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><p id=before>before</p>{tag}<p id=after>after</p>"
        "</body></html>"
    )


@pytest.mark.sqlite_only
def test_the_tag_stands_in_a_strange_page_whose_styles_would_hide_everything(
    new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> None:
    page = new_page(locale="de-DE", viewport={"width": 320, "height": 700})
    page.goto(elsewhere.put("/", page_with(embed(server), style=HOSTILE)))
    table = page.get_by_role("table", name="Marketing")
    expect(table).to_be_visible()
    expect(page.get_by_role("columnheader", name="Czas przechowywania").first).to_be_attached()
    expect(table.get_by_role("rowheader")).to_have_count(2)
    style = table.evaluate("t => [getComputedStyle(t).fontSize, getComputedStyle(t).color]")
    assert style == ["16px", "rgb(30, 36, 34)"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.sqlite_only
def test_the_tag_leaves_the_page_as_it_was(
    new_page: Callable[..., Page], server: Server, elsewhere: Website
) -> None:
    style = "p { color: rgb(1, 2, 3) } table { border: 9px solid red }"
    page = new_page(color_scheme="dark")
    page.goto(elsewhere.put("/", page_with(embed(server), style=style)))
    expect(page.get_by_role("table").first).to_be_visible()
    order = page.evaluate("[...document.body.children].map(e => e.id || e.localName)")
    assert order == ["before", "script", "div", "after"]
    looks = page.evaluate(
        "[...document.querySelectorAll('p')].map(p => getComputedStyle(p).color).join()"
    )
    assert looks == "rgb(1, 2, 3),rgb(1, 2, 3)"
    assert page.evaluate("document.cookie + localStorage.length + document.styleSheets.length") == (
        "01"
    )
    # The page says nothing of dark, so the table is light in it, too.
    ground = "getComputedStyle(document.querySelector('div').shadowRoot.querySelector('section'))"
    assert page.evaluate(f"{ground}.backgroundColor") == "rgb(255, 255, 255)"
    dark = page_with(embed(server), style=":root { color-scheme: light dark }")
    page.goto(elsewhere.put("/dark", dark))
    expect(page.get_by_role("table").first).to_be_visible()
    assert page.evaluate(f"{ground}.backgroundColor") == "rgb(28, 34, 32)"


@pytest.mark.parametrize(
    ("lang", "attributes", "query", "title", "way"),
    [
        ("pl", "", "", "Pliki cookie i podobne", "ltr"),
        ("ar-EG", "", "", "ملفات تعريف الارتباط وما يماثلها", "rtl"),
        ("pl", 'data-lang="fr"', "", "Cookies et similaires", "ltr"),
        ("pl", "", "?lang=ja", "Cookieおよび類似のもの", "ltr"),
        ("", "", "", "Cookies und Ähnliches", "ltr"),
    ],
)
@pytest.mark.sqlite_only
def test_the_tag_speaks_the_pages_language_else_the_browsers(
    new_page: Callable[..., Page],
    server: Server,
    elsewhere: Website,
    lang: str,
    attributes: str,
    query: str,
    title: str,
    way: str,
) -> None:
    page = new_page(locale="de-DE")
    page.goto(elsewhere.put("/", page_with(embed(server, attributes, query), lang)))
    region = page.get_by_role("region", name=title)
    expect(region).to_be_visible()
    expect(region).to_have_attribute("dir", way)
    expect(page.locator("section")).to_have_count(1)


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        ("script-src {host}; style-src 'none'; connect-src 'none'", ""),
        ("script-src 'nonce-abc' 'strict-dynamic'; style-src 'none'", 'nonce="abc"'),
        ("script-src 'nonce-abc'; require-trusted-types-for 'script'", 'nonce="abc"'),
    ],
)
@pytest.mark.sqlite_only
def test_the_tag_works_under_a_strict_policy(
    new_page: Callable[..., Page], server: Server, elsewhere: Website, policy: str, nonce: str
) -> None:
    page = new_page(locale="en-GB")
    csp = "default-src 'none'; " + policy.format(host=server.url)
    body = page_with(embed(server, nonce + ' data-into="#after"', "?lang=pl"))
    page.goto(elsewhere.put("/", body, Content_Security_Policy=csp))
    expect(page.locator("#after").get_by_role("region")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("query", ["?lang=pl", "?lang=ar", "?lang=ja&rule=jp"])
@pytest.mark.sqlite_only
def test_the_page_is_accessible_and_fits_a_phone(
    new_page: Callable[..., Page], server: Server, axe_source: str, scheme: str, query: str
) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": 320, "height": 700})
    page.goto(f"{server.url}{POLISH}.html{query}")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.evaluate(axe_source)
    broken = page.evaluate("axe.run().then(found => found.violations.map(v => v.id + v.help))")
    assert broken == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
