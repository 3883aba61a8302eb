"""Facts of a site that visitors read and a publish is held to: where it is stored, what is kept of
an address, from what age.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consent.config import REGIONS
from consent.saying import say

AGES = range(1, 22)
# What is kept of a visitor's address beside the record, from nothing to all of it.
IP_MODES = ("none", "truncated", "hashed", "full")
FACTS = frozenset(("storage_region", "ip_mode", "min_age", "ask_age", "sells_or_shares"))


def facts_problems(facts: dict[str, Any]) -> dict[str, str]:
    """What is wrong with `facts`, by field: `storage_region` is one of REGIONS, `ip_mode` one of
    IP_MODES, `min_age` whole years, `ask_age` whether visitors may say that they are younger,
    `sells_or_shares` (California's sense, Cal. Civ. Code 1798.140) yes or no. What nobody
    stated is left out."""
    found: dict[str, str] = {}
    if facts.get("storage_region") not in (None, *REGIONS):
        found["storage_region"] = say("One of %(known)s, or empty.", known=", ".join(REGIONS))
    if facts.get("ip_mode") not in (None, *IP_MODES):
        found["ip_mode"] = say("One of %(known)s, or empty.", known=", ".join(IP_MODES))
    if facts.get("ask_age") not in (None, True, False):
        found["ask_age"] = "Yes, no, or nothing."
    age = facts.get("min_age")
    if age is not None and (isinstance(age, bool) or not isinstance(age, int) or age not in AGES):
        found["min_age"] = "A whole number of years up to 21, or empty."
    if facts.get("ask_age") and age is None:
        found["min_age"] = "To ask whether somebody is younger, name the age."
    if facts.get("sells_or_shares") not in (None, True, False):
        found["sells_or_shares"] = "Yes, no, or nothing."
    if unknown := set(facts) - FACTS:
        found["facts"] = say("Not a fact of a site: %(known)s.", known=", ".join(sorted(unknown)))
    return found


def ip_mode(facts: Mapping[str, Any]) -> str:
    """What is kept of an address: one of IP_MODES. Where nobody says anything, nothing is."""
    return str(facts.get("ip_mode") or IP_MODES[0])


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
