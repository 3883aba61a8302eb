"""What gets by before consent, kind by kind and engine by engine: docs/blocking.md says so, and is
held to what the servers of these pages saw.

Every page is opened by itself, with an origin and so a choice of its own. It reports what ran and
what was stored; its third party's server says what was asked for.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from consent import inventory, notices, sites
from tests.acts import BY, make_site
from tests.databases import Databases
from tests.kinds import KINDS, page
from tests.owner import inside, lent_server
from tests.pages import Website, website
from tests.prepare import ROOT, firefox
from tests.server import Server

pytestmark = pytest.mark.sqlite_only

SHOP = "example.com"
WAYS = ("bare", "tagged", "small", "large")
TABLE = ROOT / "docs" / "blocking.md"
SCRIPT = "window.ran && ran()"
OPEN = {"Access-Control-Allow-Origin": "*"}  # as a module asks for
PATIENCE_S = 300.0
FIREFOX = firefox()
LOCKS = {"in-worker"}
# So that every tab works as if it were in front.
FIREFOX_PREFS = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.aboutwelcome.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.min_background_timeout_value": 4,
    "dom.timeout.enable_budget_timer_throttling": False,
    "media.block-autoplay-until-in-foreground": False,
    "network.dns.localDomains": "",
    "toolkit.startup.max_resumed_crashes": -1,
}


# What a cell may say, and what may then have been seen: the table promises no more than it keeps.
WORDS = {
    "held": {"held"},
    "refused": {"refused", "held"},
    "fetched": {"fetched", "held"},
    "leaks": {"leaks", "fetched", "refused", "held"},
}


@dataclass(frozen=True)
class Seen:
    """What one page did before the choice (`ran`: not only asked for), and in the end."""

    before: bool
    ran: bool
    after: bool

    @property
    def word(self) -> str:
        if self.before:
            return "leaks" if self.ran else "fetched"
        return "held" if self.after else "refused"


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose inventory knows the third party, its files on the site, and what it stores."""
    with lent_server(databases, tmp_path_factory.mktemp("blocking")) as running:
        with inside(running) as (app, at):
            make_site(app, at, SHOP)
            site = sites.get(SHOP)
            hosts = ["tracker.localhost", "localhost/k"]
            inventory.put_service(
                site, BY, at, "tracker", name="Tracker", category="statistics", hosts=hosts
            )
            for kind in ("cookie", "local_storage", "session_storage", "indexeddb"):
                inventory.add_tracker(
                    site, BY, at, name="trk", kind=kind, service="tracker", category="statistics"
                )
            notices.publish(site, BY, at)
        yield running


@pytest.fixture(scope="module")
def third() -> Iterator[Website]:
    with website() as site:
        yield site


@pytest.fixture(scope="module")
def pages(shop: Server, third: Website) -> Iterator[Website]:
    """The pages, each at `http://<way>-<kind>.localhost:<port>/<way>/<kind>`."""
    with website() as site:
        for kind in KINDS:
            third.put(f"/k/{kind}.js", SCRIPT, "text/javascript", **OPEN)
            third.put(f"/k/{kind}.html", "<!doctype html><title>Frame</title>")
            site.put(f"/k/{kind}.js", "", "text/javascript")
            for way in WAYS:
                site.put(
                    f"/{way}/{kind}",
                    page(kind, way, ours(shop, way), f"http://tracker.localhost:{third.port}"),
                )
        yield site


def ours(shop: Server, way: str) -> str:
    if way == "bare":
        return ""
    script = f'<script async src="{shop.url}/v1/{SHOP}/consent.js"></script>'
    if way == "tagged":
        return script
    hold = "tracker.localhost=tracker localhost/k=tracker #trk=tracker"
    stub = sites.stub() if way == "small" else sites.stub(sites.WHOLE)
    return f'<script data-site="{SHOP}" data-hold="{hold}">{stub}</script>{script}'


def wanted(way: str) -> list[str]:
    return [kind for kind, of in KINDS.items() if way != "tagged" or of.tagged]


def address(pages: Website, way: str, kind: str) -> str:
    return f"http://{way}-{kind}.localhost:{pages.port}/{way}/{kind}"


