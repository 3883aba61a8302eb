"""What is known of something seen: whether it needs consent, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

from ..classify import Proposal

NECESSARY = "necessary"
SURE = 0.6  # a proposal below that is a guess


@dataclass(frozen=True)
class Standing:
    """`category` None is unknown, or declared and not classified, which means held."""

    category: str | None
    confidence: float
    declared: bool = False
    proposal: Proposal | None = None
    service: str = ""

    @property
    def necessary(self) -> bool:
        return self.category == NECESSARY and self.confidence >= SURE


def after(name: str) -> str:
    """When: the words for a pass."""
    if name == "reject":
        return "after the refusal"
    return "before any choice" if name == "none" else "after consent was withdrawn"
