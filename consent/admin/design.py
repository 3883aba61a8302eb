"""The banner's look: a few tokens, each pair of colours measured, beside the banner itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from consent import sites, theme
from consent.admin import guard, preview
from consent.admin.tongue import _
from consent.errors import Refusal
from consent.sites import Site
from consent.theme import Pair

pages = Blueprint("design", __name__, url_prefix="/sites/<key>/design")
POSITION_WORDS = {
    "bottom": "At the bottom",
    "top": "At the top",
    "start": "In the corner where lines begin",
    "end": "In the corner where lines end",
}
TOKEN_WORDS = {
    "accent": "Accent: buttons, links, switches",
    "text": "Text",
    "surface": "Surface",
}


@pages.get("/")
def form(key: str) -> str:
    """The tokens as they are kept."""
    site = sites.get(key)
    return _page(site, _as_form(site.layout), site.layout, {})


@pages.post("/")
def change(key: str) -> Response:
    """Keep the tokens; visitors see them when the next notice is published."""
    site = sites.get(key)
    layout = {} if request.form.get("ours") == "yes" else _layout(request.form)
    layout = {"position": "bottom", **layout}
    try:
        if layout != site.layout:
            sites.change(site, guard.user().email, guard.now(), layout=layout)
    except Refusal as refusal:
        wrong = refusal.fields or {"layout": refusal.message}
        return make_response(_page(site, request.form, layout, wrong), refusal.status)
    return guard.done("admin.design.form", "design_changed", key=key)


@pages.post("/try")
def attempt(key: str) -> str:
    """The same page with what is filled in, and nothing kept."""
    site = sites.get(key)
    layout = _layout(request.form)
    return _page(site, request.form, layout, theme.problems(layout))


def _page(
    site: Site, filled: Mapping[str, str], layout: Mapping[str, Any], wrong: Mapping[str, str]
) -> str:
    picked = preview.chosen(filled, site.languages, site.default_language)
    # What cannot be read is not shown: the banner stands as it is kept.
    shaped = theme.shaped(layout)
    tried = dict(layout if shaped else site.layout)
    told = preview.told_of(site, picked, layout=tried)
    return render_template(
        "admin/design.html",
        site=site,
        form=filled,
        wrong=wrong,
        picked=picked,
        positions=[(name, _(word)) for name, word in POSITION_WORDS.items()],
        languages=preview.tongues(site.languages),
        tokens=TOKEN_WORDS,
        spans=theme.SPANS,
        pairs=_side_by_side(tried.get("theme", {})),
        regime=preview.rules(told),
        **preview.frame(told, picked["screen"]),
    )


def _side_by_side(kept: Mapping[str, Any]) -> list[tuple[Pair, Pair]]:
    """Each measured pair of colours, light beside dark."""
    light, dark = (
        [pair for pair in theme.pairs(kept) if pair.scheme == scheme] for scheme in theme.SCHEMES
    )
    return list(zip(light, dark, strict=True))


def _as_form(layout: Mapping[str, Any]) -> dict[str, str]:
    kept = layout.get("theme", {})
    filled = {"position": str(layout.get("position", "bottom"))}
    for scheme in theme.SCHEMES:
        colours = {**theme.DEFAULTS[scheme], **kept.get(scheme, {})}
        filled |= {f"{scheme}.{name}": colours[name] for name in theme.COLOURS}
    return filled | {name: str(kept.get(name, theme.SHIPPED[name])) for name in theme.SPANS}


def _layout(filled: Mapping[str, str]) -> dict[str, Any]:
    """What is filled in; what is ours as shipped is left out."""
    found: dict[str, Any] = {}
    for scheme in theme.SCHEMES:
        told = {name: _said(filled, f"{scheme}.{name}").lower() for name in theme.COLOURS}
        ours = theme.DEFAULTS[scheme]
        if own := {name: said for name, said in told.items() if said and said != ours[name]}:
            found[scheme] = own
    for name in theme.SPANS:
        said = _said(filled, name)
        if said and said != str(theme.SHIPPED[name]):
            found[name] = int(said) if said.isdecimal() and len(said) < 5 else said
    position = _said(filled, "position") or "bottom"
    return {"position": position} | ({"theme": found} if found else {})


def _said(filled: Mapping[str, str], name: str) -> str:
    return filled.get(name, "").strip()
