"""The one place where a browser is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

from ..egress import Room
from .options import CrawlError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    # One renderer for a page and its frames: the network of all is heard at one place.
    "--disable-site-isolation-trials",
    "--mute-audio",
)
# Third-party cookies are kept, as most visitors' browsers keep them: what is set is seen, and so is
# what scripts do once they can read it back. Debian's build and every incognito profile refuse them
# otherwise. 2 is "never" (geolocation and what else a page can ask for).
ASKED = ("geolocation", "notifications", "media_stream_camera", "media_stream_mic", "sensors")
PREFERENCES = {
    "profile": {
        "cookie_controls_mode": 0,
        "block_third_party_cookies": False,
        "default_content_setting_values": dict.fromkeys(ASKED, 2),
    },
    "credentials_enable_service": False,
    "download": {"prompt_for_download": False},
}
HELP = (
    "No Chromium was found. Install one (Debian: apt install chromium; anywhere: "
    "python -m playwright install chromium), or name it: CHROMIUM=/path/to/chromium."
)


def find(playwright: Playwright) -> str:
    """$CHROMIUM, an installed one, or Playwright's own. Raises CrawlError (browser_missing)."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not shutil.which(named):
            raise CrawlError("browser_missing", f"CHROMIUM={named} is not there. {HELP}")
        return named
    installed = next((path for name in NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    if installed is None and not Path(own).exists():
        raise CrawlError("browser_missing", HELP)
    return installed or own


@contextmanager
def launch(playwright: Playwright, room: Room) -> Iterator[Browser]:
    """A browser in its room, with a profile of its own that is gone afterwards. Each pass opens a
    context in it: contexts inherit the preferences. Raises CrawlError."""
    options = room.options()
    options["args"] = [*FLAGS, *options["args"]]
    try:
        profile = playwright.chromium.launch_persistent_context(
            room.profile(PREFERENCES), accept_downloads=False, timeout=60_000, **options
        )
    except PlaywrightError as error:
        raise CrawlError("browser_failed", f"Chromium did not start: {_first(error)}") from None
    browser = profile.browser
    if browser is None:
        profile.close()
        raise CrawlError("browser_failed", "This Chromium cannot open separate profiles.")
    try:
        yield browser
    finally:
        profile.close()


def _first(error: PlaywrightError) -> str:
    return error.message.strip().splitlines()[0]
