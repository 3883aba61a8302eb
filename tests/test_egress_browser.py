"""A real browser in its room, on pages that mean harm (SECURITY: S01, S02, S04, S05, S08, S11)."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from consent import crawl
from consent.crawl import CrawlError, Options
from consent.egress import Means, Policy, Room, able, fence, opened, why_not_open
from consent.egress.cell import family
from tests.canary import Canary, Stranger, canary, stranger, unopened
from tests.conftest import CHROMIUM_FLAGS
from tests.prepare import chromium
from tests.test_egress_cell import TMP, gone
from tests.test_egress_guard import all_spellings, open_to

SECRET = "canary-c0ffee"
# The page's origin counts as safe, so that it may have service workers and WebTransport.
SAFE = "--unsafely-treat-insecure-origin-as-secure=http://evil.example"


@pytest.fixture(scope="module")
def path() -> str:
    found = chromium()
    if found is None:
        pytest.skip("no Chromium is installed (package chromium)")
    return found


@pytest.fixture(scope="module")
def means() -> Means:
    found = able(os.geteuid())
    if not (found.network and found.files and found.sandbox):
        pytest.skip(f"this machine builds no whole cell: {' '.join(found.missing())}")
    return found


@pytest.fixture(scope="module")
def inside() -> Iterator[Canary]:
    with canary() as made:
        yield made


@pytest.fixture
def site() -> Iterator[Stranger]:
    with stranger() as made:
        yield made


Start = Callable[..., Any]


@pytest.fixture
def start(playwright: Playwright, path: str, site: Stranger) -> Start:
    """`with start(policy, means) as (room, browser)`: every public name is the stranger's site."""

    @contextmanager
    def starting(policy: Policy, means: Means) -> Iterator[tuple[Room, Browser]]:
        with unopened(policy, site.port) as guard:
            with opened(policy, path, guard=guard, means=means, strict=False) as room:
                options = room.options()
                options["args"].append(SAFE)
                browser = playwright.chromium.launch(**options)
                try:
                    yield room, browser
                finally:
                    browser.close()

    return starting


def until(true: Callable[[], bool], page: Page, seconds: float = 120) -> bool:
    """Wait for it; the page's own events go on meanwhile."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        page.wait_for_timeout(50)
    return True


# -- S11 ---------------------------------------------------------------------------------------


def test_S11_the_sandbox_is_on_and_the_browser_knows_nothing_of_ours(
    start: Start, means: Means, site: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "SMTP_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    site.put("/", "<p>hello")
    with start(Policy(), means) as (room, browser):
        page = browser.new_page()
        page.goto("http://evil.example/")
        assert page.inner_text("p") == "hello"
        shown = browser.new_page()
        shown.goto("chrome://sandbox")
        assert "You are adequately sandboxed." in shown.inner_text("body")
        processes = _of(room.folder)
        assert len(processes) > 3
        for process in processes:
            assert SECRET.encode() not in (process / "environ").read_bytes()
            assert b"--no-sandbox" not in (process / "cmdline").read_bytes().split(b"\0")
            assert _status(process, "Uid").split()[0] == str(means.user or os.getuid())
        drawing = [one for one in processes if b"--type=renderer" in (one / "cmdline").read_bytes()]
        assert drawing and all(_status(one, "Seccomp") == "2" for one in drawing)
    assert gone(str(room.folder)) and not room.folder.exists()


def _of(folder: Path) -> list[Path]:
    """The browser's processes: what is below the cell's."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{folder}/plan.json".encode() in (entry / "cmdline").read_bytes():
                below = [Path("/proc") / str(one) for one in family(int(entry.name))]
                found += [one for one in below if _lives(one)]
        except OSError:
            continue
    return sorted(set(found))


def _lives(process: Path) -> bool:
    """It is a browser's, and has not ended."""
    try:
        process.joinpath("environ").read_bytes()
        return b"cell.py" not in process.joinpath("cmdline").read_bytes()
    except OSError:
        return False


def _status(process: Path, name: str) -> str:
    match = re.search(rf"^{name}:\s*(.*)$", (process / "status").read_text(), re.MULTILINE)
    assert match
    return match[1]


