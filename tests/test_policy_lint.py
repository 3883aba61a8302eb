"""The policy linter: each code on passages of our own, and on near misses it must leave alone."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from consent import cli_policy, policy
from consent.notices import RETENTION_EXCEEDED
from consent.policy import Document, PolicyFinding
from tests.acts import make_site
from tests.conftest import START
from tests.prepare import ROOT

FOLDER = ROOT / "tests/policies"
PASSAGES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (FOLDER / "codes.yaml").read_text("utf-8")
)
FRAME = {
    "en": "Privacy policy\n\nThis page says how we treat your personal data.\n\n{}\n",
    "pl": "Polityka prywatności\n\nTa strona mówi, jak traktujemy Twoje dane osobowe.\n\n{}\n",
    "fr": "Politique de confidentialité\n\nCette page dit comment nous traitons vos "
    "données.\n\n{}\n",
}
GUILTY = [
    (code, language, text)
    for code, cases in PASSAGES.items()
    for language, texts in cases.items()
    if language != "not"
    for text in texts
]
INNOCENT = [(code, text) for code, cases in PASSAGES.items() for text in cases.get("not", [])]
GOOD = ["good_en.txt", "good_pl.html", "good_fr.txt"]
THING = {"kind": "cookie", "party": "first", "lifetime": None, "domain": "shop.example"}


def of(text: str) -> Document:
    return policy.document(text.encode())


def lint(text: str, **beside: Any) -> list[PolicyFinding]:
    return policy.lint(of(text), **beside)


def codes(found: list[PolicyFinding]) -> set[str]:
    return {one.code for one in found}


def framed(text: str, language: str = "en") -> str:
    return FRAME[language].format(text)


@pytest.mark.parametrize(("code", "language", "text"), GUILTY)
def test_a_weak_passage_is_found(code: str, language: str, text: str) -> None:
    found = [one for one in lint(framed(text, language)) if one.code == code]
    assert found, f"{code} is not reported"
    document = framed(text, language)
    for one in found:
        assert one.quote in document
        assert one.quote.split("\n")[0] in document.split("\n")[one.line - 1]
        assert all(also.quote in document for also in one.also)


@pytest.mark.parametrize(("code", "text"), INNOCENT)
def test_a_near_miss_is_left_alone(code: str, text: str) -> None:
    language = "fr" if re.search(r"\b(?:vous|nous|navigation ne)\b", text, re.I) else "en"
    language = "pl" if re.search(r"[ąęłśćźż]|Odmowa|plik", text) else language
    assert code not in codes(lint(framed(text, language)))


def test_every_contradiction_shows_both_its_sentences() -> None:
    for code in ("PROMISE-CONFLICT", "EEA-CONFLICT", "REFUSAL-CONFLICT", "ANONYMOUS-BUT-UNIQUE"):
        [text] = PASSAGES[code]["en"][:1]
        [found] = [one for one in lint(framed(text)) if one.code == code]
        assert found.also and found.also[0].quote != found.quote


@pytest.mark.parametrize("name", GOOD)
def test_a_good_policy_has_nothing_against_it(name: str) -> None:
    assert policy.lint(policy.document((FOLDER / name).read_bytes())) == []


def test_absences_are_reported_once_and_point_to_a_place() -> None:
    found = lint(framed("We use cookies to count visits."))
    absent = {"NO-EFFECTIVE-DATE", "NO-VERSION", "NO-RETENTION", "NO-CHILDREN-CLAUSE"}
    absent |= {"CONTACT-MISSING", "NO-PRIVACY-OFFICER", "RIGHTS-INCOMPLETE", "NO-COOKIE-TABLE"}
    assert absent <= codes(found)
    for code in absent:
        assert [one.code for one in found].count(code) == 1
    assert all(one.line >= 1 and one.quote for one in found)


def test_a_text_that_is_no_privacy_policy_is_not_asked_for_what_those_have() -> None:
    text = (
        "Acceptable Use Policy\n\nDo not send spam. Accounts that do are closed after a warning.\n"
    )
    assert codes(lint(text)) == {"NO-EFFECTIVE-DATE", "NO-VERSION"}


def test_repeated_numbers_and_paragraphs_are_found() -> None:
    long = (
        "We may be obliged by law to hand over data, for instance in court or to an authority" * 3
    )
    text = f"Terms of use\n\n1. Scope\n2. Data\n3. Law\n2. Courts\n\n  1. {long}.\n\n  2. {long}!\n"
    assert [one.line for one in lint(text) if one.code == "DUPLICATE-SECTION"] == [6, 10]


def test_a_section_that_is_not_there_is_a_dangling_reference() -> None:
    numbered = "\n\n".join(
        f"{n}. Part {'abcdef'[n - 1].upper()}\n\nSome text." for n in range(1, 7)
    )
    text = f"Privacy policy\n\n{numbered}\n\nSections 2 and 5-9 apply to personal data.\n"
    [found] = [one for one in lint(text) if one.code == "DANGLING-REFERENCE"]
    assert "9" in found.why
    assert "DANGLING-REFERENCE" not in codes(lint(text.replace("5-9", "5-6")))


def test_an_authority_of_another_country_than_the_readers_is_reported() -> None:
    text = (
        "Polityka prywatności\n\nPrzetwarzamy Twoje dane osobowe na stronie latarnia.pl.\n\n"
        "Możesz złożyć skargę do {}.\n"
    )
    assert "AUTHORITY-MARKET-MISMATCH" in codes(
        lint(text.format("Information Commissioner’s Office"))
    )
    assert "AUTHORITY-MARKET-MISMATCH" not in codes(lint(text.format("Prezesa UODO")))


def test_a_company_of_a_market_whose_language_is_missing_is_reported() -> None:
    text = framed("The data controller is 1234-5678 {} inc.")
    assert "LANGUAGE-MARKET" in codes(lint(text.format("Quebec")))
    assert "LANGUAGE-MARKET" not in codes(lint(text.format("Ontario")))


@pytest.mark.parametrize(
    ("name", "foreign"),
    [
        (
            "good_pl.html",
            "<p>Your account is closed by us when you have not used it for a year.</p>",
        ),
        ("good_fr.txt", "Contact us\n"),
        ("good_en.txt", "Twoje konto zamykamy, jeśli nie korzystasz z niego przez jeden rok.\n"),
    ],
)
def test_a_paragraph_in_another_language_is_reported(name: str, foreign: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    added = text.replace("</body>", f"{foreign}</body>") if "html" in name else f"{text}\n{foreign}"
    [found] = [one for one in lint(added) if one.code == "MIXED-LANGUAGE"]
    assert found.quote in foreign


def test_several_documents_on_one_page_are_reported() -> None:
    text = framed("We keep it short.") + "\nAcceptable Use Policy\n\nDo not send spam.\n"
    assert "MIXED-DOCUMENT" in codes(lint(text))


def test_a_section_that_mixes_two_legal_bases_is_reported() -> None:
    text = framed(
        "Calls\n\nOur calls are based on our legitimate interest.\n\n"
        "If you consent to our calls, we keep your number for 3 years."
    )
    assert "LEGAL-BASIS-MISMATCH" in codes(lint(text))
    assert "LEGAL-BASIS-MISMATCH" not in codes(lint(text.replace("If you consent to", "After")))


def test_an_exemption_that_names_no_cookie_is_reported() -> None:
    text = framed(
        "Some cookies are strictly necessary. These cookies are “strictly necessary”.\n\n{}"
    )
    listed = "Statistics cookies\n\n- shop_ref – counts visits"
    assert "NECESSARY-NOT-IDENTIFIED" in codes(lint(text.format(listed)))
    named = listed + "\n\nNecessary cookies\n\n- PHPSESSID – keeps you signed in"
    assert "NECESSARY-NOT-IDENTIFIED" not in codes(lint(text.format(named)))


def test_a_third_partys_cookie_on_the_sites_own_domain_is_told_apart() -> None:
    text = framed("Statistics cookies\n\n_ga  Third  Google.com  – counts visits")
    assert "PARTY-MISMATCH" in codes(lint(text))


# -- the ready paragraph -------------------------------------------------------------------------


@pytest.mark.parametrize("language", policy.LANGUAGES)
def test_the_paragraph_it_offers_ends_the_finding(language: str) -> None:
    """Scenario 14: the owner puts the paragraph into the policy, and the finding is gone."""
    settings = {"name": "crumbtrail", "duration": {"value": 6, "unit": "month"}, "region": "EEA"}
    settings |= {"period": {"value": 3, "unit": "year"}, "ip_mode": "none"}
    cookie = {
        "en": "We use cookies.",
        "pl": "Używamy plików cookie.",
        "fr": "Nous utilisons des cookies.",
    }
    text = framed(cookie[language], language)
    [found] = [
        one for one in lint(text, settings=settings) if one.code == "CONSENT-COOKIE-UNDECLARED"
    ]
    assert "crumbtrail" in found.instead and "{" not in found.instead
    for after in (lint(text + found.instead, settings=settings), lint(text + found.instead)):
        assert "CONSENT-COOKIE-UNDECLARED" not in codes(after)
        assert "CONSENT-PROOF-RETENTION" not in codes(after)


def test_the_paragraph_counts_in_polish() -> None:
    forms = {1: "1 miesiąc", 3: "3 miesiące", 5: "5 miesięcy", 12: "12 miesięcy", 22: "22 miesiące"}
    for value, shown in forms.items():
        settings = {"duration": {"value": value, "unit": "month"}}
        assert f"konieczny, {shown})" in policy.ready_paragraph("pl", settings)


def test_another_tools_cookie_does_not_count_as_ours() -> None:
    text = (FOLDER / "good_en.txt").read_text("utf-8").replace("crumbtrail", "othertool")
    found = lint(text, settings={"name": "crumbtrail"})
    assert codes(found) == {"CONSENT-COOKIE-UNDECLARED"}


# -- beside the site -----------------------------------------------------------------------------

DECLARED = framed(
    "Statistics cookies\n\n- _pk_id – counts visits (1 day)\n- shop_ref – counts pages (2 "
    "years)\n\n"
    "We never share your data with any third party for any reason."
)


def scan(*things: dict[str, Any], requests: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "url": "https://shop.example",
        "passes": [{"things": [*things], "requests": [*requests]}],
    }


def test_a_scan_shows_what_the_policy_leaves_out_and_what_is_not_there() -> None:
    seen = scan({**THING, "name": "_fbp"}, {**THING, "name": "_PK_ID"})
    found = {one.code: one for one in lint(DECLARED, scan=seen)}
    assert (
        "_fbp" in found["UNDECLARED-COOKIE"].why and "_PK_ID" not in found["UNDECLARED-COOKIE"].why
    )
    assert "shop_ref" in found["DECLARED-NOT-SEEN"].why
    assert "LIFETIME-CONFLICT" not in found and "THIRD-PARTY-CONFLICT" not in found


def test_a_longer_life_and_a_third_party_are_held_against_the_policy() -> None:
    seen = scan(
        {**THING, "name": "_pk_id", "lifetime": 400 * 86400},
        {**THING, "name": "shop_ref", "lifetime": 86400},
        requests=({"host": "ads.example", "party": "third"},),
    )
    found = {one.code: one for one in lint(DECLARED, scan=seen)}
    assert "_pk_id" in found["LIFETIME-CONFLICT"].why
    assert "ads.example" in found["THIRD-PARTY-CONFLICT"].why
    assert "UNDECLARED-COOKIE" not in found


def test_an_inventory_shows_what_is_undeclared_and_sorted_otherwise() -> None:
    rows = [
        {"name": "_pk_id", "match": "prefix", "category": "marketing", "duration": None},
        {"name": "basket", "match": "exact", "category": "necessary", "duration": "session"},
    ]
    found = {one.code: one for one in lint(DECLARED, inventory=rows)}
    assert "statistics / marketing" in found["CATEGORY-CONFLICT"].why
    assert "basket" in found["UNDECLARED-COOKIE"].why
    assert "DECLARED-NOT-SEEN" not in found


# -- the sentences -------------------------------------------------------------------------------


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", policy.LANGUAGES)
def test_every_code_has_its_sentences_in_every_language(language: str) -> None:
    said, english = policy.spoken(language), policy.spoken("en")
    for code in policy.codes():
        for part in ("why", "instead"):
            assert said[code][part].strip(), code
            assert fields(said[code][part]) == fields(english[code][part]), code
    assert {code for code in said if not code.startswith("_")} == set(policy.codes())


@pytest.mark.parametrize("language", policy.LANGUAGES)
def test_findings_speak_the_readers_language(language: str) -> None:
    [found] = [
        one
        for one in lint(framed("You must accept cookies to use this site."), language=language)
        if one.code == "COOKIE-WALL"
    ]
    assert found.why == policy.spoken(language)["COOKIE-WALL"]["why"]


def test_every_code_stands_in_the_docs_with_its_severity() -> None:
    text = (ROOT / "docs/policy.md").read_text("utf-8")
    table = dict(re.findall(r"^\| `([A-Z-]+)` \| (error|warning|info) \|", text, re.MULTILINE))
    assert table == {code: severity for code, (severity, _) in policy.codes().items()}


def test_the_code_for_too_long_a_life_is_the_one_of_publishing() -> None:
    assert RETENTION_EXCEEDED in policy.codes()


def test_the_same_policy_gives_the_same_findings_errors_first() -> None:
    text = (FOLDER / "weak_en.txt").read_text("utf-8")
    found = lint(text)
    assert [one.json() for one in found] == [one.json() for one in lint(text)]
    order = [("error", "warning", "info").index(one.severity) for one in found]
    assert order == sorted(order) and len(codes(found)) > 15


# -- the command ---------------------------------------------------------------------------------


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(cli_policy.group, ["lint", *words])


def test_the_command_ends_with_zero_one_or_two(app: Flask, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 nothing")
    assert run(app, str(FOLDER / "good_pl.html")).exit_code == 0
    assert run(app, str(FOLDER / "weak_en.txt")).exit_code == 1
    ended = run(app, str(broken))
    assert ended.exit_code == 2 and "broken" in ended.output


def test_the_command_prints_json_and_another_language(app: Flask) -> None:
    file = str(FOLDER / "weak_en.txt")
    found = json.loads(run(app, file, "--format", "json").output)
    assert {"code", "severity", "line", "quote", "why", "source", "instead", "also"} == set(
        found[0]
    )
    assert "Zamiast tego" in run(app, file, "--language", "pl").output


def test_the_command_holds_a_policy_against_a_site_and_a_scan(app: Flask, tmp_path: Path) -> None:
    make_site(app, START)
    file, seen = tmp_path / "policy.txt", tmp_path / "scan.json"
    file.write_text(DECLARED, "utf-8")
    seen.write_text(json.dumps(scan({**THING, "name": "_fbp"})), "utf-8")
    found = json.loads(
        run(app, str(file), "--site", "example.com", "--scan", str(seen), "--format", "json").output
    )
    by_code = {one["code"]: one for one in found}
    assert "_fbp" in by_code["UNDECLARED-COOKIE"]["why"]
    assert "crumbtrail" in by_code["CONSENT-COOKIE-UNDECLARED"]["instead"]
    seen.write_text("[]", "utf-8")
    assert run(app, str(file), "--scan", str(seen)).exit_code == 1
