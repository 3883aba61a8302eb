"""Every part of ours that a visitor can see, brought onto a page of a site's owner."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests.pages import Website
from tests.prepare import ROOT
from tests.server import Server

SITE = "voipstudio.pl"
FRAME = (
    '<iframe data-service="google-analytics" data-src="/frame" width="300" height="200"'
    ' title="Map"></iframe>'
)
STYLE = (
    "<style>html {background: Canvas; color: CanvasText} footer a {display: inline-block;"
    " padding: 8px 16px}</style>"
)
WORDS = {
    "en": ("Shop", "Main", "Read on", "Section"),
    "pl": ("Sklep", "Główne", "Czytaj dalej", "Rozdział"),
}


@dataclass(frozen=True)
class Part:
    """`place` to visit from, `selector` of what is then on the screen, and how it comes there."""

    place: str
    selector: str
    steps: tuple[str, ...] = ()


PARTS = {
    "first layer": Part("PL", "div#cmp-dialog"),
    "first layer with an X": Part("IT", "div#cmp-dialog"),
    "second layer": Part("PL", "dialog#cmp-dialog", ("preferences",)),
    "slim bar": Part("US-CA", "div#cmp-dialog.ctl-bar"),
    "note on the signal": Part("US-CA+gpc", "#cmp-note"),
    "lasting entry": Part("PL", "#cmp-entry", ("reject",)),
    "held embed": Part("PL", ".ctl-embed", ("reject",)),
}


def body(lang: str) -> str:
    """A page with things to reach by keyboard from its top to its end."""
    name, menu, more, section = WORDS[lang]
    sections = "".join(
        f"<section><h2>{section} {i}</h2><p>{'Lorem ipsum. ' * 12}</p>"
        f'<p><a href="#s{i}">{more} {i}</a></p></section>'
        for i in range(1, 9)
    )
    return (
        f'<header><nav aria-label="{menu}"><a href="#top">{name}</a></nav></header>'
        f"<main><h1>{name}</h1>{FRAME}{sections}</main>"
        '<footer><a href="#a">A</a> <a href="#b">B</a></footer>'
    )


def serve(server: Server, site: Website, place: str, lang: str, head: str = "") -> str:
    """The address of the page as visited from a place; the choice lives in its own folder."""
    snippet = server.get(f"/demo/@{place}/{SITE}/").text
    snippet = snippet[snippet.index("<script data-site=") : snippet.index('<link rel="stylesheet"')]
    snippet = snippet.replace('src="/demo', f'src="{server.url}/demo')
    site.put("/frame", "<title>Map</title>Map")
    return site.put(
        f"/demo/@{place}/{SITE}/{lang}",
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Shop</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark">{STYLE}{snippet}{head}</head>'
        f"<body>{body(lang)}</body></html>",
    )


def bring(page: Page, server: Server, site: Website, name: str, lang: str) -> None:
    """Opens the page and takes the steps until the part is on the screen, with what is lazy."""
    part = PARTS[name]
    page.goto(serve(server, site, part.place, lang))
    for step in part.steps:
        page.locator(f"div#cmp-dialog [data-cmp={step}]").click()
    shown = page.locator(part.selector)
    expect(shown).to_be_visible()
    expect(shown).not_to_be_empty()  # a status stands before its words come
    expect(shown).to_have_attribute("lang", lang)
    page.wait_for_function("'queue' in consent.debug()")  # the lazy part has come
    if name == "second layer":
        for summary in shown.locator("summary").all():
            summary.click()


def measured(page: Page, *names: str) -> dict[str, list[str]]:
    """What the named measures of measures.js find wrong; an empty dictionary is a pass."""
    if not page.evaluate("'measures' in window"):
        page.evaluate((ROOT / "tests/measures.js").read_text("utf-8"))
    found: dict[str, list[str]] = page.evaluate(
        f"Object.fromEntries({json.dumps(names)}.map(name => [name, measures[name]()])"
        ".filter(([, wrong]) => wrong.length))"
    )
    return found


def violations(page: Page, axe_source: str) -> list[Any]:
    """What axe-core finds on the whole page, by rule."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source)
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',"
        " 'best-practice'], rules: {'target-size': {enabled: true},"
        " 'label-content-name-mismatch': {enabled: true}}}).then(r => r.violations)"
    )
    return [(one["id"], [node["html"][:160] for node in one["nodes"]]) for one in found]