# -- S01, S02 ----------------------------------------------------------------------------------


def test_S01_a_page_that_spells_inner_addresses_in_every_way_reaches_none(
    start: Start, means: Means, site: Stranger, inside: Canary
) -> None:
    """The browser reads the addresses before the guard does; here it reads all of them."""
    hosts = all_spellings()
    urls = [f"http://{host}:{inside.port}/{number}" for number, host in enumerate(hosts)]
    urls += [f"http:\\\\127.0.0.1:{inside.port}\\b", f"//127.1:{inside.port}/c"]
    urls += [f"ht\ntp://127.0.0.1:{inside.port}/d", f"http:/127.0.0.1:{inside.port}/e"]
    site.put("/", _asking(urls))
    with start(open_to(inside), means) as (room, browser):
        page = browser.new_page()
        page.goto("http://evil.example/")
        page.wait_for_function("window.left === 0", timeout=60_000)
        assert len(room.guard.refused) > 100
    assert not inside.heard
    with start(open_to(inside, private=True), means) as (_, browser):  # the twin
        page = browser.new_page()
        page.goto("http://evil.example/")
        page.wait_for_function("window.left === 0", timeout=60_000)
    assert len(inside.paths()) > 20
    inside.heard.clear()


def _asking(urls: list[str]) -> str:
    return f"""<!doctype html><script>
        const urls = {json.dumps(urls)};
        window.left = urls.length;
        for (const url of urls) {{
          const image = new Image();
          image.onload = image.onerror = () => window.left--;
          try {{ image.src = url; }} catch {{ window.left--; }}
          try {{ if (!new URL(url)) throw 0; }} catch {{ if (!image.src) window.left--; }}
        }}</script>"""


def test_S02_forty_chains_that_end_inside_end_nowhere(
    start: Start, means: Means, site: Stranger, inside: Canary
) -> None:
    """Eight ways to be led on, five ends, each in a frame of its own."""
    paths = _chains(site, inside.port)
    assert len(paths) == 40
    site.put("/", "".join(f"<iframe src=http://evil.example{one}></iframe>" for one in paths))
    with start(open_to(inside), means) as (room, browser):
        page = browser.new_page()
        page.goto("http://evil.example/")
        led = {f"/{number}" for number in range(40)}
        assert until(
            lambda: led <= {one[:-6] for one in site.asked if one.endswith("/start")}, page
        )
        assert until(lambda: len(room.guard.refused) >= 40, page)
        assert {one.why for one in room.guard.refused} <= {"loopback", "private", "tunnel", "port"}
    assert not inside.heard
    with start(open_to(inside, private=True), means) as (_, browser):  # the twin
        page = browser.new_page()
        page.goto("http://evil.example/")
        assert until(lambda: len(inside.paths()) >= 32, page), inside.paths()
    inside.heard.clear()


