"""`make bench-banner`: what banners cost a page, in one browser and one run, visits in turn.

    python -m bench.banner.run [NAME=VALUE ...]

Each visit is a new visitor: first without a choice, then a click on the button that accepts, then a
second visit with the choice stored. "More" is the difference to the same page without a banner in
the same round. The names are in PARAMETERS; PEERS=0 leaves the peers out, WRITE=0 the page of
benchmarks as it is.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

import app as wiring
from bench import report
from bench.banner import banners, site
from bench.banner.banners import Banner
from bench.parameters import parameters
from consent import cli, config, sites, users
from consent.db import db
from tests.acts import BY, make_site
from tests.pages import Website, website
from tests.prepare import chromium
from tests.server import Server

PARAMETERS = {
    "ROUNDS": 3,
    "WARM": 1,  # rounds before them that are thrown away
    "CPU": "1,4",  # how many times slower the processor is made
    "RTT": 40,  # milliseconds a request
    "MBIT": 10,  # a second
    "PEERS": 1,
    "WRITE": 1,
}
BEGIN, END = "<!-- make bench-banner begins -->", "<!-- make bench-banner ends -->"
SITE = "bench.example"
MEASURE = Path(__file__).with_name("measure.js").read_text("utf-8")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Klaro and others hide from browsers that say they are driven by a program.
FLAGS += ["--disable-blink-features=AutomationControlled"]
QUIET_MS, PATIENCE_MS = 1200, 30_000
Figures = dict[str, Any]


def main(words: Sequence[str]) -> Figures:
    told = parameters(words, PARAMETERS)
    found: Figures = {"began": datetime.now(UTC).strftime("%Y-%m-%d"), "parameters": told}
    with sync_playwright() as running, tempfile.TemporaryDirectory() as folder:
        browser = running.chromium.launch(
            executable_path=chromium(), args=FLAGS, ignore_default_args=["--enable-automation"]
        )
        found["browser"], found["load"] = browser.version, round(os.getloadavg()[0], 1)
        with pages(Path(folder), bool(told["PEERS"])) as (to, shown):
            for cpu in [int(one) for one in str(told["CPU"]).split(",")]:
                found[f"x{cpu}"] = rounds(browser, to, shown, cpu, told)
        browser.close()
    if told["WRITE"]:
        report.put(text(found), begin=BEGIN, end=END)
    print(text(found))
    return found


@contextmanager
def pages(folder: Path, with_peers: bool) -> Iterator[tuple[Website, list[Banner]]]:
    """A website with a page for each banner, at its place in the list: /0, /1 …"""
    with ExitStack() as open_:
        to, tags = open_.enter_context(website()), open_.enter_context(website())
        for path, script in site.TAGS.items():
            site.put(tags, path, script)
        site.put(to, "/style.css", site.STYLE)
        site.put(to, "/hero.png", site.picture())
        server, snippet = crumbtrail(folder)
        open_.callback(server.stop)
        script = f"{server.url}/v1/{SITE}/consent.js"
        shown = [*banners.controls(tags.url), *banners.ours(tags.url, snippet, script)]
        if with_peers:
            shown += banners.peers(tags.url)
            banners.bundle_c15t(to, tags.url, folder)
        shown.append(banners.floor(tags.url))
        for number, one in enumerate(shown):
            site.put(to, f"/{number}", site.page(one.head, one.body))
            for path, file in one.files.items():
                site.put(to, path, file.read_text("utf-8"))
        yield to, shown


def crumbtrail(folder: Path) -> tuple[Server, str]:
    """Our server with a published site, and what its pages paste."""
    home, secret = folder / "crumbtrail", "not a secret"
    url = f"sqlite:///{home}/crumbtrail.db"
    values = {"INSTANCE_PATH": str(home), "DATABASE_URL": url, "SECRET_KEY": secret}
    app, at = wiring.create_app(config.load(values)), wiring.utc_now()
    with app.app_context():
        cli.upgrade()
        users.add_user("bench@example.com", "a password of the bench", BY, at - timedelta(days=1))
        make_site(app, at, SITE, origins=["127.0.0.1"])
        server = Server(home, url, DEMO="0", SECRET_KEY=secret)
        snippet = sites.snippet(sites.get(SITE), server.url)
        db.session.remove()
        db.engine.dispose()
    app.extensions["crumbtrail"].close()
    server.start()
    return server, snippet


def rounds(
    browser: Browser, to: Website, shown: Sequence[Banner], cpu: int, told: Figures
) -> dict[str, list[Figures]]:
    """Every banner once a round, each round in an order of its own."""
    found: dict[str, list[Figures]] = {one.name: [] for one in shown}
    for number in range(1 - int(told["WARM"]), int(told["ROUNDS"]) + 1):
        for place in random.Random(number).sample(range(len(shown)), len(shown)):
            one = shown[place]
            seen = visitor(browser, f"{to.url}/{place}", one, cpu, told)
            if number > 0:
                found[one.name].append(seen)
        print(f"  ×{cpu}: round {number} of {told['ROUNDS']}", flush=True)
    return found


def visitor(browser: Browser, url: str, banner: Banner, cpu: int, told: Figures) -> Figures:
    """What two visits of one visitor came to, with the click between."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    try:
        script = MEASURE.replace("= BANNER;", f"= {json.dumps(banner.box or None)};")
        context.add_init_script(script)
        first, page = visit(context, url, banner.box, cpu, told)
        if banner.accept:
            first |= clicked(page, banner.accept)
        page.close()
        again, page = visit(context, url, "", cpu, told)
        page.close()
        return {"first": first, "again": again}
    finally:
        context.close()


def visit(
    context: BrowserContext, url: str, box: str, cpu: int, told: Figures
) -> tuple[Figures, Page]:
    """Figures of one visit, when the page is loaded, the banner to be seen, and nothing stirs."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    asks = context.new_cdp_session(page)
    network = throttled(asks, cpu, told)
    before = counters(asks)
    page.goto(url, wait_until="load")
    if box:
        until(page, "__bench.visible !== null")
    page.wait_for_timeout(QUIET_MS * (2 if cpu > 1 else 1))
    after = counters(asks)
    asks.send("HeapProfiler.collectGarbage")
    seen = page.evaluate("({...__bench, elements: document.querySelectorAll('*').length})")
    mine = [one for one in network.values() if foreign(one["url"], url)]
    return {
        "visible": seen["visible"],
        "paint": seen["paint"],
        "shift": seen["shift"],
        "blocked": seen["blocked"],
        "elements": seen["elements"],
        "main": (after["TaskDuration"] - before["TaskDuration"]) * 1000,
        "heap": counters(asks)["JSHeapUsedSize"] / 1000,
        "requests": sum(not one["kept"] for one in mine),
        "bytes": sum(one["bytes"] for one in mine),
        "page": sum(one["bytes"] for one in network.values() if one["url"] == url),
    }, page


def throttled(asks: CDPSession, cpu: int, told: Figures) -> dict[str, Figures]:
    """Slow network and processor down; what the page then asks for, by the request's number."""
    network: dict[str, Figures] = {}

    def sent(event: Figures) -> None:
        network[event["requestId"]] = {"url": event["request"]["url"], "bytes": 0, "kept": False}

    def kept(event: Figures) -> None:
        network[event["requestId"]]["kept"] = True

    def answered(event: Figures) -> None:
        one = network.get(event["requestId"])
        if one and event["response"].get("fromDiskCache"):
            one["kept"] = True

    def loaded(event: Figures) -> None:
        one = network.get(event["requestId"])
        if one and not one["kept"]:
            one["bytes"] = event["encodedDataLength"]

    asks.on("Network.requestWillBeSent", sent)
    asks.on("Network.requestServedFromCache", kept)
    asks.on("Network.responseReceived", answered)
    asks.on("Network.loadingFinished", loaded)
    asks.send("Network.enable")
    asks.send("Performance.enable", {"timeDomain": "threadTicks"})
    speed = int(told["MBIT"]) * 125_000
    limits = {"downloadThroughput": speed, "uploadThroughput": speed, "latency": told["RTT"]}
    asks.send("Network.emulateNetworkConditions", {"offline": False, **limits})
    if cpu > 1:
        asks.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
    return network


def counters(asks: CDPSession) -> dict[str, float]:
    shown = asks.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in shown}


def foreign(asked: str, page: str) -> bool:
    """Whether the banner is the reason: neither the page and its parts, nor the tags."""
    own = ("/style.css", "/hero.png", *site.TAGS)
    return asked != page and not asked.startswith("data:") and not asked.endswith(own)


