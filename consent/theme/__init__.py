"""The look of a site's banner as a few tokens, each with its contrast looked at. Pure.

A layout is {"position", "theme"}; a theme is {"light", "dark", "radius", "size"}, and a scheme of
it {"accent", "text", "surface"}, each `#rrggbb`. What is left out stays ours. There is no rule of
an owner's own: all that a browser gets is written here, and one set of tokens dresses every choice
alike (EDPB 03/2022; CNIL 2020-092 §34).
"""

from .contrast import luminance, ratio
from .sheet import sheet
from .tokens import (
    COLOURS,
    DEFAULTS,
    LEAST_TEXT,
    POSITIONS,
    SCHEMES,
    SHIPPED,
    SPANS,
    Pair,
    pairs,
    palette,
    problems,
    shaped,
)

__all__ = [
    "COLOURS",
    "DEFAULTS",
    "LEAST_TEXT",
    "POSITIONS",
    "SCHEMES",
    "SHIPPED",
    "SPANS",
    "Pair",
    "luminance",
    "pairs",
    "palette",
    "problems",
    "ratio",
    "shaped",
    "sheet",
]
