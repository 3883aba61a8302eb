"""Nothing that a browser stored is missed: a page that sets cookies in every way, and the browser's
own store as the truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from consent import crawl
from consent.crawl import Options
from consent.crawl.browser import FLAGS, PREFERENCES
from consent.findings import Pass, Scan, Thing
from tests.conftest import CHROMIUM_FLAGS
from tests.leaky import Leaky, every_way, leaky
from tests.prepare import chromium

QUICK = {"allow_private": True, "delay": 0.0, "dwell": 1.0}


@pytest.fixture(scope="module")
def site() -> Iterator[Leaky]:
    with leaky() as made:
        every_way(made)
        yield made


@pytest.fixture(scope="module")
def seen(site: Leaky) -> Scan:
    if chromium() is None:
        pytest.skip("no Chromium is installed (package chromium)")
    contact = "privacy@example.com"
    options = Options(pages=3, passes=("none",), seconds=240, contact=contact, **QUICK)  # type: ignore[arg-type]
    return crawl.scan(site.url, options)


@pytest.fixture(scope="module")
def first(seen: Scan) -> Pass:
    found = seen.of("none")
    assert found
    return found


def things(one: Pass, kind: str = "cookie") -> dict[str, Thing]:
    return {thing.name: thing for thing in one.things if thing.kind == kind}


def stored(browser: Browser, site: Leaky, folder: Path) -> list[dict[str, Any]]:
    """What a browser with the same settings holds after the same pages, read from its store."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps(PREFERENCES))
    context = browser.browser_type.launch_persistent_context(
        str(folder), executable_path=chromium(), args=[*CHROMIUM_FLAGS, *FLAGS]
    )
    page = context.new_page()
    names: set[str] = set()
    try:
        page.goto(site.url)
        page.wait_for_function("document.cookie.includes('delayed=')")
        page.mouse.wheel(0, 900)
        page.mouse.click(3, 3)
        page.wait_for_function("document.cookie.includes('scrolled=')")
        page.goto(site.at("localhost", "/two"))
        held = context.cookies()
        for _ in range(100):  # beacons arrive when they like
            if "left_beacon" in (names := {one["name"] for one in held}) and "sw_store" in names:
                break
            page.wait_for_timeout(100)
            held = context.cookies()
        return [dict(one) for one in held]
    finally:
        context.close()


def test_nothing_that_the_browser_stored_is_missed(
    browser: Browser, site: Leaky, first: Pass, tmp_path: Path
) -> None:
    held = stored(browser, site, tmp_path / "profile")
    truth = {(one["name"], one["domain"].lstrip(".")) for one in held}
    found = {(thing.name, thing.domain) for thing in first.things if thing.kind == "cookie"}
    assert len(truth) > 25 and {"frame_http", "chips", "left_beacon"} <= {name for name, _ in truth}
    assert truth - found == set()


def test_what_was_set_and_deleted_again_is_seen(first: Pass) -> None:
    names = ("js_deleted", "left_deleted", "http_deleted", "store_deleted")
    cookies = things(first)
    assert [name for name in names if name in cookies and cookies[name].deleted] == list(names)
    assert things(first, "local_storage")["key_deleted"].deleted


def test_storage_of_every_kind_is_seen_in_frames_and_workers_too(first: Pass) -> None:
    assert {"by_call", "by_name", "by_third", "frame_key"} <= things(first, "local_storage").keys()
    assert "session" in things(first, "session_storage")
    assert {"page_db", "frame_db", "worker_db"} <= things(first, "indexed_db").keys()
    assert "page_cache" in things(first, "cache_storage")
    assert "/sw.js" in things(first, "service_worker")


@pytest.mark.parametrize(
    ("name", "how", "url", "line"),
    [
        ("_ga", "script", "tracker.localhost|/t.js", 1),
        ("js", "script", "localhost|/", 4),
        ("document", "response", "localhost|/", 0),
        ("redir", "response", "localhost|/redir", 0),
        ("redir2", "response", "localhost|/redir2", 0),
        ("redir3", "response", "tracker.localhost|/redir3", 0),
        ("beacon", "response", "localhost|/beacon", 0),
        ("pixel", "response", "tracker.localhost|/pixel", 0),
        ("frame_http", "response", "tracker.localhost|/frame", 0),
        ("frame_js", "script", "tracker.localhost|/frame", 1),
        ("deep_js", "script", "deep.localhost|/deep", 1),
        ("store", "script", "localhost|/", 7),
        ("by_sw", "response", "localhost|/by_sw", 0),
        ("left_beacon", "response", "tracker.localhost|/left_beacon", 0),
    ],
)
def test_each_cookie_names_who_caused_it(
    site: Leaky, first: Pass, name: str, how: str, url: str, line: int
) -> None:
    cause = things(first)[name].cause
    host, _, path = url.partition("|")
    assert cause and (cause.how, cause.url) == (how, site.at(host, path))
    assert cause.line == line or line == 0


def test_attributes_are_those_that_were_asked_for(first: Pass) -> None:
    cookies = things(first)
    assert cookies["http_only"].http_only and cookies["frame_http"].http_only
    assert cookies["chips"].partitioned and cookies["chips"].party == "third"
    assert cookies["long"].lifetime == 94608000  # three years; Chromium keeps it for 400 days
    assert cookies["_ga"].party == "first" and cookies["_ga"].size == 7
    assert cookies["js"].lifetime is None


def test_requests_name_who_asked(site: Leaky, first: Pass) -> None:
    asked = {one.url: one for one in first.requests}
    script = asked[site.at("tracker.localhost", "/t.js")]
    assert script.static and script.kind == "script" and script.cause
    assert script.cause.how == "element"
    pixel = asked[site.at("tracker.localhost", "/pixel")]
    assert not pixel.static and pixel.cause and pixel.cause.url.endswith("/t.js")
    kinds = {one.kind for one in first.requests}
    assert {"script", "image", "frame", "fetch", "beacon", "websocket"} <= kinds
    assert any(one.url.endswith("/left_beacon") for one in first.requests)
    assert any(one.url.endswith("/by_worker_third") for one in first.requests)


def test_no_value_and_no_query_is_kept(seen: Scan) -> None:
    text = json.dumps([str(one) for one in seen.passes])
    assert "GA1.1" not in text and "?" not in text


def test_it_visits_links_once_and_says_who_it_is(site: Leaky, seen: Scan) -> None:
    assert seen.pages == [site.url, site.at("localhost", "/two")]
    assert seen.banner == "none"
    documents = [agent for host, path, agent in site.asked if (host, path) == ("localhost", "/two")]
    assert any(
        "Crumbtrail-Scan/" in agent and "privacy@example.com" in agent for agent in documents
    )
