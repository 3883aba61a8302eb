"""The owner's own words in place of ours, one language at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from consent import languages, sites, texts
from consent.admin import guard
from consent.errors import NotFound, Refusal
from consent.sites import Site

pages = Blueprint("texts", __name__, url_prefix="/sites/<key>/notice/texts")


@pages.get("/<tag>")
def one(key: str, tag: str) -> str:
    """Our texts of one language, each with room for the owner's own."""
    site = _site(key, tag)
    return _page(site, tag, _as_form(site.texts.get(tag, {})), {})


@pages.post("/<tag>")
def change(key: str, tag: str) -> Response:
    """Keep what is filled in; visitors read it when the next notice is published."""
    site = _site(key, tag)
    own = {name: words for name, words in site.texts.items() if name != tag}
    if said := _said(tag, request.form):
        own[tag] = said
    try:
        if own != site.texts:
            sites.change(site, guard.user().email, guard.now(), texts=own)
    except Refusal as refusal:
        named = {
            name.removeprefix(f"texts.{tag}."): why for name, why in (refusal.fields or {}).items()
        }
        wrong = {name: f"{name}: {why}" for name, why in named.items()}
        return make_response(_page(site, tag, request.form, wrong), refusal.status)
    return guard.done("admin.texts.one", "texts_changed", key=key, tag=tag)


def _site(key: str, tag: str) -> Site:
    site = sites.get(key)
    if tag not in site.languages:
        raise NotFound("not_found", "The site does not have that language.")
    return site


def _page(site: Site, tag: str, form: MultiDict[str, str], wrong: dict[str, str]) -> str:
    return render_template(
        "admin/texts.html",
        site=site,
        tag=tag,
        dir=languages.direction(tag),
        groups=(("first", list(_fields(tag, False))), ("more", list(_fields(tag, True)))),
        form=form,
        wrong=wrong,
        found=texts.problems(tag, site.texts.get(tag, {})),
    )


def _fields(tag: str, later: bool) -> Iterator[tuple[str, str, str]]:
    """(name of the field, our text, the English one) of the first or of the second layer."""
    english = texts.words("en")
    for key, ours in texts.words(tag).items():
        if key.startswith("more_") != later:
            continue
        for form, text in texts.forms(ours):
            meant = dict(texts.forms(english[key]))
            yield (f"{key}.{form}" if form else key), text, meant.get(form) or meant["other"]


def _said(tag: str, form: MultiDict[str, str]) -> dict[str, Any]:
    """What is filled in. Of a text with plural forms, what is left empty stays ours."""
    own: dict[str, Any] = {}
    for key, ours in texts.words(tag).items():
        said = {
            name: form.get(f"{key}.{name}" if name else key, "").strip()
            for name, _ in texts.forms(ours)
        }
        if not any(said.values()):
            continue
        if isinstance(ours, dict):
            own[key] = {name: text or ours[name] for name, text in said.items()}
        else:
            own[key] = said[""]
    return own


def _as_form(own: dict[str, Any]) -> MultiDict[str, str]:
    form: MultiDict[str, str] = MultiDict()
    for key, text in own.items():
        for name, one in texts.forms(text):
            form[f"{key}.{name}" if name else key] = one
    return form
