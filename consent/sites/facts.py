"""Facts of a site that visitors read and a publish is held to: where it is stored, from what age.

There is no fact about addresses: this server keeps none, on any site, and no setting changes that.
"""

from __future__ import annotations

from typing import Any

from consent.config import REGIONS
from consent.saying import say

AGES = range(1, 22)
FACTS = frozenset(("storage_region", "min_age", "sells_or_shares"))


def facts_problems(facts: dict[str, Any]) -> dict[str, str]:
    """What is wrong with `facts`, by field: `storage_region` is one of REGIONS, `min_age` whole
    years, `sells_or_shares` (California's sense, Cal. Civ. Code 1798.140) yes or no. What nobody
    stated is left out."""
    found: dict[str, str] = {}
    if facts.get("storage_region") not in (None, *REGIONS):
        found["storage_region"] = say("One of %(known)s, or empty.", known=", ".join(REGIONS))
    age = facts.get("min_age")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int) or age not in AGES):
        found["min_age"] = "A whole number of years up to 21, or empty."
    if facts.get("sells_or_shares") not in (None, True, False):
        found["sells_or_shares"] = "Yes, no, or nothing."
    if unknown := set(facts) - FACTS:
        found["facts"] = say("Not a fact of a site: %(known)s.", known=", ".join(sorted(unknown)))
    return found


def region_problem(facts: dict[str, Any], stored_in: str | None) -> str | None:
    """Why what visitors read about the place of storage is not so on this server, in a sentence.

    `stored_in` is where the operator says this server stores (REGION), None where nobody said.
    """
    promised = facts.get("storage_region")
    if promised is None or promised == stored_in:
        return None
    if stored_in is None:
        return say(
            "The site promises storage in %(promised)s, and this server does not say where "
            "it stores. The operator sets REGION.",
            promised=promised,
        )
    return say(
        "The site promises storage in %(promised)s, and this server stores in %(stored_in)s.",
        promised=promised,
        stored_in=stored_in,
    )