def _chains(site: Stranger, port: int) -> list[str]:
    ends = ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "a.localhost"]
    found = []
    for number in range(40):
        end = f"http://{ends[number % 5]}:{port}/hit{number}"
        here = f"/{number}"
        ways: list[tuple[int, dict[str, str], str]] = [
            (301, {"Location": end}, ""),
            (307, {"Location": end}, ""),
            (302, {"Location": f"http://h.example{here}/on"}, ""),
            (200, {"Refresh": f"0;url={end}"}, ""),
            (200, {}, f"<meta http-equiv=refresh content='0;url={end}'>"),
            (200, {}, f"<script>location = {json.dumps(end)}</script>"),
            (200, {}, f"<form action={end}></form><script>document.forms[0].submit()</script>"),
            (200, {}, f"<script>location = 'http://h.example{here}/on'</script>"),
        ]
        status, headers, body = ways[number // 5]
        site.put(f"{here}/start", body, status, **headers)
        site.put(f"{here}/on", status=303, Location=end)
        found.append(f"{here}/start")
    return found


# -- S04 ---------------------------------------------------------------------------------------

# By name, what a page can do to make a browser speak to INNER (a host and port) at /name.
VECTORS = {
    "img": "add('img', {src: at})",
    "srcset": "add('img', {srcset: at + ' 1x'})",
    "picture": "add('input', {type: 'image', src: at})",
    "svg": "document.body.insertAdjacentHTML('beforeend', `<svg><image href='${at}'/></svg>`)",
    "script": "add('script', {src: at})",
    "module": "add('script', {type: 'module', src: at})",
    "import": "import(at).catch(() => {})",
    "css": "add('link', {rel: 'stylesheet', href: at})",
    "cssimport": "add('style', {textContent: `@import '${at}';`})",
    "background": "add('div', {style: `background: url('${at}')`, textContent: 'x'})",
    "font": "new FontFace('x', `url('${at}')`).load().catch(() => {})",
    "icon": "add('link', {rel: 'icon', href: at})",
    "manifest": "add('link', {rel: 'manifest', href: at})",
    "prefetch": "add('link', {rel: 'prefetch', href: at})",
    "preload": "add('link', {rel: 'preload', as: 'image', href: at})",
    "modulepreload": "add('link', {rel: 'modulepreload', href: at})",
    "preconnect": "add('link', {rel: 'preconnect', href: at})",
    "dnsprefetch": "add('link', {rel: 'dns-prefetch', href: at})",
    "speculation": "add('script', {type: 'speculationrules', textContent:"
    " JSON.stringify({prefetch: [{source: 'list', urls: [at], eagerness: 'immediate'}]})})",
    "fetch": "fetch(at, {mode: 'no-cors'}).catch(() => {})",
    "keepalive": "fetch(at, {mode: 'no-cors', method: 'POST', keepalive: true}).catch(() => {})",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', at); x.send()",
    "beacon": "navigator.sendBeacon(at, 'x')",
    "eventsource": "new EventSource(at)",
    "websocket": "new WebSocket(at.replace('http', 'ws'))",
    "worker": "new Worker(URL.createObjectURL(new Blob(["
    "`fetch('${at}', {mode: 'no-cors'}).catch(() => {})`])))",
    "sharedworker": "new SharedWorker(URL.createObjectURL(new Blob(["
    "`fetch('${at}', {mode: 'no-cors'}).catch(() => {})`])))",
    "serviceworker": "navigator.serviceWorker?.register('/sw.js?' + encodeURIComponent(at))",
    "iframe": "add('iframe', {src: at})",
    "srcdoc": "add('iframe', {srcdoc: `<img src='${at}'>`})",
    "object": "add('object', {data: at})",
    "embed": "add('embed', {src: at, type: 'text/html'})",
    "video": "add('video', {src: at})",
    "poster": "add('video', {poster: at})",
    "audio": "add('audio', {src: at})",
    "form": "add('iframe', {name: 'f'}); const f = add('form', {action: at, method: 'post',"
    " target: 'f'}); f.submit()",
    "ping": "const a = add('a', {href: '#', ping: at}); a.click()",
    "popup": "window.open(at)",
    "report": "add('iframe', {src: '/csp?' + encodeURIComponent(at)})",
    "stun": "rtc({urls: `stun:${host}`})",
    "turn": "rtc({urls: `turn:${host}`, username: 'a', credential: 'b'})",
    "turntcp": "rtc({urls: `turn:${host}?transport=tcp`, username: 'a', credential: 'b'})",
    "webtransport": "new WebTransport(`https://${host}/`).closed.catch(() => {})",
}
# A browser without a window fetches no icon and hardly a manifest; it prefetches from https alone.
SHY = {"icon", "manifest", "speculation"}
NOT_BY_PATH = {"preconnect", "dnsprefetch", "stun", "turn", "turntcp", "webtransport"}
HARM = """<!doctype html><body><script>
const add = (name, fields) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(fields))
    key === 'style' ? made.setAttribute(key, value) : made[key] = value;
  document.body.append(made);
  return made;
};
const held = [];
const rtc = server => {
  const one = new RTCPeerConnection({iceServers: [server]});
  held.push(one);
  one.createDataChannel('x');
  one.createOffer().then(offer => one.setLocalDescription(offer));
};
const errors = [];
for (const host of HOSTS) {
  const prefix = `http://${host}/`;
  VECTORS
}
window.done = true;
</script>"""


def harm(site: Stranger, inside: Canary) -> None:
    """The page, and what it needs of its own."""
    hosts = [f"[{one}]" if ":" in one else one for one in inside.hosts if "%" not in one]
    lines = "\n".join(
        f"try {{ (() => {{ const at = prefix + '{name}'; {body} }})(); }}"
        f" catch (e) {{ errors.push('{name}: ' + e); }}"
        for name, body in VECTORS.items()
    )
    named = json.dumps([f"{host}:{inside.port}" for host in hosts])
    site.put("/", HARM.replace("HOSTS", named).replace("VECTORS", lines))
    worker = "self.oninstall = e => e.waitUntil(fetch(decodeURIComponent(location.search.slice(1)),"
    worker += " {mode: 'no-cors'}).catch(() => {}));"
    site.put("/sw.js", worker, Content_Type="text/javascript")
    report = f"http://127.0.0.1:{inside.port}/report"
    policy = f"default-src 'none'; report-uri {report}"
    site.put("/csp", "<img src=http://evil.example/x>", Content_Security_Policy=policy)


def test_S04_no_vector_of_a_page_reaches_anything_inside(
    start: Start, means: Means, site: Stranger, inside: Canary
) -> None:
    """Loopback, this machine's address, its link; in the cell, and behind the proxy alone."""
    assert len(VECTORS) >= 30
    harm(site, inside)
    alone = Means(sandbox=means.sandbox, user=means.user)
    for one in (means, alone):
        with start(open_to(inside), one) as (room, browser):
            context = browser.new_context(accept_downloads=False)
            page = context.new_page()
            page.goto("http://evil.example/")
            page.wait_for_function("window.done")
            assert until(lambda: len(room.guard.refused) > 30, page)
            page.wait_for_timeout(2500)  # STUN asks again after half a second, and after one more
            assert not page.evaluate("errors"), page.evaluate("errors")
        assert not inside.heard, one


def test_a_browser_without_a_guard_is_heard_by_every_vector(
    playwright: Playwright, path: str, site: Stranger, inside: Canary
) -> None:
    """The twin: the same page in a browser as any program starts it."""
    harm(site, inside)
    flags = [flag for flag in CHROMIUM_FLAGS if "resolver" not in flag]
    rule = f"--host-resolver-rules=MAP evil.example:80 127.0.0.1:{site.port}"
    browser = playwright.chromium.launch(executable_path=path, args=[*flags, rule, SAFE])
    page = browser.new_page()
    page.goto("http://evil.example/")
    wanted = {f"/{name}" for name in set(VECTORS) - NOT_BY_PATH - SHY}
    assert until(lambda: wanted <= inside.paths(), page), sorted(wanted - inside.paths())
    assert len(wanted) >= 30
    assert until(lambda: "udp" in inside.heard, page)
    browser.close()
    inside.heard.clear()


# -- S05 ---------------------------------------------------------------------------------------


def elsewheres(file: Path) -> list[str]:
    """Twenty-five addresses that are not of the web; each that can names the file."""
    return [
        f"file://{file}", f"FILE://{file}", f"file:{file}", f"file:/{file}", f"file:////{file}",
        f"file://localhost{file}", f"file://127.0.0.1{file}", f" file://{file}", f"fi\tle://{file}",
        f"file://{file.parent}/", "file:///etc/passwd", "file:///proc/self/environ",
        f"view-source:file://{file}", f"view-source:view-source:file://{file}",
        f"filesystem:file://{file}", f"blob:file://{file}", f"ftp://127.0.0.1{file}",
        "chrome://version", "chrome://settings", "chrome://net-export", "devtools://devtools/x",
        "chrome-extension://abc/x", f"data:text/html,<iframe src=file://{file}>",
        f"javascript:location='file://{file}'", "about:srcdoc",
    ]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """In a folder that everybody may read."""
    made = TMP / f"crumbtrail-{os.getpid()}.html"
    made.write_text(f"<p>{SECRET}</p>")
    made.chmod(0o644)
    yield made
    made.unlink()


def test_S05_no_address_of_another_kind_is_opened_by_us(file: Path) -> None:
    assert len(elsewheres(file)) == 25
    assert all(why_not_open(one) == "scheme" for one in elsewheres(file))


def test_S05_nor_by_a_page(start: Start, means: Means, site: Stranger, file: Path) -> None:
    """By link, window, frame, object, redirect, refresh and request; no byte is in any window."""
    urls = elsewheres(file)
    site.put("/", _opening(urls))
    for number, url in enumerate(urls):
        clean = re.sub(r"\s", "", url)
        site.put(f"/to/{number}", status=302, Location=clean)
        site.put(f"/refresh/{number}", f'<meta http-equiv=refresh content="0;url={clean}">')
    with start(Policy(), means) as (room, browser):
        context = browser.new_context(accept_downloads=False)
        fence(context, room.noted)
        page = context.new_page()
        page.goto("http://evil.example/")
        page.wait_for_function("window.done", timeout=60_000)
        texts = [_text(one) for one in context.pages]
        assert texts and not any(SECRET in text or "root:" in text for text in texts)
        for number in range(len(urls)):
            for way in ("to", "refresh"):
                texts.append(_after(context.pages[0], f"http://evil.example/{way}/{number}"))
        assert not any(SECRET in text or "root:" in text for text in texts)


def _opening(urls: list[str]) -> str:
    return f"""<!doctype html><body><script>
      const tried = (does) => {{ try {{ does(); }} catch {{}} }};
      const waits = [];
      for (const url of {json.dumps(urls)}) {{
        for (const [name, field] of [['iframe', 'src'], ['object', 'data'], ['embed', 'src']])
          tried(() => {{
            const made = document.createElement(name);
            made[field] = url;
            document.body.append(made);
          }});
        tried(() => waits.push(fetch(url).then(r => r.text()).then(t => document.body.append(t))));
        if (!url.startsWith('javascript')) tried(() => window.open(url));
        tried(() => {{
          const link = document.createElement('a');
          [link.href, link.target] = [url, '_blank'];
          document.body.append(link);
          link.click();
        }});
      }}
      Promise.allSettled(waits).then(() => setTimeout(() => window.done = true, 500));
      </script>"""


def _text(page: Page) -> str:
    try:
        return "".join(frame.locator("body").inner_text(timeout=2000) for frame in page.frames[:60])
    except PlaywrightError:
        return ""


def _after(page: Page, url: str) -> str:
    try:
        page.goto(url, wait_until="commit", timeout=10_000)
        page.wait_for_timeout(30)
        return page.content()
    except PlaywrightError:
        return ""


def test_S05_a_browser_that_is_sent_to_a_file_all_the_same_finds_none(
    start: Start, means: Means, file: Path
) -> None:
    """Were fence and check both wrong, the cell has no such file. The twin has."""
    bare = dataclasses.replace(means, files=False, processes=False)
    for one, there in ((means, False), (bare, True)):
        with start(Policy(), one) as (_, browser):
            page = browser.new_page()
            text = _after(page, f"file://{file}")
            assert (SECRET in text) is there


def test_S05_a_window_of_another_kind_is_closed(start: Start, means: Means, site: Stranger) -> None:
    site.put("/", "<p>hello")
    with start(Policy(), means) as (room, browser):
        context = browser.new_context()
        fence(context, room.noted)
        page = context.new_page()
        page.goto("http://evil.example/?visitor=4711")
        assert not page.is_closed() and not room.guard.refused
        for url in ("chrome://version/", "data:text/html,x?secret=1", "file:///usr/"):
            other = context.new_page()
            try:
                other.goto(url)
            except PlaywrightError:
                pass  # it was closed while it went
            assert until(other.is_closed, page), url
        assert [one.why for one in room.guard.refused].count("scheme") == 3
        assert "secret" not in str(room.guard.refused)


def test_S08_windows_without_end_come_to_one(start: Start, means: Means, site: Stranger) -> None:
    site.put("/", "<script>for (let i = 0; i < 60; i++) window.open('/x' + i)</script>")
    with start(Policy(), means) as (room, browser):
        context = browser.new_context()
        fence(context, room.noted)
        page = context.new_page()
        page.goto("http://evil.example/", wait_until="commit")
        assert until(lambda: "windows" in {one.why for one in room.guard.refused}, page)
        assert until(lambda: len(context.pages) <= 20, page)


def test_S10_a_proven_site_that_leads_to_a_strangers_is_not_followed(
    means: Means, site: Stranger
) -> None:
    """Else a redirect would make anybody's website one's own."""
    theirs = f"http://b.localhost:{site.port}/theirs"
    site.put("/", status=302, Location=theirs)
    site.put("/theirs", "<a href=/more>more</a>")
    site.put("/more", "<p>more")
    quick = {"pages": 3, "dwell": 0.5, "delay": 0.0, "passes": ("none",)}
    start = f"http://a.localhost:{site.port}/"
    with pytest.raises(CrawlError, match=r"leads to b\.localhost"):
        crawl.scan(start, Options(strict=True, allow_private=True, **quick))  # type: ignore[arg-type]
    assert "/more" not in site.asked
    seen = crawl.scan(start, Options(allow_private=True, **quick))  # type: ignore[arg-type]
    assert theirs in seen.pages and "/more" in site.asked  # the twin


# -- S08 ---------------------------------------------------------------------------------------

HOG = """<script>
  const kept = [];
  setInterval(() => { for (let i = 0; i < 8; i++) kept.push(new Uint8Array(8e6).fill(i + 1)); }, 5);
</script>"""


def test_S08_a_page_that_eats_memory_is_ended_and_other_work_goes_on(
    start: Start, means: Means, site: Stranger
) -> None:
    site.put("/hog", HOG)
    site.put("/", "<p>hello")
    small = Policy(memory_max=1024 * 1024 * 1024)
    with start(Policy(), means) as (_, other), start(small, means) as (room, browser):
        beside = other.new_page()
        page = browser.new_page()
        ended: list[bool] = []
        browser.on("disconnected", lambda _: ended.append(True))
        page.goto("http://evil.example/hog", wait_until="commit")
        most = 0
        while not ended:
            beside.goto("http://evil.example/")
            assert beside.inner_text("p") == "hello"
            most = max(most, sum(_memory(one) for one in _of(room.folder)))
        assert most < 2 * small.memory_max
        assert room.notes[-1:] == ["The browser was ended: it had all the memory it may have."]
        assert gone(str(room.folder))
        beside.goto("http://evil.example/")
        assert beside.inner_text("p") == "hello"


def _memory(process: Path) -> int:
    try:
        return sum(int(_status(process, one).split()[0]) for one in ("RssAnon", "RssShmem")) * 1024
    except (OSError, AssertionError):
        return 0


@pytest.mark.parametrize(
    "harm_",
    [
        "<script>for (;;) alert(1)</script>",
        "<script>for (;;);</script>",
        "<script>onbeforeunload = () => 'stay'; setInterval(() => location.reload(), 1)</script>",
        "<script>for (let i = 0; ; i++) document.cookie = `c${i}=${'x'.repeat(3000)}`</script>",
        "<script>for (;;) document.body?.append(document.createElement('iframe'))</script>",
        "<script>new Worker(URL.createObjectURL(new Blob(['for(;;);']))); for (;;) prompt()"
        "</script>",
        "<script>window.location = 'chrome://crash'; for (;;) confirm()</script>",
    ],
)
def test_S08_a_page_that_never_stops_is_left_behind(
    start: Start, means: Means, site: Stranger, harm_: str
) -> None:
    site.put("/", harm_)
    with start(Policy(), means) as (room, browser):
        context = browser.new_context()
        fence(context, room.noted)
        page = context.new_page()
        try:
            page.goto("http://evil.example/", timeout=1500)
        except PlaywrightError:
            pass  # it does not end loading
    assert gone(str(room.folder)) and not room.folder.exists()
