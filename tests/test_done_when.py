"""The main job, end to end: what a newcomer tries on the demo, and what an auditor then reads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages import Website
from tests.server import Server
from tests.visitor import SITE, SIX, TITLE, cookies, delivered, ran, records_of, save_only

EVERY_CATEGORY = {"preferences", "statistics", "marketing"}


def test_the_polish_banner_shows_before_any_of_the_six_cookies_exists(
    page: Page, server: Server
) -> None:
    page.add_init_script(
        "document.addEventListener('consent:shown', () => { window.__then = document.cookie })"
    )
    page.goto(f"{server.url}/demo/@PL/{SITE}/")
    banner = page.locator("#cmp-dialog")
    expect(banner).to_have_attribute("lang", "pl")
    expect(banner.locator("h2")).to_have_text(TITLE)
    assert page.evaluate("window.__then") == ""
    assert (cookies(page), ran(page)) == ({}, [])


def test_reject_leaves_none_of_the_six_after_a_reload_and_one_record_of_it(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit()
    page.click("[data-cmp=reject]")
    record_id = delivered(page)
    page.reload(wait_until="networkidle")
    expect(page.locator("#cmp-dialog")).to_have_count(0)
    assert (set(cookies(page)) & SIX, ran(page)) == (set(), [])

    [record] = records_of(server, page)
    assert record["id"] == record_id
    assert record["action"] == "reject_all"
    assert record["categories"] == dict.fromkeys(EVERY_CATEGORY, False)
    assert not any(record["services"].values())
    assert (record["place"]["country"], record["language"]) == ("PL", "pl")
    shown = page.evaluate("consent.debug().config.notice")
    assert record["notice"] == shown


def test_the_digest_in_a_record_opens_exactly_the_notice_that_was_shown(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit()
    expect(page.locator("#cmp-dialog h2")).to_have_text(TITLE)
    page.click("[data-cmp=reject]")
    delivered(page)
    [record] = records_of(server, page)
    key = f"Bearer {server.auditor_key}"
    notice = server.get(f"/v1/audit/{SITE}/notices/{record['notice']}", Authorization=key)
    assert hashlib.sha256(notice.body).hexdigest() == record["notice"]
    assert notice.json()["texts"]["pl"]["title"] == TITLE


def test_statistics_alone_runs_analytics_and_withdrawing_deletes_its_cookies(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit()
    save_only(page, "Statystyka")
    page.wait_for_function("(window.__ran || []).includes('analytics')")
    delivered(page)
    assert set(cookies(page)) & SIX == {"_ga", "_gid", "_gat"}
    assert ran(page) == ["analytics"]

    page.click("[data-cmp=withdraw]")
    page.wait_for_function("!/(^|; )_g/.test(document.cookie)")
    page.wait_for_function("!consent.get().categories.statistics && !consent.get().pending")
    page.reload(wait_until="networkidle")
    assert (set(cookies(page)) & SIX, ran(page)) == (set(), [])
    granted, withdrawn = records_of(server, page)
    assert granted["action"] == "save"
    assert granted["categories"] == {"preferences": False, "statistics": True, "marketing": False}
    assert withdrawn["action"] == "withdraw"
    assert withdrawn["categories"] == dict.fromkeys(EVERY_CATEGORY, False)
    assert withdrawn["previous"] == granted["id"]


@pytest.mark.parametrize("place", ["CA-QC", "CA"])
def test_quebec_and_plain_canada_are_asked_first(visit: Callable[..., Page], place: str) -> None:
    page = visit(place=place)
    expect(page.locator("#cmp-dialog [data-cmp=reject]")).to_be_visible()
    expect(page.locator("#cmp-dialog [data-cmp=accept]")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert (cookies(page), ran(page)) == ({}, [])
    assert page.evaluate("consent.debug().regime.id") == "CA-QC"
    assert page.evaluate("consent.get().strict") is True


def test_california_with_the_signal_shows_that_it_was_honoured_and_records_it_once(
    visit: Callable[..., Page], server: Server
) -> None:
    page = visit(place="US-CA", gpc=True)
    expect(page.locator("#cmp-note")).to_contain_text("Uwzględniliśmy Twój sprzeciw")
    record_id = delivered(page)
    page.reload(wait_until="networkidle")
    page.goto(page.url + "cennik", wait_until="networkidle")
    [record] = records_of(server, page)
    assert (record["id"], record["action"]) == (record_id, "gpc")
    assert record["categories"]["marketing"] is False
    assert record["signals"]["gpc"] is True
    assert record["place"] == {
        "country": "US",
        "subdivision": "CA",
        "source": "demo",
        "database": None,
    }
    assert not {"_ar_V4", "Xl7ref"} & set(cookies(page))


def test_with_the_server_stopped_the_page_still_works_and_no_tracker_runs(
    make_server: Callable[..., Server], elsewhere: Website, page: Page
) -> None:
    ours = make_server()
    demo = ours.get(f"/demo/@PL/{SITE}/kontakt").text
    head = demo[demo.index("<script data-site=") : demo.index('<link rel="stylesheet"')]
    head = head.replace('src="/demo', f'src="{ours.url}/demo')
    tracker = ours.get("/demo-tags/analytics.js").text
    ours.stop()
    elsewhere.put("/analytics.js", tracker, "text/javascript")
    elsewhere.put("/next", "<!doctype html><title>Next</title><p>Sent</p>")
    address = elsewhere.put(
        "/",
        f"""<!doctype html><html lang="pl"><head>{head}
<script>gtag("event", "view")</script>
<script type="text/plain" data-category="statistics" data-service="google-analytics"
  data-src="/analytics.js"></script></head>
<body><h1>Centrala</h1><form action="/next"><button>Wyślij</button></form></body></html>""",
    )
    page.goto(address, wait_until="networkidle")
    expect(page.get_by_role("heading", name="Centrala")).to_be_visible()
    assert page.evaluate("consent.allowed('statistics')") is False
    assert page.evaluate("dataLayer[0][2].analytics_storage") == "denied"
    assert (cookies(page), ran(page)) == ({}, [])
    assert "/analytics.js" not in elsewhere.asked
    page.click("button")
    expect(page.get_by_text("Sent")).to_be_visible()
