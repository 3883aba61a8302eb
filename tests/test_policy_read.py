"""The policy reader: facts with their sentences, from text, HTML and PDF in three languages.

The policies in tests/policies are our own; expected.yaml says what stands in each.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from playwright.sync_api import Page
from pypdf import PdfReader, PdfWriter

from consent import cli_policy, policy
from consent.policy import Document, Unreadable
from consent.policy.grid import laid
from tests.pages import Website
from tests.prepare import ROOT

FOLDER = ROOT / "tests/policies"
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8"))
EVERY = sorted(file for file in FOLDER.iterdir() if file.suffix in (".txt", ".html"))

# As a flattened table of the kind that stands in real policies: wide spaces for columns, the party
# of the first two said only by the heading that follows them.
FLATTENED = """Polityka prywatności

 13. Pliki cookie

  6. W przeglądarce mogą zostać zapisane następujące pliki cookie:

   L7_geoip  Ustala kraj odwiedzającego i dobiera do niego walutę cennika

   Xl7ref  Przechowuje adres strony, z której przyszedł ruch z reklam

   a także następujące pliki cookie stron trzecich:

   _ar_V4  Marketing – mierzy konwersje z reklam w wyszukiwarce

  7. Narzędzie analityczne używa następujących plików cookie:

   _gat Third Google.com Performance – ogranicza liczbę zapytań do narzędzia

   _ga  Third Google.com Performance – rozpoznaje unikalnych użytkowników

   _gid Third Google.com Performance – rozpoznaje unikalnych użytkowników w ciągu dnia
"""


def of(text: str) -> Document:
    return policy.document(text.encode())


def drafted(text: str) -> dict[str, Any]:
    return policy.read(of(text)).to_json()


def opened(name: str) -> Document:
    return policy.document((FOLDER / name).read_bytes())


def life(value: Any) -> Any:
    return f"{value['value']} {value['unit']}" if isinstance(value, dict) else value


def rows(found: dict[str, Any]) -> list[list[Any]]:
    return [
        [t["name"], t["party"], t["provider"], t["category"], life(t["duration"]), t["kind"]]
        for t in found["trackers"]
    ]


def named(text: str, name: str) -> dict[str, Any]:
    [found] = [t for t in drafted(text)["trackers"] if t["name"] == name]
    return found


def sources(value: Any) -> Iterator[tuple[int, str]]:
    """Every line with its quote, wherever it stands in the JSON."""
    if isinstance(value, dict):
        if "quote" in value and "line" in value:
            yield value["line"], value["quote"]
        for part in value.values():
            yield from sources(part)
    elif isinstance(value, list):
        for part in value:
            yield from sources(part)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_policy_is_read_as_it_says(name: str) -> None:
    found = policy.read(opened(name)).to_json()
    said, site = EXPECTED[name], found["site"]
    assert rows(found) == said["trackers"]
    for field, value in said["controller"].items():
        assert site["controller"][field] == value, field
    for field, value in said.get("dpo", {}).items():
        assert site["dpo"][field] == value, field
    for field, value in said.get("dates", {}).items():
        assert site["policy"][field] == value, field
    assert (site["supervisory_authority"] or {}).get("country") == said.get("authority")


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.name)
def test_every_fact_stands_in_the_text_on_its_line(file: Path) -> None:
    document = policy.document(file.read_bytes())
    lines = file.read_text("utf-8").split("\n")
    found = list(sources(policy.read(document).to_json()))
    assert found
    for line, quote in found:
        assert quote in document.text
        if document.source == "text":
            assert quote in "\n".join(lines[line - 1 :])
            assert lines[line - 1].strip()[:10] in lines[line - 1]
            assert quote.split("\n")[0] in lines[line - 1]


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.name)
def test_every_value_of_a_tracker_stands_in_its_quote(file: Path) -> None:
    document = policy.document(file.read_bytes())
    for tracker in policy.read(document).to_json()["trackers"]:
        quotes = tracker["src"]
        for field in ("purpose", "provider", "category_published"):
            if tracker[field] is not None:
                assert tracker[field] in quotes[field]["quote"]
        if tracker["name"] and tracker["match"] == "exact":
            assert tracker["name"] in quotes["name"]["quote"]


def test_S3_43_the_location_cookie_is_first_party_without_a_category() -> None:
    """From policy to draft: what it does, in the policy's words; unclassified, so held."""
    found = named(FLATTENED, "L7_geoip")
    assert (found["party"], found["category"], found["category_published"]) == ("first", None, None)
    assert found["purpose"] == "Ustala kraj odwiedzającego i dobiera do niego walutę cennika"
    assert (found["provider"], found["duration"]) == (None, None)


