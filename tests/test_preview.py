"""What visitors would see, shown to the owner: the draft in the real script, and its look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import FrameLocator, Page, Request, expect

from consent import notices, sites, stage, theme, trail, users
from consent.db import db
from consent.notices import Answer
from consent.parts import parts
from consent.stage import Stage
from tests.acts import BY, add_site, fill_inventory, rows
from tests.conftest import Clock
from tests.outside import served
from tests.prepare import ROOT
from tests.test_admin import EMAIL, WORDS, Owner
from tests.visitor import soon

pytestmark = pytest.mark.sqlite_only
KEY = "example.com"
AT = f"/sites/{KEY}"
RED = {"position": "top", "theme": {"light": {"accent": "#8a1538"}, "radius": 0, "size": 18}}


@pytest.fixture
def clock() -> Clock:
    """The browser's own: it takes rules that are two days old for none."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def site(app: Flask, clock: Clock) -> sites.Site:
    """One that was published, and whose draft says more by now."""
    made = add_site(clock(), languages=["en", "pl"])
    fill_inventory(made, clock())
    notices.publish(made, BY, clock())
    sites.change(made, BY, clock(), texts={"pl": {"title": "Słowa szkicu"}})
    users.add_user(EMAIL, WORDS, "cli", clock())
    return made


@pytest.fixture
def door(app: Flask, site: sites.Site) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def owner(new_page: Callable[..., Page], door: str, asked: list[Request]) -> Page:
    page = new_page(locale="en-GB", viewport={"width": 1440, "height": 1000})
    page.on("request", lambda request: asked.append(request))
    page.goto(f"{door}/admin/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sites")).to_be_visible()
    return page


@pytest.fixture
def by_hand(client: FlaskClient, site: sites.Site) -> Owner:
    made = Owner(client)
    assert made.sign_in().status_code == 303
    return made


def banner(page: Page) -> FrameLocator:
    return page.frame_locator(".stage iframe")


def style(page: Page, selector: str, name: str) -> str:
    found: str = (
        banner(page)
        .locator(selector)
        .first.evaluate("(node, name) => getComputedStyle(node).getPropertyValue(name)", name)
    )
    return found


# -- the preview -------------------------------------------------------------------------------


def test_the_draft_is_shown_as_a_visitor_would_meet_it_and_nothing_of_it_is_kept(
    owner: Page, door: str, asked: list[Request]
) -> None:
    before = db.session.query(Answer).count()
    owner.goto(f"{door}/admin{AT}/preview/?language=pl&place=PL")
    expect(banner(owner).get_by_role("heading", name="Słowa szkicu")).to_be_visible()
    frame = owner.locator(".stage iframe")
    assert (frame.get_attribute("width"), frame.get_attribute("height")) == ("360", "640")
    banner(owner).locator("[data-cmp=accept]").click()
    expect(banner(owner).locator("#cmp-dialog")).to_have_count(0)
    expect(banner(owner).locator("#cmp-entry")).to_be_visible()
    inside = owner.frames[1]
    soon(owner, lambda: inside.evaluate("consent.get().pending") is False, "said to be kept")
    assert inside.evaluate("consent.allowed('statistics')") is True
    assert inside.evaluate("window.origin") == "null"
    names = {cookie["name"] for cookie in owner.context.cookies()}
    assert names and not names & {"crumbtrail", "crumbtrail_visitor"}
    assert rows() == [] and db.session.query(Answer).count() == before
    posts = [one.url for one in asked if one.method != "GET"]
    assert posts == [f"{door}/admin/sign-in"]
    assert all(one.url.startswith((door, "data:")) for one in asked)


def test_a_page_that_tries_to_send_from_the_stage_is_stopped_by_its_policy(
    owner: Page, door: str
) -> None:
    owner.goto(f"{door}/admin{AT}/preview/")
    expect(banner(owner).locator("#cmp-dialog")).to_be_visible()
    tries = """async (door) => {
      const tried = async (act) => {
        try { await act(); return 'sent' } catch (e) { return e.name } };
      return [
        await tried(() => new Promise((done, fail) => { const asked = new XMLHttpRequest();
          asked.open('POST', door + '/v1/example.com/consents'); asked.onload = done;
          asked.onerror = () => fail(new Error('stopped')); asked.send('{}') })),
        await tried(() => fetch(door + '/v1/example.com/notice')),
        await tried(() => parent.document.title),
      ] }"""
    assert owner.frames[1].evaluate(tries, door) == ["Error", "TypeError", "SecurityError"]


def test_light_and_dark_phone_and_desktop_both_layers_follow_the_form(
    owner: Page, door: str
) -> None:
    owner.goto(f"{door}/admin{AT}/preview/")
    surface = {"light": "rgb(255, 255, 255)", "dark": "rgb(26, 33, 43)"}
    expect(banner(owner).locator("#cmp-dialog")).to_be_visible()
    assert style(owner, "#cmp-dialog", "background-color") == surface["light"]
    owner.get_by_label("Colours").select_option("dark")
    expect(banner(owner).locator("html.dark #cmp-dialog")).to_be_visible()
    assert style(owner, "#cmp-dialog", "background-color") == surface["dark"]
    owner.get_by_label("Screen").select_option("desktop")
    expect(owner.locator(".stage iframe")).to_have_attribute("width", "1280")
    owner.get_by_label("Layer").select_option("2")
    expect(banner(owner).locator("dialog.ctl-settings")).to_be_visible()
    expect(banner(owner).locator("dialog.ctl-settings")).to_contain_text("Google Analytics")
    assert style(owner, ".ctl-settings", "background-color") == surface["dark"]
    owner.locator("#language").select_option("pl")
    expect(banner(owner).locator("html[lang=pl] dialog.ctl-settings")).to_be_visible()
    expect(owner).to_have_url(re.compile("language=pl.*layer=2.*screen=desktop.*scheme=dark"))


def test_a_place_brings_its_rules_and_the_browsers_signal_its_answer(
    owner: Page, door: str
) -> None:
    owner.goto(f"{door}/admin{AT}/preview/?place=US-CA")
    expect(banner(owner).locator("#cmp-dialog.ctl-bar")).to_be_visible()
    assert banner(owner).get_by_role("button", name="Do Not Sell").count() == 1
    owner.get_by_label("Global Privacy Control is on").check()
    expect(banner(owner).locator("#cmp-note")).to_contain_text("Honored")
    inside = owner.frames[1]
    assert inside.evaluate("consent.allowed('marketing')") is False
    assert owner.get_by_text("The browser’s signal (GPC) is obeyed.").count() == 1
    assert rows() == []


def test_the_form_works_without_a_script_of_ours(
    new_page: Callable[..., Page], by_hand: Owner
) -> None:
    page = by_hand.page(f"{AT}/preview/?language=pl&place=CA-QC&layer=2&screen=desktop&scheme=dark")
    found = re.search(r'<iframe src="/stage/([^/"]+)/"', page)
    assert found is not None and 'sandbox="allow-scripts"' in page
    key, at = parts().config.secret_key, parts().clock().timestamp()
    told = stage.opened(found[1], key, at)
    assert told == Stage(KEY, "", "CA-QC", False, "pl", 2, "dark")
    assert (
        by_hand.get(f"{AT}/preview/")
        .headers["Content-Security-Policy"]
        .endswith("frame-src 'self'")
    )
    assert "frame-src" not in by_hand.get(f"{AT}/notice/").headers["Content-Security-Policy"]


