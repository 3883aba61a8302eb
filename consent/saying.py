"""Sentences that are said to people in their language: an English template and its values.

Whoever makes a sentence calls `say`. A `Said` is the English sentence, as a string, so programs and
what is kept read it as it is; where a person reads it, `told` says it in theirs. The catalogues are
gettext's, `data/admin/<language>.po`; a sentence they lack is English.
"""

from __future__ import annotations

import gettext as standard
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from types import MappingProxyType
from typing import Any

import polib

NAMES = MappingProxyType({"en": "English", "pl": "Polski", "fr": "Français"})
SPANS = {
    "minute": ("%(num)s minute", "%(num)s minutes"),
    "hour": ("%(num)s hour", "%(num)s hours"),
    "day": ("%(num)s day", "%(num)s days"),
    "month": ("%(num)s month", "%(num)s months"),
    "year": ("%(num)s year", "%(num)s years"),
}
CATEGORY_NAMES = {
    "necessary": "Necessary",
    "preferences": "Preferences",
    "statistics": "Statistics",
    "marketing": "Marketing",
}
ENGLISH = standard.NullTranslations()
SESSION, NO_CATEGORY = "until the browser closes", "Unclassified"
Book = standard.NullTranslations


class Category(str):
    """The name of a category as a value of a sentence; None is `unclassified`."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str | None) -> Category:
        return cls(name or "unclassified")


class Said(str):
    """`text` is an English template with %(name)s, `many` its plural or "". A value is text, a
    number, a Category, a Said, a Clause, a tuple of those or a lifetime {value, unit}; a plural has
    `num`."""

    text: str
    many: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, values: Mapping[str, Any] | None = None, many: str = "") -> Said:
        made = super().__new__(cls, _filled(text, many, values or {}, ENGLISH, "en"))
        made.text, made.many, made.values = text, many, values or {}
        return made

    @classmethod
    def of(cls, sentence: str) -> Said:
        """The same; a sentence without values may be plain text."""
        return sentence if isinstance(sentence, Said) else cls(sentence)

    def __reduce__(self) -> tuple[Any, ...]:
        return Said, (self.text, self.values, self.many)


@dataclass(frozen=True)
class Clause:
    """A sentence as a value of another one: it is said without its full stop."""

    sentence: str


def say(text: str, **values: Any) -> Said:
    """`text` with its values; it stands in the catalogues."""
    return Said(text, values)


def say_many(one: str, many: str, num: int, **values: Any) -> Said:
    """The form for so many, with %(num)s."""
    return Said(one, {"num": num, **values}, many)


def told(sentence: str, tag: str) -> str:
    """A sentence in a language of NAMES: of a Said its template, else the words as they are."""
    book = catalogue(tag)
    if isinstance(sentence, Said):
        return _filled(sentence.text, sentence.many, sentence.values, book, tag)
    return book.gettext(sentence) if sentence else ""


def spoken(tag: str) -> str:
    """The one of NAMES that a language tag such as `fr-CA` asks for, else English."""
    language = tag.partition("-")[0]
    return language if language in NAMES else "en"


def number(value: float, tag: str, digits: int = 0) -> str:
    """A number with the separators of the language; Polish and French part thousands by a narrow
    space that does not break."""
    text = f"{value:,.{digits}f}"
    if tag == "en":
        return text
    return text.translate({ord(","): "\N{NARROW NO-BREAK SPACE}", ord("."): ","})


def lifetime(value: Any, tag: str) -> str:
    """A lifetime {value, unit}, or "session", in words."""
    return _lifetime(value, catalogue(tag), tag)


def category(name: str | None, tag: str) -> str:
    """A category, or the word for having none."""
    return _category(name, catalogue(tag))


def in_field(field: str, why: str) -> Said:
    """What is wrong, with the field that it is about."""
    return say("%(field)s: %(why)s", field=field, why=Said.of(why))


def packed(said: str) -> Any:
    """A sentence as JSON keeps it: [template, values, plural], or plain text."""
    if not isinstance(said, Said):
        return str(said)
    return [said.text, {name: _packed(one) for name, one in said.values.items()}, said.many]


def unpacked(kept: Any) -> str:
    """What `packed` made; plain text stays what it is. Raises ValueError for anything else."""
    if isinstance(kept, str):
        return kept
    try:
        text, values, many = kept
        return Said(text, {name: _unpacked(one) for name, one in values.items()}, many)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise ValueError("not a sentence") from None


def written(said: str) -> str:
    """A sentence as text that `read` knows again."""
    if isinstance(said, Said):
        return json.dumps(packed(said), ensure_ascii=False, default=str)
    return str(said) if not said.startswith("[") else written(Said(said))


def read(text: str) -> str:
    """What `written` made; text of before it is what it was."""
    if not text.startswith("["):
        return text
    try:
        return unpacked(json.loads(text))
    except ValueError:
        return text


def all_of(sentences: Iterable[str], between: str) -> str:
    """Several sentences as one, in their order; empty where there is none."""
    found = [Said.of(one) for one in sentences]
    if len(found) < 2:
        return found[0] if found else ""
    text = between.join(f"%({number})s" for number in range(len(found)))
    return Said(text, {str(number): one for number, one in enumerate(found)})


def of_error(error: BaseException) -> str:
    """The sentence that it was raised with."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Said) else str(error)


