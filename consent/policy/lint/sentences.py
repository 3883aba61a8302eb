"""Findings in the reader's language (consent/data/policy), and the ready paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from ..facts import Source
from .found import Hit, PolicyFinding

LANGUAGES = ("en", "pl", "fr")
ORDER = ("error", "warning", "info")


@cache
def codes() -> dict[str, tuple[str, str]]:
    """{code: (severity, source)}."""
    return {code: (severity, law) for code, (severity, law) in _load("codes").items()}


@cache
def words(language: str) -> dict[str, Any]:
    return _load(language if language in LANGUAGES else "en")


def _load(name: str) -> dict[str, Any]:
    text = files("consent").joinpath(f"data/policy/{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def finding(hit: Hit, language: str, paragraph: str) -> PolicyFinding:
    severity, law = codes()[hit.code]
    known = words(language)
    values = {**hit.values, "paragraph": paragraph}
    if "missing" in values:
        values["missing"] = ", ".join(
            known["_rights"][name] for name in values["missing"].split(",")
        )
    said = known[hit.code]
    return PolicyFinding(
        hit.code,
        hit.severity or severity,
        hit.at.line,
        hit.at.quote,
        said["why"].format(**values),
        law,
        said["instead"].format(**values),
        hit.also,
    )


def ready_paragraph(language: str, settings: Mapping[str, Any] | None = None) -> str:
    """The paragraph on the consent record for a policy, in en, pl or fr.

    `settings`: name (of the cookie), duration and period ({value, unit}), ip_mode (of
    sites.IP_MODES), region; what is missing stays in brackets for the owner to fill in.
    """
    known, given = words(language), settings or {}
    values = dict(known["_defaults"])
    for name in ("name", "region"):
        values[name] = given.get(name) or values[name]
    for name in ("duration", "period"):
        values[name] = spelled(given[name], language) if given.get(name) else values[name]
    values["ip"] = known["_ip"].get(given.get("ip_mode") or "none", known["_ip"]["none"])
    made: str = known["_paragraph"].format(**values)
    return made


def spelled(life: Mapping[str, Any], language: str) -> str:
    """ "6 months", "6 miesięcy", "6 mois"."""
    value, forms = int(life["value"]), words(language)["_units"][life["unit"]]
    return f"{value} {forms[_form(value, language, len(forms))]}"


def _form(value: int, language: str, forms: int) -> int:
    if value == 1 or (language == "fr" and value == 0):
        return 0
    few = value % 10 in (2, 3, 4) and value % 100 not in (12, 13, 14)
    return 1 if few or forms < 3 else 2


def in_order(found: list[PolicyFinding]) -> list[PolicyFinding]:
    """Errors first, then by line; none twice."""
    unique = {(f.code, f.line, f.quote, f.why): f for f in found}
    return sorted(unique.values(), key=lambda f: (ORDER.index(f.severity), f.line, f.code))


def sources(also: tuple[Source, ...], own: Source) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(one for one in also if one != own))
