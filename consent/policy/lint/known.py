"""A few well-known cookies (consent/data/policy/known.yaml): spelling, usual life, whose domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

DAY = 86400


@dataclass(frozen=True)
class Known:
    """`days` is the usual lifetime, 0 for a session or less."""

    name: str
    days: int = 0
    own_domain: bool = False
    retired: bool = False

    @property
    def seconds(self) -> int:
        return self.days * DAY


@cache
def table() -> dict[str, Known]:
    text = files("consent").joinpath("data/policy/known.yaml").read_text("utf-8")
    return {name: Known(name, **facts) for name, facts in yaml.safe_load(text).items()}


def of(name: str) -> Known | None:
    """By its exact name, by a known beginning, or by a spelling that is nearly the same."""
    known = table()
    if name in known:
        return known[name]
    for pattern, facts in known.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return facts
    usual = near(name)
    return known[usual] if usual else None


def near(name: str) -> str | None:
    """The usual spelling of a name that differs in case or in leading underscores only."""
    known = table()
    if name in known or any(p.endswith("*") and name.startswith(p[:-1]) for p in known):
        return None
    key = _key(name)
    return next((other for other in known if _key(other) == key), None)


def _key(name: str) -> str:
    return name.casefold().strip("_*")