def clicked(page: Page, accept: str) -> Figures:
    """Milliseconds from the click to the next frame, and until both tags have run."""
    middle = "(({left, top, width, height}) => [left + width / 2, top + height / 2])"
    box = f"{middle}(document.querySelector({json.dumps(accept)}).getBoundingClientRect())"
    page.mouse.click(*page.evaluate(box))
    until(page, "__bench.next && __bench.tags.statistics && __bench.tags.marketing")
    seen = page.evaluate("__bench")
    page.wait_for_timeout(QUIET_MS)  # whoever has chosen reads on; what is sent is sent
    start = seen["click"]
    return {"next": seen["next"] - start, "ran": max(seen["tags"].values()) - start}


def until(page: Page, what: str) -> None:
    """Look ten times a second. Playwright's own waiting puts half a megabyte into a page's heap."""
    for _ in range(PATIENCE_MS // 100):
        if page.evaluate(f"Boolean({what})"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url}: {what} did not come")


def text(found: Figures) -> str:
    told = found["parameters"]
    parts = [
        f"{found['began']}, Chromium {found['browser']}, {os.cpu_count()} cores, load before"
        f" {found['load']}: {told['RTT']} ms a request and {told['MBIT']} Mbit/s, brotli, the same"
        " page for all. Medians of"
        f" {told['ROUNDS']} interleaved rounds (banner visible: with its quartiles); “more” is the"
        " median difference to the same page without a banner in the same round. The *floor* is"
        " three buttons and a stored answer, without languages, categories, records or settings."
    ]
    for cpu in str(told["CPU"]).split(","):
        seen = found[f"x{cpu}"]
        parts.append(f"**First visit, CPU ×{cpu}**\n\n" + first_visit(seen))
        parts.append(
            f"**Repeat visit, CPU ×{cpu}** (against the page whose tags run at once)\n\n"
            + repeat_visit(seen)
        )
    return "\n\n".join(parts)


def first_visit(seen: dict[str, list[Figures]]) -> str:
    head = ["banner", "requests", "bytes", "banner visible, ms", "FCP, ms more", "CLS"]
    head += ["blocking, ms more", "main thread, ms more", "heap, kB more", "elements more"]
    head += ["click → next paint, ms", "click → tags run, ms"]
    lines = []
    for name, visits in _banners(seen):
        own, bare = ([one["first"] for one in of] for of in (visits, seen["bare"]))
        weight = [a["bytes"] + a["page"] - b["page"] for a, b in zip(own, bare, strict=True)]
        shown = [f"{_middle(own, 'requests'):.0f}", f"{median(weight):.0f}", _quartiles(own)]
        shown += [_more(own, bare, "paint"), f"{_middle(own, 'shift'):.2g}"]
        shown += [_more(own, bare, key) for key in ("blocked", "main", "heap", "elements")]
        shown += [f"{_middle(own, key):.0f}" for key in ("next", "ran")]
        lines.append([name, *shown])
    return report.table(head, lines)


def repeat_visit(seen: dict[str, list[Figures]]) -> str:
    head = ["banner", "requests", "FCP, ms more", "blocking, ms more", "main thread, ms more"]
    head += ["heap, kB more", "elements more"]
    lines = []
    for name, visits in _banners(seen):
        own, tags = ([one["again"] for one in of] for of in (visits, seen["tags"]))
        keys = ("paint", "blocked", "main", "heap", "elements")
        requests = f"{_middle(own, 'requests'):.0f}"
        lines.append([name, requests, *(_more(own, tags, key) for key in keys)])
    return report.table(head, lines)


def _banners(seen: dict[str, list[Figures]]) -> list[tuple[str, list[Figures]]]:
    return [
        (f"**{name}**" if name.startswith("Crumbtrail") else name, visits)
        for name, visits in seen.items()
        if name not in ("bare", "tags")
    ]


def _middle(visits: Sequence[Figures], key: str) -> float:
    return float(median(one[key] for one in visits))


def _more(visits: Sequence[Figures], without: Sequence[Figures], key: str) -> str:
    return f"{median(a[key] - b[key] for a, b in zip(visits, without, strict=True)):.0f}"


def _quartiles(visits: Sequence[Figures]) -> str:
    times = [one["visible"] for one in visits]
    if len(times) < 2:
        return f"{times[0]:.0f}"
    low, middle, high = quantiles(times, n=4, method="inclusive")
    return f"{middle:.0f} ({low:.0f}–{high:.0f})"


if __name__ == "__main__":
    if not chromium():
        raise SystemExit("No Chromium is here: install the package chromium.")
    main(sys.argv[1:])
