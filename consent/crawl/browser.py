"""The one place where a browser is started."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

from .options import CrawlError

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    # One renderer for a page and its frames: the network of all is heard at one place.
    "--disable-site-isolation-trials",
    "--disable-quic",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
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
def launch(playwright: Playwright, proxy: str = "") -> Iterator[Browser]:
    """A browser with a profile of its own that is gone afterwards. Each pass opens a context in
    it: contexts inherit the preferences. Raises CrawlError.

    Chromium's sandbox is on, except for root, whom Chromium refuses to start with it.
    """
    path = find(playwright)
    with tempfile.TemporaryDirectory(prefix="crumbtrail-scan-") as folder:
        (Path(folder) / "Default").mkdir()
        (Path(folder) / "Default" / "Preferences").write_text(json.dumps(PREFERENCES), "utf-8")
        flags = [*FLAGS, *(["--proxy-bypass-list=<-loopback>"] if proxy else [])]
        try:
            profile = playwright.chromium.launch_persistent_context(
                folder,
                executable_path=path,
                args=flags,
                chromium_sandbox=sandboxed(),
                proxy={"server": proxy} if proxy else None,
                accept_downloads=False,
                timeout=60_000,
            )
        except PlaywrightError as error:
            raise CrawlError("browser_failed", f"{path} did not start: {_first(error)}") from None
        browser = profile.browser
        if browser is None:
            profile.close()
            raise CrawlError("browser_failed", f"{path} cannot open separate profiles.")
        try:
            yield browser
        finally:
            profile.close()


def sandboxed() -> bool:
    return not hasattr(os, "geteuid") or os.geteuid() != 0


def _first(error: PlaywrightError) -> str:
    return error.message.strip().splitlines()[0]
