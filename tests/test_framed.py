"""No page of ours stands in a frame of anybody's (SECURITY: A07): every route that answers GET, its
errors too, in Chromium from another origin and in Firefox from our own, which is harder to refuse.

WebKit cannot be had here, and was not tried.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from werkzeug.routing import Rule

from consent.permissions import Role
from tests.conftest import Clock
from tests.outside import served
from tests.pages import Website
from tests.prepare import firefox
from tests.routes import BLANK, Person, World, build
from tests.visitor import soon

# The database is not what these are about.
pytestmark = pytest.mark.sqlite_only

# Meant to be framed: the declaration by anybody (docs/declaration.md), a stage by the admin alone.
BY_ANYBODY = {"visitor.declared", "visitor.declared_as"}
BY_US = {"staged.file"}
ERRORS = ("/admin/nothing", "/nothing", "/v1/nobody.example/notice", "/v1/admin/sites",
          "/v1/example.com/consents",
          "/log/check", "/v1/example.com/declaration?rule=us")  # fmt: skip
PREFS = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "services.settings.server": "http://127.0.0.1:1",
    "toolkit.telemetry.server": "",
}


@pytest.fixture
def settings() -> dict[str, str]:
    return {"DEMO": "1", "RATE_CLIENT": "0", "RATE_SITE": "0"}


class House:
    """The app behind a socket, always asked by one person; `seen` is what a page of it reports."""

    def __init__(self, app: Flask, person: Person) -> None:
        held = person.client.get_cookie("crumbtrail_admin", path="/admin/")
        assert held is not None
        self.cookie = f"{held.key}={held.value}"
        self.app = app
        self.client = person.client
        self.page = ""
        self.bare = False
        self.seen: dict[str, bool] | None = None
        self.url = ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/all-frames":
            start("200 OK", [("Content-Type", "text/html")])
            return [self.page.encode()]
        if environ["PATH_INFO"] == "/seen":
            length = int(environ["CONTENT_LENGTH"])
            self.seen = json.loads(environ["wsgi.input"].read(length))
            start("204 No Content", [])
            return []
        environ["HTTP_COOKIE"] = self.cookie

        def sent(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            ours = {"x-frame-options", "content-security-policy"}
            kept = [one for one in headers if not (self.bare and one[0].lower() in ours)]
            return start(status, kept, *more)

        return self.app.wsgi_app(environ, sent)


@pytest.fixture
def world(app: Flask, clock: Clock) -> World:
    return build(app, clock())


@pytest.fixture
def house(app: Flask, world: World) -> Iterator[House]:
    """Asked by a viewer, who is refused some pages; one view is broken."""

    def broken(**_: Any) -> None:
        raise RuntimeError("on purpose")

    app.view_functions["admin.trail.table"] = app.view_functions["auditor.openapi"] = broken
    made = House(app, world.person("viewer", Role.VIEWER))
    with served(made) as made.url:  # type: ignore[arg-type]
        yield made


def routes(app: Flask, world: World, without: set[str]) -> list[str]:
    """An address of every route that answers GET, and of some that answer with an error."""
    known = world.known | {
        "site": world.known["key"],
        "lang": "en",
        "written": "PL",
        "form": "json",
    }

    def address(rule: Rule) -> str:
        def value(blank: re.Match[str]) -> str:
            return known.get(blank[2], "1" if blank[1] == "int" else "x")

        plain = re.sub(r"<any\([^)]*\):(\w+)>", r"<\1>", rule.rule)
        return BLANK.sub(value, plain)

    found = [r for r in app.url_map.iter_rules() if "GET" in (r.methods or ())]
    return sorted({address(rule) for rule in found if rule.endpoint not in without} | {*ERRORS})


def statuses(house: House, paths: list[str]) -> dict[int, int]:
    found: dict[int, int] = {}
    for path in paths:
        status = house.client.get(path).status_code
        found[status] = found.get(status, 0) + 1
    return found


def frames(base: str, paths: Iterable[str], more: str = "") -> str:
    inside = "".join(f'<iframe src="{base}{one}" title="{one}"></iframe>' for one in paths)
    return f"<!doctype html><title>Frames</title>{inside}{more}"


REPORT = """<script>
const seen = {};
const look = (frame) => {
  let shown = false;
  try { shown = frame.contentDocument !== null && frame.contentDocument.URL !== 'about:blank'; }
  catch { /* what is not ours to read is an error page of the browser's */ }
  seen[frame.title] = shown;
};
addEventListener('load', () => {
  document.querySelectorAll('iframe').forEach(look);
  fetch('/seen', { method: 'POST', body: JSON.stringify(seen) });
});
</script>"""


def in_chromium(page: Page, elsewhere: Website, house: House, paths: list[str]) -> set[str]:
    """The paths that a stranger's page shows."""
    shown: set[str] = set()
    for start in range(0, len(paths), 40):
        some = paths[start : start + 40]
        elsewhere.put("/", frames(house.url, some))
        page.goto(elsewhere.other_origin)
        for frame, path in zip(page.main_frame.child_frames, some, strict=True):
            if frame.url not in ("", "about:blank", "chrome-error://chromewebdata/"):
                shown.add(path)
    return shown


