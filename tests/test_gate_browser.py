"""The proof: behind the gate a real browser asks trackers for nothing, preloads included. What it
asked for is read from its own network log; the twin of the page, without the gate, does ask."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.wrappers import Request, Response

from consent import inventory, notices, sites
from consent.gate.page import Page as Gated
from consent.gate.rules import read
from consent.gate.wsgi import Gate
from tests.acts import BY, make_site
from tests.conftest import CHROMIUM_FLAGS
from tests.databases import Databases
from tests.outside import Door
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import chromium
from tests.server import Server
from tests.visitor import cookies, soon, until

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

SHOP = "example.com"
HOST = "track.localhost"
GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
JS = "text/javascript"

# One of each; T is the tracker's address. None of them is marked.
HEAD = """<link rel=preconnect href=T><link rel=dns-prefetch href=T>
<link rel=preload as=script href=T/preload.js>
<link rel=preload as=image imagesrcset="T/imagesrcset.gif 1x">
<link rel=prefetch href=T/prefetch.html><link rel=modulepreload href=T/modulepreload.js>
<link rel=stylesheet href=T/style.css><link rel="shortcut icon" href=T/icon.ico>
<script type=importmap>{"imports": {"mapped": "T/mapped.js"}}</script>
<script type=speculationrules>{"prefetch": [{"urls": ["T/speculation.html"]}]}</script>
<script src=T/script.js></script><SCRIPT ASYNC SRC='T/async.js'></SCRIPT>
<script defer src="T/defer.js"></script><script type=module src=T/module.js></script>
<script type=module>import "mapped"; window.__module = 1</script>
<script>var s = document.createElement("script"); s.src = "T/inserted.js";
document.head.appendChild(s)</script>
<script>fetch("T/fetched").catch(() => 0); navigator.sendBeacon("T/beacon")</script>
<script>new Image().src = "T/new.gif"</script>
<style>@import "T/imported.css"; h1 { background: url(T/css.gif) }</style>"""
WRITES = "<script>document.write(\"<script src='T/written.js'><\\/script>\")</script>"
PARTS = """<h1>Shop</h1><p id=own>This is ours.</p><script>window.__own = 1</script>
<img src=T/img.gif><img srcset="T/srcset.gif 1x" alt="">
<picture><source srcset=T/picture.gif><img src=/own.gif></picture>
<video poster=T/poster.gif src=T/video.mp4 preload=auto></video>
<audio src=T/audio.mp3 preload=auto></audio>
<video preload=auto><source src=T/source.mp4><track default src=T/track.vtt></video>
<iframe src=T/frame.html></iframe><iframe srcdoc="<img src='T/srcdoc.gif'>"></iframe>
<embed src=T/embed.html><object data=T/object.html></object>
<input type=image src=T/input.gif><table background=T/table.gif><tr><td>a</table>
<p style="background: url('T/attribute.gif')">styled</p>
<svg width=9 height=9><image href=T/svg.gif width=9 height=9 /></svg>
<template><img src=T/template.gif></template><noscript><img src=T/noscript.gif></noscript>"""


def tracked(tracker: str, more: str) -> str:
    """The page; `more` stands in its head."""
    head = f"<head><meta charset=utf-8><title>Shop</title>{HEAD}{more}</head>"
    page = f'<!doctype html><html lang="en">{head}<body>{PARTS}</body></html>'
    return page.replace("T/", f"{tracker}/").replace("=T>", f"={tracker}>")


class Owner:
    """The owner's application: one page of trackers, its headers too."""

    def __init__(self, tracker: str) -> None:
        self.tracker, self.page = tracker, tracked(tracker, WRITES)
        self.link = f"<{tracker}/header.js>; rel=preload; as=script, <{tracker}>; rel=preconnect"
        self.policy = self.cookie = ""
        self.pieces = False

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        request = Request(environ)
        if request.path != "/":
            return Response(GIF, mimetype="image/gif")(environ, start)
        body: Any = self.page
        if self.pieces:
            body = (self.page[at : at + 7] for at in range(0, len(self.page), 7))
        response = Response(body, mimetype="text/html")
        response.headers["Link"] = self.link
        if self.cookie:
            response.headers["Set-Cookie"] = self.cookie
        if self.policy:
            response.headers["Content-Security-Policy"] = self.policy
        response.headers["Cache-Control"] = "public, max-age=60"
        return response(environ, start)


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a site that has published the tracker's host."""
    with lent_server(databases, tmp_path_factory.mktemp("shop")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SHOP)
            site = sites.get(SHOP)
            inventory.put_service(
                site, BY, at, "stats", name="Stats", category="statistics", hosts=[HOST]
            )
            notices.publish(site, BY, at)
        yield running