def test_S3_44_the_referrer_cookie_is_first_party_without_a_category() -> None:
    found = named(FLATTENED, "Xl7ref")
    assert (found["party"], found["category"]) == ("first", None)
    assert found["purpose"] == "Przechowuje adres strony, z której przyszedł ruch z reklam"
    assert (
        "stron trzecich" in found["src"]["party"]["quote"]
    )  # the heading that says the others are


def test_S3_45_the_conversion_cookie_is_third_party_marketing_and_its_provider_not_stated() -> None:
    found = named(FLATTENED, "_ar_V4")
    assert (found["party"], found["category"]) == ("third", "marketing")
    assert found["provider"] is None
    assert found["purpose"] == "mierzy konwersje z reklam w wyszukiwarce"


def test_S3_46_performance_becomes_statistics_and_the_published_word_stays() -> None:
    found = named(FLATTENED, "_gat")
    assert (found["category"], found["category_published"]) == ("statistics", "Performance")
    assert (found["party"], found["provider"]) == ("third", "Google.com")


def test_S3_47_ga_is_read_with_its_party_and_provider() -> None:
    found = named(FLATTENED, "_ga")
    assert (found["party"], found["provider"]) == ("third", "Google.com")
    assert found["purpose"] == "rozpoznaje unikalnych użytkowników"
    assert found["src"]["name"]["line"] == 19


def test_S3_48_gid_is_read_with_its_party_and_provider() -> None:
    found = named(FLATTENED, "_gid")
    assert (found["party"], found["category"]) == ("third", "statistics")
    assert found["purpose"] == "rozpoznaje unikalnych użytkowników w ciągu dnia"


@pytest.mark.parametrize(
    ("label", "category"),
    [
        ("Functional", "preferences"),
        ("Technical", "necessary"),
        ("Analityczne", "statistics"),
        ("absolutnie konieczne", "necessary"),
        ("Mesure d'audience", "statistics"),
        ("Essential and marketing", None),
        ("Unclassified", None),
        ("Third-party", None),
    ],
)
def test_a_category_is_set_only_where_its_word_maps(label: str, category: str | None) -> None:
    text = f"Cookies\n\nName\tPurpose\tCategory\nxy_1\tDoes something here\t{label}\n"
    assert named(text, "xy_1")["category"] == category


def test_prose_that_only_looks_like_cookies_names_none() -> None:
    text = (
        "Privacy policy\n\nOur cookies are safe. Download price_list.pdf or write to a_b@c.example."
        " See https://c.example/our_page for utm_source rules. We support HTML5 and OAuth2."
    )
    assert [t["name"] for t in drafted(text)["trackers"] if t["name"]] == []


