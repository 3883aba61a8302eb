"""The blueprint, and what each of its answers carries for pages of other origins."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError

from ..errors import Refusal
from ..parts import parts
from ..sites import Site, origin_kind, same_site
from . import shelf

bp = Blueprint("visitor", __name__, url_prefix="/v1")


def own_origins(site: Site) -> tuple[str, ...]:
    """Origins that count as the site's own beside its list: this server, for the demo's sites."""
    config = parts().config
    if not (config.demo and site.decided_for_demo):
        return ()
    port = request.host.rpartition(":")[2] if ":" in request.host else "80"
    return (config.base_url, f"http://127.0.0.1:{port}", f"http://localhost:{port}")


def origin_of(site: Site) -> str | None:
    """'real', 'test' or None for the request's Origin."""
    return origin_kind(site, request.headers.get("Origin"), own_origins(site))


def own_address() -> str | None:
    """Scheme and host under which cookies of this answer would live; None in a demo's folder.

    Behind a proxy this is what the proxy lets us see, so the script decides by it too.
    """
    if request.environ.get("crumbtrail.cookie_path", "/") != "/":
        return None
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        return None
    if not host:
        return None
    scheme = "https" if parts().config.https else request.scheme
    return f"{scheme}://[{host}]" if ":" in host else f"{scheme}://{host}"


def base_address() -> str | None:
    """The same by the settings alone, for answers that a shared cache may keep."""
    if request.environ.get("crumbtrail.cookie_path", "/") != "/":
        return None
    base = urlsplit(parts().config.base_url)
    return f"{base.scheme}://{base.hostname}"


def sets_cookies(site: Site) -> bool:
    """Whether the request came from a page of the site that is same-site with this server."""
    own, origin = own_address(), request.headers.get("Origin")
    if own is None or origin is None or origin_of(site) is None:
        return False
    return same_site(own, origin, site.cookie_domain)


@bp.after_request
def allow_origin(response: Response) -> Response:
    """CORS: exactly the site's origins, whatever the answer was."""
    if response.mimetype == "text/javascript":  # read by <script>, which asks nobody's leave
        return response
    key = (request.view_args or {}).get("site")
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if key is None or origin is None:
        return response
    try:
        site = shelf.site(key)
    except (Refusal, SQLAlchemyError):  # the answer is already an error; keep it
        return response
    if origin_of(site):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "X-Consent-Refused, Retry-After"
        if sets_cookies(site):
            response.headers["Access-Control-Allow-Credentials"] = "true"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
    return response
