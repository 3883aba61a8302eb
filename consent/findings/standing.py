"""What is known of something seen: whether it needs consent, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

from ..classify import Proposal
from ..saying import Said, say
from .model import Cause

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


def line(cause: Cause) -> str:
    """Where in a script, as far as it is known."""
    return say(" (line %(line)s)", line=cause.line) if cause.line else ""


def after(name: str) -> Said:
    """When: the words for a pass."""
    if name == "reject":
        return say("after the refusal")
    return say("before any choice") if name == "none" else say("after consent was withdrawn")
