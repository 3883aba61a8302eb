"""Other banners are operated by their visible words, in four languages, wherever they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from consent.crawl import banner
from consent.crawl.words import means
from tests.pages import Website

BANNER = """<div style="position:fixed;bottom:0;background:#eee;padding:1em">{about} {buttons}</div>
<script>window.said = [];
for (const one of document.querySelectorAll('button')) one.addEventListener('click', () => {{
  said.push(one.textContent.trim());
  if (!one.dataset.stays) one.closest('div').remove();
}});</script>"""
ABOUT = {
    "pl": "Używamy plików cookie do statystyk.",
    "en": "We use cookies to count visits.",
    "fr": "Nous utilisons des cookies de mesure.",
    "de": "Wir verwenden Cookies für Statistik.",
}
WORDS = [
    ("pl", "Akceptuję wszystkie", "Odrzuć wszystkie"),
    ("pl", "Zgadzam się", "Tylko niezbędne"),
    ("en", "Accept all", "Reject all"),
    ("en", "Allow all cookies", "Use necessary cookies only"),
    ("fr", "Tout accepter", "Continuer sans accepter"),
    ("fr", "J’accepte", "Tout refuser"),
    ("de", "Alle akzeptieren", "Alle ablehnen"),
    ("de", "Zustimmen", "Nur notwendige Cookies"),
]


def shown(page: Page, site: Website, language: str, *buttons: str, more: str = "") -> None:
    made = "".join(f"<button>{one}</button>" for one in buttons)
    body = BANNER.format(about=ABOUT[language], buttons=made)
    page.goto(site.put("/", f"<!doctype html><title>x</title><h1>Shop</h1>{body}{more}"))


def hand(page: Page, marks: list[int] | None = None) -> banner.Hand:
    noted = [] if marks is None else marks
    return banner.Hand(page.wait_for_timeout, lambda: noted.append(1))


def said(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.said")
    return found


@pytest.mark.parametrize(("language", "accept", "reject"), WORDS)
@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_a_banner_is_answered_in_its_language(
    page: Page, elsewhere: Website, language: str, accept: str, reject: str, verb: str
) -> None:
    shown(page, elsewhere, language, accept, reject)
    marks: list[int] = []
    assert banner.choose(page, verb, hand(page, marks)) == ""
    assert said(page) == [{"accept": accept, "reject": reject}[verb]]
    assert marks, "what follows the press must count as after it"


def test_refusing_on_the_second_layer_switches_off_and_saves(
    page: Page, elsewhere: Website
) -> None:
    second = """<div id=second style="position:fixed;top:0;display:none">Cookies
    <label><input type=checkbox checked disabled>Necessary</label>
    <label><input type=checkbox id=ads checked>Ads</label>
    <button id=save>Save choices</button></div>
    <script>for (const one of document.querySelectorAll('button'))
      if (one.textContent === 'Settings') one.dataset.stays = 1,
      one.addEventListener('click', () => second.style.display = 'block');
    save.addEventListener('click', () => { said.push(ads.checked); second.remove() })</script>"""
    shown(page, elsewhere, "en", "Accept all", "Settings", more=second)
    assert banner.choose(page, "reject", hand(page)) == ""
    assert said(page) == ["Settings", False]


def test_a_banner_in_a_frame_of_another_host_is_found(page: Page, elsewhere: Website) -> None:
    frame = f'<p>{ABOUT["fr"]}</p><button onclick="this.remove()">Tout refuser</button>'
    elsewhere.put("/cmp", frame)
    source = f"{elsewhere.other_origin}/cmp"
    page.goto(elsewhere.put("/", f"<iframe style='position:fixed' src='{source}'></iframe>"))
    assert banner.choose(page, "reject", hand(page)) == ""


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_a_banner_in_a_shadow_root_is_found(page: Page, elsewhere: Website, mode: str) -> None:
    watch = Path(banner.__file__).with_name("watch.js").read_text("utf-8")
    page.add_init_script("window.tell = () => 0;" + watch.replace("%NAME%", "tell"))
    inner = json.dumps(f"<div><p>{ABOUT['de']}</p><button>Ablehnen</button></div>")
    script = (
        "const host = document.createElement('div'); host.style.position = 'fixed';"
        f"const root = host.attachShadow({{mode: '{mode}'}}); root.innerHTML = {inner};"
        "document.body.append(host); window.said = [];"
        "root.querySelector('button').onclick = () => { said.push('x'); host.remove() }"
    )
    page.goto(elsewhere.put("/", f"<!doctype html><body><h1>Shop</h1><script>{script}</script>"))
    assert banner.choose(page, "reject", hand(page)) == ""
    assert said(page) == ["x"]


def test_words_that_are_not_known_are_not_pressed(
    page: Page, elsewhere: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(banner, "PATIENCE", 0.5)
    shown(page, elsewhere, "en", "Jippie", "Bof", "Privacy policy")
    assert banner.choose(page, "reject", hand(page)) == banner.NOT_KNOWN
    assert said(page) == []


def test_a_page_without_a_banner_has_none(page: Page, elsewhere: Website) -> None:
    page.goto(elsewhere.put("/", "<!doctype html><h1>Shop</h1><button>Accept the offer</button>"))
    assert banner.kind(page) == "none"


def test_settings_are_reopened_from_the_footer(page: Page, elsewhere: Website) -> None:
    footer = """<footer><a href=#c id=again>Ustawienia plików cookie</a></footer><script>
    again.onclick = () => { const d = document.createElement('dialog'); d.open = true;
      d.innerHTML = 'Pliki cookie <button>Odrzuć wszystkie</button>'; document.body.append(d);
      d.querySelector('button').onclick = () => { (window.said ||= []).push('no'); d.remove() } }
    </script>"""
    page.goto(elsewhere.put("/", f"<!doctype html><h1>Sklep</h1>{footer}"))
    assert banner.withdraw(page, hand(page)) == ""
    assert said(page) == ["no"]


@pytest.mark.parametrize(
    "text",
    ["Privacy policy", "Learn more", "Sign in", "Buy now", "Accept terms and pay", "Close", "×",
     "Polityka prywatności", "Necessary", "Niezbędne", "Warenkorb", "Contact", "Vie privée"],
)  # fmt: skip
def test_other_words_are_no_answer(text: str) -> None:
    assert not means(text) & {"accept", "reject", "save"}


def test_only_what_is_necessary_is_a_refusal_though_it_says_accept() -> None:
    for text in (
        "Accept only necessary cookies",
        "Akceptuję tylko niezbędne",
        "Accepter uniquement les cookies nécessaires",
        "Nur essenzielle Cookies akzeptieren",
    ):
        assert means(text) == {"reject"}, text
