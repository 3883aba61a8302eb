"""The draft's banner in the real script: at phone and desktop size, anywhere, in any language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for

from consent import languages, notices, sites, stage
from consent.admin import guard, world
from consent.admin.tongue import _
from consent.parts import parts
from consent.regime import Place, Regime, Signals
from consent.sites import Site
from consent.stage import Stage

pages = Blueprint("preview", __name__, url_prefix="/sites/<key>/preview")
SCREENS = {"phone": (360, 640), "desktop": (1280, 800)}
SCREEN_WORDS = {"phone": "Phone, 360 × 640", "desktop": "Desktop, 1280 × 800"}
SCHEME_WORDS = {"light": "Light", "dark": "Dark"}
LAYER_WORDS = {"1": "What comes first", "2": "The settings"}
NOWHERE = "nowhere"
SHOWS = {
    "dialog": "Asked first: nothing runs until the visitor agrees.",
    "bar": "Told, and asked to refuse: what the law here allows may run before.",
    "link": "Nobody is asked here; the lasting entry stands on the page.",
}


@pages.get("/")
def show(key: str) -> str:
    """The draft as a visitor would meet it; what is chosen stands in the address."""
    site = sites.get(key)
    picked = chosen(request.args, site.languages, site.default_language)
    told = told_of(site, picked)
    return render_template(
        "admin/preview.html",
        site=site,
        picked=picked,
        languages=tongues(site.languages),
        regime=rules(told),
        nobody=notices.asks_nobody(notices.draft(site)),
        differs=bool(notices.changes(site)),
        **frame(told, picked["screen"]),
    )


def chosen(asked: Mapping[str, str], tags: list[str], default: str) -> dict[str, str]:
    """What the form of a preview says, every field one that it offers."""
    place = asked.get("place", NOWHERE)
    layer, scheme, screen = (asked.get(name, "") for name in ("layer", "scheme", "screen"))
    return {
        "language": languages.choose((asked.get("language", ""),), tags, default),
        "place": place if place in parts().regimes.ids else NOWHERE,
        "gpc": "1" if asked.get("gpc") == "1" else "",
        "layer": layer if layer in LAYER_WORDS else "1",
        "scheme": scheme if scheme in SCHEME_WORDS else "light",
        "screen": screen if screen in SCREENS else "phone",
    }


def told_of(site: Site, picked: Mapping[str, str], **more: Any) -> Stage:
    """The stage that a form asks for."""
    return Stage(
        site=site.key,
        place="" if picked["place"] == NOWHERE else picked["place"],
        gpc=picked["gpc"] == "1",
        language=picked["language"],
        layer=int(picked["layer"]),
        scheme=picked["scheme"],
        **more,
    )


def frame(told: Stage, screen: str) -> dict[str, Any]:
    """What a template needs for the frame and the form beside it."""
    at = guard.now().timestamp()
    sealed = stage.sealed(told, parts().config.secret_key, at)
    return {
        "address": url_for("staged.file", sealed=sealed),
        "screen": screen,
        "size": SCREENS[screen],
        "screens": _options(SCREEN_WORDS),
        "schemes": _options(SCHEME_WORDS),
        "layers": _options(LAYER_WORDS),
        "shows": SHOWS,
        "places": list(places()),
    }


def tongues(tags: list[str]) -> list[tuple[str, str]]:
    """Languages as options of a list, each by its own name."""
    return [(tag, languages.NAMES.get(tag, tag)) for tag in tags]


def _options(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, _(word)) for name, word in words.items()]


def rules(told: Stage) -> Regime:
    """What the law asks at the place of a stage, today."""
    table, today = parts().regimes, guard.now().date()
    return table.decide(Place.parse(told.place, "stage"), Signals(told.gpc), today)


def places() -> Iterator[tuple[str, str]]:
    """(code, name) of every row of the table that binds today, by name."""
    table, today = parts().regimes, guard.now().date()
    found = {code: table.decide(Place.parse(code, ""), Signals(False), today) for code in table.ids}
    binding = {code: one.name for code, one in found.items() if one.id == code}
    named = {code: world.rules_name(name, code) for code, name in binding.items()}
    yield NOWHERE, _("A place that nobody knows")
    yield from sorted(named.items(), key=lambda pair: pair[1].casefold())
