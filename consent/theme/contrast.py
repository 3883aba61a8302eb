"""Contrast as WCAG 2.2 defines it ("relative luminance", "contrast ratio")."""

from __future__ import annotations

import re

COLOUR = re.compile(r"#[0-9a-f]{6}")
Rgb = tuple[int, int, int]


def parsed(colour: str) -> Rgb:
    """The three channels, 0 to 255, of `#rrggbb`; raises ValueError for anything else."""
    if not COLOUR.fullmatch(colour):
        raise ValueError(f"{colour!r} is not written as #rrggbb")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """From 0 (black) to 1 (white)."""
    red, green, blue = (_linear(channel / 255) for channel in parsed(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black and white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """`share` of one, 0 to 1, and the rest of the other."""
    both = zip(parsed(one), parsed(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in both)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
