"""What was found in another tool's configuration, in our words; and the words of both sides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from ..errors import Invalid
from ..inventory import duration
from ..inventory.rows import ALIASES, CATEGORIES
from ..js_literal import Pattern, Value

# Beside inventory's own aliases. The script has the same table (parts/words.js).
WORDS = {
    "essential": "necessary",
    "strictly-necessary": "necessary",
    "required": "necessary",
    "functionality": "preferences",
    "personalization": "preferences",
    "preference": "preferences",
    "measurement": "statistics",
    "statistic": "statistics",
    "statistics-anonymous": "statistics",
    "analytic": "statistics",
    "ads": "marketing",
    "ad": "marketing",
    "advertisement": "marketing",
    "social": "marketing",
    "social-media": "marketing",
    "c0001": "necessary",
    "c0002": "statistics",
    "c0003": "preferences",
    "c0004": "marketing",
    "c0005": "marketing",
}
EITHER = re.compile(r"\^\((?:\?:)?([^()]{1,200})\)(\.\*|\$|\.\*\$)?")
LITERAL = re.compile(r"((?:[A-Za-z0-9_ -]|\\[._$*+?()\[\]{}|^\\/-])+)(\.\*|\*)?(\$)?")
SPAN = re.compile(r"(\d{1,4}) ?(second|minute|hour|day|week|month|year)s?")
PURPOSE = 2000  # characters


@dataclass(frozen=True)
class Row:
    """A service (`key`) or a tracker (`name`) with the fields that its verb takes."""

    label: str
    fields: dict[str, Any]


@dataclass
class Found:
    """`notes` are sentences about what was not taken, and why."""

    services: list[Row] = field(default_factory=list)
    trackers: list[Row] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def service(self, key: str, name: str, category: str | None) -> None:
        if not key:
            self.note(f"The service {name!r} has a name that no address can hold; it was left out.")
            return
        held = next((one for one in self.services if one.label == key), None)
        if held is None:
            self.services.append(Row(key, {"name": name[:120], "category": category}))
        elif held.fields["category"] != category:
            held.fields["category"] = strictest((held.fields["category"], category))
            self.note(f"The service {key} serves several categories; it counts for the strictest.")

    def tracker(self, label: str, category: str | None, **fields: Any) -> None:
        """Keep a tracker once. What is necessary stays undecided: it asks for a reason."""
        if category == "necessary":
            self.note(
                f"{label} was called necessary: say why in the inventory; until then it waits."
            )
            category = None
        key = (fields.get("name"), fields.get("kind", "cookie"))
        for one in self.trackers:
            if (one.fields.get("name"), one.fields.get("kind", "cookie")) == key:
                _complete(one.fields, {**fields, "category": category})
                return
        self.trackers.append(Row(label, {**fields, "category": category}))


def _complete(fields: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if name == "purpose":
            fields["purpose"] = {**value, **fields.get("purpose", {})}
        elif fields.get(name) is None:
            fields[name] = value


def slug(name: str) -> str:
    """A service's name as pages may write it in data-service: the script makes the same of it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-")


def category(word: str) -> str | None:
    """Ours for theirs; None where nobody can know."""
    plain = slug(word)
    found = plain if plain in CATEGORIES else ALIASES.get(plain) or WORDS.get(plain)
    return found


def askable(word: str) -> str | None:
    """The same for what their visitors could refuse: that is never necessary, whatever its name."""
    found = category(word)
    return None if found == "necessary" else found


def strictest(found: Iterable[str | None]) -> str | None:
    """The category that asks most of what several purposes map to; None if one is unknown."""
    known = list(found)
    if not known or None in known:
        return None
    return max((one for one in known if one), key=CATEGORIES.index)


def patterns(value: Value) -> list[dict[str, str]]:
    """A cookie's name or expression as `name` and `match`; several for `^(a|b)`, none for one that
    we cannot say."""
    if isinstance(value, Pattern):
        return _expression(value.source)
    if not isinstance(value, str) or not value.strip() or len(value) > 256:
        return []
    text = value.strip()
    bare = text.removesuffix("xxx").rstrip("*#") if text.endswith("_xxx") else text.rstrip("*#")
    return _telling([{"name": bare, "match": "exact" if bare == text else "prefix"}])


def _expression(source: str) -> list[dict[str, str]]:
    either = EITHER.fullmatch(source)
    names = either[1].split("|") if either else [source.removeprefix("^")]
    end = either[2] if either else ""
    found = [LITERAL.fullmatch(name + (end or "")) for name in names]
    if not source.startswith("^") or not all(found):
        return []
    return _telling(
        [
            {
                "name": re.sub(r"\\(.)", r"\1", one[1]),
                "match": "prefix" if one[2] or not one[3] else "exact",
            }
            for one in found
            if one
        ]
    )


def _telling(names: list[dict[str, str]]) -> list[dict[str, str]]:
    """None of them where a beginning is so short that it is anybody's: `_` names every cookie."""
    short = [n for n in names if n["match"] == "prefix" and len(n["name"].strip("_-. ")) < 2]
    return [] if short or not all(one["name"] for one in names) else names


def span(text: str) -> Any:
    """`2 years`, `Session`, `30 days` as the inventory holds it; None for anything else."""
    plain = text.strip().lower()
    if plain in ("session", "sitzung", "séance"):
        return "session"
    found = SPAN.fullmatch(plain)
    if not found:
        return None
    value, unit = int(found[1]), found[2]
    if unit == "week":
        value, unit = 7 * value, "day"
    elif unit == "second":
        value, unit = max(1, value // 60), "minute"
    try:
        return duration(f"{value} {unit}s")
    except Invalid:
        return None


def plain(value: Value) -> str:
    """A text without its markup; '' for what is no text."""
    if not isinstance(value, str):
        return ""
    reader = _Words()
    reader.feed(value)
    reader.close()
    return " ".join("".join(reader.words).split())[:PURPOSE]


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("br", "p", "div", "li"):
            self.words.append(" ")


def table(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def items(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []
