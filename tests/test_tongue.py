"""The admin in other languages: nothing missing, nothing broken, and said in the right form."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polib
import pytest
from flask import Flask

from consent import saying
from consent.admin import show, tongue
from tests.sentences import CATALOGUES, all_of

OTHERS = [tag for tag in saying.NAMES if tag != "en"]
NARROW = "\N{NARROW NO-BREAK SPACE}"
HOLE = re.compile(r"%(?:\(\w+\)[sd]|%)")


def entries(tag: str) -> list[polib.POEntry]:
    return list(polib.pofile(str(CATALOGUES / f"{tag}.po")))


@pytest.mark.parametrize("tag", OTHERS)
def test_a_catalogue_names_every_sentence_of_the_admin_and_no_other(tag: str) -> None:
    assert {(one.msgid, one.msgid_plural) for one in entries(tag)} == all_of()


@pytest.mark.parametrize("tag", OTHERS)
def test_every_sentence_is_translated(tag: str) -> None:
    assert [one.msgid for one in entries(tag) if not one.translated()] == []


@pytest.mark.parametrize("tag", OTHERS)
def test_a_translation_fills_in_what_the_sentence_does(tag: str) -> None:
    for one in entries(tag):
        said = [one.msgstr] if one.msgstr else list(one.msgstr_plural.values())
        for text in filter(None, said):
            wanted = sorted(HOLE.findall(one.msgid_plural or one.msgid))
            assert sorted(HOLE.findall(text)) == wanted, one.msgid


def test_a_date_a_number_and_a_duration_are_said_as_the_reader_says_them(app: Flask) -> None:
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
    with app.test_request_context("/admin/", headers={"Accept-Language": "fr-CA, pl;q=0.5"}):
        assert (
            tongue.language() == "fr"
            and tongue.number(1234567.5, 1) == f"1{NARROW}234{NARROW}567,5"
        )
    with app.test_request_context("/admin/", headers={"Cookie": f"{tongue.COOKIE}=pl"}):
        assert tongue.number(12345) == f"12{NARROW}345"
    with app.test_request_context("/admin/", headers={"Cookie": f"{tongue.COOKIE}=xx"}):
        assert tongue.language() == "en" and tongue.number(12345.6, 1) == "12,345.6"
        assert show.when(at) == "3 Nov 2026, 09:05 UTC" and show.day(at) == "3 Nov 2026"
        assert show.lasting({"value": 1, "unit": "day"}) == "1 day"
        assert show.lasting({"value": 13, "unit": "month"}) == "13 months"
        assert show.lasting(None) == "not stated"


def test_a_place_a_language_and_an_exact_moment_are_said_as_the_reader_says_them(
    app: Flask,
) -> None:
    at = "2026-11-03T09:05:07.250Z"
    with app.test_request_context("/admin/", headers={"Accept-Language": "pl"}):
        assert show.FILTERS["place_name"]("CA-QC") == "Kanada (QC)"
        assert show.FILTERS["place_name"]("") == "Nie wiadomo"
        assert show.language_name("de") == "niemiecki"
        assert show.exact(at) == "3 lis 2026, 09:05:07,250 UTC"
    with app.test_request_context("/admin/", headers={"Accept-Language": "en"}):
        assert show.FILTERS["place_name"]("XK") != "" and show.exact(None) == "not stated"
        assert show.exact(at) == "3 Nov 2026, 09:05:07.250 UTC"
        assert show.bare("https://a.example/<b>/") == "a.example/<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    "said",
    ["Nothing to import.", "There is no such page.", "The visitor withdrew their consent.",
     "A key opens sites: <a href=\"%(what)s\">add one</a> first."],
)  # fmt: skip
def test_blocks_tables_and_refusals_are_sentences_of_the_admin(said: str) -> None:
    assert (said, "") in all_of()


def test_a_word_from_outside_is_never_markup(app: Flask) -> None:
    with app.test_request_context("/admin/"):
        page = app.jinja_env.from_string("{{ _(word) }}{{ _('a %(x)s', x=word) }}")
        shown = page.render(word="<b>50 %</b>")
    assert shown == "&lt;b&gt;50 %&lt;/b&gt;a &lt;b&gt;50 %&lt;/b&gt;"
