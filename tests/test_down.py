"""Crumbtrail down in every way we know: the page works, no tracker runs, and nothing is thrown.

A failing server is a real one; what fails later in a view is made to fail by the browser.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from consent import sites
from consent.visitor.built import code
from tests.databases import Databases, lent
from tests.pages import Website
from tests.server import free_port
from tests.shop import HOLD, SHOP, TRACKER, VIDEO, Shop, address, html, opened, started
from tests.visitor import until

pytestmark = pytest.mark.sqlite_only

HELLO = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: %s\r\n%s\r\n"
CODE = b"window.__ours = 1;"
HANGS = ("hangs before the headers", "hangs in the body")


def said(status: bytes, kind: bytes, body: bytes, more: bytes = b"") -> bytes:
    head = more or b"Content-Length: %d\r\n" % len(body)
    return HELLO % (status, kind, head) + body


JS, PAGE = b"text/javascript", b"text/html"
ANSWERS: dict[str, bytes | None] = {
    "404": said(b"404 Not Found", JS, b""),
    "500": said(b"500 Internal Server Error", PAGE, b"<h1>Error</h1>"),
    "502 with a page": said(b"502 Bad Gateway", PAGE, b"<html><h1>Bad gateway</h1>"),
    "503": said(b"503 Service Unavailable", PAGE, b"", b"Retry-After: 60\r\nContent-Length: 0\r\n"),
    "a page for a script": said(b"200 OK", PAGE, b"<!doctype html><h1>Welcome</h1>"),
    "an empty script": said(b"200 OK", JS, b""),
    "a script cut short": said(b"200 OK", JS, CODE + b"(function(", b"Content-Length: 9999\r\n"),
    "a type that is none": said(
        b"200 OK", b"text/plain", CODE, b"X-Content-Type-Options: nosniff\r\nContent-Length: 18\r\n"
    ),
    "a script with an error": said(b"200 OK", JS, b"var = ;"),
    "a redirect to itself": said(
        b"302 Found", JS, b"", b"Location: /v1/example.com/consent.js\r\nContent-Length: 0\r\n"
    ),
    "no answer at all": b"",
    "words that are no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "reset": None,
    "hangs before the headers": b"",
    "hangs in the body": said(b"200 OK", JS, CODE, b"Content-Length: 9999\r\n"),
}


class Broken:
    """A server that gives one wrong answer, and keeps the line open where it is to hang."""

    def __init__(self, case: str) -> None:
        self.case = case
        self.over = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        with line:
            line.recv(65536)
            answer = ANSWERS[self.case]
            if answer is None:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            line.sendall(answer)
            if self.case in HANGS:
                self.over.wait(60)

    def close(self) -> None:
        self.over.set()
        self.socket.close()


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with lent(databases, migrated=False) as url, opened(tmp_path_factory.mktemp("d"), url) as made:
        yield made


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """A page of a new visitor, and the exceptions that nobody caught on it."""
    contexts = []

    def make(**options: Any) -> tuple[Page, list[str]]:
        context = browser.new_context(locale="en-GB", **options)
        contexts.append(context)
        broken: list[str] = []
        context.on("weberror", lambda error: broken.append(str(error.error)))
        return context.new_page(), broken

    yield make
    for context in contexts:
        context.close()


def put(site: Website, source: str, *, attributes: str = "", **headers: str) -> str:
    """A page with tagged and untagged trackers, and with a script of its own; its address."""
    tracker = f"http://{TRACKER}:{site.port}"
    for name in ("one", "two", "pixel", "call", "frame"):
        site.put(f"/t/{name}", f"(window.__ran = window.__ran || []).push('{name}')")
    tagged = 'type="text/plain" data-category="statistics"'
    site.put(
        "/",
        html(
            f'<script data-site="{SHOP}" data-hold="{HOLD}">{sites.stub()}</script>'
            f'<script async src="{source}"{attributes}></script>'
            f'<script {tagged} src="/t/one"></script>'
            "<script>window.__own = [];"
            " addEventListener('load', () => __own.push('load'));"
            " document.addEventListener('DOMContentLoaded', () => __own.push('ready'))</script>",
            "<h1>Shop</h1><button onclick=\"__own.push('click')\">Buy</button>"
            "<script>const script = document.createElement('script');"
            f"script.src = '{tracker}/t/two'; document.head.append(script);"
            f"new Image().src = '{tracker}/t/pixel';"
            f"fetch('{tracker}/t/call', {{ mode: 'no-cors' }}).catch(() => {{}});"
            "document.body.append(Object.assign(document.createElement('iframe'),"
            f" {{ src: 'http://{VIDEO}:{site.port}/t/frame' }}))</script>",
        ),
        **headers,
    )
    return address(site)


def works(page: Page, site: Website, hangs: bool = False) -> None:
    """Its own script has run, a click is heard; nothing that waits was asked for."""
    page.get_by_role("button", name="Buy").click()
    until(page, "['ready', 'click'].every(one => __own.includes(one))")
    if not hangs:  # while a file of a page is on its way, no browser says that all is loaded
        until(page, "__own.includes('load')")
    assert page.evaluate("[window.__ran, consent.allowed('statistics')]") == [None, False]
    assert [path for path in site.asked if path.startswith("/t/")] == []


@pytest.mark.parametrize("case", ANSWERS)
def test_a_page_works_and_nothing_runs_whatever_the_server_answers(
    visitor: Callable[..., tuple[Page, list[str]]], elsewhere: Website, case: str
) -> None:
    page, thrown = visitor()
    broken = Broken(case)
    page.goto(put(elsewhere, f"{broken.url}/v1/{SHOP}/consent.js"), wait_until="commit")
    works(page, elsewhere, case in HANGS)
    broken.close()
    if case in HANGS:
        until(page, "__own.includes('load')")
        works(page, elsewhere)
    # What is no script is reported as such by the browser itself.
    assert [error for error in thrown if "Unexpected token" not in error] == []


@pytest.mark.parametrize(
    "source",
    {
        "refused": "http://127.0.0.1:{free}",
        "no such name": "http://nowhere.example",
        "no TLS where it should be": "https://127.0.0.1:{plain}",
        "an address that is none": "http://127.0.0.1:0",
    }.values(),
    ids=["refused", "no such name", "no TLS where it should be", "an address that is none"],
)
def test_a_page_works_where_no_server_can_be_reached(
    visitor: Callable[..., tuple[Page, list[str]]], elsewhere: Website, source: str
) -> None:
    page, thrown = visitor()
    base = source.format(free=free_port(), plain=elsewhere.port)
    page.goto(put(elsewhere, f"{base}/v1/{SHOP}/consent.js"))
    works(page, elsewhere)
    assert thrown == []


@pytest.mark.parametrize(
    "how",
    ["blocked by an extension", "forbidden by the page's policy", "another digest than named"],
)
def test_a_page_works_where_the_browser_itself_refuses_the_script(
    visitor: Callable[..., tuple[Page, list[str]]], shop: Shop, elsewhere: Website, how: str
) -> None:
    page, thrown = visitor()
    headers, attributes = {}, ""
    if how == "blocked by an extension":
        page.route("**/consent.js", lambda route: route.abort("blockedbyclient"))
    elif how == "forbidden by the page's policy":
        headers["Content_Security_Policy"] = "script-src 'self' 'unsafe-inline'"
    else:
        attributes = f' integrity="sha256-{"A" * 43}=" crossorigin="anonymous"'
    script = f"{shop.url}/v1/{SHOP}/consent.js"
    page.goto(put(elsewhere, script, attributes=attributes, **headers))
    works(page, elsewhere)
    assert thrown == []


# -- what fails later in a view ----------------------------------------------------------------


def hang(_: Route) -> None:
    """Never answered."""


def without_cors(route: Route) -> None:
    kept = {"content-type": "text/javascript"}
    route.fulfill(status=200, headers=kept, body="export const Rest = 1")


LATER: dict[str, tuple[str, Callable[[Route], None]]] = {
    "the lazy file refused": ("**/code/rest.*", lambda route: route.abort("connectionrefused")),
    "the lazy file 404": ("**/code/rest.*", lambda route: route.fulfill(status=404)),
    "the lazy file hangs": ("**/code/rest.*", hang),
    "the lazy file without CORS": ("**/code/rest.*", without_cors),
    "the lazy file is a page": (
        "**/code/rest.*",
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Hello</h1>"),
    ),
    "the POST refused": ("**/consents", lambda route: route.abort("connectionrefused")),
    "the POST hangs": ("**/consents", hang),
    "the POST 403": ("**/consents", lambda route: route.fulfill(status=403)),
    "the POST 200 with a page": (
        "**/consents",
        lambda route: route.fulfill(status=502, content_type="text/html", body="<h1>Oops</h1>"),
    ),
    "the POST blocked by an extension": (
        "**/consents",
        lambda route: route.abort("blockedbyclient"),
    ),
}


@pytest.mark.parametrize("case", LATER)
@pytest.mark.parametrize("verb", ["reject", "accept"])
def test_a_choice_holds_at_once_though_the_server_is_gone_after_its_first_answer(
    visitor: Callable[..., tuple[Page, list[str]]],
    shop: Shop,
    elsewhere: Website,
    case: str,
    verb: str,
) -> None:
    page, thrown = visitor()
    page.route(*LATER[case])
    page.goto(put(elsewhere, f"{shop.url}/v1/{SHOP}/consent.js"))
    started(page)
    works(page, elsewhere)
    page.click(f"[data-cmp={verb}]")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    if verb == "accept":
        until(page, "(window.__ran || []).length >= 2")
    else:
        works(page, elsewhere)
    state = page.evaluate("consent.get()")
    assert (state["decided"], state["pending"]) == (True, True)
    assert thrown == []


def test_a_policy_that_forbids_connections_to_us_leaves_the_choice_in_the_browser(
    visitor: Callable[..., tuple[Page, list[str]]], shop: Shop, elsewhere: Website
) -> None:
    page, thrown = visitor()
    policy = "connect-src 'self'"
    page.goto(put(elsewhere, f"{shop.url}/v1/{SHOP}/consent.js", Content_Security_Policy=policy))
    started(page)
    page.click("[data-cmp=reject]")
    until(page, "(consent.debug().queue || []).length === 1 && consent.debug().queue[0].tries > 0")
    works(page, elsewhere)
    assert page.evaluate("[consent.get().decided, consent.get().pending]") == [True, True]
    assert thrown == []


def test_a_lazy_file_that_hangs_keeps_neither_the_question_nor_a_refusal_from_the_visitor(
    visitor: Callable[..., tuple[Page, list[str]]], shop: Shop, elsewhere: Website
) -> None:
    """After ten seconds: the banner of a visitor whose choice has ended, and the first layer in the
    place of settings that cannot be had."""
    page, thrown = visitor()
    page.clock.install()
    page.route("**/code/rest.*", hang)
    page.add_init_script("localStorage.crumbtrail = JSON.stringify({ ran: true })")
    page.goto(put(elsewhere, f"{shop.url}/v1/{SHOP}/consent.js"))
    started(page)
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    page.clock.run_for(11_000)
    expect(page.locator("#cmp-dialog")).to_be_visible()
    page.click("[data-cmp=reject]")
    page.clock.run_for(1000)
    page.click("#cmp-entry button")
    page.clock.run_for(11_000)
    expect(page.locator("#cmp-dialog [data-cmp=reject]")).to_be_focused()
    works(page, elsewhere)
    assert thrown == []


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        lambda route: route.fulfill(status=500),
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Hello</h1>"),
        lambda route: route.abort(),
    ],
    ids=["hangs", "500", "is a page", "refused"],
)
def test_pinned_code_whose_notice_cannot_be_had_asks_nothing_and_lets_nothing_go(
    visitor: Callable[..., tuple[Page, list[str]]],
    shop: Shop,
    elsewhere: Website,
    answer: Callable[[Route], None],
) -> None:
    page, thrown = visitor()
    page.route("**/notice?*", answer)
    page.goto(put(elsewhere, f"{shop.url}/v1/{SHOP}/pin/{pinned(shop)}.js"))
    works(page, elsewhere)
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    assert thrown == []


def pinned(shop: Shop) -> str:
    digest = sha256(f"!function(CMP_CONFIG){{{code(False)}}}();".encode()).hexdigest()
    assert shop.get(f"/v1/{SHOP}/pin/{digest}.js").status == 200
    return digest


def test_a_script_of_an_older_build_from_a_cache_works_with_our_lazy_file(
    visitor: Callable[..., tuple[Page, list[str]]], shop: Shop, elsewhere: Website
) -> None:
    body = shop.get(f"/v1/{SHOP}/consent.js").text
    old = re.sub(r"/code/rest\.[0-9a-f]{16}\.js", "/code/rest.0123456789abcdef.js", body)
    page, thrown = visitor()
    page.route(
        "**/consent.js",
        lambda route: route.fulfill(status=200, content_type="text/javascript", body=old),
    )
    page.goto(put(elsewhere, f"{shop.url}/v1/{SHOP}/consent.js"))
    started(page)
    works(page, elsewhere)
    page.click("[data-cmp=reject]")
    until(page, "consent.get().decided && !consent.get().pending")
    assert thrown == []


def test_without_the_stubs_rules_the_untagged_do_run_so_these_tests_would_see_it(
    visitor: Callable[..., tuple[Page, list[str]]], elsewhere: Website
) -> None:
    """The twin that fails: the same page, and rules that name somebody else."""
    page, _ = visitor()
    url = put(elsewhere, "http://127.0.0.1:0/v1/example.com/consent.js")
    kind, content, headers = elsewhere.pages["/"]
    elsewhere.pages["/"] = (kind, content.replace(HOLD.encode(), b"a.example=b"), headers)
    page.goto(url)
    until(page, "__own.includes('load')")
    with pytest.raises(AssertionError):
        works(page, elsewhere)