def test_a_stage_is_open_for_an_hour_and_only_as_it_was_sealed(
    app: Flask, site: sites.Site, client: FlaskClient, clock: Clock
) -> None:
    key = parts().config.secret_key
    good = stage.sealed(Stage(KEY, language="en"), key, clock().timestamp())
    other = stage.sealed(Stage(KEY, language="en"), "another key", clock().timestamp())
    assert client.get(f"/stage/{good}/").status_code == 200
    sealed = client.get(f"/stage/{good}/v1/{KEY}/consent.js")
    assert sealed.status_code == 200 and '"version":2' in sealed.text
    assert "sandbox allow-scripts" in sealed.headers["Content-Security-Policy"]
    body, mac = good.split(".")
    for wrong in (other, good[:-4], body, f"{body}x.{mac}", "a.b", "."):
        assert client.get(f"/stage/{wrong}/").status_code == 404, wrong
    for path in (
        "consents",
        f"v1/{KEY}/consents",
        "v1/other.com/consent.js",
        "../../../etc/passwd",
    ):
        assert client.get(f"/stage/{good}/{path}").status_code == 404, path
    assert client.post(f"/stage/{good}/v1/{KEY}/consents", data="{}").status_code == 405
    clock.advance(seconds=stage.OPEN_S + 1)
    assert client.get(f"/stage/{good}/").status_code == 404


def test_the_code_on_the_stage_is_the_built_one_byte_for_byte(
    app: Flask, site: sites.Site, client: FlaskClient, clock: Clock
) -> None:
    at = clock().timestamp()
    sealed = stage.sealed(Stage(KEY, language="en"), parts().config.secret_key, at)
    built = (ROOT / "static/js/dist/strict.js").read_text("utf-8").strip()
    script = client.get(f"/stage/{sealed}/v1/{KEY}/consent.js").text
    assert script.startswith(f"!function(CMP_CONFIG){{{built}}}(")
    served = client.get(f"/v1/{KEY}/XX/en/consent.js").text
    assert served.startswith(f"!function(CMP_CONFIG){{{built}}}(")


# -- the look ----------------------------------------------------------------------------------


def design(**changes: str) -> dict[str, str]:
    form = {"position": "bottom", "radius": "10", "size": "16"}
    for scheme, colours in theme.DEFAULTS.items():
        form |= {f"{scheme}.{name}": colour for name, colour in colours.items()}
    return form | {name.replace("__", "."): value for name, value in changes.items()}


def test_a_look_that_cannot_be_read_is_refused_with_the_ratio_and_kept_in_the_form(
    by_hand: Owner, site: sites.Site
) -> None:
    answer = by_hand.send(f"{AT}/design/", design(light__accent="#ffcc00"))
    assert answer.status_code == 422 and "contrast is 1.51 to 1" in answer.text
    assert 'value="#ffcc00"' in answer.text and "too low" in answer.text
    assert sites.get(KEY).layout == {"position": "bottom"}
    dark = by_hand.send(f"{AT}/design/", design(dark__text="#333333"))
    assert dark.status_code == 422 and "Text on the surface, dark" in dark.text
    for wrong in ({"light__text": "red"}, {"radius": "99"}, {"size": "x"}, {"position": "left"}):
        assert by_hand.send(f"{AT}/design/", design(**wrong)).status_code == 422, wrong
    assert sites.get(KEY).layout == {"position": "bottom"}


def test_a_look_that_holds_is_kept_by_its_tokens_alone_and_taken_back(
    by_hand: Owner, site: sites.Site, client: FlaskClient
) -> None:
    tried = by_hand.send(f"{AT}/design/try", design(light__accent="#8a1538"))
    assert tried.status_code == 200 and sites.get(KEY).layout == {"position": "bottom"}
    form = design(light__accent="#8A1538", position="top", radius="0", size="18")
    assert by_hand.send(f"{AT}/design/", form).status_code == 303
    assert sites.get(KEY).layout == RED
    assert trail.entries(KEY)[0].verb == "site.change"
    assert "The layout changed." in notices.changes(sites.get(KEY))
    assert by_hand.send(f"{AT}/design/", {**form, "ours": "yes"}).status_code == 303
    assert sites.get(KEY).layout == {"position": "bottom"}