@cache
def catalogue(tag: str) -> Book:
    """What is known of a language of NAMES; English is its own catalogue."""
    if tag == "en":
        return ENGLISH
    with as_file(files("consent") / "data" / "admin" / f"{tag}.po") as file:
        return standard.GNUTranslations(BytesIO(polib.pofile(str(file)).to_binary()))


def _filled(text: str, many: str, values: Mapping[str, Any], book: Book, tag: str) -> str:
    form = book.ngettext(text, many, values["num"]) if many else book.gettext(text)
    if not values:
        return form
    words = {name: _value(one, book, tag) for name, one in values.items()}
    if many:
        words["num"] = number(values["num"], tag)
    return form % words


def _value(value: Any, book: Book, tag: str) -> str:
    if isinstance(value, Category):
        return _category(None if value == "unclassified" else value, book).lower()
    if isinstance(value, Said):
        return _filled(value.text, value.many, value.values, book, tag)
    if isinstance(value, Clause):
        said = value.sentence
        words = _value(said, book, tag) if isinstance(said, Said) else book.gettext(said)
        return words.removesuffix(".")
    if isinstance(value, tuple):
        return ", ".join(_value(one, book, tag) for one in value)
    if value == "session" or isinstance(value, Mapping):
        return _lifetime(value, book, tag)
    return str(value)


def _category(name: str | None, book: Book) -> str:
    return book.gettext(CATEGORY_NAMES.get(name, name) if name else NO_CATEGORY)


def _lifetime(value: Any, book: Book, tag: str) -> str:
    if value == "session":
        return book.gettext(SESSION)
    one, many = SPANS[str(value["unit"]).rstrip("s")]
    return book.ngettext(one, many, value["value"]) % {"num": number(value["value"], tag)}


def _packed(value: Any) -> Any:
    if isinstance(value, Category):
        return {"category": value}
    if isinstance(value, Said):
        return {"said": packed(value)}
    if isinstance(value, Clause):
        return {"clause": packed(value.sentence)}
    return {"all": [_packed(one) for one in value]} if isinstance(value, tuple) else value


def _unpacked(value: Any) -> Any:
    match value:
        case {"category": name}:
            return Category(name)
        case {"said": kept}:
            return unpacked(kept)
        case {"clause": kept}:
            return Clause(unpacked(kept))
        case {"all": several}:
            return tuple(_unpacked(one) for one in several)
    return value
