"""What a policy says of IP addresses against what the site keeps of them beside each record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..document import Document
from ..facts import Source, source
from .found import Case, Hit
from .promises import EXCEPT, NEVER_COLLECTED

ADDRESS = re.compile(
    r"\bIP[ -]?(?:address|number)|\badres\w* IP\b|\badresses? IP\b|\bnum\w+ IP\b", re.IGNORECASE
)
NOT_KEPT = re.compile(
    r"\b(?:not|never|no longer|nor|without)\b.{0,40}?\b(?:stor|keep|kept|sav|record|log|retain|"
    r"collect)\w*|\bno IP[ -]?address\w*.{0,40}?\b(?:stored|kept|saved|recorded|logged|retained|"
    r"collected)|\bnie\b.{0,40}?(?:przechow|zapis|gromadz|zbier|rejestr|zachow|pozysk)\w*|"
    r"\b(?:n['’]|ne ).{0,50}?\b(?:pas|plus|jamais)\b.{0,40}?(?:conserv|stock|enregistr|collect|"
    r"recueill|gard)\w*|\baucune? .{0,60}?(?:conserv|stock|enregistr|collect|recueill|gard)\w*|"
    r"\bne (?:conserv|stock|enregistr|collect|recueill|gard)\w+ (?:pas|plus|jamais)\b",
    re.IGNORECASE,
)
WHOLE = re.compile(
    r"\b(?:full|whole|complete|pełn\w+|cał\w+|complètes?|entières?)\b", re.IGNORECASE
)


def denied(document: Document, mode: str) -> Source | None:
    """The sentence that says no address is kept, where `mode` (sites.IP_MODES) keeps something.

    One that speaks of whole addresses is true of a site that shortens them or makes a code.
    """
    if mode == "none":
        return None
    for sentence in document.sentences:
        text = sentence.flat
        if ADDRESS.search(text) and NOT_KEPT.search(text) and not EXCEPT.search(text):
            if mode == "full" or not WHOLE.search(text):
                return source(sentence)
        if NEVER_COLLECTED.search(text):
            return source(sentence)
    return None


def hits(case: Case, settings: Mapping[str, Any]) -> Iterator[Hit]:
    if at := denied(case.document, str(settings.get("ip_mode") or "none")):
        yield Hit("IP-CONFLICT", at)
