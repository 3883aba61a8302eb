"""The admin's own language: English sentences are the keys, other languages stand in catalogues.

`data/admin/<language>.po` are gettext catalogues. A sentence that a catalogue lacks is shown in
English; tests/test_tongue.py walks every page and lets none be missing.
"""

from __future__ import annotations

import gettext as standard
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from types import MappingProxyType

import polib
from flask import has_request_context, request

from consent import languages

NAMES = MappingProxyType({"en": "English", "pl": "Polski", "fr": "Français"})
COOKIE = "crumbtrail_language"
COOKIE_LIFE_S = 365 * 86_400
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@cache
def catalogue(tag: str) -> standard.NullTranslations:
    """What is known of a language of NAMES; English is its own catalogue."""
    if tag == "en":
        return standard.NullTranslations()
    with as_file(files("consent") / "data" / "admin" / f"{tag}.po") as file:
        return standard.GNUTranslations(BytesIO(polib.pofile(str(file)).to_binary()))


def language() -> str:
    """What the reader chose on this device, else the best of what the browser asks for."""
    if not has_request_context():
        return "en"
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in NAMES else _wished()


def _(sentence: str, **values: object) -> str:
    """The sentence in the reader's language, with `%(name)s` filled in. Plain text, not markup:
    a page escapes the whole of it."""
    found = catalogue(language()).gettext(sentence) if sentence else ""
    return found % values if values else found


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """The form for so many, with `%(num)s`, written as the language does, and others filled in."""
    found = catalogue(language()).ngettext(one, many, count)
    return found % {"num": number(count), **values}


def raw(sentence: str) -> str:
    """For the blocks of a template, which fill in and escape by themselves."""
    return catalogue(language()).gettext(sentence)


def raw_plural(one: str, many: str, count: int) -> str:
    return catalogue(language()).ngettext(one, many, count)


def number(value: float, digits: int = 0) -> str:
    """A number with the separators of the reader's language; Polish and French part thousands by a
    narrow space that does not break."""
    text = f"{value:,.{digits}f}"
    if language() == "en":
        return text
    return text.translate({ord(","): "\N{NARROW NO-BREAK SPACE}", ord("."): ","})


def day(moment: datetime) -> str:
    """Like `3 Nov 2026`."""
    month = _(MONTHS[moment.month - 1])
    return _("%(day)s %(month)s %(year)s", day=moment.day, month=month, year=moment.year)


def _wished() -> str:
    wishes = [wish for wish, quality in request.accept_languages if quality > 0]
    return languages.choose(wishes, tuple(NAMES), "en")
