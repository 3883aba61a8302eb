"""Shadow mode: beside another tool it reports what would be held, and does nothing else."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from tests.pages import Website
from tests.prepare import ROOT
from tests.visitor import cookies, soon, until

CONFIG: dict[str, Any] = {
    "site": "shop.example",
    "services": [
        {"id": "stats", "category": "statistics", "hosts": ["*.Track.localhost"]},
        {"id": "folder", "category": None, "hosts": ["localhost/push/"]},
        {"id": "basket", "category": "necessary", "hosts": ["basket.localhost"]},
    ],
    "trackers": [
        ["_ga", "prefix", "cookie", "stats", "statistics"],
        ["stats.", "prefix", "local_storage", None, "marketing"],
        ["basket", "exact", "cookie", None, "necessary"],
        ["_ga", "prefix", "session_storage", "stats", "statistics"],
    ],
    "options": {"shadow": {"after": 500}},
}


def opened(page: Page, site: Website, options: dict[str, Any] | None = None) -> list[str]:
    """A page with trackers and another tool, and the part beside them; what the console says."""
    track = f"http://a.track.localhost:{site.port}"
    config = {**CONFIG, "options": {"shadow": {"after": 500} if options is None else options}}
    start = f"import {{ start }} from '/shadow.js'; start({{config: {json.dumps(config)}}});"
    site.put(
        "/shadow.js", (ROOT / "static/js/dist/shadow.js").read_text("utf-8"), "text/javascript"
    )
    site.put("/own.js", "window.__own = 1", "text/javascript")
    site.put("/a.js", "window.__ran = 1", "text/javascript")
    site.put(
        "/",
        f"""<!doctype html><title>Shop</title><script src="{track}/a.js?visitor=7"></script>
        <script>document.cookie = "_ga_1=x"; document.cookie = "basket=1";
        localStorage.setItem("stats.x", "1"); new Image().src = "{track}/p.gif";
        new Image().src = "{track}/p.gif?again"; new Image().src = "/push/p.gif";
        new Image().src = "http://basket.localhost:{site.port}/b.gif";
        new Image().src = "http://stranger.localhost:{site.port}/s.gif";</script>
        <script src="/own.js"></script><script type="module">{start}</script>""",
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://localhost:{site.port}/")
    until(page, "!!window.consentShadow && consentShadow.held().length >= 5")
    until(page, "consentShadow.held().some((one) => one.times > 1)")
    until(page, "consentShadow.unknown().length > 0")
    return said


def test_shadow_mode_reports_what_would_wait_and_by_which_rule(
    page: Page, elsewhere: Website
) -> None:
    said = opened(page, elsewhere)
    track = f"http://a.track.localhost:{elsewhere.port}"
    found = {(one["what"], one["name"]): one for one in page.evaluate("consentShadow.held()")}
    script = found["script", f"{track}/a.js"]
    assert (script["rule"], script["service"]) == ("track.localhost", "stats")
    assert (script["category"], script["times"]) == ("statistics", 1)
    assert found["img", f"{track}/p.gif"]["times"] == 2
    assert found["img", f"http://localhost:{elsewhere.port}/push/p.gif"]["category"] is None
    assert found["cookie", "_ga_1"]["rule"] == "_ga"
    assert found["local_storage", "stats.x"]["category"] == "marketing"
    assert len(found) == 5
    assert page.evaluate("consentShadow.unknown()") == [{"host": "stranger.localhost", "times": 1}]
    soon(page, lambda: any("5 things would wait" in line for line in said), "it is said")
    assert page.evaluate("consentShadow.report()")["page"] == "/"


def test_shadow_mode_touches_nothing(page: Page, elsewhere: Website) -> None:
    said = opened(page, elsewhere, {"quiet": True})
    page.wait_for_timeout(300)
    assert page.evaluate("[window.__ran, window.__own, typeof window.consent]") == [
        1,
        1,
        "undefined",
    ]
    assert not page.locator("dialog, [role=dialog]").count()
    assert set(cookies(page)) == {"_ga_1", "basket"}
    assert page.evaluate("Object.keys(localStorage)") == ["stats.x"]
    # The page's own requests and the part itself; nothing is sent to anybody.
    assert set(elsewhere.asked) <= {
        *("/", "/shadow.js", "/own.js", "/a.js", "/p.gif", "/push/p.gif", "/b.gif", "/s.gif"),
        "/favicon.ico",
    }
    assert not [line for line in said if "shadow" in line]