@pytest.fixture
def tracker(elsewhere: Website) -> str:
    """A tracker that answers, and remembers what it was asked for in `elsewhere.asked`."""
    for name in ("script", "async", "defer", "module", "inserted", "written", "mapped"):
        elsewhere.put(f"/{name}.js", f"(window.__ran = window.__ran || []).push('{name}')", JS)
    elsewhere.put("/frame.html", "<p>a frame</p>")
    for name in ("img", "srcset"):
        elsewhere.put(f"/{name}.gif", GIF, "image/gif")
    for content in elsewhere.pages.values():
        content[2]["Access-Control-Allow-Origin"] = "*"
    return f"http://{HOST}:{elsewhere.port}"


@pytest.fixture
def owner(tracker: str) -> Owner:
    return Owner(tracker)


@pytest.fixture
def gated(shop: Server, owner: Owner) -> Iterator[str]:
    """The owner's page behind the gate, with the rules that the server publishes."""
    gate = Gate(owner, site=SHOP, server=shop.url)
    assert gate.core.desk().rules.covers(HOST), "there before the first request"
    door = Door(gate)
    yield f"http://localhost:{door.port}/"
    gate.core.feed.stop()
    door.shut()


@pytest.fixture
def bare(owner: Owner) -> Iterator[str]:
    """The twin: the same page without the gate."""
    door = Door(owner)
    yield f"http://localhost:{door.port}/"
    door.shut()


def logged(browser: Browser, file: Path, url: str, seen: Callable[[Page], None]) -> set[str]:
    """Open a page in a browser of its own; the addresses and hosts in its network log."""
    started = browser.browser_type.launch(
        executable_path=chromium(), args=[*CHROMIUM_FLAGS, f"--log-net-log={file}"]
    )
    try:
        page = started.new_context(locale="en-GB").new_page()
        page.goto(url)
        seen(page)
        page.wait_for_timeout(1500)
    finally:
        started.close()
    events = json.loads(file.read_text("utf-8"))["events"]
    assert any(url in json.dumps(event) for event in events), "the log has seen the page itself"
    found: set[str] = set()
    for event in events:
        found |= {text for text in strings(event.get("params")) if HOST in text}
    return found


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def names(addresses: Iterable[str]) -> set[str]:
    """The last part of each, without what follows a dot."""
    return {one.rpartition("/")[2].partition(".")[0] for one in addresses}


def own_page_works(page: Page) -> None:
    until(page, "window.__own === 1")
    expect(page.locator("#own")).to_have_text("This is ours.")


SENT = (
    "script async defer module inserted written preload prefetch modulepreload style imagesrcset"
    " img srcset picture poster video frame srcdoc embed object input svg attribute css imported"
    " mapped fetched new header table audio source icon"
).split()


# What a yes does not bring back; docs/gate.md says so.
STAYS = "written header imagesrcset mapped imported css attribute srcdoc table".split()


def test_behind_the_gate_no_request_goes_to_a_tracker_before_the_choice(
    browser: Browser, tmp_path: Path, gated: str, elsewhere: Website
) -> None:
    def seen(page: Page) -> None:
        own_page_works(page)
        expect(page.locator("[data-cmp=accept]:visible")).to_be_visible()
        assert page.evaluate("window.__ran") is None

    found = logged(browser, tmp_path / "net.json", gated, seen)
    assert found == set()
    assert elsewhere.asked == []


