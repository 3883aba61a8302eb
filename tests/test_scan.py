"""`flask scan` through the front door: a page that leaks, tagged, behind the gate, by others."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from werkzeug.wrappers import Response

from consent import crawl
from consent.crawl import CrawlError, Options
from consent.gate.wsgi import Gate
from tests.databases import Databases, lent
from tests.leaky import Leaky, html, leaky
from tests.outside import Door
from tests.owner import inside
from tests.prepare import chromium
from tests.shop import SHOP, TRACKER, Shop, opened, ours

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

GA = "document.cookie = '_ga=GA1.1.1; max-age=31536000; path=/'"
HELD = '<script type="text/plain" data-category="statistics" data-src="{}"></script>'
Scan = Callable[..., Result]


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    if chromium() is None:
        pytest.skip("no Chromium is installed (package chromium)")
    with (
        lent(databases, migrated=False) as url,
        opened(tmp_path_factory.mktemp("shop"), url) as one,
    ):
        yield one


@pytest.fixture(scope="module")
def site() -> Iterator[Leaky]:
    with leaky() as made:
        made.put("/t.js", (200, "text/javascript", GA, []))
        yield made


@pytest.fixture
def tracker(site: Leaky) -> str:
    return site.at(TRACKER, "/t.js")


@pytest.fixture
def shops_app(shop: Shop) -> Iterator[Flask]:
    with inside(shop) as (app, _):
        yield app


@pytest.fixture
def scan(shops_app: Flask) -> Scan:
    """`flask scan URL …`, quick: this machine may be asked as fast as it can."""

    def run(url: str, *more: str) -> Result:
        quick = ["--allow-private", "--delay", "0", "--dwell", "0.6", "--pages", "2"]
        return shops_app.test_cli_runner().invoke(args=["scan", url, *quick, *more])

    return run


def report(result: Result) -> dict[str, Any]:
    assert result.exit_code in (0, 1), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def codes(result: Result, severity: str = "error") -> set[str]:
    return {one["code"] for one in report(result)["findings"] if one["severity"] == severity}


def test_a_leaky_page_fails_and_the_report_names_the_tag(
    scan: Scan, site: Leaky, tracker: str, tmp_path: Path
) -> None:
    site.put("/", html("<h1>Shop</h1><a href=/pricing>Prices</a>"))
    site.put("/pricing", html(f"<h1>Prices</h1><script src={tracker}></script>"))
    done = scan(site.url, "--passes", "none", "-o", str(tmp_path / "scan.txt"))
    text = (tmp_path / "scan.txt").read_text("utf-8")
    sentence = (
        f"`_ga` was set before any choice by {tracker} (line 1), Google Analytics, on /pricing."
    )
    assert done.exit_code == 1 and sentence in text
    assert "[1/1 none] page 2 of 2" in done.stderr
    assert sentence in done.stderr, "said as soon as the pass is done"


def test_with_a_baseline_only_what_is_new_fails(
    scan: Scan, site: Leaky, tracker: str, tmp_path: Path
) -> None:
    site.put("/", html(f"<h1>Shop</h1><script src={tracker}></script>"))
    file = tmp_path / "scan.json"
    assert scan(site.url, "--passes", "none", "--format", "json", "-o", str(file)).exit_code == 1
    more = "<script>document.cookie = '_fbp=fb.1.1; path=/'</script>"
    site.put("/", html(f"<h1>Shop</h1><script src={tracker}></script>{more}"))
    again = scan(site.url, "--passes", "none", "--baseline", str(file), "--format", "json")
    added = set(report(again)["since"]["added"])
    names = {one["name"] for one in report(again)["findings"] if one["id"] in added}
    assert again.exit_code == 1 and names == {"_fbp"}
    assert report(again)["since"]["gone"] == []


def test_untagged_behind_our_banner_needs_the_gate_and_tagged_is_clean(
    scan: Scan, shop: Shop, site: Leaky, tracker: str, tmp_path: Path
) -> None:
    before = len(shop.records())
    bare = f"{ours(shop, hold=f'{TRACKER}=tracker')}<script src={tracker}></script>"
    site.put("/", html(f"{bare}<h1>Shop</h1>"))
    untagged = scan(site.url, "--passes", "none", "--site", SHOP, "--format", "json")
    assert untagged.exit_code == 1 and "needs-gate" in codes(untagged)
    assert "leak-before-choice" not in codes(untagged), "the guard held the script itself"

    site.put("/", html(f"{ours(shop)}{HELD.format(tracker)}<h1>Shop</h1>"))
    shots = tmp_path / "shots"
    tagged = scan(site.url, "--site", SHOP, "--format", "json", "--screenshots", str(shots))
    assert (tagged.exit_code, codes(tagged)) == (0, set())
    seen = report(tagged)["scan"]
    assert seen["banner"] == "crumbtrail" and all(one["ran"] for one in seen["passes"])
    names = {one["name"]: {t["name"] for t in one["things"]} for one in seen["passes"]}
    assert "_ga" not in names["none"] | names["reject"]
    assert "_ga" in names["accept"] and "_ga" not in names["withdraw"]
    assert (shots / "none.png").stat().st_size > 1000
    assert {one for p in seen["passes"] for one in p["screenshots"]} <= {
        file.name for file in shots.iterdir()
    }
    assert len(shop.records()) == before, "a scan leaves no record of consent"


def test_behind_the_gate_the_same_page_is_clean(
    scan: Scan, shop: Shop, site: Leaky, tracker: str
) -> None:
    page = f"<!doctype html><head>{ours(shop)}</head><h1>Shop</h1><script src={tracker}></script>"
    gate = Gate(lambda e, s: Response(page, mimetype="text/html")(e, s), site=SHOP, server=shop.url)
    assert gate.core.desk().rules.covers(TRACKER), "there before the first request"
    door = Door(gate)
    try:
        url = f"http://localhost:{door.port}/"
        done = scan(url, "--site", SHOP, "--passes", "none,accept", "--format", "json")
    finally:
        gate.core.feed.stop()
        door.shut()
    assert (done.exit_code, codes(done)) == (0, set())
    accept = report(done)["scan"]["passes"][1]
    assert "_ga" in {one["name"] for one in accept["things"]}, "the tag runs once it may"


def test_another_banner_that_does_not_keep_its_word(scan: Scan, site: Leaky, tracker: str) -> None:
    """It says no, and the tag runs all the same; unknown words are not pressed."""
    script = (
        f"const s = document.createElement('script'); s.src = '{tracker}'; document.body.append(s)"
    )
    site.put(
        "/",
        html(
            "<h1>Laden</h1><div id=b style='position:fixed;bottom:0'>Cookies? "
            "<button>Alle akzeptieren</button><button>Alle ablehnen</button></div>"
            f"<script>for (const one of document.querySelectorAll('button')) one.onclick = () => "
            f"{{ b.remove(); {script} }}</script>"
        ),
    )
    done = scan(site.url, "--passes", "none,reject", "--pages", "1", "--format", "json")
    assert done.exit_code == 1 and codes(done) == {"leak-after-reject"}
    assert report(done)["scan"]["banner"] == "other"

    site.put(
        "/",
        html(
            "<h1>Shop</h1><div id=b style='position:fixed;bottom:0'>Cookies? "
            "<button>Hopla</button><button>Hej</button></div>"
        ),
    )
    unknown = scan(site.url, "--passes", "none,reject", "--pages", "1", "--format", "json")
    assert unknown.exit_code == 0 and codes(unknown, "warning") == {"not-run"}
    passes = report(unknown)["scan"]["passes"]
    assert not passes[1]["ran"] and "words" in passes[1]["why"]


def test_what_cannot_be_scanned_is_said_with_exit_code_2(
    scan: Scan, shops_app: Flask, site: Leaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = scan(f"http://localhost:{nobody.getsockname()[1]}/")
        assert closed.exit_code == 2 and "could not be loaded" in closed.stderr
    site.put("/gone", (404, "text/html", "no", []))
    assert scan(site.at("localhost", "/gone")).exit_code == 2
    assert scan("file:///etc/passwd").exit_code == 2
    for path, kind in {"/a.pdf": "application/pdf", "/a.json": "application/json"}.items():
        site.put(path, (200, kind, "{}", []))
        no_page = scan(site.at("localhost", path), "--passes", "none")
        assert no_page.exit_code == 2 and f"is no web page but {kind}" in no_page.stderr
    site.put("/a.bin", (200, "application/octet-stream", "x", []))
    saved = scan(site.at("localhost", "/a.bin"), "--passes", "none")
    assert saved.exit_code == 2 and "would save it as a file" in saved.stderr
    misspelt = scan("https://nobody.invalid/", "--passes", "none")
    assert misspelt.exit_code == 2 and "leads to no address" in misspelt.stderr
    private = shops_app.test_cli_runner().invoke(args=["scan", site.url])
    assert private.exit_code == 2 and "--allow-private" in private.stderr
    unknown = scan(site.url, "--site", "nobody.example")
    assert unknown.exit_code == 2
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    missing = scan(site.url)
    assert missing.exit_code == 2 and "apt install chromium" in missing.stderr


def test_robots_and_the_sitemap_are_heeded_and_other_sites_are_left(site: Leaky) -> None:
    site.put(
        "/robots.txt",
        (
            200,
            "text/plain",
            f"User-agent: *\nDisallow: /private\nSitemap: {site.at('localhost', '/map.xml')}",
            [],
        ),
    )
    listed = "".join(
        f"<url><loc>{site.at('localhost', p)}</loc></url>" for p in ("/a", "/private/x")
    )
    site.put("/map.xml", (200, "application/xml", f"<urlset>{listed}</urlset>", []))
    site.put("/a", html("<h1>a</h1>"))
    site.put(
        "/",
        html(
            "<h1>Shop</h1><a href=/private/y>y</a><a href=/b#c>b</a>"
            f"<a href='{site.at('other.localhost', '/c')}'>c</a><a href=/d.pdf>d</a>"
        ),
    )
    site.put("/b", html("<h1>b</h1>"))
    options = Options(passes=("none",), allow_private=True, delay=0, dwell=0.5, seconds=120)
    seen = crawl.scan(site.url, options)
    del site.answers["/robots.txt"]
    assert {one.rpartition("/")[2] for one in seen.pages} == {"", "a", "b"}
    assert any("robots.txt" in one for one in seen.problems)


def test_a_page_that_hangs_is_ended(site: Leaky, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put("/", html("<h1>Shop</h1><script>setTimeout(() => { for (;;); }, 300)</script>"))
    monkeypatch.setattr("consent.crawl.process.GRACE", 1.0)
    options = Options(
        passes=("none",), allow_private=True, delay=0, dwell=0.5, seconds=6, patience=0
    )
    with pytest.raises(CrawlError) as refused:
        crawl.scan(site.url, options)
    assert refused.value.code == "broken"
