"""GET rules.json: what is published, for whoever holds trackers elsewhere than in the browser.

The same for all visitors, so any cache may keep it.
"""

from __future__ import annotations

import json

from flask import Response

from .. import notices, sites
from . import packed, shelf
from .blueprint import bp


@bp.get("/<site>/rules.json")
def rules(site: str) -> Response:
    """Hosts and names of the published inventory, with their services and categories."""
    of = shelf.site(site)
    shown = shelf.current(of)
    content = shown.content
    body = {
        "v": 1,
        "site": of.key,
        "notice": shown.digest,
        "version": shown.version,
        "asks": shown.asks,
        "cookie_domain": of.cookie_domain,
        "services": [
            {name: service[name] for name in ("id", "category", "hosts")}
            for service in content["services"]
        ],
        "trackers": [
            [tracker[name] for name in ("name", "match", "kind", "service", "category")]
            for tracker in content["trackers"]
            if tracker["name"]
        ],
        "stub": sites.stub(),
        "hold": notices.hold(content),
    }
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return packed.respond(data, "public, max-age=60", "Accept-Encoding", "application/json")
