"""A shop on a server of its own, and pages that carry our two elements."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request

from consent import inventory, notices, sites, users
from tests.acts import BY, make_site
from tests.owner import inside
from tests.pages import Website
from tests.server import Server
from tests.visitor import until

SHOP = "example.com"
BELOW = "shop.localhost"  # a site with sub-domains
TRACKER = "tracker.localhost"
VIDEO = "video.localhost"
HOLD = f"{TRACKER}=tracker {VIDEO}=video"


class Shop(Server):
    """A server with SHOP, whose inventory knows a tracker and videos, and with BELOW."""

    key = ""  # an auditor's

    def records(self, site: str = SHOP) -> list[dict[str, Any]]:
        """Every record, in order of arrival."""
        reply = self.get(f"/v1/audit/{site}/records?limit=1000", Authorization=f"Bearer {self.key}")
        assert reply.status == 200, reply.text
        found: list[dict[str, Any]] = reply.json()["records"]
        return found

    def record(self, record_id: str, site: str = SHOP) -> list[dict[str, Any]]:
        """Those of that id: none or one."""
        return [one for one in self.records(site) if one["id"] == record_id]


@contextmanager
def opened(folder: Path, database_url: str) -> Iterator[Shop]:
    running = Shop(folder, database_url)
    running.start()
    with inside(running) as (app, at):
        hosts = ["localhost", "127.0.0.1"]
        make_site(app, at, SHOP, origins=[SHOP, *hosts])
        make_site(app, at, BELOW, origins=[BELOW, f"*.{BELOW}"], cookie_domain=BELOW)
        site = sites.get(SHOP)
        for name, host, category in (
            ("tracker", TRACKER, "statistics"),
            ("video", VIDEO, "marketing"),
        ):
            inventory.put_service(
                site, BY, at, name, name=name.title(), category=category, hosts=[host]
            )
        notices.publish(site, BY, at)
        end = at + timedelta(days=1)
        running.key = users.create_key("Tests", [SHOP, BELOW], end, by=BY, at=at)
    yield running
    running.stop()


def ours(
    server: Server, *, key: str = SHOP, hold: str = "", whole: bool = False, nonce: str = ""
) -> str:
    mark = f' nonce="{nonce}"' if nonce else ""
    rules = f' data-hold="{hold}"' if hold else ""
    stub = sites.stub(sites.WHOLE if whole else "stub")
    return (
        f'<script data-site="{key}"{rules}{mark}>{stub}</script>'
        f'<script async src="{server.url}/v1/{key}/consent.js"{mark}></script>'
    )


def html(head: str, body: str = "<h1>Shop</h1>") -> str:
    return (
        f'<!doctype html><html lang="en"><head><title>Shop</title>{head}</head>'
        f"<body>{body}</body></html>"
    )


def inline(name: str) -> str:
    return f"(window.__ran = window.__ran || []).push('{name}')"


def held(name: str, category: str = "statistics", more: str = "") -> str:
    return f'<script type="text/plain" data-category="{category}"{more}>{inline(name)}</script>'


def address(site: Website, path: str = "/") -> str:
    return f"http://localhost:{site.port}{path}"


def started(page: Page) -> None:
    until(page, "!!window.consent && !!consent.get && consent.get() !== null")


def settled(page: Page) -> None:
    """The choice that holds is at the server."""
    until(page, "!!consent.get() && consent.get().decided && !consent.get().pending")


def watched(page: Page) -> list[dict[str, Any]]:
    """The bodies of choices that this page sends, as they go out."""
    sent: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/consents"):
            sent.append(json.loads(request.post_data or "null"))

    page.on("request", note)
    return sent
