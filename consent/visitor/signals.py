"""What other tools may read of a site: its word on Global Privacy Control, and the vendor list."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from .. import vendors
from ..errors import NotFound
from ..parts import parts
from . import shelf
from .blueprint import bp

own = Blueprint("own", __name__)
OWN_PAGES_SINCE = "2026-11-21"  # when what this server does with the signal last changed


@own.get("/.well-known/gpc.json")
def own_gpc() -> Response:
    """For this server's own origin (Global Privacy Control, W3C draft, "GPC Support Resource")."""
    return _public({"gpc": True, "lastUpdate": OWN_PAGES_SINCE})


@bp.get("/<site>/gpc.json")
def site_gpc(site: str) -> Response:
    """The same for a site's origin, to copy or to proxy; its day is that of the notice."""
    of = shelf.site(site)
    published: str = shelf.current(of).content["published_at"]
    return _public({"gpc": True, "lastUpdate": published[:10]})


@bp.get("/<site>/tcf/<lang>.json")
def vendor_list(site: str, lang: str) -> Response:
    """The site's vendors and the framework's standard texts, for the part that shows them."""
    chosen = shelf.site(site).integrations.get("tcf")
    if chosen is None:
        raise NotFound("not_found", "This site does not take part in the TCF.")
    folder = parts().config.instance_path / "gvl"
    return _public(vendors.shown(folder, chosen["vendors"], lang))


def _public(body: dict[str, object]) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
