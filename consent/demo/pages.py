"""The landing page and the demo sites' own pages."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from werkzeug.wrappers import Response as AnyResponse

from .. import sites
from ..parts import parts
from . import customers, places

STATIC = Path(__file__).parents[2] / "static" / "demo"
TAGS = STATIC / "tags"

# Every page of every site: what follows the site in its address, and the page's language.
PAGES = {
    "voipstudio.pl": {
        "": "pl",
        "funkcje": "pl",
        "cennik": "pl",
        "kontakt": "pl",
        "polityka": "pl",
    },
    "sipsim.com": {"": "en", "fr": "fr"},
    "voip.ms": {"": "en"},
    "iplum.com": {"": "en"},
}
FORM = "kontakt"
FORM_FIELDS = ("name", "email", "message")
# The only two names of one machine every browser knows: pages on one, trackers on the other.
OTHER_NAME = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "[::1]": "localhost"}
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)

front = Blueprint("front", __name__, static_folder=STATIC, static_url_path="/static/demo")
demo = Blueprint("demo", __name__)


@dataclass(frozen=True)
class Folder:
    """Where a visit's pages live. `written` is the part after `@`, None for the plain pages."""

    written: str | None

    @property
    def root(self) -> str:
        return f"/demo/@{self.written}" if self.written else "/demo"

    @property
    def base(self) -> str:
        """The address the page's consent script is asked at."""
        return f"/demo/@{self.written or places.HERE}"


@front.get("/")
def landing() -> str:
    """The four doors."""
    config = parts().config
    return render_template("landing.html", demo=config.demo, base_url=config.base_url)


@demo.get("/demo/")
def index() -> AnyResponse:
    """The demo's best-known door."""
    return redirect(url_for("demo.page", site="voipstudio.pl", name=""))


@demo.get("/robots.txt")
def robots() -> Response:
    """Our own scanner stays where the visitor really is: a pretended California would be told as a
    leak, since nobody is asked first there. Search engines read the pages' own header."""
    lines = "User-agent: Crumbtrail\nDisallow: /demo/@\nDisallow: /demo/visit\n"
    return Response(lines, mimetype="text/plain")


@demo.get("/demo/leaky")
def leaky() -> Response:
    """The tags of the Polish shop window without any consent: something for a scan to find."""
    scripts = "".join(
        f'<script src="{_second_origin()}/demo-tags/{name}.js"></script>'
        for name in ("analytics", "ppc", "referrer", "currency")
    )
    return Response(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{scripts}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>A page that leaks (demo)</title></head><body><main><h1>A page that leaks</h1>"
        "<p>Nobody asks here, and four trackers run.</p></main></body></html>"
    )


@demo.get("/demo/visit")
def visit() -> AnyResponse:
    """The selector without script: to the same page, from another place."""
    site, _, name = request.args.get("page", "").partition("/")
    _known(site, name)
    written = request.args.get("from", places.HERE)
    if written not in places.OFFERED:
        abort(404)
    folder = Folder(None if written == places.HERE else written)
    return redirect(f"{folder.root}/{site}/{name}", 303)


@demo.route("/demo/<site>/", defaults={"name": ""}, methods=["GET", "POST"])
@demo.route("/demo/<site>/<name>", methods=["GET", "POST"])
def page(site: str, name: str) -> AnyResponse:
    """A page visited from where the visitor really is."""
    return _page(Folder(None), site, name)


@demo.route("/demo/@<written>/<site>/", defaults={"name": ""}, methods=["GET", "POST"])
@demo.route("/demo/@<written>/<site>/<name>", methods=["GET", "POST"])
def pretended(written: str, site: str, name: str) -> AnyResponse:
    """A page visited from a pretended place."""
    if written == places.HERE:
        return redirect(f"/demo/{site}/{name}")
    if not re.fullmatch(places.WRITTEN, written):
        abort(404)
    return _page(Folder(written), site, name)


@demo.route("/demo-tags/collect", methods=["GET", "POST"])
def collect() -> Response:
    """Where the stand-ins report to. Nothing is kept."""
    return _from_elsewhere(Response(status=204))


@demo.get("/demo-tags/pixel.gif")
def pixel() -> Response:
    """A web beacon: one transparent pixel."""
    return _from_elsewhere(Response(PIXEL, mimetype="image/gif"))


@demo.get("/demo-tags/<name>.js")
def tag(name: str) -> Response:
    """A tracker's stand-in."""
    return _from_elsewhere(send_from_directory(TAGS, f"{name}.js", mimetype="text/javascript"))


@demo.after_request
def unlisted(response: Response) -> Response:
    """No search engine may take these pages for the companies' own."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cache-Control"] = "no-cache"
    # As most sites do; a stricter one would hide from them that a form came from their own page.
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response


def _page(folder: Folder, site: str, name: str) -> AnyResponse:
    language = _known(site, name)
    if request.method == "POST":
        return _sent(folder, site, name)
    return Response(_rendered(folder, site, name, language))


def _sent(folder: Folder, site: str, name: str) -> AnyResponse:
    """The contact form. It works whatever was chosen in the banner, and keeps nothing."""
    if name != FORM:
        abort(405)
    missing = [field for field in FORM_FIELDS if not request.form.get(field, "").strip()]
    if missing:
        language = PAGES[site][name]
        body = _rendered(folder, site, name, language, missing=missing, form=request.form)
        return Response(body, 422)
    return redirect(f"{folder.root}/{site}/{name}?sent=1", 303)


def _rendered(folder: Folder, site: str, name: str, language: str, **more: Any) -> str:
    written = folder.written or places.HERE
    visit = places.read(written)
    return render_template(
        f"demo/{site}/{name or 'index'}.html",
        site=site,
        page=name,
        lang=language,
        root=f"{folder.root}/{site}/",
        snippet=sites.snippet(sites.get(site), folder.base),
        tags=_second_origin() + "/demo-tags",
        country=(visit.place.country if visit.place else None) or "",
        written=written,
        offered=places.OFFERED,
        others=[key for key in PAGES if key != site],
        watched=[cookie["name"] for cookie in customers.facts()[site]["cookies"] if cookie["name"]],
        **more,
    )


def _known(site: str, name: str) -> str:
    language = PAGES.get(site, {}).get(name)
    if language is None:
        abort(404)
    return language


def _second_origin() -> str:
    """Another origin for the trackers where this machine has two names, else this one."""
    host, colon, port = request.host.rpartition(":")
    if not colon or not port.isdigit():
        host, port = request.host, ""
    other = OTHER_NAME.get(host)
    if not other:
        return ""
    return f"{request.scheme}://{other}:{port}" if port else f"{request.scheme}://{other}"


def _from_elsewhere(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
