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
    "security": "necessary",
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
LITERAL = re.compile(r"\^?((?:[A-Za-z0-9_ -]|\\[._$*+?()\[\]{}|^\\/-])+)(\.\*|\*)?(\$)?")
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
        elif all(one.label != key for one in self.services):
            self.services.append(Row(key, {"name": name[:120], "category": category}))

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


def strictest(found: Iterable[str | None]) -> str | None:
    """The category that asks most of what several purposes map to; None if one is unknown."""
    known = list(found)
    if not known or None in known:
        return None
    return max((one for one in known if one), key=CATEGORIES.index)


def pattern(value: Value) -> dict[str, str] | None:
    """A cookie's name or expression as `name` and `match`; None for one we cannot say."""
    if isinstance(value, Pattern):
        return _expression(value.source)
    if not isinstance(value, str) or not value.strip() or len(value) > 256:
        return None
    text = value.strip()
    bare = text.rstrip("*#x" if text.endswith(("*", "#", "_xxx")) else "*#")
    if not bare:
        return None
    return {"name": bare, "match": "exact" if bare == text else "prefix"}


def _expression(source: str) -> dict[str, str] | None:
    found = LITERAL.fullmatch(source)
    if not found or not source.startswith("^"):
        return None
    open_end = bool(found[2]) or not found[3]
    return {
        "name": re.sub(r"\\(.)", r"\1", found[1]),
        "match": "prefix" if open_end else "exact",
    }


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
