"""The declaration as others fetch it: JSON, a page, a fragment, CSV, and a script that stands in an
owner's page. Always what is published, the same for every visitor of one language."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Response, render_template, request
from markupsafe import Markup

from .. import declaration, languages, sites
from ..errors import Invalid
from . import built, packed, paper, shelf, where
from .blueprint import bp

FORMATS = {"json": "application/json", "html": "text/html", "csv": "text/csv"}
FRAGMENT = "fragment"  # the table alone, to be put into a page by its server
CACHING = "public, max-age=60"
CSP = (
    "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'none';"
    " base-uri 'none'"
)


@bp.get("/<site>/declaration")
def declared(site: str) -> Response:
    """In the form that `format` names, else the one that `Accept` prefers, else JSON."""
    wanted = request.args.get("format")
    by_header = wanted is None
    if wanted is None:
        best = request.accept_mimetypes.best_match(list(FORMATS.values()))
        wanted = next((name for name, kind in FORMATS.items() if kind == best), "json")
    return _answer(site, wanted, by_header)


@bp.get("/<site>/declaration.<any(json,html,csv,js):form>")
def declared_as(site: str, form: str) -> Response:
    """In the form that the address names."""
    return _answer(site, form, False)


def _answer(site: str, form: str, by_header: bool) -> Response:
    of = shelf.site(site)
    if form not in (*FORMATS, FRAGMENT, "js"):
        names = ", ".join((*FORMATS, FRAGMENT))
        raise Invalid("field_value", "No such format.", fields={"format": f"One of {names}."})
    told = _told(of)
    body = WRITERS[form](told)
    kind = {"js": "text/javascript", FRAGMENT: "text/html"}.get(form) or FORMATS[form]
    response = packed.respond(body.encode(), CACHING, _vary(by_header), kind)
    if form == "html":
        response.headers["Content-Security-Policy"] = CSP.format(style=_style_hash())
    if form == "csv":
        name = f"{of.key}-{told['rule'] or 'declaration'}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _told(of: sites.Site) -> dict[str, Any]:
    shown, rule = shelf.current(of), request.args.get("rule")
    content = shown.content
    wishes = (request.args.get("lang"), *where.tongues())
    tag = languages.choose(wishes, sites.LANGUAGES, content["default_language"])
    if rule is None:
        return declaration.table(content, shown.digest, tag)
    if rule not in declaration.RULES:
        raise Invalid("field_value", "No such rule.", fields={"rule": "Only jp."})
    return declaration.external(content, shown.digest, tag)


def _vary(by_header: bool) -> str:
    tongue = "" if request.args.get("lang") else "Accept-Language, "
    return f"{'Accept, ' if by_header else ''}{tongue}Accept-Encoding"


def _as_json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _as_page(told: dict[str, Any]) -> str:
    return render_template(
        "visitor/declaration.html",
        told=told,
        skip=paper.speaker(told["lang"])("skip"),
        style=Markup(_style()),  # noqa: S704 - ours, and the policy names its hash
    )


def _as_fragment(told: dict[str, Any]) -> str:
    return render_template("visitor/declaration_table.html", told=told)


def _as_script(told: dict[str, Any]) -> str:
    data = _as_json(told | {"css": _table_style()})
    return f"!function(CMP_DECLARATION){{{built.text('declaration.js').strip()}}}({data});"


WRITERS = {
    "json": _as_json,
    "html": _as_page,
    "csv": declaration.as_csv,
    "js": _as_script,
    FRAGMENT: _as_fragment,
}


@cache
def _table_style() -> str:
    root = Path(str(files("consent"))).parent
    return root.joinpath("static/visitor/declaration.css").read_text("utf-8").strip()


@cache
def _style() -> str:
    return f"{paper.style()}\n{_table_style()}\nmain {{ max-width: 68rem; }}"


@cache
def _style_hash() -> str:
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
