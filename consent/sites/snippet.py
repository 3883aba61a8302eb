"""What an owner pastes into a page: the inline stubs and the script."""

from __future__ import annotations

import base64
import hashlib
import html
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from .table import Site

WHOLE = "guard-stub"  # the larger stub: holds the rarer ways too from the first byte on


def snippet(site: Site, base_url: str, hold: str = "", first: str = "stub") -> str:
    """What an owner pastes first into <head>: the inline stubs and the async script.

    The first stub (or the WHOLE one) is there for everybody, with its rules (`notices.hold`); those
    of Google and of the IAB where the site's integrations need to speak before any vendor's script.
    """
    key, base = html.escape(site.key), html.escape(base_url)
    rules = f' data-hold="{html.escape(hold)}"' if hold else ""
    inline = [f'<script data-site="{key}"{rules}>{stub(first)}</script>']
    for name, attributes in _more_stubs(site.integrations):
        inline.append(f"<script{attributes}>{stub(name)}</script>")
    async_ = f'<script async fetchpriority="high" src="{base}/v1/{key}/consent.js"></script>'
    return async_ if "shadow" in site.integrations else "\n".join([*inline, async_])


def _more_stubs(wanted: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and attributes of each further inline stub, in the order of the page."""
    found = []
    google = wanted.get("signals", {})
    wait = f' data-wait="{google["wait_for_update"]}"' if "wait_for_update" in google else ""
    if said := wait + (" data-redact" if google.get("ads_data_redaction") else ""):
        found.append(("google-stub", said))
    if apis := [name for name in ("gpp", "tcf") if name in wanted]:
        found.append(("iab-stub", f' data-apis="{" ".join(apis)}"'))
    return found


@cache
def stub(name: str = "stub") -> str:
    """An inline stub as built: the same bytes for every site, so its CSP hash is one."""
    dist = Path(str(files("consent"))).parent.joinpath("static/js/dist")
    return dist.joinpath(f"{name}.js").read_text("utf-8").strip()


@cache
def stub_hash(name: str = "stub") -> str:
    """What a page's Content-Security-Policy names to let it run (CSP Level 3, 6.7)."""
    digest = hashlib.sha256(stub(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def stub_hashes(site: Site, first: str = "stub") -> list[str]:
    """Those of all inline stubs in the site's snippet."""
    more = [stub_hash(name) for name, _ in _more_stubs(site.integrations)]
    return [stub_hash(first), *more]
