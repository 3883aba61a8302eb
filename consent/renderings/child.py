"""The program that takes the pictures: `python -m consent.renderings.child FOLDER`.

It reads `job.json`, {pictures, bodies}, and answers everything the browser asks for from there;
what is not in there is refused, and the browser stands in the scanner's cell besides. It writes a
line for each picture into `progress.jsonl` and at the end `done.json`. It knows no database and no
key.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route, sync_playwright

from ..crawl.browser import launch
from ..crawl.options import CrawlError, Options

BASE = "https://stage.invalid/"
PATIENCE_MS = 30_000
HIGHEST = 8000  # CSS px; the settings of a long inventory are shown whole up to here
# What the settings would need to stand without scrolling.
WHOLE = """() => {
  const body = document.querySelector('.ctl-settings .ctl-body');
  return innerHeight + (body ? body.scrollHeight - body.clientHeight : 0);
}"""


def main(folder: Path) -> int:
    """0 where all were taken; 2 where not, with the reason in `failed.json`."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    os.nice(10)
    try:
        with sync_playwright() as playwright, launch(playwright, Options(seconds=900)) as started:
            for language, mine in groupby(enumerate(job["pictures"]), language_of):
                page = started.browser.new_page(
                    locale=language, color_scheme="light", reduced_motion="reduce"
                )
                page.set_default_timeout(PATIENCE_MS)
                for number, picture in mine:
                    page.route("**/*", answering(picture["files"], job["bodies"]))
                    take(page, picture, folder / f"{number}.png")
                    page.unroute_all()
                    with (folder / "progress.jsonl").open("a", encoding="utf-8") as out:
                        out.write(f"{number + 1}\n")
                page.close()
            version = f"Chromium {started.browser.version}"
    except (CrawlError, PlaywrightError) as error:
        code = error.code if isinstance(error, CrawlError) else "broken"
        told = {"code": code, "message": error.message}
        (folder / "failed.json").write_text(json.dumps(told), "utf-8")
        return 2
    (folder / "done.json").write_text(json.dumps({"browser": version}), "utf-8")
    return 0


def take(page: Page, picture: dict[str, Any], file: Path) -> None:
    """Wait until the banner stands, give the settings the height they need, and take it."""
    page.set_viewport_size({"width": picture["width"], "height": picture["height"]})
    page.goto(BASE, wait_until="load")
    page.wait_for_function("document.documentElement.dataset.staged")
    page.evaluate("document.fonts.ready.then(() => {})")
    if picture["layer"] == 2:
        height = min(int(page.evaluate(WHOLE)), HIGHEST)
        page.set_viewport_size({"width": picture["width"], "height": height})
    page.screenshot(path=file, animations="disabled", caret="hide")


def language_of(numbered: tuple[int, dict[str, Any]]) -> str:
    """The stage keeps nothing, so the pictures of a language may share a page."""
    return str(numbered[1]["language"])


def answering(files: dict[str, Any], bodies: dict[str, str]) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        found = files.get(route.request.url.removeprefix(BASE))
        if found is None or route.request.method != "GET":
            route.abort()
        else:
            route.fulfill(content_type=f"{found[0]}; charset=utf-8", body=bodies[found[1]])

    return answer


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
