"""Sites whose pages get lazy parts, on a server of their own; opened as a visitor of any place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from consent import sites
from tests.acts import make_site
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.server import Server
from tests.visitor import until

ZONES = {"US": "America/Los_Angeles", "PL": "Europe/Warsaw", "no": "Europe/Warsaw"}


@contextmanager
def serving(databases: Databases, folder: Path, wanted: dict[str, Any]) -> Iterator[Server]:
    """A server with a site `<name>.example` for each of `wanted`, {name: integrations}."""
    with lent_server(databases, folder) as running:
        with inside(running) as (app, at):
            for name, integrations in wanted.items():
                make_site(app, at, f"{name}.example", integrations=integrations)
        yield running


def opened(
    server: Server,
    elsewhere: Website,
    new_page: Callable[..., Page],
    name: str,
    head: str = "",
    place: str = "PL",
    early: str = "",
    nonce: str = "",
    **headers: str,
) -> Page:
    """A page of that site for a new visitor at that place. `early` stands between our two elements,
    `head` after them, and `nonce` is on both. The script is ready then; its parts may not be."""
    page = new_page(timezone_id=ZONES[place[:2]], locale="en-US")
    mark = f' nonce="{nonce}"' if nonce else ""
    address = f"{server.url}/v1/{name}.example/{place}/en/consent.js"
    ours = (
        f'<script data-site="{name}.example"{mark}>{sites.stub()}</script>{early}'
        f'<script async src="{address}"{mark}></script>'
    )
    elsewhere.put(
        "/",
        f'<!doctype html><html lang="en"><head><title>Shop</title>{ours}{head}</head>'
        "<body><h1>Shop</h1></body></html>",
        **headers,
    )
    page.goto(f"http://localhost:{elsewhere.port}/")
    until(page, "!!window.consent && consent.get() !== null")
    return page
