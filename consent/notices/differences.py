"""How two notices differ, in sentences that somebody reads who is no lawyer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from consent import texts
from consent.languages import NAMES
from consent.sites import Site

from ..saying import Category, Said, say
from .asking import by, called, tracker_map
from .draft import draft
from .reading import latest

WHO, COOKIES, SERVICES, WORDS, REST = (
    "Who asks", "Cookies and other storage", "Services", "Texts", "Languages, links and times",
)  # fmt: skip
GROUPS = (WHO, COOKIES, SERVICES, WORDS, REST)
# Of (a cookie, anything else): the thing is named, so the sentence must fit what it is.
NEW = "The cookie %(name)s is new, for %(category)s.", "“%(name)s” is new, for %(category)s."
HELD = (
    "The cookie %(name)s is new and unclassified: it is held.",
    "“%(name)s” is new and unclassified: it is held.",
)
GONE = "The cookie %(name)s is no longer listed.", "“%(name)s” is no longer listed."
CATEGORY = (
    "The cookie %(name)s is now used for %(new)s instead of %(old)s.",
    "“%(name)s” is now used for %(new)s instead of %(old)s.",
)
LASTS = (
    "The cookie %(name)s now lasts %(new)s instead of %(old)s.",
    "“%(name)s” now lasts %(new)s instead of %(old)s.",
)
LASTS_NOW = (
    "How long the cookie %(name)s lasts is now stated: %(new)s.",
    "How long “%(name)s” lasts is now stated: %(new)s.",
)
LASTS_NO_MORE = (
    "How long the cookie %(name)s lasts is no longer stated. It was %(old)s.",
    "How long “%(name)s” lasts is no longer stated. It was %(old)s.",
)
BELONGS = (
    "The cookie %(name)s now belongs to the service %(new)s.",
    "“%(name)s” now belongs to the service %(new)s.",
)
ALONE = (
    "The cookie %(name)s no longer belongs to a service.",
    "“%(name)s” no longer belongs to a service.",
)
PURPOSE = (
    "What the cookie %(name)s is for is said in other words.",
    "What “%(name)s” is for is said in other words.",
)
REASON = (
    "Why the cookie %(name)s is necessary is said in other words.",
    "Why “%(name)s” is necessary is said in other words.",
)
OTHER = (
    "The cookie %(name)s is described otherwise: %(fields)s.",
    "“%(name)s” is described otherwise: %(fields)s.",
)
SERVICE = {
    "name": "The service %(name)s is now called %(new)s instead of %(old)s.",
    "category": "The service %(name)s is now used for %(new)s instead of %(old)s.",
    "provider": "The service %(name)s is now provided by %(new)s instead of %(old)s.",
    "policy_url": "The service %(name)s now links to the policy %(new)s instead of %(old)s.",
}
CONTROLLER = {
    "legal_name": "Legal name: %(new)s instead of %(old)s.",
    "trading_name": "Trading name: %(new)s instead of %(old)s.",
    "address": "Address: %(new)s instead of %(old)s.",
    "email": "E-mail: %(new)s instead of %(old)s.",
    "phone": "Phone: %(new)s instead of %(old)s.",
    "website": "Website: %(new)s instead of %(old)s.",
}
WHOLE = {
    "contacts": "The contact for rights is another one.",
    "dpo": "What is said of the data protection officer changed.",
    "authority": "The supervisory authority is another one.",
    "layout": "The layout changed.",
    "retention": "How long the record of a choice is kept changed.",
    "facts": "What is said of storage, addresses and age changed.",
}
TEXT = "The text “%(name)s” in %(language)s."
TOKENS = re.compile(r"\s+|[^\s\w]|\w+")


@dataclass(frozen=True)
class Change:
    """One difference. Of a text, `words` are (`same`, `old` or `new`, piece) in its order, and
    `language` is what they are written in."""

    group: str
    said: Said
    language: str | None = None
    words: tuple[tuple[str, str], ...] = ()


def changes(site: Site) -> list[str]:
    """How the draft differs from the newest version, in sentences; empty when it does not."""
    before = latest(site)
    if before is None:
        return ["Nothing is published yet."]
    return [str(change.said) for change in between(before.content, draft(site))]


def between(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Every difference of two bodies but their version's numbers and times, in order of GROUPS."""
    found = [
        *_who(old, new),
        *_trackers(old, new),
        *_services(old, new),
        *_texts(old, new),
        *_settings(old, new),
    ]
    return sorted(found, key=lambda change: GROUPS.index(change.group))