def in_firefox(house: House, paths: list[str], folder: Path) -> set[str]:
    """The paths that a page of our own shows."""
    program = firefox()
    if program is None:
        pytest.skip("no Firefox is installed (package firefox-esr)")
    folder.mkdir()
    lines = [f"user_pref({json.dumps(n)}, {json.dumps(v)});" for n, v in PREFS.items()]
    (folder / "user.js").write_text("\n".join(lines))
    house.page, house.seen = frames("", paths, REPORT), None
    command = [program, "--headless", "--no-remote", "--profile", str(folder)]
    environ = {**os.environ, "HOME": str(folder), "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, f"{house.url}/all-frames"], env=environ, **quiet) as running:
        end = time.monotonic() + 120
        while house.seen is None and time.monotonic() < end:
            time.sleep(0.1)
        running.terminate()
    assert house.seen is not None and set(house.seen) == set(paths)
    return {path for path, shown in house.seen.items() if shown}


def test_A07_no_route_is_shown_in_a_frame_of_another_origin_in_chromium(
    app: Flask, world: World, house: House, page: Page, elsewhere: Website
) -> None:
    paths = routes(app, world, BY_ANYBODY)
    assert len(paths) > 150
    told = statuses(house, paths)
    assert {200, 401, 403, 404, 405, 500} <= set(told), told
    assert in_chromium(page, elsewhere, house, paths) == set()
    house.bare = True  # the twin: without the headers the same look finds them
    assert len(in_chromium(page, elsewhere, house, paths)) > 120


def test_A07_what_is_meant_to_be_framed_is(
    world: World, house: House, page: Page, elsewhere: Website
) -> None:
    made = [f"/v1/{world.known['key']}/declaration{more}" for more in (".html", ".json", "")]
    assert in_chromium(page, elsewhere, house, made) == set(made)
    page.goto(f"{house.url}/admin/sites/{world.known['key']}/preview/")
    soon(page, lambda: any("/stage/" in frame.url for frame in page.frames))


def test_A07_no_route_is_shown_in_a_frame_of_our_own_in_firefox(
    app: Flask, world: World, house: House, tmp_path: Path
) -> None:
    paths = routes(app, world, BY_ANYBODY | BY_US)
    assert in_firefox(house, paths, tmp_path / "firefox") == set()
    house.bare = True
    assert len(in_firefox(house, paths, tmp_path / "twin")) > 120


def test_A07_pages_for_people_stand_in_a_browsing_context_of_their_own(
    app: Flask, world: World, house: House
) -> None:
    paths = [one for one in routes(app, world, BY_ANYBODY | BY_US) if one.startswith("/admin/")]
    asked = [*paths, *(f"/v1/{world.known['key']}/{one}" for one in ("me", "requests", "choices"))]
    for path in asked:
        reply = house.client.get(path)
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"], path
