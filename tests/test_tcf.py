"""The Transparency and Consent Framework: off without a registered id and a vendor list; then what
it shows, what `__tcfapi` says and when, and that the IAB's libraries read every string."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from consent import sites, vendors
from consent.errors import Invalid
from tests.acts import add_site, make_site
from tests.conftest import Clock
from tests.databases import Databases
from tests.pages import Website
from tests.parts import opened, serving
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

GVL = ROOT / "tests/gvl"
TCF = {"cmp_id": 300, "cmp_version": 7, "vendors": [1, 2, 8, 50, 100, 404, 755], "country": "DE"}
STUB = f'<script data-apis="tcf">{sites.stub("iab-stub")}</script>'
LISTEN = (
    "<script>window.heard = []; __tcfapi('addEventListener', 2, (d, ok) => heard.push(d))</script>"
)
ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
STATISTICS = [1, 8, 9, 10, 11]


@pytest.fixture(scope="module")
def server_of_parts(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    wanted: dict[str, Any] = {
        "tcf": {"tcf": TCF},
        "off": {"gpp": {}},
        "every": {"tcf": TCF, "gpp": {}, "signals": {"uet": True, "data_layer": True}},
    }
    with serving(databases, tmp_path_factory.mktemp("tcf"), wanted) as server:
        shutil.copytree(GVL, server.instance / "gvl")
        yield server


@pytest.fixture
def go(
    server_of_parts: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> Callable[..., Page]:
    def visit(place: str = "PL", name: str = "tcf", head: str = LISTEN) -> Page:
        return opened(server_of_parts, elsewhere, new_page, name, head, place, STUB)

    return visit


def heard(page: Page, length: int) -> list[dict[str, Any]]:
    """What the listener was told, once it is that much; it then stays so."""
    until(page, f"heard.length >= {length}")
    page.wait_for_load_state("networkidle")
    found: list[dict[str, Any]] = page.evaluate("heard")
    assert len(found) == length, [one["eventStatus"] for one in found]
    return found


def yes(flags: dict[str, bool]) -> list[int]:
    return [int(number) for number, given in flags.items() if given]


def settings(page: Page) -> Locator:
    page.evaluate("consent.open()")
    panel = page.locator("#cmp-dialog #cmp-tcf")
    expect(panel).to_be_visible()
    return panel


def test_another_library_of_the_iab_reads_the_strings_of_hundreds_of_choices() -> None:
    node = shutil.which("node") or str(ROOT / ".venv/bin/node")
    program = [node, str(ROOT / "tests/tcf.mjs")]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["strings"] == 1200 and said["different"] > 300


# -- the vendor list -----------------------------------------------------------------------------


def config_of(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/example.com/notice?lang=en").get_json()
    return found


def script(client: FlaskClient) -> str:
    reply = client.get("/v1/example.com/consent.js", headers={"Accept-Encoding": "br"})
    whole: bytes = brotli.decompress(reply.data)
    return whole.decode()


def test_without_a_vendor_list_the_part_is_not_given_to_any_page(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock.now, integrations={"tcf": TCF})
    assert "parts" not in config_of(client)
    for _ in range(4):  # by now the answer comes from memory
        assert '"parts"' not in script(client)
    assert client.get("/v1/example.com/tcf/en.json").status_code == 404
    done = app.test_cli_runner().invoke(args=["gvl", "update", "--from", str(GVL)])
    assert done.output == "Version 150 with 7 vendors, for en.\n"
    assert [part.split(".")[0] for part in config_of(client)["parts"]] == ["tcf"]
    assert config_of(client)["options"] == {"tcf": TCF}
    assert '"parts":["tcf.' in script(client)


def test_a_page_gets_its_own_vendors_and_the_texts_in_its_language(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock.now, languages=["en", "pl"], integrations={"tcf": TCF})
    app.test_cli_runner().invoke(args=["gvl", "update", "--from", str(GVL)])
    reply = client.get("/v1/example.com/tcf/pl.json")
    said = reply.get_json()
    assert sorted(said["vendors"], key=int) == ["1", "2", "8", "50", "100", "755"]  # 404 is deleted
    assert said["purposes"]["8"]["name"] == "Pomiar treści" and said["language"] == "pl"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    english = client.get("/v1/example.com/tcf/fr.json").get_json()
    assert english["language"] == "en"
    assert english["purposes"]["8"]["name"] == "Measure content performance"


def test_a_site_outside_the_framework_has_no_list(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    make_site(app, clock.now)
    app.test_cli_runner().invoke(args=["gvl", "update", "--from", str(GVL)])
    assert client.get("/v1/example.com/tcf/en.json").status_code == 404


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"gvlSpecificationVersion": 2}', b"\xff"])
def test_a_list_that_is_none_leaves_the_old_one(tmp_path: Path, body: bytes) -> None:
    vendors.update(tmp_path, lambda name: (GVL / name).read_bytes(), ["en", "pl"])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(before) == {"vendor-list.json", "purposes-pl.json"}

    def broken(name: str) -> bytes:
        return body if name == "purposes-pl.json" else (GVL / name).read_bytes() + b" "

    with pytest.raises(Invalid):
        vendors.update(tmp_path, broken, ["en", "pl"])
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_language_that_the_framework_does_not_have_reads_english(tmp_path: Path) -> None:
    vendors.update(tmp_path, lambda name: (GVL / name).read_bytes(), ["en", "pl", "ga"])
    assert vendors.shown(tmp_path, [1], "ga")["language"] == "en"
    assert vendors.shown(tmp_path, [1], "pl")["language"] == "pl"
    assert vendors.shown(tmp_path, [1], "../pl")["language"] == "en"


def test_a_list_that_cannot_be_reached_is_said_at_the_terminal(
    app: Flask, clock: Clock, tmp_path: Path
) -> None:
    add_site(clock.now)
    done = app.test_cli_runner().invoke(args=["gvl", "update", "--from", str(tmp_path)])
    assert done.exit_code == 1 and "could not be read" in done.output


# -- what a vendor's script sees -----------------------------------------------------------------


def test_a_new_visitor_is_shown_first_and_then_told_of_once(go: Callable[..., Page]) -> None:
    page = go()
    shown = heard(page, 1)[0]
    assert shown["eventStatus"] == "cmpuishown" and shown["cmpStatus"] == "loaded"
    assert shown["gdprApplies"] is True and isinstance(shown["listenerId"], int)
    assert (shown["cmpId"], shown["cmpVersion"], shown["tcfPolicyVersion"]) == (300, 7, 5)
    assert yes(shown["purpose"]["consents"]) == yes(shown["purpose"]["legitimateInterests"]) == []
    assert yes(shown["vendor"]["consents"]) == []
    page.click("[data-cmp=accept]")
    done = heard(page, 2)[1]
    assert done["eventStatus"] == "useractioncomplete" and done["isServiceSpecific"] is True
    assert done["publisherCC"] == "DE"
    assert yes(done["purpose"]["consents"]) == ALL
    assert yes(done["purpose"]["legitimateInterests"]) == [2, 7, 8, 9, 10, 11]
    assert yes(done["vendor"]["consents"]) == [1, 2, 8, 50, 755]
    assert yes(done["vendor"]["disclosedVendors"]) == [1, 2, 8, 50, 100, 755]
    assert yes(done["specialFeatureOptins"]) == []  # these need a yes of their own
    kept = {c["name"]: c["value"] for c in page.context.cookies()}
    assert kept["euconsent-v2"] == done["tcString"]


def test_a_visitor_who_comes_back_is_only_loaded(go: Callable[..., Page]) -> None:
    page = go()
    heard(page, 1)
    page.click("[data-cmp=accept]")
    before = heard(page, 2)[1]["tcString"]
    page.reload()
    after = heard(page, 1)[0]
    assert (after["eventStatus"], after["tcString"]) == ("tcloaded", before)


@pytest.mark.parametrize("how", ["[data-cmp=reject]", "withdraw"])
def test_a_refusal_and_a_withdrawal_leave_nothing_but_who_was_shown(
    go: Callable[..., Page], how: str
) -> None:
    page = go()
    heard(page, 1)
    if how == "withdraw":
        page.click("[data-cmp=accept]")
        heard(page, 2)
        page.evaluate("consent.withdraw()")
        last = heard(page, 3)[-1]
    else:
        page.click(how)
        last = heard(page, 2)[-1]
    assert last["eventStatus"] == "useractioncomplete"
    assert yes(last["purpose"]["consents"]) == yes(last["purpose"]["legitimateInterests"]) == []
    assert yes(last["vendor"]["consents"]) == []
    assert yes(last["vendor"]["disclosedVendors"]) == [1, 2, 8, 50, 100, 755]


def test_statistics_alone_covers_measuring_and_storage_only(go: Callable[..., Page]) -> None:
    page = go()
    heard(page, 1)
    page.evaluate("consent.set({statistics: true})")
    last = heard(page, 2)[-1]
    assert yes(last["purpose"]["consents"]) == STATISTICS
    assert yes(last["purpose"]["legitimateInterests"]) == [8, 9, 10, 11]


def test_a_string_of_another_platform_or_one_that_says_too_much_is_made_anew(
    go: Callable[..., Page],
) -> None:
    page = go()
    heard(page, 1)
    page.click("[data-cmp=accept]")
    accepted = heard(page, 2)[1]["tcString"]
    page.evaluate("consent.set({marketing: false, statistics: true})")
    right = heard(page, 3)[2]["tcString"]
    foreign = "CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA.IDKQA4AAgAKAGQAygAAA"
    for wrong in (accepted, foreign, "nonsense"):
        page.evaluate(f"void (document.cookie = 'euconsent-v2={wrong}; path=/')")
        page.reload()
        loaded = heard(page, 1)[0]
        assert loaded["eventStatus"] == "tcloaded"
        assert yes(loaded["purpose"]["consents"]) == STATISTICS
        assert page.evaluate("document.cookie").count(loaded["tcString"]) == 1
    assert right.split(".")[1] == accepted.split(".")[1]


def test_a_cookie_without_a_choice_is_not_believed(go: Callable[..., Page]) -> None:
    page = go()
    heard(page, 1)
    page.click("[data-cmp=accept]")
    heard(page, 2)
    page.wait_for_function("!consent.get().pending")  # its answer writes the cookie again
    page.evaluate("void (document.cookie = 'crumbtrail=; path=/; max-age=0')")
    page.reload()
    shown = heard(page, 1)[0]
    assert shown["eventStatus"] == "cmpuishown" and yes(shown["purpose"]["consents"]) == []


@pytest.mark.parametrize(("place", "applies"), [("US-CA", False), ("PL", True), ("nowhere", True)])
def test_whether_the_framework_speaks_depends_on_the_place(
    go: Callable[..., Page], place: str, applies: bool
) -> None:
    page = go(place)
    first = heard(page, 1)[0]
    assert first["gdprApplies"] is applies
    assert bool(first.get("tcString")) is applies


def test_commands_answer_as_the_specification_says(go: Callable[..., Page]) -> None:
    page = go()
    number = heard(page, 1)[0]["listenerId"]
    ask = "([c, v, p]) => new Promise(done => __tcfapi(c, v, (d, ok) => done([d, ok]), p))"
    ping, success = page.evaluate(ask, ["ping", 2, None])
    assert success and ping["cmpLoaded"] is True and ping["gdprApplies"] is True
    assert ping["displayStatus"] == "visible" and ping["gvlVersion"] == 150
    assert page.evaluate(ask, ["ping", 1, None]) == [None, False]
    assert page.evaluate(ask, ["removeEventListener", 2, number])[0] is True
    page.click("[data-cmp=accept]")
    until(page, "document.cookie.includes('euconsent-v2')")
    assert page.evaluate("heard.length") == 1


def test_the_stub_answers_before_anything_has_come(
    new_page: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put("/", f"<!doctype html><html><head>{STUB}</head><body></body></html>")
    page = new_page()
    page.goto(elsewhere.url + "/")
    said = page.evaluate("new Promise(d => __tcfapi('ping', 2, (data, ok) => d([data, ok])))")
    assert said[1] and said[0]["cmpLoaded"] is False and said[0]["apiVersion"] == "2"
    assert page.evaluate("'__gpp' in window") is False
    until(page, "!!frames.__tcfapiLocator")


def test_a_frame_of_another_origin_asks_by_message(
    go: Callable[..., Page], elsewhere: Website
) -> None:
    call = "{__tcfapiCall: {command: 'ping', version: 2, callId: 'a1'}}"
    elsewhere.put(
        "/ad",
        "<script>onmessage = e => parent.postMessage({relay: e.data}, '*');"
        f"parent.postMessage(JSON.stringify({call}), '*')</script>",
    )
    page = go()
    heard(page, 1)
    page.evaluate("void (onmessage = e => { if (e.data.relay) window.got = e.data.relay })")
    page.evaluate(
        "u => { const f = document.createElement('iframe'); f.src = u; document.body.append(f) }",
        f"{elsewhere.url}/ad",
    )
    until(page, "!!window.got")
    reply = json.loads(page.evaluate("got"))["__tcfapiReturn"]
    assert reply["callId"] == "a1" and reply["success"] is True
    assert reply["returnValue"]["cmpLoaded"] is True


# -- what a visitor sees -------------------------------------------------------------------------


def test_the_first_layer_names_the_number_of_partners_and_every_purpose(
    go: Callable[..., Page],
) -> None:
    page = go()
    said = page.locator("#cmp-dialog #cmp-tcf-first")
    expect(said).to_contain_text("(6)")
    for name in ("Store and/or access information on a device", "Measure content performance"):
        expect(said).to_contain_text(name)


def test_the_sentence_leaves_every_button_on_the_smallest_phone(go: Callable[..., Page]) -> None:
    page = go()
    page.set_viewport_size({"width": 320, "height": 640})
    expect(page.locator("#cmp-tcf-first")).to_be_visible()
    for verb in ("reject", "accept", "preferences"):
        box = page.locator(f"#cmp-dialog [data-cmp={verb}]").bounding_box()
        assert box and box["y"] >= 0 and box["y"] + box["height"] <= 640, verb
    scrolls = "e => e.closest('[tabindex]').scrollHeight > e.closest('[tabindex]').clientHeight"
    assert page.locator("#cmp-tcf-first").evaluate(scrolls)


def test_the_settings_list_every_purpose_feature_and_partner_and_preselect_nothing(
    go: Callable[..., Page],
) -> None:
    page = go()
    panel = settings(page)
    expect(panel.locator("h3")).to_have_text("Advertising partners (6)")
    count = {"purposes": 11, "features": 2, "fixed": 6, "partners": 6}
    for key, number in count.items():
        expect(panel.locator(f"[data-tcf={key}] h4")).to_have_count(number)
    assert panel.locator("input:checked").count() == 0
    # Consent for eleven purposes; only six of them know a legitimate interest.
    assert panel.locator("[data-tcf^='purposes.']").count() == 11
    interests = panel.locator("[data-tcf^='interests.']")
    numbers = {str(one.get_attribute("data-tcf")).split(".")[1] for one in interests.all()}
    assert numbers == {"2", "7", "8", "9", "10", "11"}
    alpha = panel.locator("[data-tcf=partners] .ctl-service", has_text="Alpha Ads")
    expect(alpha).to_contain_text("Days kept: 30")
    expect(alpha).to_contain_text("Days of cookies, at most: 30, renewed at each visit")
    assert alpha.locator("a").first.get_attribute("href", timeout=1000) == (
        "https://v1.example/privacy"
    )


def test_what_is_picked_in_the_settings_is_what_the_string_says(go: Callable[..., Page]) -> None:
    page = go()
    panel = settings(page)
    pick = panel.locator("[data-tcf='purposes.2']")
    panel.locator("[data-tcf=purposes] > summary").click()
    pick.click()
    expect(page.locator("#cmp-dialog input[name=marketing]")).to_be_checked()
    panel.locator("[data-tcf=features] > summary").click()
    panel.locator("[data-tcf='features.1']").click()
    panel.locator("[data-tcf=partners] > summary").click()
    panel.locator("[data-tcf='vendors.2']").click()  # no longer Beta Bids
    page.click("[data-cmp=save]")
    until(page, "document.cookie.includes('euconsent-v2')")
    last = page.evaluate("heard[heard.length - 1]")
    assert last["eventStatus"] == "useractioncomplete"
    assert yes(last["purpose"]["consents"]) == [2]
    assert yes(last["purpose"]["legitimateInterests"]) == []
    assert yes(last["specialFeatureOptins"]) == [1]
    assert yes(last["vendor"]["consents"]) == [1, 8, 50, 755]
    assert page.evaluate("consent.get().categories.marketing") is True
    before = last["tcString"]
    page.reload()
    assert heard(page, 1)[0]["tcString"] == before
    again = settings(page)
    picked = {one.get_attribute("data-tcf") for one in again.locator("input:checked").all()}
    assert picked == {"purposes.2", "features.1", *(f"vendors.{n}" for n in (1, 8, 50, 755))}


def test_a_category_takes_its_purposes_along_both_ways(go: Callable[..., Page]) -> None:
    page = go()
    panel = settings(page)
    category = page.locator("#cmp-dialog input[name=statistics]")
    ticked = "[...document.querySelectorAll('#cmp-tcf input:checked')].map(i => i.dataset.tcf)"
    category.click()
    picked = set(page.evaluate(ticked))
    wanted = {f"purposes.{n}" for n in STATISTICS} | {f"interests.{n}" for n in (8, 9, 10, 11)}
    assert wanted <= picked and not {"purposes.2", "features.1"} & picked
    category.click()
    assert page.evaluate(ticked) == []
    expect(panel).to_be_visible()


def test_an_objection_to_one_legitimate_interest_is_kept(go: Callable[..., Page]) -> None:
    page = go()
    heard(page, 1)
    page.click("[data-cmp=accept]")
    heard(page, 2)
    panel = settings(page)
    panel.locator("[data-tcf=purposes] > summary").click()
    panel.locator("[data-tcf='interests.9']").click()
    page.click("[data-cmp=save]")
    until(page, "heard[heard.length - 1].purpose.legitimateInterests[9] === false")
    last = page.evaluate("heard[heard.length - 1]")
    assert yes(last["purpose"]["legitimateInterests"]) == [2, 7, 8, 10, 11]
    assert yes(last["purpose"]["consents"]) == ALL
    page.click("#cmp-dialog [data-cmp=close]")
    # A change by category, of whatever origin, does not bring it back; "Accept all" does.
    page.evaluate("consent.set({marketing: false, statistics: true})")
    until(page, "heard[heard.length - 1].purpose.legitimateInterests[7] !== true")
    last = page.evaluate("heard[heard.length - 1]")
    assert yes(last["purpose"]["legitimateInterests"]) == [8, 10, 11]
    page.evaluate("consent.set({marketing: true, statistics: true})")
    until(page, "heard[heard.length - 1].purpose.legitimateInterests[7] === true")
    last = page.evaluate("heard[heard.length - 1]")
    assert yes(last["purpose"]["legitimateInterests"]) == [2, 7, 8, 10, 11]
    settings(page)
    page.click("#cmp-dialog [data-cmp=accept]")
    until(page, "heard[heard.length - 1].purpose.legitimateInterests[9] === true")


def test_closing_the_settings_without_a_change_ends_the_action(go: Callable[..., Page]) -> None:
    page = go()
    heard(page, 1)
    page.click("[data-cmp=accept]")
    before = heard(page, 2)[1]["tcString"]
    settings(page)
    page.click("#cmp-dialog [data-cmp=close]")
    last = heard(page, 4)
    assert [one["eventStatus"] for one in last[2:]] == ["cmpuishown", "useractioncomplete"]
    assert last[-1]["tcString"] == before


def test_the_settings_with_the_panel_are_accessible(
    go: Callable[..., Page], axe_source: str
) -> None:
    page = go()
    panel = settings(page)
    for fold in panel.locator("details > summary").all():
        fold.click()
    page.evaluate(axe_source)
    found = page.evaluate("axe.run('#cmp-dialog').then(r => r.violations.map(v => v.id))")
    assert found == []


def test_a_strict_policy_with_a_nonce_and_trusted_types_is_enough_for_every_part(
    server_of_parts: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> None:
    policy = (
        "default-src 'none'; script-src 'nonce-abc123' 'strict-dynamic'; "
        f"connect-src {server_of_parts.url}; base-uri 'none'; require-trusted-types-for 'script'"
    )
    stubs = (
        f'<script nonce="abc123" data-apis="gpp tcf">{sites.stub("iab-stub")}</script>'
        f'<script nonce="abc123" data-wait="900" data-redact>{sites.stub("google-stub")}</script>'
        '<script nonce="abc123">window.broke = [];'
        "addEventListener('securitypolicyviolation', e => broke.push(e.violatedDirective))</script>"
    )
    page = opened(
        server_of_parts,
        elsewhere,
        new_page,
        "every",
        early=stubs,
        nonce="abc123",
        Content_Security_Policy=policy,
    )
    until(page, "'uetq' in window && !__gpp.stub && !__tcfapi.stub")
    settings(page)
    page.click("#cmp-dialog [data-cmp=accept]")
    until(page, "document.cookie.includes('euconsent-v2') && !consent.get().pending")
    assert page.evaluate("broke") == []


def test_the_last_of_several_quick_changes_is_what_stays(go: Callable[..., Page]) -> None:
    page = go()
    page.evaluate("consent.acceptAll(); consent.withdraw()")  # the part may not have come yet
    until(page, "document.cookie.includes('euconsent-v2')")
    page.wait_for_load_state("networkidle")
    before = page.evaluate("heard.length")
    page.evaluate("consent.acceptAll(); consent.withdraw()")
    until(page, f"heard.length >= {before + 2}")
    last = page.evaluate("heard[heard.length - 1]")
    assert yes(last["purpose"]["consents"]) == yes(last["vendor"]["consents"]) == []
    assert last["tcString"] in page.evaluate("document.cookie")


def test_without_its_list_the_part_says_error_and_the_page_goes_on(
    server_of_parts: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> None:
    def away(**options: Any) -> Page:
        page = new_page(**options)
        page.route("**/tcf/*.json", lambda route: route.abort())
        return page

    page = opened(server_of_parts, elsewhere, away, "tcf", early=STUB)
    status = "(() => { let s; __tcfapi('ping', 2, d => { s = d.cmpStatus }); return s })()"
    until(page, f"{status} === 'error'")
    page.click("[data-cmp=accept]")
    until(page, "consent.get().decided && !consent.get().pending")
    assert page.evaluate("document.cookie.includes('euconsent')") is False


def test_nothing_of_it_is_there_where_it_is_off(go: Callable[..., Page]) -> None:
    page = go(name="off", head="")
    page.click("[data-cmp=accept]")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.cookie.includes('euconsent')") is False
    assert page.locator("#cmp-tcf-first, #cmp-tcf").count() == 0
