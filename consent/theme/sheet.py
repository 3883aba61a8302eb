"""The rules that a layout becomes; the visitor's script puts them after its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .tokens import SCHEMES, palette

ROOT = ".ctl-root:not(#a)"
FIRST = f"{ROOT}.ctl-first:not(#b)"
# What stands at the top leaves it to what has the focus by going to the bottom (aside.js).
PLACES = {
    "top": (
        f"{FIRST}{{inset:16px 16px auto}}@media(max-width:620px){{{FIRST}{{inset:8px 8px auto}}}}"
        f"{FIRST}.ctl-over:not(#c){{inset-block:auto 8px}}"
        "html:has(.ctl-first){scroll-padding-block:45vh 0}"
    ),
    "start": f"@media(min-width:621px){{{FIRST}{{max-width:440px;margin-inline:0 auto}}}}",
    "end": f"@media(min-width:621px){{{FIRST}{{max-width:440px;margin-inline:auto 0}}}}",
}


def sheet(layout: Mapping[str, Any]) -> str:
    """CSS of a layout that has no problems; empty for the one we ship."""
    theme = layout.get("theme", {})
    rules = PLACES.get(layout.get("position", "bottom"), "")
    if theme.get("light") or theme.get("dark"):
        light, dark = (_colours(palette(theme, scheme)) for scheme in SCHEMES)
        rules += f"{ROOT}{{{light}}}@media(prefers-color-scheme:dark){{{ROOT}{{{dark}}}}}"
    if (radius := theme.get("radius")) is not None:
        box = radius and radius + 6
        rules += f"{ROOT}:not(#b) .ctl-button{{border-radius:{radius}px}}"
        rules += f"{ROOT}:is(.ctl-first,.ctl-note,.ctl-settings):not(#b){{border-radius:{box}px}}"
    if (size := theme.get("size")) is not None:
        rules += f"{ROOT}:not(#b){{font-size:{size}px}}"
    return rules


def _colours(found: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in found.items())
