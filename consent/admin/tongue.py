"""The reader's own language: English sentences are the keys, other languages stand in catalogues.

What a sentence is, and what the catalogues are: consent/saying.py. One that a catalogue lacks is
shown in English; tests/test_tongue.py walks every page and lets none be missing.
"""

from __future__ import annotations

from datetime import datetime

from flask import has_request_context, request

from consent import languages, saying

COOKIE = "crumbtrail_language"
COOKIE_LIFE_S = 365 * 86_400
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def language() -> str:
    """What the reader chose on this device, else the best of what the browser asks for."""
    if not has_request_context():
        return "en"
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in saying.NAMES else _wished()


def _(sentence: str, **values: object) -> str:
    """The sentence in the reader's language, with `%(name)s` filled in; a Said brings its values.
    Plain text, not markup: a page escapes the whole of it."""
    found = saying.told(sentence, language())
    return found % values if values else found


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """The form for so many, with `%(num)s`, written as the language does, and others filled in."""
    found = saying.catalogue(language()).ngettext(one, many, count)
    return found % {"num": number(count), **values}


def raw(sentence: str) -> str:
    """For the blocks of a template, which fill in and escape by themselves."""
    return saying.catalogue(language()).gettext(sentence)


def raw_plural(one: str, many: str, count: int) -> str:
    return saying.catalogue(language()).ngettext(one, many, count)


def number(value: float, digits: int = 0) -> str:
    """A number with the separators of the reader's language."""
    return saying.number(value, language(), digits)


def day(moment: datetime) -> str:
    """Like `3 Nov 2026`."""
    month = _(MONTHS[moment.month - 1])
    return _("%(day)s %(month)s %(year)s", day=moment.day, month=month, year=moment.year)


def _wished() -> str:
    wishes = [wish for wish, quality in request.accept_languages if quality > 0]
    return languages.choose(wishes, tuple(saying.NAMES), "en")
