"""What a theme may say, what follows from it, and which pairs of colours must be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..saying import Said, say
from .contrast import COLOUR, mixed, ratio

POSITIONS = ("bottom", "top", "start", "end")
SCHEMES = ("light", "dark")
COLOURS = ("accent", "text", "surface")
SPANS = {"radius": (0, 22), "size": (14, 20)}  # CSS px
LEAST_TEXT = 4.5  # WCAG 2.2, 1.4.3
LEAST_PART = 3.0  # WCAG 2.2, 1.4.11: what a control is known by
# As static/js/src/style.css has them; a test holds the two together.
DEFAULTS: dict[str, dict[str, str]] = {
    "light": {"accent": "#1f4e8c", "text": "#17202c", "surface": "#ffffff"},
    "dark": {"accent": "#a9c9f7", "text": "#eef2f7", "surface": "#1a212b"},
}
SHIPPED = {"radius": 10, "size": 16}
WHITE, BLACK = "#ffffff", "#000000"
A_COLOUR = "A colour is written as # and six digits, like #1f4e8c."


@dataclass(frozen=True)
class Pair:
    """Two colours of a scheme that stand on each other: the ratio, and the least it may be.
    `token` is the one to change where it is too low."""

    scheme: str
    what: str
    token: str
    front: str
    back: str
    least: float

    @property
    def ratio(self) -> float:
        return ratio(self.front, self.back)

    @property
    def enough(self) -> bool:
        return self.ratio >= self.least


def palette(theme: Mapping[str, Any], scheme: str) -> dict[str, str]:
    """Every colour of a scheme: the three tokens, and what follows from them.

    `on` stands on the accent and is black or white, whichever is told apart better; one of them
    always passes 4.5:1.
    """
    colours = {**DEFAULTS[scheme], **theme.get(scheme, {})}
    accent, text, face = (colours[name] for name in COLOURS)
    on = max((WHITE, BLACK), key=lambda colour: ratio(colour, accent))
    soft = mixed(text, face, 0.8)
    return {
        "accent": accent,
        "on": on,
        "face": face,
        "text": text,
        "soft": soft if ratio(soft, face) >= LEAST_TEXT else text,
        "line": mixed(text, face, 0.25),
        "well": mixed(text, face, 0.05),
    }


def pairs(theme: Mapping[str, Any]) -> Iterator[Pair]:
    """What must be told apart in both schemes."""
    for scheme in SCHEMES:
        is_ = palette(theme, scheme)
        yield Pair(scheme, "Text on the surface", "text", is_["text"], is_["face"], LEAST_TEXT)
        yield Pair(scheme, "Text in a box", "text", is_["text"], is_["well"], LEAST_TEXT)
        yield Pair(scheme, "Small text", "text", is_["soft"], is_["face"], LEAST_TEXT)
        yield Pair(scheme, "Links", "accent", is_["accent"], is_["face"], LEAST_TEXT)
        yield Pair(scheme, "Links in a box", "accent", is_["accent"], is_["well"], LEAST_TEXT)
        yield Pair(scheme, "Words on the buttons", "accent", is_["on"], is_["accent"], LEAST_TEXT)
        yield Pair(scheme, "Edges of the buttons", "accent", is_["accent"], is_["face"], LEAST_PART)
        yield Pair(scheme, "Edges of the switches", "text", is_["soft"], is_["face"], LEAST_PART)


def problems(layout: Mapping[str, Any]) -> dict[str, str]:
    """What a layout must not say, by field, like `layout.light.accent`; empty where it holds."""
    found = dict(_misshapen(layout))
    if found:
        return found
    for pair in pairs(layout.get("theme", {})):
        if not pair.enough:
            name = f"layout.{pair.scheme}.{pair.token}"
            found.setdefault(
                name,
                say(
                    "%(what)s, %(scheme)s: the contrast is %(ratio)s to 1, and %(least)s to 1 is "
                    "the least (WCAG 2.2).",
                    what=Said(pair.what),
                    scheme=Said(pair.scheme),
                    ratio=format(pair.ratio, ".2f"),
                    least=pair.least,
                ),
            )
    return found


def shaped(layout: Mapping[str, Any]) -> bool:
    """Whether it can be shown: all that may be wrong with it is its contrast."""
    return not any(_misshapen(layout))


def _misshapen(layout: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    theme = layout.get("theme", {})
    if layout.get("position", "bottom") not in POSITIONS:
        yield (
            "layout.position",
            say("It stands at one of %(known)s.", known=", ".join(POSITIONS)),
        )
    if not isinstance(theme, dict):
        yield "layout.theme", "A theme is a mapping of tokens."
        return
    for name in sorted({*layout} - {"position", "theme"} | {*theme} - {*SCHEMES, *SPANS}):
        yield f"layout.{name}", "Not part of a layout."
    for name, (least, most) in SPANS.items():
        value = theme.get(name, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield (
                f"layout.{name}",
                say("A whole number of pixels, %(least)s to %(most)s.", least=least, most=most),
            )
    for scheme in SCHEMES:
        yield from _miscoloured(scheme, theme.get(scheme, {}))


def _miscoloured(scheme: str, colours: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(colours, dict) or set(colours) - set(COLOURS):
        yield (
            f"layout.{scheme}",
            say("Colours for %(known)s.", known=", ".join(COLOURS)),
        )
        return
    for name, colour in colours.items():
        if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
            yield f"layout.{scheme}.{name}", A_COLOUR
