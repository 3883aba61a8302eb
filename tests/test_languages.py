"""Languages: which one a visitor gets, what every file must say, and the owner's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import brotli
import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from consent import inventory, languages, leaf, notices, sites, texts
from consent.db import db
from consent.errors import Invalid
from tests.acts import BY, SECRET, add_site, choice_body, fill_inventory, make_site, post_choice
from tests.conftest import Clock
from tests.databases import Databases
from tests.owner import inside, lent_server
from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server
from tests.test_admin import Owner, owner, stranger  # noqa: F401 - fixtures

SHOP = "example.com"
EVERY = sites.LANGUAGES
ENGLISH = texts.words("en")
OTHER_SCRIPTS = {"ar", "bg", "el", "he", "ja", "ko", "uk", "zh-hans", "zh-hant"}
FIRST = (
    "title intro rights refusal policy reject accept preferences category_preferences"
    " purpose_preferences category_statistics purpose_statistics category_marketing"
    " purpose_marketing"
).split()


# -- which language ----------------------------------------------------------------------------

WISHES = [
    ("de", "de"),
    ("de-AT", "de"),
    ("de-Latn-CH-1901", "de"),
    ("DE_ch", "de"),
    ("en-GB-oxendict", "en"),
    ("no", "nb"),
    ("nn", "nb"),
    ("nn-NO", "nb"),
    ("nb-NO", "nb"),
    ("iw-IL", "he"),
    ("he", "he"),
    ("mo", "ro"),
    ("pt", "pt"),
    ("pt-PT", "pt"),
    ("pt-AO", "pt"),
    ("pt-BR", "pt-br"),
    ("zh", "zh-hans"),
    ("zh-CN", "zh-hans"),
    ("zh-SG", "zh-hans"),
    ("zh-Hans-HK", "zh-hans"),
    ("zh-TW", "zh-hant"),
    ("zh-HK", "zh-hant"),
    ("zh-MO", "zh-hant"),
    ("zh-Hant", "zh-hant"),
    ("zh-Hant-TW", "zh-hant"),
    ("cmn-TW", "zh-hant"),
    ("eo", None),
    ("*", None),
    ("", None),
    ("-", None),
    ("de" + "-x" * 9999, "de"),
]


@pytest.mark.parametrize(("wish", "found"), WISHES, ids=[wish[:16] or "none" for wish, _ in WISHES])
def test_a_wish_finds_its_language(wish: str, found: str | None) -> None:
    assert languages.match(wish, tuple(languages.NAMES)) == found


@pytest.mark.parametrize(
    ("wish", "spoken", "found"),
    [
        ("pt-BR", ["en", "pt"], "pt"),
        ("pt", ["en", "pt-br"], "pt-br"),
        ("pt-PT", ["pt-br"], "pt-br"),
        ("zh-TW", ["zh-hans", "en"], None),
        ("zh", ["zh-hant"], None),
        ("nb", ["da", "sv"], None),
    ],
)
def test_the_nearest_that_a_reader_can_read_answers_and_no_other(
    wish: str, spoken: list[str], found: str | None
) -> None:
    assert languages.match(wish, spoken) == found


def test_the_first_wish_that_can_be_met_wins() -> None:
    assert languages.choose([None, "", "eo", "fr-CA", "de"], ["de", "fr"], "en") == "fr"
    assert languages.choose(["eo"], ["de", "fr"], "fr") == "fr"


@pytest.fixture
def world(app: Flask, clock: Clock) -> str:
    """A site that speaks all there is; English where nobody says otherwise."""
    make_site(app, clock.now, SHOP, languages=list(EVERY))
    return SHOP


def carried(script: str) -> dict[str, Any]:
    """The configuration that a consent.js hands to its code."""
    found: dict[str, Any] = json.loads(script[script.rindex("}({") + 2 : script.rindex(");")])
    return found


HEARD = [
    ("ja", "ja"), ("nn-NO,nn;q=0.9,en;q=0.5", "nb"), ("no", "nb"), ("zh-TW,zh;q=0.9", "zh-hant"),
    ("zh-CN", "zh-hans"), ("pt-BR,pt;q=0.8", "pt-br"), ("pt-PT", "pt"), ("iw", "he"),
    ("ar-EG", "ar"), ("eo, de-CH;q=0.7", "de"), ("de;q=0, it", "it"), ("eo", "en"), ("", "en"),
]  # fmt: skip


@pytest.mark.sqlite_only
def test_the_language_is_that_of_the_path_the_address_or_the_browser(
    client: FlaskClient, world: str
) -> None:
    for said, found in HEARD:
        if found not in EVERY:
            continue
        headers = {"Accept-Language": said}
        told = client.get(f"/v1/{world}/notice", headers=headers).get_json()
        assert told["lang"] == found, said
        assert told["texts"]["reject"] == texts.words(found)["reject"]
        script = client.get(f"/v1/{world}/consent.js", headers=headers).text
        assert carried(script)["lang"] == found
        wish = said.split(",")[0].split(";")[0]
        if not wish or found == "en" or "q=0," in said or wish == "eo":
            continue
        deaf = {"Accept-Language": "pl"}
        assert client.get(f"/v1/{world}/notice?lang={wish}", headers=deaf).json["lang"] == found
        fixed = client.get(f"/v1/{world}/{wish}/consent.js", headers=deaf).text
        assert carried(fixed)["lang"] == found
        public = client.get(f"/v1/{world}/PL/{wish}/consent.js", headers=deaf).text
        assert carried(public)["lang"] == found
        details = client.get(f"/v1/{world}/{wish}/details.json", headers=deaf).get_json()
        assert details["texts"]["more_withdraw"] == texts.words(found)["more_withdraw"]


@pytest.mark.sqlite_only
def test_what_shared_caches_keep_does_not_follow_the_browser(
    client: FlaskClient, world: str
) -> None:
    for browser in ("pl", "de"):
        headers = {"Accept-Language": browser}
        script = client.get(f"/v1/{world}/PL/eo/consent.js", headers=headers)
        assert carried(script.text)["lang"] == "en"
        details = client.get(f"/v1/{world}/eo/details.json", headers=headers).get_json()
        assert details["texts"]["more_withdraw"] == ENGLISH["more_withdraw"]


@pytest.mark.sqlite_only
def test_only_the_languages_of_the_site_are_carried(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    notice = make_site(app, clock.now, SHOP, languages=["de", "nb"])
    assert set(notice.content["texts"]) == {"de", "nb"}
    told = client.get(f"/v1/{SHOP}/notice", headers={"Accept-Language": "fr"}).get_json()
    assert (told["lang"], told["languages"]) == ("de", ["de", "nb"])


@pytest.mark.sqlite_only
def test_the_visitors_pages_have_their_language_and_its_direction(
    client: FlaskClient, world: str
) -> None:
    for tag in EVERY:
        page = client.get(f"/v1/{world}/me?lang={tag}").text
        assert f'<html lang="{tag}" dir="{languages.direction(tag)}">' in page
        assert f"<h1>{texts.paper(tag)['title']}</h1>" in unescape(page)
        form = client.get(f"/v1/{world}/requests", headers={"Accept-Language": tag}).text
        assert f'<html lang="{tag}"' in form


# -- what every file must say ------------------------------------------------------------------


def test_every_language_has_both_files_and_a_word_on_its_review() -> None:
    folder = ROOT / "consent/data/texts"
    banner = {file.stem for file in folder.glob("*.json")}
    assert banner == {file.stem for file in (folder / "me").glob("*.json")} == set(EVERY)
    assert banner == set(languages.NAMES)
    assert set(texts.reviewed()) == set(languages.NAMES) == set(languages.PLURALS)
    assert set(texts.reviewed().values()) <= {True, False}


def test_the_page_of_languages_says_who_has_been_read() -> None:
    page = (ROOT / "docs/languages.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \| ([^|]+) \|", page, re.MULTILINE))
    assert set(rows) == set(languages.NAMES)
    for tag, state in rows.items():
        assert (state.strip() == "read by a native speaker") == texts.reviewed()[tag], tag


@pytest.mark.parametrize("tag", EVERY)
def test_a_language_has_every_text_and_nothing_in_it_steers(tag: str) -> None:
    words = texts.words(tag)
    assert list(words) == list(ENGLISH)
    assert texts.problems(tag, words) == []
    for key, text in words.items():
        assert isinstance(text, dict) == isinstance(ENGLISH[key], dict), key


@pytest.mark.parametrize("tag", EVERY)
def test_the_visitors_pages_are_plain_text_with_the_placeholders_of_the_english(tag: str) -> None:
    english, paper = texts.paper("en"), texts.paper(tag)
    assert list(paper) == list(english) and len(paper["months"]) == 12
    for key, text in paper.items():
        for one in text if isinstance(text, list) else [text]:
            assert one == one.strip() and one and not texts.MARKUP.search(one), key
        named = sorted(texts.PLACEHOLDER.findall(str(text)))
        assert named == sorted(texts.PLACEHOLDER.findall(str(english[key]))), key


@pytest.mark.parametrize("tag", EVERY)
def test_a_button_has_one_name_in_the_settings_and_on_the_visitors_page(tag: str) -> None:
    assert texts.paper(tag)["open"] == texts.words(tag)["more_mine"]


def test_the_plural_forms_are_those_the_browser_asks_for(browser: Browser) -> None:
    """Every form a whole number needs is there, and none that the language has not (CLDR)."""
    context = browser.new_context()
    told = context.new_page().evaluate(
        """(tags) => Object.fromEntries(tags.map((tag) => {
          const rules = new Intl.PluralRules(tag);
          const seen = {};
          for (const n of [...Array(1201).keys(), 1e6, 2e6]) (seen[rules.select(n)] ||= []).push(n);
          return [tag, { seen, all: rules.resolvedOptions().pluralCategories }];
        }))""",
        list(languages.NAMES),
    )
    context.close()
    for tag, rules in told.items():
        needed = set(rules["seen"])
        assert needed <= set(languages.PLURALS[tag]) <= set(rules["all"]), tag
        exact = {form for form, numbers in rules["seen"].items() if len(numbers) == 1}
        assert set(languages.EXACT.get(tag, ())) <= exact, tag
    for tag in EVERY:
        for key, text in texts.words(tag).items():
            if isinstance(text, dict):
                assert set(told[tag]["seen"]) <= set(text) <= set(told[tag]["all"]), (tag, key)


def told_first(tag: str) -> str:
    words = texts.words(tag)
    return " ".join([*(words[key] for key in FIRST), words["partners"]["other"]])


@pytest.mark.parametrize("tag", sorted(set(EVERY) - OTHER_SCRIPTS))
def test_the_first_layer_is_hardly_longer_than_the_english(tag: str) -> None:
    assert len(told_first(tag)) <= 1.25 * len(told_first("en"))


@pytest.mark.sqlite_only
def test_no_language_makes_the_first_answer_much_heavier(client: FlaskClient, world: str) -> None:
    size = {
        tag: len(brotli.compress(client.get(f"/v1/{world}/{tag}/consent.js").data, quality=11))
        for tag in EVERY
    }
    assert {tag for tag in EVERY if size[tag] > 1.25 * size["en"]} == set()


# Words by which autoconsent's heuristics find the button that refuses, for the languages they know
# (duckduckgo/autoconsent, lib/heuristic-patterns.ts, read in August 2026).
KNOWN_TO_AGENTS = {
    "en": r"^\s*(no,?\s*)?(i\s+)?(reject|deny|refuse|decline|disable)\s*(all)?\s*$",
    "nl": r"weiger|afwijz|verwerp",
    "fr": r"(^|\s)(refus|rejet|rejeter|interdire|interdis|déclin|declin)",
    "de": r"^(?!einstell(ungen|en) oder ablehnen$).*ablehnen",
    "it": r"(^|\s)(rifiut|neg(a|are|hi)|blocca i cookie)",
    "pt": r"^\s*(rejeitar|recusar|desativar|bloquear|negar)\s*(tudo|o)?\s*$",
    "pt-br": r"^\s*(rejeitar|recusar|desativar|bloquear|negar)\s*(tudo|o)?\s*$",
    "es": r"(^|\s)(rechaz|recház|deneg|negar|declin)",
    "sv": r"(^|\s)(avvisa|avböj|neka|nekar|förneka)",
    "pl": r"odrzu(ć|cam|cenie|cać|canie|cić)|odmaw|odmowa|odmów|rezygnuj|blokuj wszystk",
    "tr": r"^(reddet|çerezleri reddet)$",
}


# They only look at a box whose text says that it is about cookies; for Swedish, Czech and Turkish
# they know no such words.
NOTICED_BY_AGENTS = {
    "en": r"reject all",
    "nl": r"(?:alles|cookies).{0,100}(?:afwijzen|weigeren|verwerpen)",
    "fr": r"tout refuser",
    "de": r"alles?.{0,100}ablehnen",
    "it": r"usiamo.{0,20}cookie",
    "pt": r"(usamos|utilizar?|utilizamos)( (tanto|las))?.{0,20}cookie",
    "pt-br": r"(usamos|utilizar?|utilizamos)( (tanto|las))?.{0,20}cookie",
    "es": r"(usamos|utilizar?|utilizamos)( (tanto|las))?.{0,20}cookie",
    "pl": r"używa plik[ió]w? cookie",
}


@pytest.mark.parametrize("tag", [tag for tag in NOTICED_BY_AGENTS if tag in EVERY])
def test_programs_that_refuse_for_a_visitor_notice_the_dialog(tag: str) -> None:
    shown = f"{told_first(tag)}\n{texts.words(tag)['reject']}".lower()
    assert re.search(NOTICED_BY_AGENTS[tag], shown)


@pytest.mark.parametrize("tag", [tag for tag in KNOWN_TO_AGENTS if tag in EVERY])
def test_programs_that_refuse_for_a_visitor_find_the_button(tag: str) -> None:
    label = texts.words(tag)["reject"].lower()
    assert re.search(KNOWN_TO_AGENTS[tag], label), label


# -- the lint itself ---------------------------------------------------------------------------

REFUSED = [
    ("reject", "<b>Reject all</b>", "MARKUP"),
    ("reject", "Reject &amp; close", "MARKUP"),
    ("reject", " Reject all", "BLANKS"),
    ("reject", "Reject\nall", "UNSEEN"),
    ("reject", "Reject\u202eall", "UNSEEN"),
    ("reject", "", "EMPTY"),
    ("reject", 7, "EMPTY"),
    ("reject", {"one": "Reject", "other": "Reject"}, "PLURAL"),
    ("intro", "We store cookies on your device for:", "PLACEHOLDER"),
    ("intro", "{name} and {friends} store cookies for:", "PLACEHOLDER"),
    ("intro", "{name} stores {cookies for:", "PLACEHOLDER"),
    ("title", "Hello {name}", "PLACEHOLDER"),
    ("partners", {"one": "{n} provider"}, "PLURAL"),
    ("partners", {"one": "One provider", "other": "Some providers"}, "PLACEHOLDER"),
    ("titel", "Privacy", "UNKNOWN"),
    ("title", "Very " * 300 + "long", "LENGTH"),
]
STEERING = [
    ("en", "reject", "No thanks, I hate privacy", "SHAMING"),
    ("en", "reject", "Continue", "NOT-A-REFUSAL"),
    ("en", "reject", "Reject everything that is not strictly necessary", "UNEQUAL"),
    ("en", "reject", "Maybe later", "LATER"),
    ("de", "reject", "Später entscheiden", "LATER"),
    ("de", "refusal", "Wenn Sie ablehnen, funktioniert die Website leider schlechter.", "SHAMING"),
    ("de", "intro", "{name} hat ein berechtigtes Interesse an:", "LEGITIMATE"),
    ("fr", "purpose_marketing", "Améliorer votre expérience.", "VAGUE"),
    ("en", "purpose_statistics", "To improve your browsing experience.", "VAGUE"),
    ("en", "title", "Accept and get a 10 % discount", "LURING"),
    ("en", "title", "T" * 61, "LENGTH"),
    ("en", "category_marketing", "Do not disable ads", "NEGATED"),
]


@pytest.mark.parametrize(("key", "text", "code"), REFUSED)
def test_what_is_not_plain_text_cannot_be_shown(key: str, text: Any, code: str) -> None:
    [found] = texts.problems("en", {key: text})
    assert (found.key.split(".")[0], found.code, found.blocks) == (key, code, True)


@pytest.mark.parametrize(("tag", "key", "text", "code"), STEERING)
def test_what_steers_is_named(tag: str, key: str, text: str, code: str) -> None:
    found = texts.problems(tag, {key: text})
    assert code in {one.code for one in found if one.key == key}
    assert not any(one.blocks for one in found)


def test_a_form_for_one_number_may_do_without_its_digit() -> None:
    assert (
        texts.problems("de", {"partners": {"one": "Ein Anbieter.", "other": "{n} Anbieter."}}) == []
    )
    [found] = texts.problems("is", {"partners": {"one": "Einn aðili.", "other": "{n} aðilar."}})
    assert found.code == "PLACEHOLDER"  # 21 is `one` there


# -- the owner's own words ---------------------------------------------------------------------

OWN = {
    "en": {"title": "Cookies at Example", "partners": {"one": "{n} firm.", "other": "{n} firms."}}
}


def test_the_owners_words_are_shown_and_stand_in_the_notice(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    with app.app_context():
        site = add_site(clock.now, SHOP)
        fill_inventory(site, clock.now)
        first = notices.publish(site, BY, clock.now)
        sites.change(site, BY, clock.now, texts=OWN)
        told = [
            f"The text “{name}” in English." for name in ("title", "partners.one", "partners.other")
        ]
        assert notices.changes(site) == told
        second = notices.publish(site, BY, clock.advance(minutes=1))
        assert second.digest != first.digest and second.asks == first.asks
        assert second.content["texts"]["en"] == ENGLISH | OWN["en"]
        assert leaf.digest(second.content) == second.digest
        assert first.content["texts"]["en"] == ENGLISH
        digest = second.digest
    clock.advance(seconds=2)
    told = client.get(f"/v1/{SHOP}/notice").get_json()
    assert (told["notice"], told["texts"]["title"]) == (digest, "Cookies at Example")
    assert told["texts"]["reject"] == "Reject all"


def test_the_visitors_page_calls_a_button_as_the_owner_does(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    own = {
        "more_withdraw": "Take it back",
        "more_mine": "What you keep",
        "category_marketing": "Ads",
    }
    notice = make_site(app, clock.now, SHOP, texts={"en": own})
    closed = client.get(f"/v1/{SHOP}/me").text
    assert "“What you keep” there" in closed
    body = choice_body(notice.digest, clock.now)
    assert post_choice(client, SHOP, body).status_code == 201
    shown = client.post(f"/v1/{SHOP}/me", data={"visitor": SECRET, "lang": "en"}).text
    assert "Ads: not allowed" in shown
    form = {"visitor": SECRET, "lang": "en", "do": "withdraw"}
    assert "press “Take it back” there" in client.post(f"/v1/{SHOP}/me", data=form).text
    german = client.post(f"/v1/{SHOP}/me", data=form | {"lang": "de"}).text
    assert f"„{texts.words('de')['more_withdraw']}“" in german


def test_markup_is_refused_with_the_field_named(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now, SHOP)
    for own, field in (
        ({"en": {"title": "<i>Cookies</i>"}}, "texts.en.title"),
        ({"en": {"partners": {"one": "{n}", "other": "<{n}>"}}}, "texts.en.partners.other"),
        ({"xx": {"title": "Cookies"}}, "texts.xx"),
        ({"en": "Cookies"}, "texts.en"),
    ):
        with pytest.raises(Invalid) as refused:
            sites.change(site, BY, clock.now, texts=own)
        assert set(refused.value.fields or {}) == {field}
    db.session.expire_all()
    assert site.texts == {}


def test_words_that_steer_are_kept_and_named_beside_the_draft(app: Flask, clock: Clock) -> None:
    site = add_site(clock.now, SHOP)
    inventory.starter(site, BY, clock.now)
    assert {finding.code for finding in notices.lint(notices.draft(site))} == {"POLICY-MISSING"}
    sites.change(site, BY, clock.now, texts={"en": {"reject": "No thanks, I like it worse"}})
    found = {finding.code: finding.sentence for finding in notices.lint(notices.draft(site))}
    assert found["TEXT-SHAMING"] == "en, reject: It makes refusing feel bad."


@pytest.mark.sqlite_only
def test_the_owner_writes_a_text_in_a_form(owner: Owner, clock: Clock) -> None:  # noqa: F811
    add_site(clock.now, SHOP, languages=["en", "de"])
    at = f"/sites/{SHOP}/notice/texts/de"
    page = owner.page(at)
    assert "have not yet been read by a native speaker" in page and "Alle ablehnen" in page
    form = {"title": "Cookies bei uns", "partners.one": "Ein Anbieter."}
    assert owner.send(at, form).status_code == 303
    db.session.expire_all()
    kept = sites.get(SHOP).texts["de"]
    assert kept["title"] == "Cookies bei uns"
    assert kept["partners"]["one"] == "Ein Anbieter."
    assert kept["partners"]["other"] == texts.words("de")["partners"]["other"]
    refused = owner.send(at, {"title": "<script>alert(1)</script>"})
    assert refused.status_code == 422 and 'href="#title"' in refused.text
    assert "<script>alert(1)" not in refused.text
    assert "Kept, but look again" in unescape(
        owner.page(at) if owner.send(at, {"reject": "Später"}).status_code == 303 else ""
    )
    assert owner.send(at, {}).status_code == 303
    db.session.expire_all()
    assert sites.get(SHOP).texts == {}
    assert owner.get(f"/sites/{SHOP}/notice/texts/fr").status_code == 404
    assert "not yet read by a native speaker." in owner.page("/sites/new")


@pytest.mark.sqlite_only
def test_texts_come_from_a_file_and_go_back_into_one(
    app: Flask, clock: Clock, tmp_path: Any
) -> None:
    add_site(clock.now, SHOP)
    run, file = app.test_cli_runner().invoke, tmp_path / "texts.yaml"
    file.write_text(yaml.safe_dump(OWN), "utf-8")
    assert run(args=["texts", "apply", SHOP, str(file)]).exit_code == 0
    assert yaml.safe_load(run(args=["texts", "show", SHOP]).output) == OWN
    file.write_text("en: {title: <b>}", "utf-8")
    refused = run(args=["texts", "apply", SHOP, str(file)])
    assert refused.exit_code == 1 and "texts.en.title: Plain text only" in refused.output
    file.write_text("en: {reject: Later}", "utf-8")
    warned = run(args=["texts", "apply", SHOP, str(file)])
    assert warned.exit_code == 0 and "Warning: en, reject" in warned.output
    file.write_text("[1", "utf-8")
    assert run(args=["texts", "apply", SHOP, str(file)]).exit_code == 1
    linted = run(args=["texts", "lint"])
    assert linted.exit_code == 0 and ", 0 found." in linted.output


# -- in a browser ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a site that speaks every language, its own title in Danish."""
    with lent_server(databases, tmp_path_factory.mktemp("languages")) as running:
        with inside(running) as (app, at):
            own = {"da": {"title": "Cookies hos Eksempel"}}
            make_site(app, at, SHOP, languages=list(EVERY), texts=own)
        yield running


