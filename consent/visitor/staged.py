"""A banner on a page that is nobody's: the built script with a notice that may be a draft, or old.

The address is sealed (`stage`). The page lives in a sandbox without an origin, its policy lets it
read from below its own address and nowhere else, there is no way to write, and no answer is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request
from sqlalchemy import select

from .. import builds, languages, notices, sites, stage
from ..db import db, rfc3339
from ..errors import NotFound
from ..notices import Answer, Notice
from ..parts import Parts, parts
from ..regime import Place, Regime, Signals
from ..sites import Site
from ..stage import Stage
from . import built, configuration, script, shelf

bp = Blueprint("staged", __name__, url_prefix="/stage/<sealed>")
File = tuple[str, Callable[[], str]]
JAVASCRIPT, JSON_TYPE = "text/javascript", "application/json"


@dataclass(frozen=True)
class Scene:
    """What a stage comes to: a notice, the rules, and the code that shows both."""

    site: Site
    told: Stage
    shown: shelf.Shown
    language: str
    place: Place
    regime: Regime
    files: dict[str, str]


@bp.get("/", defaults={"path": ""})
@bp.get("/<path:path>")
def file(sealed: str, path: str) -> Response:
    """One of the stage's files; raises NotFound `not_found`."""
    try:
        told = stage.opened(sealed, parts().config.secret_key, parts().clock().timestamp())
    except ValueError:
        raise NotFound("not_found", "This preview is over. Open it again in the admin.") from None
    found = files(told).get(path)
    if found is None:
        raise NotFound("not_found", "There is no such file on this stage.")
    kind, body = found
    response = Response(body(), mimetype=kind)
    below = f"{request.host_url}stage/{sealed}/"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {below}; style-src {below}; connect-src {below};"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
        " sandbox allow-scripts"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Access-Control-Allow-Origin"] = "*"  # the page has no origin to name
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def files(told: Stage) -> dict[str, File]:
    """{path below the stage: (media type, how to make it)}. Raises NotFound."""
    scene = _scene(told)
    mount = f"v1/{told.site}"
    return {
        "": ("text/html", lambda: _page(scene)),
        "stage.js": (JAVASCRIPT, partial(built.stage, "stage.js")),
        "stage.css": ("text/css", partial(built.stage, "stage.css")),
        f"{mount}/consent.js": (JAVASCRIPT, lambda: _script(scene)),
        f"{mount}/{scene.language}/details.json": (JSON_TYPE, lambda: _details(scene)),
        **{
            f"{mount}/code/{name}.js": (JAVASCRIPT, partial(str, body))
            for name, body in scene.files.items()
            if name
        },
    }


def whole(app: Flask, told: Stage) -> tuple[str, dict[str, tuple[str, str]]]:
    """The build of a stage and all its files, for who takes a picture of it. Raises NotFound."""
    known: Parts = app.extensions["crumbtrail"]
    with app.test_request_context(base_url=known.config.base_url):
        made = {path: (kind, body()) for path, (kind, body) in files(told).items()}
        return build_of(told), made


def build_of(told: Stage) -> str:
    """The build a stage shows, as answers name it."""
    return built.named(_scene(told).files[""])


def _scene(told: Stage) -> Scene:
    of = sites.get(told.site)
    answer = _answer(of, told.what)
    notice = db.session.get(Notice, answer.notice_id) if answer else None
    shown = _draft(of, told) if not told.what else _published(of, told, notice)
    content = shown.content
    place = Place.parse(told.place, "stage")
    if answer is None:
        today, signals = parts().clock().date(), Signals(told.gpc)
        regime, build = parts().regimes.decide(place, signals, today), ""
        language = languages.choose((told.language,), content["languages"], _default(content))
    else:
        body = json.loads(answer.body)
        regime, build = parts().regimes.recalled(body["regime"]), body["build"]
        language = answer.language
    asked = [c["id"] for c in content["categories"] if c["id"] != "necessary"]
    code = builds.find(build) or built.files(configuration.is_lax(regime, asked))
    return Scene(of, told, shown, language, place, regime, code)


def _answer(of: Site, digest: str) -> Answer | None:
    query = select(Answer).where(Answer.site_id == of.id, Answer.digest == digest)
    return db.session.scalar(query) if digest else None


def _published(of: Site, told: Stage, notice: Notice | None) -> shelf.Shown:
    found = notice or notices.by_digest(of, told.what)
    return shelf.Shown(found.id, found.version, found.asks, found.digest, found.content)


def _draft(of: Site, told: Stage) -> shelf.Shown:
    """The draft as if it were published now, under a digest that names nothing."""
    before, at = notices.latest(of), rfc3339(parts().clock())
    version = before.version + 1 if before else 1
    asks = before.asks if before else 1
    body = notices.draft(of) | {"version": version, "published_at": at, "effective_at": at}
    if told.layout is not None:
        body["layout"] = told.layout
    return shelf.Shown(0, version, asks, "0" * 64, body)


def _default(content: dict[str, Any]) -> str:
    return str(content["default_language"])


def _page(scene: Scene) -> str:
    told, language = scene.told, scene.language
    return render_template(
        "stage.html",
        language=language,
        dir=languages.direction(language),
        name=scene.site.name,
        key=told.site,
        layer=told.layer,
        scheme=told.scheme,
        gpc=told.gpc,
    )


def _script(scene: Scene) -> str:
    """As `script` puts it together; it stands alone, so the site's other parts are left out, and no
    cookie of this server's is the visitor's."""
    told = configuration.config_of(
        configuration.View(
            scene.site,
            scene.shown,
            scene.language,
            scene.regime,
            scene.place,
            Signals(scene.told.gpc),
            {"domain": None, "path": "/", "http": None},
        ),
        answer=None,
    )
    told["regime"].pop("tz", None)  # the browser that looks is not at that place
    config = {name: value for name, value in told.items() if name not in ("parts", "options")}
    text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    return f"!function(CMP_CONFIG){{{scene.files['']}}}({text});"


def _details(scene: Scene) -> str:
    body = script.second_layer(scene.site, scene.shown.content, scene.language)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