def reports(pages: Website, kinds: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for path in pages.asked:
        told = re.fullmatch(r"/told/([\w-]+)/(before|after)/([01]{2})", path)
        if told and told[1] in found:
            found[told[1]][told[2]] = told[3]
    return found


def measured(pages: Website, third: Website, kinds: list[str]) -> dict[str, Seen]:
    """Waits until each page has told both, and puts them beside what the servers were asked."""
    left = silent(pages, kinds, PATIENCE_S)
    assert not left, reports(pages, kinds)
    told = reports(pages, kinds)
    return {kind: seen(kind, told[kind], third, pages) for kind in kinds}


def silent(pages: Website, kinds: list[str], seconds: float) -> list[str]:
    """Waits so long at most; the kinds whose page has not told both by then."""
    end = time.monotonic() + seconds
    while left := [kind for kind, told in reports(pages, kinds).items() if len(told) < 2]:
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    return left


def seen(kind: str, told: dict[str, str], third: Website, pages: Website) -> Seen:
    def asked(before: bool) -> bool:
        return any(
            path.split(".")[0] == f"/k/{kind}" and (not before or at < first)
            for site in (third, pages)
            for path, at in zip(site.asked, site.times, strict=True)
        )

    first = next(
        at
        for path, at in zip(pages.asked, pages.times, strict=True)
        if path.startswith(f"/told/{kind}/before/")
    )
    ran, stored = ({when: text[i] == "1" for when, text in told.items()} for i in (0, 1))
    if KINDS[kind].seen == "stored":
        return Seen(stored["before"], stored["before"], stored["after"])
    if KINDS[kind].seen == "ran":
        return Seen(ran["before"], ran["before"], ran["after"])
    if KINDS[kind].seen == "script":
        return Seen(asked(True), ran["before"], ran["after"])
    return Seen(asked(True), asked(True), asked(False))


def in_chromium(browser: Browser, pages: Website, third: Website, way: str) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    clear(pages, third)
    for kinds in batches(wanted(way)):
        context = browser.new_context(locale="en-GB")
        for kind in kinds:
            context.new_page().goto(address(pages, way, kind), wait_until="commit")
        found |= measured(pages, third, kinds)
        context.close()
    return found


def batches(kinds: list[str]) -> Iterator[list[str]]:
    """A few pages at a time: dozens at once starve each other. What a browser reads ahead it reads
    for the page in front only."""
    many = [kind for kind in kinds if kind != "speculation"]
    for start in range(0, len(many), 7):
        yield many[start : start + 7]
    if len(many) < len(kinds):
        yield ["speculation"]


def in_firefox(pages: Website, third: Website, way: str, folder: Path) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    clear(pages, third)
    lines = [
        f'user_pref("{name}", {str(value).lower() if isinstance(value, bool) else repr(value)});'
        for name, value in FIREFOX_PREFS.items()
    ]
    (folder / "user.js").write_text("\n".join(lines).replace("'", '"'))
    command = [FIREFOX or "", "--headless", "--no-remote", "--profile", str(folder)]
    environ = {**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
    for kinds in batches(wanted(way)):
        opened_in_firefox([*command], environ, pages, third, way, kinds)
        found |= measured(pages, third, kinds)
    return found


def opened_in_firefox(
    command: list[str],
    environ: dict[str, str],
    pages: Website,
    third: Website,
    way: str,
    kinds: list[str],
) -> None:
    """A tab that Firefox never began is opened anew; one that began and hangs is our failure.

    But for `LOCKS`: of a hundred tabs some four stood still, the main thread and the worker's each
    waiting for a lock without a turn of the processor, which no script can bring about. And a page
    without the guard says nothing about us.
    """
    for _ in range(3):
        addresses = [address(pages, way, kind) for kind in kinds]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([*command, *addresses], env=environ, **quiet) as running:
            kinds = silent(pages, kinds, PATIENCE_S / 3)
            running.terminate()
        if not kinds:
            return
        stuck = [kind for kind in kinds if f"/{way}/{kind}" in pages.asked]
        assert way == "bare" or not set(stuck) - LOCKS, stuck
        forget(kinds, pages, third)


def forget(kinds: list[str], *of: Website) -> None:
    """Strikes out what these kinds' pages have asked for and told."""
    about = re.compile(rf"/(k|told|{'|'.join(WAYS)})/({'|'.join(map(re.escape, kinds))})\b(?!-)")
    for site in of:
        kept = [
            pair for pair in zip(site.asked, site.times, strict=True) if not about.match(pair[0])
        ]
        site.asked[:] = [path for path, _ in kept]
        site.times[:] = [at for _, at in kept]


def clear(*of: Website) -> None:
    for site in of:
        site.asked.clear()
        site.times.clear()


def documented(engine: str) -> dict[str, list[str]]:
    """The cells of docs/blocking.md for an engine, by label: tagged, small stub, large stub."""
    column = {"Chromium": 0, "Firefox": 1}[engine]
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 7:
            found[cells[0]] = cells[1 + column :: 2]
    return found


def agree(engine: str, results: dict[str, dict[str, Seen]]) -> None:
    """Each cell says at least what was seen; a kind that this engine does not do at all says –."""
    told = documented(engine)
    wrong = []
    for kind, of in KINDS.items():
        for way, cell in zip(WAYS[1:], told[of.label], strict=True):
            if not results["bare"][kind].before or kind not in results[way]:
                right = cell == "–"
            else:
                right = results[way][kind].word in WORDS.get(cell, set())
            if not right:
                wrong.append(f"{of.label}, {way}: {cell}, and it is {results[way].get(kind)}")
    assert not wrong, f"docs/blocking.md, {engine}: " + "; ".join(wrong)


def test_what_gets_by_in_chromium_is_what_the_table_says(
    browser: Browser, pages: Website, third: Website
) -> None:
    results = {way: in_chromium(browser, pages, third, way) for way in WAYS}
    idle = [kind for kind, seen in results["bare"].items() if not seen.before]
    assert not idle, "these pages do not do their thing"
    assert {seen.word for seen in results["tagged"].values()} == {"held"}
    agree("Chromium", results)


@pytest.mark.skipif(FIREFOX is None, reason="no Firefox is installed (package firefox-esr)")
def test_what_gets_by_in_firefox_is_what_the_table_says(
    pages: Website, third: Website, tmp_path: Path
) -> None:
    results = {}
    for way in WAYS:
        folder = tmp_path / way
        folder.mkdir()
        results[way] = in_firefox(pages, third, way, folder)
    does = [kind for kind in wanted("tagged") if results["bare"][kind].before]
    assert {results["tagged"][kind].word for kind in does} == {"held"}
    assert len(does) >= 9
    agree("Firefox", results)
