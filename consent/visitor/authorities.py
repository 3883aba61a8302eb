"""Where a visitor may complain at home (GDPR art. 77): `data/authorities.yaml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from ..regime import Place


@cache
def authorities() -> dict[str, dict[str, str]]:
    """{name, url} by country, and by country and part where that has its own (`CA-QC`)."""
    text = files("consent").joinpath("data", "authorities.yaml").read_text("utf-8")
    known: dict[str, dict[str, str]] = yaml.safe_load(text)
    return known


def at(place: Place) -> dict[str, str] | None:
    """The one at a place; None where the place or its authority is not known."""
    known = authorities()
    return known.get(f"{place.country}-{place.subdivision}") or known.get(place.country or "")