def test_tokens_reach_the_published_answer_and_cost_nothing_where_there_are_none(
    app: Flask, site: sites.Site, client: FlaskClient, clock: Clock
) -> None:
    plain = client.get(f"/v1/{KEY}/notice?lang=en").get_json()
    assert "css" not in plain
    sites.change(sites.get(KEY), BY, clock(), layout=RED)
    notice = notices.publish(sites.get(KEY), BY, clock.advance(seconds=5))
    assert notice.content["layout"] == RED
    clock.advance(seconds=5)
    themed = client.get(f"/v1/{KEY}/notice?lang=en").get_json()
    assert "--accent:#8a1538" in themed["css"] and themed["answer"] != plain["answer"]
    assert not [one for one in notices.lint(notice.content) if one.code == "THEME-CONTRAST"]
    pale = notice.content | {"layout": {"theme": {"light": {"text": "#aaaaaa"}}}}
    assert [one for one in notices.lint(pale) if one.code == "THEME-CONTRAST"]


def test_the_look_is_on_the_real_banner_while_it_is_tried_and_both_choices_look_alike(
    owner: Page, door: str
) -> None:
    owner.goto(f"{door}/admin{AT}/design/")
    expect(banner(owner).locator("#cmp-dialog")).to_be_visible()
    fields = owner.get_by_label("Accent: buttons, links, switches")
    fields.first.evaluate(
        "node => { node.value = '#8a1538';"
        " node.dispatchEvent(new Event('input', {bubbles: true})) }"
    )
    accept = banner(owner).locator("[data-cmp=accept]")
    expect(accept).to_have_css("background-color", "rgb(138, 21, 56)")
    owner.get_by_label("Roundness").fill("0")
    expect(accept).to_have_css("border-radius", "0px")
    owner.get_by_label("Where the banner stands").select_option("top")
    expect(banner(owner).locator("#cmp-dialog")).to_have_css("top", "8px")
    alike = (
        "nodes => nodes.map(node => { const is = getComputedStyle(node);"
        " return ['color', 'backgroundColor', 'borderColor', 'borderRadius', 'fontSize',"
        " 'fontWeight', 'padding', 'height'].map(name => is[name]).join() })"
    )
    looks: list[Any] = (
        banner(owner).locator("[data-cmp=accept], [data-cmp=reject]").evaluate_all(alike)
    )
    assert len(looks) == 2 and looks[0] == looks[1]
    expect(owner.get_by_role("row", name="Links", exact=False).first).to_contain_text("9.")
    owner.get_by_role("button", name="Save").click()
    expect(owner.get_by_role("status")).to_contain_text("Saved")
    assert db.session.execute(db.select(sites.Site.layout)).scalar_one()["position"] == "top"


def test_our_own_colours_are_those_of_the_sheet() -> None:
    css = (ROOT / "static/js/src/style.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for text, scheme in ((light, "light"), (dark, "dark")):
        ours = theme.DEFAULTS[scheme]
        found = dict(re.findall(r"--(accent|text|face): (#[0-9a-f]+);", text)[:3])
        short = {name: "#ffffff" if colour == "#fff" else colour for name, colour in found.items()}
        assert short == {"accent": ours["accent"], "text": ours["text"], "face": ours["surface"]}
    assert theme.problems({}) == {}


def test_contrast_is_what_wcag_says_it_is() -> None:
    assert theme.ratio("#000000", "#ffffff") == pytest.approx(21)
    assert theme.ratio("#ffffff", "#ffffff") == pytest.approx(1)
    assert theme.ratio("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert theme.ratio("#767676", "#ffffff") == pytest.approx(4.542, abs=0.001)
    assert theme.ratio("#ff0000", "#ffffff") == pytest.approx(3.998, abs=0.001)
    for shade in range(0, 256, 5):  # whatever the accent, something can be read on it
        accent = f"#{shade:02x}{(shade * 3) % 256:02x}{(shade * 7) % 256:02x}"
        on = theme.palette({"light": {"accent": accent}}, "light")["on"]
        assert theme.ratio(on, accent) >= 4.5