def test_what_a_policy_does_not_say_is_not_stated(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "short.txt"
    file.write_text("Privacy policy\n\nWe respect your privacy.\n", "utf-8")
    found = policy.read(policy.document(file.read_bytes())).to_json()
    assert found["trackers"] == []
    site = found["site"]
    assert [site[name] for name in ("dpo", "supervisory_authority", "children")] == [None] * 3
    assert not any(value for name, value in site["controller"].items() if name != "src")
    shown = app.test_cli_runner().invoke(cli_policy.group, ["read", str(file)])
    assert shown.exit_code == 0 and "legal_name: not stated" in shown.output


def test_scripts_styles_and_forms_are_no_part_of_a_page() -> None:
    html = (
        "<!doctype html><title>Policy</title><style>p{}</style><p>We use cookies.</p>"
        "<script>document.cookie='_secret_1=x'</script><template>_secret_2</template>"
        "<select><option>_secret_3</select><noscript>_secret_4</noscript><!-- _secret_5 -->"
    )
    assert "_secret" not in policy.document(html.encode()).text


def test_lines_of_html_are_those_of_its_source() -> None:
    document = opened("good_pl.html")
    lines = (FOLDER / "good_pl.html").read_text("utf-8").split("\n")
    [block] = [b for b in document.blocks if b.text.startswith("Inspektorem")]
    assert "Inspektorem ochrony danych" in lines[block.line - 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_polish_letters_survive_the_usual_encodings(encoding: str) -> None:
    text = (
        "Polityka prywatności\n\n"
        "Właściciel zbiera dane osobowe i używa plików cookie, aby zliczać wizyty.\n"
    )
    assert "Właściciel" in policy.document(text.encode(encoding)).text


def test_wrapped_lines_become_paragraphs_and_keep_their_lines() -> None:
    document = opened("rodo_pl.txt")
    [sentence] = [s for s in document.sentences if s.text.startswith("Odpowiedzi")]
    assert sentence.flat == "Odpowiedzi na żądanie udzielamy w terminie 30 dni."
    assert sentence.line == 10


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\t\n", "empty"),
        (b"<html><body><script>1</script></body></html>", "empty"),
        (b"\x00\x01\x02" * 100, "binary"),
        (b"PK\x03\x04rest of an archive", "unsupported"),
        (b"\x89PNG\r\n\x1a\n", "unsupported"),
        (b"%PDF-1.7 and then nothing", "broken"),
        (b"a" * (policy.BIGGEST + 1), "too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        policy.document(data)
    assert refused.value.code == code


def printed(page: Page, html: str, paper: str = "A5") -> bytes:
    page.set_content(html)
    return page.pdf(format=paper, margin={"top": "2cm", "bottom": "2cm"})


def test_a_pdf_says_what_its_page_says(new_page: Callable[..., Page]) -> None:
    html = (FOLDER / "good_pl.html").read_text("utf-8")
    pdf = policy.read(policy.document(printed(new_page(java_script_enabled=False), html))).to_json()
    page = policy.read(opened("good_pl.html")).to_json()
    assert pdf["site"]["dpo"]["name"] == "Anna Wrona"
    for field in ("legal_name", "vat_number", "registration_number", "email", "phone"):
        assert pdf["site"]["controller"][field] == page["site"]["controller"][field], field
    assert pdf["site"]["rights"]["listed"] == page["site"]["rights"]["listed"]
    assert pdf["site"]["policy"]["effective_date"] == "2026-02-02"


def test_a_pdfs_hyphens_close_and_its_running_heads_go(new_page: Callable[..., Page]) -> None:
    body = "".join(
        f"<p>Paragraph {n} of a long text that speaks of our cook-<br>ies and of nothing else.</p>"
        * 8
        for n in range(8)
    )
    page = new_page()
    page.set_content(f"<h1>Privacy policy</h1>{body}")
    data = page.pdf(
        format="A6",
        display_header_footer=True,
        header_template='<span style="font-size:9px;margin-left:1cm">Acme running head</span>',
        footer_template='<span style="font-size:9px">Page <span class="pageNumber"></span></span>',
        margin={"top": "2cm", "bottom": "2cm"},
    )
    document = policy.document(data)
    assert len(PdfReader(io.BytesIO(data)).pages) > 3
    assert "our cookies and of nothing else" in document.text
    assert "running head" not in document.text


def test_a_pdfs_groups_of_cookies_stay_apart(new_page: Callable[..., Page]) -> None:
    """A table's rows run into each other in a PDF; the next group's heading must not join them."""
    html = (FOLDER / "cnil_fr.html").read_text("utf-8")
    found = policy.read(policy.document(printed(new_page(java_script_enabled=False), html)))
    groups = {t.name: t.get("category") for t in found.trackers}
    assert groups == {"_ga": "statistics", "_gid": "statistics", "_fbp": "marketing"}


@pytest.mark.parametrize("name", ["good_pl.html", "declaration_en.html", "cnil_fr.html"])
def test_a_pdfs_tables_are_put_together_again(name: str, new_page: Callable[..., Page]) -> None:
    html = (
        (FOLDER / name)
        .read_text("utf-8")
        .replace("<table>", '<table style="width:100%;border-spacing:12px">')
    )
    pdf = printed(new_page(java_script_enabled=False), html, "A4")
    assert rows(policy.read(policy.document(pdf)).to_json()) == EXPECTED[name]["trackers"]


def test_headings_that_wrap_are_put_together_over_their_columns() -> None:
    lines = [
        "   Nom du           Émetteur              Finalité               Durée de",
        "    cookie                                                     conservation",
        "",
        " _ga            Google Ireland     Distingue les visiteurs.   13 mois",
        "                Limited",
    ]
    [row] = [one for one in laid(lines) or [] if not isinstance(one, str)]
    assert row.header == ("Nom du cookie", "Émetteur", "Finalité", "Durée de conservation")
    assert row.cells == ("_ga", "Google Ireland Limited", "Distingue les visiteurs.", "13 mois")
    apart = "a line across two of them"  # is no part of a heading
    assert laid([lines[0], f"{apart:>50}", *lines[2:]]) is None


def test_a_locked_pdf_and_one_without_text_are_refused() -> None:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    blank, locked = io.BytesIO(), io.BytesIO()
    writer.write(blank)
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(locked)
    for file, code in ((blank, "scanned"), (locked, "encrypted")):
        with pytest.raises(Unreadable) as refused:
            policy.document(file.getvalue())
        assert refused.value.code == code


def test_the_command_reads_a_file_in_three_formats(app: Flask) -> None:
    runner, file = app.test_cli_runner(), str(FOLDER / "good_en.txt")
    as_json = json.loads(runner.invoke(cli_policy.group, ["read", file, "--format", "json"]).output)
    as_yaml = yaml.safe_load(
        runner.invoke(cli_policy.group, ["read", file, "--format", "yaml"]).output
    )
    assert as_json == as_yaml == policy.read(opened("good_en.txt")).to_json()
    text = runner.invoke(cli_policy.group, ["read", file]).output
    assert "name: Maya Okafor" in text and "eu_representative: not stated" in text


def test_the_command_reads_a_url_of_this_network_only_when_told(
    app: Flask, elsewhere: Website
) -> None:
    elsewhere.put("/policy", (FOLDER / "good_en.txt").read_text("utf-8"))
    url = f"http://127.0.0.1:{elsewhere.port}/policy"
    runner = app.test_cli_runner()
    refused = runner.invoke(cli_policy.group, ["read", url])
    assert refused.exit_code == 2 and "forbidden" in refused.output
    read = runner.invoke(cli_policy.group, ["read", url, "--allow-private", "--format", "json"])
    assert json.loads(read.output)["site"]["dpo"]["name"] == "Maya Okafor"


def test_a_metadata_address_is_refused_even_when_private_ones_are_allowed(app: Flask) -> None:
    url = "http://169.254.169.254/latest/meta-data"
    asked = ["read", url, "--allow-private"]
    refused = app.test_cli_runner().invoke(cli_policy.group, asked)
    assert refused.exit_code == 2 and "forbidden" in refused.output


def test_an_address_that_answers_with_an_error_is_not_read_as_a_policy(
    app: Flask, elsewhere: Website
) -> None:
    url = f"http://127.0.0.1:{elsewhere.port}/nowhere"
    ended = app.test_cli_runner().invoke(cli_policy.group, ["read", url, "--allow-private"])
    assert ended.exit_code == 2 and "unreachable" in ended.output


def test_a_missing_file_ends_with_code_two(app: Flask) -> None:
    ended = app.test_cli_runner().invoke(cli_policy.group, ["read", "/no/such/file"])
    assert ended.exit_code == 2 and "not_found" in ended.output


def test_nothing_listens_there_is_no_broken_rule(app: Flask) -> None:
    """`forbidden` means a rule; a misspelt name is `unreachable`."""
    ended = app.test_cli_runner().invoke(cli_policy.group, ["read", "https://nobody.invalid/"])
    assert ended.exit_code == 2 and "unreachable" in ended.output


@pytest.mark.parametrize(
    "text",
    [
        "Acme reserves the right to change, delete or move any of your data:\n\n"
        "Passwords are secret, to keep others from access to the account.",
        "Acme zastrzega sobie prawo do usunięcia danych:\n\nHasła chronią przed dostępem do konta.",
    ],
)
def test_what_a_company_reserves_is_no_right_of_the_visitor(text: str) -> None:
    assert policy.read(policy.document(text.encode())).listed == {}


def test_a_terse_policys_words_are_rights_and_periods_too() -> None:
    text = (
        "Privacy\n\nHow long. Orders: six years after the tax year. Emails: one year.\n\n"
        "Your rights. You may see, correct or move your data. We reply within one month."
    )
    found = policy.read(policy.document(text.encode())).to_json()["site"]
    assert found["rights"]["listed"] == ["access", "portability", "rectification"]
    assert found["rights"]["deadline_days"] == 30
    assert [one["period"] for one in found["retention"]] == [
        {"value": 6, "unit": "year"},
        {"value": 1, "unit": "year"},
    ]


def test_a_french_article_is_no_part_of_a_name() -> None:
    text = (
        "Le responsable du traitement est l'Atelier Bréval SARL, 12 rue des Tanneurs, 37000 Tours."
    )
    found = policy.read(policy.document(text.encode())).to_json()["site"]
    assert found["controller"]["legal_name"] == "Atelier Bréval SARL"
