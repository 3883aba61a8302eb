"""What a pass over a bundle has learned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from consent.tlog.checkpoint import Checkpoint
from consent.tlog.note import Verifier

from .period import Period
from .report import Report


@dataclass
class Found:
    """What the pass has learned. Digests are hex; `roots` are those of the sizes asked for."""

    roots: dict[int, bytes] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    records: int = 0
    erased: int = 0
    purged: list[tuple[str, int]] = field(default_factory=list)  # up to which day, how many
    key: str = ""  # the newest digest of keys that the log names
    outside: int = 0  # consents beyond the period
    border: int = 0  # consents of a day that the period cuts in two, and without a record here
    late: int = 0  # consents logged while the bundle was being made
    unlogged: int = 0
    latest: str = ""  # the latest received_at of a record in the log
    notices: dict[str, int] = field(default_factory=dict)  # digest -> entry
    shown: set[str] = field(default_factory=set)  # notices that records name
    regimes: dict[str, int] = field(default_factory=dict)
    ruled: set[str] = field(default_factory=set)  # tables of regimes that records name
    acts: dict[str, tuple[int, str]] = field(default_factory=dict)  # commitment -> entry, day
    kept: set[str] = field(default_factory=set)  # of the promises asked about, those in the log


@dataclass
class Checked:
    """What a bundle was found to be; None where it did not come so far."""

    report: Report
    period: Period | None = None
    head: Checkpoint | None = None
    above: Checkpoint | None = None
    cosigned: list[str] | None = None  # witnesses that suffice, where a policy was given
    brought: list[Verifier] = field(default_factory=list)
    found: Found = field(default_factory=Found)