def test_the_twin_without_the_gate_sends_them_all(
    browser: Browser, tmp_path: Path, bare: str, elsewhere: Website
) -> None:
    def seen(page: Page) -> None:
        own_page_works(page)
        soon(page, lambda: set(SENT) <= names(elsewhere.asked), "all are asked for")

    found = logged(browser, tmp_path / "net.json", bare, seen)
    assert set(SENT) - names(elsewhere.asked) == set()
    assert any("preconnect" in text or HOST in text for text in found)
    assert {"script", "preload", "img", "frame", "style"} <= names(found)


def test_a_page_in_pieces_leaks_nothing_either(
    browser: Browser, tmp_path: Path, gated: str, owner: Owner, elsewhere: Website
) -> None:
    owner.pieces = True
    assert logged(browser, tmp_path / "net.json", gated, own_page_works) == set()
    assert elsewhere.asked == []


def test_after_accept_what_was_held_is_asked_for_and_runs(
    page: Page, gated: str, owner: Owner, elsewhere: Website
) -> None:
    owner.page = tracked(owner.tracker, "")
    page.goto(gated)
    page.click("[data-cmp=accept]:visible")
    wanted = {"script", "async", "defer", "module", "inserted"}
    soon(page, lambda: wanted <= set(page.evaluate("window.__ran || []")), "all run")
    ran = page.evaluate("window.__ran")
    assert set(ran) >= wanted
    assert len(ran) == len(set(ran)), "each once"
    until(page, "document.querySelector('img[data-src*=img]').naturalWidth > 0")
    page.frame_locator("iframe[data-src]").locator("p").wait_for()
    soon(page, lambda: set(SENT) - set(STAYS) <= names(elsewhere.asked), "all are asked for")
    assert not names(elsewhere.asked) & set(STAYS), "then the guide is out of date"


def test_the_next_page_of_a_visitor_who_accepted_opens_by_itself(
    page: Page, gated: str, owner: Owner
) -> None:
    owner.page = tracked(owner.tracker, "")
    page.goto(gated)
    page.click("[data-cmp=accept]:visible")
    until(page, "(window.__ran || []).includes('inserted')")
    page.goto(gated)
    until(page, "(window.__ran || []).includes('inserted')")


def test_after_refusing_nothing_is_asked_for(page: Page, gated: str, elsewhere: Website) -> None:
    page.goto(gated)
    page.click("[data-cmp=reject]:visible")
    until(page, "consent.get().decided")
    page.reload()
    own_page_works(page)
    page.wait_for_timeout(500)
    assert elsewhere.asked == []


def test_without_scripts_nothing_is_asked_for(
    new_page: Callable[..., Page], gated: str, bare: str, elsewhere: Website
) -> None:
    quiet = new_page(java_script_enabled=False)
    quiet.goto(gated)
    quiet.wait_for_timeout(500)
    assert elsewhere.asked == []
    quiet.goto(bare)
    soon(quiet, lambda: "/noscript.gif" in elsewhere.asked)


def test_a_cookie_that_no_script_can_reach_comes_with_a_yes_and_goes_with_a_no(
    page: Page, gated: str, owner: Owner
) -> None:
    owner.page = "<!doctype html><html><head></head><p id=own>This is ours.</p>"
    owner.page += "<script>window.__own = 1</script>"
    owner.cookie = "_ga=1; Path=/; HttpOnly; Max-Age=9999"
    page.goto(gated)
    own_page_works(page)
    assert "_ga" not in cookies(page)
    page.click("[data-cmp=accept]:visible")
    until(page, "consent.get().decided && !consent.get().pending")
    page.reload()
    assert cookies(page)["_ga"] == "1"
    owner.cookie = ""
    page.evaluate("consent.withdraw()")
    until(page, "consent.get().categories.statistics === false")
    assert cookies(page)["_ga"] == "1", "no script can take it away"
    page.reload()
    assert "_ga" not in cookies(page)


