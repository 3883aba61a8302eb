"""The blueprint, and what each of its answers carries for pages of other origins."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Blueprint, Request, Response, request
from sqlalchemy.exc import SQLAlchemyError

from ..errors import Refusal
from ..parts import parts
from ..sites import Site, origin_kind, same_site
from . import shelf
from .once import once

bp = Blueprint("visitor", __name__, url_prefix="/v1")


def own_origins(site: Site, asked: Request = request) -> tuple[str, ...]:
    """Origins that count as the site's own beside its list: this server, for the demo's sites."""
    config = parts().config
    if not (config.demo and site.decided_for_demo):
        return ()
    port = asked.host.rpartition(":")[2] if ":" in asked.host else "80"
    return (config.base_url, f"http://127.0.0.1:{port}", f"http://localhost:{port}")


def origin_of(site: Site, asked: Request = request) -> str | None:
    """'real', 'test' or None for the request's Origin."""

    def find() -> str | None:
        return origin_kind(site, asked.environ.get("HTTP_ORIGIN"), own_origins(site, asked))

    return once(asked, f"crumbtrail.origin {site.key}", find)


def own_address(asked: Request = request) -> str | None:
    """Scheme and host under which cookies of this answer would live; None in a demo's folder.

    Behind a proxy this is what the proxy lets us see, so the script decides by it too.
    """
    return once(asked, "crumbtrail.own", lambda: _own_address(asked))


def _own_address(asked: Request) -> str | None:
    if asked.environ.get("crumbtrail.cookie_path", "/") != "/":
        return None
    return _address("https" if parts().config.https else asked.scheme, asked.host)


@lru_cache(maxsize=64)
def _address(scheme: str, written: str) -> str | None:
    try:
        host = urlsplit(f"//{written}").hostname
    except ValueError:
        return None
    if not host:
        return None
    return f"{scheme}://[{host}]" if ":" in host else f"{scheme}://{host}"


def base_address() -> str | None:
    """The same by the settings alone, for answers that a shared cache may keep."""
    if request.environ.get("crumbtrail.cookie_path", "/") != "/":
        return None
    base = urlsplit(parts().config.base_url)
    return f"{base.scheme}://{base.hostname}"


def sets_cookies(site: Site, asked: Request = request) -> bool:
    """Whether the request came from a page of the site that is same-site with this server."""

    def find() -> bool:
        own, origin = own_address(asked), asked.environ.get("HTTP_ORIGIN")
        if own is None or origin is None or origin_of(site, asked) is None:
            return False
        return same_site(own, origin, site.cookie_domain)

    return once(asked, f"crumbtrail.sets {site.key}", find)


def allowed(key: str | None, asked: Request = request) -> list[tuple[str, str]]:
    """CORS: the headers that let exactly the pages of that site read the answer."""
    if key is None or "HTTP_ORIGIN" not in asked.environ:
        return []
    try:
        return readable(shelf.site(key), asked)
    except (Refusal, SQLAlchemyError):  # the answer is already an error; keep it
        return []


def readable(site: Site, asked: Request) -> list[tuple[str, str]]:
    """The same where the site is at hand."""
    origin = asked.environ.get("HTTP_ORIGIN")
    if origin is None or not origin_of(site, asked):
        return []
    found = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "X-Consent-Refused, Retry-After"),
    ]
    if sets_cookies(site, asked):
        found.append(("Access-Control-Allow-Credentials", "true"))
    return found


@bp.after_request
def allow_origin(response: Response) -> Response:
    if response.mimetype == "text/javascript":  # read by <script>, which asks nobody's leave
        return response
    response.vary.add("Origin")
    found = allowed((request.view_args or {}).get("site"))
    for name, value in found:
        response.headers[name] = value
    if found and request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Max-Age"] = "600"
    return response