@pytest.fixture
def visit_in(
    shop: Server, elsewhere: Website, new_page: Callable[..., Page]
) -> Callable[..., Page]:
    """`visit_in("nn-NO", html='lang="ar"')`: a page of the shop, in a browser of that language."""

    def go(locale: str = "en", html: str = "", tag: str = "") -> Page:
        head = (
            f'<script data-site="{SHOP}" {tag}>{sites.stub()}</script>'
            f'<script async src="{shop.url}/v1/{SHOP}/consent.js"></script>'
        )
        elsewhere.put(
            "/",
            f"<!doctype html><html {html}><head><meta charset=utf-8><title>Shop</title>{head}"
            "</head><body><h1>Shop</h1></body></html>",
        )
        page = new_page(locale=locale)
        page.goto(f"http://localhost:{elsewhere.port}/")
        expect(page.locator("#cmp-dialog")).to_be_visible()
        return page

    return go


SEEN = [
    ("nn-NO", "", "", "nb"),
    ("pt-BR", "", "", "pt-br"),
    ("en-US", 'lang="no"', "", "nb"),
    ("en-US", 'lang="pt-BR"', "", "pt-br"),
    ("pt-BR", 'lang="pt-PT"', "", "pt"),
    ("de-DE", 'lang="fr-CA"', 'data-lang="it"', "it"),
    ("de-DE", 'lang="eo"', "", "de"),
    ("ja-JP", "", "", "ja"),
    ("zh-TW", "", "", "zh-hant"),
    ("en-US", 'lang="zh-HK"', "", "zh-hant"),
    ("en-US", 'lang="ar"', "", "ar"),
]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("locale", "html", "tag", "found"), [row for row in SEEN if row[3] in EVERY]
)
def test_the_dialog_speaks_as_the_page_then_as_the_browser(
    visit_in: Callable[..., Page], locale: str, html: str, tag: str, found: str
) -> None:
    page = visit_in(locale, html, tag)
    dialog = page.locator("#cmp-dialog")
    expect(dialog).to_have_attribute("lang", found)
    expect(dialog).to_have_attribute("dir", languages.direction(found))
    words = texts.words(found)
    expect(dialog.locator("[data-cmp=reject]")).to_have_text(words["reject"])
    assert dialog.evaluate("node => getComputedStyle(node).direction") == languages.direction(found)
    page.click("[data-cmp=reject]")
    entry = page.locator("#cmp-entry")
    expect(entry).to_have_attribute("dir", languages.direction(found))
    page.click("#cmp-entry button")
    settings = page.locator("dialog#cmp-dialog")
    expect(settings.locator("h2")).to_have_text(words["more_settings"])
    expect(settings).to_have_attribute("dir", languages.direction(found))
    page.wait_for_function("!consent.get().pending")


@pytest.mark.sqlite_only
def test_a_page_in_the_language_already_told_asks_for_nothing_more(
    visit_in: Callable[..., Page],
) -> None:
    page = visit_in("en-US", 'lang="en-GB"')
    asked = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert not [name for name in asked if "/notice" in name]


@pytest.mark.sqlite_only
def test_the_owners_words_are_on_the_screen(visit_in: Callable[..., Page]) -> None:
    page = visit_in("da-DK")
    expect(page.locator("#ctl-title")).to_have_text("Cookies hos Eksempel")