def test_under_trusted_types_and_a_nonce_the_script_waits_and_then_runs(
    browser: Browser, tmp_path: Path, page: Page, gated: str, owner: Owner, elsewhere: Website
) -> None:
    owner.policy = "script-src 'nonce-n1' 'strict-dynamic'; require-trusted-types-for 'script'"
    owner.page = (
        f"<!doctype html><html><head><script nonce=n1 src={owner.tracker}/script.js></script>"
        f"<script nonce=n1>window.__own = 1</script></head><p id=own>This is ours.</p>"
    )
    assert logged(browser, tmp_path / "net.json", gated, own_page_works) == set()
    page.goto(gated)
    own_page_works(page)
    page.click("[data-cmp=accept]:visible")
    until(page, "(window.__ran || []).includes('script')")


# -- the browser's own parser finds nothing that we did not ------------------------------------

LEFT = """pages => pages.filter(text => {
  const all = root => [...root.querySelectorAll('*')].flatMap(
    node => [node, ...(node.content ? all(node.content) : [])]);
  const loads = {SCRIPT: ['src'], IMG: ['src', 'srcset'], IFRAME: ['src'], LINK: ['href'],
    SOURCE: ['src', 'srcset'], VIDEO: ['src', 'poster'], EMBED: ['src'], OBJECT: ['data']};
  const js = node => !node.type || node.type === 'module' || /javascript/.test(node.type);
  return all(new DOMParser().parseFromString(text, 'text/html')).some(node =>
    (loads[node.tagName] || []).some(name => /t\\.example/.test(node.getAttribute(name) || '')) &&
    (node.tagName !== 'SCRIPT' || js(node)));
})"""
BITS = [
    "<script src='//t.example/a'>",
    "</script>",
    "<img src=//t.example/p>",
    "<IMG SRCSET='//t.example/p 1x'>",
    "<iframe src=//t.example></iframe>",
    "<link rel=preload href=//t.example>",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<svg>",
    "<video poster=//t.example>",
    "<![CDATA[",
    "]]>",
    "</svg>",
    "<math>",
    "<mi>",
    "<foreignObject>",
    "<desc>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<style>",
    "</style>",
    "<script>",
    "<xmp>",
    "</xmp>",
    "<template>",
    "</template>",
    "<p>",
    "</p>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<select>",
    "<option>",
    "<?x",
    "<!x",
    "</ ",
    "</>",
    "<a title='",
    '<a title="',
    "'",
    '"',
    ">",
    "/>",
    "<",
    "=",
    "<b/",
    "<embed src=//t.example>",
    "<object data=//t.example>",
    "<script>'<!--<script>'",
    "<div>",
    "</div>",
    "<br>",
    "<img alt=x'y src=//t.example/q>",
    "<img\n/src\t=\n//t.example/z\f>",
    "<svg/>",
    "<svg><style>",
    "<annotation-xml>",
    "<noframes>",
    "</noframes>",
    "<script/src=//t.example/x>",
    "<h1 class==>",
    "text",
    "<img =src=//t.example/w>",
    "</desc>",
    "</foreignObject>",
    "<svg><title>",
    "<plaintext",
    "<font color=a>",
]


def test_the_browsers_own_parser_finds_nothing_left_in_a_thousand_torn_pages(page: Page) -> None:
    rules = read(
        {
            "site": SHOP,
            "services": [{"id": "t", "category": "statistics", "hosts": ["t.example"]}],
        }
    )
    drawn = random.Random(4)
    torn = ["".join(drawn.choices(BITS, k=drawn.randrange(1, 14))) for _ in range(3000)]
    page.set_content("<p>")
    assert len(page.evaluate(LEFT, torn)) > 1000, "the twin: without the gate they are there"
    held = [Gated(rules).whole(one.encode()).decode() for one in torn]
    assert page.evaluate(LEFT, held) == []
