"""What a draft says that the law forbids, and what does not fit together.

`RULES` is the one table: a code, whether it blocks publishing, where the law says so, and what to
look for. What only our script decides (equal buttons, nothing ticked, two layers) needs no rule
here: docs/publishing.md says which is which.
"""

from __future__ import annotations

from typing import Any

from consent.errors import Invalid

from . import facts, layout, words
from .finding import Finding, Rule

RETENTION_EXCEEDED = facts.RETENTION_EXCEEDED
RULES: tuple[Rule, ...] = (*words.RULES, *layout.RULES, *facts.RULES)


def lint(body: dict[str, Any]) -> list[Finding]:
    """Every finding against a draft, those that block publishing first."""
    found = [finding for rule in RULES for finding in rule.findings(body)]
    return sorted(found, key=lambda finding: not finding.blocks)


def lawful(body: dict[str, Any]) -> None:
    """Raises Invalid `notice_unlawful` with {code: sentence} where a finding blocks."""
    blocking = [finding for finding in lint(body) if finding.blocks]
    if blocking:
        fields: dict[str, str] = {}
        for one in blocking:
            fields[one.code] = (
                f"{fields[one.code]} {one.sentence}" if one.code in fields else one.sentence
            )
        why = "The notice cannot be published: it says or does what the law forbids."
        raise Invalid("notice_unlawful", why, fields=fields)


__all__ = ["RETENTION_EXCEEDED", "RULES", "Finding", "Rule", "lawful", "lint"]
