"""What a site may say of itself: the checks of its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from consent import integrations, texts, theme

from ..saying import say
from .facts import facts_problems
from .hosts import bare, within
from .table import ACTIONS, ANCHORS, HOST, LANGUAGES, LEAST_S, PURPOSES, RIGHTS, UNITS

MAY_LACK = ("dpo", "authority")
A_LIFETIME = "A whole number of days, months or years."


def seconds(lifetime: dict[str, Any]) -> int:
    """A {value, unit} as seconds; months and years are mean Gregorian ones."""
    return int(lifetime["value"]) * UNITS[lifetime["unit"]]


def rights_contact(controller: dict[str, Any], contacts: dict[str, Any]) -> dict[str, str]:
    """Where a visitor asks about their data: page, email, phone, post, as far as stated.

    The contacts for rights; where they name nothing to write to or to call, the controller's own.
    """
    found = {name: contacts[name] for name in RIGHTS if contacts.get(name)}
    if not set(found) & {"email", "phone", "post"}:
        own = {"email": "email", "phone": "phone", "post": "address", "page": "contact_page"}
        more = {name: controller[field] for name, field in own.items() if controller.get(field)}
        found = more | found
    return found


def problems(values: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by field. Where a value has not even the shape that its column keeps, only
    that is said."""
    if found := dict(_wrong_shapes(values)):
        return found
    if not str(values["name"]).strip():
        found["name"] = "The site needs a name."
    if not values["origins"] or not all(HOST.fullmatch(bare(o)) for o in values["origins"]):
        found["origins"] = "One host a line, like example.com or *.example.com."
    if not values["languages"] or not set(values["languages"]) <= set(LANGUAGES):
        found["languages"] = say("Choose from %(known)s.", known=", ".join(LANGUAGES))
    elif values["default_language"] not in values["languages"]:
        found["default_language"] = "Must be one of the site's languages."
    found |= _wrong_spans(values) | integrations.problems(values["integrations"])
    found |= _wrong_texts(values["texts"]) | facts_problems(values["facts"])
    found |= theme.problems(values["layout"])
    domain = values["cookie_domain"]
    if domain and not all(within(bare(o), domain) for o in values["origins"]):
        found["cookie_domain"] = "Every origin must be this domain or below it."
    for language, url in values["policy_urls"].items():
        if not _is_page(url):
            found["policy_urls"] = say(
                "%(language)s: a whole address, like https://example.com/privacy.",
                language=language,
            )
    return found


def _wrong_shapes(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("controller", "contacts", "dpo", "authority", "policy_urls"):
        said = values[name]
        if not (name in MAY_LACK and said is None) and not _are_texts(said, dict):
            yield name, "An object whose values are texts."
    for name in ("origins", "preview_hosts", "languages"):
        if not _are_texts(values[name], list):
            yield name, "A list of texts."
    for name in ("name", "default_language", "cookie_domain"):
        if not (isinstance(values[name], str) or (name == "cookie_domain" and not values[name])):
            yield name, "A text."
    days = values["request_days"]
    if days is not None and (isinstance(days, bool) or not isinstance(days, int)):
        yield "request_days", "A whole number of days, at most a year; or empty."
    for name in ("choice_lifetime", "retention", "layout", "integrations", "texts", "facts"):
        if not isinstance(values[name], dict):
            yield name, "An object."


def _are_texts(said: Any, shape: type[dict[str, Any]] | type[list[Any]]) -> bool:
    """Whether it is of that shape and holds texts, or nothing in their place."""
    if not isinstance(said, shape):
        return False
    inside = said.values() if isinstance(said, dict) else said
    return all(isinstance(one, str) or (shape is dict and one is None) for one in inside)


def _is_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _wrong_spans(values: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    if not _is_lifetime(values["choice_lifetime"]):
        found["choice_lifetime"] = A_LIFETIME
    if values["retention"] and (why := retention_problem(values["retention"])):
        found["retention"] = why
    if values["request_days"] is not None and not 1 <= values["request_days"] <= 365:
        found["request_days"] = "A whole number of days, at most a year; or empty."
    return found


def _wrong_texts(own: dict[str, dict[str, Any]]) -> dict[str, str]:
    """By field, like `texts.de.reject`; what only steers the visitor is not refused."""
    found: dict[str, str] = {}
    for language, words in own.items():
        if language not in LANGUAGES or not isinstance(words, dict):
            found[f"texts.{language}"] = say(
                "Texts by language, one of %(known)s.", known=", ".join(LANGUAGES)
            )
            continue
        for problem in texts.problems(language, words):
            if problem.blocks:
                found[f"texts.{language}.{problem.key}"] = problem.sentence
    return found


def retention_problem(kept: dict[str, Any]) -> str | None:
    """Why a site cannot be published with this retention, in a sentence; None where it can."""
    if not kept:
        return "Say how long the record of a choice is kept."
    if not _is_lifetime(kept):
        return A_LIFETIME
    if seconds(kept) < LEAST_S:
        return "At least 31 days: until then a browser may still deliver the choice."
    if kept.get("anchor", "choice") not in ANCHORS:
        return say("It begins at one of %(known)s.", known=", ".join(ANCHORS))
    if kept.get("action", "delete") not in ACTIONS:
        return say("At its end, one of %(known)s.", known=", ".join(ACTIONS))
    purposes = kept.get("purposes", {})
    if not set(purposes) <= set(PURPOSES) or not all(map(_is_lifetime, purposes.values())):
        return say(
            "Of %(known)s, each a whole number of days, months or years.", known=", ".join(PURPOSES)
        )
    if extra := set(kept) - {"value", "unit", "anchor", "action", "purposes"}:
        return say("Not part of a retention: %(known)s.", known=", ".join(sorted(extra)))
    return None


def _is_lifetime(life: Any) -> bool:
    if not isinstance(life, dict):
        return False
    value = life.get("value")
    return life.get("unit") in UNITS and isinstance(value, int) and 1 <= value <= 1200


def clean(values: dict[str, Any]) -> dict[str, Any]:
    hosts = {name: [bare(o) for o in values[name]] for name in ("origins", "preview_hosts")}
    return values | hosts | {"integrations": integrations.clean(values["integrations"])}
