"""The Global Privacy Platform: what `__gpp` says, when, and that the IAB's library reads it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from consent import sites
from tests.acts import add_site
from tests.conftest import Clock
from tests.databases import Databases
from tests.pages import Website
from tests.parts import opened, serving
from tests.prepare import ROOT
from tests.server import Server
from tests.visitor import until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

STUB = f'<script data-apis="gpp">{sites.stub("iab-stub")}</script>'
ASK = "(c, p) => new Promise(done => __gpp(c, (data, ok) => done([data, ok]), p))"
READY = "(() => { let s; __gpp('ping', d => { s = d.signalStatus }); return s === 'ready' })()"
LISTEN = (
    "<script>window.heard = []; __gpp('addEventListener', e => heard.push("
    "[e.eventName, e.data, e.pingData.cmpStatus, e.pingData.signalStatus]))</script>"
)


@pytest.fixture(scope="module")
def server_of_parts(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    wanted: dict[str, Any] = {
        "both": {"gpp": {}},
        "national": {"gpp": {"sections": "national"}},
        "state": {"gpp": {"sections": "state"}},
    }
    with serving(databases, tmp_path_factory.mktemp("gpp"), wanted) as server:
        yield server


@pytest.fixture
def go(
    server_of_parts: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> Callable[..., Page]:
    def visit(name: str = "both", place: str = "US-CA", head: str = "", early: str = STUB) -> Page:
        page = opened(server_of_parts, elsewhere, new_page, name, head, place, early)
        until(page, f"typeof __gpp === 'function' && {READY}")
        return page

    return visit


def ask(page: Page, command: str, parameter: Any = None) -> Any:
    """[data, success] of a command."""
    return page.evaluate(f"([c, p]) => ({ASK})(c, p)", [command, parameter])


def ping(page: Page) -> dict[str, Any]:
    data, success = ask(page, "ping")
    assert success is True
    return dict(data)


def test_the_iabs_own_library_reads_every_string_that_we_can_write() -> None:
    node = shutil.which("node") or str(ROOT / ".venv/bin/node")
    program = [node, str(ROOT / "tests/gpp.mjs")]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["sections"] == 21 and said["strings"] > 900


@pytest.mark.parametrize(
    ("name", "place", "sections"),
    [
        ("both", "US-CA", [7, 8]),
        ("national", "US-CA", [7]),
        ("state", "US-CA", [8]),
        ("both", "US-MD", [7, 24]),
        ("both", "US-NV", [7]),  # no section of its own
        ("state", "US-NV", [7]),
        ("both", "US", [7]),
        ("both", "PL", []),
    ],
)
def test_the_sections_are_those_of_the_place(
    go: Callable[..., Page], name: str, place: str, sections: list[int]
) -> None:
    said = ping(go(name, place))
    assert said["gppVersion"] == "1.1" and said["cmpStatus"] == "loaded" and said["cmpId"] == 1
    assert said["sectionList"] == sections
    assert said["applicableSections"] == (sections or [-1])
    assert said["signalStatus"] == "ready"
    assert sections or said["gppString"] == "DBAA"
    names = [
        api.split(":")[1] for api in said["supportedAPIs"] if int(api.split(":")[0]) in sections
    ]
    assert sorted(said["parsedSections"]) == sorted(names)


def test_an_opt_out_is_in_the_string_and_taking_it_back_too(go: Callable[..., Page]) -> None:
    page = go()
    before = ping(page)
    assert before["gppString"] == "DBABrw~CVQqAAAAAACA.QA~BUoAAACA.QA"
    page.evaluate("consent.rejectAll()")
    assert ask(page, "getField", "usca.SaleOptOut") == [1, True]
    assert ask(page, "getField", "usnat.TargetedAdvertisingOptOut") == [1, True]
    assert ping(page)["gppString"] == "DBABrw~CVQVAAAAAACA.QA~BUUAAACA.QA"
    page.evaluate("consent.acceptAll()")
    assert ping(page)["gppString"] == before["gppString"]


def test_the_browsers_signal_is_an_opt_out_and_told_as_itself(go: Callable[..., Page]) -> None:
    said = ping(go(place="US-CA+gpc"))
    assert said["gppString"] == "DBABrw~CVQVAAAAAACA.YA~BUUAAACA.YA"
    core, gpc = said["parsedSections"]["usca"]
    assert (core["SaleOptOut"], core["SharingOptOut"], gpc["Gpc"]) == (1, 1, True)


def test_commands_answer_as_the_specification_says(go: Callable[..., Page]) -> None:
    page = go()
    assert ask(page, "hasSection", "usca") == [True, True]
    assert ask(page, "hasSection", "usva") == [False, True]
    assert ask(page, "hasSection", "toString") == [False, True]
    section, success = ask(page, "getSection", "usca")
    assert success and [set(part) >= {"Gpc"} for part in section] == [False, True]
    assert ask(page, "getSection", "usva") == [None, False]
    assert ask(page, "getField", "usca.Gpc") == [False, True]
    assert ask(page, "getField", "usca.Nothing") == [None, False]
    assert ask(page, "getField", "usca.toString") == [None, False]
    assert ask(page, "somethingElse") == [None, False]
    assert page.evaluate("__gpp('ping', () => 1)") is None
    assert page.evaluate("__gpp('ping')") is None


def test_events_begin_with_not_ready_and_end_with_ready(go: Callable[..., Page]) -> None:
    page = go(head=LISTEN)
    heard = page.evaluate("heard")
    assert heard[0] == ["listenerRegistered", True, "stub", "not ready"]
    assert ["cmpStatus", "loaded", "loaded", "not ready"] in heard
    signals = [event for event in heard if event[0] == "signalStatus"]
    assert signals == [["signalStatus", "ready", "loaded", "ready"]]
    page.evaluate("heard.length = 0; consent.rejectAll()")
    names = [[name, data] for name, data, _, _ in page.evaluate("heard")]
    assert names[0] == ["signalStatus", "not ready"]
    assert names[-1] == ["signalStatus", "ready"]
    assert [data for name, data in names if name == "sectionChange"] == ["usnat", "usca"]


def test_the_display_status_follows_what_is_on_the_screen(go: Callable[..., Page]) -> None:
    page = go()
    page.evaluate("consent.rejectAll()")
    assert ping(page)["cmpDisplayStatus"] == "hidden"
    page.evaluate("consent.open()")
    page.wait_for_selector("#cmp-dialog [data-cmp=save]")
    until(
        page,
        "(() => { let s; __gpp('ping', d => { s = d.cmpDisplayStatus }); return s })()"
        " === 'visible'",
    )
    page.click("#cmp-dialog [data-cmp=close]")
    until(
        page,
        "(() => { let s; __gpp('ping', d => { s = d.cmpDisplayStatus }); return s })()"
        " === 'hidden'",
    )


def test_a_listener_that_was_removed_hears_no_more(go: Callable[..., Page]) -> None:
    page = go()
    number = page.evaluate(
        "new Promise(d => { window.heard = 0;"
        " __gpp('addEventListener', e => { heard++; d(e.listenerId) }) })"
    )
    assert ask(page, "removeEventListener", number) == [True, True]
    assert ask(page, "removeEventListener", number) == [False, True]
    page.evaluate("consent.rejectAll()")
    assert page.evaluate("heard") == 1


def test_a_listener_that_throws_breaks_nothing(go: Callable[..., Page]) -> None:
    page = go()
    page.evaluate(
        "window.heard = []; for (const bad of [true, false]) __gpp('addEventListener', e => {"
        " if (e.eventName === 'listenerRegistered') return; if (bad) throw 1; heard.push(1) })"
    )
    page.evaluate("consent.rejectAll()")
    assert page.evaluate("heard.length") >= 3
    assert page.evaluate("consent.get().categories.marketing") is False


@pytest.mark.parametrize("early", [STUB, ""], ids=["with the stub", "without"])
@pytest.mark.parametrize("written", [True, False], ids=["text", "object"])
def test_a_frame_of_another_origin_asks_by_message(
    go: Callable[..., Page], elsewhere: Website, early: str, written: bool
) -> None:
    call = "{__gppCall: {command: 'getField', parameter: 'usca.SaleOptOut', callId: 'x7'}}"
    sent = f"JSON.stringify({call})" if written else call
    elsewhere.put(
        "/ad",
        "<script>let f = window, found = null; while (f) { try { if (f.frames.__gppLocator)"
        " { found = f; break } } catch (e) {} if (f === top) break; f = f.parent }"
        "onmessage = e => parent.postMessage({relay: e.data}, '*');"
        f"found.postMessage({sent}, '*')</script>",
    )
    page = go(early=early)
    until(page, "!!frames.__gppLocator")
    page.evaluate("void (onmessage = e => { if (e.data.relay) window.got = e.data.relay })")
    page.evaluate(
        "u => { const f = document.createElement('iframe'); f.src = u; document.body.append(f) }",
        f"{elsewhere.url}/ad",
    )
    until(page, "!!window.got")
    got = page.evaluate("got")
    assert isinstance(got, str) is written
    reply = (json.loads(got) if written else got)["__gppReturn"]
    assert reply == {"returnValue": 2, "success": True, "callId": "x7"}
    assert page.evaluate("document.querySelectorAll('[name=__gppLocator]').length") == 1


def test_the_stub_answers_before_anything_has_come(
    new_page: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put("/", f"<!doctype html><html><head>{STUB}</head><body></body></html>")
    page = new_page()
    page.goto(elsewhere.url + "/")
    data, success = ask(page, "ping")
    assert success and data["cmpStatus"] == "stub" and data["signalStatus"] == "not ready"
    assert ask(page, "hasSection", "usca") == [False, True]
    assert ask(page, "getSection", "usca") == [None, False]
    first = ask(page, "addEventListener")[0]["listenerId"]
    assert ask(page, "addEventListener")[0]["listenerId"] == first + 1
    assert ask(page, "removeEventListener", first) == [True, True]
    assert page.evaluate("'__tcfapi' in window") is False


def test_the_snippet_has_the_stubs_that_the_integrations_need(app: Flask, clock: Clock) -> None:
    bare = add_site(clock.now, "bare.example")
    assert sites.snippet(bare, "https://c.example").count("<script") == 2
    assert sites.stub_hashes(bare) == [sites.stub_hash()]
    more = add_site(
        clock.now,
        "more.example",
        integrations={
            "gpp": {},
            "signals": {"wait_for_update": 900, "ads_data_redaction": True},
        },
    )
    text = sites.snippet(more, "https://c.example")
    order = ["data-site=", 'data-wait="900" data-redact>', 'data-apis="gpp">', "async "]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert len(sites.stub_hashes(more)) == 3


def test_googles_tags_wait_as_long_as_the_owner_says_with_one_default(
    new_page: Callable[..., Page], elsewhere: Website
) -> None:
    elsewhere.put(
        "/",
        f"<script data-site='x'>{sites.stub()}</script>"
        f"<script data-wait='900' data-redact>{sites.stub('google-stub')}</script>",
    )
    page = new_page()
    page.goto(elsewhere.url + "/")
    pushed = page.evaluate("dataLayer.map(e => [...e])")
    assert [entry[:2] for entry in pushed] == [
        ["consent", "default"],
        ["set", "ads_data_redaction"],
    ]
    assert pushed[0][2]["wait_for_update"] == 900 and len(pushed[0][2]) == 8
