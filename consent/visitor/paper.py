"""Pages for people at the visitor's edge: their words, their language, what every answer carries.

One document each, its style inside, so that it works behind any mount and loads nothing. No
script, no cookie, no frame round it, and no address that says where the visitor came from.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request
from markupsafe import Markup

from .. import languages, sites, texts
from ..errors import NotFound
from ..sites import Site, origin_kind
from . import shelf, where
from .blueprint import own_origins

CSP = (
    "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)


def language(of: Site) -> str:
    """The form or the address says it, else the browser, else the site's default."""
    said = request.form.get("lang") or request.args.get("lang")
    return languages.choose((said, *where.tongues()), sites.LANGUAGES, of.default_language)


def page(
    template: str, of: Site, status: int = 200, spoken: str | None = None, **values: Any
) -> Response:
    """A page in the visitor's language, or in `spoken`; templates say `t("key")` for its words."""
    spoken = spoken or language(of)
    body = render_template(
        f"visitor/{template}.html",
        site=of,
        lang=spoken,
        t=speaker(spoken),
        w=labels(of, spoken),
        names={tag: texts.paper(tag)["language"] for tag in sites.LANGUAGES},
        dir=languages.direction,
        day=lambda at: day(at, spoken),
        moment=lambda at: moment(at, spoken),
        style=Markup(style()),  # noqa: S704 - ours, and the policy names its hash
        back=back(of),
        **values,
    )
    response = make_response(body, status)
    response.headers["Content-Security-Policy"] = CSP.format(style=style_hash())
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def speaker(spoken: str) -> Callable[..., str]:
    def say(key: str, **values: object) -> str:
        text: str = texts.paper(spoken)[key]
        return text.format(**values) if values else text

    return say


def day(at: str | datetime, spoken: str) -> str:
    """21 listopada 2026"""
    when = _aware(at)
    month = texts.paper(spoken)["months"][when.month - 1]
    return speaker(spoken)("day", d=when.day, month=month, y=when.year)


def moment(at: str | datetime, spoken: str) -> str:
    """21 listopada 2026, 10:00 UTC"""
    time = f"{_aware(at):%H:%M}"
    return speaker(spoken)("moment", day=day(at, spoken), time=time)


def back(of: Site) -> str:
    """The settings on the website: on the page the visitor came from if it is the site's."""
    said = request.form.get("back", "")[:500].split("#")[0].split("?")[0]
    try:
        parts = urlsplit(said)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        origin = ""
    if origin_kind(of, origin, own_origins(of)) is None:
        said = f"https://{of.origins[0].removeprefix('*.')}/"
    return f"{said}#consent"


def labels(of: Site, spoken: str) -> dict[str, Any]:
    """The words of the website's own dialog, so that a button has one name everywhere."""
    try:
        shown: dict[str, dict[str, Any]] = shelf.current(of).content["texts"]
    except NotFound:
        shown = {}
    return shown.get(spoken) or texts.words(spoken)


@cache
def style() -> str:
    root = Path(str(files("consent"))).parent
    return root.joinpath("static/visitor/page.css").read_text("utf-8").strip()


@cache
def style_hash() -> str:
    return base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()


def _aware(at: str | datetime) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at
