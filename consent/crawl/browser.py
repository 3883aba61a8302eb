"""The one place where a browser is started."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Playwright
from playwright.sync_api import Error as PlaywrightError

from ..egress import SENTENCES, Policy, Room, Unreachable, Unsafe, fetch, opened
from ..saying import Clause, say
from .options import CrawlError, Options
from .pages import AGENT

VERSION = "0.1"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# One renderer for a page and its frames: the network of all is heard at one place.
FLAGS = ("--disable-site-isolation-trials", "--mute-audio")
# Playwright's tests want it: without it a page can flood the browser with changes of its address.
FLOODS = "--disable-ipc-flooding-protection"
# What Chromium asks for by itself, whatever it was told; a page's own request is seen elsewhere.
ITS_OWN = ("update.googleapis.com", "clients2.google.com", "accounts.google.com")
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


@dataclass
class Started:
    """A browser whose contexts are fresh profiles, and the room it stands in."""

    browser: Browser
    room: Room
    agent: str

    def fetch(self, url: str, most: int) -> bytes | None:
        """A document through the guard, without a cookie; None where there is none. It is not the
        page's that is open."""
        guard = self.room.guard
        left, guard.ceiling = guard.ceiling - guard.carried, math.inf
        try:
            got = fetch(guard, url, agent=self.agent, bytes_max=most)
        except Unreachable:
            return None
        finally:
            guard.ceiling = guard.carried + left
        return got.body if got.status == 200 else None

    def refusal(self, host: str) -> str:
        """Why the guard did not lead there, in a sentence; empty where it did."""
        refused = self.room.guard.refused
        why = next((one.why for one in reversed(refused) if one.host == host), "")
        return SENTENCES.get(why, why)

    def problems(self) -> list[str]:
        """What the room could not give, and what it refused, in sentences."""
        said = list(self.room.notes)
        hosts: dict[str, set[str]] = {}
        for one in self.room.guard.refused:
            if not one.host.endswith(ITS_OWN):
                hosts.setdefault(one.why, set()).add(one.host)
        for why, names in hosts.items():
            shown = ", ".join(sorted(names)[:5])
            sentence = SENTENCES.get(why, say("Refused (%(why)s).", why=why))
            values = {"sentence": Clause(sentence), "hosts": shown}
            several = say("%(sentence)s: %(hosts)s and others.", **values)
            said.append(several if len(names) > 5 else say("%(sentence)s: %(hosts)s.", **values))
        return said


@contextmanager
def launch(playwright: Playwright, options: Options) -> Iterator[Started]:
    """A browser behind the guard (`egress`), in as much of a cell as this machine can build; with
    `options.strict` in a whole one or not at all. Its profile is gone afterwards. Each pass opens
    a context in it: contexts inherit the preferences. Raises CrawlError."""
    path = find(playwright)
    policy = Policy(
        private=options.allow_private,
        bytes_max=options.bytes * 2,
        seconds_max=options.seconds + 60,
        memory_max=options.memory,
    )
    try:
        with opened(policy, path, strict=options.strict) as room:
            with _profile(playwright, room) as browser:
                yield Started(browser, room, agent(browser, options))
    except Unsafe as error:
        raise CrawlError("unsafe", str(error)) from None


@contextmanager
def _profile(playwright: Playwright, room: Room) -> Iterator[Browser]:
    told = room.options()
    try:
        profile = playwright.chromium.launch_persistent_context(
            str(room.profile(PREFERENCES)),
            **{**told, "args": [*told["args"], *FLAGS]},
            ignore_default_args=[FLOODS],
            accept_downloads=False,
            timeout=60_000,
        )
    except PlaywrightError as error:
        why = error.message.strip().splitlines()[0]
        raise CrawlError("browser_failed", f"{room.executable} did not start: {why}") from None
    browser = profile.browser
    try:
        if browser is None:
            raise CrawlError("browser_failed", "This Chromium cannot open separate profiles.")
        yield browser
    finally:
        with suppress(PlaywrightError):  # the cell has ended it
            profile.close()


def agent(browser: Browser, options: Options) -> str:
    """Chromium's own user agent, and who this is."""
    major = browser.version.split(".")[0]
    chrome = (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{major}.0.0.0 Safari/537.36"
    )
    contact = f" (+{options.contact})" if options.contact else ""
    return f"{chrome} {AGENT}-Scan/{VERSION}{contact}"
