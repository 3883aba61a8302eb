"""The owner's own words, one language at a time."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from consent import sites, texts
from consent.errors import NotFound
from consent.sites import Site

from . import door, shapes
from .frame import match, operation

calls = Blueprint("texts", __name__, url_prefix="/sites/<key>/texts")
TAG = "admin-notice"


@operation(calls, "GET /<tag>", "Texts of one language", tag=TAG, answer=shapes.TextsAnswer())
def one(key: str, tag: str) -> dict[str, Any]:
    return _told(_site(key, tag), tag)


@operation(
    calls,
    "PUT /<tag>",
    "Replace the owner's texts of one language",
    tag=TAG,
    body=shapes.TextsBody(),
    answer=shapes.TextsAnswer(),
    matches="needed",
    more="Visitors read them with the next notice.",
)
def change(key: str, tag: str, body: dict[str, Any]) -> dict[str, Any]:
    site = _site(key, tag)
    match(shapes.TextsAnswer(), _told(site, tag))
    own = {name: words for name, words in site.texts.items() if name != tag}
    if body["texts"]:
        own[tag] = body["texts"]
    if own != site.texts:
        sites.change(site, door.by(), door.now(), texts=own)
    return _told(site, tag)


def _site(key: str, tag: str) -> Site:
    site = door.site(key)
    if tag not in site.languages:
        raise NotFound("not_found", "The site does not have that language.")
    return site


def _told(site: Site, tag: str) -> dict[str, Any]:
    own = site.texts.get(tag, {})
    found = texts.problems(tag, own)
    return {"language": tag, "texts": own, "ours": texts.words(tag), "problems": found}