def compared(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """Two texts as one, word by word: (`same`, `old` or `new`, piece)."""
    before, after = TOKENS.findall(old), TOKENS.findall(new)
    found: list[tuple[str, str]] = []
    for op, a, b, c, d in SequenceMatcher(str.isspace, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(("same", "".join(before[a:b])))
            continue
        found += [("old", "".join(before[a:b]))] if b > a else []
        found += [("new", "".join(after[c:d]))] if d > c else []
    return tuple(found)


def _who(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    before, after = old["controller"], new["controller"]
    for field, text in CONTROLLER.items():
        if before.get(field) != after.get(field):
            values = {"new": _or_none(after.get(field)), "old": _or_none(before.get(field))}
            yield Change(WHO, Said(text, values))
    rest = {
        name for name in {*before, *after} - set(CONTROLLER) if before.get(name) != after.get(name)
    }
    if rest:
        yield Change(WHO, say("Other facts of the controller changed."))
    for name in ("contacts", "dpo", "authority"):
        if old.get(name) != new[name]:
            yield Change(WHO, say(WHOLE[name]))


def _trackers(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    before, after = tracker_map(old), tracker_map(new)
    for key, row in after.items():
        if key not in before:
            pair = NEW if row["category"] else HELD
            yield _thing(pair, row, category=Category.of(row["category"]))
    for key, row in before.items():
        if key not in after:
            yield _thing(GONE, row)
    for key, row in after.items():
        if key in before and before[key] != row:
            yield from _tracker(before[key], row)


def _tracker(was: dict[str, Any], row: dict[str, Any]) -> Iterator[Change]:
    if was["category"] != row["category"]:
        now, then = Category.of(row["category"]), Category.of(was["category"])
        yield _thing(CATEGORY, row, new=now, old=then)
    if was["duration"] != row["duration"]:
        pair = LASTS if was["duration"] and row["duration"] else LASTS_NOW
        pair = pair if row["duration"] else LASTS_NO_MORE
        yield _thing(pair, row, new=row["duration"], old=was["duration"])
    if was["service"] != row["service"]:
        yield _thing(BELONGS if row["service"] else ALONE, row, new=row["service"])
    for language in dict.fromkeys([*row["purpose"], *was["purpose"]]):
        then, now = was["purpose"].get(language, ""), row["purpose"].get(language, "")
        if then != now:
            said = _thing(PURPOSE, row).said
            yield Change(COOKIES, said, language, compared(then, now))
    if (was.get("reason") or "") != (row.get("reason") or ""):
        said = _thing(REASON, row).said
        words = compared(was.get("reason") or "", row.get("reason") or "")
        yield Change(COOKIES, said, None, words)
    others = ("match", "kind", "party", "published_label")
    changed = [name.replace("_", " ") for name in others if was.get(name) != row.get(name)]
    if changed:
        yield _thing(OTHER, row, fields=", ".join(changed))


def _thing(pair: tuple[str, str], row: dict[str, Any], **values: Any) -> Change:
    return Change(COOKIES, Said(pair[row["kind"] != "cookie"], {"name": called(row), **values}))


def _services(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    before, after = by(old["services"], "id"), by(new["services"], "id")
    for key, row in after.items():
        if key not in before:
            category = Category.of(row["category"])
            text = "The service %(name)s is new, for %(category)s."
            yield Change(SERVICES, say(text, name=row["name"], category=category))
    for key, row in before.items():
        if key not in after:
            yield Change(
                SERVICES, say("The service %(name)s is no longer listed.", name=row["name"])
            )
    for key, row in after.items():
        if key not in before:
            continue
        was = before[key]
        for field, text in SERVICE.items():
            if was.get(field) != row[field]:
                form = Category.of if field == "category" else _or_none
                values = {"name": row["name"], "new": form(row[field]), "old": form(was.get(field))}
                yield Change(SERVICES, Said(text, values))
        if was.get("hosts") != row["hosts"]:
            text = "The service %(name)s is held at other addresses: %(hosts)s."
            hosts = ", ".join(row["hosts"]) or "–"
            yield Change(SERVICES, say(text, name=row["name"], hosts=hosts))


def _texts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for language, words in new["texts"].items():
        before = old["texts"].get(language)
        if before is None:
            continue  # a new language is told as one sentence
        for key in dict.fromkeys([*words, *before]):
            then, now = (
                dict(texts.forms(before.get(key, ""))),
                dict(texts.forms(words.get(key, ""))),
            )
            for form in dict.fromkeys([*now, *then]):
                if then.get(form, "") != now.get(form, ""):
                    name = f"{key}.{form}" if form else key
                    pieces = compared(then.get(form, ""), now.get(form, ""))
                    said = say(TEXT, name=name, language=_spoken(language))
                    yield Change(WORDS, said, language, pieces)


def _settings(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    yield from _listed(
        ("Visitors can now read it in %(name)s.", "Visitors can no longer read it in %(name)s."),
        [_spoken(tag) for tag in old["languages"]],
        [_spoken(tag) for tag in new["languages"]],
    )
    if old["default_language"] != new["default_language"]:
        text = "Visitors whose language is not offered now read %(language)s."
        yield Change(REST, say(text, language=_spoken(new["default_language"])))
    yield from _policies(old, new)
    yield from _listed(
        ("The category %(name)s is new.", "The category %(name)s is gone."),
        [Category(category["id"]) for category in old["categories"]],
        [Category(category["id"]) for category in new["categories"]],
    )
    if old["choice_lifetime"] != new["choice_lifetime"]:
        values = {"new": new["choice_lifetime"], "old": old["choice_lifetime"]}
        yield Change(REST, Said("A choice now counts for %(new)s instead of %(old)s.", values))
    for name in ("retention", "layout", "facts"):
        if old.get(name, {}) != new.get(name, {}):
            yield Change(REST, say(WHOLE[name]))


def _listed(sentences: tuple[str, str], old: list[Any], new: list[Any]) -> Iterator[Change]:
    """What came and what went, each in a sentence that names it."""
    for text, these, those in ((sentences[0], new, old), (sentences[1], old, new)):
        for name in these:
            if name not in those:
                yield Change(REST, say(text, name=name))


def _policies(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    urls, before = new["policy_urls"], old["policy_urls"]
    for language in dict.fromkeys([*urls, *before]):
        if urls.get(language) != before.get(language):
            now, then = _or_none(urls.get(language)), _or_none(before.get(language))
            text = "The privacy policy (%(language)s) is now at %(new)s instead of %(old)s."
            yield Change(REST, say(text, language=_spoken(language), new=now, old=then))
    named, then = new.get("policies", {}), old.get("policies", {})
    for language in dict.fromkeys([*named, *then]):
        if named.get(language) == then.get(language):
            continue
        if language in named:
            text = "It names version %(number)s of the privacy policy (%(language)s)."
            yield Change(
                REST, say(text, number=named[language]["number"], language=_spoken(language))
            )
        else:
            text = "It no longer names a version of the privacy policy (%(language)s)."
            yield Change(REST, say(text, language=_spoken(language)))


def _spoken(tag: str) -> Said:
    return Said(NAMES.get(tag, tag))


def _or_none(value: Any) -> str:
    return str(value) if value else "–"
