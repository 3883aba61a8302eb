"""How good the proposals are, measured on rows whose answer somebody has given.

`unknown` counts against us on four classes, as a miss, and as "needs consent" on that question:
that is what it does on a website, where it is held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .facts import CATEGORIES, TRACKING, UNKNOWN, Proposal

LABELS = CATEGORIES[:-1]
THEIRS = {
    **{name: name for name in LABELS},
    "strictly necessary": "necessary",
    "strictly_necessary": "necessary",
    "essential": "necessary",
    "required": "necessary",
    "preference": "preferences",
    "functional": "preferences",
    "functionality": "preferences",
    "personalization": "preferences",
    "statistic": "statistics",
    "analytics": "statistics",
    "analytic": "statistics",
    "performance": "statistics",
    "advertising": "marketing",
    "advertisement": "marketing",
    "targeting": "marketing",
}


@dataclass
class Score:
    """Counts of (label, proposed); `skipped` holds labels that are none of ours."""

    table: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.table.total()

    @property
    def four(self) -> float:
        """The share of rows whose category is the label."""
        return _share(sum(self.table[label, label] for label in LABELS), self.rows)

    @property
    def consent(self) -> float:
        """The share of rows where "needs consent" is right: everything but necessary does."""
        right = sum(
            count
            for (label, said), count in self.table.items()
            if (label == "necessary") == (said == "necessary")
        )
        return _share(right, self.rows)

    @property
    def let_through(self) -> float:
        """The share of tracking rows (statistics, marketing) that were called necessary."""
        tracking = [label for label in LABELS if label in TRACKING]
        called = sum(self.table[label, "necessary"] for label in tracking)
        return _share(called, sum(self.labelled(label) for label in tracking))

    @property
    def unknown(self) -> float:
        return _share(sum(self.table[label, UNKNOWN] for label in LABELS), self.rows)

    def labelled(self, label: str) -> int:
        return sum(self.table[label, said] for said in CATEGORIES)

    def proposed(self, said: str) -> int:
        return sum(self.table[label, said] for label in LABELS)

    def lines(self) -> Iterator[str]:
        """The figures and the confusion table, for a terminal."""
        yield f"{self.rows} rows"
        yield f"four classes         {self.four:.3f}   (unknown is a miss)"
        yield f"needs consent        {self.consent:.3f}   (unknown needs consent)"
        yield f"tracking let through {self.let_through:.3f}   (called necessary)"
        yield f"unknown              {self.unknown:.3f}"
        yield ""
        yield _columns("label", *CATEGORIES, "recall")
        for label in LABELS:
            counts = (self.table[label, said] for said in CATEGORIES)
            recall = _share(self.table[label, label], self.labelled(label))
            yield _columns(label, *counts, f"{recall:.3f}")
        precision = (
            f"{_share(self.table[said, said], self.proposed(said)):.3f}" for said in LABELS
        )
        yield _columns("precision", *precision)
        for label, count in sorted(self.skipped.items()):
            yield f"skipped: {count} rows labelled {label!r}, which is none of ours"


def score(pairs: Iterable[tuple[str, Proposal]]) -> Score:
    """Count (label, proposal); labels as people write them: functional, analytics, targeting …"""
    made = Score()
    for label, proposal in pairs:
        ours = THEIRS.get(label.strip().casefold())
        if ours is None:
            made.skipped[label] += 1
        else:
            made.table[ours, proposal.category] += 1
    return made


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _columns(first: str, *rest: object) -> str:
    return f"{first:<12}" + "".join(f"{one!s:>13}" for one in rest)
