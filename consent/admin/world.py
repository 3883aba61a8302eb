"""Outlines and names of the world's countries, in the languages of the admin."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from consent.admin import tongue
from consent.admin.tongue import _


@cache
def world() -> dict[str, Any]:
    """Outlines, points and names of countries; bench/world.py made the file."""
    text = (files("consent") / "data" / "world.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def place_name(code: str | None) -> str:
    """`PL` and `CA-QC` as they read: the country by its name, its part by its code."""
    if not code:
        return _("Not known")
    country, _dash, part = code.partition("-")
    name: str = world()["names"][tongue.language()].get(country, country)
    return f"{name} ({part})" if part else name


def rules_name(name: str, code: str) -> str:
    """Rules as the table calls them in English, their country as the reader calls it; what stands
    behind the country, a part of it or a law, stays."""
    country, _dash, part = code.partition("-")
    if tongue.language() == "en" or country not in world()["names"]["en"]:
        return name
    if part:
        _country, parted, rest = name.partition(" - ")
        return f"{place_name(country)} - {rest}" if parted else name
    law = name[name.index(" (") :] if " (" in name else ""
    return place_name(country) + law
