"""Hostile pages through the scan's own door: it ends, leaves nobody behind, and what the other
pages did is found (SECURITY: F33, S08). What a trap does is in tests/traps.py."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from consent import crawl
from consent.crawl import CrawlError, Options
from consent.crawl.process import GRACE
from consent.egress import able
from consent.findings import Scan
from tests.faults.sizes import size
from tests.prepare import chromium
from tests.traps import TRAPS, Trapped, Watched, trapped, until, watched

SECONDS = 240.0  # a busy machine needs more than a minute for some of them
QUICK: dict[str, Any] = {
    "passes": ("none",),
    "pages": 3,
    "allow_private": True,
    "delay": 0.0,
    "dwell": 0.5,
    "seconds": SECONDS,
    "page_seconds": 6.0,
    "patience": 8.0,
}
LIMIT = Options().memory
ASKED, SENT = 400, 60_000_000  # more than any page may have, and less than a trap wants

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium is installed")


def options(**more: Any) -> Options:
    """Strict, where this machine can build a whole cell."""
    means = able(os.geteuid())
    return Options(**{"strict": means.network and means.sandbox, **QUICK, **more})


def scanned(site: Trapped, start: str, told: Options) -> tuple[Scan, Watched]:
    """It has ended when it should, and all that it started with it."""
    began = time.monotonic()
    with watched() as those:
        seen = crawl.scan(f"{site.url}{start}", told)
        took = time.monotonic() - began
        assert until(lambda: not those.left()), those.left()
    assert took < told.seconds + GRACE + 10
    assert len(those.seen) > 3  # a browser was there
    return seen, those


def stored(seen: Scan) -> set[str]:
    return {thing.name for one in seen.passes for thing in one.things}


# Traps that are there for one limit: what is allowed, and what the scan says then.
SMALL: dict[str, tuple[dict[str, Any], str]] = {
    "requests": ({"page_requests": 30, "patience": 30}, "/trap asked for more than 30 things"),
    "a stream": ({"page_bytes": 2_000_000}, "/trap took more than 2 MB"),
    "memory": ({}, "/trap took nearly all the memory"),
    "a loop": ({}, "/trap did not let go of the browser"),
}


@pytest.mark.parametrize("name", list(TRAPS)[: size("pages")])
def test_a_trap_among_good_pages_ends_and_the_others_are_seen(name: str) -> None:
    more, sentence = SMALL.get(name, ({}, ""))
    with trapped(name) as site:
        seen, those = scanned(site, "/", options(**more))
    assert {"first", "last"} <= stored(seen), seen.problems
    assert sentence in " ".join(seen.problems)
    assert len(site.asked) < ASKED and site.sent < SENT
    print(f"{name}: {those.most / 2**20:.0f} MiB, {len(site.asked)} asked, {site.sent} sent")
    assert those.most < 2 * LIMIT  # what is looked at some times a second can pass a limit


def test_a_trap_at_the_start_costs_that_page_alone() -> None:
    with trapped("a loop") as site:
        seen, _ = scanned(site, "/trap", options(passes=("none", "reject")))
    assert "last" in stored(seen)
    assert any("/trap did not let go of the browser" in one for one in seen.problems)
    assert [(one.name, one.ran) for one in seen.passes] == [("none", True), ("reject", False)]


def test_without_a_leash_one_trap_takes_the_findings_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The twin: the scan's own end is all that is left, and it knows nothing."""
    monkeypatch.setattr("consent.crawl.process.GRACE", 2.0)
    with trapped("a loop") as site, pytest.raises(CrawlError, match="before its first pass"):
        scanned(site, "/", options(patience=0, seconds=15))
    assert "/trap" in site.asked and "/last" not in site.asked


def test_without_its_limits_a_page_gets_all_it_asks_for() -> None:
    """The twin: two of them in one."""
    free: dict[str, Any] = {
        "page_requests": 10**6,
        "page_bytes": 10**12,
        "bytes": 250_000_000,
        "patience": 30,
        "dwell": 2.0,  # in which a busy machine, too, answers more than any page may ask for
    }
    with trapped("requests and a stream") as site:
        scanned(site, "/", options(**free))
    assert len(site.asked) > ASKED and site.sent > SENT
